/**
 * `onnxruntime.quantization` for scripts: a model in fewer bits by the quantizer of .onnx files, with what its caller chose. Proves nothing:
 * that is `layerwise quantize`.
 */
import type { Observer } from "../../../protocol/compress.ts";
import * as bridge from "../../bridge.ts";
import { PythonError } from "../../errors.ts";
import { sinkOf, sourceOf } from "../../files/door.ts";
import { FileFormatError, readPart } from "../../files/source.ts";
import { Scope } from "../../tensor.ts";
import { readModel } from "../model.ts";
import { plainModel, quantizedModel } from "../quantize/assemble.ts";
import { calibrated } from "../quantize/calibrate.ts";
import { foldNormalizations } from "../quantize/fold.ts";
import { PlainGraph } from "../quantize/graph.ts";
import { layersOf, readsCodes } from "../quantize/layers.ts";
import type { Sample } from "../quantize/prove.ts";
import type { Range } from "../quantize/ranges.ts";
import { refusalOf, type Choices } from "../quantize/rewrite.ts";
import { raise } from "../quantize/upgrade.ts";
import { DATA_TYPES, modelMessage, type GraphProto } from "../schema.ts";
import { encode } from "../wire.ts";
import { retype, type Types } from "./retype.ts";
import { plainTensor } from "./sessions.ts";

interface Request {
  scheme: "dynamic" | "static" | "int8" | "int4";
  perChannel: boolean;
  symmetric: boolean;
  reducesRange: boolean;
  group: number;
  /** Operators that may be touched; null: all that the scheme knows. */
  operators: string[] | null;
  /** Names of nodes; null: all. */
  only: string[] | null;
  without: string[];
  observer: Observer;
  types: Types;
  /** Of products of groups: null leaves it to ONNX Runtime. */
  accuracyLevel: number | null;
}

/** By name of an input: a handle, and its TensorProto.DataType. */
type Given = Record<string, [handle: number, type: number]>;

/** Writes the model; gives as JSON what was done to how many layers, and which were left with the reason. */
function quantize(sourceId: number, json: string, samplesJson: string, targetId: number): string {
  const request = JSON.parse(json) as Request;
  const source = sourceOf(sourceId);
  const model = readModel(readPart(source, 0n, BigInt(source.sizeBytes), "the model"), null);
  const graph = PlainGraph.of(model);
  const opset = raise(graph, model.opset);
  const before = plainModel(graph, opset);
  foldNormalizations(graph);
  let ranges = new Map<string, Range>();
  const choices: Choices = {
    scheme: request.scheme,
    perChannel: request.perChannel,
    symmetric: request.symmetric,
    reducesRange: request.reducesRange,
    movesWeights: request.types.weights === "uint8",
    group: request.group,
    momentsOf: () => undefined,
    rangeOf: (value) => ranges.get(value) ?? { low: 0, high: 0 },
    floatsOf: (name) => graph.floats(name),
  };
  const left: { node: string; operator: string; why: string }[] = [];
  const layers = layersOf(graph).layers.filter((layer) => {
    // Others stay as they are: what ONNX Runtime's own does with them is not done here.
    if (!readsCodes(layer)) return false;
    const { name = "", opType = "" } = layer.node;
    const isAsked = (request.operators?.includes(opType) ?? true) && (request.only?.includes(name) ?? true);
    if (!isAsked || request.without.includes(name)) return false;
    const why = refusalOf(layer, choices);
    if (why) left.push({ node: name, operator: opType, why });
    return !why;
  });
  if (request.scheme === "static") {
    const samples = (JSON.parse(samplesJson) as Given[]).map((given): Sample =>
      Object.fromEntries(
        Object.entries(given).map(([name, [handle, type]]) => [name, plainTensor(handle, DATA_TYPES[type]!)]),
      ),
    );
    const trial = { samples, check: () => bridge.python().checkInterrupt() };
    ranges = calibrated({ graph, opset, before, trial, tell: () => undefined }, layers, request.observer);
  }
  const { model: made } = quantizedModel({ graph, opset, layers, choices, stored: new Map() });
  retype(made.graph!, request.types);
  if (request.group > 0) setAccuracy(made.graph!, request.accuracyLevel);
  sinkOf(targetId)(encode(made, modelMessage));
  return JSON.stringify({ changed: layers.map(({ node }) => node.name), left });
}

function setAccuracy(graph: GraphProto, level: number | null): void {
  for (const node of graph.node) {
    for (const { g, graphs } of node.attribute)
      for (const part of g ? [g, ...graphs] : graphs) setAccuracy(part, level);
    if (node.opType !== "MatMulNBits") continue;
    const rest = node.attribute.filter(({ name }) => name !== "accuracy_level");
    const own = node.attribute.find(({ name }) => name === "accuracy_level")!;
    node.attribute = level === null ? rest : [...rest, { ...own, i: level }];
  }
}

export const quantizeFunctions: Record<string, (...args: never[]) => unknown> = {
  onnx_quantize: (sourceId: number, json: string, samples: string, targetId: number) => {
    const mark = Scope.enter();
    try {
      return quantize(sourceId, json, samples, targetId);
    } catch (error) {
      if ((error as Error).constructor?.name === "Interrupted") throw error;
      const isFormat = error instanceof FileFormatError;
      const said = (error as Error).message;
      bridge.fail(error instanceof PythonError ? error : isFormat ? new PythonError("ValueError", said) : error);
      return "";
    } finally {
      Scope.exit(mark);
    }
  },
};
