/**
 * Steps of a model that are recorded as one, whatever Python does to compute them: what they look at decides no path. Their
 * signatures stand here; Python says what went in and what came out.
 */
import type { OpRecord } from "../../op.ts";
import { parseSignature } from "../../signature.ts";

const signatures = [
  // Steps are [time, batch, ...]; `data` holds the samples that are still running, step by step.
  "_pack_padded(Tensor input, Tensor lengths) -> (Tensor data, Tensor batch_sizes)",
  "_pad_packed(Tensor data, Tensor batch_sizes, float padding_value, int? total_length) -> (Tensor output, Tensor lengths)",
  "_packed_network(Tensor input, Tensor batch_sizes, Tensor? hidden, Tensor? cell, Tensor[] weights, str mode, bool has_biases, bool bidirectional, float dropout, int proj_size) -> Tensor[]",
  // What is recorded between these two is a body; its inputs stand for what is given.
  "_body_open(Tensor[] given) -> Tensor[]",
  "_body_close(Tensor[] outputs) -> Tensor[]",
  // The bodies of both branches come before it, or that of the loop; it goes on while the first output of the body is true.
  "_cond(Tensor pred, Tensor[] then, Tensor[] otherwise) -> Tensor[]",
  "_while_loop(Tensor first, Tensor[] carried, Tensor[] outputs) -> Tensor[]",
  // Rows of the input up to each end by the matrix of that group.
  "_grouped_mm(Tensor input, Tensor mat2, Tensor ends) -> Tensor",
] as const;

/** By name. Nothing calls them: they are records for translators. */
export const recordedSteps: ReadonlyMap<string, OpRecord> = new Map(
  signatures.map((text) => {
    const signature = parseSignature(text);
    const record: OpRecord = {
      name: signature.name,
      spec: { signature: text, doc: "", forward: () => undefined },
      signature,
      tensorPositions: [],
      gradName: "",
    };
    return [signature.name, record];
  }),
);

/** How Python names an argument of a step: a tensor by its handle, several of them, or what is no tensor. */
export type StepArgument = { handle: number } | { handles: number[] } | { plain: unknown };
