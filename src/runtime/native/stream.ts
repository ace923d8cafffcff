/**
 * A stream of kernel launches: appended here, executed by the native engine in order while Python goes on. Only reading a
 * value waits. One stream per device; the CPU's is a ring in memory shared with the engine (native/README.md).
 */
import { NotImplementedError, PythonError, RuntimeError } from "../errors.ts";
import type { NativeEngine } from "./addon.ts";

const TAIL = 0;
const SUBMITTED = 1;
const HEAD = 2;
const DONE = 3;
const ASLEEP = 4;
const RECORD = 5;
const CANCEL = 6;

const SKIP = 0;
const RING_WORDS = 1 << 18;

/**
 * Work, in estimated microseconds, that may wait before a sleeping engine is woken: a wake-up costs 15-70 us of somebody's
 * time, so tiny programs are executed by whoever waits for their result.
 */
const WAKE_AFTER_US = 40;

/** A kernel and its arguments. */
export interface Command {
  kernel: string;
  args: readonly number[];
}

/** Launches that wait for what comes next, because it may be done with them (epilogue.ts). */
export interface Held {
  /** What is to be published in their place, as many as were counted or fewer; asked once. */
  commands(): readonly Command[];
  /** A rough estimate of the work. */
  us: number;
}

/** Room in the ring for whatever is held, so that no skip comes between its numbers. */
const HELD_WORDS = 512;

export class Stream {
  readonly addon: NativeEngine;
  /** "cpu", "cuda:0": begins the text of errors. */
  readonly #device: string;
  readonly #kernelIds = new Map<string, number>();
  readonly #ring: Float64Array;
  readonly #control: Int32Array;
  #write = 0;
  #published = 0;
  #start = 0;
  #pendingUs = 0;
  #held: Held | null = null;
  #heldCount = 0;
  /** Commands submitted so far, those held among them; the number of the latest one. */
  submitted = 0;
  /** Called with each new command's number and kernel, while a trace is recorded. */
  onLaunch: ((command: number, kernel: string) => void) | null = null;
  #kernel = "";

  constructor(addon: NativeEngine, device = "cpu", open = () => addon.open(RING_WORDS)) {
    this.addon = addon;
    this.#device = device;
    addon.kernels().forEach((name, id) => this.#kernelIds.set(name, id));
    const { ring, control } = open();
    this.#ring = ring;
    this.#control = control;
  }

  /**
   * Begin a launch; follow with `push` for each argument and one `end`. `words` is an upper bound of its arguments; traces
   * show `label` where the kernel's own name says too little.
   */
  begin(kernel: string, words: number, label = kernel): this {
    const id = this.#kernelIds.get(kernel);
    if (id === undefined) throw missingKernel(this.#device, kernel);
    if (this.#held) this.#publishHeld();
    this.#reserve((words + 3) & ~1);
    this.#kernel = label;
    this.#start = this.#write;
    this.#ring[this.#write] = id;
    this.#write += 2;
    return this;
  }

  push(value: number): this {
    this.#ring[this.#write++] = value;
    return this;
  }

  pushAll(values: readonly number[]): this {
    const ring = this.#ring;
    const at = this.#write;
    for (let i = 0; i < values.length; i++) ring[at + i] = values[i]!;
    this.#write = at + values.length;
    return this;
  }

  /** Publish the launch and return its number. `us` is a rough estimate of the work, for deciding when to wake the engine. */
  end(us: number): number {
    // Even lengths keep room for the two words of a skip before the ring's end.
    if ((this.#write - this.#start) & 1) this.#ring[this.#write++] = 0;
    const words = this.#write - this.#start;
    this.#ring[this.#start + 1] = words;
    this.#published = (this.#published + words) | 0;
    const command = ++this.submitted;
    this.#publish(us);
    if (this.onLaunch) this.onLaunch(command, this.#kernel);
    return command;
  }

  #publish(us: number): void {
    const control = this.#control;
    Atomics.store(control, TAIL, this.#published);
    Atomics.store(control, SUBMITTED, this.submitted | 0);
    this.#pendingUs += us;
    if (this.#pendingUs > WAKE_AFTER_US) {
      this.#pendingUs = 0;
      if (Atomics.load(control, ASLEEP) === 1) this.addon.wake();
    }
  }

  get held(): Held | null {
    return this.#held;
  }

  /** Hold these launches, numbered by `count`, until something else is launched or waited for. */
  hold(held: Held): void {
    if (this.#held) this.#publishHeld();
    this.#reserve(HELD_WORDS);
    this.#held = held;
  }

  /** The number of one more launch that is held. */
  count(): number {
    this.#heldCount++;
    return ++this.submitted;
  }

  #publishHeld(): void {
    const held = this.#held!;
    this.#held = null;
    const commands = held.commands();
    for (const { kernel, args } of commands) this.#place(this.#kernelIds.get(kernel)!, args);
    for (let i = commands.length; i < this.#heldCount; i++) this.#place(SKIP, []);
    this.#heldCount = 0;
    this.#publish(held.us);
  }

  #place(id: number, args: readonly number[]): void {
    const words = (args.length + 3) & ~1;
    const ring = this.#ring;
    ring[this.#write] = id;
    ring[this.#write + 1] = words;
    for (let i = 0; i < args.length; i++) ring[this.#write + 2 + i] = args[i]!;
    if (args.length & 1) ring[this.#write + words - 1] = 0;
    this.#write += words;
    this.#published = (this.#published + words) | 0;
  }

  isDone(command: number): boolean {
    return ((Atomics.load(this.#control, DONE) - (command | 0)) | 0) >= 0;
  }

  /** Wait until `command` and all before it are finished. */
  wait(command: number): void {
    if (this.#held) this.#publishHeld();
    if (this.isDone(command)) return;
    this.#pendingUs = 0;
    if (this.addon.wait(command)) return;
    if (this.isCancelled) throw new PythonError("KeyboardInterrupt", "");
    this.fail();
  }

  /** Throw what the engine has to say, as the class that it names. */
  fail(): never {
    const text = this.addon.takeError() ?? `[${this.#device}] a kernel failed without saying why`;
    const [, type] = /^(IndexError): /.exec(text) ?? [];
    throw type ? new PythonError(type, text.slice(type.length + 2)) : new RuntimeError(text);
  }

  /** Does the addon have this kernel? */
  has(kernel: string): boolean {
    return this.#kernelIds.has(kernel);
  }

  waitAll(): void {
    this.wait(this.submitted);
  }

  get isCancelled(): boolean {
    return Atomics.load(this.#control, CANCEL) === 1;
  }

  /** Shared with the thread that cancels: store 1 at this index. */
  get control(): Int32Array {
    return this.#control;
  }
  static readonly cancelIndex = CANCEL;

  clearCancel(): void {
    Atomics.store(this.#control, CANCEL, 0);
  }

  set recording(on: boolean) {
    Atomics.store(this.#control, RECORD, on ? 1 : 0);
  }

  #reserve(words: number): void {
    const used = () => (this.#published - Atomics.load(this.#control, HEAD)) | 0;
    const toEnd = RING_WORDS - this.#write;
    const needed = toEnd < words ? toEnd + words : words;
    if (needed > RING_WORDS)
      throw new RuntimeError(`[${this.#device}] a launch of ${words} words does not fit into the ring`);
    while (RING_WORDS - used() < needed) {
      // Full: let the engine work off half of what is queued, then go on.
      if (this.addon.issue?.(this.submitted)) continue;
      this.wait(this.submitted - ((this.submitted - this.#doneCount()) >> 1));
    }
    if (toEnd < words && toEnd > 0) {
      // A command never straddles the end: pad with a skip.
      this.#ring[this.#write] = 0;
      this.#ring[this.#write + 1] = toEnd;
      this.#published = (this.#published + toEnd) | 0;
      this.submitted++;
      Atomics.store(this.#control, TAIL, this.#published);
      Atomics.store(this.#control, SUBMITTED, this.submitted | 0);
    }
    if (toEnd < words) this.#write = 0;
  }

  /** Commands that are known to be finished; on a GPU only waiting tells. */
  get done(): number {
    return this.#doneCount();
  }

  #doneCount(): number {
    const done = Atomics.load(this.#control, DONE);
    return this.submitted - ((this.submitted - done) | 0);
  }
}

function missingKernel(device: string, kernel: string): PythonError {
  if (device === "cpu") return new RuntimeError(`[cpu] the native addon has no kernel '${kernel}': rebuild it`);
  return new NotImplementedError(`the kernel '${kernel}' on ${device}`);
}
