/**
 * The example models give PyTorch's numbers: initial parameters bit for bit; outputs, gradients, losses and the state
 * after twenty optimizer steps within a tolerance. The driver is drive.py, the goldens come from tools/goldens.py.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { golden, python } from "./command.ts";

interface Summary {
  shape: number[];
  sum: number;
  norm: number;
  stride: number;
}
interface Document<T> {
  initial: Record<string, string>;
  losses: number[];
  generated?: number[];
  tensors: Record<string, Summary & T>;
}
type Golden = Document<{ at: number; count: number }>;
type Drive = Document<{ values: number[] }>;

/**
 * PyTorch against itself (AVX2 for AVX-512 kernels, one thread, oneDNN off; or every parameter moved by one rounding)
 * differs by 1e-5 at most in these tensors, sums included.
 */
const TOLERANCE = 1e-4;

const NOISE = 1e-10;

/** The largest difference, relative to the largest value of the tensor. */
function worst(actual: number[], expected: Float32Array): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
    if (Number.isNaN(actual[i])) return Infinity;
  }
  return difference === 0 ? 0 : difference / scale;
}

function compare(actual: Drive, expected: Golden, values: Float32Array): string[] {
  const problems: string[] = [];
  for (const [name, want] of Object.entries(expected.tensors)) {
    const got = actual.tensors[name];
    if (!got) {
      problems.push(`${name} is missing`);
      continue;
    }
    if (got.shape.join() !== want.shape.join()) {
      problems.push(`${name} has shape (${got.shape}), expected (${want.shape})`);
      continue;
    }
    // A key bias has no gradient in exact arithmetic: all that can be asked of rounding noise is that it stays noise.
    const isNoise = want.norm > 0 && want.norm < NOISE;
    if (isNoise) {
      if (!(got.norm < 1000 * NOISE)) problems.push(`${name} is ${got.norm} large, expected nearly zero`);
      continue;
    }
    const error = worst(got.values, values.subarray(want.at, want.at + want.count));
    if (!(error <= TOLERANCE)) problems.push(`${name} differs by ${error.toExponential(1)} of its largest value`);
    const size = Math.max(want.norm, 1e-30);
    const errorNorm = Math.abs(got.norm - want.norm) / size;
    if (!(errorNorm <= TOLERANCE)) problems.push(`${name} has norm ${got.norm}, expected ${want.norm}`);
    const errorSum = Math.abs(got.sum - want.sum) / size;
    if (!(errorSum <= 10 * TOLERANCE)) problems.push(`${name} has sum ${got.sum}, expected ${want.sum}`);
  }
  return problems;
}

for (const name of ["attention", "mlp", "gpt", "bert", "lstm", "resnet", "vit"]) {
  test(`${name} gives PyTorch's numbers`, () => {
    const expected = JSON.parse(readFileSync(golden(`${name}.json`), "utf8")) as Golden;
    const packed = readFileSync(golden(`${name}.f32`));
    const values = new Float32Array(packed.buffer.slice(packed.byteOffset, packed.byteOffset + packed.byteLength));
    const actual = JSON.parse(python("test/models/drive.py", name)) as Drive;

    assert.deepEqual(actual.initial, expected.initial, "initial parameters, bit for bit");
    assert.deepEqual(compare(actual, expected, values), []);
    assert.equal(actual.losses.length, expected.losses.length);
    expected.losses.forEach((loss, i) => {
      const error = Math.abs(actual.losses[i]! - loss) / loss;
      assert.ok(error <= TOLERANCE, `loss of step ${i} is ${actual.losses[i]}, expected ${loss}`);
    });
    assert.deepEqual(actual.generated, expected.generated);
  });
}
