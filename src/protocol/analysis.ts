/**
 * What the language server knows about a file: shapes per line, what each call costs, and what is wrong. Found by running
 * the file's own code on the meta device, where nothing is computed, and by reading its text. Plain data.
 */
import type { ResultHead, Setup } from "./results.ts";
import type { SourceLocation } from "./source.ts";
import type { TargetRequest } from "./rpc.ts";

/** `target` names the file; arguments are given per target below. */
export interface AnalysisRequest extends TargetRequest {
  /** Names of the targets wanted, in the order in which they matter; default: all of the file. */
  only?: string[];
  /** Arguments that the user chose, by the target's name. */
  given?: Record<string, { init?: string; inputs?: Record<string, string> }>;
  /** What an earlier analysis chose: tried first, so that inference is skipped, and answered with its own reasons. */
  previous?: Record<string, Setup>;
  /** Name dimensions after the inputs they came from: each target is run several times more. */
  symbols?: boolean;
  /**
   * Wall-clock milliseconds for the whole file, default 3000; targets that no longer fit are answered as `incomplete`. One
   * target may have a second, or a quarter of the budget where that is more.
   */
  budgetMs?: number;
}

export interface TensorShape {
  shape: number[];
  /**
   * The same dimensions by name, where `symbols` was asked for: "B", "T", "64", "B*T", "T+1", "(H+1)//2"; "~49" for a size
   * that depends on the inputs in a way for which no formula was found.
   */
  dims?: string[];
  dtype: string;
  device: string;
}

/** Behind a statement: the shape of one thing that it assigned or returned. */
export interface LineHint extends TensorShape {
  /** The whole statement (of a loop or `with`: its head), with columns. */
  source: SourceLocation;
  kind: "assign" | "return" | "loop";
  /** "x", "q[0]", "self.mask"; "return" for what a function returned. */
  name: string;
  /** Where that name stands in the statement; absent for a return. */
  at?: SourceLocation;
  /** How often the statement ran; the shape is that of the last pass, `first` that of the first where it differs. */
  passes: number;
  first?: TensorShape;
  /** Where the layer whose call made the value was constructed. */
  layer?: SourceLocation;
}

/** A quantity as a number and, where symbols were asked for, as a formula: 1572864, "12·B·T·64²". */
export interface Quantity {
  value: number;
  formula?: string;
}

/** A call of a module in user code, for hovers. A line that runs many times is one call with many passes. */
export interface CallInfo {
  /** The call expression, exactly. */
  source: SourceLocation;
  /** "blocks.0.attn.q_proj" below the target; "" for the target itself. */
  path: string;
  /** Class name: "Linear". */
  type: string;
  /** What `repr` says of the layer in one line: "Linear(in_features=64, out_features=192, bias=True)". */
  layer: string;
  inputs: TensorShape[];
  outputs: TensorShape[];
  passes: number;
  parameters: number;
  parameterBytes: number;
  /** Floating-point operations of one forward pass through this call (multiply and add count two). */
  flops: Quantity;
  /** Bytes kept for the backward pass. */
  activationBytes: Quantity;
  forwardBytes: Quantity;
  backwardBytes: Quantity;
  /** Where it was constructed (`self.q_proj = nn.Linear(...)`), and where its class is defined, if in user files. */
  construction?: SourceLocation;
  definition?: SourceLocation;
}

export interface TextEdit {
  source: SourceLocation;
  text: string;
}

export interface Problem {
  source: SourceLocation;
  severity: "error" | "warning" | "information" | "hint";
  /** "shape-clash", "dtype-clash", "device-clash", "view-not-contiguous", "softmax-without-dim", "missing-super-init",
   * "unused-parameter", "in-place-on-needed-value", "failed". */
  code: string;
  /** One sentence: what met what. */
  message: string;
  related: { source: SourceLocation; message: string }[];
  fixes: { title: string; edits: TextEdit[]; isPreferred: boolean }[];
  /** The target that was run when it showed; absent when the text alone says it. */
  target?: string;
}

/** What a whole class or function takes. Bytes are of tensors alone. */
export interface TargetSummary {
  parameters: number;
  parameterBytes: number;
  flops: Quantity;
  /** Kept from the forward pass for the backward pass. */
  activationBytes: Quantity;
  /** The most tensor memory at any time of forward and backward, without optimizer state. */
  peakBytes: Quantity;
}

export interface TargetAnalysis {
  name: string;
  kind: "class" | "function" | "script";
  setup: Setup;
  /** Sizes behind the names of dimensions: { B: 2, T: 16 }. */
  symbols: Record<string, number>;
  hints: LineHint[];
  calls: CallInfo[];
  problems: Problem[];
  summary?: TargetSummary;
  /** Why there is less than asked for, in one sentence: out of time, or what the sandbox cannot do. */
  incomplete?: string;
  /** The budget was spent on others: nothing was found out, and another request may. */
  isUntried?: boolean;
  timeMs: number;
}

export interface AnalysisResult extends ResultHead {
  verb: "analyse";
  targets: TargetAnalysis[];
  /** What the text alone says, also when nothing could be run. */
  problems: Problem[];
}
