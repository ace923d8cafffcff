/**
 * Where the time of a step goes, kernel by kernel, in PyTorch and in ours: what is to be made faster next. Tells and
 * judges nothing.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planned, type Planned } from "../plan.ts";
import { jsonLines, lastWords, layerwise, run, scripts, secondsLeft, type Setting } from "../programs.ts";
import type { Finding } from "../results.ts";

const CASES = ["gpt2_step", "llama_generate", "resnet50_step", "llama_forward"];
const MOST_KERNELS = 14;
/** python/profile_model.py pauses for half a second before its steps. */
const LEAST_PAUSE_US = 400_000;

export interface KernelTime {
  kernel: string;
  us: number;
  calls: number;
}

interface TraceEvent {
  ph: string;
  cat?: string;
  name: string;
  ts: number;
  dur?: number;
}

export async function profile(setting: Setting): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of CASES) {
    const one = planned.find((candidate) => candidate.case === name)!;
    if (!setting.cases.test(one.name) || (setting.isSmall && findings.length > 0)) continue;
    if (secondsLeft(setting) < 15) {
      findings.push({ what: one.name, holds: null, detail: "no time was left" });
      continue;
    }
    findings.push(...(await ours(setting, one)));
    if (setting.python) findings.push(...(await theirs(setting, one)));
  }
  return findings;
}

function words(setting: Setting, one: Planned): { words: string[]; nSteps: number } {
  const nSteps = setting.isEmulated || one.case === "llama_generate" ? 1 : 5;
  const sizes = JSON.stringify(setting.isEmulated ? one.tiny : one.with);
  return { words: [`${scripts}profile_model.py`, one.case, sizes, String(nSteps)], nSteps };
}

async function ours(setting: Setting, one: Planned): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), "gpu-check-"));
  const file = join(folder, "trace.json");
  try {
    const { words: script, nSteps } = words(setting, one);
    const ended = await run(setting, layerwise("python", "--profile", file, ...script), { limitS: 60 });
    const what = `${one.name}, Layerwise`;
    if (ended.status !== 0 || !existsSync(file)) return [{ what, holds: false, detail: lastWords(ended) }];
    const { traceEvents } = JSON.parse(readFileSync(file, "utf8")) as { traceEvents: TraceEvent[] };
    return told(what, ended.out, afterPause(traceEvents), nSteps);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function theirs(setting: Setting, one: Planned): Promise<Finding[]> {
  const { words: script, nSteps } = words(setting, one);
  const ended = await run(setting, [setting.python!, ...script], { limitS: 90 });
  const what = `${one.name}, PyTorch`;
  if (ended.status !== 0) return [{ what, holds: null, detail: lastWords(ended) }];
  const kernels = jsonLines<Partial<KernelTime>>(ended.out).filter((line) => line.kernel !== undefined);
  return told(what, ended.out, kernels as KernelTime[], nSteps);
}

/** Sums of the kernels that ran after the last long pause. */
export function afterPause(events: readonly TraceEvent[]): KernelTime[] {
  const kernels = events.filter(({ ph, cat }) => ph === "X" && cat === "kernel").sort((a, b) => a.ts - b.ts);
  let first = 0;
  for (let i = 1; i < kernels.length; i++) {
    const before = kernels[i - 1]!;
    if (kernels[i]!.ts - before.ts - (before.dur ?? 0) >= LEAST_PAUSE_US) first = i;
  }
  const sums = new Map<string, KernelTime>();
  for (const { name, dur } of kernels.slice(first)) {
    const sum = sums.get(name) ?? { kernel: name, us: 0, calls: 0 };
    sums.set(name, { kernel: name, us: sum.us + (dur ?? 0), calls: sum.calls + 1 });
  }
  return [...sums.values()];
}

/** Per step: the whole, how much of it kernels ran, and the largest of them. */
export function told(what: string, out: string, kernels: readonly KernelTime[], nSteps: number): Finding[] {
  const [{ msPerStep } = { msPerStep: NaN }] = jsonLines<{ msPerStep: number }>(out);
  const ms = (us: number): string => (us / 1000 / nSteps).toPrecision(3);
  const total = kernels.reduce((sum, { us }) => sum + us, 0);
  const calls = kernels.reduce((sum, kernel) => sum + kernel.calls, 0);
  const whole = `${msPerStep.toPrecision(4)} ms a step, kernels ${ms(total)} ms in ${Math.round(calls / nSteps)} launches`;
  const largest = [...kernels].sort((a, b) => b.us - a.us).slice(0, MOST_KERNELS);
  const line = largest.map(({ kernel, us, calls: n }) => `${kernel} ${ms(us)} ms (${Math.round(n / nSteps)})`);
  return [
    { what, holds: null, detail: whole },
    { what: `${what}: kernels`, holds: null, detail: line.join("; ") },
  ];
}
