/**
 * Products of few bits against PyTorch and ONNX Runtime: both scripts of bench/quantized in turn, in fresh processes, the
 * least time of each case over all rounds. Writes bench/results/NAME.md. Compares operations, not models.
 *
 *   node bench/quantized.ts --peer PYTHON [--rounds N] [--threads N] [--out NAME]
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const { values: options } = parseArgs({
  options: {
    peer: { type: "string", default: process.env.LAYERWISE_BENCH_TORCH },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
    out: { type: "string" },
  },
});

type Times = Record<string, Record<string, number>>;

const least: Times = {};

function run(command: string, ...args: string[]): void {
  const child = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, OMP_NUM_THREADS: options.threads },
  });
  if (child.status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${child.stderr}`);
  const found = JSON.parse(child.stdout.trim().split("\n").at(-1)!) as Times;
  for (const [name, sides] of Object.entries(found)) {
    const known = (least[name] ??= {});
    for (const [side, us] of Object.entries(sides)) known[side] = Math.min(known[side] ?? Infinity, us);
  }
}

for (let round = 0; round < Number(options.rounds); round++) {
  run("bin/layerwise", "python", "--threads", options.threads, "bench/quantized/ours.py");
  if (options.peer) run(options.peer, "bench/quantized/peers.py", options.threads);
}

const sides = ["layerwise", "torch", "onnxruntime", "onnxruntime, x in int8"];
const lines = [
  `# Products of few bits, ${new Date().toISOString().slice(0, 10)}`,
  "",
  `${cpus()[0]!.model.trim()}, ${cpus().length} logical cores; ${options.threads} thread(s); the least time of each case over ` +
    `${options.rounds} rounds, in microseconds, and how many times longer the fastest peer took.`,
  "Ours is timed from Python to the result, what a call costs there included.",
  "",
  `| case | ${sides.join(" | ")} | fastest peer / ours |`,
  `| --- |${" ---: |".repeat(sides.length + 1)}`,
];
for (const [name, times] of Object.entries(least)) {
  const peers = sides.slice(1).flatMap((side) => (times[side] === undefined ? [] : [times[side]]));
  const ratio = peers.length ? (Math.min(...peers) / times.layerwise!).toFixed(2) : "";
  const cells = sides.map((side) => (times[side] === undefined ? "" : times[side].toFixed(0)));
  lines.push(`| ${name} | ${cells.join(" | ")} | ${ratio} |`);
}
const page = `${lines.join("\n")}\n`;
if (options.out) writeFileSync(`${root}bench/results/${options.out}.md`, page);
console.log(page);
