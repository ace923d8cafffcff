/**
 * Scripts of ours and of peers in turn, in fresh processes, and of each case the least time over all rounds. A folder of bench/
 * holds both scripts; each prints one JSON line of microseconds by case and side. What the page says is the caller's.
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

/** Microseconds by side. */
export type Times = Record<string, number>;

/** Runs ours.py and peers.py of a folder of bench/ as often as the command line says. */
export function measured(folder: string): [name: string, times: Times][] {
  const least: Record<string, Times> = {};
  const run = (command: string, ...args: string[]): void => {
    const env = { ...process.env, OMP_NUM_THREADS: options.threads };
    const child = spawnSync(command, args, { cwd: root, encoding: "utf8", env });
    if (child.status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${child.stderr}`);
    const found = JSON.parse(child.stdout.trim().split("\n").at(-1)!) as Record<string, Times>;
    for (const [name, times] of Object.entries(found)) {
      const known = (least[name] ??= {});
      for (const [side, us] of Object.entries(times)) known[side] = Math.min(known[side] ?? Infinity, us);
    }
  };
  for (let round = 0; round < Number(options.rounds); round++) {
    run("bin/layerwise", "python", "--threads", options.threads, `bench/${folder}/ours.py`);
    if (options.peer) run(options.peer, `bench/${folder}/peers.py`, options.threads);
  }
  return Object.entries(least);
}

/** The fastest of some sides, which may not have been measured: Infinity then. */
export const fastest = (times: Times, sides: readonly string[]): number =>
  Math.min(...sides.map((side) => times[side] ?? Infinity));

/** How many times longer `theirs` took than `ours`; "" where one is missing. */
export function ratio(times: Times, ours: readonly string[], theirs: readonly string[]): string {
  const found = fastest(times, theirs) / fastest(times, ours);
  return Number.isFinite(found) && found > 0 ? found.toFixed(2) : "";
}

/** Prints the page and writes it to bench/results where a name was given. */
export function tell(title: string, notes: readonly string[], columns: readonly string[], rows: string[][]): void {
  const page = [
    `# ${title}, ${new Date().toISOString().slice(0, 10)}`,
    "",
    `${cpus()[0]!.model.trim()}, ${cpus().length} logical cores; ${options.threads} thread(s); the least time of each case over ` +
      `${options.rounds} rounds, in microseconds.`,
    "Ours is timed from Python to the result, what a call and reading one number cost there included.",
    ...notes,
    "",
    `| case | ${columns.join(" | ")} |`,
    `| --- |${" ---: |".repeat(columns.length)}`,
    ...rows.map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
  if (options.out) writeFileSync(`${root}bench/results/${options.out}.md`, page);
  console.log(page);
}

export const cellsOf = (times: Times, sides: readonly string[]): string[] =>
  sides.map((side) => times[side]?.toFixed(0) ?? "");
