/**
 * What happens when an eight-bit float takes part in an op: such tensors are stored, moved and converted; of arithmetic
 * there is what PyTorch has on the CPU, done in float32, and everything else is refused in its words.
 */
import { bool, float32, isFloat8, promoteTypes, Scalar, type DType } from "../dtype.ts";
import { PythonError } from "../errors.ts";
import { float8Route, type OpRecord } from "../op.ts";
import { bytesOf } from "../pointwise/float8.ts";
import { Tensor } from "../tensor.ts";
import { getRegistered } from "./complex_registered.ts";
import { castOf, to } from "./copy.ts";

/** They move bytes, convert, or read such numbers by themselves. */
const indifferent = new Set(
  `_cast _to_device _pin_memory clone _contiguous copy_ empty _empty_like empty_strided full fill_ zero_
  _view _reshape permute transpose t _alias detach _view_dtype expand unsqueeze squeeze _slice
  select narrow split_with_sizes _split chunk unbind as_strided diagonal unfold flatten _unflatten movedim
  cat stack _repeat index_select _index _flip _linear_low_bit _conv2d_low_bit _dequantize_low_bit`.split(/\s+/),
);

type Form = (...args: never[]) => unknown;

const isEight = (a: unknown): a is Tensor => a instanceof Tensor && isFloat8(a.dtype);
const wide = <T>(a: T): T | Tensor => (isEight(a) ? to(a, float32) : a);

/** The eight-bit dtype that an argument brings along: as a tensor, or as the dtype that is asked for. */
function dtypeOf(a: unknown): DType | null {
  if (a instanceof Tensor) return isFloat8(a.dtype) ? a.dtype : null;
  const dtype = a as DType | null;
  return dtype && dtype.legacy !== undefined && isFloat8(dtype) ? dtype : null;
}

/** In float32, and back. */
const rounded =
  (name: string): Form =>
  (...args) => {
    const tensors = (args as unknown[]).filter(isEight);
    return to(getRegistered<Tensor>(name, ...(args as unknown[]).map(wide)), tensors[0]!.dtype);
  };
/** In float32; the result is no eight-bit float. */
const widened =
  (name: string): Form =>
  (...args) =>
    getRegistered(name, ...(args as unknown[]).map(wide));

const forms: Record<string, Form> = {
  mm: rounded("mm"),
  abs: rounded("abs"),
  eq: widened("eq"),
  ne: widened("ne"),
  isnan: widened("isnan"),
  any: widened("any"),
  all: widened("all"),
  mul(a: Tensor, b: Tensor | Scalar) {
    if (b instanceof Scalar || a.rank === 0 || b.rank === 0) refuse("mul_cpu_reduced_float", [a, b]);
    return rounded("mul")(a as never, b as never);
  },
  linear(x: Tensor, weight: Tensor, bias: Tensor | null) {
    if (x.dtype !== weight.dtype) {
      const [first, second] = [x, weight].map((t) => cNames[t.dtype.name] ?? t.dtype.name);
      throw new PythonError(
        "RuntimeError",
        `expected m1 and m2 to have the same dtype, but got: ${first} != ${second}`,
      );
    }
    return rounded("linear")(x as never, weight as never, bias as never);
  },
  _where(condition: Tensor, a: Tensor | Scalar, b: Tensor | Scalar) {
    const dtype = [a, b].find(isEight)!.dtype;
    const parts = [a, b].map(wide);
    return to(getRegistered<Tensor>("_where", castOf(condition, bool), ...parts), dtype);
  },
  _index_put_(t: Tensor, indices: unknown, values: Tensor, ...rest: unknown[]) {
    const same = castOf(values, t.dtype);
    getRegistered("_index_put_", bytesOf(t), indices, bytesOf(same), ...rest);
    return t;
  },
  _embedding: (weight: Tensor, ...rest: unknown[]) => {
    const rows = getRegistered<Tensor>("_embedding", bytesOf(weight), ...rest);
    return new Tensor(rows.storage, rows.shape, rows.strides, rows.offset, weight.dtype);
  },
};

const cNames: Record<string, string> = {
  float32: "float",
  float64: "double",
  float16: "c10::Half",
  bfloat16: "c10::BFloat16",
  float8_e4m3fn: "c10::Float8_e4m3fn",
  float8_e5m2: "c10::Float8_e5m2",
};

/** What PyTorch calls the kernel that it lacks, where `NAME_cpu` is not it. */
const kernelNames: Record<string, string> = {
  add: "add_stub",
  sub: "add_stub",
  rsub: "add_stub",
  true_divide: "div_cpu",
  pow: "pow",
  dot: "dot",
  sum: "sum_cpu",
  mean: "sum_cpu",
  prod: "prod_out_cpu",
  _prod: "prod_out_cpu",
  _max_all: "max_all",
  _min_all: "min_all",
  amax: "max_values_cpu",
  amin: "min_values_cpu",
  relu: "clamp_min_scalar_cpu",
  clamp: "clamp_scalar_cpu",
  sigmoid: "sigmoid_cpu_reduced_float",
  isinf: "isinf",
  isfinite: "isfinite",
  _nonzero: "nonzero_count_cpu",
  _sort: "sorting_kernel_method_name",
  gather: "gather_expanded_index",
  masked_fill: "masked_fill",
  _bmm: "baddbmm_with_gemm",
  mv: "addmv_impl_cpu",
  _norm2: "norm_cpu",
  _norm1: "norm_cpu",
  arange: "arange_cpu",
  _var_mean: "std_var_all",
  _std_mean: "std_var_all",
  uniform: "check_uniform_bounds",
  ...Object.fromEntries(
    ["exp", "sqrt", "round", "floor", "ceil", "trunc", "tanh", "sin", "cos", "log", "erf"].map((name) => [
      name,
      `${name}_vml_cpu`,
    ]),
  ),
};

function refuse(kernel: string, args: readonly unknown[]): never {
  const dtype = dtypeOf(flat(args).find((a) => dtypeOf(a) !== null))!;
  const name = dtype.legacy.slice(6, -6);
  if (kernel === "std_var_all") {
    throw new PythonError("RuntimeError", `std_var_all: Unsupported dtype ${name}`);
  }
  throw new PythonError("NotImplementedError", `"${kernel}" not implemented for '${name}'`);
}

const flat = (args: readonly unknown[]): unknown[] => args.flatMap((a) => (Array.isArray(a) ? (a as unknown[]) : [a]));

/** Tensors of several dtypes do not meet: PyTorch says so before it looks for a kernel. */
function checkPromotion(args: readonly unknown[]): void {
  const tensors = args.filter((a) => a instanceof Tensor && a.rank > 0) as Tensor[];
  for (const t of tensors) if (t.dtype !== tensors[0]!.dtype) promoteTypes(tensors[0]!.dtype, t.dtype);
}

float8Route.of = (record: OpRecord, args: readonly unknown[]) => {
  if (!flat(args).some((a) => dtypeOf(a) !== null)) return null;
  const name = record.name.replace(/(?<=[a-z0-9])_$/, "");
  const { spec } = record;
  if (indifferent.has(record.name)) return null;
  // Composed of ops that will say it themselves.
  const isComposed = !spec.backward && spec.differentiable !== false && !spec.expression;
  if (spec.expression && name !== "masked_fill") checkPromotion(name === "_where" ? args.slice(1) : args);
  const form = forms[record.name];
  if (form) return () => form(...(args as never[]));
  if (isComposed) return null;
  return refuse(kernelNames[name] ?? `${name.replace(/^_/, "")}_cpu`, args);
};
