/** A save that fails, is cancelled or is killed leaves the checkpoint that was there: whole, and from one step. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { namedTensors } from "../../src/runtime/files/pickle/describe.ts";
import { readCheckpoint } from "../../src/runtime/files/checkpoint.ts";
import { TensorValue } from "../../src/runtime/files/pickle/values.ts";
import { HostSource } from "../../src/runtime/files/source.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { cacheFolder } from "../python/fixtures/place.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-durable-"));
after(() => rmSync(folder, { recursive: true }));

const SCRIPT = `
import sys, torch
last = int(sys.argv[1]) if len(sys.argv) > 1 else 10**9
step = 0
while step < last:
    step += 1
    torch.save({f"w{i}": torch.full((64, 64), float(step)) for i in range(20)}, "model.pt")
    print(step, flush=True)
`;

/** The one step that all tensors of a checkpoint are from. */
function stepOf(file: string): number {
  const source = new HostSource(file);
  try {
    const checkpoint = readCheckpoint(source);
    const values = new Set<number>();
    for (const { tensor } of namedTensors(checkpoint.value)) {
      assert.ok(tensor instanceof TensorValue);
      checkpoint.readStorage(tensor.storage!, (piece) => {
        const words = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
        for (let at = 0; at < piece.length; at += 4) values.add(words.getFloat32(at, true));
      });
    }
    assert.equal(values.size, 1, "tensors of different steps");
    return [...values][0]!;
  } finally {
    source.close();
  }
}

test("killed at any moment: the last acknowledged checkpoint or a newer one, never a mixture", async () => {
  const script = join(folder, "train.py");
  writeFileSync(script, SCRIPT);
  const command = process.env["LAYERWISE_TEST_PYTHON"]?.split(" ") ?? [
    fileURLToPath(new URL("../../bin/layerwise", import.meta.url)),
    "python",
  ];
  const [program, ...words] = command as [string, ...string[]];
  for (let round = 0; round < 3; round++) {
    const child = spawn(program, [...words, script], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
    const ended = new Promise((resolve) => child.on("exit", resolve));
    // Some steps, then an instant somewhere within a save.
    while (said.split("\n").length < 4 && child.exitCode === null) await sleep(5);
    await sleep(Math.random() * 30);
    child.kill("SIGKILL");
    await ended;
    const acknowledged = Number(said.trimEnd().split("\n").at(-1));
    assert.ok(acknowledged >= 3, complaint);
    assert.ok(stepOf(join(folder, "model.pt")) >= acknowledged);
  }
});

describe("in one process", () => {
  let host: RuntimeHost;
  before(async () => {
    host = await RuntimeHost.start({ cacheFolder });
  });
  after(() => host.close());

  async function run(source: string, writable: boolean): Promise<string> {
    const target = join(folder, "script.py");
    writeFileSync(target, source);
    let text = "";
    const onOutput = (_stream: string, part: string): void => void (text += part);
    await host.request("python", { target, writable }, { onOutput });
    return text;
  }

  test("a folder that may not be written: PyTorch's error, and what was there stays", async () => {
    writeFileSync(join(folder, "kept.pt"), "old");
    const text = await run(
      `
import torch, safetensors.torch
for save in (lambda: torch.save({"a": torch.ones(2)}, "kept.pt"), lambda: torch.save({}, "new.pt"),
             lambda: safetensors.torch.save_file({"a": torch.ones(2)}, "new.safetensors")):
    try:
        save()
    except Exception as error:
        print(type(error).__name__, error)
`,
      false,
    );
    const [kept, fresh, safe] = text.split("\n");
    assert.match(kept!, /^RuntimeError torch\.save: kept\.pt: open file failed with strerror: .+ trusted workspace/);
    assert.match(fresh!, /^RuntimeError torch\.save: new\.pt: open file failed/);
    assert.match(safe!, /^SafetensorError Error while serializing: .*new\.safetensors/);
    assert.equal(readFileSync(join(folder, "kept.pt"), "utf8"), "old");
    assert.ok(!existsSync(join(folder, "new.pt")) && !existsSync(join(folder, "new.safetensors")));
  });

  test("what killed saves left behind goes with a later one, once it is old", async () => {
    for (const name of [".again.pt.0123abcd.tmp", ".again.pt.99999999.tmp", ".other.pt.0123abcd.tmp"]) {
      writeFileSync(join(folder, name), "part");
    }
    const old = Date.now() / 1000 - 7200;
    utimesSync(join(folder, ".again.pt.0123abcd.tmp"), old, old);
    utimesSync(join(folder, ".other.pt.0123abcd.tmp"), old, old);
    await run(`import torch\ntorch.save([1], "again.pt")`, true);
    const left = readdirSync(folder).filter((name) => /^\.(again|other).*\.tmp$/.test(name));
    assert.deepEqual(left.sort(), [".again.pt.99999999.tmp", ".other.pt.0123abcd.tmp"]);
    for (const name of left) rmSync(join(folder, name));
  });

  test("a failure in the middle: the old file, and nothing left beside it", async () => {
    writeFileSync(join(folder, "kept.pt"), "old");
    const before = readdirSync(folder).sort();
    const text = await run(
      `
import os, torch, safetensors.torch
fsync = os.fsync
def full(descriptor):
    raise OSError(28, "No space left on device")
os.fsync = full
for save in (lambda: torch.save({"a": torch.ones(2)}, "kept.pt"),
             lambda: safetensors.torch.save_file({"a": torch.ones(2)}, "kept.pt")):
    try:
        save()
    except Exception as error:
        print(type(error).__name__, error)
def cancelled(descriptor):
    raise KeyboardInterrupt
os.fsync = cancelled
try:
    torch.save({"a": torch.ones(2)}, "kept.pt")
except KeyboardInterrupt:
    print("cancelled")
`,
      true,
    );
    const [ours, safe, cancelled] = text.split("\n");
    assert.equal(ours, "RuntimeError torch.save: kept.pt: open file failed with strerror: No space left on device");
    assert.equal(safe, "SafetensorError Error while serializing: [Errno 28] No space left on device");
    assert.equal(cancelled, "cancelled");
    assert.equal(readFileSync(join(folder, "kept.pt"), "utf8"), "old");
    assert.deepEqual(readdirSync(folder).sort(), [...new Set([...before, "script.py"])].sort());
  });
});
