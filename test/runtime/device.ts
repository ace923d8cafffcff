/** The real core for tests in TypeScript: ops by name on the CPU, tensors from numbers and back. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createCore, type Core } from "../../src/runtime/core.ts";
import { float32, type DType } from "../../src/runtime/dtype.ts";
import { readBytes, writeBytes } from "../../src/runtime/launch.ts";
import { registry } from "../../src/runtime/op.ts";
import { nativeFolder } from "../../src/runtime/paths.ts";
import { empty, Scope, type Tensor } from "../../src/runtime/tensor.ts";

export const whyMissing = existsSync(join(nativeFolder, `${process.platform}-${process.arch}`, "cpu.node"))
  ? false
  : "the native addon is not built";

let core: Core | null = null;
export const theCore = (): Core => (core ??= createCore({}));
export const closeCore = (): void => core?.close();

/** Any declared op by name, untyped: tests say what they mean. */
export const op = (name: string): ((...args: unknown[]) => Tensor) =>
  registry.get(name) as unknown as (...args: unknown[]) => Tensor;

export function tensor(shape: number[], values: number[], dtype: DType = float32): Tensor {
  const t = empty(shape, dtype, theCore().cpu!);
  const data =
    dtype.name === "float64"
      ? new Float64Array(values)
      : dtype.name === "int64"
        ? new BigInt64Array(values.map(BigInt))
        : new Float32Array(values);
  writeBytes(t, new Uint8Array(data.buffer));
  return t;
}

export function numbers(t: Tensor): number[] {
  const c = op("_contiguous")(t);
  const bytes = new Uint8Array(c.nbytes);
  readBytes(c, bytes);
  if (t.dtype.name === "float64") return [...new Float64Array(bytes.buffer)];
  if (t.dtype.name === "int64") return [...new BigInt64Array(bytes.buffer)].map(Number);
  return [...new Float32Array(bytes.buffer)];
}

/** Run in a scope of its own: what nobody owns afterwards is freed. */
export function scoped<T>(body: () => T): T {
  const mark = Scope.enter();
  try {
    return body();
  } finally {
    Scope.exit(mark);
  }
}
