/**
 * What pointwise programs mean, in plain TypeScript: one element at a time, for tests to compare with. Only opcodes whose
 * results are exact; accuracy is judged elsewhere.
 */
import assert from "node:assert/strict";
import { decode, encode, type DtypeName, type Program } from "./harness.ts";

export type Compute = Program["compute"];

const asNumber = (b: boolean): number => (b ? 1 : 0);

/** What each opcode means for numbers; float32 results are rounded by the caller. */
export const meaning: Record<string, (a: number, b: number, c: number) => number> = {
  mov: (a) => a,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: (a, b) => (a !== a || b !== b ? NaN : Math.max(a, b)),
  minimum: (a, b) => (a !== a || b !== b ? NaN : Math.min(a, b)),
  fmax: (a, b) => (a !== a ? b : b !== b ? a : Math.max(a, b)),
  fmin: (a, b) => (a !== a ? b : b !== b ? a : Math.min(a, b)),
  eq: (a, b) => asNumber(a === b),
  ne: (a, b) => asNumber(a !== b),
  lt: (a, b) => asNumber(a < b),
  le: (a, b) => asNumber(a <= b),
  gt: (a, b) => asNumber(a > b),
  ge: (a, b) => asNumber(a >= b),
  logical_and: (a, b) => asNumber(a !== 0 && b !== 0),
  logical_or: (a, b) => asNumber(a !== 0 || b !== 0),
  logical_xor: (a, b) => asNumber((a !== 0) !== (b !== 0)),
  logical_not: (a) => asNumber(a === 0),
  where: (a, b, c) => (a !== 0 ? b : c),
  neg: (a) => -a,
  abs: Math.abs,
  sign: (a) => (a !== a ? a : a > 0 ? 1 : a < 0 ? -1 : 0),
  signbit: (a) => asNumber(a < 0 || Object.is(a, -0)),
  square: (a) => a * a,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  copysign: (a, b) => Math.abs(a) * (b < 0 || Object.is(b, -0) ? -1 : 1),
  isnan: (a) => asNumber(a !== a),
  isinf: (a) => asNumber(Math.abs(a) === Infinity),
  isfinite: (a) => asNumber(Number.isFinite(a)),
  fmod: (a, b) => a % b,
  remainder: (a, b) => {
    const r = a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
  },
  floor_divide: (a, b) => (b === 0 ? a / b : Math.floor(a / b)),
};

export const operandCount = (name: string): number =>
  name === "where" ? 3 : (meaning[name] as (...x: number[]) => number).length;

/** The program on one element, all in float64 with rounding to the compute type after each step. */
export function evaluate(program: Program, inputs: number[], constants: number[], index: number): number[] {
  const round = program.compute === "float32" ? Math.fround : (x: number) => x;
  const values = [...inputs, ...constants.map(round)];
  for (const [name, dst, a = 0, b = 0, c = 0] of program.code) {
    values[dst] = name === "iota" ? round(index) : round(meaning[name]!(values[a]!, values[b]!, values[c]!));
  }
  return program.outputs.map((value) => values[value]!);
}

/** Through the storage of a dtype and back: what a stored value reads as. */
export function stored(value: number, dtype: DtypeName): number {
  if (dtype === "bool") return value !== 0 ? 1 : 0;
  const isFloat = dtype.startsWith("float") || dtype === "bfloat16";
  if (!isFloat)
    return Number(BigInt.asIntN(64, BigInt(Math.trunc(value)))) === value || dtype === "int64"
      ? decode(encode([BigInt(Math.trunc(value))], dtype), dtype)[0]!
      : decode(encode([Math.trunc(value)], dtype), dtype)[0]!;
  return decode(encode([value], dtype), dtype)[0]!;
}

export function assertSame(got: number[], expected: number[], what: string): void {
  assert.equal(got.length, expected.length, what);
  for (let i = 0; i < got.length; i++) {
    if (Object.is(got[i], expected[i])) continue;
    assert.fail(`${what}: element ${i} is ${got[i]}, expected ${expected[i]}`);
  }
}

export const unary = (name: string, compute: Compute = "float32"): Program => ({
  compute,
  inputs: 1,
  constants: 0,
  temporaries: 1,
  code: [[name, 1, 0]],
  outputs: [1],
});
export const binary = (name: string, compute: Compute = "float32"): Program => ({
  compute,
  inputs: 2,
  constants: 0,
  temporaries: 1,
  code: [[name, 2, 0, 1]],
  outputs: [2],
});
