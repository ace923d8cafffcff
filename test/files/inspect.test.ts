/** `layerwise inspect`: what it says of the golden files, of files beside files, and of what it must not follow or believe. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  ftruncateSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DOCUMENTS, FAILED, mistakes } from "../../src/cli/schema.ts";
import type { InspectResult } from "../../src/protocol/results.ts";
import { inspectFile } from "../../src/runtime/files/inspect.ts";
import { cli } from "../cli/capture.ts";
import * as craft from "./craft.ts";
import { processorMs } from "../effort.ts";

const goldens = fileURLToPath(new URL("../goldens/files/", import.meta.url));
const golden = (name: string): string => join(goldens, name);
const folder = mkdtempSync(join(tmpdir(), "layerwise-inspect-"));
after(() => rmSync(folder, { recursive: true }));

async function document(...words: string[]): Promise<InspectResult> {
  const { code, out, error } = await cli("inspect", ...words, "--json");
  const found = JSON.parse(out) as InspectResult;
  assert.equal(code, found.ok ? 0 : 1, error);
  assert.deepEqual(mistakes(found.ok ? DOCUMENTS.inspect : FAILED, found), []);
  return found;
}

async function refused(file: string, sentence: RegExp): Promise<void> {
  const found = await document(file);
  assert.equal(found.ok, false, `${file} was opened`);
  assert.match(found.failure!.message, sentence);
  assert.doesNotMatch(found.failure!.message, /\n/);
  const plain = await cli("inspect", file);
  assert.deepEqual([plain.code, plain.out], [1, ""]);
  assert.match(plain.error, /^error: /);
}

const shapes = (found: InspectResult): string[] =>
  found.tensors.map(({ name, dtype, shape, sizeBytes }) => `${name} ${dtype}[${shape.join()}] ${sizeBytes}`);

test("a checkpoint: tensors by name, the numbers beside them, shared memory", async () => {
  const state = await document(golden("state_dict.pt"));
  assert.equal(state.format, "pytorch");
  assert.ok(shapes(state).includes("2.running_mean float32[5] 20"));
  assert.deepEqual(state.totals, { tensors: 11, elements: 109, sizeBytes: 440 });
  assert.deepEqual(state.notes, ["2 tensors share 1 storage"]);
  const optimizer = await document(golden("adamw.pt"));
  assert.equal(optimizer.metadata["state.0.step"], undefined);
  assert.ok(shapes(optimizer).includes("state.0.exp_avg float32[2,3] 24"));
  const views = await document(golden("views.pt"), "--stats");
  const by = new Map(views.tensors.map((tensor) => [tensor.name, tensor.statistics]));
  assert.equal(by.get("row")!.min, Math.min(...values(4, 6).slice(6, 12)));
  // Views with gaps, turned round and expanded: the elements that the view shows, and no others.
  const stepped = [0, 2].flatMap((row) => [1, 4].map((column) => values(4, 6)[row * 6 + column]!));
  assert.equal(by.get("stepped")!.mean, stepped.reduce((sum, value) => sum + value) / 4);
  assert.equal(by.get("transposed")!.max, Math.max(...values(4, 6)));
  assert.equal(by.get("empty"), undefined);
  const nan = await document(golden("nan_bits.pt"), "--stats");
  assert.deepEqual(nan.tensors[0]!.statistics, { min: 0, max: 0, mean: 0, std: 0, nans: 3, infs: 0, zeros: 1 });
});

/** As content.py counts. */
const values = (...shape: number[]): number[] =>
  Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => ((i * 37) % 101) - 50);

test("every kind of file, by its content and not by its name", async () => {
  const kinds: [string, InspectResult["format"], RegExp][] = [
    ["dtypes.pt", "pytorch", /zip format 3/],
    ["views.protocol4.pt", "pytorch", /zip/],
    ["dtypes.legacy.pt", "pytorch-legacy", /before 1\.6/],
    ["all.safetensors", "safetensors", /safetensors/],
    ["model.safetensors.index.json", "safetensors-shards", /2 files/],
    ["pytorch_model.bin.index.json", "pytorch-shards", /2 files/],
    ["float32.npy", "npy", /row by row/],
    ["fortran.npy", "npy", /column by column/],
    ["big_endian.npy", "npy", /big-endian/],
    ["plain.npz", "npz", /8 arrays$/],
    ["packed.npz", "npz", /compressed/],
    ["small.gguf", "gguf", /GGUF version 3, llama/],
    ["small.onnx", "onnx", /3 nodes/],
    ["external.onnx", "onnx", /3 nodes/],
  ];
  for (const [name, format, description] of kinds) {
    const found = await document(golden(name), "--stats");
    assert.equal(found.format, format, name);
    assert.match(found.description, description);
    assert.ok(found.tensors.length > 0, name);
    const shown = await cli("inspect", golden(name), "--all", "--stats");
    assert.equal(shown.code, 0);
    for (const tensor of found.tensors) assert.ok(shown.out.includes(tensor.name), `${name}: ${tensor.name}`);
  }
  copyFileSync(golden("dtypes.pt"), join(folder, "renamed.bin"));
  assert.equal((await document(join(folder, "renamed.bin"))).format, "pytorch");
});

test("the same dtypes and sizes in each format, and right statistics of each dtype", async () => {
  const checkpoint = await document(golden("dtypes.pt"), "--stats");
  const safetensors = await document(golden("all.safetensors"), "--stats");
  const safe = new Map(safetensors.tensors.map((tensor) => [tensor.name, tensor]));
  const ordered = checkpoint.tensors.filter(({ dtype }) => !dtype.startsWith("complex"));
  assert.deepEqual([checkpoint.tensors.length, ordered.length], [12, 10]);
  for (const tensor of ordered) {
    const twin = safe.get(`${tensor.name}.weight`)!;
    assert.deepEqual([tensor.dtype, tensor.shape, tensor.statistics], [twin.dtype, twin.shape, twin.statistics]);
    const shift = tensor.dtype === "uint8" ? 50 : 0;
    const expected = values(2, 3).map((value) => (tensor.dtype === "bool" ? Number(value > 0) : value + shift));
    const { min, max, mean, std, zeros } = tensor.statistics!;
    assert.deepEqual([min, max], [Math.min(...expected), Math.max(...expected)], tensor.dtype);
    const average = expected.reduce((sum, value) => sum + value) / 6;
    const spread = Math.sqrt(expected.reduce((sum, value) => sum + (value - average) ** 2, 0) / 5);
    assert.ok(Math.abs(mean - average) < 1e-12 && Math.abs(std - spread) < 1e-12, tensor.dtype);
    assert.equal(zeros, expected.filter((value) => value === 0).length);
  }
});

test("an ONNX model: inputs, outputs, operators, weights in and beside the file", async () => {
  const found = await document(golden("small.onnx"), "--stats");
  assert.deepEqual(found.graph, {
    name: "small",
    inputs: [{ name: "x", dtype: "float32", shape: ["batch", "3"] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["batch", "4"] }],
    operators: [
      { name: "Add", count: 1 },
      { name: "MatMul", count: 1 },
      { name: "Relu", count: 1 },
    ],
  });
  assert.equal(found.metadata["opset ai.onnx"], "17");
  const beside = await document(golden("external.onnx"), "--stats");
  assert.deepEqual(
    beside.tensors.find(({ name }) => name === "weight"),
    { ...found.tensors.find(({ name }) => name === "weight"), file: "external.bin" },
  );
});

test("whole modules are looked at, not made; calls are refused by name", async () => {
  const net = craft.checkpoint("\x80\x02c__main__\nNet\n)\x81}X\x04\x00\x00\x00biasK\x01sb.");
  writeFileSync(join(folder, "whole.pt"), net);
  const found = await document(join(folder, "whole.pt"));
  assert.match(found.notes[0]!, /objects of classes, which torch\.load refuses by default: __main__\.Net/);
  writeFileSync(join(folder, "evil.pt"), craft.checkpoint("\x80\x02cposix\nsystem\nX\x01\x00\x00\x00x\x85R."));
  await refused(join(folder, "evil.pt"), /posix\.system whose module posix is blocked/);
  writeFileSync(join(folder, "call.pt"), craft.checkpoint("\x80\x02c__main__\nmake\n)R."));
  await refused(join(folder, "call.pt"), /GLOBAL __main__\.make was not an allowed global/);
});

test("an index names files of its own folder only: no way out, no links, no lies", async () => {
  const shards = join(folder, "shards");
  cpSync(goldens, shards, { recursive: true });
  const secret = join(folder, "secret.safetensors");
  copyFileSync(golden("plain.safetensors"), secret);
  symlinkSync("../secret.safetensors", join(shards, "link.safetensors"));
  symlinkSync("..", join(shards, "up"));
  mkdirSync(join(shards, "deep"));
  copyFileSync(secret, join(shards, "deep", "inner.safetensors"));
  const index = (file: string, name = "only"): string => {
    const path = join(shards, "x.safetensors.index.json");
    writeFileSync(path, JSON.stringify({ weight_map: { [name]: file } }));
    return path;
  };
  for (const way of [
    "../secret.safetensors",
    secret,
    "up/secret.safetensors",
    "./plain.safetensors",
    "a//b",
    "",
    "..",
    "..\\secret.safetensors",
    "file:///etc/passwd",
    "C:\\x",
    "a\0b",
    "deep/../../secret.safetensors",
  ]) {
    await refused(index(way), /leads out of the folder|is a link|missing/);
  }
  await refused(index("link.safetensors"), /'link\.safetensors' is a link/);
  await refused(index("none.safetensors"), /is missing beside/);
  await refused(index("x.safetensors.index.json"), /names itself/);
  await refused(index("plain.safetensors", "other"), /does not hold tensor 'other'/);
  await refused(index("deep"), /a folder/);
  assert.equal((await document(index("plain.safetensors"))).tensors[0]!.file, "plain.safetensors");
  assert.equal((await document(index("deep/inner.safetensors"))).tensors.length, 1);
});

test("the cache of Hugging Face: links from snapshots to blobs, and to nowhere else", async () => {
  const model = join(folder, "models--x");
  const snapshot = join(model, "snapshots", "abc");
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(join(model, "blobs"));
  copyFileSync(golden("plain.safetensors"), join(model, "blobs", "123"));
  copyFileSync(golden("plain.safetensors"), join(folder, "outside.safetensors"));
  symlinkSync("../../blobs/123", join(snapshot, "m.safetensors"));
  symlinkSync("../../../outside.safetensors", join(snapshot, "out.safetensors"));
  writeFileSync(join(snapshot, "m.safetensors.index.json"), JSON.stringify({ weight_map: { only: "m.safetensors" } }));
  writeFileSync(
    join(snapshot, "o.safetensors.index.json"),
    JSON.stringify({ weight_map: { only: "out.safetensors" } }),
  );
  assert.equal((await document(join(snapshot, "m.safetensors"))).tensors.length, 1);
  assert.equal((await document(join(snapshot, "m.safetensors.index.json"))).tensors.length, 1);
  await refused(join(snapshot, "o.safetensors.index.json"), /is a link/);
});

test("weights of an ONNX model beside it: inside the folder, long enough", async () => {
  const { field, numberField } = craft;
  const external = (location: string, offset: number, length: number): Uint8Array => {
    const entry = (key: string, value: string): Uint8Array => field(13, craft.bytesOf(field(1, key), field(2, value)));
    const places = [entry("location", location), entry("offset", String(offset)), entry("length", String(length))];
    const tensor = craft.bytesOf(numberField(1, 2), numberField(2, 1), field(8, "w"), ...places, numberField(14, 1));
    return craft.bytesOf(numberField(1, 8), field(7, field(5, tensor)));
  };
  const model = (...given: Parameters<typeof external>): string => {
    const path = join(folder, "m.onnx");
    writeFileSync(path, external(...given));
    return path;
  };
  writeFileSync(join(folder, "w.bin"), new Uint8Array(16));
  assert.equal((await document(model("w.bin", 8, 8))).tensors[0]!.sizeBytes, 8);
  await refused(model("w.bin", 9, 8), /ends at byte 17 of 'w\.bin', which has 16/);
  await refused(model("w.bin", 0, 9), /needs 8 bytes, but its external data has 9/);
  await refused(model("../w.bin", 0, 8), /leads out of the folder/);
  await refused(model("/etc/passwd", 0, 8), /leads out of the folder/);
});

test("a file of 20 GB opens at once: the header is read, the data is not", () => {
  const path = join(folder, "big.safetensors");
  const sizeBytes = 20 * 1024 ** 3;
  const header = JSON.stringify({ w: { dtype: "U8", shape: [sizeBytes], data_offsets: [0, sizeBytes] } });
  const file = openSync(path, "w");
  writeSync(file, craft.bytesOf(craft.u64(header.length), header));
  ftruncateSync(file, 8 + header.length + sizeBytes);
  closeSync(file);
  const before = process.memoryUsage().rss;
  const tookMs = processorMs(() => assert.equal(inspectFile(path).totals.sizeBytes, sizeBytes));
  assert.ok(tookMs < 1000, `took ${tookMs} ms`);
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 ** 2);
});

test("thousands of tensors: layers become one row, --all shows each", async () => {
  const tensors: Record<string, object> = {};
  let offset = 0;
  for (let layer = 0; layer < 500; layer++) {
    for (const part of ["attn.q", "attn.k", "mlp.up", "mlp.down"]) {
      tensors[`model.layers.${layer}.${part}.weight`] = {
        dtype: "F32",
        shape: [2],
        data_offsets: [offset, offset + 8],
      };
      offset += 8;
    }
  }
  const path = join(folder, "deep.safetensors");
  writeFileSync(path, craft.safetensors(tensors, offset));
  const short = (await cli("inspect", path)).out;
  assert.match(short, /model\.layers\.\*\.attn\.q\.weight +× 500 +float32 +\[2\] +1000 +3\.91 KiB/);
  assert.match(short, /2000 tensors/);
  assert.ok(short.split("\n").length < 15, short);
  assert.equal((await cli("inspect", path, "--all")).out.match(/model\.layers\./g)!.length, 2000);
  assert.equal((await document(path)).tensors.length, 2000);
});

test("names with control characters do not reach the terminal", async () => {
  const path = join(folder, "names.safetensors");
  const name = "a\u001b[31mred\nline\u202e";
  writeFileSync(
    path,
    craft.safetensors({ __metadata__: { [name]: name }, [name]: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, 1),
  );
  const { out } = await cli("inspect", path);
  assert.doesNotMatch(out.replaceAll("\n", ""), /[\u0000-\u001f\u202e]/);
  assert.equal((await document(path)).tensors[0]!.name, name);
});

test("no file, a folder, no rights, nothing in it: one sentence, exit code 1", async () => {
  await refused(join(folder, "none.pt"), /there is no such file/);
  await refused(folder, /this is a folder/);
  writeFileSync(join(folder, "empty.pt"), "");
  await refused(join(folder, "empty.pt"), /the file is empty/);
  writeFileSync(join(folder, "text.txt"), "hello");
  await refused(join(folder, "text.txt"), /no kind that is known/);
  writeFileSync(join(folder, "cut.pt"), readFileSync(golden("views.pt")).subarray(0, 900));
  await refused(join(folder, "cut.pt"), /failed finding central directory/);
  assert.equal((await cli("inspect")).code, 2);
});
