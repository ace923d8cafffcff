/** Everything the quantize view and its host say to each other. It shows prunings and distillations too: one proof for all. */
import type {
  CompressedFile,
  CompressionReport,
  DistillRequest,
  DistillResult,
  EmbeddingForm,
  KeptAs,
  KeptLayer,
  LayerReport,
  Method,
  Observer,
  ProofRequest,
  PruneRequest,
  PruneResult,
  QuantizeResult,
  Scheme,
} from "../compress.ts";
import type { Failure, SourceLocation } from "../source.ts";

export type CompressionResult = QuantizeResult | PruneResult | DistillResult;

/** How a model is pruned or taught, beside the data, the judge and the weights, which are chosen for all three verbs alike. */
export type PruneAsked = Omit<PruneRequest, keyof ProofRequest>;
export type DistillAsked = Omit<DistillRequest, keyof ProofRequest>;
export type Asked = PruneAsked | DistillAsked;

/** What the next run takes. The host remembers it for each target; null leaves the choice to the runtime. */
export interface QuantizeChoices {
  schemes: Scheme[];
  method: Method;
  observer: Observer;
  /** Columns that share a scale; 0: one scale per row. */
  group: number | null;
  /** No zero points. */
  symmetric: boolean | null;
  /** A scale for each row of a weight instead of one for all. */
  perChannel: boolean;
  /** A file, a folder of pictures, or FILE.py::function; null: random inputs. */
  data: string | null;
  /** How pictures become inputs: "imagenet", "MEAN/DEVIATION" or FILE.py::function; null: 0 to 1, or as the model says itself. */
  prepare: string | null;
  /** At most this many samples. */
  samples: number | null;
  /** FILE.py::function; null: what fits the model's outputs. */
  metric: string | null;
  /** A checkpoint that is loaded first; null: weights as the class makes them. */
  weights: string | null;
  /** Training steps of qat. */
  steps: number | null;
  /** Lowest signal-to-noise ratio of the outputs in decibels; null: no layer is kept for it. */
  budgetDb: number | null;
  /** Layers that the scheme leaves alone, each in its own form. */
  keep: Required<KeptLayer>[];
  /** What layers are stored as that are kept for the budget. */
  keepAs: KeptAs;
  /** Null: what the runtime thinks best. */
  embeddings: EmbeddingForm | null;
}

export const DEFAULT_CHOICES: QuantizeChoices = {
  schemes: ["dynamic", "int8", "int4", "nf4", "fp8", "fp16"],
  method: "nearest",
  observer: "minmax",
  group: null,
  symmetric: null,
  perChannel: true,
  data: null,
  prepare: null,
  samples: null,
  metric: null,
  weights: null,
  steps: null,
  budgetDb: null,
  keep: [],
  keepAs: "float32",
  embeddings: null,
};

/** Schemes that a model in a file can take: its operators are what ONNX has. */
export const FILE_SCHEMES: readonly Scheme[] = ["dynamic", "static", "int8", "int4", "fp16"];

/** A layer without its histograms: these are asked for one layer at a time. */
export type LayerRow = Omit<LayerReport, "ranges"> & { hasRanges: boolean };
export type ReportRows = Omit<CompressionReport, "layers"> & { layers: LayerRow[] };
export type ResultRows = Omit<CompressionResult, "reports"> & { reports: ReportRows[] };

export interface QuantizeState {
  verb: CompressionResult["verb"];
  result: ResultRows | null;
  choices: QuantizeChoices;
  /** Of a pruning or a distillation: how the next one is made; null where nobody said so yet. */
  asked: Asked | null;
  /** Names of reports that would come out otherwise now, with what else they say the same: other data, another share of channels. */
  otherwise: string[];
  /** The next one is none of those that are shown. */
  isNew: boolean;
  /** By the name of a report: the choices that it was made with. */
  madeWith: Record<string, QuantizeChoices>;
  stale: string | null;
  running: { target: string; message: string; fraction?: number } | null;
  failure: Failure | null;
  /** "model.py::GPT". */
  suggestion: string | null;
  /** The folder of its file, for people; null where it lies in the workspace's own. */
  place: string | null;
  /** The model is a file, with no class behind it. */
  isFile: boolean;
  root: string;
  /** Written last, from one of these reports. */
  saved: { report: string; file: CompressedFile } | null;
  /** The report that could not be written, where the failure is of that. */
  unsaved: string | null;
}

export interface QuantizeHost {
  state(): QuantizeState;
  ranges(layer: { report: string; path: string }): LayerReport["ranges"] | null;
  /** Remember for the next run; answered by "changed". */
  choose(change: Partial<QuantizeChoices>): void;
  /** The same for a pruning or a distillation. */
  ask(change: Partial<PruneAsked> | Partial<DistillAsked>): void;
  /** Quantize with the remembered choices; `only` runs one scheme and leaves the other reports as they are. */
  quantize(how: { only?: Scheme; sensitivity?: boolean }): void;
  cancel(): void;
  /** The host asks which file or function; answered by "changed". */
  pickData(): void;
  pickMetric(): void;
  pickWeights(): void;
  /** Of a distillation. */
  pickTeacher(): void;
  pickTeacherWeights(): void;
  /** Write the model as this report made it; the host asks where. */
  save(report: string): void;
  openSaved(): void;
  openSource(at: SourceLocation): void;
  openGraph(): void;
  copy(text: string): void;
  /** This report is in sight: the graph shows its errors. */
  show(report: string): void;
  /** The user chose a layer: other views of the same model show it too. */
  select(path: string | null): void;
}

export type QuantizeNews =
  | { type: "changed" }
  | { type: "progress"; message: string; fraction?: number }
  /** A layer was chosen elsewhere. */
  | { type: "selected"; path: string };

/** The result as a view wants it: without what is asked for separately. */
export function resultRows(result: CompressionResult): ResultRows {
  const reports = result.reports.map((report) => ({
    ...report,
    layers: report.layers.map(({ ranges, ...layer }) => ({ ...layer, hasRanges: ranges !== undefined })),
  }));
  return { ...result, reports };
}

/**
 * A run of single schemes, laid over the comparison that it belongs to: their reports replace those of the same name.
 * Reports that were made with other data, on another device or of another model are not comparable and go.
 */
export function mergeResults<Result extends CompressionResult>(older: Result | null, newer: Result): Result {
  const isComparable =
    older !== null &&
    older.target === newer.target &&
    older.device === newer.device &&
    JSON.stringify([older.data, older.setup]) === JSON.stringify([newer.data, newer.setup]) &&
    older.reports[0]?.beforeBytes === newer.reports[0]?.beforeBytes;
  if (!isComparable) return newer;
  const fresh = new Map(newer.reports.map((report) => [report.name, report]));
  const kept = older.reports.map((report) => fresh.get(report.name) ?? report);
  const added = newer.reports.filter(({ name }) => older.reports.every((report) => report.name !== name));
  return { ...newer, reports: [...kept, ...added] };
}
