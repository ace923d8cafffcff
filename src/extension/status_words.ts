/** What the status item says: the device and its memory, what runs, how the GPU is doing. Pure; shows nothing. */
import type { DeviceState } from "../protocol/rpc.ts";
import { bytes, percent } from "../profiler/text/units.ts";

export interface StatusFacts {
  /** Of the runtime process; null before it was started. */
  device: string | null;
  pid: number | null;
  memory: DeviceState | null;
  isGivenUp: boolean;
  /** The newest thing that runs. */
  job: { label: string; fraction?: number } | null;
  /** All that runs, a line each. */
  running: string[];
  /** Peak of the last run's tensors. */
  lastPeakBytes: number;
  /** The setting: "auto", "cpu", "cuda:1". */
  choice: string;
  /** In a folder that is not trusted nothing runs: there are no lenses, and this says why. */
  isTrusted: boolean;
}

export function statusText(facts: StatusFacts): string {
  const { device, memory, isGivenUp, job, lastPeakBytes } = facts;
  if (!facts.isTrusted) return "$(layers) Layerwise: shapes only";
  if (isGivenUp) return "$(error) Layerwise stopped";
  const place = memory?.device ?? device ?? "Layerwise";
  if (job) {
    const share = job.fraction === undefined ? "" : ` ${Math.round(job.fraction * 100)}%`;
    const held = memory && memory.allocatedBytes > 0 ? ` · ${memory.device} ${heldText(memory)}` : "";
    return `$(sync~spin) ${job.label}${share}${held}`;
  }
  const used = memory?.allocatedBytes || lastPeakBytes;
  return `$(layers) ${place}${used > 0 ? ` · ${bytes(used)}` : ""}`;
}

/** Of a GPU what all processes hold, because that is what runs out. */
function heldText({ allocatedBytes, gpu }: DeviceState): string {
  if (gpu?.usedBytes === undefined || gpu.totalBytes === undefined) return bytes(allocatedBytes);
  return `${bytes(gpu.usedBytes)} of ${bytes(gpu.totalBytes)}`;
}

export function statusTooltip(facts: StatusFacts): string {
  const { device, pid, memory, lastPeakBytes, running, choice } = facts;
  if (!facts.isTrusted) return "Layerwise runs nothing, because the folder is not trusted\nClick to manage trust";
  const isElsewhere = memory !== null && memory.device !== device;
  return [
    device === null
      ? "Layerwise: the runtime starts with the first run"
      : `Layerwise runs on ${isElsewhere ? memory.device : device} (process ${pid})`,
    ...(lastPeakBytes > 0 ? [`the last run took ${bytes(lastPeakBytes)} of tensors at its peak`] : []),
    ...(memory ? [`${bytes(memory.allocatedBytes)} of tensors, ${bytes(memory.reservedBytes)} reserved`] : []),
    ...gpuLines(memory),
    ...running,
    ...(choice === "auto" ? [] : [`the setting layerwise.device says ${choice}`]),
    "Click to see the devices",
  ].join("\n");
}

function gpuLines(memory: DeviceState | null): string[] {
  if (!memory?.gpu) return [];
  const { usedBytes, totalBytes, utilization, temperatureC, powerW } = memory.gpu;
  const now = [
    ...(utilization === undefined ? [] : [`${percent(utilization)} in use`]),
    ...(temperatureC === undefined ? [] : [`${Math.round(temperatureC)} °C`]),
    ...(powerW === undefined ? [] : [`${Math.round(powerW)} W`]),
  ];
  return [
    ...(usedBytes === undefined || totalBytes === undefined
      ? []
      : [`${memory.device}: ${bytes(usedBytes)} of ${bytes(totalBytes)} taken, by all processes`]),
    ...(now.length === 0 ? [] : [`${memory.device}: ${now.join(", ")}`]),
  ];
}
