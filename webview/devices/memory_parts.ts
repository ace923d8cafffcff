/** Whose memory a device holds: tensors of ours, what our allocator keeps besides, everybody else's. Pure. */
import type { DeviceInfo } from "../../src/protocol/results.ts";
import type { DeviceState } from "../../src/protocol/rpc.ts";

export interface MemoryPart {
  label: string;
  bytes: number;
  colour: string;
}

export function memoryParts(
  device: DeviceInfo,
  own: DeviceState | null,
): { parts: MemoryPart[]; totalBytes: number } | null {
  const totalBytes = device.totalBytes ?? 0;
  if (totalBytes === 0) return null;
  const isGpu = device.id.startsWith("cuda");
  const usedBytes = own?.gpu?.usedBytes ?? device.readings?.usedBytes ?? totalBytes - (device.freeBytes ?? totalBytes);
  const allocated = own?.allocatedBytes ?? 0;
  const reserved = Math.max(allocated, own?.reservedBytes ?? 0);
  const others = isGpu ? Math.max(0, usedBytes - reserved) : 0;
  const parts: MemoryPart[] = [
    { label: "tensors", bytes: allocated, colour: "var(--lw-series-0)" },
    { label: "kept for reuse", bytes: reserved - allocated, colour: "var(--lw-device-kept)" },
    { label: "in use besides", bytes: others, colour: "var(--lw-series-7)" },
  ];
  return { parts: parts.filter(({ bytes }) => bytes > 0), totalBytes };
}
