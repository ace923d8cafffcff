/**
 * PYTORCH_CUDA_ALLOC_CONF (or PYTORCH_ALLOC_CONF): `key:value,key:value`. What it may say is PyTorch's; of the keys only
 * max_split_size_mb has an effect here, the others tune mechanisms that this allocator does not have.
 */
import { RuntimeError } from "../errors.ts";

const MIB = 1024 * 1024;
/** PyTorch's least. */
const LEAST_SPLIT_MIB = 20;

const WITHOUT_EFFECT = new Set([
  "backend",
  "expandable_segments",
  "garbage_collection_threshold",
  "graph_capture_record_stream_reuse",
  "pinned_num_register_threads",
  "pinned_reserve_segment_size_mb",
  "pinned_use_background_threads",
  "pinned_use_cuda_host_register",
  "release_lock_on_cudamalloc",
  "release_lock_on_hipmalloc",
  "roundup_power2_divisions",
]);

export interface AllocatorSettings {
  /** Blocks of this size and larger are never split. */
  maxSplitBytes: number;
}

export function parseSettings(text: string): AllocatorSettings {
  const settings = { maxSplitBytes: Infinity };
  // Values may be lists in brackets, whose commas separate nothing here.
  for (const [entry] of text.matchAll(/[^,[\]]+(\[[^\]]*\])?/g)) {
    const [key, value = ""] = entry.split(/:(.*)/s).map((part) => part.trim());
    if (!key) continue;
    if (key === "max_split_size_mb") {
      const megabytes = Number(value);
      if (!Number.isInteger(megabytes) || megabytes < LEAST_SPLIT_MIB) {
        throw new RuntimeError(
          `CachingAllocator option max_split_size_mb too small, must be >= ${LEAST_SPLIT_MIB}: got '${value}'`,
        );
      }
      settings.maxSplitBytes = megabytes * MIB;
    } else if (!WITHOUT_EFFECT.has(key)) {
      throw new RuntimeError(`Unrecognized key '${key}' in CUDA allocator config.`);
    }
  }
  return settings;
}
