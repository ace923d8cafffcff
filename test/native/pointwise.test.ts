/**
 * The pointwise kernel against plain TypeScript: opcodes, dtypes, conversions, constants, errors. Values are such that
 * results are exact; accuracy and layouts have files of their own.
 */
import assert from "node:assert/strict";
import { test, describe, after } from "node:test";
import {
  decode,
  dtypeNames,
  encode,
  expand,
  open,
  slice,
  testDevice,
  transpose,
  whyMissing,
  type Instruction,
  type Machine,
  type Program,
  type Tensor,
} from "./harness.ts";
import { assertSame, binary, meaning, operandCount, stored, unary, type Compute } from "./pointwise.reference.ts";

describe("pointwise", { skip: whyMissing }, () => {
  const machine = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => machine?.close());

  const run = (program: Program, inputs: Tensor[], outputs: Tensor[], constants: number[] = []): number[][] => {
    machine.pointwise(machine.define(program), inputs, outputs, constants);
    return outputs.map((output) => machine.read(output));
  };

  const floats = [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3,
    7,
    -7,
    100.25,
    -1e30,
    1e-40,
    3.4e38,
    Infinity,
    -Infinity,
    NaN,
    8388607.5,
    8388609,
    -0.75,
  ].map(Math.fround);

  for (const compute of ["float32", "float64"] as const) {
    test(`each exact opcode on all pairs of special values, ${compute}`, () => {
      const pairs = floats.flatMap((a) => floats.map((b) => [a, b] as const));
      const a = machine.tensor(
        pairs.map(([x]) => x),
        compute,
      );
      const b = machine.tensor(
        pairs.map(([, y]) => y),
        compute,
      );
      const c = machine.tensor(
        pairs.map((_, i) => i),
        compute,
      );
      const round = compute === "float32" ? Math.fround : (x: number) => x;
      for (const name of Object.keys(meaning)) {
        const operands = operandCount(name);
        const program: Program = {
          compute,
          inputs: 3,
          constants: 0,
          temporaries: 1,
          code: [[name, 3, ...[0, 1, 2].slice(0, operands)] as Instruction],
          outputs: [3],
        };
        const output = machine.empty(compute, [pairs.length]);
        const [got] = run(program, [a, b, c], [output]);
        pairs.forEach(([x, y], i) => {
          let expected = round(meaning[name]!(x, y, i));
          // A zero's sign is free where PyTorch leaves it to the hardware.
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
    const a = machine.tensor(
      pairs.map(([x]) => x),
      "int64",
    );
    const b = machine.tensor(
      pairs.map(([, y]) => y),
      "int64",
    );
    const wrap = (x: bigint): bigint => BigInt.asIntN(64, x);
    const floorDivide = (x: bigint, y: bigint): bigint => x / y - (x % y !== 0n && x < 0n !== y < 0n ? 1n : 0n);
    const gcd = (x: bigint, y: bigint): bigint => (y === 0n ? (x < 0n ? -x : x) : gcd(y, x % y));
    const flag = (x: boolean): bigint => (x ? 1n : 0n);
    const reference: Record<string, (x: bigint, y: bigint) => bigint | undefined> = {
      add: (x, y) => x + y,
      sub: (x, y) => x - y,
      mul: (x, y) => x * y,
      neg: (x) => -x,
      abs: (x) => (x < 0n ? -x : x),
      square: (x) => x * x,
      div: (x, y) => (y === 0n ? undefined : x / y),
      fmod: (x, y) => (y === 0n ? undefined : x % y),
      floor_divide: (x, y) => (y === 0n ? undefined : floorDivide(x, y)),
      remainder: (x, y) => (y === 0n ? undefined : x - y * floorDivide(x, y)),
      bitwise_and: (x, y) => x & y,
      bitwise_or: (x, y) => x | y,
      bitwise_xor: (x, y) => x ^ y,
      bitwise_not: (x) => ~x,
      bitwise_left_shift: (x, y) => (y < 0n ? undefined : y > 63n ? 0n : x << y),
      bitwise_right_shift: (x, y) => (y < 0n ? undefined : x >> (y > 63n ? 63n : y)),
      maximum: (x, y) => (x > y ? x : y),
      minimum: (x, y) => (x < y ? x : y),
      gcd: (x, y) => gcd(x, y),
      eq: (x, y) => flag(x === y),
      lt: (x, y) => flag(x < y),
      ge: (x, y) => flag(x >= y),
      logical_xor: (x, y) => flag((x !== 0n) !== (y !== 0n)),
      sign: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n),
      pow: (x, y) => (y < 0n || y > 64n ? undefined : x ** y),
    };
    for (const [name, of] of Object.entries(reference)) {
      const output = machine.empty("int64", [pairs.length]);
      const operands = of.length;
      machine.pointwise(
        machine.define({
          compute: "int64",
          inputs: 2,
          constants: 0,
          temporaries: 1,
          code: [[name, 2, ...[0, 1].slice(0, operands)]],
          outputs: [2],
        }),
        [a, b],
        [output],
      );
      machine.addon.wait(machine.submitted);
      machine.addon.takeError(); // the pairs hold zero divisors
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
    // On CUDA a zero divisor is no error, as in PyTorch.
    for (const name of testDevice === "cuda" ? [] : ["div", "floor_divide", "remainder", "fmod"]) {
      assert.throws(
        () => run(binary(name, "int64"), [one, zero], [machine.empty("int64", [2])]),
        /^Error: ZeroDivisionError$/,
      );
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
          const compute: Compute =
            from === "int64" || to === "int64"
              ? from.includes("float") || to.includes("float")
                ? "float64"
                : "int64"
              : "float32";
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
    for (let i = 0; i < bits.length; i++)
      bits[i] = i * 32768 + [0, 1, 0x1000, 0x0fff, 0x1001, 0x7fff, 0x4000, 0x3000][i & 7]!;
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
    const x = machine.tensor(
      Array.from({ length: 105 }, (_, i) => i),
      "float32",
      shape,
    );
    const program: Program = {
      compute: "float32",
      inputs: 1,
      constants: 2,
      temporaries: 3,
      code: [
        ["iota", 3],
        ["mul", 4, 0, 1],
        ["add", 5, 4, 3],
      ],
      outputs: [5, 4, 5, 0, 2],
    };
    const outputs = (["float32", "int32", "bfloat16", "float64", "int64"] as const).map((dtype) =>
      machine.empty(dtype, shape),
    );
    const got = run(program, [transpose(transpose(x, 0, 2), 0, 2)], outputs, [2, 9]);
    const each = (f: (i: number) => number): number[] => Array.from({ length: 105 }, (_, i) => f(i));
    assertSame(
      got[0]!,
      each((i) => 3 * i),
      "5",
    );
    assertSame(
      got[1]!,
      each((i) => 2 * i),
      "4",
    );
    assertSame(
      got[2]!,
      each((i) => stored(3 * i, "bfloat16")),
      "5 again",
    );
    assertSame(
      got[3]!,
      each((i) => i),
      "the input",
    );
    assertSame(
      got[4]!,
      each(() => 9),
      "a constant",
    );
    // iota counts in row-major order, whatever the layout of the output.
    const turned = transpose(machine.empty("float32", [7, 130]), 0, 1);
    const only: Program = {
      compute: "float32",
      inputs: 0,
      constants: 0,
      temporaries: 1,
      code: [["iota", 0]],
      outputs: [0],
    };
    assertSame(
      run(only, [], [turned])[0]!,
      Array.from({ length: 910 }, (_, i) => i),
      "iota",
    );
    machine.releaseAll();
  });

  test("nothing happens to empty tensors, and a scalar has no dimensions", () => {
    const empty = machine.empty("float32", [3, 0, 2]);
    machine.pointwise(machine.define(unary("exp")), [empty], [empty]);
    machine.sync();
    const scalar = machine.tensor([4], "float32", []);
    assertSame(run(unary("sqrt"), [scalar], [scalar])[0]!, [2], "scalar");
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
