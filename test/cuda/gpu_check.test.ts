/**
 * tools/gpu-check is ready for a GPU: its sections run on the emulated driver, what it packs is complete, and its bars and
 * tables say what was measured. No figure of a run here means anything.
 */
import "./emulation.ts";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { attentionBars, elementwiseBars, matmulBars, trainingBars } from "../../tools/gpu-check/bars.ts";
import { Conversation } from "../../tools/gpu-check/conversation.ts";
import { largestBytes, packedFiles } from "../../tools/gpu-check/pack.ts";
import { planned } from "../../tools/gpu-check/plan.ts";
import type { Setting } from "../../tools/gpu-check/programs.ts";
import { markdown } from "../../tools/gpu-check/report.ts";
import type { Results, Row, Side } from "../../tools/gpu-check/results.ts";
import { afterPause, told } from "../../tools/gpu-check/sections/profile.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const addon = process.env.LAYERWISE_CUDA_ADDON ?? `${root}native/bin/linux-x64/cuda.node`;
const skip = existsSync(addon) ? false : "native/bin/linux-x64/cuda.node is not built";

function check(t: TestContext, ...words: string[]): { results: Results; text: string; out: string; status: number } {
  const folder = mkdtempSync(join(tmpdir(), "gpu-check-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const command = [`${root}tools/gpu-check/main.ts`, "--emulated", "--small", "--out", folder, ...words];
  const done = spawnSync(process.execPath, command, { encoding: "utf8", timeout: 180_000 });
  const results = JSON.parse(readFileSync(join(folder, "gpu-check.json"), "utf8")) as Results;
  const log = readFileSync(join(folder, "gpu-check.log"), "utf8").slice(-3000);
  const text = readFileSync(join(folder, "gpu-check.md"), "utf8");
  return { results, text, out: `${done.stdout}${done.stderr}${log}`, status: done.status ?? -1 };
}

test("device, ops, train and memory run, each with its findings", { skip }, (t) => {
  const { results, text, out, status } = check(t, "--only", "device,ops,train,memory");
  const told = results.sections.map(({ name, status: how }) => `${name} ${how}`);
  assert.deepEqual(told, ["device passed", "ops passed", "train passed", "memory passed"], out);
  assert.equal(status, 0);
  const findings = results.sections.flatMap((section) => section.findings);
  assert.match(findings.find(({ what }) => what === "op goldens")!.detail, /^\d{3,} cases .* 0 differ/);
  assert.equal(findings.filter(({ what, holds }) => what.startsWith("a net of") && holds).length, 6);
  assert.ok(findings.filter(({ holds }) => holds).length >= 25, text);
  assert.match(text, /^\| examples\/train_gpt\.py: losses of the CPU \| yes \| 4\.\d+ to 4\.\d+ in 4 steps/m);
});

test("cases are measured; PyTorch is missing here, and no bar is judged without it", { skip }, (t) => {
  const { results, text, out } = check(t, "--only", "bench", "--cases", "^copy float32|^GPT-2");
  const [bench] = results.sections;
  assert.equal(bench!.status, "passed", out);
  assert.deepEqual(
    bench!.rows.map(({ name }) => name.split(",")[0]),
    ["copy float32", "GPT-2 124M step"],
  );
  for (const { sides } of bench!.rows) {
    assert.equal(sides.torch, undefined);
    assert.ok(sides.ours!.rounds.length > 0 && sides.ours!.rounds.every((ms) => ms > 0));
  }
  assert.ok(bench!.rows[1]!.sides.ours!.peakBytes > 100_000, "a training step needs memory");
  assert.match(text, /its times say nothing/);
  assert.doesNotMatch(text, /\*\*no\*\*/);
});

test("a program that fails is told, and what comes after it still runs", { skip }, (t) => {
  const { results, status } = check(t, "--only", "bench,device", "--cases", "^copy float32", "--python", "/bin/false");
  assert.deepEqual(
    results.sections.map(({ name, status: how }) => `${name} ${how}`),
    ["device passed", "bench passed"],
  );
  assert.equal(status, 0, "an interpreter without torch is no failure");
});

test("what is packed is complete and small: every import of a packed file is packed", { skip }, () => {
  const files = new Set(packedFiles());
  for (const file of ["bin/layerwise", "dist/cli.mjs", "dist/python.zip", "native/bin/linux-x64/cuda.node"]) {
    assert.ok(files.has(file), file);
  }
  assert.ok(files.has("test/ops/goldens/matmul.bin") && files.has("examples/gpt.py"));
  const missing = [...files]
    .filter((file) => file.endsWith(".ts") || file.endsWith(".mjs"))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const imports = [...text.matchAll(/(?:from|import) ?"(\.{1,2}\/[^"]+)"/g)].map((match) => match[1]!);
      return imports.map((path) => normalize(join(dirname(file), path))).filter((path) => !files.has(path));
    });
  assert.deepEqual(missing, []);
  assert.deepEqual(
    [...files].filter((file) => /\.map$|onnxruntime|webview|extension\.cjs|__pycache__/.test(file)),
    [],
  );
  const bytes = [...files].reduce((sum, file) => sum + statSync(join(root, file)).size, 0);
  // Beside Node, which takes about 27 MiB compressed.
  assert.ok(bytes < largestBytes, `${bytes} bytes before compression`);
});

test("the plan names its cases once, and each has a tiny form of the same arguments", () => {
  assert.equal(new Set(planned.map(({ name }) => name)).size, planned.length);
  const source = ["cases_kernels.py", "cases_models.py"]
    .map((file) => readFileSync(`${root}tools/gpu-check/python/${file}`, "utf8"))
    .join("\n");
  for (const one of planned) {
    assert.match(source, new RegExp(`^def ${one.case}\\(`, "m"));
    for (const key of Object.keys(one.with)) assert.ok(key in one.tiny || key === "tf32", `${one.name}: ${key}`);
  }
});

const side = (ms: number, peakBytes = 0): Side => ({ rounds: [ms, ms * 1.1, ms * 0.9], peakBytes, check: 1 });

function row(sides: Row["sides"]): Row {
  return { name: "case", group: "group", unit: "ms", flops: 0, bytes: 2e9, items: 0, sides, bars: [], note: "" };
}

test("bars: what reaches them holds, what does not does not, and nothing is judged against nothing", () => {
  const verdict = (bars: { holds: boolean | null }[]): (boolean | null)[] => bars.map(({ holds }) => holds);
  assert.deepEqual(verdict(matmulBars(row({ torch: side(10), ours: side(10.5) }), NaN)), [true]);
  assert.deepEqual(verdict(matmulBars(row({ torch: side(10), ours: side(10.6) }), NaN)), [false]);
  assert.deepEqual(verdict(matmulBars(row({ ours: side(10) }), NaN)), [null]);
  assert.deepEqual(verdict(matmulBars(row({ torch: { ...side(10), error: "no" }, ours: side(1) }), NaN)), [null]);
  assert.deepEqual(verdict(attentionBars(row({ torch: side(8), ours: side(10) }), NaN)), [true]);
  assert.deepEqual(verdict(attentionBars(row({ torch: side(7.9), ours: side(10) }), NaN)), [false]);
  // 2 GB in 1 ms are 2,000 GB/s.
  assert.deepEqual(verdict(elementwiseBars(row({ ours: side(1) }), 2200)), [true]);
  assert.deepEqual(verdict(elementwiseBars(row({ ours: side(1) }), 2300)), [false]);
  const training = row({ torch: side(50, 100), compiled: side(40, 90), ours: side(41, 100) });
  assert.deepEqual(verdict(trainingBars(training, NaN)), [false, true]);
  assert.deepEqual(verdict(trainingBars({ ...training, sides: { ours: side(41, 101), torch: side(50, 100) } }, NaN)), [
    null,
    false,
  ]);
});

test("the table has the units, the ratios and the verdicts", () => {
  const measured: Row = {
    ...row({ torch: side(2), ours: side(1) }),
    name: "a | b",
    unit: "TFLOP/s",
    flops: 5e11,
    bars: [{ bar: "at least 0.95 of PyTorch", measured: "2.00", holds: true }],
    note: "results differ",
  };
  const broken = { what: "golden x", holds: false, detail: "two\nlines" };
  const text = markdown({
    format: 1,
    date: "2026-01-02T00:00:00Z",
    isEmulated: false,
    machine: { name: "a GPU" },
    sections: [
      { name: "ops", status: "failed", reason: "1 of 1", seconds: 3, findings: [broken], rows: [] },
      { name: "bench", status: "passed", reason: "", seconds: 3, findings: [], rows: [measured] },
    ],
  });
  assert.match(text, /^# GPU check, 2026-01-02$/m);
  assert.doesNotMatch(text, /emulated/);
  assert.match(text, /^\| golden x \| \*\*no\*\* \| two lines \|$/m);
  assert.ok(text.includes("| a \\| b | TFLOP/s | 250 (±10%) |  | 500 (±10%) | 2.00 |"), text);
  assert.match(text, /at least 0\.95 of PyTorch: 2\.00 \| yes \| results differ \|$/m);
});

test("a step's kernels are those after the last long pause, summed by name", () => {
  const kernel = (name: string, ts: number, dur: number) => ({ ph: "X", cat: "kernel", name, ts, dur });
  const events = [
    kernel("late", 900_000, 100),
    kernel("matmul", 900_200, 50),
    kernel("matmul", 900_300, 70),
    kernel("set-up", 0, 1000),
    kernel("set-up", 1000, 399_000),
    { ph: "X", cat: "cpu_op", name: "linear", ts: 900_200, dur: 9 },
  ];
  const kernels = afterPause(events);
  assert.deepEqual(kernels, [
    { kernel: "late", us: 100, calls: 1 },
    { kernel: "matmul", us: 120, calls: 2 },
  ]);
  const [whole, largest] = told("a step", 'noise\n{"msPerStep": 0.5}\n', kernels, 2);
  assert.equal(whole!.detail, "0.5000 ms a step, kernels 0.110 ms in 2 launches");
  assert.equal(largest!.detail, "matmul 0.0600 ms (1); late 0.0500 ms (1)");
});

/** Answers, dies or stays silent, as it is asked. */
const FAKE_WORKER = `
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { do: what } = JSON.parse(line);
  if (what === "die") process.exit(3);
  if (what === "fail") console.log(JSON.stringify({ error: "no such case", trace: [] }));
  if (what === "about") console.log('a library says hello\\n' + JSON.stringify({ ok: process.pid }));
});
setInterval(() => {}, 1000);
`;

test("a program that dies or hangs costs its question alone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "gpu-check-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const setting = { logFile: join(folder, "log"), environment: process.env } as Setting;
  const talk = new Conversation(setting, [process.execPath, "-e", FAKE_WORKER, "--"]);
  t.after(() => talk.close());
  const pids = [await talk.ask<number>({ do: "about" }, 30)];
  await assert.rejects(talk.ask({ do: "fail" }, 30), /^Error: no such case$/);
  assert.equal(await talk.ask<number>({ do: "about" }, 30), pids[0], "a case that fails ends nothing");
  await assert.rejects(talk.ask({ do: "die" }, 30), /ended with 3/);
  assert.equal(talk.isRunning, false);
  pids.push(await talk.ask<number>({ do: "about" }, 30));
  await assert.rejects(talk.ask({ do: "hang" }, 0.2), /no answer within 0\.2 s/);
  pids.push(await talk.ask<number>({ do: "about" }, 30));
  assert.equal(new Set(pids).size, 3);
  assert.match(readFileSync(setting.logFile, "utf8"), /a library says hello/);
});
