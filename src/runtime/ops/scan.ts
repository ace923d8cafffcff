/** Running sums, products and extremes along one dim. */
import { gradMode } from "../autograd/mode.ts";
import { bool, int64, Scalar, type DType } from "../dtype.ts";
import { PythonError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op, type Grads } from "../op.ts";
import { wrapDim } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { castOf, copyInto } from "./copy.ts";
import { eq } from "./comparison.ts";
import { triangleMasks } from "./create.ts";
import { add, clamp, exp, log, mul, neg, sub, trueDivide, where, zeroTest } from "./pointwise.ts";
import { accumulatorOf, flipped, productBefore, sum, valueBackward } from "./reduce.ts";
import { expand, reshape, unsqueeze } from "./view.ts";

const number = (value: number): Scalar => new Scalar(value, "float");

/**
 * The gradient of cumprod where there are zeros, as polynomials that can be differentiated again: what stands before
 * element i, times the sum over j >= i of dy_j and the product of what stands between them. Takes n numbers per element.
 */
function cumprodGradient(input: Tensor, dy: Tensor, dim: number): Tensor {
  const n = input.shape[dim]!;
  const shape = [...input.shape.slice(0, dim), n, ...input.shape.slice(dim)];
  const pairs = [n, n, ...input.shape.slice(dim + 1).map(() => 1)];
  const isAtLeast = (distance: number): Tensor => {
    const mask = empty([n, n], bool, input.device);
    triangleMasks.upper.launch(int64, [mask], [], [n, n, distance]);
    return reshape(mask, pairs);
  };
  const between = where(isAtLeast(1), expand(unsqueeze(input, dim), shape), number(1));
  const reach = where(isAtLeast(0), cumprod(between, dim + 1), number(0));
  return mul(productBefore(input, dim), sum(mul(reach, unsqueeze(dy, dim)), [dim + 1]));
}

const scanCode = { cumsum: 0, cumprod: 1, cummax: 2, cummin: 3, logcumsumexp: 4 } as const;

function scanKernel(input: Tensor, name: keyof typeof scanCode, dim: number, dtype: DType, indices = false): Tensor[] {
  const d = wrapDim(dim, input.rank);
  const source = input.isContiguous
    ? input
    : (() => {
        const c = empty(input.shape, input.dtype, input.device);
        copyInto(c, input);
        return c;
      })();
  const out = empty(input.shape, dtype, input.device);
  const second = indices ? empty(input.shape, int64, input.device) : null;
  const outer = input.shape.slice(0, d).reduce((a, b) => a * b, 1);
  const inner = input.shape.slice(d + 1).reduce((a, b) => a * b, 1);
  if (out.numel > 0) {
    launch("scan", second ? [out, second] : [out], input.numel, [
      scanCode[name],
      source.dtype.id,
      source.pointer,
      dtype.id,
      out.pointer,
      outer,
      input.shape[d] ?? 1,
      inner,
      ...(second ? [second.pointer] : []),
    ]);
  }
  return second ? [out, second] : [out];
}

export const cumsum = op({
  signature: "cumsum(Tensor input, int dim, *, Dtype? dtype=None) -> Tensor",
  doc: "Running sums along dim.",
  forward(input: Tensor, dim: number, dtype: DType | null = null): Tensor {
    const target = accumulatorOf(input, dtype);
    return scanKernel(castOf(input, target), "cumsum", dim, target)[0]!;
  },
  backward: ({ dim }, dy): Grads => ({ input: flipped(cumsum(flipped(dy, dim), dim), dim) }),
});

export const cumprod = op({
  signature: "cumprod(Tensor input, int dim, *, Dtype? dtype=None) -> Tensor",
  doc: "Running products along dim.",
  save: ["input", "result"],
  forward(input: Tensor, dim: number, dtype: DType | null = null): Tensor {
    const target = accumulatorOf(input, dtype);
    return scanKernel(castOf(input, target), "cumprod", dim, target)[0]!;
  },
  backward({ input, result, dim }, dy) {
    const d = wrapDim(dim, input.rank);
    if (gradMode.enabled && input.rank > 0 && !input.isMeta && zeroTest.any(input)) {
      return { input: cumprodGradient(input, dy, d) };
    }
    // The sum over j >= i of dy_j * y_j / x_i. Behind the first zero of a line nothing counts; at the zero itself the
    // products are taken without it.
    const behind = (t: Tensor): Tensor => flipped(cumsum(flipped(t, dim), dim), dim);
    const isZero = eq!(input, number(0));
    const zeros = cumsum(isZero, dim);
    const isFirst = mul(isZero, eq!(zeros, number(1)));
    const before = trueDivide(behind(mul(dy, result)), where(isZero, number(1), input));
    const at = behind(mul(dy, cumprod(where(isFirst, number(1), input), dim)));
    return { input: where(eq!(zeros, number(0)), before, where(isFirst, at, number(0))) };
  },
});

export const logcumsumexp = op({
  signature: "logcumsumexp(Tensor input, int dim) -> Tensor",
  doc: "The logarithm of running sums of exp(input) along dim, without overflow.",
  save: ["input", "result"],
  once: true,
  forward(input: Tensor, dim: number): Tensor {
    if (input.dtype.kind !== "float") {
      throw new PythonError(
        "NotImplementedError",
        `"logcumsumexp_out_cpu" not implemented for '${input.dtype.legacy.slice(6, -6)}'`,
      );
    }
    return scanKernel(input, "logcumsumexp", dim, input.dtype)[0]!;
  },
  backward({ input, result, dim }, dy): Grads {
    // Positive and negative gradients apart, as logarithms: exp(input - result) alone could overflow.
    const part = (t: Tensor): Tensor => {
      const logs = sub(log!(t), result);
      return exp!(add(flipped(logcumsumexp(flipped(logs, dim), dim), dim), input)) as Tensor;
    };
    return { input: sub(part(clamp(dy, number(0))), part(clamp(neg!(dy), number(0)))) };
  },
});

for (const name of ["cummax", "cummin"] as const) {
  op({
    signature:
      `${name}(Tensor input, int dim) -> (Tensor values, Tensor indices)` as "cummax(Tensor input, int dim) -> (Tensor values, Tensor indices)",
    doc: `The ${name === "cummax" ? "largest" : "smallest"} so far along dim, and where it was.`,
    save: ["indices"],
    forward: (input: Tensor, dim: number): Tensor[] => scanKernel(input, name, dim, input.dtype, true),
    backward: ({ info, dim, ...saved }, dy) => ({
      input: valueBackward(dy, (saved as unknown as { indices: Tensor }).indices, info.input.shape, dim, true),
    }),
  });
}
