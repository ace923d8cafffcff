/** Finds where an exported model begins to compute something else: every value of the recording is asked for and compared. */
import type { SourceLocation } from "../../protocol/source.ts";
import { readBytes } from "../launch.ts";
import { copies } from "../op.ts";
import { difference } from "./compare.ts";
import type { Recording } from "./export/record.ts";
import type { ExportedGraph } from "./export/translate.ts";
import { createSession, type PlainTensor } from "./run.ts";
import { dataTypeNumber, modelMessage, type DataType, type ModelProto, type ValueInfo } from "./schema.ts";
import { encode } from "./wire.ts";

export interface Divergence {
  /** The node that made the value. */
  node: string;
  /** The op of the recording. */
  op: string;
  source?: SourceLocation;
  relative: number;
}

/** Null where every value of the recording agrees: then the difference lies in what was not recorded. */
export function firstDivergence(
  model: ModelProto,
  { named, places }: ExportedGraph,
  recording: Recording,
  inputs: Record<string, PlainTensor>,
  tolerance: number,
): Divergence | null {
  const graph = model.graph!;
  const madeBy = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const known = new Set(graph.output.map(({ name }) => name));
  const wanted = [...named].filter(([name]) => madeBy.has(name));
  const more = wanted
    .filter(([name]) => !known.has(name))
    .map(([name, id]): ValueInfo => {
      const elemType = dataTypeNumber(recording.values[id]!.dtype.name as DataType);
      return { name, type: { tensorType: { elemType } } };
    });
  const open: ModelProto = { ...model, graph: { ...graph, output: [...graph.output, ...more] } };
  // Fused, a value between two nodes would not be there.
  const session = createSession(encode(open, modelMessage), { graphOptimizationLevel: "disabled" });
  const found = session.run(inputs);
  for (const [name, id] of wanted) {
    const { tensor, version } = recording.values[id]!;
    const actual = found[name];
    // Written over since: what it held is not there to compare.
    if (!actual || tensor.storage.version !== version) continue;
    const plain = copies.clone(tensor);
    const bytes = new Uint8Array(plain.nbytes);
    readBytes(plain, bytes);
    const expected = { dtype: plain.dtype.name as DataType, dims: plain.shape, bytes };
    const isSameShape = actual.dims.join() === expected.dims.join();
    const relative = isSameShape ? difference(actual, expected).relative : Infinity;
    if (relative <= tolerance) continue;
    const node = madeBy.get(name)!;
    const call = recording.calls.find(({ results }) => results.includes(id))!;
    const place = places.get(node.name!);
    const source = place && { file: place.file, line: place.line };
    return { node: node.name!, op: call.record.name.replace(/^_/, ""), relative, ...(source ? { source } : {}) };
  }
  return null;
}
