/** SequenceProto and OptionalProto of ONNX (onnx-data.proto): values that are no plain tensors. Field numbers only. */
import { tensorMessage, type TensorProto } from "../schema.ts";
import { many, one, type Message } from "../wire.ts";

export interface ValueProto {
  name?: string;
  /** What the lists hold: 1 tensors, 2 sparse tensors, 3 sequences, 4 maps, 5 optionals. */
  kind?: number;
  tensors?: TensorProto[];
  sequences?: ValueProto[];
  optionals?: ValueProto[];
  tensorValue?: TensorProto;
  sequenceValue?: ValueProto;
  optionalValue?: ValueProto;
}

const sequence: Message = {
  1: one("name", "string"),
  2: one("kind", "int32"),
  3: many("tensors", () => tensorMessage),
  5: many("sequences", () => sequence),
  7: many("optionals", () => optional),
};

const optional: Message = {
  1: one("name", "string"),
  2: one("kind", "int32"),
  3: one("tensorValue", () => tensorMessage),
  5: one("sequenceValue", () => sequence),
  7: one("optionalValue", () => optional),
};

export function valueMessage(kind: string): Message {
  if (kind !== "sequence" && kind !== "optional") throw new Error(`no message for a ${kind}`);
  return kind === "sequence" ? sequence : optional;
}
