/** Run, profile and graph of an .onnx file: ONNX Runtime computes, the results are those of any other model. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { kernels, lines, memory, modules, timing, FEWEST_REPETITIONS, STEADY_SPREAD } from "../../profiler/index.ts";
import { GRAPH_VERSION } from "../../protocol/graph.ts";
import type { GraphResult, ProfileResult, RunResult, Setup, TensorSummary } from "../../protocol/results.ts";
import type { GraphRequest, ProfileRequest, TargetRequest } from "../../protocol/rpc.ts";
import type { Failure, SourceLocation } from "../../protocol/source.ts";
import { numbers } from "../onnx/compare.ts";
import { placementOf, traceOf } from "../onnx/events.ts";
import { fittingInputs, type ChosenInputs } from "../onnx/inputs.ts";
import { readModelFile, type OnnxModel } from "../onnx/model.ts";
import { constantsOf, pictureOf } from "../onnx/picture.ts";
import { eventsIn, profiled } from "../onnx/profiled.ts";
import { chooseProvider, startFailure } from "../onnx/providers.ts";
import { createSession, takes, threadsOf, type OrtSession, type PlainTensor } from "../onnx/run.ts";
import { DATA_TYPES } from "../onnx/schema.ts";
import { failureOf } from "../onnx/target.ts";
import type { Report } from "../session.ts";
import { lineReader } from "./read_lines.ts";
import { NO_SETUP } from "./target.ts";

const WARM_UP = 3;
const MOST_REPETITIONS = 200;
const MOST_MS = 2000;
const TRACED = 5;
const PREVIEW = 8;

interface Opened {
  model: OnnxModel;
  inputs: ChosenInputs;
  setup: Setup;
  parameters: { parameters: number; parameterBytes: number };
}

function open(request: TargetRequest): Opened {
  const file = resolve(request.target);
  const model = readModelFile(file);
  const { inputs } = fittingInputs(model, request.inputs ?? {}, (chosen) => takes(file, chosen));
  // Indices, shapes and single numbers are wiring.
  const tensors = [...model.graph.initializer, ...constantsOf(model.graph.node).values()];
  const weights = tensors.filter(({ dims, dataType }) => dims.length > 0 && isFloating(dataType));
  const sizes = weights.map(({ dims, rawData }) => {
    const count = dims.reduce<number>((n, d) => n * Number(d), 1);
    return { count, bytes: rawData?.length ?? 4 * count };
  });
  const parameters = {
    parameters: sizes.reduce((sum, { count }) => sum + count, 0),
    parameterBytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  return { model, inputs, setup: { init: [], inputs: inputs.choices }, parameters };
}

function isFloating(dataType = 0): boolean {
  return /float/.test(DATA_TYPES[dataType] ?? "");
}

export function runOnnx(request: TargetRequest, report: Report): RunResult {
  const result: RunResult = {
    version: 1,
    verb: "run",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: "cpu",
    outputs: [],
    timeUs: 0,
    peakBytes: 0,
    parameters: 0,
    parameterBytes: 0,
    stdout: "",
  };
  let folder: string | null = null;
  try {
    const { inputs, setup, parameters } = open(request);
    Object.assign(result, { setup }, parameters);
    const place = chooseProvider(request.device);
    if ("failure" in place) return { ...result, failure: place.failure };
    result.device = place.device;
    report.progress("loading into ONNX Runtime");
    // The CPU has nothing to write down, and a run that is cut short leaves no folder.
    if (place.device !== "cpu") folder = mkdtempSync(join(tmpdir(), "layerwise-onnx-"));
    const watching = folder === null ? {} : { enableProfiling: true, profileFilePrefix: join(folder, "profile") };
    const session = started(place.device, request, { ...threadsOf(request), ...place.options, ...watching });
    report.progress("running");
    session.run(inputs.tensors);
    if (folder !== null) {
      session.endProfiling();
      result.placement = placementOf(eventsIn(folder), place.device);
    }
    const began = performance.now();
    const outputs = session.run(inputs.tensors);
    result.timeUs = (performance.now() - began) * 1000;
    result.outputs = session.outputNames.flatMap((name) => (outputs[name] ? [summaryOf(name, outputs[name])] : []));
    session.release();
    return { ...result, ok: true };
  } catch (error) {
    return { ...result, failure: error instanceof NotStarted ? error.failure : failureOf(error) };
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

/** The provider that was asked for is there and did not start. */
class NotStarted extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A session on another device than the CPU: where it fails and the CPU would not, the device is to blame. */
function started(device: string, { target }: TargetRequest, options: InferenceSession.SessionOptions): OrtSession {
  const file = resolve(target);
  if (device === "cpu") return createSession(file, options);
  try {
    return createSession(file, options);
  } catch (error) {
    // A model that is wrong in itself fails here too, and that is said instead.
    const onCpu = createSession(file, { ...options, executionProviders: ["cpu"], enableProfiling: false });
    onCpu.release();
    throw new NotStarted(startFailure(device, error));
  }
}

export function profileOnnx(request: ProfileRequest, report: Report): ProfileResult {
  const result: ProfileResult = {
    version: 1,
    verb: "profile",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: "cpu",
    workload: "forward",
    total: timing([]),
    forward: timing([]),
    modules: [],
    kernels: [],
    lines: [],
    memory: [],
    parameters: 0,
    parameterBytes: 0,
    stdout: "",
  };
  try {
    const { model, inputs, setup, parameters } = open(request);
    Object.assign(result, { setup }, parameters);
    const place = chooseProvider(request.device);
    if ("failure" in place) return { ...result, failure: place.failure };
    result.device = place.device;
    const options = { ...threadsOf(request), ...place.options };
    report.progress("loading into ONNX Runtime");
    const session = started(place.device, request, options);
    const samples = measure(session, inputs.tensors, request, report);
    session.release();
    result.total = timing(samples);
    result.forward = result.total;
    report.progress("tracing");
    const events = profiled(resolve(request.target), options, inputs.tensors, WARM_UP + TRACED);
    const trace = traceOf(events, request.target, place.device, WARM_UP, sourcesOf(model));
    result.modules = modules(trace);
    result.kernels = kernels(trace);
    result.lines = lines(trace, lineReader());
    result.memory = memory(trace);
    result.trace = trace;
    if (place.device !== "cpu") {
      result.placement = placementOf(events, place.device);
      result.kernelTimes = trace.devices.flatMap(({ id, kernelTimes }) =>
        kernelTimes ? [{ device: id, ...kernelTimes }] : [],
      );
    }
    return { ...result, ok: true };
  } catch (error) {
    return { ...result, failure: error instanceof NotStarted ? error.failure : failureOf(error) };
  }
}

export function graphOnnx(request: GraphRequest, report: Report): GraphResult {
  const empty = { version: GRAPH_VERSION, target: request.target, nodes: [], edges: [], groups: [] } as const;
  const result: GraphResult = {
    version: 1,
    verb: "graph",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    graph: { ...empty, nodes: [], edges: [], groups: [] },
  };
  try {
    const file = resolve(request.target);
    const model = request.optimized ? optimized(file, request, report) : readModelFile(file);
    return { ...result, ok: true, graph: pictureOf(model, request.target) };
  } catch (error) {
    return { ...result, failure: failureOf(error) };
  }
}

/** The model as ONNX Runtime runs it: nodes folded, fused and laid out for this machine. */
function optimized(file: string, request: TargetRequest, report: Report): OnnxModel {
  // What is wrong with the file is said in our words.
  readModelFile(file);
  const folder = mkdtempSync(join(tmpdir(), "layerwise-onnx-"));
  try {
    report.progress("optimizing in ONNX Runtime");
    const written = join(folder, "optimized.onnx");
    const session = createSession(file, {
      ...threadsOf(request),
      optimizedModelFilePath: written,
      graphOptimizationLevel: "all",
    });
    session.release();
    return readModelFile(written);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until the quartiles are close, or the time or the count is used up. */
function measure(
  session: OrtSession,
  inputs: Record<string, PlainTensor>,
  request: ProfileRequest,
  report: Report,
): number[] {
  for (let n = 0; n < WARM_UP; n++) session.run(inputs);
  const samples: number[] = [];
  const began = performance.now();
  const mostMs = request.maxTimeMs ?? MOST_MS;
  const most = Math.min(request.maxRepetitions ?? MOST_REPETITIONS, MOST_REPETITIONS);
  while (samples.length < most) {
    const start = performance.now();
    session.run(inputs);
    samples.push((performance.now() - start) * 1000);
    const passed = performance.now() - began;
    if (passed > mostMs) break;
    if (samples.length >= FEWEST_REPETITIONS && timing(samples).spread < STEADY_SPREAD) break;
    report.progress("measuring", Math.min(1, passed / mostMs));
  }
  return samples;
}

/** Our own exports say where each node comes from. */
function sourcesOf({ graph }: OnnxModel): Map<string, SourceLocation> {
  const found = new Map<string, SourceLocation>();
  for (const { name = "", metadata } of graph.node) {
    const match = /^(.*):(\d+)$/.exec(metadata.find(({ key }) => key === "source")?.value ?? "");
    if (match) found.set(name, { file: match[1]!, line: Number(match[2]) });
  }
  return found;
}

function summaryOf(name: string, tensor: PlainTensor): TensorSummary {
  const summary: TensorSummary = { name, shape: [...tensor.dims], dtype: tensor.dtype, device: "cpu" };
  const values = Float64Array.from(numbers(tensor) as ArrayLike<number>, Number);
  if (values.length === 0) return summary;
  const finite = values.filter(Number.isFinite);
  const mean = finite.reduce((a, b) => a + b, 0) / (finite.length || 1);
  const variance = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (finite.length || 1);
  const shown = [...values.slice(0, PREVIEW)].map((value) => Number(value.toPrecision(4)));
  return {
    ...summary,
    statistics: {
      min: finite.reduce((a, b) => Math.min(a, b), Infinity),
      max: finite.reduce((a, b) => Math.max(a, b), -Infinity),
      mean,
      std: Math.sqrt(variance),
      nans: values.filter(Number.isNaN).length,
      infs: values.filter((value) => value === Infinity || value === -Infinity).length,
      zeros: values.filter((value) => value === 0).length,
    },
    preview: `[${shown.join(", ")}${values.length > PREVIEW ? ", ..." : ""}]`,
  };
}
