/** Random numbers, drawn by kernels that advance the generator exactly as PyTorch's functions of the same device do. */
import { forgetValues } from "../dry_values.ts";
import { cpuDevice } from "../device.ts";
import { int64, uint8, Scalar, type DType } from "../dtype.ts";
import { NotImplementedError, PythonError, RuntimeError } from "../errors.ts";
import { launch } from "../launch.ts";
import { op } from "../op.ts";
import { defaultGenerator, SAVED_STATE_BYTES, Generator } from "../random.ts";
import { CudaGenerator, defaultCudaGenerator } from "../cuda/generator.ts";
import type { CudaDevice } from "../cuda/device.ts";
import { alias, empty, Tensor } from "../tensor.ts";
import { contiguousOf, copyInto, zerosLike } from "./copy.ts";
import { checkNoOverlap } from "../pointwise/op.ts";
import { mul } from "./pointwise.ts";
import { e, input as leaf, param } from "../pointwise/expr.ts";
import { PointwiseKernel } from "../pointwise/kernel.ts";

type AnyGenerator = Generator | CudaGenerator;

/** From so many integers on, a GPU draws each from 64 bits, as PyTorch does. */
const WIDE_RANGE = 2 ** 28;

/**
 * The state as the kernel's first arguments: on the CPU memory that it advances, on a GPU seed and offset. `rest` are the
 * kernel's arguments after n, or how far it moves the offset on where that is its own affair.
 */
export function stateOf(
  t: Tensor,
  kernel: string,
  generator: AnyGenerator | null,
  rest: readonly number[] | number = [],
): { words: number[]; writes: Tensor[] } {
  const wanted = t.device.type;
  if (generator && (wanted === "cuda") !== generator instanceof CudaGenerator) {
    const given = generator instanceof CudaGenerator ? "cuda" : "cpu";
    throw new RuntimeError(`Expected a '${wanted}' device type for generator but found '${given}'`);
  }
  if (wanted === "cuda") {
    const device = t.device as CudaDevice;
    const given = (generator as CudaGenerator | null) ?? defaultCudaGenerator(device.index);
    if (typeof rest === "number") return { words: given.advance(device, rest), writes: [] };
    const isWideRange = kernel === "random_integer" && rest[1]! - rest[0]! >= WIDE_RANGE;
    const isWide = isWideRange || (t.dtype.size === 8 && kernel !== "random_integer" && kernel !== "random_bernoulli");
    return { words: given.take(device, t.numel, isWide || kernel === "random_integer_wide" ? 2 : 4), writes: [] };
  }
  const { state } = (generator as Generator | null) ?? defaultGenerator();
  return { words: [state.pointer], writes: [state] };
}

/**
 * Draw into `t`. `rest` are the kernel's arguments after n. Memory that is not row-major is filled in memory order, as
 * PyTorch does, and with normals drawn one by one.
 */
function draw(t: Tensor, kernel: string, generator: AnyGenerator | null, rest: readonly number[]): Tensor {
  checkNoOverlap(t);
  if (t.isMeta) forgetValues(t);
  if (t.isMeta || t.numel === 0) return t;
  const { words, writes } = stateOf(t, kernel, generator, rest);
  if (t.isContiguous) {
    launch(kernel, [t, ...writes], 6 * t.numel, [...words, t.dtype.id, t.pointer, t.numel, ...rest]);
    return t;
  }
  const order = t.shape.map((_, d) => d).sort((a, b) => t.strides[b]! - t.strides[a]!);
  const inOrder = alias(
    t,
    order.map((d) => t.shape[d]!),
    order.map((d) => t.strides[d]!),
  );
  const drawn = empty(inOrder.shape, t.dtype, t.device);
  const serial = kernel === "random_normal" && t.device.type === "cpu" ? "random_normal_serial" : kernel;
  launch(serial, [drawn, ...writes], 6 * t.numel, [...words, t.dtype.id, drawn.pointer, t.numel, ...rest]);
  copyInto(inOrder, drawn);
  return t;
}

function onlyFloating(t: Tensor, name: string): void {
  if (t.dtype.kind !== "float") {
    throw new PythonError("NotImplementedError", `"${name}" not implemented for '${t.dtype.legacy.slice(6, -6)}'`);
  }
}

export const uniform_ = op({
  signature: "uniform_(Tensor input, float from=0.0, float to=1.0, *, Generator? generator=None) -> Tensor",
  doc: "Numbers drawn evenly from [from, to).",
  in: "Tensor",
  mutates: true,
  forward(input: Tensor, from = 0, to = 1, generator: Generator | null = null): Tensor {
    onlyFloating(input, "check_uniform_bounds");
    if (from > to) {
      throw new RuntimeError(`uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
    }
    return draw(input, "random_uniform", generator, [from, to]);
  },
  backward: (_saved, dy) => ({ input: zerosLike(dy) }),
});

export const normal_ = op({
  signature: "normal_(Tensor input, float mean=0.0, float std=1.0, *, Generator? generator=None) -> Tensor",
  doc: "Numbers drawn from the normal distribution.",
  in: "Tensor",
  mutates: true,
  forward(input: Tensor, mean = 0, std = 1, generator: Generator | null = null): Tensor {
    onlyFloating(input, "normal_kernel_cpu");
    if (std < 0) throw new RuntimeError(`normal expects std >= 0.0, but found std ${std}`);
    return draw(input, "random_normal", generator, [mean, std]);
  },
  backward: (_saved, dy) => ({ input: zerosLike(dy) }),
});

const cNames: Record<string, string> = { uint8: "unsigned char", int8: "signed char", int16: "short", int32: "int" };

/** Integers that the dtype cannot hold are refused before any is drawn. */
function checkBounds(low: number, high: number, dtype: DType): void {
  if (dtype.kind !== "int" || dtype.size === 8) return;
  const span = 2 ** (8 * dtype.size);
  const [least, most] = dtype === uint8 ? [0, span - 1] : [-span / 2, span / 2 - 1];
  const of_ = `is out of bounds for ${cNames[dtype.name]}`;
  if (low < least || low > most) throw new RuntimeError(`from ${of_}`);
  if (high - 1 < least || high - 1 > most) throw new RuntimeError(`to - 1 ${of_}`);
}

export const randomInteger_ = op({
  signature: "_random_(Tensor input, int low, int high, Generator? generator) -> Tensor",
  doc: "Integers drawn evenly from [low, high).",
  in: "_C",
  mutates: true,
  forward(input: Tensor, low: number, high: number, generator: Generator | null): Tensor {
    if (low >= high)
      throw new RuntimeError(`random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
    checkBounds(low, high, input.dtype);
    return draw(input, "random_integer", generator, [low, high]);
  },
  backward: (_saved, dy) => ({ input: zerosLike(dy) }),
});

export const randomFull_ = op({
  signature: "_random_full_(Tensor input, Generator? generator) -> Tensor",
  doc: "Integers drawn evenly from all that the dtype counts exactly.",
  in: "_C",
  mutates: true,
  forward: (input: Tensor, generator: Generator | null): Tensor => draw(input, "random_full", generator, []),
  backward: (_saved, dy) => ({ input: zerosLike(dy) }),
});

export const bernoulli_ = op({
  signature: "_bernoulli_(Tensor input, Operand p, Generator? generator) -> Tensor",
  doc: "1 with probability p, else 0.",
  in: "_C",
  mutates: true,
  forward(input: Tensor, p: Tensor | Scalar, generator: Generator | null): Tensor {
    if (p instanceof Scalar) {
      if (!(p.number >= 0 && p.number <= 1))
        throw new RuntimeError(`bernoulli_ expects p to be in [0, 1], but got p=${p.number}`);
      return draw(input, "random_bernoulli", generator, [p.number, 0, 0]);
    }
    if (p.numel !== input.numel) throw new NotImplementedError("bernoulli_ with probabilities that broadcast");
    const probabilities = contiguousOf(p);
    return draw(input, "random_bernoulli", generator, [0, probabilities.pointer, probabilities.dtype.id]);
  },
  backward: (_saved, dy) => ({ input: zerosLike(dy) }),
});

/** What the numbers of a distribution must be: position, test, PyTorch's words. */
const demands: Record<string, [number, (n: number) => boolean, string]> = {
  exponential_: [0, (n) => n > 0, "exponential_ expects lambda > 0.0, but found lambda="],
  cauchy_: [1, (n) => n > 0, "cauchy_ expects sigma > 0.0, but found sigma="],
  log_normal_: [1, (n) => n > 0, "log_normal_ expects std > 0.0, but found std="],
  geometric_: [0, (n) => n > 0 && n < 1, "geometric_ expects p to be in (0, 1), but got p="],
};

for (const [name, kernel, first, second, doc] of [
  ["exponential_", "random_exponential", "lambd=1.0", "", "Numbers drawn from the exponential distribution."],
  ["cauchy_", "random_cauchy", "median=0.0", "sigma=1.0", "Numbers drawn from the Cauchy distribution."],
  ["log_normal_", "random_log_normal", "mean=1.0", "std=2.0", "Numbers whose logarithm is normal."],
  ["geometric_", "random_geometric", "p", "", "Numbers of trials until success."],
] as const) {
  const numbers = [first, second]
    .filter(Boolean)
    .map((a) => `float ${a}`)
    .join(", ");
  op({
    signature: `${name}(Tensor input, ${numbers}, *, Generator? generator=None) -> Tensor`,
    doc,
    in: "Tensor",
    mutates: true,
    forward: (input: Tensor, ...rest: (number | Generator | null)[]): Tensor => {
      const generator = rest.pop() as Generator | null;
      const [position, isRight, words] = demands[name]!;
      const n = rest[position] as number;
      if (!isRight(n)) throw new RuntimeError(`${words}${n}`);
      return draw(input, kernel, generator, rest as number[]);
    },
    backward: (_saved, dy) => ({ input: zerosLike(dy) }),
  });
}

export const randperm = op({
  signature: "_randperm(int n, Generator? generator) -> Tensor",
  doc: "The numbers below n in random order.",
  in: "_C",
  differentiable: false,
  forward(n: number, generator: Generator | null): Tensor {
    const out = empty([n], int64, cpuDevice());
    if (n > 0 && !out.isMeta) {
      const { state } = generator ?? defaultGenerator();
      launch("random_permutation", [out, state], 6 * n, [state.pointer, out.pointer, n]);
    }
    return out;
  },
});

export const multinomial = op({
  signature: "_multinomial_replaced(Tensor input, int num_samples, Generator? generator) -> Tensor",
  doc: "Indices drawn by weight, with replacement, from each row.",
  in: "_C",
  differentiable: false,
  forward(input: Tensor, samples: number, generator: Generator | null): Tensor {
    onlyFloating(input, "multinomial");
    const n = input.shape[input.rank - 1]!;
    const out = empty([...input.shape.slice(0, -1), samples], int64, input.device);
    if (input.isMeta || out.numel === 0) return out;
    const weights = contiguousOf(input);
    const { words, writes } = stateOf(out, "random_multinomial", generator);
    launch("random_multinomial", [out, ...writes], 10 * out.numel + input.numel, [
      ...words,
      weights.dtype.id,
      out.pointer,
      weights.pointer,
      input.numel / n,
      n,
      samples,
    ]);
    return out;
  },
});

export const getState = op({
  signature: "_get_rng_state(Generator? generator) -> Tensor",
  doc: "The generator's state as bytes, in PyTorch's layout.",
  in: "_C",
  differentiable: false,
  forward(generator: Generator | null): Tensor {
    const { state } = generator ?? defaultGenerator();
    const out = empty([SAVED_STATE_BYTES], uint8, cpuDevice());
    if (!out.isMeta) launch("random_get_state", [out], 2000, [state.pointer, out.pointer]);
    return out;
  },
});

export const setState = op({
  signature: "_set_rng_state(Tensor state, Generator? generator) -> Tensor",
  doc: "Restore a state that get_rng_state gave.",
  in: "_C",
  differentiable: false,
  forward(saved: Tensor, generator: Generator | null): Tensor {
    if (saved.dtype !== uint8) throw new RuntimeError("RNG state must be a torch.ByteTensor");
    if (saved.numel !== SAVED_STATE_BYTES)
      throw new RuntimeError(`RNG state is wrong size: expected ${SAVED_STATE_BYTES} bytes, got ${saved.numel}`);
    const { state } = generator ?? defaultGenerator();
    const source = contiguousOf(saved);
    if (!saved.isMeta) launch("random_set_state", [state], 2000, [state.pointer, source.pointer]);
    return saved;
  },
});

export const dropout = op({
  signature: "_dropout(Tensor input, float p) -> Tensor",
  doc: "Elements zeroed with probability p, the rest scaled by 1 / (1 - p).",
  in: "_C",
  forward(input: Tensor, p: number): Tensor {
    if (p === 1) return mul(input, new Scalar(0, "float")) as Tensor;
    if (input.dtype.kind !== "float") {
      const word = input.dtype.legacy.slice(6, -6);
      throw new RuntimeError(`result type Float can't be cast to the desired output type ${word}`);
    }
    const mask = empty(input.shape, input.dtype, input.device);
    bernoulli_(mask, new Scalar(1 - p, "float"), null);
    return mul(input, scaleMask(mask, 1 - p)) as Tensor;
  },
});
const scaleKernel = new PointwiseKernel("dropout_mask", [e.div(leaf(0), param(0))], 1, 1);
function scaleMask(mask: Tensor, kept: number): Tensor {
  scaleKernel.launch(mask.dtype, [mask], [mask], [kept]);
  return mask;
}
