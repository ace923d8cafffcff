/**
 * Pointwise programs as generated source: compiled here by the host's compiler behind NVRTC's functions, they give what
 * the CPU's kernels give. On a machine with nvcc the same source is also put through NVIDIA's compiler, below.
 */
import "./emulation.ts";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CudaEngine } from "../../src/runtime/native/addon.ts";
import {
  addonPath,
  loadAddon,
  Machine,
  whyMissing,
  type Addon,
  type DtypeName,
  type Instruction,
  type Program,
  type Tensor,
} from "../native/harness.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
process.env.LAYERWISE_CUDA_COMPILE = "now";
process.env.LAYERWISE_CUDA_LIBRARIES ??= path("../../native/bin/linux-x64/emulation");
process.env.LAYERWISE_EMULATION_SOURCES = path("../../native/cuda");

const hasCompiler = spawnSync("g++", ["--version"]).status === 0;
const why = whyMissing || (hasCompiler ? false : "there is no g++ to compile with");

/** Opcodes by how many operands they take. */
const real: [number, string][] = [
  [0, "iota"],
  ...[
    "mov neg abs sign signbit square sqrt rsqrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos",
    "atan sinh cosh tanh asinh acosh atanh sigmoid erf erfc erfinv lgamma digamma floor ceil round trunc",
    "isnan isinf isfinite logical_not bitwise_not",
  ]
    .join(" ")
    .split(" ")
    .map((name): [number, string] => [1, name]),
  ...[
    "add sub mul div floor_divide remainder fmod pow atan2 hypot copysign nextafter maximum minimum",
    "fmax fmin eq ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor",
  ]
    .join(" ")
    .split(" ")
    .map((name): [number, string] => [2, name]),
  [3, "where"],
  [3, "fma"],
];
const whole: [number, string][] = [
  [0, "iota"],
  ...["mov neg abs sign signbit square floor", "ceil round trunc isnan isinf isfinite logical_not bitwise_not"]
    .join(" ")
    .split(" ")
    .map((name): [number, string] => [1, name]),
  ...[
    "add sub mul floor_divide remainder fmod div pow maximum minimum fmax fmin eq ne",
    "lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift gcd lcm",
  ]
    .join(" ")
    .split(" ")
    .map((name): [number, string] => [2, name]),
  [3, "where"],
  [3, "fma"],
];

describe("compiled pointwise programs", { skip: why }, () => {
  const gpu = why ? (undefined as unknown as Machine) : new Machine(loadAddon());
  const cpu = why ? (undefined as unknown as Machine) : new Machine(createRequire(import.meta.url)(addonPath) as Addon);
  after(() => {
    gpu?.close();
    cpu?.close();
  });

  interface Operand {
    dtype: DtypeName;
    values: number[];
    shape: number[];
    /** Seen through other strides, or at an offset. */
    view?: (t: Tensor) => Tensor;
  }

  /** The outputs of a program on one machine. */
  function run(m: Machine, program: Program, inputs: Operand[], outputs: Operand[], constants: number[]): number[][] {
    const make = ({ dtype, values, shape, view }: Operand): Tensor => {
      const t = m.tensor(values, dtype, shape);
      return view ? view(t) : t;
    };
    const results = outputs.map(make);
    m.pointwise(m.define(program), inputs.map(make), results, constants);
    return results.map((t) => m.read(t));
  }

  function same(program: Program, inputs: Operand[], outputs: Operand[], constants: number[], relative = 2e-6): void {
    const expected = run(cpu, program, inputs, outputs, constants);
    run(gpu, program, inputs, outputs, constants).forEach((got, k) =>
      got.forEach((x, i) => {
        const wanted = expected[k]![i]!;
        const isClose = Object.is(x, wanted) || Math.abs(x - wanted) <= relative * Math.max(1, Math.abs(wanted));
        const op = program.code.find(([, dst]) => dst === program.outputs[k]);
        assert.ok(isClose, `output ${k} (${op}), element ${i}: ${x}, expected ${wanted}`);
      }),
    );
    gpu.releaseAll();
    cpu.releaseAll();
    programs++;
    assert.deepEqual((gpu.addon as unknown as CudaEngine).compiled(), { ready: programs, failure: "" });
  }
  let programs = 0;

  const ramp = (n: number, scale = 1): number[] =>
    Array.from({ length: n }, (_, i) => ((i * 37) % 23) * scale - 5 * scale);

  for (const [compute, opcodes] of [
    ["float32", real],
    ["float64", real],
    ["int64", whole],
  ] as const) {
    test(`every opcode in ${compute}`, () => {
      for (let at = 0; at < opcodes.length; at += 27) {
        const part = opcodes.slice(at, at + 27);
        const code = part.map(([n, name], i): Instruction => [name, 3 + i, ...[0, 1, 2].slice(0, n)]);
        const n = 21;
        const scale = compute === "int64" ? 1 : 0.37;
        // No zero divides on the CPU.
        const inputs = [ramp(n, scale), ramp(n, -scale).map((x) => x + 2 || 1), ramp(n)].map((values) => ({
          dtype: compute as DtypeName,
          values,
          shape: [n],
        }));
        const outputs = part.map(() => ({ dtype: compute as DtypeName, values: ramp(n), shape: [n] }));
        const program = {
          compute,
          inputs: 3,
          constants: 0,
          temporaries: part.length,
          code,
          outputs: part.map((_, i) => 3 + i),
        };
        same(program, inputs, outputs, [], compute === "float32" ? 4e-6 : 1e-12);
      }
    });
  }

  const scaled: Program = {
    compute: "float32",
    inputs: 2,
    constants: 1,
    temporaries: 2,
    code: [
      ["mul", 3, 0, 2],
      ["add", 4, 3, 1],
    ],
    outputs: [4],
  };

  test("packs: dtypes of every size in and out, a tail, a number for all, memory that is not aligned", () => {
    for (const dtype of ["float16", "bfloat16", "uint8", "int64", "bool"] as const) {
      const n = 35;
      const x = {
        dtype,
        values: ramp(n).map((v) => (dtype === "bool" ? v & 1 : dtype === "uint8" ? v + 5 : v)),
        shape: [n],
      };
      const one: Operand = {
        dtype: "float32",
        values: [3],
        shape: [1],
        view: (t) => ({ ...t, shape: [n], strides: [0] }),
      };
      same(scaled, [x, one], [{ dtype: dtype === "uint8" ? "int16" : dtype, values: x.values, shape: [n] }], [2]);
    }
    const shifted = (t: Tensor): Tensor => ({ ...t, pointer: t.pointer + 4, shape: [30] });
    const x: Operand = { dtype: "float32", values: ramp(31), shape: [31], view: shifted };
    same(scaled, [x, x], [x], [0.5]);
  });

  test("loops: transposed and broadcast operands, in place", () => {
    const turned = (t: Tensor): Tensor => ({ ...t, shape: [3, 4, 5], strides: [1, 3, 12] });
    const row = (t: Tensor): Tensor => ({ ...t, shape: [3, 4, 5], strides: [0, 0, 1] });
    const x: Operand = { dtype: "bfloat16", values: ramp(60), shape: [60], view: turned };
    const y: Operand = { dtype: "float64", values: ramp(5), shape: [5], view: row };
    same(scaled, [x, y], [{ dtype: "float32", values: ramp(60), shape: [3, 4, 5] }], [1.5]);
    programs++;
    const m = gpu;
    const t = m.tensor(ramp(6), "float32", [6]);
    m.pointwise(m.define({ ...scaled, outputs: [4] }), [t, t], [t], [1]);
    assert.deepEqual(
      m.read(t),
      ramp(6).map((v) => 2 * v),
    );
    m.releaseAll();
  });

  const hasNvcc = spawnSync("nvcc", ["--version"]).status === 0;
  test("NVIDIA's compiler takes the source", { skip: hasNvcc ? false : "there is no nvcc" }, () => {
    const folder = mkdtempSync(join(tmpdir(), "layerwise-source-"));
    try {
      process.env.LAYERWISE_EMULATION_KEEP = folder;
      const code: Instruction[] = [
        ["erfinv", 1, 0],
        ["digamma", 2, 1],
        ["floor_divide", 3, 2, 0],
        ["gcd", 4, 3, 1],
      ];
      const program: Program = { compute: "float32", inputs: 1, constants: 0, temporaries: 4, code, outputs: [4] };
      const half: Operand = { dtype: "float16", values: ramp(9, 0.1), shape: [9] };
      const result: Operand = { dtype: "bfloat16", values: ramp(9), shape: [9] };
      run(gpu, program, [half], [result], []);
      gpu.releaseAll();
      const sources = readdirSync(folder).map((name) => join(folder, name));
      assert.equal(sources.length, 1);
      for (const source of sources) {
        const done = spawnSync("nvcc", [
          "-std=c++17",
          "-fmad=false",
          "-arch=sm_90",
          "-cubin",
          "-o",
          `${source}.cubin`,
          source,
        ]);
        assert.equal(done.status, 0, done.stderr.toString());
      }
    } finally {
      delete process.env.LAYERWISE_EMULATION_KEEP;
      rmSync(folder, { recursive: true });
    }
  });
});
