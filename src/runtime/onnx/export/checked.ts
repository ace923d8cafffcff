/**
 * The prepared target, or a model that stands in for it, as an ONNX file that is done only when ONNX Runtime agrees: recorded,
 * translated, written, and run in both engines at several sizes of its dynamic dimensions. Prepares and frees no target.
 */
import type { ExportCheck, ExportResult } from "../../../protocol/results.ts";
import type { Failure, SourceLocation } from "../../../protocol/source.ts";
import { get } from "../../handles.ts";
import { readBytes } from "../../launch.ts";
import type { Report, Session } from "../../session.ts";
import { difference } from "../compare.ts";
import { firstDivergence } from "../diverge.ts";
import { dimensionText } from "../model.ts";
import { createSession, type OrtSession, type PlainTensor } from "../run.ts";
import { type DataType, DATA_TYPES, type NodeProto, type ValueInfo } from "../schema.ts";
import { modelOf, writeModel } from "../write.ts";
import { NotExported } from "./context.ts";
import type { Recording } from "./record.ts";
import { takeRecordings } from "./recordings.ts";
import { dimensionsOf, type RecordedDimension } from "./sizes.ts";
import { exportGraph, type ExportedGraph } from "./translate.ts";

/** Two engines add up in different orders. */
const TOLERANCE = 1e-4;
/**
 * Where numbers are rounded to codes on the way, a last digit of difference becomes a whole code now and then: the outputs
 * as a whole are compared, by the root of the mean square.
 */
const ROUNDED_TOLERANCE = 0.03;
/** Some digits of the last place, where a number on the way has 11 bits or 8. */
const HALF_TOLERANCES: Partial<Record<DataType, number>> = { float16: 4e-3, bfloat16: 3e-2 };

export interface WriteRequest {
  file: string;
  opset: number;
  /** Names of axes by input and axis: { x: { "0": "batch" } }. */
  dynamic: Record<string, Record<string, string>>;
  /** Of the graph. */
  name: string;
}

/** What was written; `failure` says why it is not done, and the file of a failed check is still there to look at. */
export interface Written extends Pick<
  ExportResult,
  "bytes" | "nodes" | "inputs" | "outputs" | "checks" | "diverges" | "failure"
> {
  /** How often each operator occurs. */
  operators: Record<string, number>;
}

interface Recorded {
  dimensions: RecordedDimension[];
  inputs: string[];
  outputs: string[];
  failure?: Failure;
}

export function writeChecked(session: Session, request: WriteRequest, report: Report): Written {
  const written: Written = { bytes: 0, nodes: 0, inputs: [], outputs: [], checks: [], operators: {} };
  report.progress("recording");
  const recorded = session.interpreter.call("layerwise.exporting:record", request.dynamic) as unknown as Recorded;
  const recordings = takeRecordings();
  try {
    if (recorded.failure) return { ...written, failure: recorded.failure };
    const dimensions = dimensionsOf(recorded.dimensions);
    const exported = exportGraph({ opset: request.opset, dimensions, recordings, name: request.name });
    const failure = writeAndCheck(session, request, report, { recorded, recordings, exported, written });
    return failure ? { ...written, failure } : written;
  } catch (error) {
    if (error instanceof NotExported) return { ...written, failure: refusal(error, recordings[0]!) };
    throw error;
  } finally {
    for (const recording of recordings) recording.release();
  }
}

interface Work {
  recorded: Recorded;
  recordings: Recording[];
  exported: ExportedGraph;
  /** Filled on the way. */
  written: Written;
}

function writeAndCheck(
  session: Session,
  { file, opset }: WriteRequest,
  report: Report,
  { recorded, recordings, exported, written }: Work,
): Failure | undefined {
  report.progress("writing");
  const { node, input, output } = exported.graph;
  const model = modelOf(exported.graph, opset, exported.buffers);
  written.bytes = writeModel(model, file);
  written.nodes = node.length;
  written.inputs = input.map(describe);
  written.outputs = output.map(describe);
  for (const { opType = "" } of node) written.operators[opType] = (written.operators[opType] ?? 0) + 1;

  report.progress("checking in ONNX Runtime");
  const isRounded = node.some(rounds);
  const tolerance = toleranceOf(recordings[0]!);
  const runs = recorded.dimensions[0]?.sizes.length ?? 1;
  let failed: ExportCheck | null = null;
  let onnx: OrtSession | null = null;
  try {
    onnx = createSession(file);
    for (let run = 0; run < runs; run++) {
      const check = checkRun(session, onnx, recorded.dimensions, run, isRounded, tolerance);
      written.checks.push(check);
      if (!check.ok) failed ??= check;
    }
  } catch (error) {
    const sentence = (error as Error).message.split("\n")[0]!;
    return { kind: "model", type: "export-not-run", message: `ONNX Runtime does not run the file: ${sentence}` };
  } finally {
    onnx?.release();
  }
  if (!failed) return undefined;
  const { inputs } = callAgain(session, []);
  const found = firstDivergence(model, exported, recordings[0]!, inputs, isRounded ? ROUNDED_TOLERANCE : tolerance);
  if (found) written.diverges = found;
  const where = found ? `; '${found.op}' is the first to differ` : "";
  const worst = Math.max(...failed.outputs.map(({ relative }) => relative));
  return {
    kind: "bug",
    type: "export-differs",
    message: `ONNX Runtime's outputs differ by ${worst.toExponential(1)} of the largest value${where}`,
    ...(found?.source ? { at: found.source } : {}),
  };
}

/** What two engines may differ by, for the shortest numbers of the model. */
function toleranceOf({ values }: Recording): number {
  return Math.max(TOLERANCE, ...values.map(({ dtype }) => HALF_TOLERANCES[dtype.name as DataType] ?? 0));
}

/** Activations become codes here; weights that are codes already round nothing. */
function rounds({ opType = "" }: NodeProto): boolean {
  return ["QuantizeLinear", "DynamicQuantizeLinear", "DynamicQuantizeLSTM", "Round"].includes(opType);
}

function checkRun(
  session: Session,
  onnx: OrtSession,
  dimensions: readonly RecordedDimension[],
  run: number,
  isRounded: boolean,
  tolerance: number,
): ExportCheck {
  const sizes = dimensions.map(({ name, sizes: all }) => [name, all[run]!] as const);
  const wanted = dimensions.flatMap(({ places, sizes: all }) => places.map((place) => [...place, all[run]!]));
  const { inputs, outputs } = callAgain(session, wanted);
  const found = onnx.run(inputs);
  const check: ExportCheck = { sizes: Object.fromEntries(sizes), outputs: [], ok: true };
  for (const [name, expected] of Object.entries(outputs)) {
    const actual = found[name]!;
    const isSameShape = actual.dims.join() === expected.dims.join();
    const { absolute, relative, rootMeanSquare } = isSameShape
      ? difference(actual, expected)
      : { absolute: Infinity, relative: Infinity, rootMeanSquare: Infinity };
    check.outputs.push({ name, shape: [...actual.dims], absolute, relative });
    const isSame = isRounded ? rootMeanSquare <= ROUNDED_TOLERANCE : relative <= tolerance;
    if (!isSame) check.ok = false;
  }
  return check;
}

/** The runtime's own outputs for these sizes, and the inputs that they were made from. */
function callAgain(
  session: Session,
  sizes: (string | number)[][],
): { inputs: Record<string, PlainTensor>; outputs: Record<string, PlainTensor> } {
  type Handles = [string, number][];
  const answer = session.interpreter.call("layerwise.exporting:call_with", sizes) as unknown as Record<
    "inputs" | "outputs",
    Handles
  >;
  const read = (handles: Handles): Record<string, PlainTensor> =>
    Object.fromEntries(
      handles.map(([name, handle]) => {
        const tensor = get(handle);
        const bytes = new Uint8Array(tensor.nbytes);
        readBytes(tensor, bytes);
        return [name, { dtype: tensor.dtype.name as DataType, dims: tensor.shape, bytes }];
      }),
    );
  return { inputs: read(answer.inputs), outputs: read(answer.outputs) };
}

function refusal(error: NotExported, recording: Recording): Failure {
  const source = recording.sources[error.place];
  const at: SourceLocation | undefined = source && {
    file: source.file,
    line: source.line,
    ...(source.endLine === undefined ? {} : { endLine: source.endLine }),
    ...(source.col === undefined ? {} : { col: source.col }),
    ...(source.endCol === undefined ? {} : { endCol: source.endCol }),
  };
  return { kind: "model", type: "NotExported", message: error.message, ...(at ? { at } : {}) };
}

function describe({ name = "", type }: ValueInfo): { name: string; dtype: string; shape: string[] } {
  const tensor = type?.tensorType;
  const dtype = DATA_TYPES[tensor?.elemType ?? 0] ?? "undefined";
  return { name, dtype, shape: (tensor?.shape?.dim ?? []).map(dimensionText) };
}
