/** One scheme of quantizing an .onnx file: what is left out and why, the model, the proof. Reads no data and writes no file. */
import type { KeptAs, LayerReport, QuantizeRequest, Scheme } from "../../../protocol/compress.ts";
import type { Measured } from "../../proof/report.ts";
import { RequestRefused, type Report } from "../../session.ts";
import { timesOf } from "../events.ts";
import { profiled } from "../profiled.ts";
import { threadsOf } from "../run.ts";
import { modelMessage, type ModelProto } from "../schema.ts";
import { encode } from "../wire.ts";
import { plainModel, quantizedModel, sideBySide, withOutputs, type Assembled } from "./assemble.ts";
import { calibrated, fittedLayers, type Subject } from "./calibrate.ts";
import type { Moments } from "./codes.ts";
import { differenceOf, histograms } from "./difference.ts";
import { foldNormalizations, foldTransposes } from "./fold.ts";
import type { PlainGraph } from "./graph.ts";
import { isInside, layersOf, weightsOf, type Layer, type Rest } from "./layers.ts";
import { compareInside, compareLayers, compareOutputs, interleaved, outputsOf, type Trial } from "./prove.ts";
import type { Range } from "./ranges.ts";
import { refusalOf, type Choices } from "./rewrite.ts";
import type { StorageType } from "./storage.ts";

const INTEGER_SCHEMES = ["dynamic", "static", "int8", "int4"] as const;
const STORAGE: Partial<Record<Scheme, StorageType>> = {
  fp16: "float16",
  bf16: "bfloat16",
  fp8: "float8_e4m3fn",
};
const FLOAT8_OPSET = 19;
/** Smaller tensors are biases and norms: nothing is won. */
const LEAST_STORED = 1024;
const DEFAULT_GROUP = 32;
const MOST_MS = 1500;
/** Of which the first is warm-up. */
const TIMED_RUNS = 9;
const OWN_ENGINE = "with --engine layerwise the file is a model in Python, for which everything is done";

export interface Result {
  measured: Measured;
  model: ModelProto;
}

/** What cannot be done with .onnx files, before any work is. */
export function refused(request: QuantizeRequest, opset: number): void {
  const { schemes, method, metric, weights, embeddings, keep, keepAs } = request;
  const no = (message: string, hint?: string): never => {
    throw new RequestRefused({ kind: "usage", type: "onnx-quantize", message, ...(hint ? { hint } : {}) });
  };
  for (const scheme of schemes) {
    if (scheme === "qat") no("ONNX Runtime trains no file", OWN_ENGINE);
    if (scheme === "nf4" || scheme === "fp4") no(`ONNX Runtime has no product for ${scheme}`, OWN_ENGINE);
    if (scheme === "fp8-e5m2") no("float8 weights of a file are e4m3", OWN_ENGINE);
    if (scheme === "fp8" && opset < FLOAT8_OPSET) {
      no(`float8 came with opset ${FLOAT8_OPSET}, and the model speaks ${opset}`, "export it with a newer opset");
    }
  }
  if (method && method !== "nearest") no(`weights are rounded to nearest here, not by ${method}`, OWN_ENGINE);
  if (embeddings) no("embeddings of a file are stored as the scheme says", OWN_ENGINE);
  if (keepAs === "int8" || keep?.some(({ as }) => as === "int8"))
    no("kept layers of a file are float32, fp16 or bf16", OWN_ENGINE);
  if (metric) no("a metric is called with a model in Python, which a file in ONNX Runtime is not", OWN_ENGINE);
  if (weights) no("an .onnx file holds its weights: --weights is for classes");
}

export class Job {
  readonly #graph: PlainGraph;
  readonly #opset: number;
  readonly #request: QuantizeRequest;
  readonly #trial: Trial;
  readonly #report: Report;
  readonly #layers: Layer[];
  readonly #rest: Rest[];
  readonly #before: ModelProto;
  /** The outputs of the model as it is, once they were asked for. */
  #reference: ReturnType<typeof outputsOf> | null = null;

  constructor(graph: PlainGraph, opset: number, request: QuantizeRequest, trial: Trial, report: Report) {
    this.#before = plainModel(graph, opset);
    foldNormalizations(graph);
    foldTransposes(graph);
    this.#graph = graph;
    this.#opset = opset;
    this.#request = request;
    this.#trial = trial;
    this.#report = report;
    const { layers, rest } = layersOf(graph);
    this.#layers = layers;
    this.#rest = rest;
  }

  run(scheme: Scheme): Result {
    const storage = STORAGE[scheme];
    return storage ? this.#stored(scheme, storage) : this.#integers(scheme as (typeof INTEGER_SCHEMES)[number]);
  }

  #integers(scheme: (typeof INTEGER_SCHEMES)[number]): Result {
    let ranges = new Map<string, Range>();
    let fitted = new Map<Layer, Moments>();
    const group = this.#request.group ?? (scheme === "int4" ? DEFAULT_GROUP : 0);
    const choices: Choices = {
      scheme,
      perChannel: this.#request.perChannel ?? true,
      // Zero points cost products of groups nothing, and a group is seldom spread evenly around zero.
      symmetric: this.#request.symmetric ?? (scheme !== "static" && group === 0),
      group,
      momentsOf: (layer) => fitted.get(layer),
      rangeOf: (value) => ranges.get(value) ?? { low: 0, high: 0 },
      floatsOf: (name) => this.#graph.floats(name),
    };
    const why = new Map<Layer, string>();
    for (const layer of this.#layers) {
      const reason = this.#isKept(layer.path) ? "kept by request" : refusalOf(layer, choices);
      if (reason) why.set(layer, reason);
    }
    const open = this.#layers.filter((layer) => !why.has(layer));
    if (scheme === "static") {
      ranges = calibrated(this.#subject, open, this.#request.observer ?? "minmax");
    }
    if (scheme === "int4") fitted = fittedLayers(this.#subject, open, choices);
    const sensitivity = this.#sensitivities(open, choices);
    const keptForBudget = this.#keepForBudget(open, choices, sensitivity);
    for (const path of keptForBudget) {
      const layer = open.find((item) => item.path === path)!;
      why.set(layer, `kept to hold ${this.#request.budgetDb} dB`);
    }
    const layers = open.filter((layer) => !why.has(layer));
    const assembled = this.#assemble(layers, choices);
    const { model, rewritten } = assembled;
    this.#report.progress("comparing layers");
    const isolated = this.#isolated(layers, choices);
    const inside = this.#inPlace(model, layers);
    const compared = this.#compare(model);
    const took = this.#layerTimes(model);
    const rows = this.#layers.map((layer): LayerReport => {
      const made = rewritten.get(layer.path);
      const row = this.#row(layer, made?.became ?? this.#keptAs(layer), made?.bytes, made?.codes.values, assembled);
      const reason = why.get(layer);
      const inPlace = inside.get(layer.output);
      const alone = sensitivity.get(layer.path);
      return {
        ...row,
        ...took(layer),
        ...(reason ? { why: reason } : {}),
        ...(isolated.has(layer.path) ? { output: isolated.get(layer.path)! } : {}),
        ...(inPlace ? { inPlace } : {}),
        ...(alone ? { sensitivity: alone } : {}),
      };
    });
    const measured = this.#measured(scheme, describe(choices, this.#request), model, compared, [
      ...rows,
      ...this.#restRows(),
    ]);
    return {
      measured: { ...measured, changed: layers.length, ...(keptForBudget.length > 0 ? { keptForBudget } : {}) },
      model,
    };
  }

  /** Halves and float8: every large weight, whatever reads it. */
  #stored(scheme: Scheme, type: StorageType): Result {
    const wanted = new Map<string, StorageType>();
    for (const name of storable(this.#graph)) {
      const values = name.graph.floats(name.name);
      if (values && values.length >= LEAST_STORED) wanted.set(name.name, type);
    }
    const kept = new Set<string>();
    for (const layer of this.#layers) {
      if (!this.#isKept(layer.path)) continue;
      for (const name of weightsOf(layer)) wanted.delete(name);
      kept.add(layer.path);
    }
    const request = { graph: this.#graph, opset: this.#opset, layers: [], choices: null, stored: wanted };
    const assembled = quantizedModel(request);
    const inside = this.#inPlace(assembled.model, this.#layers);
    const compared = this.#compare(assembled.model);
    const rows = this.#layers.map((layer): LayerReport => {
      const made = assembled.stored.get(layer.weight);
      const reason = kept.has(layer.path) ? "kept by request" : `it has fewer than ${LEAST_STORED} numbers`;
      const values = made && (layer.isTurned || layer.second) ? undefined : made?.values;
      const row = this.#row(layer, made ? scheme : "float32", undefined, values, assembled);
      const inPlace = inside.get(layer.output);
      return { ...row, ...(made ? {} : { why: reason }), ...(inPlace ? { inPlace } : {}) };
    });
    const description = `weights in ${type}, computed in float32`;
    const all = [...rows, ...this.#restRows(scheme, assembled.stored)];
    const measured = this.#measured(scheme, description, assembled.model, compared, all);
    return { measured: { ...measured, changed: wanted.size }, model: assembled.model };
  }

  #isKept(path: string): boolean {
    return this.#keptForm(path) !== null;
  }

  /** What a layer that is kept by request is stored as; null for others. The last pattern that fits holds. */
  #keptForm(path: string): KeptAs | null {
    const kept = this.#request.keep?.findLast(({ path: pattern }) => matches(path, pattern));
    return kept ? (kept.as ?? this.#request.keepAs ?? "float32") : null;
  }

  #keptAs(layer: Layer): string {
    return this.#keptForm(layer.path) ?? "float32";
  }

  get #subject(): Subject {
    const tell = (message: string, share?: number): void => this.#report.progress(message, share);
    return { graph: this.#graph, opset: this.#opset, before: this.#before, trial: this.#trial, tell };
  }

  #assemble(layers: readonly Layer[], choices: Choices): Assembled {
    const stored = new Map<string, StorageType>();
    for (const layer of this.#layers) {
      const form = this.#keptForm(layer.path);
      const type = form === "fp16" || form === "bf16" ? STORAGE[form] : undefined;
      if (type) for (const name of weightsOf(layer)) stored.set(name, type);
    }
    return quantizedModel({ graph: this.#graph, opset: this.#opset, layers, choices, stored });
  }

  get #outputs(): string[] {
    return this.#graph.outputs.map(({ name = "" }) => name);
  }

  #compare(model: ModelProto): ReturnType<typeof compareOutputs> {
    this.#reference ??= outputsOf(this.#before, this.#trial);
    return compareOutputs(this.#reference, model, this.#outputs, this.#trial);
  }

  /** Layers where they stand, with everything before them changed too. */
  #inPlace(model: ModelProto, layers: readonly Layer[]): ReturnType<typeof compareInside> {
    this.#report.progress("comparing layers");
    const inside = layers.filter((layer) => !isInside(layer)).map(({ output }) => output);
    return compareInside(withOutputs(this.#before, inside), withOutputs(model, inside), inside, this.#trial);
  }

  #isolated(layers: readonly Layer[], choices: Choices): ReturnType<typeof compareLayers> {
    const open = layers.filter((layer) => !isInside(layer));
    if (open.length === 0) return new Map();
    const { model, pairs } = sideBySide(this.#graph, this.#opset, open, choices);
    return compareLayers(model, pairs, this.#trial);
  }

  /** Of each layer's nodes before and after, where they can still be told apart. */
  #layerTimes(model: ModelProto): (layer: Layer) => Pick<LayerReport, "beforeUs" | "afterUs"> {
    this.#report.progress("timing layers");
    const names = this.#layers.map(({ node }) => node.name!);
    const sample = this.#trial.samples[0]!;
    const times = (one: ModelProto): Map<string, number> =>
      timesOf(profiled(encode(one, modelMessage), threadsOf(this.#request), sample, TIMED_RUNS), names);
    // One after the other: they share the processor.
    const before = times(this.#before);
    const after = times(model);
    return ({ node }) => {
      const [beforeUs, afterUs] = [before.get(node.name!), after.get(node.name!)];
      return beforeUs === undefined || afterUs === undefined ? {} : { beforeUs, afterUs };
    };
  }

  /** What each layer costs the outputs alone. */
  #sensitivities(layers: readonly Layer[], choices: Choices): Map<string, LayerReport["output"]> {
    const found = new Map<string, LayerReport["output"]>();
    if (!this.#request.sensitivity && this.#request.budgetDb === undefined) return found;
    for (const [i, layer] of layers.entries()) {
      this.#report.progress(`quantizing ${layer.path} alone`, i / layers.length);
      const { model } = this.#assemble([layer], choices);
      const { output } = this.#compare(model);
      found.set(layer.path, output);
    }
    return found;
  }

  /** The fewest layers, most sensitive first, without which the outputs hold the budget: found by halving. */
  #keepForBudget(
    layers: readonly Layer[],
    choices: Choices,
    sensitivity: ReadonlyMap<string, LayerReport["output"]>,
  ): string[] {
    const { budgetDb } = this.#request;
    if (budgetDb === undefined) return [];
    const decibels = (path: string): number => sensitivity.get(path)?.sqnrDb ?? Infinity;
    const ranked = layers.map(({ path }) => path).sort((a, b) => decibels(a) - decibels(b));
    const holds = (kept: number): boolean => {
      this.#report.progress(`keeping ${kept} layers for ${budgetDb} dB`);
      const left = new Set(ranked.slice(0, kept));
      const { model } = this.#assemble(
        layers.filter(({ path }) => !left.has(path)),
        choices,
      );
      const { output } = this.#compare(model);
      return (output.sqnrDb ?? Infinity) >= budgetDb;
    };
    let [low, high] = [0, ranked.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(middle)) high = middle;
      else low = middle + 1;
    }
    return ranked.slice(0, high);
  }

  #row(
    layer: Layer,
    became: string,
    bytes: number | undefined,
    values: Float32Array | undefined,
    { stored }: Assembled,
  ): LayerReport {
    const before = layer.values.length * 4;
    const bias = layer.bias ? (layer.graph.floats(layer.bias)?.length ?? 0) : 0;
    const source = layer.node.metadata.find(({ key }) => key === "source")?.value;
    const place = /^(.*):(\d+)$/.exec(source ?? "");
    const sizeOf = (name: string): number => stored.get(name)?.bytes ?? layer.graph.data(name).bytes.length;
    const after = bytes ?? weightsOf(layer).reduce((sum, name) => sum + sizeOf(name), 0);
    return {
      path: layer.path,
      type: layer.kind,
      ...(place ? { source: { file: place[1]!, line: Number(place[2]) } } : {}),
      became,
      parameters: layer.values.length + bias,
      beforeBytes: before + 4 * bias,
      afterBytes: after + 4 * bias,
      ...(values
        ? { weight: differenceOf(layer.values, values), ranges: { weight: histograms(layer.values, values) } }
        : {}),
    };
  }

  #restRows(scheme: Scheme | null = null, stored: Assembled["stored"] = new Map()): LayerReport[] {
    return this.#rest.map(({ node, path, weights, why, graph }) => {
      const parameters = weights.reduce((sum, name) => {
        const { dims } = graph.data(name);
        return sum + dims.reduce((a, b) => a * b, 1);
      }, 0);
      const bytes = weights.reduce((sum, name) => sum + graph.data(name).bytes.length, 0);
      const type = node.opType ?? "";
      const sizeOf = (name: string): number => stored.get(name)?.bytes ?? graph.data(name).bytes.length;
      const afterBytes = weights.reduce((sum, name) => sum + sizeOf(name), 0);
      const row = { path, type, parameters, beforeBytes: bytes, afterBytes };
      return scheme && weights.some((name) => stored.has(name))
        ? { ...row, became: scheme }
        : { ...row, became: "float32", why };
    });
  }

  #measured(
    name: string,
    description: string,
    model: ModelProto,
    { output, agreement, accuracy }: ReturnType<typeof compareOutputs>,
    layers: LayerReport[],
  ): Omit<Measured, "changed"> {
    this.#report.progress("measuring");
    const mostMs = this.#request.maxTimeMs ?? MOST_MS;
    const times = interleaved(this.#before, model, this.#trial, threadsOf(this.#request), mostMs);
    return {
      name,
      description,
      beforeBytes: encode(this.#before, modelMessage).length,
      afterBytes: encode(model, modelMessage).length,
      times,
      output,
      metrics: [
        ...(accuracy ? [metric("top-1 accuracy", accuracy.before, accuracy.after, accuracy.rows)] : []),
        ...(agreement ? [metric("top-1 agreement", 1, agreement.share, agreement.rows)] : []),
      ],
      layers,
    };
  }
}

function metric(name: string, before: number, after: number, samples: number): Measured["metrics"][number] {
  return { name, before, after, better: "higher", samples };
}

function describe({ scheme, perChannel, symmetric, group }: Choices, { observer }: QuantizeRequest): string {
  const rows = perChannel ? "a scale for each row" : "one scale for a weight";
  switch (scheme) {
    case "dynamic":
      return `int8 weights and activations, activations on the fly, ${rows}`;
    case "static":
      return `int8 weights and activations (QDQ), ${observer ?? "minmax"} ranges, ${rows}${symmetric ? ", symmetric" : ""}`;
    default:
      return group > 0 ? `${scheme} weights, groups of ${group}` : `${scheme} weights, ${rows}`;
  }
}

/** Weights that can be stored in another type: a name that stands for one tensor, read in the graph that holds it alone. */
function storable(graph: PlainGraph): { name: string; graph: PlainGraph }[] {
  const parts = [...graph.all()];
  const holders = new Map<string, number>();
  const readElsewhere = new Set<string>();
  for (const part of parts) {
    for (const name of part.initializers.keys()) holders.set(name, (holders.get(name) ?? 0) + 1);
    for (const { input } of part.nodes) {
      for (const name of input) if (part.outer && !part.initializers.has(name)) readElsewhere.add(name);
    }
  }
  return parts.flatMap((part) =>
    [...part.initializers.keys()]
      .filter((name) => holders.get(name) === 1 && !readElsewhere.has(name))
      .map((name) => ({ name, graph: part })),
  );
}

/** Does a path fit a pattern, where * stands for anything? */
function matches(path: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(path);
}
