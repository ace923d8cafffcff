/** A graph as a model in a file: written whole or not at all; what is too large for one file lies beside it. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { GraphProto, ModelProto, TensorProto } from "./schema.ts";
import { modelMessage } from "./schema.ts";
import { encode } from "./wire.ts";

export const DEFAULT_OPSET = 18;
const OPSETS = { least: 17, most: 25 };

/** Protocol Buffers end at 2 GiB; weights beyond this go into a file of their own. */
const MOST_INLINE_BYTES = 1.5 * 1024 ** 3;
/** Small tensors stay in the model: shapes and scales are read by tools. */
const LEAST_EXTERNAL_BYTES = 1024;
/** Pages can be mapped. */
const ALIGNMENT = 4096;

/** One sentence when an opset cannot be written. */
export function requireOpset(opset: number): string | null {
  if (Number.isInteger(opset) && opset >= OPSETS.least && opset <= OPSETS.most) return null;
  return `opset ${opset} is not written: expected ${OPSETS.least} to ${OPSETS.most}`;
}

/** The IR version that came with an opset. */
function irVersionOf(opset: number): number {
  if (opset >= 23) return opset - 12;
  return opset >= 21 ? 10 : opset >= 19 ? 9 : 8;
}

/** Names of initializers that are no parameters, for whoever trains the file on; one a line. */
const BUFFERS = "layerwise.buffers";

/** Operators of other domains than ONNX's own come in their first version. */
export function modelOf(graph: GraphProto, opset: number, buffers: readonly string[] = []): ModelProto {
  const domains = new Set(graph.node.flatMap(({ domain }) => domain || []));
  return {
    irVersion: irVersionOf(opset),
    producerName: "layerwise",
    graph,
    opsetImport: [{ domain: "", version: opset }, ...[...domains].map((domain) => ({ domain, version: 1 }))],
    metadata: buffers.length === 0 ? [] : [{ key: BUFFERS, value: buffers.join("\n") }],
    functions: [],
  };
}

/** Gives the number of bytes written, of all files together. */
export function writeModel(model: ModelProto, file: string): number {
  const tensors = model.graph!.initializer;
  const total = tensors.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0);
  if (total <= MOST_INLINE_BYTES) return writeFile(file, [encode(model, modelMessage)]);
  const name = `${basename(file)}.data`;
  const { apart, pieces, sizeBytes } = takeOut(tensors, name);
  const dataBytes = writeFile(join(dirname(file), name), pieces);
  const small: ModelProto = { ...model, graph: { ...model.graph!, initializer: apart } };
  return writeFile(file, [encode(small, modelMessage)]) + Math.max(dataBytes, sizeBytes);
}

function takeOut(
  tensors: readonly TensorProto[],
  location: string,
): { apart: TensorProto[]; pieces: Uint8Array[]; sizeBytes: number } {
  const pieces: Uint8Array[] = [];
  let offset = 0;
  const apart = tensors.map((tensor): TensorProto => {
    const { rawData, ...rest } = tensor;
    if (!rawData || rawData.length < LEAST_EXTERNAL_BYTES) return tensor;
    const padding = (ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT;
    if (padding > 0) pieces.push(new Uint8Array(padding));
    pieces.push(rawData);
    const start = offset + padding;
    offset = start + rawData.length;
    const externalData = Object.entries({ location, offset: start, length: rawData.length }).map(([key, value]) => ({
      key,
      value: String(value),
    }));
    return { ...rest, externalData, dataLocation: 1 };
  });
  return { apart, pieces, sizeBytes: offset };
}

/** Under another name first: whoever reads sees the old file or the new one. */
function writeFile(file: string, pieces: readonly Uint8Array[]): number {
  const temporary = `${file}.${process.pid}.part`;
  let sizeBytes = 0;
  try {
    const descriptor = openSync(temporary, "w");
    try {
      for (const piece of pieces) {
        for (let at = 0; at < piece.length;)
          at += writeSync(descriptor, piece, at, Math.min(piece.length - at, 1 << 30));
        sizeBytes += piece.length;
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return sizeBytes;
}
