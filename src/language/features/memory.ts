/** What a training step needs in memory, by optimizer, precision and batch size: arithmetic on what was counted. Pure. */
import type { TargetAnalysis, TargetSummary } from "../../protocol/analysis.ts";
import { evaluate } from "./formula.ts";

export interface Recipe {
  name: string;
  /** Bytes per parameter: the weight, its gradient, and what the optimizer keeps. */
  parameter: number;
  /** Activations, as a share of what they take in fp32. */
  activations: number;
}

/** Weights and gradients take 4 bytes each in fp32; Adam keeps two moments in the dtype of the weights. */
export const RECIPES: readonly Recipe[] = [
  { name: "SGD, fp32", parameter: 4 + 4, activations: 1 },
  { name: "AdamW, fp32", parameter: 4 + 4 + 8, activations: 1 },
  { name: "AdamW, bf16 autocast", parameter: 4 + 4 + 8, activations: 0.5 },
  { name: "AdamW, bf16", parameter: 2 + 2 + 4, activations: 0.5 },
];

export const BATCHES = [1, 8, 32] as const;

/** Bytes of weights, gradients, optimizer state and kept activations, or null where the batch cannot be varied. */
export function stepBytes(
  summary: TargetSummary,
  recipe: Recipe,
  target: TargetAnalysis,
  batch: number,
): number | null {
  const activations = activationsAt(summary, target, batch);
  if (activations === null) return null;
  return summary.parameters * recipe.parameter + activations * recipe.activations;
}

/** The name of the dimension that counts samples. */
export function batchName(target: TargetAnalysis): string | null {
  return ["B", "N"].find((name) => name in target.symbols) ?? null;
}

function activationsAt({ activationBytes }: TargetSummary, target: TargetAnalysis, batch: number): number | null {
  const name = batchName(target);
  if (name === null || activationBytes.formula === undefined) return null;
  return evaluate(activationBytes.formula, { ...target.symbols, [name]: batch });
}
