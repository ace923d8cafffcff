/**
 * Runs the same scripts under real PyTorch and under Layerwise, turn by turn in fresh processes, and writes a Markdown
 * table of medians, ratios and memory. It compares two programs on one machine in one run: its milliseconds mean
 * nothing elsewhere, its ratios do.
 *
 *   node bench/run.ts --torch PYTHON [CASE ...]
 *     --torch PYTHON      an interpreter that has torch, or LAYERWISE_BENCH_TORCH; without one, only ours is measured
 *     --rounds N          fresh processes per side (3)
 *     --threads N         threads of both sides (each side's default)
 *     --device cpu|cuda   device of ours
 *     --idle SECONDS      before each run, wait up to that long for other programs to leave the machine alone (0)
 *     --out NAME          write bench/results/NAME.md
 *     --list              name the cases
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { cases, type Case } from "./cases.ts";
import { machineBusyMs, observe, type Observation } from "./observe.ts";
import { median, table, type Row } from "./table.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    torch: { type: "string", default: process.env.LAYERWISE_BENCH_TORCH },
    layerwise: { type: "string", default: "bin/layerwise" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string" },
    device: { type: "string" },
    idle: { type: "string", default: "0" },
    out: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

interface Measured extends Observation {
  unit: string;
  metrics: Record<string, number>;
  check: number | null;
}

type Side = "torch" | "ours";

async function measure(side: Side, one: Case): Promise<Measured> {
  const command = one[side]({ torch: options.torch ?? "", layerwise: options.layerwise!, flags: ourFlags() });
  const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } as NodeJS.ProcessEnv;
  if (side === "torch" && options.threads) environment.OMP_NUM_THREADS = options.threads;
  await untilIdle(Number(options.idle) * 1000);
  const seen = await observe(command, root, environment);
  if (seen.status !== 0) {
    throw new Error(`${command.join(" ")} exited with ${seen.status}: ${seen.stderr.trim().split("\n").at(-1) ?? ""}`);
  }
  if (one.timesProcess) return { ...seen, unit: "ms", check: null, metrics: { "whole process": seen.wallMs } };
  const line = seen.stdout.trim().split("\n").at(-1) ?? "";
  return { ...seen, ...(JSON.parse(line) as Pick<Measured, "unit" | "metrics" | "check">) };
}

async function untilIdle(patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const before = machineBusyMs();
    await sleep(500);
    if (machineBusyMs() - before < 100) return;
  }
}

function ourFlags(): string[] {
  const flags: string[] = [];
  if (options.threads) flags.push("--threads", options.threads);
  if (options.device) flags.push("--device", options.device);
  return flags;
}

/** One case, A B A B: all rounds of both sides, or the reason why a side has none. */
async function play(one: Case): Promise<Row[]> {
  const runs: Record<Side, Measured[]> = { torch: [], ours: [] };
  const failures: Partial<Record<Side, string>> = {};
  const sides: Side[] = options.torch ? ["torch", "ours"] : ["ours"];
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const side of sides) {
      if (failures[side]) continue;
      try {
        const run = await measure(side, one);
        runs[side].push(run);
        const first = Object.entries(run.metrics)[0]!;
        console.error(`${one.name}, round ${round + 1}, ${side}: ${first[0]} ${first[1].toFixed(2)} ${run.unit}`);
      } catch (error) {
        failures[side] = (error as Error).message;
        console.error(`${one.name}, ${side}: ${failures[side]}`);
      }
    }
  }
  return rowsOf(one, runs, failures);
}

function rowsOf(one: Case, runs: Record<Side, Measured[]>, failures: Partial<Record<Side, string>>): Row[] {
  const names = Object.keys((runs.torch[0] ?? runs.ours[0])?.metrics ?? { "": 0 });
  const checks = [runs.torch[0]?.check, runs.ours[0]?.check];
  let note = Object.entries(failures)
    .map(([side, why]) => `${side} failed: ${why}`)
    .join("; ");
  if (typeof checks[0] === "number" && typeof checks[1] === "number") {
    const difference = Math.abs(checks[0] - checks[1]) / Math.max(Math.abs(checks[0]), 1e-6);
    if (!(difference < 0.01)) note += `results differ: ${checks[0]} and ${checks[1]}`;
  }
  const others = Math.max(0, ...runs.torch.map((run) => run.otherCores), ...runs.ours.map((run) => run.otherCores));
  return names.map((metric, i) => {
    const pick = (side: Side) => runs[side].map((run) => run.metrics[metric]!).filter((value) => value !== undefined);
    return {
      label: metric ? `${one.name}: ${metric}` : one.name,
      unit: (runs.torch[0] ?? runs.ours[0])?.unit ?? "",
      torch: pick("torch"),
      ours: pick("ours"),
      torchMiB: i === 0 ? median(runs.torch.map((run) => run.peakMiB)) : NaN,
      oursMiB: i === 0 ? median(runs.ours.map((run) => run.peakMiB)) : NaN,
      otherCores: i === 0 ? others : NaN,
      note: i === 0 ? note : "",
    };
  });
}

function torchVersion(interpreter: string): string {
  const source = "import torch; print(torch.__version__)";
  const done = spawnSync(interpreter, ["-c", source], { cwd: root, encoding: "utf8" });
  return done.status === 0 ? done.stdout.trim() : "unknown";
}

async function main(): Promise<void> {
  if (options.list) {
    for (const one of cases) console.log(`${one.name}: ${one.about}`);
    return;
  }
  const unknown = positionals.find((name) => !cases.some((one) => one.name === name));
  if (unknown) {
    throw new Error(`no case is called '${unknown}': expected one of ${cases.map((one) => one.name).join(", ")}`);
  }
  const chosen = positionals.length > 0 ? cases.filter((one) => positionals.includes(one.name)) : cases;
  const rows: Row[] = [];
  for (const one of chosen) rows.push(...(await play(one)));

  const torch = options.torch ? torchVersion(options.torch) : "not measured";
  const threads = options.threads ?? "default";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} logical cores, ${memory}`;
  const text = [
    `# Benchmarks, ${new Date().toISOString().slice(0, 10)}`,
    "",
    `${machine}; ${process.platform} ${process.arch}; PyTorch ${torch}; threads: ${threads};`,
    `${options.rounds} rounds in fresh processes, turn by turn.`,
    "",
    table(rows),
    "",
    "Times are medians over the rounds (lowest to highest). Ratio: PyTorch's time by ours; above 1, ours is faster.",
    "Memory is the largest resident set, children included. Busy: cores that other programs used meanwhile, at worst;",
    "above 0.2 the row is not to be trusted.",
    "",
  ].join("\n");
  console.log(text);
  if (options.out) {
    const folder = new URL("results/", import.meta.url);
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL(`${options.out}.md`, folder), text);
  }
}

await main();
