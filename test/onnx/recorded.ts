/** Models with recorded data in the layout of ONNX's own tests, as tools/onnx_suite.py reads them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tensorProto } from "../../src/runtime/onnx/export/builder.ts";
import type { PlainTensor } from "../../src/runtime/onnx/run.ts";
import { tensorMessage } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";

/** A model with one set of data, in the layout of ONNX's tests. */
export function writeCase(
  place: string,
  model: Uint8Array,
  inputs: Uint8Array[],
  outputs: Uint8Array[],
  bounds = { rtol: 1e-3, atol: 1e-6 },
): void {
  const data = join(place, "test_data_set_0");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(place, "model.onnx"), model);
  writeFileSync(join(place, "data.json"), JSON.stringify(bounds));
  inputs.forEach((bytes, i) => writeFileSync(join(data, `input_${i}.pb`), bytes));
  outputs.forEach((bytes, i) => writeFileSync(join(data, `output_${i}.pb`), bytes));
}

export const proto = ({ dtype, dims, bytes }: PlainTensor): Uint8Array =>
  encode(tensorProto(dtype, dims, bytes), tensorMessage);
