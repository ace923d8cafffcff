/** A pointwise kernel: expressions, compiled per compute type when first needed, launched over tensors. */
import { isFloat8, type DType } from "../dtype.ts";
import type { Device } from "../device.ts";
import { computeValues } from "../dry_values.ts";
import { followPointwise } from "../epilogue.ts";
import { copiedTo, differentDevices } from "../transfer.ts";
import type { Stream } from "../native/stream.ts";
import { broadcastStrides, sameShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { compile, type Compute, type Program } from "./compile.ts";
import type { Expr } from "./expr.ts";
import { coalesce } from "./iteration.ts";

/** float16 and bfloat16 compute in float32, all integers and bool in int64. */
export function computeType(dtype: DType): Compute {
  if (dtype.kind === "complex") throw new Error("complex numbers are computed by their parts: pointwise/complex.ts");
  if (dtype.kind !== "float") return "int64";
  if (isFloat8(dtype)) throw new Error(`nothing is computed in ${dtype.name}: ops/float8.ts`);
  return dtype.size === 8 ? "float64" : "float32";
}

const opcodeTables = new WeakMap<Stream, Map<string, number>>();

function opcodesOf(stream: Stream): Map<string, number> {
  let table = opcodeTables.get(stream);
  if (!table) {
    table = new Map(stream.addon.opcodes().map((name, i) => [name, i]));
    opcodeTables.set(stream, table);
  }
  return table;
}

/** Elements per microsecond that one core does of a simple operation; only decides when the engine is woken. */
const ELEMENTS_PER_US = 2000;

export class PointwiseKernel {
  readonly name: string;
  readonly outputs: readonly Expr[];
  readonly nInputs: number;
  readonly nParams: number;
  /** Is this the sum of two tensors and nothing else? */
  readonly isPlainSum: boolean;
  readonly #label: string;
  readonly #compiled = new Map<Compute, { program: Program; id: number; stream: Stream }[]>();

  constructor(name: string, outputs: readonly Expr[], nInputs: number, nParams: number) {
    this.name = name;
    this.#label = `pointwise[${name}]`;
    this.outputs = outputs;
    this.nInputs = nInputs;
    this.nParams = nParams;
    const [root] = outputs;
    this.isPlainSum =
      outputs.length === 1 &&
      root!.kind === "call" &&
      root!.op === "add" &&
      root!.args.every((arg, i) => arg.kind === "input" && arg.index === i);
  }

  #prepare(compute: Compute, stream: Stream): { program: Program; id: number } {
    const entries = this.#compiled.get(compute);
    const known = entries && (entries[0]!.stream === stream ? entries[0] : entries.find((e) => e.stream === stream));
    if (known) return known;
    const program = compile(this.outputs, compute, this.nInputs, this.nParams, opcodesOf(stream));
    const entry = { program, id: stream.addon.define(program.words), stream };
    if (entries) entries.push(entry);
    else this.#compiled.set(compute, [entry]);
    return entry;
  }

  /**
   * Run over `outputs` (all of one shape, which inputs broadcast to), computing in `dtype`'s compute type. Inputs and
   * outputs may have any dtype: loads and stores convert.
   */
  launch(dtype: DType, outputs: readonly Tensor[], inputs: readonly Tensor[], params: readonly number[]): void {
    const target = outputs[0]!;
    const stream = target.device.stream;
    if (target.numel === 0) return;
    if (!stream) return computeValues(this.outputs, dtype, outputs, inputs, params);
    for (const t of inputs) if (t.device !== target.device) inputs = onDevice(target.device, inputs);
    const { program, id } = this.#prepare(computeType(dtype), stream);
    const shape = target.shape;
    const nOperands = inputs.length + outputs.length;
    const consts = params.length + program.constants.length;

    if (isFlat(target, inputs, outputs)) {
      if (stream.held && outputs.length === 1) {
        const plain = (): number[] => {
          const args = [id, 1, nOperands, consts, target.numel];
          for (const t of inputs) args.push(t.pointer, t.dtype.id, t.numel === 1 && target.numel !== 1 ? 0 : 1);
          return [...args, target.pointer, target.dtype.id, 1, ...params, ...program.constants];
        };
        if (followPointwise(this, target, inputs, params, plain)) return;
      }
      stream
        .begin("pointwise", 5 + nOperands * 3 + consts, this.#label)
        .push(id)
        .push(1)
        .push(nOperands)
        .push(consts)
        .push(target.numel);
      for (const t of inputs)
        stream
          .push(t.pointer)
          .push(t.dtype.id)
          .push(t.numel === 1 && target.numel !== 1 ? 0 : 1);
      for (const t of outputs) stream.push(t.pointer).push(t.dtype.id).push(1);
    } else {
      const strides: Shape[] = outputs.map((t) => t.strides);
      for (const t of inputs) strides.push(broadcastStrides(t.shape, t.strides, shape));
      const loops = coalesce(shape, strides);
      const ndim = loops.sizes.length;
      stream
        .begin("pointwise", 4 + ndim + nOperands * (2 + ndim) + consts, this.#label)
        .push(id)
        .push(ndim)
        .push(nOperands)
        .push(consts)
        .pushAll(loops.sizes);
      inputs.forEach((t, k) =>
        stream
          .push(t.pointer)
          .push(t.dtype.id)
          .pushAll(loops.strides[outputs.length + k]!),
      );
      outputs.forEach((t, k) => stream.push(t.pointer).push(t.dtype.id).pushAll(loops.strides[k]!));
    }
    stream.pushAll(params).pushAll(program.constants);
    const command = stream.end((target.numel * (2 + program.flopsPerElement)) / ELEMENTS_PER_US);
    for (const t of outputs) t.storage.lastWrite = command;
  }
}

/** Numbers that live on the CPU as tensors of no dims take part everywhere, as in PyTorch; nothing else does. */
function onDevice(device: Device, inputs: readonly Tensor[]): Tensor[] {
  return inputs.map((t) => {
    if (t.device === device) return t;
    if (t.rank === 0 && t.device.type === "cpu") return copiedTo(device, t);
    throw differentDevices(device, t.device);
  });
}

/** Are all operands contiguous at the same shape, or single numbers? Then one loop does. */
function isFlat(target: Tensor, inputs: readonly Tensor[], outputs: readonly Tensor[]): boolean {
  for (const t of outputs) if (!t.isContiguous) return false;
  for (const t of inputs) {
    if (t.numel === 1) continue;
    if (!sameShape(t.shape, target.shape) || !t.isContiguous) return false;
  }
  return true;
}
