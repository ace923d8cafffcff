/**
 * A class or function as an ONNX file: recorded, translated, written, and run in ONNX Runtime beside the runtime itself,
 * at several sizes of its dynamic dimensions. A file that gives other numbers is reported with the first op that does.
 */
import type { ExportCheck, ExportResult } from "../../protocol/results.ts";
import type { SourceLocation, Failure } from "../../protocol/source.ts";
import { get } from "../handles.ts";
import { readBytes } from "../launch.ts";
import { NotExported } from "../onnx/export/context.ts";
import { takeRecordings } from "../onnx/export/recordings.ts";
import type { Recording } from "../onnx/export/record.ts";
import { dimensionsOf, type RecordedDimension } from "../onnx/export/sizes.ts";
import { exportGraph, type ExportedGraph } from "../onnx/export/translate.ts";
import { difference } from "../onnx/compare.ts";
import { firstDivergence } from "../onnx/diverge.ts";
import { dimensionText } from "../onnx/model.ts";
import { createSession, runSession, type PlainTensor } from "../onnx/run.ts";
import { type DataType, DATA_TYPES, type ValueInfo } from "../onnx/schema.ts";
import { DEFAULT_OPSET, modelOf, requireOpset, writeModel } from "../onnx/write.ts";
import type { Session, VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { NO_SETUP, isScript, open, prepare, probe, targetText } from "./target.ts";

/** Two engines add up in different orders. */
const TOLERANCE = 1e-4;

interface Recorded {
  dimensions: RecordedDimension[];
  inputs: string[];
  outputs: string[];
  failure?: Failure;
}

export const exportModel: VerbHandler<"export", VerbCore> = async (session, request, report) => {
  const { opset = DEFAULT_OPSET, dynamic = {} } = request;
  const result: ExportResult = {
    version: 1,
    verb: "export",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    file: request.file,
    bytes: 0,
    opset,
    nodes: 0,
    parameters: 0,
    inputs: [],
    outputs: [],
    checks: [],
  };
  const finish = (failure?: Failure): ExportResult => ({
    ...result,
    ok: failure === undefined,
    ...(failure ? { failure } : {}),
  });
  const wrongOpset = requireOpset(opset);
  if (wrongOpset) return finish({ kind: "usage", type: "opset", message: wrongOpset });
  const target = open(session, request);
  if (isScript(session, target)) {
    return finish({ kind: "usage", type: "no-model", message: `${request.target} has no nn.Module class to export` });
  }
  report.progress("finding arguments");
  const prepared = prepare(session, target, request, "cpu");
  result.target = targetText(request, prepared);
  result.setup = prepared.setup ?? NO_SETUP;
  if (prepared.failure) return finish(prepared.failure);
  result.parameters = prepared.parameters ?? 0;

  report.progress("recording");
  const recorded = session.interpreter.call("layerwise.exporting:record", dynamic) as unknown as Recorded;
  const recordings = takeRecordings();
  try {
    if (recorded.failure) return finish(recorded.failure);
    const dimensions = dimensionsOf(recorded.dimensions);
    const exported = exportGraph({ opset, dimensions, recordings, name: prepared.name ?? "model" });
    return finish(await writeAndCheck(exported));
  } catch (error) {
    if (error instanceof NotExported) return finish(refusal(error, recordings[0]!));
    throw error;
  } finally {
    for (const recording of recordings) recording.release();
  }

  async function writeAndCheck(exported: ExportedGraph): Promise<Failure | undefined> {
    report.progress("writing");
    const model = modelOf(exported.graph, opset);
    result.bytes = writeModel(model, request.file);
    result.nodes = exported.graph.node.length;
    result.inputs = exported.graph.input.map(describe);
    result.outputs = exported.graph.output.map(describe);

    report.progress("checking in ONNX Runtime");
    const runs = recorded.dimensions[0]?.sizes.length ?? 1;
    const onnx = await createSession(request.file);
    let failed: ExportCheck | null = null;
    for (let run = 0; run < runs; run++) {
      const sizes = recorded.dimensions.map(({ name, sizes: all }) => [name, all[run]!] as const);
      const wanted = recorded.dimensions.flatMap(({ places, sizes: all }) =>
        places.map((place) => [...place, all[run]!]),
      );
      const { inputs, outputs } = callAgain(session, wanted);
      const found = await runSession(onnx, inputs);
      const check: ExportCheck = { sizes: Object.fromEntries(sizes), outputs: [], ok: true };
      for (const [name, expected] of Object.entries(outputs)) {
        const actual = found[name]!;
        const isSameShape = actual.dims.join() === expected.dims.join();
        const { absolute, relative } = isSameShape
          ? difference(actual, expected)
          : { absolute: Infinity, relative: Infinity };
        check.outputs.push({ name, shape: [...actual.dims], absolute, relative });
        if (!(relative <= TOLERANCE)) check.ok = false;
      }
      result.checks.push(check);
      if (!check.ok) failed ??= check;
    }
    await onnx.release();
    if (!failed) return undefined;
    const { inputs } = callAgain(session, []);
    const found = await firstDivergence(model, exported, recordings[0]!, inputs, TOLERANCE);
    if (found) result.diverges = found;
    const where = found ? `; '${found.op}' is the first to differ` : "";
    const worst = Math.max(...failed.outputs.map(({ relative }) => relative));
    return {
      kind: "bug",
      type: "export-differs",
      message: `ONNX Runtime's outputs differ by ${worst.toExponential(1)} of the largest value${where}`,
      ...(found?.source ? { at: found.source } : {}),
    };
  }
};

/** The runtime's own outputs for these sizes, and the inputs that they were made from. */
function callAgain(
  session: Session<VerbCore>,
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
