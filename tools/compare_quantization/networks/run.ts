/**
 * Whole networks of torchvision, float and static int8: ours, PyTorch's graph mode and ONNX Runtime's quantizer, network by network in
 * turn on this machine. Writes the table between two marks of docs/quantization.md.
 *
 * node tools/compare_quantization/networks/run.ts --env VENV [--rounds 2] [--only NAME,NAME]
 *
 * VENV is a virtual environment with torch, torchvision, onnx and onnxruntime. What is made lies in `out` beside this file, which git
 * ignores.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../steps.mjs";

const HERE = join(root, "tools/compare_quantization/networks");
const PAGE = join(root, "docs/quantization.md");
const [BEGIN, END] = ["<!-- networks: begin -->", "<!-- networks: end -->"];

const NETWORKS: Record<string, string> = {
  resnet18: "ResNet-18",
  resnet50: "ResNet-50",
  mobilenet_v2: "MobileNetV2",
  mobilenet_v3_large: "MobileNetV3-L",
  efficientnet_b0: "EfficientNet-B0",
  regnet_y_400mf: "RegNet-Y-400MF",
  densenet121: "DenseNet-121",
  googlenet: "GoogLeNet",
  shufflenet_v2_x1_0: "ShuffleNetV2",
};
const ENGINES = ["layerwise", "torch", "onnxruntime"] as const;

interface Row {
  name: string;
  engine: (typeof ENGINES)[number];
  floatMs: number;
  ms: number;
  /** Of images that calibration saw, and of others. */
  db: number;
  othersDb: number;
}

const { values } = parseArgs({
  options: { env: { type: "string" }, rounds: { type: "string", default: "2" }, only: { type: "string" } },
});
const { env } = values;
if (!env) throw new Error("--env names a virtual environment with torch, torchvision, onnx and onnxruntime");
const python = join(env, "bin/python");
const names = values.only?.split(",") ?? Object.keys(NETWORKS);

function told(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: HERE, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} exited with ${status}:\n${stderr}`);
  return stdout;
}

function measured(engine: Row["engine"], name: string): Row {
  const text =
    engine === "layerwise"
      ? told(join(root, "bin/layerwise"), "python", "--env", env!, "--threads", "2", "ours.py", name)
      : told(python, "theirs.py", engine, name);
  return JSON.parse(text.trim().split("\n").at(-1)!) as Row;
}

const missing = names.filter((name) => !existsSync(join(HERE, "out", `${name}.onnx`)));
if (missing.length > 0 || !existsSync(join(HERE, "out/others.pt"))) told(python, "prepare.py", ...missing);

const rows = new Map<string, Row>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of names) {
    for (const engine of ENGINES) {
      const row = measured(engine, name);
      const known = rows.get(`${name} ${engine}`);
      const least = (key: "floatMs" | "ms"): number => Math.min(row[key], known?.[key] ?? Infinity);
      rows.set(`${name} ${engine}`, { ...row, floatMs: least("floatMs"), ms: least("ms") });
      console.log(
        `${name} ${engine} ${row.floatMs.toFixed(2)} ${row.ms.toFixed(2)} ms ${row.db.toFixed(2)} dB, others ${row.othersDb.toFixed(2)} dB`,
      );
    }
  }
}

const cells = (name: string, text: (row: Row) => string): string =>
  ENGINES.map((engine) => text(rows.get(`${name} ${engine}`)!)).join(" | ");
const lines = names.map((name) => {
  const times = `${cells(name, (row) => row.floatMs.toFixed(1))} | ${cells(name, (row) => row.ms.toFixed(1))}`;
  const errors = `${cells(name, (row) => row.db.toFixed(1))} | ${cells(name, (row) => row.othersDb.toFixed(1))}`;
  return `| ${NETWORKS[name] ?? name} | ${times} | ${errors} |`;
});
const head = ["float, ms", "static, ms", "static, dB", "other images, dB"]
  .map((what) => `${what}: ours | PyTorch | ONNX Runtime`)
  .join(" | ");
const table = [`| network | ${head} |`, `|---|${"---:|".repeat(12)}`, ...lines].join("\n");
const page = readFileSync(PAGE, "utf8");
const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
if (before < 0 || after < 0) throw new Error(`${PAGE} has no place between ${BEGIN} and ${END}`);
writeFileSync(PAGE, `${page.slice(0, before + BEGIN.length)}\n\n${table}\n\n${page.slice(after)}`);
