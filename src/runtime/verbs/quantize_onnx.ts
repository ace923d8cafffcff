/**
 * An .onnx file in fewer bits: its graph rewritten, the result run beside the original in ONNX Runtime, layer by layer.
 * Nothing is kept unless a file is asked for; what is written is read again and run.
 */
import { extname, resolve } from "node:path";
import type { CompressedFile, QuantizeRequest, QuantizeResult } from "../../protocol/compress.ts";
import type { ArgumentChoice, ExportCheck } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import { unwritable } from "../files/writable.ts";
import { get } from "../handles.ts";
import { readBytes } from "../launch.ts";
import { difference } from "../onnx/compare.ts";
import { chooseInputs, fittingInputs } from "../onnx/inputs.ts";
import { readModelFile, type OnnxModel } from "../onnx/model.ts";
import { PlainGraph } from "../onnx/quantize/graph.ts";
import { Job, refused } from "../onnx/quantize/job.ts";
import { withSessions, type Labels, type Sample } from "../onnx/quantize/prove.ts";
import { raise } from "../onnx/quantize/upgrade.ts";
import { takes, type PlainTensor } from "../onnx/run.ts";
import type { DataType, ModelProto } from "../onnx/schema.ts";
import { failureOf, writtenInputs } from "../onnx/target.ts";
import { writeModel } from "../onnx/write.ts";
import { reportOf } from "../proof/report.ts";
import { type Report, RequestRefused, type Session } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { preparation } from "./compression.ts";
import { NO_SETUP, open, shown } from "./target.ts";

const RANDOM_SAMPLES = 8;

interface Data {
  samples: Sample[];
  data: QuantizeResult["data"];
  labels?: Labels;
}

export function quantizeOnnx(session: Session<VerbCore>, request: QuantizeRequest, report: Report): QuantizeResult {
  const result: QuantizeResult = {
    version: 1,
    verb: "quantize",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: "cpu",
    data: { name: "data", value: "random inputs", from: "default", samples: 0, isRandom: true },
    reports: [],
    notes: [],
    stdout: "",
  };
  try {
    requireOnnxFile(request);
    const model = readModelFile(resolve(request.target));
    const graph = PlainGraph.of(model);
    const opset = raise(graph, model.opset);
    refused(request, opset);
    if (opset !== model.opset) result.notes.push(`The operators were raised from opset ${model.opset} to ${opset}.`);
    const source = resolve(request.target);
    const { inputs: chosen, length } = fittingInputs(model, request.inputs ?? {}, (inputs) => takes(source, inputs));
    result.setup = { init: [], inputs: chosen.choices };
    const { samples, data, labels } =
      request.data === undefined ? random(model, request, length) : dataOf(session, request);
    result.data = data;
    const check = (): void => session.interpreter.checkInterrupt();
    const job = new Job(graph, opset, request, { samples, check, ...(labels ? { labels } : {}) }, report);
    for (const scheme of request.schemes) {
      const { measured, model: made } = job.run(scheme);
      result.reports.push(reportOf(measured, request.budgetDb));
      if (request.file !== undefined) result.file = write(made, request.file, samples, measured.description);
    }
    const isRight = ({ metrics }: { metrics: { name: string }[] }): boolean =>
      metrics.some(({ name }) => name === "top-1 accuracy");
    if (labels?.classes !== undefined && !result.reports.some(isRight)) {
      const folders = labels.classes === 1 ? "one folder is" : `${labels.classes} folders are`;
      result.notes.push(`The ${folders} not the classes of the model: how often it is right is not counted.`);
    }
    const { file } = result;
    if (file && !file.checks.every(({ ok }) => ok)) {
      const message = `${file.file} gives other numbers than the model that was written`;
      return { ...result, failure: { kind: "bug", type: "export-differs", message } };
    }
    return { ...result, ok: true };
  } catch (error) {
    if (error instanceof RequestRefused) return { ...result, failure: error.failure };
    if ((error as Error).constructor?.name === "Interrupted") {
      return { ...result, failure: { kind: "cancelled", type: "cancelled", message: "the run was cancelled" } };
    }
    return { ...result, failure: failureOf(error) };
  }
}

function requireOnnxFile({ file, schemes }: QuantizeRequest): void {
  const no = (message: string): never => {
    throw new RequestRefused({ kind: "usage", type: "file", message });
  };
  if (file === undefined) return;
  if (extname(file).toLowerCase() !== ".onnx")
    no(`an .onnx model is written as .onnx, not as ${extname(file) || file}`);
  if (schemes.length !== 1) no(`a file takes one scheme, not ${schemes.length}: ${schemes.join(", ")}`);
  const nowhere = unwritable(resolve(file));
  if (nowhere) no(nowhere);
}

/** What the model's own words allow, several times. */
function random(model: OnnxModel, { inputs = {}, samples }: QuantizeRequest, length?: number): Data {
  const count = Math.min(samples ?? RANDOM_SAMPLES, RANDOM_SAMPLES);
  return {
    samples: Array.from({ length: count }, (_, seed) => chooseInputs(model, inputs, seed, length).tensors),
    data: {
      name: "data",
      value: "random inputs",
      from: "default",
      why: `random inputs, ${count} samples: errors and ranges of real data may be others`,
      samples: count,
      isRandom: true,
    },
  };
}

/** Read by Python, which knows all the kinds of files and may run the person's function. */
function dataOf(session: Session<VerbCore>, request: QuantizeRequest): Data {
  const { root } = open(session, request);
  const answer = session.interpreter.call(
    "layerwise.onnx.target:read_samples",
    writtenInputs(request),
    shown(session, request.data!, root, "data"),
    request.prepare === undefined ? null : preparation(session, request.prepare, root),
    request.samples ?? null,
  ) as unknown as {
    data: ArgumentChoice & { samples: number; isRandom: boolean };
    samples: Record<string, number>[];
    classes: number | null;
    labels: (number | null)[];
    failure?: Failure;
  };
  if (answer.failure) throw new RequestRefused(answer.failure);
  const samples = answer.samples.map((handles): Sample =>
    Object.fromEntries(Object.entries(handles).map(([input, handle]) => [input, plainOf(handle)])),
  );
  const labels: Labels = {
    ofSamples: answer.labels.map((handle) => (handle === null ? null : plainOf(handle))),
    ...(answer.classes === null ? {} : { classes: answer.classes }),
  };
  return { samples, labels, data: answer.data };
}

function plainOf(handle: number): PlainTensor {
  const tensor = get(handle);
  const bytes = new Uint8Array(tensor.nbytes);
  readBytes(tensor, bytes);
  return { dtype: tensor.dtype.name as DataType, dims: tensor.shape, bytes };
}

/** The file is read again and run: it must give what the model in memory gives. */
function write(model: ModelProto, file: string, samples: readonly Sample[], description: string): CompressedFile {
  const bytes = writeModel(model, file);
  const checks: ExportCheck[] = [];
  withSessions([model, file], {}, ([memory, disk]) => {
    const sample = samples[0]!;
    const [expected, found] = [memory!.run(sample), disk!.run(sample)];
    const outputs = Object.entries(expected).map(([name, tensor]) => {
      const actual = found[name]!;
      const { absolute, relative } = difference(actual, tensor);
      return { name, shape: [...actual.dims], absolute, relative };
    });
    checks.push({ sizes: {}, outputs, ok: outputs.every(({ relative }) => relative <= 1e-5) });
  });
  const counts = new Map<string, number>();
  for (const { opType = "" } of model.graph!.node) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  const words = ["MatMulInteger", "ConvInteger", "QuantizeLinear", "DequantizeLinear", "MatMulNBits"];
  const shown = words.flatMap((word) => (counts.has(word) ? [`${counts.get(word)} ${word}`] : []));
  const opset = model.opsetImport.find(({ domain }) => !domain)?.version;
  const contents = [description, ...shown, `opset ${opset}`].join("; ");
  return { file, format: "onnx", bytes, contents, checks };
}
