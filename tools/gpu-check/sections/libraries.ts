/**
 * NVIDIA's libraries at work: cuDNN against our own convolutions, NVML's readings, and CUPTI's kernel times against those
 * of events around the launches. What is missing is told; what answers wrongly does not hold.
 */
import { jsonLines, lastWords, layerwise, oursRuns, run, scripts, type Setting } from "../programs.ts";
import type { Finding } from "../results.ts";

interface Rule {
  rule: string;
  holds: boolean | null;
  detail: string;
}

interface Profile {
  kernels: { name: string; selfUs: number }[];
  kernelTimes?: { by: string; why?: string }[];
  energyJ?: number;
  powerW?: number;
  energyBy?: string;
  total: { medianUs: number };
}

/** Events also count the gaps around each kernel, never less than its time. */
const MOST_OF_EVENTS = 1.1;

export async function libraries(setting: Setting): Promise<Finding[]> {
  const words = setting.isEmulated ? ["tiny"] : [];
  const ended = await run(setting, oursRuns(`${scripts}library_rules.py`, ...words), { limitS: 120 });
  const findings = jsonLines<Rule>(ended.out).map(({ rule, holds, detail }): Finding => ({
    what: rule,
    holds,
    detail,
  }));
  if (ended.status !== 0) findings.push({ what: "the rules of libraries", holds: false, detail: lastWords(ended) });
  return [...findings, ...(await kernelTimes(setting))];
}

async function kernelTimes(setting: Setting): Promise<Finding[]> {
  const told = await profiled(setting, {});
  const around = await profiled(setting, { LAYERWISE_CUDA_TIMES: "events" });
  if (typeof told === "string" || typeof around === "string") {
    return [{ what: "a profile on the GPU", holds: false, detail: typeof told === "string" ? told : String(around) }];
  }
  const [clock] = told.kernelTimes ?? [];
  const findings: Finding[] = [energy(told)];
  if (clock?.by !== "cupti") {
    return [...findings, { what: "kernel times by CUPTI", holds: null, detail: clock?.why ?? "no GPU was timed" }];
  }
  const sum = ({ kernels }: Profile): number => kernels.reduce((total, { selfUs }) => total + selfUs, 0);
  const [byCupti, byEvents] = [sum(told), sum(around)];
  const detail = `kernels ${byCupti.toFixed(1)} us by CUPTI, ${byEvents.toFixed(1)} us by events`;
  // The emulation's times are the host's, which is busy with other things.
  const holds = setting.isEmulated ? byCupti > 0 && byEvents > 0 : byCupti > 0 && byCupti <= byEvents * MOST_OF_EVENTS;
  return [...findings, { what: "CUPTI's kernel times are no longer than those of events", holds, detail }];
}

function energy({ energyJ, powerW, energyBy, total }: Profile): Finding {
  const what = "energy per repetition";
  if (energyJ === undefined) return { what, holds: null, detail: "the GPU does not tell, or NVML was not found" };
  const detail = `${(energyJ * 1000).toPrecision(3)} mJ in ${total.medianUs.toFixed(0)} us at ${powerW!.toFixed(0)} W, by ${energyBy}`;
  return { what, holds: powerW! > 5 && powerW! < 2000, detail };
}

async function profiled(setting: Setting, environment: NodeJS.ProcessEnv): Promise<Profile | string> {
  const target = "examples/attention.py::MultiHeadAttention";
  const asked = layerwise("profile", target, "--device", "cuda", "--time", "1500", "--json");
  const ended = await run(setting, asked, { limitS: 60, environment });
  if (ended.status !== 0) return lastWords(ended);
  return JSON.parse(ended.out) as Profile;
}
