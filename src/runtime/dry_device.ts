/**
 * Devices without memory, which go by the names of real ones: for a process that runs code on shapes alone. Counts bytes
 * as if they were there; reading a value of theirs is refused.
 */
import type { Block } from "./allocator.ts";
import type { Device } from "./device.ts";

export class DryDevice implements Device {
  readonly type: string;
  readonly index: number;
  readonly id: number;
  readonly stream = null;
  allocatedBytes = 0;
  peakBytes = 0;

  constructor(type: string, index: number, id: number) {
    this.type = type;
    this.index = index;
    this.id = id;
  }

  allocate(bytes: number): Block {
    this.allocatedBytes += bytes;
    if (this.allocatedBytes > this.peakBytes) this.peakBytes = this.allocatedBytes;
    return { pointer: 0, sizeBytes: bytes, requestedBytes: bytes, id: 0, pool: 0, readyAfter: 0 };
  }

  free(block: Block): void {
    this.allocatedBytes -= block.sizeBytes;
  }

  resetPeak(): void {
    this.peakBytes = this.allocatedBytes;
  }
}
