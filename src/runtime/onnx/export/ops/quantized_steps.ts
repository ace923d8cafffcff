/**
 * What lies between integer products: sums, pools, joins and tables of codes. Where runtimes have a kernel for codes it is used as it is;
 * else float ops between DequantizeLinear and QuantizeLinear, which runtimes merge.
 */
import { float32, int32 } from "../../../dtype.ts";
import type { Call, Translator } from "../context.ts";
import type { Name } from "../builder.ts";
import { averagedTo, pooled, spread } from "./layers.ts";
import { written } from "./quantized.ts";

const CODES = ["uint8", "int8"] as const;

function codesOf(call: Call, { name } = call.result.dtype): (typeof CODES)[number] {
  return CODES.find((each) => each === name) ?? call.fail(`codes of ${name} are none of ONNX's`);
}

/** Scale and zero point, plain numbers, as QuantizeLinear and DequantizeLinear take them. */
function meaning(call: Call, scale: number, zero: number, dtype = call.result.dtype): [Name, Name] {
  return [written(call, [scale], "float32", false), written(call, [zero], codesOf(call, dtype), false)];
}

/** A sum or a product of two tensors. */
const ofTwo =
  (operator: "Add" | "Mul") =>
  (call: Call): Name => {
    const { graph } = call;
    const real = (codes: string, scale: string, zero: string): Name =>
      graph.add("DequantizeLinear", [call.tensor(codes), ...meaning(call, call.number(scale), call.number(zero))]);
    const made = graph.add(operator, [real("input", "scale", "zero"), real("other", "other_scale", "other_zero")]);
    const found = call.flag("relu") ? graph.add("Relu", [made]) : made;
    return graph.add("QuantizeLinear", [found, ...meaning(call, call.number("out_scale"), call.number("out_zero"))]);
  };

/** Steps of the result, whose scale is one; where a norm stood, there is a product and a sum. */
function affine(call: Call): Name {
  const { graph } = call;
  const perChannel = (name: string): Name => graph.add("Reshape", [call.tensor(name), graph.int64([-1, 1, 1])]);
  const parts = call.ids("tensors").map((id) => call.nameOf(id));
  const joined = parts.length === 1 ? parts[0]! : graph.add("Concat", parts, { axis: 1 });
  const real = graph.add("DequantizeLinear", [joined, ...meaning(call, 1, 0)]);
  const steps = graph.add("Add", [graph.add("Mul", [real, perChannel("factor")]), perChannel("addend")]);
  const found = call.flag("relu") ? graph.add("Relu", [steps]) : steps;
  return graph.add("QuantizeLinear", [found, ...meaning(call, 1, call.number("out_zero"))]);
}

/** Bytes of a table are looked up by the bits of the codes. */
function lookedUp(call: Call, codes: Name, table: Uint8Array): Name {
  const { graph } = call;
  // Negative positions count from the end of the table: the bits of int8 do, too.
  return graph.add("Gather", [graph.constant(codesOf(call), [256], table), graph.cast(codes, int32)], { axis: 0 });
}

function map(call: Call): Name {
  if (!call.isConstant("table")) return call.fail("its table is computed");
  return lookedUp(call, call.tensor("input"), call.bytes("table"));
}

function join(call: Call): Name {
  const parts = call.ids("tensors");
  const hasTables = call.isTensor("tables");
  if (hasTables && !call.isConstant("tables")) return call.fail("its tables are computed");
  const tables = hasTables ? call.bytes("tables") : null;
  const names = parts.map((id, i) =>
    tables ? lookedUp(call, call.nameOf(id), tables.subarray(256 * i, 256 * (i + 1))) : call.nameOf(id),
  );
  const rank = call.valueOf(parts[0]!).shape.length;
  const dim = call.number("dim");
  return call.graph.add("Concat", names, { axis: dim < 0 ? dim + rank : dim });
}

function maxPool(call: Call): Name[] {
  return pooled(call, call.tensor("input"), "MaxPool", 2, { dilations: spread(call.numbers("dilation"), 2) });
}

/** Averages keep the scale: in real numbers any will do. */
function inSteps(call: Call, average: (real: Name) => Name): Name {
  const { graph } = call;
  const numbers = meaning(call, 1, call.number("zero"));
  const real = graph.add("DequantizeLinear", [call.tensor("input"), ...numbers]);
  return graph.add("QuantizeLinear", [average(real), ...numbers]);
}

function averagePool(call: Call): Name {
  if (call.has("divisor_override")) return call.fail("divisor_override has no counterpart in ONNX");
  const more = { count_include_pad: call.flag("count_include_pad") ? 1 : 0 };
  return inSteps(call, (real) => pooled(call, real, "AveragePool", 2, more)[0]!);
}

const adaptiveAveragePool = (call: Call): Name => inSteps(call, (real) => averagedTo(call, real, float32));

function mean(call: Call): Name {
  const { graph } = call;
  const numbers = meaning(call, call.number("scale"), call.number("zero"), call.value("input").dtype);
  const real = graph.add("GlobalAveragePool", [graph.add("DequantizeLinear", [call.tensor("input"), ...numbers])]);
  if (!call.has("out_scale")) return real;
  return graph.add("QuantizeLinear", [real, ...meaning(call, call.number("out_scale"), call.number("out_zero"))]);
}

export const quantizedStepOps: Record<string, Translator> = {
  _add_int8: ofTwo("Add"),
  _mul_int8: ofTwo("Mul"),
  _affine_int8: affine,
  _map_int8: map,
  _cat_int8: join,
  _max_pool2d_int8: maxPool,
  _avg_pool2d_int8: averagePool,
  _adaptive_avg_pool2d_int8: adaptiveAveragePool,
  _mean_int8: mean,
};
