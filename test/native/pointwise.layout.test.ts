/**
 * The pointwise kernel on layouts: permuted, broadcast, sliced, in place, larger than the cache; and random programs
 * on random layouts.
 */
import assert from "node:assert/strict";
import { test, describe, after } from "node:test";
import {
  contiguousStrides,
  dtypeNames,
  elementBytes,
  expand,
  open,
  product,
  randomSource,
  slice,
  transpose,
  whyMissing,
  type DtypeName,
  type Instruction,
  type Machine,
  type Program,
  type Tensor,
} from "./harness.ts";
import { assertSame, binary, evaluate, operandCount, stored, unary } from "./pointwise.reference.ts";

describe("pointwise layouts", { skip: whyMissing }, () => {
  const machine = whyMissing ? (undefined as unknown as Machine) : open();
  after(() => machine?.close());

  const run = (program: Program, inputs: Tensor[], outputs: Tensor[], constants: number[] = []): number[][] => {
    machine.pointwise(machine.define(program), inputs, outputs, constants);
    return outputs.map((output) => machine.read(output));
  };

  test("updates in place read each element before they overwrite it", () => {
    // As an optimizer step: p, m and v are read late and written early.
    const n = 30_011;
    const program: Program = {
      compute: "float32",
      inputs: 3,
      constants: 1,
      temporaries: 5,
      code: [
        ["add", 4, 1, 2],
        ["mul", 5, 4, 3],
        ["sub", 6, 0, 5],
        ["add", 7, 1, 0],
        ["mul", 8, 7, 3],
      ],
      outputs: [6, 8, 4],
    };
    const values = [0, 1, 2].map((k) => Array.from({ length: n }, (_, i) => (i * (k + 3)) % 64));
    for (const order of [
      [0, 1, 2],
      [1, 0, 2],
      [2, 1, 0],
      [0, 2, 1],
    ]) {
      const tensors = values.map((v) => machine.tensor(v, "float32"));
      const outputs = order.map((k) => tensors[k]!);
      const got = run(program, tensors, outputs, [0.5]);
      const expected: number[][] = [[], [], []];
      for (let i = 0; i < n; i++) {
        evaluate(
          program,
          values.map((v) => v[i]!),
          [0.5],
          i,
        ).forEach((value, k) => expected[k]!.push(value));
      }
      expected.forEach((e, k) => assertSame(got[k]!, e, `output ${k} in ${order}`));
      machine.releaseAll();
    }
  });

  test("outputs too large for the cache are written whole", () => {
    // Over 16 MiB of the smaller output, so that both are written around the cache.
    const n = 8_500_011;
    const values = Float32Array.from({ length: n }, (_, i) => i % 1000);
    const bytes = n * 4;
    const pointer = machine.addon.allocate(bytes);
    const target = machine.addon.allocate(bytes);
    machine.addon.write(pointer, new Uint8Array(values.buffer));
    const view = (at: number, dtype: DtypeName): Tensor => ({ pointer: at, dtype, shape: [n - 1], strides: [1] });
    for (const dtype of ["float32", "bfloat16"] as const) {
      const size = elementBytes[dtype];
      machine.addon.write(target, new Uint8Array(n * size));
      // One element off the start: streaming stores need aligned lines. The sum of each element and the one behind it.
      const output = view(target + size, dtype);
      machine.pointwise(
        machine.define(binary("add")),
        [view(pointer, "float32"), view(pointer + 4, "float32")],
        [output],
      );
      const got = machine.readBytes(target, n * size);
      const expected = new Uint8Array(n * size);
      const floats = new Float32Array(expected.buffer, 0, Math.floor(expected.length / 4));
      const halves = new Uint16Array(expected.buffer);
      const word = new Uint32Array(1);
      const asFloat = new Float32Array(word.buffer);
      for (let i = 0; i < n - 1; i++) {
        const sum = values[i]! + values[i + 1]!;
        if (dtype === "float32") floats[i + 1] = sum;
        else {
          asFloat[0] = sum;
          halves[i + 1] = (word[0]! + 0x7fff + ((word[0]! >>> 16) & 1)) >>> 16;
        }
      }
      assert.equal(Buffer.compare(got, expected), 0, dtype);
    }
    machine.addon.release(pointer, bytes);
    machine.addon.release(target, bytes);
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

  const exactNames = [
    "add",
    "sub",
    "mul",
    "maximum",
    "minimum",
    "eq",
    "lt",
    "logical_and",
    "where",
    "neg",
    "abs",
    "square",
    "mov",
    "sign",
    "iota",
  ];

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
    const rounds = Number(process.env.LAYERWISE_ROUNDS ?? 500);
    for (let round = 0; round < rounds; round++) {
      const ndim = Math.floor(random() * 5);
      const largest = [1, 3000, 300, 40, 12][ndim]!;
      const shape = Array.from({ length: ndim }, () => {
        const kind = random();
        return kind < 0.1
          ? 1
          : kind < 0.12
            ? 0
            : kind < 0.5
              ? 1 + Math.floor(random() * 8)
              : 1 + Math.floor(random() * largest);
      });
      const program = randomProgram(random);
      const pool: DtypeName[] =
        program.compute === "int64"
          ? ["int64", "int32", "uint8", "bool", "int16"]
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
        evaluate(
          program,
          before.map((v) => v[i]!),
          constants,
          i,
        ).forEach((value, k) => {
          const expected = stored(value, outputs[k]!.dtype);
          // Zeros of either sign are equal here; squares of squares may leave the exact range of int64.
          if (got[k]![i]! === expected || (Number.isNaN(expected) && Number.isNaN(got[k]![i]!))) return;
          if (Math.abs(value) >= 2 ** 31) return;
          assert.fail(
            `seed ${seed} round ${round} shape [${shape}] ${JSON.stringify(program)} output ${k} ` +
              `(${outputs[k]!.dtype}, strides [${outputs[k]!.strides}]) ` +
              `inputs ${inputs.map((t) => `${t.dtype} [${t.strides}]`)}: ` +
              `element ${i} is ${got[k]![i]}, expected ${expected}`,
          );
        });
      }
      machine.releaseAll();
    }
  });

  test("large transposed, broadcast and interleaved layouts on all threads", () => {
    const layouts: [string, number[], (shape: number[]) => Tensor][] = [
      [
        "transposed matrix",
        [400, 315],
        ([r, c]) =>
          transpose(
            machine.tensor(
              Array.from({ length: r! * c! }, (_, i) => i % 977),
              "float32",
              [c!, r!],
            ),
            0,
            1,
          ),
      ],
      [
        "heads",
        [4, 6, 100, 64],
        () =>
          transpose(
            machine.tensor(
              Array.from({ length: 153600 }, (_, i) => i % 977),
              "float32",
              [4, 100, 6, 64],
            ),
            1,
            2,
          ),
      ],
      [
        "channels last from first",
        [2, 50, 60, 3],
        () => {
          const t = machine.tensor(
            Array.from({ length: 18000 }, (_, i) => i % 977),
            "float32",
            [2, 3, 50, 60],
          );
          return { ...t, shape: [2, 50, 60, 3], strides: [9000, 60, 1, 3000] };
        },
      ],
      [
        "channels first from last",
        [2, 3, 50, 60],
        () => {
          const t = machine.tensor(
            Array.from({ length: 18000 }, (_, i) => i % 977),
            "float32",
            [2, 50, 60, 3],
          );
          return { ...t, shape: [2, 3, 50, 60], strides: [9000, 1, 180, 3] };
        },
      ],
      [
        "bias",
        [500, 300],
        (shape) =>
          expand(
            machine.tensor(
              Array.from({ length: 300 }, (_, i) => i),
              "float32",
            ),
            shape,
          ),
      ],
      [
        "short bias",
        [30000, 10],
        (shape) =>
          expand(
            machine.tensor(
              Array.from({ length: 10 }, (_, i) => i),
              "float32",
            ),
            shape,
          ),
      ],
      [
        "column",
        [500, 300],
        (shape) =>
          expand(
            machine.tensor(
              Array.from({ length: 500 }, (_, i) => i),
              "float32",
              [500, 1],
            ),
            shape,
          ),
      ],
    ];
    for (const [name, shape, make] of layouts) {
      const dense = machine.tensor(
        Array.from({ length: product(shape) }, (_, i) => i % 31),
        "float32",
        shape,
      );
      const odd = make(shape);
      const values = machine.read(odd);
      for (const output of ["float32", "bfloat16", "int32"] as const) {
        const [sum] = run(binary("add"), [dense, odd], [machine.empty(output, shape)]);
        assertSame(
          sum!,
          values.map((v, i) => stored(v + (i % 31), output)),
          `${name}, sum to ${output}`,
        );
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
      const t = machine.tensor(
        Array.from({ length: 300 * 170 }, (_, i) => i % 2),
        dtype,
        [300, 170],
      );
      const [copy] = run(
        unary("mov", dtype === "int64" ? "int64" : "float32"),
        [transpose(t, 0, 1)],
        [machine.empty(dtype, [170, 300])],
      );
      assertSame(copy!, machine.read(transpose(t, 0, 1)), `transposed copy of ${dtype}`);
    }
    assert.deepEqual(contiguousStrides([2, 3]), [3, 1]);
    machine.releaseAll();
  });
});
