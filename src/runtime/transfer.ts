/** Moving tensors between devices, and the errors of those that should have been moved. No tape, no dtype changes. */
import { deviceName, PINNED_POOL, type ComputeDevice, type CpuDevice, type Device } from "./device.ts";
import type { CudaDevice } from "./cuda/device.ts";
import type { CudaPinnedMemory } from "./cuda/pinned.ts";
import { NotImplementedError, RuntimeError } from "./errors.ts";
import { empty, type Tensor } from "./tensor.ts";

export function differentDevices(a: Device, b: Device): RuntimeError {
  return new RuntimeError(
    `Expected all tensors to be on the same device, but found at least two devices, ${deviceName(a)} and ${deviceName(b)}!`,
  );
}

/**
 * How bytes cross: both tensors hold the same elements in the same order. Uploads are in stream order and wait for
 * nothing; with `nonBlocking` pinned memory is even read, or written, after the call.
 */
export function transferBytes(target: Tensor, source: Tensor, nonBlocking = false): void {
  if (target.numel === 0) return;
  if (!source.device.stream) throw new NotImplementedError("copying out of a meta tensor, which has no data,");
  const to = target.device as ComputeDevice;
  const from = source.device as ComputeDevice;
  const { storage } = target;
  const isFree = Math.max(storage.lastWrite, storage.block!.readyAfter);
  if (from.type === "cpu" && to.type === "cuda") {
    (from as CpuDevice).stream.wait(source.storage.lastWrite);
    const gpu = to as CudaDevice;
    const isPinned = nonBlocking && source.storage.block!.pool === PINNED_POOL;
    storage.lastWrite = gpu.upload(target.pointer, source.pointer, target.nbytes, isPinned);
    if (isPinned) ((from as CpuDevice).pinned as CudaPinnedMemory).copying(source.storage.block!, gpu);
  } else if (from.type === "cuda" && to.type === "cpu") {
    // Into pinned memory the GPU copies by itself, when it comes to it; what the CPU does there must be over before.
    to.stream.wait(isFree);
    const isPinned = nonBlocking && storage.block!.pool === PINNED_POOL;
    if (isPinned) to.stream.waitAll();
    const gpu = from as CudaDevice;
    gpu.download(target.pointer, source.pointer, target.nbytes, source.storage.lastWrite, isPinned);
    if (isPinned) ((to as CpuDevice).pinned as CudaPinnedMemory).copying(storage.block!, gpu);
  } else {
    const bytes = new Uint8Array(source.nbytes);
    from.read(source.pointer, bytes, source.storage.lastWrite);
    to.write(target.pointer, bytes, isFree);
  }
}

/** A contiguous copy of a contiguous tensor on another device. */
export function copiedTo(device: Device, source: Tensor): Tensor {
  const out = empty(source.shape, source.dtype, device);
  if (device.stream) transferBytes(out, source);
  return out;
}
