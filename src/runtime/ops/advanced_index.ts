/** Advanced indexing: `a[i, :, j]` with index tensors, read and written. Masks and lists were turned into indices before. */
import { deviceName } from "../device.ts";
import { IndexError, RuntimeError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { broadcastShapes, broadcastStrides, formatShape, numelOf, sameShape, type Shape } from "../shape.ts";
import { empty, Tensor } from "../tensor.ts";
import { copiedTo, differentDevices } from "../transfer.ts";
import { castOf, contiguousOf, copyInto } from "./copy.ts";
import { zeros } from "./create.ts";
import { firstOutside } from "./indexing.ts";
import { sum } from "./reduce.ts";

interface Advanced {
  /** Shape of the result: the broadcast index shape in place of the indexed dims (in front when they are apart). */
  shape: number[];
  sourceStrides: number[];
  indices: { tensor: Tensor; strides: number[]; size: number; stride: number }[];
}

/** Index tensors may stay on the CPU. */
function beside(input: Tensor, index: Tensor): Tensor {
  if (index.device === input.device) return index;
  if (index.device.type === "cpu") return copiedTo(input.device, contiguousOf(index));
  throw new RuntimeError(
    "indices should be either on cpu or on the same device as the indexed tensor " + `(${deviceName(input.device)})`,
  );
}

/** Numbers to write may stay on the CPU too. */
function valuesBeside(input: Tensor, values: Tensor): Tensor {
  if (values.device === input.device) return values;
  if (values.rank === 0 && values.device.type === "cpu") return copiedTo(input.device, values);
  throw differentDevices(input.device, values.device);
}

/** `input[indices]`, null entries being `:`. Index tensors are int64 here; masks were expanded before. */
function planAdvanced(input: Tensor, indices: readonly (Tensor | null)[]): Advanced {
  const given = indices.flatMap((t, d) => (t ? [d] : []));
  let common: Shape = [];
  try {
    for (const d of given) common = broadcastShapes(common, indices[d]!.shape);
  } catch {
    throw new IndexError(
      "shape mismatch: indexing tensors could not be broadcast together with shapes " +
        given.map((d) => formatShape(indices[d]!.shape)).join(", "),
    );
  }
  const adjacent = given.every((d, i) => i === 0 || d === given[i - 1]! + 1);
  const at = adjacent ? given[0]! : 0;
  const rest = input.shape.map((_, d) => d).filter((d) => !given.includes(d));
  const before = adjacent ? rest.filter((d) => d < at) : [];
  const after = rest.filter((d) => !before.includes(d));
  const shape = [...before.map((d) => input.shape[d]!), ...common, ...after.map((d) => input.shape[d]!)];
  const sourceStrides = [
    ...before.map((d) => input.strides[d]!),
    ...common.map(() => 0),
    ...after.map((d) => input.strides[d]!),
  ];
  const planned = given.map((d, position) => {
    const tensor = beside(input, indices[d]!);
    const size = input.shape[d]!;
    const bad = firstOutside(tensor, -size, size);
    if (bad !== null) throw new IndexError(`index ${bad} is out of bounds for dimension ${position} with size ${size}`);
    const strides = [
      ...before.map(() => 0),
      ...broadcastStrides(tensor.shape, tensor.strides, common),
      ...after.map(() => 0),
    ];
    return { tensor, strides, size, stride: input.strides[d]! };
  });
  return { shape, sourceStrides, indices: planned };
}

const indexWords = (plan: Advanced): number[] =>
  plan.indices.flatMap(({ tensor, strides, size, stride }) => [tensor.pointer, ...strides, size, stride]);

/** One index along the first or another dim is a row lookup: much faster than the general walk. */
export const indexGet = op({
  signature: "_index(Tensor input, Tensor?[] indices) -> Tensor",
  doc: "Advanced indexing with tensors.",
  in: "_C",
  gradName: "Index",
  forward(input: Tensor, indices: (Tensor | null)[]): Tensor {
    const plan = planAdvanced(input, indices);
    const out = empty(plan.shape, input.dtype, input.device);
    if (out.numel === 0) return out;
    launch("index_get", [out], 3 * out.numel, [
      input.dtype.size,
      plan.shape.length,
      ...plan.shape,
      out.pointer,
      input.pointer,
      ...plan.sourceStrides,
      plan.indices.length,
      ...indexWords(plan),
    ]);
    return out;
  },
  backward({ indices, info }, dy): Grads {
    const out = zeros(info.input.shape, dy.dtype, dy.device);
    return { input: indexPut(out, indices, dy, true) };
  },
});

function putKernel(target: Tensor, plan: Advanced, source: Tensor, accumulate: boolean): void {
  if (numelOf(plan.shape) === 0) return;
  const sourceStrides = broadcastStrides(source.shape, source.strides, plan.shape);
  launch("index_put", [target], 3 * numelOf(plan.shape), [
    target.dtype.id,
    accumulate ? 1 : 0,
    plan.shape.length,
    ...plan.shape,
    target.pointer,
    ...plan.sourceStrides,
    source.pointer,
    ...sourceStrides,
    plan.indices.length,
    ...indexWords(plan),
  ]);
}

function checkPutShapes(plan: Advanced, source: Tensor): void {
  let ok = true;
  try {
    ok = sameShape(broadcastShapes(plan.shape, source.shape), plan.shape);
  } catch {
    ok = false;
  }
  if (!ok) {
    throw new RuntimeError(
      `shape mismatch: value tensor of shape ${formatShape(source.shape)} cannot be broadcast to ` +
        `indexing result of shape ${formatShape(plan.shape)}`,
    );
  }
}

export const indexPut = op({
  signature: "index_put(Tensor input, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
  doc: "input with values written (or added) at the indexed places.",
  in: "_C",
  mixesDevices: true,
  forward(input: Tensor, indices: (Tensor | null)[], values: Tensor, accumulate = false): Tensor {
    const out = empty(input.shape, input.dtype, input.device);
    copyInto(out, input);
    const plan = planAdvanced(out, indices);
    checkPutShapes(plan, values);
    putKernel(out, plan, castOf(valuesBeside(out, values), out.dtype), accumulate);
    return out;
  },
  backward: ({ indices, accumulate, needs, info }, dy): Grads => ({
    input: needs.input ? (accumulate ? dy : indexPut(dy, indices, zeros([], dy.dtype, dy.device), false)) : null,
    values: needs.values ? reduceTo(indexGet(dy, indices), info.values.shape) : null,
  }),
});

export const indexPut_ = op({
  signature: "_index_put_(Tensor input, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
  doc: "Write (or add) values at the indexed places.",
  in: "_C",
  gradName: "IndexPut",
  mutates: true,
  mixesDevices: true,
  forward(input: Tensor, indices: (Tensor | null)[], values: Tensor, accumulate = false): Tensor {
    const plan = planAdvanced(input, indices);
    checkPutShapes(plan, values);
    putKernel(input, plan, castOf(valuesBeside(input, values), input.dtype), accumulate);
    return input;
  },
  backward: ({ indices, accumulate, needs, info }, dy): Grads => ({
    input: needs.input ? (accumulate ? dy : indexPut(dy, indices, zeros([], dy.dtype, dy.device), false)) : null,
    values: needs.values ? reduceTo(indexGet(dy, indices), info.values.shape) : null,
  }),
});

/** Values may have been broadcast with leading ones dropped. */
const reduceTo = (t: Tensor, shape: Shape): Tensor => {
  let out = t;
  while (out.rank > shape.length) out = sum(out, [0]);
  return out;
};
