/**
 * Declaring pointwise ops: an expression is the whole record. Its result type follows PyTorch's promotion, its gradient is
 * derived, its in-place form writes where it stands.
 */
import { gradMode } from "../autograd/mode.ts";
import {
  bool,
  complex64,
  complexUse,
  int64,
  isDifferentiable,
  kindRank,
  promoteTypes,
  resultType,
  Scalar,
  toFloating,
  uint8,
  type DType,
} from "../dtype.ts";
import { NotImplementedError, RuntimeError } from "../errors.ts";
import { op, type Op, type OpSpec } from "../op.ts";
import { broadcastShapes, formatShape, sameShape, type Shape } from "../shape.ts";
import { parseSignature } from "../signature.ts";
import { empty, Tensor } from "../tensor.ts";
import type { Device } from "../device.ts";
import { ComplexKernel, hasComplex, isComplex, realOf } from "./complex.ts";
import { derive } from "./derive.ts";
import { constant, input, param, substitute, topological, type Expr } from "./expr.ts";
import { resultStrides } from "./iteration.ts";
import { PointwiseKernel } from "./kernel.ts";
import { differentDevices } from "../transfer.ts";

/** What the expression is given for each argument: a leaf for tensors and numbers, the value itself for the rest. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Leaves = Record<string, any>;

export interface PointwiseSpec<S extends string> {
  signature: S;
  doc: string;
  in?: string;
  aliases?: string[];
  /**
   * How dtypes meet: "promote" (default), "float" (integers become float), "integer" (bool becomes int64), "bool" (compares:
   * the result is bool).
   */
  dtype?: "promote" | "float" | "integer" | "bool";
  /** Numbers that are compiled in instead of passed, because few values occur: alpha of `add`. */
  bake?: readonly string[];
  /** Numbers that are compiled in when they are one of these: exponents with a faster and more exact form. */
  bakeValues?: readonly number[];
  /** The result has the dtype of this argument, whatever else comes (masked_fill). */
  like?: string;
  /** Refuse bool inputs, integers, zero divisors, ...: throws. Given the dtype in which the arguments meet. */
  check?: (dtype: DType, name: string, args: readonly unknown[]) => void;
  expr: (leaves: Leaves) => Expr;
  /** Where the derived gradient is not PyTorch's: by argument name, from leaves, the result and its gradient. */
  gradient?: Record<string, (leaves: Leaves, y: Expr, dy: Expr) => Expr | null>;
  /** Also declare `name_`. Default true. */
  inplace?: boolean;
  gradName?: string;
  /** PyTorch has no gradient for it: backward says so by this name. */
  underivable?: string;
  /** The result lies in row-major order whatever the operands do. */
  rowMajor?: boolean;
}

/** Set by ops/complex.ts: steps of gradients over complex numbers, and those of ops that are not holomorphic. */
export const complexGradients = {
  conj: (t: Tensor): Tensor => t,
  real: (t: Tensor): Tensor => t,
  copyInto: (_target: Tensor, _source: Tensor): void => {},
  zerosLike: (t: Tensor): Tensor => t,
  own: new Map<string, (saved: Record<string, unknown>, dy: Tensor) => Record<string, Tensor>>(),
};

/** The in-place form asks the forward to write here instead of into fresh memory. */
let destination: Tensor | null = null;

interface Variant {
  kernel: PointwiseKernel;
  /** The same over complex numbers, made when one first comes. */
  complex: ComplexKernel | null;
  leaves: Leaves;
  tensorNames: string[];
  paramNames: string[];
  flopsPerElement: number;
  gradient: Gradient | null | undefined;
}

interface Gradient {
  /** Arguments that get a gradient, in the order of the kernel's outputs. */
  targets: string[];
  expressions: Expr[];
  /** What its kernels read: names of tensor arguments, "result", and last the gradient. */
  reads: string[];
  /** By which of the targets are wanted, one bit each. */
  plans: Map<number, GradientPlan>;
}

interface GradientPlan {
  wanted: readonly string[];
  reads: readonly string[];
  run: (tensors: Tensor[], params: (number | Scalar)[]) => Tensor[];
}

/** Leaves of a gradient that are no arguments: the incoming gradient, and the op's own result. */
const GRADIENT = input(1000);
const RESULT = input(1001);

/** What stands for a tensor and for a number in the marks of a call. */
const TENSOR = Symbol("tensor");
const PARAM = Symbol("param");

const numberLike = new Set(["Scalar", "Scalar?", "int", "int?", "float", "float?"]);

export function pointwise<const S extends string>(spec: PointwiseSpec<S>): Op<(...args: unknown[]) => Tensor> {
  const signature = parseSignature(spec.signature);
  const argNames = signature.arguments.map((a) => a.name);
  const mayBeTensor = signature.arguments.map((a) => a.type.startsWith("Tensor") || a.type.startsWith("Operand"));
  const isNumber = signature.arguments.map((a) => numberLike.has(a.type));
  const isBaked = argNames.map((name) => spec.bake?.includes(name) ?? false);
  const isParam = (a: unknown, i: number): boolean =>
    !isBaked[i] &&
    (a instanceof Scalar
      ? a.kind === "complex" || !spec.bakeValues?.includes(a.number)
      : isNumber[i]! && typeof a === "number");
  // Factors given by keyword (alpha, value) follow the dtype of the rest.
  const decidesDtype = signature.arguments.map(
    (a, i) => mayBeTensor[i]! || (a.type.startsWith("Scalar") && !a.keywordOnly),
  );
  const likeIdx = spec.like ? argNames.indexOf(spec.like) : -1;
  const variants = new Map<string, Variant>();

  /** The variant of the last call: most calls of an op look like the one before. */
  let recent: { marks: readonly unknown[]; variant: Variant } | null = null;
  const isRecent = (args: readonly unknown[], marks: readonly unknown[]): boolean => {
    for (let i = 0; i < marks.length; i++) {
      const a = args[i];
      const mark = marks[i];
      if (mark === TENSOR) {
        if (!(a instanceof Tensor)) return false;
      } else if (mark === PARAM) {
        if (!isParam(a, i)) return false;
      } else if (!Object.is(a instanceof Scalar ? a.number : (a ?? null), mark)) return false;
    }
    return true;
  };
  const markOf = (a: unknown, i: number): unknown => {
    if (a instanceof Tensor) return TENSOR;
    return isParam(a, i) ? PARAM : a instanceof Scalar ? a.number : (a ?? null);
  };

  const variantFor = (args: readonly unknown[]): Variant => {
    if (recent && isRecent(args, recent.marks)) return recent.variant;
    const marks = argNames.map((_, i) => markOf(args[i], i));
    const key = marks.map((mark) => (mark === TENSOR ? "t" : mark === PARAM ? "n" : `<${String(mark)}>`)).join("");
    let variant = variants.get(key);
    if (!variant) {
      const leaves: Leaves = {};
      const tensorNames: string[] = [];
      const paramNames: string[] = [];
      argNames.forEach((name, i) => {
        const mark = marks[i];
        if (mark === TENSOR) leaves[name] = input(tensorNames.push(name) - 1);
        else leaves[name] = mark === PARAM ? param(paramNames.push(name) - 1) : mark;
      });
      const root = spec.expr(leaves);
      const kernel = new PointwiseKernel(signature.name, [root], tensorNames.length, paramNames.length);
      const flopsPerElement = topological([root]).filter((n) => n.kind === "call").length;
      variant = { kernel, complex: null, leaves, tensorNames, paramNames, flopsPerElement, gradient: undefined };
      variants.set(key, variant);
    }
    recent = { marks, variant };
    return variant;
  };

  /** The dtype in which the arguments meet. */
  const commonOf = (args: readonly unknown[]): DType => {
    const common =
      likeIdx >= 0 ? (args[likeIdx] as Tensor).dtype : (dtypeOfAll(args, decidesDtype) ?? promotedOf(args));
    if (spec.dtype === "float") return toFloating(common);
    return spec.dtype === "integer" && common === bool ? int64 : common;
  };
  const promotedOf = (args: readonly unknown[]): DType => {
    const participants: (Tensor | Scalar)[] = [];
    args.forEach((a, i) => {
      if (a instanceof Tensor || (a instanceof Scalar && decidesDtype[i])) participants.push(a);
    });
    return resultType(participants);
  };
  const paramsOf = (args: readonly unknown[], common: DType): number[] => {
    const params: number[] = [];
    for (let i = 0; i < args.length; i++) {
      const a = args[i];
      if (isParam(a, i)) params.push(a instanceof Scalar ? wrapInteger(a.number, common) : (a as number));
    }
    return params;
  };

  const forward = (...args: unknown[]): Tensor => {
    const { kernel } = variantFor(args);
    const tensors = tensorsAmong(args);
    const common = commonOf(args);
    if (hasComplex(args)) return complexForward(variantFor(args), common, args, tensors);
    const params = paramsOf(args, common);
    const shape = commonShape(tensors);
    const outDtype = spec.dtype === "bool" ? bool : common;
    if (destination) checkDestination(destination, shape, outDtype);
    spec.check?.(common, signature.name, args);
    const strides = spec.rowMajor ? undefined : resultStrides(shape, tensors);
    const out = destination ?? empty(shape, outDtype, commonDevice(tensors), strides);
    kernel.launch(common, [out], tensors, params);
    return out;
  };

  /** The same over complex numbers: the result is real where the expression is (abs, comparisons). */
  const complexForward = (variant: Variant, common: DType, args: readonly unknown[], tensors: Tensor[]): Tensor => {
    if (args.some((a, i) => isBaked[i] && isComplex(a))) {
      throw new NotImplementedError(`a complex factor of '${signature.name}'`);
    }
    if (common.kind !== "complex") {
      const name = { float32: "float", float64: "double", int64: "int64_t" }[common.name] ?? common.name;
      throw new RuntimeError(`value cannot be converted to type ${name} without overflow`);
    }
    const kernel = (variant.complex ??= new ComplexKernel(signature.name, variant.kernel.outputs, spec.in === ""));
    const params = args.filter(isParam) as (number | Scalar)[];
    const [hasImaginary] = kernel.resultsAreComplex(tensors, params.length);
    spec.check?.(common, signature.name, args);
    const outDtype = spec.dtype === "bool" ? bool : hasImaginary ? common : realOf(common);
    const shape = commonShape(tensors);
    if (destination) checkDestination(destination, shape, outDtype);
    const out = empty(shape, outDtype, commonDevice(tensors), resultStrides(shape, tensors));
    kernel.launch(common, [out], tensors, params);
    // Both parts of an element are written before the next is read only in fresh memory.
    if (destination) complexGradients.copyInto(destination, out);
    return destination ?? out;
  };

  const gradientOf = (variant: Variant): Gradient | null => {
    if (variant.gradient !== undefined) return variant.gradient;
    const { kernel, leaves, tensorNames } = variant;
    const y = kernel.outputs[0]!;
    const arguments_ = tensorNames.map((_, i) => input(i));
    const derived = derive(y, arguments_, GRADIENT);
    const targets: string[] = [];
    const expressions: Expr[] = [];
    tensorNames.forEach((name, i) => {
      const own = spec.gradient?.[name];
      // Steps have a gradient too, as PyTorch sees it: zero.
      const gradient = own ? own(leaves, RESULT, GRADIENT) : (derived[i] ?? constant(0));
      if (!gradient) return;
      targets.push(name);
      expressions.push(own ? gradient : replaceResult(gradient, y));
    });
    const used = new Set(topological(expressions));
    const reads = tensorNames.filter((_, i) => used.has(arguments_[i]!));
    if (used.has(RESULT)) reads.push("result");
    variant.gradient = targets.length ? { targets, expressions, reads, plans: new Map() } : null;
    return variant.gradient;
  };

  const record: OpSpec<string, (...args: unknown[]) => Tensor> = {
    signature: spec.signature,
    doc: spec.doc,
    in: spec.in,
    aliases: spec.aliases,
    gradName: spec.gradName,
    complex: true,
    mixesDevices: true,
    forward,
    expression: (args) => {
      const dtype = commonOf(args);
      return {
        root: variantFor(args).kernel.outputs[0]!,
        tensors: tensorsAmong(args),
        params: paramsOf(args, dtype),
        paramAt: [...args.keys()].filter((i) => isParam(args[i], i)),
        dtype,
        result: spec.dtype === "bool" ? bool : dtype,
      };
    },
    cost: (...args) => {
      const numel = args.reduce((n: number, a) => (a instanceof Tensor ? Math.max(n, a.numel) : n), 0);
      return { flops: numel * variantFor(args).flopsPerElement };
    },
  };
  if (spec.underivable) {
    record.backward = () => {
      throw new RuntimeError(`derivative for aten::${spec.underivable} is not implemented`);
    };
  } else if (spec.dtype !== "bool") {
    record.backward = (saved, dy) => {
      const s = saved as unknown as Record<string, unknown> & { needs: Record<string, boolean> };
      const info = s.info as Record<string, { dtype: DType }>;
      const args = argNames.map((name, i) => {
        // The variant is chosen by which arguments are tensors: any tensor stands for one that was not saved.
        return mayBeTensor[i] && info[name] ? (s[name] ?? dy) : s[name];
      });
      const variant = variantFor(args);
      const gradient = gradientOf(variant);
      if (!gradient) return {};
      const isOverComplex = (name: string): boolean => info[name]?.dtype.kind === "complex" || isComplex(s[name]);
      if (complexUse.seen && (isComplex(dy) || argNames.some(isOverComplex))) {
        const own = complexGradients.own.get(signature.name.replace(/_$/, ""));
        if (own) return own(s, dy);
        const values = variant.paramNames.map((name) => s[name] as number | Scalar);
        return complexGradient(signature.name, gradient, variant, s, dy, values);
      }
      const params = variant.paramNames.map((name) => {
        const a = s[name];
        return a instanceof Scalar ? a.number : (a as number);
      });
      return runGradient(signature.name, gradient, variant, s, dy, params);
    };
    record.save = (args) => gradientOf(variantFor(args))?.reads ?? [];
  }
  const declared = op(record) as Op<(...args: unknown[]) => Tensor>;
  if (spec.inplace !== false) declareInplace(declared, record, forward);
  return declared;
}

/** Methods of Tensor; functions too where PyTorch has them: torch.relu_, torch.nn.functional.silu_. */
function inplacePlaces(record: { in?: string }, nArguments: number): string {
  const places = (record.in ?? "torch Tensor").split(" ");
  if (!places.includes("Tensor")) return record.in!;
  return nArguments === 1 && places.includes("torch") ? "torch Tensor" : "Tensor";
}

/** `x.add_(y)`: the same computation, written into x. What backward needs of the old x is copied before. */
function declareInplace(
  base: Op<(...args: unknown[]) => Tensor>,
  record: OpSpec<string, (...args: unknown[]) => Tensor>,
  forward: (...args: unknown[]) => Tensor,
): void {
  const name = base.record.name;
  const flat = (saved: { needs: Record<string, boolean> }, dy: Tensor): Record<string, Tensor> => {
    const wanted = Object.keys(saved.needs).filter((argument) => saved.needs[argument]);
    return Object.fromEntries(wanted.map((argument) => [argument, complexGradients.zerosLike(dy)]));
  };
  const spec: OpSpec<string, (...args: unknown[]) => Tensor> = {
    ...record,
    signature: record.signature.replace(name, `${name}_`),
    in: inplacePlaces(record, base.record.signature.arguments.length),
    aliases: record.aliases?.filter((a) => a.startsWith("Tensor.")).map((a) => `${a}_`),
    gradName: base.record.gradName.replace(/Backward0$/, ""),
    mutates: true,
    // Truth written into numbers has no slope. Logic is not on the tape at all.
    backward: record.backward ?? (name.startsWith("logical") ? undefined : flat),
    differentiable: name.startsWith("logical") ? false : undefined,
    forward: (...args) => {
      const self = args[0] as Tensor;
      const outer = destination;
      destination = self;
      try {
        forward(...args);
      } finally {
        destination = outer;
      }
      return self;
    },
  };
  op(spec);
}

/** Inside a gradient, the node equal to the op's result is read from the saved result instead of computed again. */
function replaceResult(gradient: Expr, y: Expr): Expr {
  if (y.kind !== "call" || !topological([gradient]).includes(y)) return gradient;
  return substitute(gradient, new Map([[y, RESULT]]));
}

/** Run (and, under create_graph, record) the gradient of the wanted arguments as one kernel. */
function runGradient(
  name: string,
  gradient: Gradient,
  variant: Variant,
  saved: Record<string, unknown> & { needs: Record<string, boolean> },
  dy: Tensor,
  params: (number | Scalar)[],
): Record<string, Tensor> {
  const { targets } = gradient;
  // Bit by bit which of them are wanted.
  let key = 0;
  for (let i = 0; i < targets.length; i++) if (saved.needs[targets[i]!]) key |= 1 << i;
  if (key === 0) return {};
  let plan = gradient.plans.get(key);
  if (!plan) {
    const wanted = targets.filter((_, i) => key & (1 << i));
    gradient.plans.set(key, (plan = planGradient(name, gradient, variant, wanted, params.length)));
  }
  const { reads, wanted } = plan;
  const inputs: Tensor[] = [];
  for (let i = 0; i < reads.length; i++) inputs.push(saved[reads[i]!] as Tensor);
  inputs.push(dy);
  const outputs = plan.run(inputs, params);
  const results: Record<string, Tensor> = {};
  for (let i = 0; i < wanted.length; i++) results[wanted[i]!] = outputs[i]!;
  return results;
}

/**
 * Of a holomorphic function: the gradient of a real loss is the incoming one times the conjugate of the derivative,
 * which is the real rule between two conjugations. A real input gets the real part.
 */
function complexGradient(
  name: string,
  gradient: Gradient,
  variant: Variant,
  saved: Record<string, unknown> & { needs: Record<string, boolean> },
  dy: Tensor,
  params: (number | Scalar)[],
): Record<string, Tensor> {
  const results = runGradient(name, gradient, variant, saved, complexGradients.conj(dy), params);
  const info = saved.info as Record<string, { dtype: DType }>;
  for (const [key, value] of Object.entries(results)) {
    if (!isComplex(value)) continue;
    const isWanted = info[key]!.dtype.kind === "complex";
    results[key] = isWanted ? complexGradients.conj(value) : complexGradients.real(value);
  }
  return results;
}

/** The leaves that the wanted expressions read become inputs 0..n in the order in which they are passed, the gradient last. */
function planGradient(
  name: string,
  gradient: Gradient,
  variant: Variant,
  wanted: readonly string[],
  nParams: number,
): GradientPlan {
  const roots = wanted.map((t) => gradient.expressions[gradient.targets.indexOf(t)]!);
  const used = new Set(topological(roots));
  const leafOf = (read: string): Expr => (read === "result" ? RESULT : input(variant.tensorNames.indexOf(read)));
  const reads = gradient.reads.filter((read) => used.has(leafOf(read)));
  const places = new Map([...reads.map(leafOf), GRADIENT].map((leaf, i) => [leaf, input(i)]));
  const expressions = roots.map((root) => substitute(root, places));
  return { wanted, reads, run: derivedOp(`${name}_backward`, expressions, places.size, nParams) };
}

/** A derived kernel as a differentiable function of several tensors: each output again a pointwise op. */
function derivedOp(
  name: string,
  expressions: readonly Expr[],
  nInputs: number,
  nParams: number,
): (tensors: Tensor[], params: (number | Scalar)[]) => Tensor[] {
  const fused = new PointwiseKernel(name, expressions, nInputs, nParams);
  let overComplex: ComplexKernel | null = null;
  let recorded: Op<(...args: unknown[]) => Tensor>[] | null = null;
  return (tensors, params) => {
    if (gradMode.enabled && tensors.some((t) => t.requiresGrad)) {
      recorded ??= expressions.map((expr, k) => {
        const inputs = Array.from({ length: nInputs }, (_, i) => `Tensor x${i}`);
        const numbers = Array.from({ length: nParams }, (_, i) => `float p${i}`);
        return pointwise({
          signature: `${name}${uniqueSuffix()}_${k}(${[...inputs, ...numbers].join(", ")}) -> Tensor`,
          doc: "A derived gradient.",
          in: "",
          inplace: false,
          expr: () => expr,
        });
      });
      return recorded.map((f) => f(...tensors, ...params));
    }
    const shape = commonShape(tensors);
    const dtype =
      dtypeOfAll(tensors) ??
      tensors
        .map((t) => t.dtype)
        .filter(isDifferentiable)
        .reduce(promoteTypes);
    const strides = resultStrides(shape, tensors);
    if (hasComplex(tensors) || hasComplex(params)) {
      overComplex ??= new ComplexKernel(name, expressions, true);
      const areComplex = overComplex.resultsAreComplex(tensors, params.length);
      const common = dtype.kind === "complex" ? dtype : promoteTypes(dtype, complex64);
      const results = areComplex.map((is) => empty(shape, is ? common : realOf(dtype), commonDevice(tensors), strides));
      overComplex.launch(common, results, tensors, params);
      return results;
    }
    const device = commonDevice(tensors);
    const outputs = expressions.map(() => empty(shape, dtype, device, strides));
    const numbers = params.map((p) => (p instanceof Scalar ? p.number : p));
    fused.launch(dtype, outputs, tensors, numbers);
    return outputs;
  };
}

/** A number as the dtype in which it takes part holds it: integers wrap, as PyTorch converts them before computing. */
function wrapInteger(value: number, dtype: DType): number {
  if (dtype === bool) return value ? 1 : 0;
  if (dtype.kind !== "int" || dtype.size === 8) return value;
  const span = 2 ** (8 * dtype.size);
  const wrapped = ((Math.trunc(value) % span) + span) % span;
  return dtype !== uint8 && wrapped >= span / 2 ? wrapped - span : wrapped;
}

let suffix = 0;
const uniqueSuffix = (): number => ++suffix;

/** Several elements in one place cannot be written one by one. */
export function checkNoOverlap(self: Tensor): void {
  if (self.numel > 0 && self.shape.some((size, d) => size > 1 && self.strides[d] === 0)) {
    throw new RuntimeError(
      "unsupported operation: more than one element of the written-to tensor refers to a single " +
        "memory location. Please clone() the tensor before performing the operation.",
    );
  }
}

function checkDestination(self: Tensor, shape: Shape, dtype: DType): void {
  checkNoOverlap(self);
  if (!sameShape(self.shape, shape)) {
    throw new RuntimeError(
      `output with shape ${formatShape(self.shape)} doesn't match the broadcast shape ${formatShape(shape)}`,
    );
  }
  if (kindRank[dtype.kind] > kindRank[self.dtype.kind]) {
    const word = (d: DType) => d.legacy.slice(6, -6);
    throw new RuntimeError(`result type ${word(dtype)} can't be cast to the desired output type ${word(self.dtype)}`);
  }
}

function tensorsAmong(args: readonly unknown[]): Tensor[] {
  const tensors: Tensor[] = [];
  for (const a of args) if (a instanceof Tensor) tensors.push(a);
  return tensors;
}

/** The dtype of all arguments that decide about it where they are tensors of one: then nothing is promoted. */
function dtypeOfAll(args: readonly unknown[], decides: readonly boolean[] | null = null): DType | null {
  let dtype: DType | null = null;
  for (let i = 0; i < args.length; i++) {
    const a = args[i];
    if (a instanceof Scalar && (decides === null || decides[i])) return null;
    if (!(a instanceof Tensor)) continue;
    if (dtype !== null && a.dtype !== dtype) return null;
    dtype = a.dtype;
  }
  return dtype;
}

function commonShape(tensors: readonly Tensor[]): Shape {
  let shape = tensors[0]!.shape;
  for (let i = 1; i < tensors.length; i++) shape = broadcastShapes(shape, tensors[i]!.shape);
  return shape;
}

/** One device for all, except that single numbers may come from the CPU. */
export function commonDevice(tensors: readonly Tensor[]): Device {
  let device: Device | null = null;
  for (const t of tensors) {
    if (t.rank === 0 && t.device.type === "cpu") continue;
    if (device && t.device !== device) {
      throw differentDevices(device, t.device);
    }
    device = t.device;
  }
  return device ?? tensors[0]!.device;
}
