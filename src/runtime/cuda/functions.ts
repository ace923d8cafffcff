/** What Python's torch.cuda asks of the runtime: facts, memory, streams and events, by plain numbers. */
import * as bridge from "../bridge.ts";
import { RuntimeError } from "../errors.ts";
import { get } from "../handles.ts";
import { CudaAccounts } from "./accounts.ts";
import { parseSettings } from "./allocator_settings.ts";
import { snapshotOf } from "./memory_snapshot.ts";
import type { CudaDevice } from "./device.ts";
import { setSwitch, type Switch } from "./switches.ts";
import { cuda } from "./system.ts";

export function deviceOf(index: number): CudaDevice {
  const found = cuda.open(index);
  if (!found) throw new RuntimeError("CUDA error: invalid device ordinal");
  return found;
}

/** Errors become the marker -1 for Python to look up. */
export function guarded<A extends unknown[], R>(body: (...args: A) => R): (...args: A) => unknown {
  return (...args) => {
    try {
      return body(...args);
    } catch (error) {
      bridge.fail(error);
      return -1;
    }
  };
}

const statistics = (index: number) => cuda.opened.find((d) => d.index === index)?.allocator.statistics;

export const cudaFunctions: Record<string, (...args: never[]) => unknown> = {
  cuda_available: () => cuda.count > 0,
  cuda_reason: () => cuda.status.reason ?? (cuda.isHidden ? "this run was asked to stay on the CPU" : ""),
  cuda_driver_version: () => cuda.status.driver,
  cuda_is_emulated: () => cuda.status.isEmulated,
  cuda_count: () => cuda.count,
  /** What comes may use the first GPU, if there is one. */
  cuda_open: guarded(() => {
    cuda.open(0);
    return 1;
  }),
  cuda_in_use: () => cuda.opened.length > 0,
  /** As JSON: asked for once per GPU. */
  cuda_properties: (index: number) => JSON.stringify(cuda.properties[index] ?? null),
  /** As JSON: what NVML tells at this moment, or the reason why it does not. */
  cuda_readings: (index: number) => {
    const addon = cuda.readings;
    const readings = addon?.readings(index);
    if (readings) return JSON.stringify(readings);
    const unknown = addon ? "NVML does not know this GPU" : cuda.status.reason;
    return JSON.stringify({ reason: addon?.aboutReadings().reason || unknown });
  },
  cuda_synchronize: guarded((index: number) => {
    cuda.opened.find((d) => d.index === index)?.synchronize();
    return 1;
  }),
  /** Free and total bytes, to the scratch block. */
  cuda_memory_info: guarded((index: number) => {
    const { freeBytes, totalBytes } = deviceOf(index).addon.memoryInfo();
    return bridge.writeScratch([freeBytes, totalBytes]);
  }),
  cuda_empty_cache: guarded(() => {
    for (const d of cuda.opened) d.allocator.emptyCache();
    return 1;
  }),
  /** The allocator's counts as JSON; "null" for a GPU that was not used yet. */
  cuda_memory_statistics: (index: number) => {
    const accounts = cuda.opened.find((d) => d.index === index)?.accounts ?? new CudaAccounts();
    const { quantities, oversize, nOutOfMemory, nRetries } = accounts;
    const limit = cuda.opened.find((d) => d.index === index)?.allocator.maxSplitBytes ?? Infinity;
    const maxSplitBytes = Number.isFinite(limit) ? limit : -1;
    return JSON.stringify({ quantities, oversize, nOutOfMemory, nRetries, maxSplitBytes });
  },
  cuda_reset_totals: (index: number) => cuda.opened.find((d) => d.index === index)?.accounts.resetTotals(),
  cuda_memory_allocated: (index: number) => statistics(index)?.allocatedBytes ?? 0,
  cuda_memory_peak: (index: number) => statistics(index)?.peakAllocatedBytes ?? 0,
  cuda_memory_reserved: (index: number) => statistics(index)?.reservedBytes ?? 0,
  cuda_memory_peak_reserved: (index: number) => statistics(index)?.peakReservedBytes ?? 0,
  cuda_reset_peaks: (index: number) => cuda.opened.find((d) => d.index === index)?.allocator.resetPeaks(),
  /** Every segment with its blocks, as JSON. */
  cuda_memory_snapshot: () => JSON.stringify(cuda.opened.flatMap(snapshotOf)),
  /** The text of PYTORCH_CUDA_ALLOC_CONF: for the GPUs in use and for those to come. */
  cuda_configure_allocator: guarded((text: string) => {
    cuda.configureAllocators(parseSettings(text));
    return 1;
  }),
  cuda_record_stream: guarded((handle: number, stream: number) => {
    const { storage, device: where } = get(handle);
    if (storage.block && where.type === "cuda") (where as CudaDevice).allocator.recordStream(storage.block, stream);
    return 1;
  }),
  /** Memory comes from a pool of its own until 0 is chosen; pools live as long as somebody holds them. */
  cuda_choose_pool: guarded((index: number, pool: number) => {
    deviceOf(index).allocator.chosenPool = pool;
    return 1;
  }),
  cuda_hold_pool: guarded((index: number, pool: number, holds: boolean) => {
    const { allocator } = deviceOf(index);
    if (holds) allocator.retainPool(pool);
    else allocator.releasePool(pool);
    return 1;
  }),
  cuda_set_sync_debug: guarded((index: number, mode: number) => {
    deviceOf(index).syncDebug = mode;
    return 1;
  }),
  cuda_set_limit: guarded((index: number, bytes: number) => {
    deviceOf(index).allocator.limitBytes = bytes;
    return 1;
  }),

  /** 90100 for cuDNN 9.1.0; 0 where there is none. */
  cuda_cudnn_version: () => {
    const found = cuda.count > 0 ? cuda.libraries.find(({ name }) => name === "cuDNN")?.version : "";
    const [major = 0, minor = 0, patch = 0] = found ? found.split(".").map(Number) : [];
    return major * 10000 + minor * 100 + patch;
  },
  cuda_set_switch: guarded((name: Switch, on: boolean) => {
    setSwitch(name, on);
    return 1;
  }),

  cuda_new_stream: guarded((index: number, priority: number) => deviceOf(index).newStream(priority)),
  cuda_use_stream: guarded((index: number, stream: number) => {
    deviceOf(index).useStream(stream);
    return 1;
  }),
  cuda_stream_done: guarded((index: number, stream: number) => deviceOf(index).isStreamDone(stream)),
  cuda_stream_synchronize: guarded((index: number, stream: number) => {
    deviceOf(index).synchronizeStream(stream);
    return 1;
  }),
  cuda_new_event: guarded((index: number) => deviceOf(index).addon.createEvent()),
  cuda_free_event: (index: number, event: number) => cuda.opened[index]?.addon.destroyEvent(event),
  cuda_record_event: guarded((index: number, event: number) => {
    deviceOf(index).command("event_record", event);
    return 1;
  }),
  cuda_wait_event: guarded((index: number, event: number) => {
    deviceOf(index).command("event_wait", event);
    return 1;
  }),
  cuda_event_done: guarded((index: number, event: number) => deviceOf(index).isEventDone(event)),
  cuda_event_synchronize: guarded((index: number, event: number) => {
    deviceOf(index).synchronizeEvent(event);
    return 1;
  }),
  /** Milliseconds; -1 where one was not recorded or not reached. */
  cuda_elapsed_ms: guarded((index: number, start: number, end: number) => deviceOf(index).elapsedMs(start, end)),
};
