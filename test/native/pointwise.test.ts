/**
 * The pointwise kernel against plain TypeScript: opcodes, dtypes, conversions, layouts, fused programs, in-place work.
 * Values are chosen so that results are exact and can be compared for equality; accuracy has a file of its own.
 */
import assert from "node:assert/strict";
import { test, describe, after } from "node:test";
import {
  contiguousStrides, decode, dtypeNames, encode, expand, open, product, randomSource, slice, transpose, whyMissing,
  type DtypeName, type Instruction, type Machine, type Program, type Tensor,
} from "./harness.ts";

type Compute = Program["compute"];

const asNumber = (b: boolean): number => (b ? 1 : 0);

/** What each opcode means for numbers; float32 results are rounded by the caller. */
const meaning: Record<string, (a: number, b: number, c: number) => number> = {
  mov: (a) => a, add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b,
  maximum: (a, b) => (a !== a || b !== b ? NaN : Math.max(a, b)), minimum: (a, b) => (a !== a || b !== b ? NaN : Math.min(a, b)),
  fmax: (a, b) => (a !== a ? b : b !== b ? a : Math.max(a, b)), fmin: (a, b) => (a !== a ? b : b !== b ? a : Math.min(a, b)),
  eq: (a, b) => asNumber(a === b), ne: (a, b) => asNumber(a !== b), lt: (a, b) => asNumber(a < b), le: (a, b) => asNumber(a <= b),
  gt: (a, b) => asNumber(a > b), ge: (a, b) => asNumber(a >= b),
  logical_and: (a, b) => asNumber(a !== 0 && b !== 0), logical_or: (a, b) => asNumber(a !== 0 || b !== 0),
  logical_xor: (a, b) => asNumber((a !== 0) !== (b !== 0)), logical_not: (a) => asNumber(a === 0),
  where: (a, b, c) => (a !== 0 ? b : c), neg: (a) => -a, abs: Math.abs, sign: (a) => (a !== a ? a : a > 0 ? 1 : a < 0 ? -1 : 0),
  signbit: (a) => asNumber(a < 0 || Object.is(a, -0)), square: (a) => a * a,
  floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc, copysign: (a, b) => Math.abs(a) * (b < 0 || Object.is(b, -0) ? -1 : 1),
  isnan: (a) => asNumber(a !== a), isinf: (a) => asNumber(Math.abs(a) === Infinity), isfinite: (a) => asNumber(Number.isFinite(a)),
  fmod: (a, b) => a % b,
  remainder: (a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  },
  floor_divide: (a, b) => (b === 0 ? a / b : Math.floor(a / b)),
};

const operandCount = (name: string): number => (name === "where" ? 3 : (meaning[name] as (...x: number[]) => number).length);

/** The program on one element, all in float64 with rounding to the compute type after each step. */
function evaluate(program: Program, inputs: number[], constants: number[], index: number): number[] {
  const round = program.compute === "float32" ? Math.fround : (x: number) => x;
  const values = [...inputs, ...constants.map(round)];
  for (const [name, dst, a = 0, b = 0, c = 0] of program.code) {
    values[dst] = name === "iota" ? round(index) : round(meaning[name]!(values[a]!, values[b]!, values[c]!));
  }
  return program.outputs.map((value) => values[value]!);
}

/** Through the storage of a dtype and back: what a stored value reads as. */
function stored(value: number, dtype: DtypeName): number {
  if (dtype === "bool") return value !== 0 ? 1 : 0;
  const isFloat = dtype.startsWith("float") || dtype === "bfloat16";
  if (!isFloat) return Number(BigInt.asIntN(64, BigInt(Math.trunc(value)))) === value || dtype === "int64"
    ? decode(encode([BigInt(Math.trunc(value))], dtype), dtype)[0]! : decode(encode([Math.trunc(value)], dtype), dtype)[0]!;
  return decode(encode([value], dtype), dtype)[0]!;
}

function assertSame(got: number[], expected: number[], what: string): void {
  assert.equal(got.length, expected.length, what);
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], expected[i])) continue;
    assert.fail(`${what}: element ${i} is ${got[i]}, expected ${expected[i]}`);
  }
}

const unary = (name: string, compute: Compute = "float32"): Program => ({
  compute, inputs: 1, constants: 0, temporaries: 1, code: [[name, 1, 0]], outputs: [1],
});
const binary = (name: string, compute: Compute = "float32"): Program => ({
  compute, inputs: 2, constants: 0, temporaries: 1, code: [[name, 2, 0, 1]], outputs: [2],
});

describe("pointwise", { skip: whyMissing }, () => {
  const machine = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => machine?.close());

  const run = (program: Program, inputs: Tensor[], outputs: Tensor[], constants: number[] = []): number[][] => {
    machine.pointwise(machine.define(program), inputs, outputs, constants);
    return outputs.map((output) => machine.read(output));
  };

  const floats = [
    0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 7, -7, 100.25, -1e30, 1e-40, 3.4e38, Infinity, -Infinity, NaN, 8388607.5, 8388609, -0.75,
  ].map(Math.fround);

  for (const compute of ["float32", "float64"] as const) {
    test(`each exact opcode on all pairs of special values, ${compute}`, () => {
      const pairs = floats.flatMap((a) => floats.map((b) => [a, b] as const));
      const a = machine.tensor(pairs.map(([x]) => x), compute);
      const b = machine.tensor(pairs.map(([, y]) => y), compute);
      const c = machine.tensor(pairs.map((_, i) => i), compute);
      const round = compute === "float32" ? Math.fround : (x: number) => x;
      for (const name of Object.keys(meaning)) {
        const operands = operandCount(name);
        const program: Program = {
          compute, inputs: 3, constants: 0, temporaries: 1, code: [[name, 3, ...[0, 1, 2].slice(0, operands)] as Instruction], outputs: [3],
        };
        const output = machine.empty(compute, [pairs.length]);
        const [got] = run(program, [a, b, c], [output]);
        pairs.forEach(([x, y], i) => {
          let expected = round(meaning[name]!(x, y, i));
          // A zero's sign is free where PyTorch leaves it to the hardware, and for the quotient of huge by tiny numbers.
          const isFree = ["maximum", "minimum", "fmax", "fmin", "floor_divide", "remainder", "sign"].includes(name);
          if (name === "floor_divide" && Number.isFinite(expected) && Math.abs(x / y) > 2 ** 20) return;
          if (name === "floor_divide" && (!Number.isFinite(x) || !Number.isFinite(y))) return;
          if (name === "remainder" && Math.abs(y) === Infinity) return;
          let actual = got![i]!;
          if (isFree) [expected, actual] = [expected + 0, actual + 0];
          assert.ok(Object.is(actual, expected), `${name}(${x}, ${y}) = ${actual}, expected ${expected}`);
        });
      }
      machine.releaseAll();
    });
  }

  test("rounding to whole numbers goes to even", () => {
    const values = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4999998, 8388608, 1e10, -3.7];
    const x = machine.tensor(values, "float32");
    const [got] = run(unary("round"), [x], [machine.empty("float32", [values.length])]);
    assertSame(got!, [0, 2, 2, -0, -2, 2, 8388608, 1e10, -4], "round");
  });

  test("int64 is exact and wraps", () => {
    const big = (1n << 62n) + 12345n;
    const values = [0n, 1n, -1n, 7n, -7n, 3n, big, -big, (1n << 63n) - 1n, -(1n << 63n), 64n, 1n << 40n];
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    const a = machine.tensor(pairs.map(([x]) => x), "int64");
    const b = machine.tensor(pairs.map(([, y]) => y), "int64");
    const wrap = (x: bigint): bigint => BigInt.asIntN(64, x);
    const floorDivide = (x: bigint, y: bigint): bigint => x / y - (x % y !== 0n && x < 0n !== y < 0n ? 1n : 0n);
    const gcd = (x: bigint, y: bigint): bigint => (y === 0n ? (x < 0n ? -x : x) : gcd(y, x % y));
    const flag = (x: boolean): bigint => (x ? 1n : 0n);
    const reference: Record<string, (x: bigint, y: bigint) => bigint | undefined> = {
      add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y, neg: (x) => -x, abs: (x) => (x < 0n ? -x : x), square: (x) => x * x,
      div: (x, y) => (y === 0n ? undefined : x / y), fmod: (x, y) => (y === 0n ? undefined : x % y),
      floor_divide: (x, y) => (y === 0n ? undefined : floorDivide(x, y)),
      remainder: (x, y) => (y === 0n ? undefined : x - y * floorDivide(x, y)),
      bitwise_and: (x, y) => x & y, bitwise_or: (x, y) => x | y, bitwise_xor: (x, y) => x ^ y, bitwise_not: (x) => ~x,
      bitwise_left_shift: (x, y) => (y < 0n ? undefined : y > 63n ? 0n : x << y),
      bitwise_right_shift: (x, y) => (y < 0n ? undefined : x >> (y > 63n ? 63n : y)),
      maximum: (x, y) => (x > y ? x : y), minimum: (x, y) => (x < y ? x : y), gcd: (x, y) => gcd(x, y),
      eq: (x, y) => flag(x === y), lt: (x, y) => flag(x < y), ge: (x, y) => flag(x >= y), logical_xor: (x, y) => flag((x !== 0n) !== (y !== 0n)),
      sign: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n), pow: (x, y) => (y < 0n || y > 64n ? undefined : x ** y),
    };
    for (const [name, of] of Object.entries(reference)) {
      const output = machine.empty("int64", [pairs.length]);
      const operands = of.length;
      machine.pointwise(
        machine.define({ compute: "int64", inputs: 2, constants: 0, temporaries: 1, code: [[name, 2, ...[0, 1].slice(0, operands)]], outputs: [2] }),
        [a, b], [output],
      );
      machine.addon.wait(machine.submitted);
      machine.addon.takeError();  // the pairs hold zero divisors
      const bytes = machine.readBytes(output.pointer, pairs.length * 8);
      const got = new BigInt64Array(bytes.buffer);
      pairs.forEach(([x, y], i) => {
        const expected = of(x, y);
        if (expected !== undefined) assert.equal(got[i], wrap(expected), `${name}(${x}, ${y})`);
      });
    }
    machine.addon.takeError();
    const zero = machine.tensor([3n, 0n], "int64");
    const one = machine.tensor([5n, 5n], "int64");
    for (const name of ["div", "floor_divide", "remainder", "fmod"]) {
      assert.throws(() => run(binary(name, "int64"), [one, zero], [machine.empty("int64", [2])]), /^Error: ZeroDivisionError$/);
      run(binary(name, "int64"), [one, expand(slice(zero, 0, 0, 1), [2])], [machine.empty("int64", [2])]);
    }
    for (const name of ["gcd", "lcm"]) run(binary(name, "int64"), [one, zero], [machine.empty("int64", [2])]);
    machine.releaseAll();
  });

  test("every dtype converts to every other as C and PyTorch do", () => {
    const values = [0, 1, -1, 2.75, -2.75, 100, 127, -128, 200, 255, 3000, -3000, 40000, 65504];
    for (const from of dtypeNames) {
      for (const to of dtypeNames) {
        for (const n of [1, 3, 16, 200]) {
          const repeated = Array.from({ length: n }, (_, i) => stored(values[i % values.length]!, from));
          const x = machine.tensor(repeated, from);
          const compute: Compute = from === "int64" || to === "int64" ? (from.includes("float") || to.includes("float") ? "float64" : "int64") : "float32";
          const [got] = run(unary("mov", compute), [x], [machine.empty(to, [n])]);
          const expected = repeated.map((value) => stored(compute === "float32" ? Math.fround(value) : value, to));
          assertSame(got!, expected, `${from} to ${to}, ${n} elements`);
        }
      }
    }
    machine.releaseAll();
  });

  test("float16 and bfloat16 round to nearest even over all their neighbours", () => {
    const bits = new Uint32Array(1 << 17);
    for (let i = 0; i < bits.length; i++) bits[i] = i * 32768 + [0, 1, 0x1000, 0x0fff, 0x1001, 0x7fff, 0x4000, 0x3000][i & 7]!;
    const source = new Float32Array(bits.buffer);
    for (const dtype of ["float16", "bfloat16"] as const) {
      const x = machine.tensor(source, "float32");
      const y = machine.empty(dtype, [source.length]);
      const [got] = run(unary("mov"), [x], [y]);
      const expected = decode(encode(source, dtype), dtype);
      assertSame(got!, expected, `float32 to ${dtype}`);
      // And back, through every bit pattern that a half type has.
      const all = machine.empty(dtype, [65536]);
      machine.addon.write(all.pointer, new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer));
      const [back] = run(unary("mov"), [all], [machine.empty("float32", [65536])]);
      assertSame(back!, decode(machine.readBytes(all.pointer, 131072), dtype), `${dtype} to float32`);
      machine.releaseAll();
    }
  });

  test("constants, iota, several outputs and values stored twice", () => {
    const shape = [3, 5, 7];
    const x = machine.tensor(Array.from({ length: 105 }, (_, i) => i), "float32", shape);
    const program: Program = {
      compute: "float32", inputs: 1, constants: 2, temporaries: 3,
      code: [["iota", 3], ["mul", 4, 0, 1], ["add", 5, 4, 3]], outputs: [5, 4, 5, 0, 2],
    };
    const outputs = (["float32", "int32", "bfloat16", "float64", "int64"] as const).map((dtype) => machine.empty(dtype, shape));
    const got = run(program, [transpose(transpose(x, 0, 2), 0, 2)], outputs, [2, 9]);
    const each = (f: (i: number) => number): number[] => Array.from({ length: 105 }, (_, i) => f(i));
    assertSame(got[0]!, each((i) => 3 * i), "5");
    assertSame(got[1]!, each((i) => 2 * i), "4");
    assertSame(got[2]!, each((i) => stored(3 * i, "bfloat16")), "5 again");
    assertSame(got[3]!, each((i) => i), "the input");
    assertSame(got[4]!, each(() => 9), "a constant");
    // iota counts in row-major order, whatever the layout of the output.
    const turned = transpose(machine.empty("float32", [7, 130]), 0, 1);
    const only: Program = { compute: "float32", inputs: 0, constants: 0, temporaries: 1, code: [["iota", 0]], outputs: [0] };
    assertSame(run(only, [], [turned])[0]!, Array.from({ length: 910 }, (_, i) => i), "iota");
    machine.releaseAll();
  });

  test("updates in place read each element before they overwrite it", () => {
    // As an optimizer step: p, m and v are read late and written early.
    const n = 100_003;
    const program: Program = {
      compute: "float32", inputs: 3, constants: 1, temporaries: 5,
      code: [["add", 4, 1, 2], ["mul", 5, 4, 3], ["sub", 6, 0, 5], ["add", 7, 1, 0], ["mul", 8, 7, 3]], outputs: [6, 8, 4],
    };
    const values = [0, 1, 2].map((k) => Array.from({ length: n }, (_, i) => (i * (k + 3)) % 64));
    for (const order of [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]]) {
      const tensors = values.map((v) => machine.tensor(v, "float32"));
      const outputs = order.map((k) => tensors[k]!);
      const got = run(program, tensors, outputs, [0.5]);
      const expected: number[][] = [[], [], []];
      for (let i = 0; i < n; i++) {
        evaluate(program, values.map((v) => v[i]!), [0.5], i).forEach((value, k) => expected[k]!.push(value));
      }
      expected.forEach((e, k) => assertSame(got[k]!, e, `output ${k} in ${order}`));
      machine.releaseAll();
    }
  });

  test("nothing happens to empty tensors, and a scalar has no dimensions", () => {
    const empty = machine.empty("float32", [3, 0, 2]);
    machine.pointwise(machine.define(unary("exp")), [empty], [empty]);
    machine.sync();
    const scalar = machine.tensor([4], "float32", []);
    assertSame(run(unary("sqrt"), [scalar], [scalar])[0]!, [2], "scalar");
    machine.releaseAll();
  });

  test("outputs too large for the cache are written whole", () => {
    const n = 5_000_011;
    const values = Float32Array.from({ length: n }, (_, i) => i % 1000);
    for (const dtype of ["float32", "bfloat16"] as const) {
      const x = machine.tensor(values, "float32");
      const y = machine.empty(dtype, [n]);
      // One element off the start: streaming stores need aligned lines.
      const [got] = run(binary("add"), [slice(x, 0, 1, n - 1), slice(x, 0, 0, n - 1)], [slice(y, 0, 1, n - 1)]);
      for (let i = 0; i < n - 1; i += 997) assert.equal(got![i], stored(values[i]! + values[i + 1]!, dtype));
      assert.equal(got!.at(-1), stored(values[n - 1]! + values[n - 2]!, dtype));
      machine.releaseAll();
    }
  });

  /** A tensor of the shape with random layout: permuted, sliced, reversed or (inputs only) broadcast. */
  function randomTensor(random: () => number, shape: number[], dtype: DtypeName, isOutput: boolean): Tensor {
    const order = shape.map((_, d) => d);
    if (random() < 0.6) order.sort(() => random() - 0.5);
    const broadcast = shape.map(() => !isOutput && random() < 0.2);
    const steps = shape.map(() => (random() < 0.15 ? 2 : 1));
    const base = order.map((d) => (broadcast[d] ? 1 : shape[d]! * steps[d]!));
    const n = product(base);
    const values = Array.from({ length: n }, () => stored(Math.floor(random() * 32) - 8, dtype));
    let tensor = machine.tensor(values, dtype, base);
    // Back to the order of the shape.
    const strides = shape.map((_, d) => tensor.strides[order.indexOf(d)]!);
    tensor = { ...tensor, shape: shape.map((_, d) => base[order.indexOf(d)]!), strides };
    shape.forEach((size, d) => {
      if (!broadcast[d] && steps[d] === 2) tensor = slice(tensor, d, 0, size, 2);
      if (!isOutput && !broadcast[d] && size > 0 && random() < 0.1) tensor = slice(tensor, d, size - 1, size, -1);
    });
    return expand(tensor, shape);
  }

  const exactNames = ["add", "sub", "mul", "maximum", "minimum", "eq", "lt", "logical_and", "where", "neg", "abs", "square", "mov", "sign", "iota"];

  function randomProgram(random: () => number): Program {
    const compute = (["float32", "float64", "int64"] as const)[Math.floor(random() * 3)]!;
    const inputs = Math.floor(random() * 4);
    const constants = inputs === 0 ? 1 : Math.floor(random() * 3);
    const instructions = Math.floor(random() * 7);
    const code: Instruction[] = [];
    let values = inputs + constants;
    const pick = (): number => Math.floor(random() * values);
    for (let i = 0; i < instructions; i++) {
      const name = exactNames[Math.floor(random() * exactNames.length)]!;
      if (name === "iota" && random() < 0.7) continue;
      const operands = name === "iota" ? 0 : operandCount(name);
      // Now and then a temporary is written again.
      const first = inputs + constants;
      const dst = values > first && random() < 0.2 ? first + Math.floor(random() * (values - first)) : values;
      code.push([name, dst, ...Array.from({ length: operands }, pick)]);
      if (dst === values) values++;
    }
    const outputs = Array.from({ length: 1 + Math.floor(random() * 2) }, pick);
    return { compute, inputs, constants, temporaries: values - inputs - constants, code, outputs };
  }

  test("random programs on random layouts", () => {
    const seed = Number(process.env.LAYERWISE_SEED ?? 20250917);
    const random = randomSource(seed);
    const rounds = Number(process.env.LAYERWISE_ROUNDS ?? 1200);
    for (let round = 0; round < rounds; round++) {
      const ndim = Math.floor(random() * 5);
      const largest = [1, 3000, 300, 40, 12][ndim]!;
      const shape = Array.from({ length: ndim }, () => {
        const kind = random();
        return kind < 0.1 ? 1 : kind < 0.12 ? 0 : kind < 0.5 ? 1 + Math.floor(random() * 8) : 1 + Math.floor(random() * largest);
      });
      const program = randomProgram(random);
      const pool: DtypeName[] = program.compute === "int64" ? ["int64", "int32", "uint8", "bool", "int16"]
        : ["float32", "float32", "float64", "float16", "bfloat16", "int8", "int32", "bool"];
      const dtypeOf = (): DtypeName => (random() < 0.4 ? program.compute : pool[Math.floor(random() * pool.length)]!);
      const inputs = Array.from({ length: program.inputs }, () => randomTensor(random, shape, dtypeOf(), false));
      const outputs = program.outputs.map(() => randomTensor(random, shape, dtypeOf(), true));
      const inPlace = inputs.findIndex((t) => t.strides.every((s, d) => s !== 0 || shape[d] === 1));
      if (inPlace >= 0 && random() < 0.25) outputs[0] = inputs[inPlace]!;
      const constants = Array.from({ length: program.constants }, () => Math.floor(random() * 9) - 4);
      const before = inputs.map((t) => machine.read(t));
      const got = run(program, inputs, outputs, constants);
      for (let i = 0; i < product(shape); i++) {
        evaluate(program, before.map((v) => v[i]!), constants, i).forEach((value, k) => {
          const expected = stored(value, outputs[k]!.dtype);
          // Zeros of either sign are equal here; squares of squares may leave the exact range of int64.
          if (got[k]![i]! === expected || (Number.isNaN(expected) && Number.isNaN(got[k]![i]!))) return;
          if (Math.abs(value) >= 2 ** 31) return;
          assert.fail(
            `seed ${seed} round ${round} shape [${shape}] ${JSON.stringify(program)} output ${k} (${outputs[k]!.dtype}, strides ` +
            `[${outputs[k]!.strides}]) inputs ${inputs.map((t) => `${t.dtype} [${t.strides}]`)}: element ${i} is ${got[k]![i]}, expected ${expected}`,
          );
        });
      }
      machine.releaseAll();
    }
  });

  test("large transposed, broadcast and interleaved layouts on all threads", () => {
    const layouts: [string, number[], (shape: number[]) => Tensor][] = [
      ["transposed matrix", [700, 515], ([r, c]) => transpose(machine.tensor(Array.from({ length: r! * c! }, (_, i) => i % 977), "float32", [c!, r!]), 0, 1)],
      ["heads", [4, 6, 100, 64], () => transpose(machine.tensor(Array.from({ length: 153600 }, (_, i) => i % 977), "float32", [4, 100, 6, 64]), 1, 2)],
      ["channels last from first", [2, 50, 60, 3], () => {
        const t = machine.tensor(Array.from({ length: 18000 }, (_, i) => i % 977), "float32", [2, 3, 50, 60]);
        return { ...t, shape: [2, 50, 60, 3], strides: [9000, 60, 1, 3000] };
      }],
      ["channels first from last", [2, 3, 50, 60], () => {
        const t = machine.tensor(Array.from({ length: 18000 }, (_, i) => i % 977), "float32", [2, 50, 60, 3]);
        return { ...t, shape: [2, 3, 50, 60], strides: [9000, 1, 180, 3] };
      }],
      ["bias", [500, 300], (shape) => expand(machine.tensor(Array.from({ length: 300 }, (_, i) => i), "float32"), shape)],
      ["short bias", [30000, 10], (shape) => expand(machine.tensor(Array.from({ length: 10 }, (_, i) => i), "float32"), shape)],
      ["column", [500, 300], (shape) => expand(machine.tensor(Array.from({ length: 500 }, (_, i) => i), "float32", [500, 1]), shape)],
    ];
    for (const [name, shape, make] of layouts) {
      const dense = machine.tensor(Array.from({ length: product(shape) }, (_, i) => i % 31), "float32", shape);
      const odd = make(shape);
      const values = machine.read(odd);
      for (const output of ["float32", "bfloat16", "int32"] as const) {
        const [sum] = run(binary("add"), [dense, odd], [machine.empty(output, shape)]);
        assertSame(sum!, values.map((v, i) => stored(v + (i % 31), output)), `${name}, sum to ${output}`);
      }
      const [copy] = run(unary("mov"), [odd], [machine.empty("float32", shape)]);
      assertSame(copy!, values, `${name}, copy`);
      // And the other way round: a contiguous source into the odd layout.
      if (odd.strides.some((s, d) => s === 0 && shape[d]! > 1)) continue;
      run(unary("mov"), [dense], [odd]);
      assertSame(machine.read(odd), machine.read(dense), `${name}, copy into`);
      machine.releaseAll();
    }
    for (const dtype of dtypeNames) {
      const t = machine.tensor(Array.from({ length: 300 * 170 }, (_, i) => i % 2), dtype, [300, 170]);
      const [copy] = run(unary("mov", dtype === "int64" ? "int64" : "float32"), [transpose(t, 0, 1)], [machine.empty(dtype, [170, 300])]);
      assertSame(copy!, machine.read(transpose(t, 0, 1)), `transposed copy of ${dtype}`);
    }
    assert.deepEqual(contiguousStrides([2, 3]), [3, 1]);
    machine.releaseAll();
  });

  test("a launch that disagrees with its program is an error", () => {
    const x = machine.tensor([1], "float32");
    const program = machine.define(unary("neg"));
    machine.submit("pointwise", [program, 1, 1, 0, 1, x.pointer, 6, 1]);
    assert.throws(() => machine.sync(), /disagree/);
    machine.releaseAll();
  });
});
