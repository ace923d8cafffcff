/**
 * How each op is done when a complex tensor takes part. Three kinds: ops that never look at a number (views, joins) run
 * as they are; ops listed under `forms` are composed of real ops over the parts, so that gradients come with them in
 * PyTorch's convention; everything else says that it has no meaning, or none yet, for complex numbers.
 */
import { complexUse, Scalar, type DType } from "../dtype.ts";
import { PythonError, RuntimeError } from "../errors.ts";
import { complexRoute, OpNode, type OpRecord } from "../op.ts";
import { isComplex, refusal } from "../pointwise/complex.ts";
import { wrapDim, wrapDims, type Shape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { ne } from "./comparison.ts";
import { asComplex, complex, imag, real, viewAsReal } from "./complex.ts";
import { to } from "./copy.ts";
import { getRegistered } from "./complex_registered.ts";
import { abs, add, exp, log, mul, sub } from "./pointwise.ts";
import { batchedMatmul, dot, mm, mv } from "./matmul.ts";
import { amax, countNonzero, mean, norm1, norm2, sum } from "./reduce.ts";
import { cumsum } from "./scan.ts";
import { narrow, reshape, select } from "./view.ts";

/** They move elements, or are composed of ops that know complex numbers themselves. */
const indifferent = new Set(
  `_cast _to_device clone _contiguous copy_ empty _empty_like empty_strided full fill_ zero_ eye
  _view _reshape permute transpose t _alias detach _view_dtype expand unsqueeze squeeze _slice _slice_backward
  select select_backward _select_backward narrow split_with_sizes _split chunk unbind as_strided diagonal
  _diagonal_backward unfold _unfold_backward flatten _unflatten movedim cat stack _repeat
  index_select gather _index _flip bmm matmul outer addmm baddbmm allclose`.split(/\s+/),
);

type Form = (...args: never[]) => unknown;

/** The same op over pairs of reals: for what treats the parts alike. `dims` of the input stay where they are. */
const dimOf = (dim: number, t: Tensor): number => wrapDim(dim, t.rank);
const dimsOf = (dims: Shape | null, t: Tensor): number[] => wrapDims(dims, t.rank);

const product = (multiply: (a: Tensor, b: Tensor) => Tensor) => (a: Tensor, b: Tensor) => {
  if (a.dtype !== b.dtype) throw new RuntimeError(mixed(a, b));
  const [ar, ai, br, bi] = [real(a), imag(a), real(b), imag(b)];
  return complex(sub(multiply(ar, br), multiply(ai, bi)) as Tensor, add(multiply(ar, bi), multiply(ai, br)) as Tensor);
};

const cNames: Record<string, string> = {
  float32: "float",
  float64: "double",
  complex64: "c10::complex<float>",
  complex128: "c10::complex<double>",
  int64: "long int",
};
const mixed = (a: Tensor, b: Tensor): string => {
  const [x, y] = [a, b].map((t) => cNames[t.dtype.name] ?? t.dtype.name);
  return `expected m1 and m2 to have the same dtype, but got: ${x} != ${y}`;
};

/** A product along one dim by halves: each level multiplies neighbours. */
function productAlong(t: Tensor, dim: number, keepdim: boolean): Tensor {
  let left = t;
  while (left.shape[dim]! > 1) {
    const n = left.shape[dim]!;
    const half = n >> 1;
    const pairs = mul(narrow(left, dim, 0, half), narrow(left, dim, half, half)) as Tensor;
    left = n % 2 ? getRegistered<Tensor>("cat", [pairs, narrow(left, dim, n - 1, 1)], dim) : pairs;
  }
  return keepdim ? left : select(left, dim, 0);
}

const forms: Record<string, Form> = {
  mm: product(mm),
  _bmm: product(batchedMatmul),
  mv: product(mv),
  dot: product(dot),
  linear(x: Tensor, weight: Tensor, bias: Tensor | null) {
    const y = getRegistered<Tensor>("matmul", x, getRegistered<Tensor>("t", weight));
    return bias ? add(y, bias) : y;
  },
  sum(t: Tensor, dim: Shape | null = null, keepdim = false, dtype: DType | null = null) {
    const source = dtype ? to(t, dtype) : t;
    if (source.dtype.kind !== "complex") return sum(source, dim, keepdim);
    return asComplex(sum(viewAsReal(source), dimsOf(dim, t), keepdim));
  },
  mean(t: Tensor, dim: Shape | null = null, keepdim = false, dtype: DType | null = null) {
    const source = dtype ? to(t, dtype) : t;
    return asComplex(mean(viewAsReal(source), dimsOf(dim, t), keepdim));
  },
  _prod(t: Tensor, dim: number | null, keepdim: boolean, dtype: DType | null) {
    const source = dtype ? to(t, dtype) : t;
    if (t.rank === 0) return getRegistered<Tensor>("clone", source);
    if (dim === null) return productAlong(reshape(source, [t.numel]), 0, false);
    return productAlong(source, dimOf(dim, t), keepdim);
  },
  cumsum: (t: Tensor, dim: number) => {
    if (t.rank === 0) return getRegistered<Tensor>("clone", t);
    return asComplex(cumsum(viewAsReal(t), dimOf(dim, t)));
  },
  cumprod(t: Tensor, dim: number) {
    if (t.rank === 0) return getRegistered<Tensor>("clone", t);
    const d = dimOf(dim, t);
    const parts: Tensor[] = [];
    for (let i = 0; i < t.shape[d]!; i++) {
      const next = narrow(t, d, i, 1);
      parts.push(i ? (mul(parts[i - 1]!, next) as Tensor) : next);
    }
    return parts.length ? getRegistered<Tensor>("cat", parts, d) : t;
  },
  _var_mean(t: Tensor, dim: Shape | null, correction: number, keepdim: boolean) {
    const [vr, mr] = getRegistered<Tensor[]>("_var_mean", real(t), dim, correction, keepdim) as [Tensor, Tensor];
    const [vi, mi] = getRegistered<Tensor[]>("_var_mean", imag(t), dim, correction, keepdim) as [Tensor, Tensor];
    return [add(vr, vi), complex(mr, mi)];
  },
  _std_mean(t: Tensor, dim: Shape | null, correction: number, keepdim: boolean) {
    const [variance, average] = getRegistered<Tensor[]>("_var_mean", t, dim, correction, keepdim);
    return [getRegistered<Tensor>("sqrt", variance), average];
  },
  logsumexp: (t: Tensor, dim: Shape, keepdim = false) => {
    const shift = amax(real(t), dim, true);
    const rest = log!(getRegistered<Tensor>("sum", exp!(sub(t, shift)), dim, keepdim));
    return add(rest, keepdim ? shift : amax(real(t), dim, false));
  },
  _norm2: (t: Tensor, dim: Shape | null, keepdim: boolean) => norm2(abs!(t), dim, keepdim),
  _norm1: (t: Tensor, dim: Shape | null, keepdim: boolean) => norm1(abs!(t), dim, keepdim),
  any: (t: Tensor, dim: Shape | null = null, keepdim = false) =>
    getRegistered<Tensor>("any", ne!(t, zero()), dim, keepdim),
  all: (t: Tensor, dim: Shape | null = null, keepdim = false) =>
    getRegistered<Tensor>("all", ne!(t, zero()), dim, keepdim),
  count_nonzero: (t: Tensor, dim: Shape | null = null) => countNonzero(ne!(t, zero()), dim),
  _nonzero: (t: Tensor) => getRegistered<Tensor>("_nonzero", ne!(t, zero())),
  tril: (t: Tensor, diagonal = 0) => triangle("tril", t, diagonal),
  triu: (t: Tensor, diagonal = 0) => triangle("triu", t, diagonal),
  _nan_to_num(t: Tensor, nan: number, posinf: number, neginf: number) {
    const clean = (x: Tensor): Tensor => getRegistered<Tensor>("_nan_to_num", x, nan, posinf, neginf);
    return complex(clean(real(t)), clean(imag(t)));
  },
  _embedding: (index: Tensor, weight: Tensor, ...rest: unknown[]) => {
    const pairs = viewAsReal(weight);
    const flat = reshape(pairs, [weight.shape[0]!, 2 * (weight.numel / weight.shape[0]!)]);
    const rows = getRegistered<Tensor>("_embedding", index, flat, ...rest);
    return asComplex(reshape(rows, [...index.shape, weight.shape[1]!, 2]));
  },
  index_add: (t: Tensor, dim: number, index: Tensor, source: Tensor, ...rest: unknown[]) =>
    asComplex(getRegistered<Tensor>("index_add", viewAsReal(t), dimOf(dim, t), index, viewAsReal(source), ...rest)),
  scatter_add: (t: Tensor, dim: number, index: Tensor, source: Tensor) =>
    overParts((x, s) => getRegistered<Tensor>("scatter_add", x, dim, index, s), t, source),
  _scatter: (t: Tensor, dim: number, index: Tensor, source: Tensor, ...rest: unknown[]) =>
    overParts((x, s) => getRegistered<Tensor>("_scatter", x, dim, index, s, ...rest), t, source),
  index_put: (t: Tensor, indices: Tensor[], values: Tensor, ...rest: unknown[]) =>
    overParts((x, v) => getRegistered<Tensor>("index_put", x, indices, v, ...rest), t, values),
  // Views of the parts: writing to them is writing to the tensor, on the tape too.
  _index_put_(t: Tensor, indices: Tensor[], values: Tensor, ...rest: unknown[]) {
    getRegistered("_index_put_", real(t), indices, real(values), ...rest);
    const other = isComplex(values) ? imag(values) : (mul(values, zero()) as Tensor);
    getRegistered("_index_put_", imag(t), indices, other, ...rest);
    return t;
  },
  // Optimizers see twice as many numbers.
  _adam_step_: step("_adam_step_"),
  _sgd_step_: step("_sgd_step_"),
  _adam_steps_: steps("_adam_steps_"),
  _sgd_steps_: steps("_sgd_steps_"),
  uniform_(t: Tensor, ...rest: unknown[]) {
    getRegistered("uniform_", viewAsReal(t), ...rest);
    return t;
  },
  // Half of the variance to each part.
  normal_(t: Tensor, average: number, std: number, ...rest: unknown[]) {
    getRegistered("normal_", viewAsReal(t), average, std / Math.SQRT2, ...rest);
    return t;
  },
};

const zero = (): Scalar => new Scalar(0, "int");

function step(name: string): Form {
  return (...args) => {
    getRegistered(name, ...(args as unknown[]).map((a) => (isComplex(a) ? viewAsReal(a as Tensor) : a)));
    return args[0];
  };
}

function steps(name: string): Form {
  return (tensors: Tensor[], ...rest: unknown[]) => {
    getRegistered(
      name,
      tensors.map((t) => (isComplex(t) ? viewAsReal(t) : t)),
      ...rest,
    );
    return tensors[0];
  };
}

function overParts(f: (t: Tensor, s: Tensor) => Tensor, t: Tensor, source: Tensor): Tensor {
  return complex(f(real(t), real(source)), f(imag(t), imag(source)));
}

function triangle(name: "tril" | "triu", t: Tensor, diagonal: number): Tensor {
  const keep = (x: Tensor): Tensor => getRegistered<Tensor>(name, x, diagonal);
  return complex(keep(real(t)), keep(imag(t)));
}

/** Refusals that PyTorch words on their own. */
const refusals: Record<string, PythonError> = {
  maximum: new RuntimeError("maximum not implemented for complex tensors."),
  minimum: new RuntimeError("minimum not implemented for complex tensors."),
  argmax: new RuntimeError("argmax(): does not support complex input"),
  argmin: new RuntimeError("argmin(): does not support complex input"),
  _sort: new RuntimeError(" Sort does not support complex dtypes on CPU"),
  topk: new RuntimeError(" topk does not support complex dtypes on CPU"),
  isposinf: new RuntimeError("isposinf does not support complex inputs."),
  isneginf: new RuntimeError("isneginf does not support complex inputs."),
  sign: new PythonError(
    "NotImplementedError",
    "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead.",
  ),
  ...Object.fromEntries(
    ["floor", "ceil", "trunc"].map((name) => [
      name,
      new PythonError("NotImplementedError", `${name} is not supported for complex inputs`),
    ]),
  ),
  ...Object.fromEntries(
    ["relu", "clamp", "clamp_min", "clamp_max"].map((name) => [
      name,
      new PythonError("NotImplementedError", "clamp is not supported for complex types"),
    ]),
  ),
};
const kernelNames: Record<string, string> = {
  round: "round_vml_cpu",
  floor_divide: "div_floor_cpu",
  _max_all: "max_all",
  _min_all: "min_all",
  amax: "max_values_cpu",
  amin: "min_values_cpu",
  softmax: "softmax_lastdim_kernel_impl",
  log_softmax: "log_softmax_lastdim_kernel_impl",
  erf: "erf_vml_cpu",
};

refusal.of = (op, dtype) => {
  const name = op.replace(/(?<=.)_$/, "");
  if (refusals[name]) return refusals[name];
  const kernel = kernelNames[name] ?? `${name.replace(/^_/, "")}_cpu`;
  return new PythonError("NotImplementedError", `"${kernel}" not implemented for '${dtype}'`);
};

function refuse(record: OpRecord, args: readonly unknown[]): never {
  const tensors = args.flatMap((a) => (Array.isArray(a) ? a : [a])).filter((a) => a instanceof Tensor);
  throw refusal.of(record.name, tensors.find(isComplex)?.dtype.legacy.slice(6, -6) ?? "ComplexFloat");
}

function takesPart(args: readonly unknown[]): boolean {
  for (const a of args) {
    if (isComplex(a)) return true;
    if (Array.isArray(a)) for (const t of a) if (isComplex(t)) return true;
  }
  return false;
}

complexRoute.of = (record, args) => {
  if (!complexUse.seen || !takesPart(args)) return null;
  if (indifferent.has(record.name)) return null;
  const form = forms[record.name];
  if (!form && record.spec.complex) return null;
  if (!form) refuse(record, args);
  return () => {
    const result = form(...(args as never[]));
    for (const t of Array.isArray(result) ? result : [result]) {
      if (t instanceof Tensor && t.node instanceof OpNode) t.node.displayName = record.gradName;
    }
    return result;
  };
};
