/** What layers are made of: products, convolutions, pooling, normalization, attention, embeddings. */
import { bool, float64, int64, type DType } from "../../../dtype.ts";
import type { DataType } from "../../schema.ts";
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import { productsBy } from "./products.ts";
import { reduceBy } from "./reduce.ts";
import { reshapeTo } from "./shape.ts";

/** A weight that never changes is written out transposed: quantizers and runtimes look for it there. */
function transposedWeight(call: Call, name: string): Name {
  const { dtype, shape } = call.value(name);
  const [rows, columns] = shape as [number, number];
  // One that is read elsewhere too, such as a tied embedding, is not written twice.
  if (!call.isConstant(name) || !call.isAlone(name))
    return call.graph.add("Transpose", [call.tensor(name)], { perm: [1, 0] });
  const { size } = dtype;
  const bytes = call.bytes(name);
  const transposed = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const from = (row * columns + column) * size;
      transposed.set(bytes.subarray(from, from + size), (column * rows + row) * size);
    }
  }
  const known = call.valueOf(call.id(name)).leaf?.name ?? "weight";
  return call.graph.weight(dtype.name as DataType, [columns, rows], transposed, `${known}_transposed`);
}

function linear(call: Call): Name {
  const { graph } = call;
  if (call.rank("weight") === 1) {
    const product = graph.add("MatMul", [call.tensor("input"), call.tensor("weight")]);
    return call.isTensor("bias") ? graph.add("Add", [product, call.tensor("bias")]) : product;
  }
  const product = graph.add("MatMul", [call.tensor("input"), transposedWeight(call, "weight")]);
  return call.isTensor("bias") ? graph.add("Add", [product, call.tensor("bias")]) : product;
}

const product =
  (left: string, right: string): Translator =>
  (call) =>
    call.graph.add("MatMul", [call.tensor(left), call.tensor(right)]);

/** beta * input + alpha * (a @ b). */
function addProduct(a: string, b: string): Translator {
  return (call) => {
    const { graph } = call;
    const { dtype } = call.result;
    const scaled = (value: Name, factor: number): Name =>
      factor === 1 ? value : graph.add("Mul", [value, graph.number(dtype, factor)]);
    const found = scaled(graph.add("MatMul", [call.tensor(a), call.tensor(b)]), call.number("alpha"));
    const beta = call.number("beta");
    return beta === 0 ? found : graph.add("Add", [scaled(call.tensor("input"), beta), found]);
  };
}

/** Each group's rows by its own matrix, as many as there are in a call; zeros for rows behind the last group. */
function groupedProduct(call: Call): Name {
  const { graph } = call;
  const count = call.value("mat2").shape[0]!;
  const ends = graph.cast(call.tensor("ends"), int64);
  const axis = graph.int64([0]);
  const end = (group: number): Name => graph.add("Slice", [ends, graph.int64([group]), graph.int64([group + 1]), axis]);
  const groups = Array.from({ length: count }, (_, group) => {
    const from = group === 0 ? graph.int64([0]) : end(group - 1);
    const rows = graph.add("Slice", [call.tensor("input"), from, end(group), axis]);
    const matrix = graph.add("Gather", [call.tensor("mat2"), graph.int64([group], true)], { axis: 0 });
    return graph.add("MatMul", [rows, matrix]);
  });
  const missing = graph.add("Sub", [graph.sizes([call.shape("input")[0]!]), end(count - 1)]);
  const pads = graph.add("Concat", [graph.int64([0, 0]), missing, graph.int64([0])], { axis: 0 });
  return graph.add("Pad", [graph.add("Concat", groups, { axis: 0 }), pads]);
}

const twice = (padding: readonly number[]): number[] => [...padding, ...padding];

/** Of a Conv whose weight has this shape. */
export function convAttributes(call: Call, weight: readonly number[]): Record<string, number | number[]> {
  const nDims = weight.length - 2;
  return {
    kernel_shape: weight.slice(2),
    strides: spread(call.numbers("stride"), nDims),
    pads: twice(spread(call.numbers("padding"), nDims)),
    dilations: spread(call.numbers("dilation"), nDims),
    group: call.number("groups"),
  };
}

function convolution(call: Call): Name {
  const [input, weight] = [call.value("input"), call.value("weight")];
  const isBatched = input.shape.length === weight.shape.length;
  const { graph } = call;
  const x = isBatched ? call.tensor("input") : graph.add("Unsqueeze", [call.tensor("input"), graph.int64([0])]);
  const inputs = [x, call.tensor("weight"), call.optional("bias")];
  const found = graph.add("Conv", inputs, convAttributes(call, weight.shape));
  return isBatched ? found : graph.add("Squeeze", [found, graph.int64([0])]);
}

function transposedConvolution(call: Call): Name {
  const [input, weight] = [call.value("input"), call.value("weight")];
  const nDims = weight.shape.length - 2;
  const { graph } = call;
  const isBatched = input.shape.length === weight.shape.length;
  const x = isBatched ? call.tensor("input") : graph.add("Unsqueeze", [call.tensor("input"), graph.int64([0])]);
  const found = graph.add("ConvTranspose", [x, call.tensor("weight"), call.optional("bias")], {
    kernel_shape: weight.shape.slice(2),
    strides: spread(call.numbers("stride"), nDims),
    pads: twice(spread(call.numbers("padding"), nDims)),
    output_padding: spread(call.numbers("output_padding"), nDims),
    dilations: spread(call.numbers("dilation"), nDims),
    group: call.number("groups"),
  });
  return isBatched ? found : graph.add("Squeeze", [found, graph.int64([0])]);
}

/** One number stands for every dimension. */
export function spread(values: readonly number[], count: number): number[] {
  return values.length === 1 ? Array<number>(count).fill(values[0]!) : [...values];
}

export function pooled(
  call: Call,
  input: Name,
  opType: string,
  nDims: number,
  more: Record<string, number | number[]>,
): Name[] {
  const kernel = spread(call.numbers("kernel_size"), nDims);
  const stride = call.numbers("stride");
  const { graph } = call;
  const isBatched = call.rank("input") === nDims + 2;
  const x = isBatched ? input : graph.add("Unsqueeze", [input, graph.int64([0])]);
  const found = graph.addMany(opType, [x], 1, {
    kernel_shape: kernel,
    strides: stride.length === 0 ? kernel : spread(stride, nDims),
    pads: twice(spread(call.numbers("padding"), nDims)),
    ceil_mode: call.flag("ceil_mode") ? 1 : 0,
    ...more,
  });
  return isBatched ? found : found.map((part) => graph.add("Squeeze", [part, graph.int64([0])]));
}

function maxPool2d(call: Call): Name[] {
  const dilations = spread(call.numbers("dilation"), 2);
  const [values] = pooled(call, call.tensor("input"), "MaxPool", 2, { dilations });
  // Indices count from the start of the whole tensor in ONNX, of each plane here: nobody may ask for them.
  return [values!, ""];
}

function averagePool(nDims: number): Translator {
  return (call) => {
    if (nDims === 2 && call.has("divisor_override")) return call.fail("divisor_override has no counterpart in ONNX");
    return pooled(call, call.tensor("input"), "AveragePool", nDims, {
      count_include_pad: call.flag("count_include_pad") ? 1 : 0,
    });
  };
}

/** Windows of one size where the sizes divide; else products with the matrices that average each window. */
function adaptiveAveragePool(call: Call): Name {
  return averagedTo(call, call.tensor("input"), call.value("input").dtype);
}

export function averagedTo(call: Call, input: Name, dtype: DType): Name {
  const { graph } = call;
  const size = call.shape("input").slice(-2);
  const target = call.result.shape.slice(-2);
  if (target.every((n) => n === 1)) return reduceBy(call, "ReduceMean", input, axesFromEnd(call, 2), true);
  const fixed = size.map((n) => (typeof n === "number" ? n : call.fail("its windows depend on the size of an input")));
  const kernel = fixed.map((n, i) => n / target[i]!);
  if (!kernel.every(Number.isInteger)) {
    const rows = averaging(call, fixed[0]!, target[0]!, false, dtype);
    const columns = averaging(call, fixed[1]!, target[1]!, true, dtype);
    return graph.add("MatMul", [graph.add("MatMul", [rows, input]), columns]);
  }
  const isBatched = call.rank("input") === 4;
  const x = isBatched ? input : graph.add("Unsqueeze", [input, graph.int64([0])]);
  const found = graph.add("AveragePool", [x], { kernel_shape: kernel, strides: kernel });
  return isBatched ? found : graph.add("Squeeze", [found, graph.int64([0])]);
}

/** A matrix [m, n] (or transposed) whose row i averages the window of output i: from floor(i n / m) up to ceil((i + 1) n / m). */
function averaging(call: Call, n: number, m: number, isTransposed: boolean, dtype: DType): Name {
  const matrix = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    const [begin, end] = [Math.floor((i * n) / m), Math.ceil(((i + 1) * n) / m)];
    for (let j = begin; j < end; j++) matrix[isTransposed ? j * m + i : i * n + j] = 1 / (end - begin);
  }
  const dims = isTransposed ? [n, m] : [m, n];
  const name = call.graph.constant("float32", dims, new Uint8Array(matrix.buffer), "windows");
  return dtype.name === "float32" ? name : call.graph.cast(name, dtype);
}

const axesFromEnd = (call: Call, count: number): number[] =>
  Array.from({ length: count }, (_, i) => call.rank("input") - count + i);

function layerNorm(call: Call): Name {
  const { graph } = call;
  const nDims = call.numbers("normalized_shape").length;
  const { dtype, shape } = call.value("input");
  const sizes = shape.slice(shape.length - nDims);
  const weight = call.isTensor("weight") ? call.tensor("weight") : ones(call, sizes);
  const axis = call.rank("input") - nDims;
  const bias = call.optional("bias");
  return graph.add("LayerNormalization", [call.tensor("input"), weight, bias], {
    axis,
    epsilon: { float: call.number("eps") },
    stash_type: dtype.name === "float64" ? 11 : 1,
  });
}

function ones(call: Call, sizes: readonly number[]): Name {
  const { graph } = call;
  const { dtype } = call.value("input");
  return graph.add("Expand", [graph.number(dtype, 1), graph.int64(sizes)]);
}

function rmsNorm(call: Call): Name {
  const { graph } = call;
  const { dtype, shape } = call.value("input");
  const nDims = call.numbers("normalized_shape").length;
  const x = call.tensor("input");
  if (graph.opset >= 23 && call.has("eps")) {
    const weight = call.isTensor("weight") ? call.tensor("weight") : ones(call, shape.slice(shape.length - nDims));
    const attributes = { axis: -nDims, epsilon: { float: call.number("eps") }, stash_type: dtype === float64 ? 11 : 1 };
    return graph.add("RMSNormalization", [x, weight], attributes);
  }
  const mean = reduceBy(call, "ReduceMean", graph.add("Mul", [x, x]), axesFromEnd(call, nDims), true);
  const epsilon = call.optionalNumber("eps") ?? (dtype.name === "float64" ? Number.EPSILON : 2 ** -23);
  const root = graph.add("Sqrt", [graph.add("Add", [mean, graph.number(dtype, epsilon)])]);
  const found = graph.add("Div", [x, root]);
  return call.isTensor("weight") ? graph.add("Mul", [found, call.tensor("weight")]) : found;
}

function batchNorm(call: Call): Name {
  const { graph } = call;
  if (!call.isTensor("running_mean")) return ownStatistics(call);
  if (call.flag("training")) return call.fail("it learns from the batch: call model.eval() first");
  const { dtype } = call.value("input");
  const channels = (): Name =>
    call.shape("running_mean").every((size) => typeof size === "number")
      ? graph.int64(call.value("running_mean").shape)
      : graph.add("Shape", [call.tensor("running_mean")]);
  const filled = (name: string, value: number): Name =>
    call.isTensor(name) ? call.tensor(name) : graph.add("Expand", [graph.number(dtype, value), channels()]);
  const inputs = [call.tensor("input"), filled("weight", 1), filled("bias", 0)];
  return graph.add("BatchNormalization", [...inputs, call.tensor("running_mean"), call.tensor("running_var")], {
    epsilon: { float: call.number("eps") },
  });
}

/** Without running statistics those of the batch are taken, at every call. */
function ownStatistics(call: Call): Name {
  const rank = call.rank("input");
  const dims = Array.from({ length: rank }, (_, i) => i).filter((dim) => dim !== 1);
  return perChannel(call, standardized(call, call.tensor("input"), dims));
}

function standardized(call: Call, x: Name, dims: readonly number[]): Name {
  const { graph } = call;
  const { dtype } = call.value("input");
  const mean = reduceBy(call, "ReduceMean", x, dims, true);
  const difference = graph.add("Sub", [x, mean]);
  const variance = reduceBy(call, "ReduceMean", graph.add("Mul", [difference, difference]), dims, true);
  const root = graph.add("Sqrt", [graph.add("Add", [variance, graph.number(dtype, call.number("eps"))])]);
  return graph.add("Div", [difference, root]);
}

/** Times the weight plus the bias of each channel, where there are any. */
function perChannel(call: Call, x: Name): Name {
  const { graph } = call;
  const { shape } = call.value("input");
  const spreadOut = (name: string): Name => {
    // As many as there are: samples can be folded into channels.
    const at = graph.int64([-1, ...Array<number>(shape.length - 2).fill(1)]);
    return graph.add("Reshape", [call.tensor(name), at]);
  };
  const scaled = call.isTensor("weight") ? graph.add("Mul", [x, spreadOut("weight")]) : x;
  return call.isTensor("bias") ? graph.add("Add", [scaled, spreadOut("bias")]) : scaled;
}

/** Each group as one row, normalized like an instance; then the channels' own factors. */
function groupNorm(call: Call): Name {
  const rows = call.graph.add("Reshape", [call.tensor("input"), call.graph.int64([0, call.number("num_groups"), -1])]);
  return perChannel(call, reshapeTo(call, standardized(call, rows, [2]), call.shape("input")));
}

/** softmax(q kᵀ scale + mask) v: one operator from opset 23 on, else written out; heads that share keys are repeated. */
function attention(call: Call): Name[] {
  const { graph } = call;
  if (graph.opset >= 23 && ["query", "key", "value"].every((name) => call.rank(name) === 4)) {
    const inputs = [call.tensor("query"), call.tensor("key"), call.tensor("value"), call.optional("mask")];
    const scale = { float: call.number("scale") };
    return [graph.add("Attention", inputs, { is_causal: call.flag("is_causal") ? 1 : 0, scale }), ""];
  }
  const { dtype } = call.value("query");
  const heads = (name: string): number => call.value(name).shape.at(-3) ?? 1;
  const repeated = (name: string): Name => {
    const times = heads("query") / heads(name);
    if (times === 1) return call.tensor(name);
    const sizes = call.shape(name);
    const [batch, own, length, width] = [sizes.slice(0, -3), sizes.at(-3)!, sizes.at(-2)!, sizes.at(-1)!];
    const apart = graph.add("Unsqueeze", [call.tensor(name), graph.int64([sizes.length - 2])]);
    const spreadOut = graph.add("Expand", [apart, graph.sizes([...batch, own, times, length, width])]);
    return reshapeTo(call, spreadOut, [...batch, heads("query"), length, width]);
  };
  const rank = call.rank("key");
  const order = Array.from({ length: rank }, (_, i) => i);
  [order[rank - 1], order[rank - 2]] = [rank - 2, rank - 1];
  const keys = graph.add("Transpose", [repeated("key")], { perm: order });
  const scaled = graph.add("Mul", [call.tensor("query"), graph.number(dtype, call.number("scale"))]);
  let scores = graph.add("MatMul", [scaled, keys]);
  const low = graph.number(dtype, -Infinity);
  if (call.flag("is_causal")) {
    const [rows, columns] = [call.shape("query").at(-2)!, call.shape("key").at(-2)!];
    const all = graph.add("Expand", [graph.number(bool, 1), graph.sizes([rows, columns])]);
    const isSeen = graph.cast(graph.add("Trilu", [graph.add("Cast", [all], { to: 6 })], { upper: 0 }), bool);
    scores = graph.add("Where", [isSeen, scores, low]);
  }
  if (call.isTensor("mask")) {
    const mask = call.tensor("mask");
    const isBool = call.value("mask").dtype === bool;
    scores = isBool ? graph.add("Where", [mask, scores, low]) : graph.add("Add", [scores, mask]);
  }
  const weights = graph.add("Softmax", [scores], { axis: -1 });
  return [graph.add("MatMul", [weights, repeated("value")]), ""];
}

function embedding(call: Call): Name {
  return call.graph.add("Gather", [call.tensor("weight"), call.tensor("indices")], { axis: 0 });
}

export const layerOps: Record<string, Translator> = {
  linear,
  ...productsBy(product),
  outer: (call) => {
    const column = call.graph.add("Unsqueeze", [call.tensor("input"), call.graph.int64([1])]);
    return call.graph.add("Mul", [column, call.tensor("vec2")]);
  },
  addmm: addProduct("mat1", "mat2"),
  baddbmm: addProduct("batch1", "batch2"),
  _conv1d: convolution,
  _conv2d: convolution,
  _convolution2d: convolution,
  _conv3d: convolution,
  _conv_transpose1d: transposedConvolution,
  _conv_transpose2d: transposedConvolution,
  _conv_transpose3d: transposedConvolution,
  _max_pool2d: maxPool2d,
  avg_pool1d: averagePool(1),
  avg_pool2d: averagePool(2),
  _adaptive_avg_pool2d: adaptiveAveragePool,
  layer_norm: layerNorm,
  rms_norm: rmsNorm,
  batch_norm: batchNorm,
  group_norm: groupNorm,
  _grouped_mm: groupedProduct,
  _attention: attention,
  _embedding: embedding,
};
