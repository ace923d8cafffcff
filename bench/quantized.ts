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

const sides = ["layerwise", "torch", "onnxruntime", "layerwise, x in int8", "onnxruntime, x in int8"];
const lines = [
  `# Products of few bits, ${new Date().toISOString().slice(0, 10)}`,
  "",
  `${cpus()[0]!.model.trim()}, ${cpus().length} logical cores; ${options.threads} thread(s); the least time of each case over ` +
    `${options.rounds} rounds, in microseconds, and how many times longer the fastest peer took.`,
  "Ours is timed from Python to the result, what a call and reading one number cost there included.",
  "",
  `| case | ${sides.join(" | ")} | fastest peer / ours | the same, x in int8 |`,
  `| --- |${" ---: |".repeat(sides.length + 2)}`,
];
/** The fastest of some sides; "" where none was measured. */
function ratio(times: Record<string, number>, ours: string, peers: readonly string[]): string {
  const found = peers.flatMap((side) => (times[side] === undefined ? [] : [times[side]]));
  return found.length && times[ours] !== undefined ? (Math.min(...found) / times[ours]).toFixed(2) : "";
}
for (const [name, times] of Object.entries(least)) {
  const cells = sides.map((side) => (times[side] === undefined ? "" : times[side].toFixed(0)));
  const ratios = [
    ratio(times, "layerwise", ["torch", "onnxruntime"]),
    ratio(times, "layerwise, x in int8", ["onnxruntime, x in int8"]),
  ];
  lines.push(`| ${name} | ${cells.join(" | ")} | ${ratios.join(" | ")} |`);
}
const page = `${lines.join("\n")}\n`;
if (options.out) writeFileSync(`${root}bench/results/${options.out}.md`, page);
console.log(page);
