/**
 * Our quantization beside PyTorch's and ONNX Runtime's: the same models, weights, data and judges, in turns on this machine. Writes
 * the table between two marks of docs/quantization.md.
 *
 * node tools/compare_quantization/run.ts --python PYTHON [--rounds 2] [--seconds 3] [--steps 300] [--only train,theirs,ours,table] [--ways REGEX]
 *
 * PYTHON has torch, onnx and onnxruntime. Everything is made in the folder `out` beside this file, which git ignores.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { QuantizeResult } from "../../src/protocol/compress.ts";
import { root } from "../steps.mjs";

const HERE = join(root, "tools/compare_quantization");
const OUT = join(HERE, "out");
const RESULTS = join(OUT, "results.json");
const PAGE = join(root, "docs/quantization.md");
const [BEGIN, END] = ["<!-- comparison: begin -->", "<!-- comparison: end -->"];

const ENGINES = ["Layerwise", "Layerwise, .onnx file", "PyTorch", "ONNX Runtime"] as const;

interface Row {
  model: "gpt" | "digits";
  engine: (typeof ENGINES)[number];
  scheme: string;
  bytes: number;
  beforeUs: number;
  afterUs: number;
  sqnrDb: number | null;
  metric: number;
  metricBefore: number;
}

const MODELS = [
  { model: "gpt", target: "targets.py::TextGPT", data: "text_batches", metric: "perplexity" },
  { model: "digits", target: "targets.py::DigitNet", data: "digit_batches", metric: "accuracy" },
] as const;

/** What each model is taken through: name in the table, options. */
const WAYS: Record<"gpt" | "digits", [string, string[]][]> = {
  gpt: [
    ["dynamic", ["--scheme", "dynamic"]],
    ["dynamic, SmoothQuant", ["--scheme", "dynamic", "--method", "smoothquant"]],
    ["static, minmax", ["--scheme", "static"]],
    ["static, entropy", ["--scheme", "static", "--observer", "entropy"]],
    ["static, percentile", ["--scheme", "static", "--observer", "percentile"]],
    ["int8", ["--scheme", "int8"]],
    ["int4", ["--scheme", "int4"]],
    ["int4, GPTQ", ["--scheme", "int4", "--method", "gptq"]],
    ["int4, AWQ", ["--scheme", "int4", "--method", "awq"]],
    ["nf4", ["--scheme", "nf4"]],
    ["fp4", ["--scheme", "fp4"]],
    ["fp8", ["--scheme", "fp8"]],
    ["fp8-e5m2", ["--scheme", "fp8-e5m2"]],
    ["fp16", ["--scheme", "fp16"]],
    ["bf16", ["--scheme", "bf16"]],
    ["qat", ["--scheme", "qat", "--steps", "100"]],
  ],
  digits: [
    ["dynamic", ["--scheme", "dynamic"]],
    ["dynamic, convolutions kept", ["--scheme", "dynamic", "--keep", "conv*"]],
    ["static, minmax", ["--scheme", "static"]],
    ["static, entropy", ["--scheme", "static", "--observer", "entropy"]],
    ["static, percentile", ["--scheme", "static", "--observer", "percentile"]],
    ["static, mse", ["--scheme", "static", "--observer", "mse"]],
    ["qat", ["--scheme", "qat", "--steps", "100"]],
    ["int8", ["--scheme", "int8"]],
    ["int4", ["--scheme", "int4"]],
    ["int4, GPTQ", ["--scheme", "int4", "--method", "gptq"]],
    ["int4, convolutions kept", ["--scheme", "int4", "--keep", "conv*"]],
    ["nf4", ["--scheme", "nf4"]],
    ["fp8", ["--scheme", "fp8"]],
    ["bf16", ["--scheme", "bf16"]],
  ],
};

function run(command: string, words: string[], isQuiet = false): string {
  const done = spawnSync(command, words, {
    cwd: OUT,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (done.status !== 0)
    throw new Error(
      `${command} ${words.join(" ")} exited with ${done.status}:\n${done.stderr}\n${done.stdout.slice(0, 2000)}`,
    );
  if (!isQuiet) process.stdout.write(done.stdout);
  return done.stdout;
}

const layerwise = (...words: string[]): string => run(join(root, "bin/layerwise"), words, true);

function prepare(): void {
  mkdirSync(OUT, { recursive: true });
  for (const name of ["gpt.py", "digits.py", "data"])
    cpSync(join(root, "examples", name), join(OUT, name), { recursive: true });
  for (const name of ["targets.py", "train.py", "theirs.py"]) cpSync(join(HERE, name), join(OUT, name));
}

function train(steps: string): void {
  process.stdout.write(layerwise("python", "train.py", ".", steps));
}

/** ONNX files with the trained weights, written by real PyTorch's state through our exporter. */
function exportTrained(): void {
  writeFileSync(
    join(OUT, "export.py"),
    `
import torch
from targets import DigitNet, TextGPT
for name, model, x in (("gpt", TextGPT(), torch.zeros(8, 64, dtype=torch.int64)), ("digits", DigitNet(), torch.zeros(8, 1, 8, 8))):
    model.load_state_dict(torch.load(name + ".pt"))
    torch.onnx.export(model.eval(), (x,), name + ".onnx", dynamic_axes={"idx" if name == "gpt" else "x": {0: "batch"}})
`,
  );
  layerwise("python", "export.py");
}

function ours(): Row[] {
  const rows: Row[] = [];
  for (const { model, target, data, metric } of MODELS) {
    for (const [scheme, options] of WAYS[model].filter(([name]) => isWanted(name))) {
      const words = ["quantize", target, "--weights", `${model}.pt`, "--data", `targets.py::${data}`];
      const text = layerwise(
        ...words,
        "--metric",
        `targets.py::${metric}`,
        "--time",
        String(Number(values.seconds) * 1000),
        "--threads",
        "2",
        "--json",
        ...options,
      );
      const { reports } = JSON.parse(text) as QuantizeResult;
      const report = reports[0]!;
      const judged = report.metrics.find(({ name }) => name === metric)!;
      rows.push({
        model,
        engine: "Layerwise",
        scheme,
        bytes: report.afterBytes,
        beforeUs: report.latency.before.medianUs,
        afterUs: report.latency.after.medianUs,
        sqnrDb: report.output.sqnrDb,
        metric: judged.after,
        metricBefore: judged.before,
      });
      console.log(JSON.stringify(rows.at(-1)));
    }
  }
  return rows;
}

/** What .onnx files are taken through; theirs.py runs what comes out in ONNX Runtime, as it does its own. */
const FILE_WAYS: [string, string[]][] = [
  ["dynamic", ["--scheme", "dynamic"]],
  ["static, minmax", ["--scheme", "static"]],
  ["static, entropy", ["--scheme", "static", "--observer", "entropy"]],
  ["static, percentile", ["--scheme", "static", "--observer", "percentile"]],
  ["int8", ["--scheme", "int8"]],
  ["int4", ["--scheme", "int4"]],
];

function writeFiles(): void {
  for (const { model, data } of MODELS) {
    for (const [scheme, options] of FILE_WAYS) {
      const file = `${model}.${scheme}.ours.onnx`;
      layerwise(
        "quantize",
        `${model}.onnx`,
        ...options,
        "--data",
        `targets.py::${data}`,
        "--out",
        file,
        "--time",
        "100",
      );
    }
  }
}

const theirs = (python: string): Row[] =>
  run(python, ["theirs.py", ".", values.seconds])
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Row);

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function table(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const { model, metric } of MODELS) {
    const title =
      model === "gpt" ? "GPT, 3.2 M parameters, one sequence of 64 characters" : "DigitNet, 89 k parameters, 32 images";
    lines.push(
      `**${title}**`,
      "",
      `| engine | scheme | size | time | speed-up | SQNR | ${metric} |`,
      "|---|---|---:|---:|---:|---:|---:|",
    );
    const own = rows.filter((row) => row.model === model);
    for (const engine of ENGINES) {
      const of = own.filter((row) => row.engine === engine);
      if (of.length === 0) continue;
      const before = median(of.map(({ beforeUs }) => beforeUs));
      lines.push(`| ${engine} | float32 | | ${us(before)} | 1 | | ${of[0]!.metricBefore.toFixed(4)} |`);
      for (const scheme of [...new Set(of.map((row) => row.scheme))]) {
        const same = of.filter((row) => row.scheme === scheme);
        const ratio = median(same.map(({ beforeUs, afterUs }) => beforeUs / afterUs));
        const { bytes, sqnrDb, metric: value } = same[0]!;
        const cells = [
          kib(bytes),
          us(median(same.map(({ afterUs }) => afterUs))),
          ratio.toFixed(2),
          sqnrDb === null ? "exact" : `${sqnrDb.toFixed(1)} dB`,
        ];
        lines.push(`| ${engine} | ${scheme} | ${cells.join(" | ")} | ${value.toFixed(4)} |`);
      }
    }
    lines.push("");
  }
  return lines.join("\n");
}

const us = (value: number): string => (value >= 1000 ? `${(value / 1000).toFixed(2)} ms` : `${value.toFixed(0)} us`);
const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;

const { values } = parseArgs({
  options: {
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "2" },
    seconds: { type: "string", default: "3" },
    steps: { type: "string", default: "300" },
    only: { type: "string", default: "train,theirs,ours,table" },
    // Of ours, those whose scheme matches.
    ways: { type: "string", default: "" },
  },
});
const parts = values.only.split(",");
const isWanted = (scheme: string): boolean => new RegExp(values.ways).test(scheme);
prepare();
if (parts.includes("train") || !existsSync(join(OUT, "gpt.pt"))) train(values.steps);
exportTrained();
const known = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, "utf8")) as Row[]) : [];
/** What is measured now replaces what was: a mean of two versions would be of neither. */
const isMeasuredNow = ({ engine, scheme }: Row): boolean =>
  engine === "Layerwise" ? parts.includes("ours") && isWanted(scheme) : parts.includes("theirs");
const rows = parts.includes("train") ? [] : known.filter((row) => !isMeasuredNow(row));
if (parts.includes("theirs")) writeFiles();
for (let round = 0; round < Number(values.rounds); round++) {
  if (parts.includes("ours")) rows.push(...ours());
  if (parts.includes("theirs")) rows.push(...theirs(values.python));
  writeFileSync(RESULTS, JSON.stringify(rows));
}
if (parts.includes("table")) {
  const page = readFileSync(PAGE, "utf8");
  const [head, tail] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (head < 0 || tail < 0) throw new Error(`${PAGE} has no marks for the table (${statSync(PAGE).size} bytes)`);
  writeFileSync(PAGE, `${page.slice(0, head + BEGIN.length)}\n\n${table(rows)}\n${page.slice(tail)}`);
}
console.log(table(rows));
