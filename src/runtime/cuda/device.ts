/** One GPU: its stream of launches, its caching allocator, copies in stream order. Opened when it is first used. */
import { formatBytes, type Block } from "../allocator.ts";
import { ask } from "../bridge.ts";
import type { ComputeDevice } from "../device.ts";
import { OutOfMemoryError, RuntimeError } from "../errors.ts";
import type { CudaEngine, CudaProperties } from "../native/addon.ts";
import { Stream } from "../native/stream.ts";
import { dropAllPacks } from "../packs.ts";
import { CudaAccounts } from "./accounts.ts";
import { CudaAllocator } from "./allocator.ts";
import { defaultCudaGenerator, type CudaGenerator } from "./generator.ts";
import { notWhileCapturing, type CudaGraph } from "./graph.ts";

const RING_WORDS = 1 << 18;
const STREAMS_PER_PRIORITY = 32;

export class CudaDevice implements ComputeDevice {
  readonly type = "cuda";
  readonly index: number;
  readonly id: number;
  readonly stream: Stream;
  readonly addon: CudaEngine;
  readonly allocator: CudaAllocator;
  readonly properties: CudaProperties;
  readonly accounts = new CudaAccounts();
  /** Work goes to this stream. */
  currentStream = 0;
  readonly #streams = new Map<number, { numbers: number[]; nGiven: number }>();
  /** torch.cuda.set_sync_debug_mode: 1 warns of what makes the host wait, 2 refuses it. */
  syncDebug = 0;
  /** The graph that is being captured. */
  capture: CudaGraph | null = null;

  /** `control` is shared with the thread that cancels. */
  constructor(addon: CudaEngine, index: number, properties: CudaProperties, control: Int32Array) {
    this.index = index;
    this.id = 16 + index;
    this.addon = addon;
    this.properties = properties;
    this.stream = new Stream(addon, `cuda:${index}`, () => addon.open(RING_WORDS, control));
    this.allocator = new CudaAllocator(
      {
        allocate: (bytes) => addon.allocate(bytes),
        release: (pointer, bytes) => addon.release(pointer, bytes),
        drain: () => this.synchronize(),
        outOfMemory: (bytes) => this.#outOfMemory(bytes),
        mark: (stream) => this.mark(stream),
        isPassed: (event) => this.isEventDone(event),
        forgetMark: (event) => addon.destroyEvent(event),
      },
      this.accounts,
    );
    this.allocator.onShortage = dropAllPacks;
  }

  get queue(): number | null {
    return this.capture ? null : this.currentStream;
  }

  allocate(bytes: number): Block {
    return this.allocator.allocate(bytes);
  }
  free(block: Block): void {
    this.allocator.free(block);
  }

  defaultGenerator(): CudaGenerator {
    return defaultCudaGenerator(this.index);
  }

  /** What waits, or brings values to the host, cannot be captured. */
  refuseWhileCapturing(): void {
    if (!this.capture) return;
    this.capture.isBroken = true;
    throw notWhileCapturing();
  }

  /** A value is read: the host waits, and the program may want to know. */
  #beforeReading(): void {
    this.refuseWhileCapturing();
    if (this.syncDebug === 2) throw new RuntimeError("called a synchronizing CUDA operation");
    if (this.syncDebug === 1) ask("torch.cuda._rest:_warn_of_waiting");
  }

  /** In stream order: it waits for nothing but room in pinned memory. A graph that is captured keeps the bytes. */
  write(pointer: number, bytes: Uint8Array): void {
    if (!this.addon.write(pointer, bytes)) this.#fail();
  }
  read(pointer: number, target: Uint8Array, after: number): void {
    this.#beforeReading();
    if (!this.addon.read(pointer, target)) this.#fail();
    // What went wrong before is said now.
    this.stream.wait(after);
  }
  /** Returns the command whose end means that the copy is done. */
  upload(to: number, from: number, bytes: number, isPinned = false): number {
    if (this.capture && !isPinned) {
      throw new RuntimeError(
        "Cannot copy between CPU and CUDA tensors during CUDA graph capture unless the CPU tensor is pinned. Please use " +
          "tensor.pin_memory() or allocate the tensor with pin_memory=True.",
      );
    }
    if (!this.addon.upload(to, from, bytes, isPinned ? 1 : 0)) this.#fail();
    return this.stream.submitted;
  }
  /** With `isPinned` the bytes come later: who reads them must have waited. */
  download(to: number, from: number, bytes: number, after: number, isPinned = false): void {
    if (isPinned) {
      if (!this.addon.download(to, from, bytes, 1)) this.#fail();
      return;
    }
    this.#beforeReading();
    if (!this.addon.download(to, from, bytes, 0)) this.#fail();
    this.stream.wait(after);
  }

  /** Checked on the GPU, without waiting: the error comes with the next value that is read, as with PyTorch. */
  firstOutside(pointer: number, dtype: number, n: number, low: number, high: number): number {
    this.stream.begin("check_indices", 5).push(pointer).push(dtype).push(n).push(low).push(high).end(1);
    return -1;
  }

  allowTf32(on: boolean): void {
    this.command("matmul_allow_tf32", Number(on));
  }

  /** Of torch.backends.cudnn; `tries` is its `benchmark`. */
  configureConvolutions(enabled: boolean, tf32: boolean, tries: boolean, deterministic: boolean): void {
    const { stream } = this;
    stream.begin("convolution_options", 4).push(Number(enabled)).push(Number(tf32));
    stream.push(Number(tries)).push(Number(deterministic)).end(0);
  }

  /** The next run begins on the default stream, with all of the memory. */
  reset(): void {
    this.useStream(0);
    for (const known of this.#streams.values()) known.nGiven = 0;
    this.allocator.limitBytes = Infinity;
    this.allocator.chosenPool = 0;
    this.syncDebug = 0;
    this.allocator.resetPeaks();
    this.accounts.resetTotals();
  }

  // Streams and events: what is asked about must have reached the driver first.

  command(kernel: string, number: number): void {
    this.stream.begin(kernel, 1).push(number).end(0);
  }
  /** One of a limited number of streams, in turn, as PyTorch has them. */
  newStream(priority: number): number {
    const key = Math.sign(priority);
    let known = this.#streams.get(key);
    if (!known) this.#streams.set(key, (known = { numbers: [], nGiven: 0 }));
    const turn = known.nGiven++ % STREAMS_PER_PRIORITY;
    return (known.numbers[turn] ??= this.addon.createStream(priority));
  }
  useStream(stream: number): void {
    if (stream === this.currentStream) return;
    this.command("stream_use", stream);
    this.currentStream = stream;
    // As with PyTorch, memory is handed out again only to the stream it was made for.
    this.allocator.stream = stream;
  }
  /** A fresh event at the end of a stream. */
  mark(stream: number): number {
    const event = this.addon.createEvent();
    const before = this.currentStream;
    if (stream !== before) this.command("stream_use", stream);
    this.command("event_record", event);
    if (stream !== before) this.command("stream_use", before);
    return event;
  }
  /** Until everything that was asked for is done. */
  synchronize(): void {
    this.refuseWhileCapturing();
    this.stream.waitAll();
  }
  isStreamDone(stream: number): boolean {
    this.refuseWhileCapturing();
    this.#issue();
    return this.addon.queryStream(stream);
  }
  synchronizeStream(stream: number): void {
    this.refuseWhileCapturing();
    this.#issue();
    if (!this.addon.synchronizeStream(stream)) this.#fail();
  }
  isEventDone(event: number): boolean {
    this.#issue();
    return this.addon.queryEvent(event);
  }
  synchronizeEvent(event: number): void {
    this.refuseWhileCapturing();
    this.#issue();
    if (!this.addon.synchronizeEvent(event)) this.#fail();
  }
  elapsedMs(start: number, end: number): number {
    this.#issue();
    return this.addon.elapsedMs(start, end);
  }

  #issue(): void {
    if (!this.addon.issue(this.stream.submitted)) this.stream.wait(this.stream.submitted);
  }

  #fail(): never {
    this.stream.fail();
  }

  /** PyTorch's explanation, in its order; people paste it into search engines. */
  #outOfMemory(bytes: number): OutOfMemoryError {
    const s = this.allocator.statistics;
    const { freeBytes, totalBytes } = this.addon.memoryInfo();
    const unused = s.reservedBytes - s.allocatedBytes;
    const limit = this.allocator.limitBytes;
    const inGraphs = this.allocator.graphBytes;
    return new OutOfMemoryError(
      `CUDA out of memory. Tried to allocate ${formatBytes(bytes)}. GPU ${this.index} has a total capacity of ` +
        `${formatBytes(totalBytes)} of which ${formatBytes(freeBytes)} is free. ` +
        (limit < totalBytes ? `${formatBytes(limit)} allowed; ` : "") +
        `Including non-PyTorch memory, this process has ${formatBytes(totalBytes - freeBytes)} memory in use. ` +
        `Of the allocated memory ${formatBytes(s.allocatedBytes)} is allocated by PyTorch, ` +
        (inGraphs > 0 ? `with ${formatBytes(inGraphs)} allocated in private pools (e.g., CUDA Graphs), ` : "") +
        `and ${formatBytes(unused)} is reserved by PyTorch but unallocated.`,
      () => this.accounts.nOutOfMemory--,
    );
  }
}
