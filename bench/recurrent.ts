/**
 * Recurrent layers against PyTorch and ONNX Runtime: both scripts of bench/recurrent in turn, in fresh processes, the least
 * time of each case over all rounds. Writes bench/results/NAME.md.
 *
 *   node bench/recurrent.ts --peer PYTHON [--rounds N] [--threads N] [--out NAME]
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

const ours = ["layerwise", "layerwise quantize"];
const peers = ["torch", "onnxruntime"];
type Times = Record<string, number>;
const least: Record<string, Times> = {};

function run(command: string, ...args: string[]): void {
  const env = { ...process.env, OMP_NUM_THREADS: options.threads };
  const child = spawnSync(command, args, { cwd: root, encoding: "utf8", env });
  if (child.status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${child.stderr}`);
  const found = JSON.parse(child.stdout.trim().split("\n").at(-1)!) as Record<string, Times>;
  for (const [name, times] of Object.entries(found)) {
    const known = (least[name] ??= {});
    for (const [side, us] of Object.entries(times)) known[side] = Math.min(known[side] ?? Infinity, us);
  }
}

for (let round = 0; round < Number(options.rounds); round++) {
  run("bin/layerwise", "python", "--threads", options.threads, "bench/recurrent/ours.py");
  if (options.peer) run(options.peer, "bench/recurrent/peers.py", options.threads);
}

const fastest = (times: Times, sides: readonly string[]): number => Math.min(...sides.map((s) => times[s] ?? Infinity));
const cell = (us: number | undefined): string => us?.toFixed(0) ?? "";

/** Of one side, when it was measured: how many times longer it took than ours. */
const ratio = (times: Times, side: string): string =>
  times[side] === undefined ? "" : (times[side] / fastest(times, ours)).toFixed(2);

const sides = [...ours, ...peers];
const page = [
  `# Recurrent layers, ${new Date().toISOString().slice(0, 10)}`,
  "",
  `${cpus()[0]!.model.trim()}, ${cpus().length} logical cores; ${options.threads} thread(s); the least time of each case over ` +
    `${options.rounds} rounds, in microseconds. Cases are steps x batch x width of input and state.`,
  "Ours is timed from Python to the result, what a call and reading one number cost there included; ONNX Runtime's is one node.",
  'Dynamic int8 is `torch.ao`\'s on both sides, in its numbers; "layerwise quantize" is the scheme `dynamic`; ONNX Runtime has',
  "one for LSTM alone.",
  "",
  `| case | ${sides.join(" | ")} | ${peers.map((side) => `${side} / ours`).join(" | ")} |`,
  `| --- |${" ---: |".repeat(sides.length + peers.length)}`,
  ...Object.entries(least).map(([name, times]) => {
    const cells = [...sides.map((side) => cell(times[side])), ...peers.map((side) => ratio(times, side))];
    return `| ${name} | ${cells.join(" | ")} |`;
  }),
  "",
].join("\n");
if (options.out) writeFileSync(`${root}bench/results/${options.out}.md`, page);
console.log(page);
