/** Channels that go for good, weights that become zeros, and students: what is left is what the report says it is. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DOCUMENTS, mistakes } from "../../src/cli/schema.ts";
import type { DistillRequest, DistillResult, PruneRequest, PruneResult } from "../../src/protocol/compress.ts";
import { RequestFailed, RuntimeHost } from "../../src/runtime/host/host.ts";
import { python } from "../models/command.ts";

const here = fileURLToPath(new URL("./", import.meta.url));
const models = join(here, "fixtures/models.py");
const folder = mkdtempSync(join(tmpdir(), "layerwise-pruning-"));
const host = await RuntimeHost.start();
after(async () => {
  await host.close();
  rmSync(folder, { recursive: true, force: true });
});

const prune = async (name: string, request: Omit<PruneRequest, "target">): Promise<PruneResult> => {
  const result = await host.request("prune", { target: `${models}::${name}`, maxTimeMs: 20, ...request });
  if (result.ok) assert.deepEqual(mistakes(DOCUMENTS.prune, JSON.parse(JSON.stringify(result))), []);
  return result;
};

const distill = async (name: string, request: Omit<DistillRequest, "target">): Promise<DistillResult> => {
  const result = await host.request("distill", { target: `${models}::${name}`, maxTimeMs: 20, ...request });
  if (result.ok) assert.deepEqual(mistakes(DOCUMENTS.distill, JSON.parse(JSON.stringify(result))), []);
  return result;
};

/** The sentence of a request that is refused, wherever it is. */
async function refusal(asked: Promise<PruneResult | DistillResult>): Promise<string> {
  try {
    const result = await asked;
    assert.equal(result.ok, false);
    assert.equal(result.failure?.kind, "usage", result.failure?.traceback);
    return result.failure!.message;
  } catch (error) {
    if (error instanceof RequestFailed) return error.failure.message;
    throw error;
  }
}

test("removing channels gives what zeros in their place give, in every kind of network", () => {
  assert.equal(python(join(here, "networks.py")), readFileSync(join(here, "networks.out"), "utf8"));
});

test("half of the channels: the report's bytes, parameters and layers", async () => {
  const result = await prune("Net", { pattern: "channels", amount: 0.5 });
  assert.ok(result.ok, result.failure?.traceback);
  const report = result.reports[0]!;
  const rows = Object.fromEntries(report.layers.map((row) => [row.path, row]));
  assert.deepEqual(
    ["a", "norm", "b", "fc"].map((path) => rows[path]!.became),
    ["8 of 16 channels", "8 of 16 channels", "16 of 32 channels", "reads 16 of 32 channels"],
  );
  // 8 filters of 3x3x3 and their bias; norms of 8 with their counter; 16 filters of 8x3x3; ten rows of 16.
  assert.deepEqual(
    ["a", "norm", "b", "fc"].map((path) => rows[path]!.afterBytes),
    [4 * (8 * 27 + 8), 4 * 8 * 4 + 8, 4 * (16 * 72 + 16), 4 * (160 + 10)],
  );
  assert.equal(
    report.afterBytes,
    Object.values(rows).reduce((sum, row) => sum + row.afterBytes, 0),
  );
  assert.equal(rows.a!.inPlace!.sqnrDb, null);
  assert.ok(result.data.isRandom && report.output.sqnrDb! < 40);
});

test("hidden units that an encoder and a decoder share go together; the file loads again", async () => {
  const file = join(folder, "translator.safetensors");
  const result = await prune("Translator", { pattern: "channels", amount: 0.5, file });
  assert.ok(result.ok, result.failure?.traceback);
  const report = result.reports[0]!;
  assert.deepEqual(Object.fromEntries(report.layers.map(({ path, became }) => [path, became])), {
    source: "4 of 8 channels",
    target: "4 of 8 channels",
    encoder: "8 of 16 hidden units",
    decoder: "8 of 16 hidden units",
    out: "reads 8 of 16 channels",
  });
  const gru = 4 * (24 * 4 + 24 * 8 + 2 * 24);
  assert.equal(report.afterBytes, 4 * (2 * 20 * 4) + 2 * gru + 4 * (20 * 8 + 20));
  assert.ok(result.file!.checks.every(({ ok }) => ok));
  assert.match(
    await refusal(prune("Started", { pattern: "channels" })),
    /no channel of Started can be removed: lstm: the size of its state is written in the code \(at models.py:\d+\)/,
  );
});

test("zeros: shares of each layer, of all together, and two of four", async () => {
  const zeros = async (request: Omit<PruneRequest, "target">): Promise<Record<string, number | undefined>> => {
    const result = await prune("Net", request);
    assert.ok(result.ok, result.failure?.traceback);
    assert.ok(!result.reports[0]!.worthKeeping, "zeros alone make nothing smaller or faster");
    return Object.fromEntries(result.reports[0]!.layers.map((row) => [row.path, row.zeros]));
  };
  assert.deepEqual(await zeros({ pattern: "unstructured", amount: 0.25 }), { a: 0.25, b: 0.25, fc: 0.25 });
  const together = await zeros({ pattern: "unstructured", amount: 0.5, global: true });
  const total = 432 * together.a! + 4608 * together.b! + 320 * together.fc!;
  assert.ok(Math.abs(total - 2680) < 1 && together.a! < 0.4, JSON.stringify(together));
  // Three input channels cannot be cut into fours.
  assert.deepEqual(await zeros({ pattern: "2:4" }), { a: undefined, b: 0.5, fc: 0.5 });
  assert.deepEqual(await zeros({ pattern: "1:8", keep: ["fc"] }), { a: undefined, b: 0.875, fc: undefined });
});

test("training after pruning leaves zeros zero and brings the outputs back", async () => {
  const request = { pattern: "2:4", samples: 4 } as const;
  const [before, tuned] = [await prune("Net", request), await prune("Net", { ...request, steps: 30 })];
  const [plain, trained] = [before.reports[0]!, tuned.reports[0]!];
  assert.equal(trained.losses?.length, 30);
  assert.ok(trained.output.sqnrDb! > plain.output.sqnrDb! + 3, `${plain.output.sqnrDb} to ${trained.output.sqnrDb}`);
  assert.deepEqual(trained.layers.find(({ path }) => path === "b")?.zeros, 0.5);
});

test("files of a smaller model load again, and the ONNX file agrees", async () => {
  for (const name of ["net.pt", "net.safetensors", "net.onnx"]) {
    const result = await prune("Net", { pattern: "channels", amount: 0.5, file: join(folder, name) });
    assert.ok(result.ok, result.failure?.message);
    assert.ok(result.file!.checks.every(({ ok }) => ok) && result.file!.bytes < 12_000, name);
  }
  const script = join(folder, "load.py");
  writeFileSync(
    script,
    `
import importlib.util, sys
import torch
from layerwise.pruning.saving import load
spec = importlib.util.spec_from_file_location("models", sys.argv[1])
models = importlib.util.module_from_spec(spec)
spec.loader.exec_module(models)
for name in ("net.pt", "net.safetensors"):
    model = load(models.Net(), sys.argv[2] + "/" + name).eval()
    print(model.b, model(torch.ones(1, 3, 8, 8)).shape)
try:
    load(models.Net(4), sys.argv[2] + "/net.pt")
except ValueError as error:
    print(error)
`,
  );
  writeFileSync(join(folder, "models.py"), readFileSync(models));
  const said = python(script, join(folder, "models.py"), folder);
  assert.equal(
    said.match(/Conv2d\(8, 16, kernel_size=\(3, 3\), stride=\(2, 2\), padding=\(1, 1\)\) torch\.Size\(\[1, 10\]\)/g)
      ?.length,
    2,
  );
  assert.match(
    said,
    /a\.weight has the shape \[8, 3, 3, 3\] in the file and \[4, 3, 3, 3\] in the model: that is no smaller one/,
  );
});

test("casts are followed; a function that is not known locks its channels and is named", async () => {
  const result = await prune("Casts", { pattern: "channels", amount: 0.5 });
  assert.ok(result.ok, result.failure?.traceback);
  assert.equal(result.reports[0]!.layers.find(({ path }) => path === "up")?.became, "8 of 16 channels");
  assert.match(
    await refusal(prune("Spectrum", { pattern: "channels" })),
    /no channel of Spectrum can be removed: up: 'fft' is not followed \(at models.py:\d+\)/,
  );
});

test("weights that are computed from others stay, and are said to", async () => {
  const result = await prune("Normed", { pattern: "unstructured", amount: 0.5 });
  assert.ok(result.ok, result.failure?.traceback);
  const rows = Object.fromEntries(result.reports[0]!.layers.map((row) => [row.path, row.why ?? row.became]));
  const why = "its weight is computed from others";
  assert.deepEqual(rows, { plain: "50% zeros", new: why, old: why });
});

test("a model in half precision learns, and noise is called so", async () => {
  const request = { pattern: "unstructured", amount: 0.5, samples: 4 } as const;
  const tuned = await prune("Half", { ...request, steps: 30 });
  assert.ok(tuned.ok, tuned.failure?.traceback);
  const { losses, output } = tuned.reports[0]!;
  const plain = (await prune("Half", request)).reports[0]!;
  assert.ok(losses!.at(-1)! < 0.7 * losses![0]!, `${losses}`);
  assert.ok(output.sqnrDb! > plain.output.sqnrDb! + 1, `${plain.output.sqnrDb} to ${output.sqnrDb}`);
  const noise = (await prune("Half", { ...request, amount: 0.95 })).reports[0]!;
  assert.match(noise.verdict, /^The outputs are mostly noise .*: not worth keeping\.$/);
});

test("what cannot be pruned says why", async () => {
  assert.match(
    await refusal(prune("Attention", { pattern: "channels" })),
    /no channel of Attention can be removed: attention at models.py:\d+: nn.MultiheadAttention is as wide as what it reads/,
  );
  assert.match(await refusal(prune("Wide", { pattern: "unstructured" })), /has nothing to prune/);
  assert.match(await refusal(prune("Net", { pattern: "4:2" })), /0 < n < m/);
  assert.match(await refusal(prune("Net", { pattern: "2:4", amount: 0.3 })), /leave --amount out/);
  assert.match(await refusal(prune("Net", { pattern: "channels", amount: 1.5 })), /expected a share between 0 and 1/);
  assert.match(await refusal(prune("Net", { pattern: "unstructured", keep: ["*"] })), /every layer is kept by request/);
});

test("a student learns what its teacher says, and is judged on labels too", async () => {
  const request = { teacher: `${models}::Teacher`, data: `${models}::batches`, metric: `${models}::share`, steps: 150 };
  const result = await distill("Student", { ...request, hidden: { inner: "inner" }, alpha: 0.3, learningRate: 0.01 });
  assert.ok(result.ok, result.failure?.traceback ?? result.failure?.message);
  const report = result.reports[0]!;
  const metrics = Object.fromEntries(report.metrics.map((metric) => [metric.name, metric]));
  assert.deepEqual(Object.keys(metrics), ["share", "top-1 accuracy", "agreement with the teacher"]);
  assert.ok(metrics["top-1 accuracy"]!.after > metrics["top-1 accuracy"]!.before + 0.2, JSON.stringify(metrics));
  assert.equal(report.losses?.length, 150);
  assert.ok(report.losses.at(-1)! < report.losses[0]! / 1.5);
  assert.equal(report.beforeBytes, 4 * (8 * 32 + 32 + 32 * 32 + 32 + 32 * 3 + 3));
  assert.equal(report.afterBytes, 4 * (8 * 10 + 10 + 10 * 3 + 3));
  assert.match(report.verdict, /^Share .* beside the teacher\.$/);
  assert.match(result.notes.join(" "), /the weights that its class begins with/);
});

test("teachers that do not fit are refused", async () => {
  const teach = (request: Omit<DistillRequest, "target">): Promise<string> => refusal(distill("Student", request));
  assert.match(await teach({ teacher: `${models}::Nobody` }), /there is no such class; the file has Net/);
  assert.match(await teach({ teacher: `${models}::Wide` }), /the student returns \[2, 3\] and the teacher \[2, 16\]/);
  assert.match(
    await teach({ teacher: `${models}::Teacher`, hidden: { inner: "middle" } }),
    /the teacher has no module 'middle'/,
  );
  assert.match(
    await teach({ teacher: `${models}::Teacher`, hidden: { out: "inner" }, temperature: 0 }),
    /temperature is 0/,
  );
  assert.match(await teach({ teacher: `${models}::Teacher`, alpha: 2 }), /a number from 0 to 1/);
});
