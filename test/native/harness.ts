/**
 * Drives the real CPU addon through its ring, for tests and measurements of native code: tensors with strides, launches
 * by kernel name, pointwise programs by opcode name. No allocator, no autograd, no shape rules: tests say what is meant.
 */
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What cpu.node exports; native/README.md describes each function. */
export interface Addon {
  info(): { isa: string; cpu: string; threads: number; physicalBytes: number; libraries: Record<string, string> };
  kernels(): string[];
  opcodes(): string[];
  open(ringWords: number): { ring: Float64Array; control: Int32Array };
  close(): void;
  setThreads(n: number): void;
  wake(): void;
  wait(command: number): boolean;
  allocate(bytes: number): number;
  release(pointer: number, bytes: number): void;
  write(pointer: number, source: Uint8Array): void;
  read(pointer: number, target: Uint8Array): void;
  define(program: Float64Array): number;
  events(target: Float64Array): number;
  now(): number;
  takeError(): string | undefined;
  checkIndices(pointer: number, dtype: number, n: number, low: number, high: number): number;
}

export const addonPath =
  process.env.LAYERWISE_CPU_ADDON ?? fileURLToPath(new URL("../../native/bin/linux-x64/cpu.node", import.meta.url));

/** "cuda": the kernels of cuda.node, on a GPU or on the emulated driver that $LAYERWISE_CUDA_DRIVER names. */
export const testDevice = process.env.LAYERWISE_TEST_DEVICE === "cuda" ? "cuda" : "cpu";

const cudaAddonPath =
  process.env.LAYERWISE_CUDA_ADDON ?? fileURLToPath(new URL("../../native/bin/linux-x64/cuda.node", import.meta.url));

/** Tests skip themselves, with this reason, where the addon was not built. */
export const whyMissing = existsSync(testDevice === "cuda" ? cudaAddonPath : addonPath)
  ? false
  : `native/bin/linux-x64/${testDevice}.node is not built`;

export function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  if (testDevice === "cpu") return require(addonPath) as Addon;
  return (require(cudaAddonPath) as { device(index: number): Addon }).device(0);
}

export const dtypes = {
  uint8: 0,
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  float16: 5,
  float32: 6,
  float64: 7,
  bool: 11,
  bfloat16: 15,
} as const;
export type DtypeName = keyof typeof dtypes;
export const dtypeNames = Object.keys(dtypes) as DtypeName[];

export const elementBytes: Record<DtypeName, number> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float16: 2,
  float32: 4,
  float64: 8,
  bool: 1,
  bfloat16: 2,
};

export const TAIL = 0;
export const SUBMITTED = 1;
export const HEAD = 2;
export const DONE = 3;
export const ASLEEP = 4;
export const RECORD = 5;
export const CANCEL = 6;
export const ERROR = 7;

/** A view of native memory: `pointer` is that of the first element, strides count elements. */
export interface Tensor {
  pointer: number;
  dtype: DtypeName;
  shape: number[];
  strides: number[];
}

/** Plain numbers of any dtype; int64 beyond 2^53 comes as bigint. */
export type Values = ArrayLike<number | bigint>;

export function product(sizes: number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}

export function contiguousStrides(shape: number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= Math.max(1, shape[d]!);
  }
  return strides;
}

const scratch = new DataView(new ArrayBuffer(8));

function float16Bits(value: number): number {
  // DataView has setFloat16 from Node 24 on; rounds to nearest even.
  scratch.setFloat16(0, value);
  return scratch.getUint16(0);
}

function bfloat16Bits(value: number): number {
  // Through float32: exact for the values that tests use, and what the hardware does.
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

export function encode(values: Values, dtype: DtypeName): Uint8Array {
  const n = values.length;
  const bytes = new Uint8Array(n * elementBytes[dtype]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    const x = Number(value);
    switch (dtype) {
      case "uint8":
        view.setUint8(i, x);
        break;
      case "bool":
        view.setUint8(i, x ? 1 : 0);
        break;
      case "int8":
        view.setInt8(i, x);
        break;
      case "int16":
        view.setInt16(i * 2, x, true);
        break;
      case "int32":
        view.setInt32(i * 4, x, true);
        break;
      case "int64":
        view.setBigInt64(i * 8, BigInt(value), true);
        break;
      case "float16":
        view.setUint16(i * 2, float16Bits(x), true);
        break;
      case "bfloat16":
        view.setUint16(i * 2, bfloat16Bits(x), true);
        break;
      case "float32":
        view.setFloat32(i * 4, x, true);
        break;
      case "float64":
        view.setFloat64(i * 8, x, true);
        break;
    }
  }
  return bytes;
}

export function decode(bytes: Uint8Array, dtype: DtypeName): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const n = bytes.byteLength / elementBytes[dtype];
  const out = new Array<number>(n);
  for (let i = 0; i < n; i++) {
    switch (dtype) {
      case "uint8":
      case "bool":
        out[i] = view.getUint8(i);
        break;
      case "int8":
        out[i] = view.getInt8(i);
        break;
      case "int16":
        out[i] = view.getInt16(i * 2, true);
        break;
      case "int32":
        out[i] = view.getInt32(i * 4, true);
        break;
      case "int64":
        out[i] = Number(view.getBigInt64(i * 8, true));
        break;
      case "float16":
        out[i] = view.getFloat16(i * 2, true);
        break;
      case "bfloat16":
        scratch.setUint32(0, view.getUint16(i * 2, true) << 16);
        out[i] = scratch.getFloat32(0);
        break;
      case "float32":
        out[i] = view.getFloat32(i * 4, true);
        break;
      case "float64":
        out[i] = view.getFloat64(i * 8, true);
        break;
    }
  }
  return out;
}

/** [opcode, dst, a, b, c]; unused operands may be left out. */
export type Instruction = [opcode: string, dst: number, ...operands: number[]];

export interface Program {
  compute: "float32" | "float64" | "int64";
  inputs: number;
  constants: number;
  temporaries: number;
  code: Instruction[];
  outputs: number[];
}

/** Bytes behind and before every block that must not change. */
const guardBytes = 64;
const guardByte = 0xa5;

export class Machine {
  readonly addon: Addon;
  readonly ring: Float64Array;
  readonly control: Int32Array;
  /** Commands submitted so far. */
  submitted = 0;
  readonly #kernelIds = new Map<string, number>();
  readonly #opcodes = new Map<string, number>();
  readonly #blocks: { pointer: number; bytes: number }[] = [];
  #tail = 0;

  constructor(addon: Addon, ringWords = 1 << 16) {
    this.addon = addon;
    const { ring, control } = addon.open(ringWords);
    this.ring = ring;
    this.control = control;
    addon.kernels().forEach((name, id) => this.#kernelIds.set(name, id));
    addon.opcodes().forEach((name, opcode) => this.#opcodes.set(name, opcode));
  }

  has(kernel: string): boolean {
    return this.#kernelIds.has(kernel);
  }

  /** Publishes one command and returns its number; waits for room when the ring is full. */
  submit(kernel: string, words: ArrayLike<number>): number {
    const id = this.#kernelIds.get(kernel);
    if (id === undefined) throw new Error(`no kernel ${kernel}`);
    return this.submitId(id, words);
  }

  submitId(id: number, words: ArrayLike<number>): number {
    const size = this.ring.length;
    const length = words.length + 2;
    if (length > size / 2) throw new Error("the command is larger than half of the ring");
    const position = this.#tail % size;
    if (position + length > size) {
      const padding = size - position;
      this.#makeRoom(padding);
      this.ring[position] = 0;
      if (padding > 1) this.ring[position + 1] = padding;
      this.#publish(padding);
    }
    this.#makeRoom(length);
    const at = this.#tail % size;
    this.ring[at] = id;
    this.ring[at + 1] = length;
    for (let i = 0; i < words.length; i++) this.ring[at + 2 + i] = words[i]!;
    this.#publish(length);
    return this.submitted;
  }

  #makeRoom(words: number): void {
    const used = (this.#tail - Atomics.load(this.control, HEAD)) | 0;
    if (used + words <= this.ring.length) return;
    this.addon.wait(this.submitted);
  }

  #publish(words: number): void {
    this.#tail += words;
    this.submitted++;
    Atomics.store(this.control, SUBMITTED, this.submitted | 0);
    Atomics.store(this.control, TAIL, this.#tail | 0);
  }

  /** Lets the engine's thread begin, as a caller does that goes on with something else. */
  kick(): void {
    if (Atomics.load(this.control, ASLEEP)) this.addon.wake();
  }

  /** Waits for everything; throws what a kernel reported. */
  sync(): void {
    if (this.addon.wait(this.submitted)) return;
    const error = this.addon.takeError();
    throw new Error(error ?? "cancelled");
  }

  /** Launches with arguments as native/README.md lists them; a tensor stands for `pointer, dtype`. */
  launch(kernel: string, ...args: (number | boolean | number[] | Tensor)[]): number {
    const words: number[] = [];
    for (const arg of args) {
      if (typeof arg === "number") words.push(arg);
      else if (typeof arg === "boolean") words.push(arg ? 1 : 0);
      else if (Array.isArray(arg)) words.push(...arg);
      else words.push(arg.pointer, dtypes[arg.dtype]);
    }
    return this.submit(kernel, words);
  }

  /** Native memory with guard bytes around it, filled with NaN-like garbage. */
  allocate(bytes: number): number {
    const whole = bytes + 2 * guardBytes;
    const pointer = this.addon.allocate(whole);
    if (!pointer) throw new Error(`cannot allocate ${whole} bytes`);
    if (bytes <= 1 << 24) this.addon.write(pointer, new Uint8Array(whole).fill(guardByte));
    this.#blocks.push({ pointer, bytes: whole });
    return pointer + guardBytes;
  }

  /** A contiguous tensor that holds `values`. */
  tensor(values: Values, dtype: DtypeName, shape: number[] = [values.length]): Tensor {
    if (product(shape) !== values.length) throw new Error(`${values.length} values for shape ${shape}`);
    const tensor = this.empty(dtype, shape);
    this.addon.write(tensor.pointer, encode(values, dtype));
    return tensor;
  }

  empty(dtype: DtypeName, shape: number[]): Tensor {
    const pointer = this.allocate(product(shape) * elementBytes[dtype]);
    return { pointer, dtype, shape, strides: contiguousStrides(shape) };
  }

  /** Waits, then the elements in row-major order, whatever the strides. */
  read(tensor: Tensor): number[] {
    this.sync();
    const { shape, strides, dtype } = tensor;
    const size = elementBytes[dtype];
    const n = product(shape);
    if (n === 0) return [];
    let low = 0;
    let high = 0;
    strides.forEach((stride, d) => {
      const reach = stride * (shape[d]! - 1);
      if (reach < 0) low += reach;
      else high += reach;
    });
    const bytes = new Uint8Array((high - low + 1) * size);
    this.addon.read(tensor.pointer + low * size, bytes);
    const flat = decode(bytes, dtype);
    const out = new Array<number>(n);
    const index = new Array<number>(shape.length).fill(0);
    for (let i = 0; i < n; i++) {
      let at = -low;
      for (let d = 0; d < shape.length; d++) at += index[d]! * strides[d]!;
      out[i] = flat[at]!;
      for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0;
    }
    return out;
  }

  readBytes(pointer: number, bytes: number): Uint8Array {
    this.sync();
    const target = new Uint8Array(bytes);
    this.addon.read(pointer, target);
    return target;
  }

  opcode(name: string): number {
    const opcode = this.#opcodes.get(name);
    if (opcode === undefined) throw new Error(`no opcode ${name}`);
    return opcode;
  }

  define(program: Program): number {
    const code = program.code.flatMap(([name, ...operands]) => {
      return [this.opcode(name), ...operands, ...new Array<number>(4 - operands.length).fill(0)];
    });
    const compute = ["float32", "float64", "int64"].indexOf(program.compute);
    const head = [
      compute,
      program.inputs,
      program.constants,
      program.temporaries,
      program.code.length,
      program.outputs.length,
    ];
    return this.addon.define(Float64Array.from([...head, ...code, ...program.outputs]));
  }

  /** All operands have the shape of the first output; broadcasting is a stride of 0 in the operand given. */
  pointwise(program: number, inputs: Tensor[], outputs: Tensor[], constants: number[] = []): number {
    const sizes = outputs[0]!.shape;
    const operands = [...inputs, ...outputs];
    const words = [program, sizes.length, operands.length, constants.length, ...sizes];
    for (const operand of operands) words.push(operand.pointer, dtypes[operand.dtype], ...operand.strides);
    words.push(...constants);
    return this.submit("pointwise", words);
  }

  /** Throws when a kernel wrote around a block of at most 16 MiB; frees everything that was allocated. */
  releaseAll(): void {
    this.sync();
    for (const { pointer, bytes } of this.#blocks.splice(0)) {
      if (bytes - 2 * guardBytes <= 1 << 24) {
        const guard = new Uint8Array(guardBytes);
        for (const at of [pointer, pointer + bytes - guardBytes]) {
          this.addon.read(at, guard);
          if (guard.some((byte) => byte !== guardByte)) {
            throw new Error(
              `a kernel wrote ${at === pointer ? "before" : "behind"} a block of ${bytes - 2 * guardBytes} bytes`,
            );
          }
        }
      }
      this.addon.release(pointer, bytes);
    }
  }

  close(): void {
    this.releaseAll();
    this.addon.close();
  }
}

export function open(ringWords?: number): Machine {
  return new Machine(loadAddon(), ringWords);
}

/** The view with two dimensions swapped. */
export function transpose(t: Tensor, a: number, b: number): Tensor {
  const shape = [...t.shape];
  const strides = [...t.strides];
  [shape[a], shape[b]] = [shape[b]!, shape[a]!];
  [strides[a], strides[b]] = [strides[b]!, strides[a]!];
  return { ...t, shape, strides };
}

/** The view that repeats t along its dimensions of size 1 (and new leading ones) up to `shape`. */
export function expand(t: Tensor, shape: number[]): Tensor {
  const lead = shape.length - t.shape.length;
  const strides = shape.map((size, d) =>
    d < lead || (t.shape[d - lead] === 1 && size !== 1) ? 0 : t.strides[d - lead]!,
  );
  return { ...t, shape, strides };
}

/** The view of every `step`-th element of a dimension from `start` on, `size` of them; step may be negative. */
export function slice(t: Tensor, dim: number, start: number, size: number, step = 1): Tensor {
  const shape = [...t.shape];
  const strides = [...t.strides];
  const pointer = t.pointer + start * strides[dim]! * elementBytes[t.dtype];
  shape[dim] = size;
  strides[dim] = strides[dim]! * step;
  return { ...t, pointer, shape, strides };
}

/** Reproducible numbers in [0, 1). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
