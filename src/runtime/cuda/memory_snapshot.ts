/** What `torch.cuda.memory_snapshot` tells of one GPU: its segments and their blocks, in PyTorch's words. Reads alone. */
import { CudaAllocator } from "./allocator.ts";
import type { CudaBlock } from "./blocks.ts";
import type { CudaDevice } from "./device.ts";

interface BlockSnapshot {
  address: number;
  size: number;
  requested_size: number;
  state: "active_allocated" | "active_awaiting_free" | "inactive";
  frames: [];
}

interface SegmentSnapshot {
  device: number;
  address: number;
  total_size: number;
  allocated_size: number;
  active_size: number;
  requested_size: number;
  stream: number;
  segment_type: "small" | "large";
  segment_pool_id: [number, number];
  is_expandable: false;
  frames: [];
  blocks: BlockSnapshot[];
}

function stateOf(block: CudaBlock): BlockSnapshot["state"] {
  if (block.isFree) return "inactive";
  return block.nAwaited > 0 ? "active_awaiting_free" : "active_allocated";
}

export function snapshotOf(device: CudaDevice): SegmentSnapshot[] {
  const segments = new Map<CudaBlock, SegmentSnapshot>();
  for (const { segment, block } of device.allocator.eachBlock()) {
    let about = segments.get(segment);
    if (!about) {
      about = {
        device: device.index,
        address: segment.pointer,
        total_size: 0,
        allocated_size: 0,
        active_size: 0,
        requested_size: 0,
        stream: CudaAllocator.streamOf(segment),
        segment_type: segment.isSmall ? "small" : "large",
        segment_pool_id: [0, CudaAllocator.graphPoolOf(segment)],
        is_expandable: false,
        frames: [],
        blocks: [],
      };
      segments.set(segment, about);
    }
    const state = stateOf(block);
    about.total_size += block.sizeBytes;
    if (state === "active_allocated") about.allocated_size += block.sizeBytes;
    if (state !== "inactive") {
      about.active_size += block.sizeBytes;
      about.requested_size += block.requestedBytes;
    }
    const requested_size = state === "inactive" ? 0 : block.requestedBytes;
    about.blocks.push({ address: block.pointer, size: block.sizeBytes, requested_size, state, frames: [] });
  }
  return [...segments.values()].sort((a, b) => a.address - b.address);
}
