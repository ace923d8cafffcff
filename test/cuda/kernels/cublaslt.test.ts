/** How matmul asks cuBLASLt, seen by a stand-in for it over the emulation's memory (fake_cublaslt.cc). */
import "./shuffled.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { DtypeName, Machine } from "../../native/harness.ts";

// The addon looks for the library once, when it first multiplies.
const folder = mkdtempSync(join(tmpdir(), "layerwise-cublaslt-"));
const log = join(folder, "calls");
process.env.LAYERWISE_CUDA_LIBRARIES = folder;
process.env.FAKE_CUBLASLT_LOG = log;
delete process.env.LAYERWISE_CUDA_MATMUL;
const { dtypes, open, product, randomSource, whyMissing } = await import("../../native/harness.ts");

describe("matmul through cuBLASLt", { skip: whyMissing }, () => {
  const source = fileURLToPath(new URL("fake_cublaslt.cc", import.meta.url));
  if (!whyMissing) execFileSync("g++", ["-shared", "-fPIC", "-O1", "-o", join(folder, "libcublasLt.so.13"), source]);
  const machine = whyMissing ? (undefined as unknown as Machine) : open();
  const random = randomSource(3);
  after(() => {
    machine?.close();
    rmSync(folder, { recursive: true });
  });

  /** Lines `compute type` of the products that the library was asked for since the last call of this function. */
  function calls(): string[] {
    const lines = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    rmSync(log, { force: true });
    return lines;
  }

  interface Options {
    batch?: number[];
    isTransposedA?: boolean;
    isTransposedB?: boolean;
    hasBias?: boolean;
    beta?: number;
    sharesB?: boolean;
    gap?: number;
  }

  function check(dtype: DtypeName, m: number, n: number, k: number, options: Options = {}): void {
    const { batch = [], isTransposedA, isTransposedB, hasBias, beta = 0, sharesB, gap = 0 } = options;
    const whole = (count: number): number[] => Array.from({ length: count }, () => Math.floor(random() * 5) - 2);
    const count = product(batch);
    const [av, bv] = [whole(count * m * k), whole((sharesB ? 1 : count) * k * n)] as [number[], number[]];
    const cv = whole(count * m * (n + gap));
    const bias = whole(n);
    const [ars, acs] = isTransposedA ? [1, m] : [k, 1];
    const [brs, bcs] = isTransposedB ? [1, k] : [n, 1];
    const steps = (size: number): number[] => batch.map((_, d) => size * product(batch.slice(d + 1)));
    const [a, b, c, biasTensor] = [av, bv, cv, bias].map((values) => machine.tensor(values, dtype));
    const c0 = machine.read(c!);
    machine.submit("matmul", [
      dtypes[dtype],
      batch.length,
      ...batch,
      m,
      n,
      k,
      2,
      beta,
      a!.pointer,
      ars,
      acs,
      ...steps(m * k),
      b!.pointer,
      brs,
      bcs,
      ...(sharesB ? batch.map(() => 0) : steps(k * n)),
      c!.pointer,
      n + gap,
      ...steps(m * (n + gap)),
      hasBias ? biasTensor!.pointer : 0,
    ]);
    const got = machine.read(c!);
    const slack = dtype === "bfloat16" ? 2 ** -8 : dtype === "float16" ? 2 ** -11 : 0;
    for (let at = 0; at < got.length; at++) {
      const column = at % (n + gap);
      const row = Math.floor(at / (n + gap)) % m;
      const q = Math.floor(at / (n + gap) / m);
      let want = c0[at]!;
      if (column < n) {
        let sum = 0;
        const from = sharesB ? 0 : q * k * n;
        for (let d = 0; d < k; d++) sum += av[q * m * k + row * ars + d * acs]! * bv[from + d * brs + column * bcs]!;
        want = 2 * sum + beta * want + (hasBias ? bias[column]! : 0);
      }
      const what = `${dtype} ${m} x ${n} x ${k} ${JSON.stringify(options)}: element ${at} is ${got[at]}, not ${want}`;
      assert.ok(Math.abs(got[at]! - want) <= slack * Math.abs(want), what);
    }
    machine.releaseAll();
  }

  const numbers = { float32: "68 0", float64: "70 1", float16: "68 2", bfloat16: "68 14" } as const;
  for (const dtype of ["float32", "float64", "float16", "bfloat16"] as const) {
    test(`${dtype}: every transposition, bias, beta, batches`, () => {
      calls();
      for (const isTransposedA of [false, true]) {
        for (const isTransposedB of [false, true]) {
          const turns = { isTransposedA, isTransposedB };
          check(dtype, 5, 7, 11, { ...turns, hasBias: true });
          check(dtype, 16, 3, 8, { ...turns, beta: -1, gap: 2 });
          check(dtype, 4, 6, 5, { ...turns, batch: [3], hasBias: true });
          check(dtype, 4, 6, 5, { ...turns, batch: [2, 2], beta: 1 });
        }
      }
      check(dtype, 4, 6, 5, { batch: [5], sharesB: true });
      check(dtype, 9, 1, 4);
      check(dtype, 3, 1, 4, { hasBias: true });
      assert.deepEqual(calls(), new Array<string>(19).fill(numbers[dtype]));
    });
  }

  test("float32 is rounded to TF32 only where that was allowed", () => {
    check("float32", 4, 4, 4);
    machine.submit("matmul_allow_tf32", [1]);
    check("float32", 4, 4, 4);
    machine.submit("matmul_allow_tf32", [0]);
    check("float32", 4, 4, 4);
    assert.deepEqual(calls(), ["68 0", "77 0", "68 0"]);
  });

  test("what the library refuses our kernels multiply", () => {
    process.env.FAKE_CUBLASLT_REFUSES = "1";
    check("bfloat16", 20, 30, 40);
    check("float32", 20, 31, 43, { hasBias: true });
    delete process.env.FAKE_CUBLASLT_REFUSES;
    check("int32", 3, 4, 5);
    assert.deepEqual(calls(), []);
  });
});
