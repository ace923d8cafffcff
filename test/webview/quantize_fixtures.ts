/**
 * Made-up but plausible proofs for the tests of the quantize view: the imagined GPT under several schemes, a pruning and
 * a distillation. Everything follows from a seed; nothing here is a measurement.
 */
import type {
  CompressionReport,
  Difference,
  DistillResult,
  Histogram,
  LayerReport,
  PruneResult,
  QuantizeResult,
} from "../../src/protocol/compress.ts";
import type { Timing } from "../../src/protocol/results.ts";
import { speedOf } from "../../src/runtime/proof/speed.ts";
import { gptProfile, randomFrom } from "./fixtures.ts";

const timing = (medianUs: number): Timing => ({
  medianUs,
  minUs: medianUs * 0.97,
  maxUs: medianUs * 1.2,
  spread: 0.021,
  repetitions: 40,
});

function difference(sqnrDb: number | null, largest = 3): Difference {
  if (sqnrDb === null) return { sqnrDb, cosine: 1, maxError: 0, relativeError: 0 };
  const noise = 10 ** (-sqnrDb / 20);
  return { sqnrDb, cosine: 1 - (noise * noise) / 2, maxError: noise * largest * 1.7, relativeError: noise * 1.7 };
}

/** A bell of the given width; with `levels` only that many different values are left. */
function histogram(width: number, random: () => number, levels = 0): Histogram {
  const bins = 64;
  const counts = Array.from({ length: bins }, (_, i) => {
    const x = (i - bins / 2 + 0.5) / (bins / 2);
    return Math.round(4000 * Math.exp(-4.5 * x * x) * (0.85 + 0.3 * random()));
  });
  if (levels > 0) {
    const perLevel = bins / levels;
    for (let level = 0; level < levels; level++) {
      const from = Math.round(level * perLevel);
      const to = Math.round((level + 1) * perLevel);
      const sum = counts.slice(from, to).reduce((a, b) => a + b, 0);
      counts.fill(0, from, to);
      counts[Math.floor((from + to) / 2)] = sum;
    }
  }
  return { low: -width, high: width, counts };
}

interface Plan {
  name: string;
  description: string;
  bits: number;
  db: number;
  speed: number;
  became: string;
  levels?: number;
}

const plans: Plan[] = [
  {
    name: "dynamic",
    description: "int8, activations as they come",
    bits: 8.1,
    db: 34,
    speed: 1.9,
    became: "int8 dynamic",
  },
  {
    name: "int8",
    description: "int8 weights, nearest",
    bits: 8.2,
    db: 41,
    speed: 1.1,
    became: "int8 per row",
    levels: 32,
  },
  {
    name: "int4",
    description: "int4, groups of 32, nearest",
    bits: 4.5,
    db: 18.4,
    speed: 1.45,
    became: "int4 group 32",
    levels: 16,
  },
  {
    name: "nf4",
    description: "NF4, groups of 32",
    bits: 4.5,
    db: 20.1,
    speed: 0.78,
    became: "nf4 group 32",
    levels: 16,
  },
  { name: "fp8", description: "fp8 e4m3 weights", bits: 8, db: 31, speed: 0.9, became: "fp8 e4m3" },
  { name: "fp16", description: "fp16 weights and activations", bits: 16, db: 68, speed: 0.97, became: "fp16" },
];

export interface ProofOptions {
  nLayers?: number;
  name?: string;
  schemes?: string[];
  keep?: string[];
  isRandom?: boolean;
}

function layersOf(plan: Plan, options: ProofOptions): LayerReport[] {
  const random = randomFrom(plan.name.length * 31 + 5);
  const { nLayers = 6, keep = [] } = options;
  const rows = gptProfile({ nLayers, name: options.name ?? "GPT" }).modules;
  const leaves = rows.filter((row) => ["Linear", "Embedding", "LayerNorm"].includes(row.type) && row.parameters > 0);
  return leaves.map((row) => {
    const beforeBytes = row.parameters * 4;
    const isWide = row.type === "Linear" || (row.type === "Embedding" && plan.name !== "dynamic");
    const base = { path: row.path, type: row.type, parameters: row.parameters, beforeBytes };
    const place = row.source ? { source: row.source } : {};
    if (row.type === "LayerNorm" || !isWide || keep.includes(row.path)) {
      const why = keep.includes(row.path) ? "kept by request" : "no matrix product";
      return { ...base, ...place, became: "float32", why, afterBytes: beforeBytes, output: difference(null) };
    }
    const own = plan.db + 6 - 9 * random() - (row.path.endsWith("mlp.c_proj") ? 7 : 0);
    const beforeUs = row.forwardUs;
    const width = 0.05 + 0.1 * random();
    return {
      ...base,
      ...place,
      became: plan.became,
      afterBytes: Math.round((row.parameters * plan.bits) / 8),
      weight: difference(own + 1, width),
      output: difference(own),
      inPlace: difference(own - 6 * random()),
      sensitivity: difference(own + 6 + 10 * random()),
      beforeUs,
      afterUs: beforeUs / (plan.speed * (0.9 + 0.2 * random())),
      ranges: {
        weight: { before: histogram(width, random), after: histogram(width, random, plan.levels) },
        output: { before: histogram(3.2, random), after: histogram(3.2, random) },
      },
    };
  });
}

function reportOf(plan: Plan, options: ProofOptions): CompressionReport {
  const layers = layersOf(plan, options);
  const beforeBytes = layers.reduce((sum, layer) => sum + layer.beforeBytes, 0);
  const afterBytes = layers.reduce((sum, layer) => sum + layer.afterBytes, 0);
  const beforeUs = 184_000;
  const latency = { before: timing(beforeUs), after: timing(beforeUs / plan.speed) };
  const isSlower = plan.speed < 0.95;
  const kept = options.keep?.length ?? 0;
  const smaller = (beforeBytes / afterBytes).toFixed(1);
  return {
    name: plan.name,
    description: kept > 0 ? `${plan.description}, ${kept} kept` : plan.description,
    worthKeeping: !isSlower,
    verdict: isSlower
      ? `Slower (${(1 / plan.speed).toFixed(2)}x), though ${smaller}x smaller: not worth keeping.`
      : `${smaller}x smaller, ${plan.speed >= 1.05 ? `${plan.speed}x faster` : "as fast"}, outputs at ${plan.db} dB.`,
    beforeBytes,
    afterBytes,
    latency,
    speed: speedOf(latency),
    output: difference(plan.db - 2 + 1.5 * kept),
    metrics: [
      {
        name: "top-1 agreement",
        before: 1,
        after: 1 - 10 ** (-plan.db / 22),
        better: "higher",
        samples: 64,
      },
    ],
    layers,
  };
}

export function gptQuantization(options: ProofOptions = {}): QuantizeResult {
  const { name = "GPT", isRandom = false } = options;
  const wanted = plans.filter((plan) => options.schemes?.includes(plan.name) ?? true);
  return {
    version: 1,
    verb: "quantize",
    target: `/home/ada/nanogpt/model.py::${name}`,
    ok: true,
    setup: { init: [], inputs: [{ name: "idx", value: "int64[8,256]", from: "annotation" }] },
    device: "cpu",
    data: isRandom
      ? { name: "data", value: "random inputs", from: "default", samples: 8, isRandom: true }
      : { name: "data", value: "val.npy", from: "given", samples: 64, isRandom: false },
    notes: isRandom ? ["wte and lm_head share their weights: counted once"] : [],
    reports: wanted.map((plan) => reportOf(plan, options)),
    stdout: "",
  };
}

export function gptPruning(): PruneResult {
  const { reports: _, ...head } = gptQuantization();
  const plan: Plan = {
    name: "channels",
    description: "a quarter of the channels, by magnitude",
    bits: 24.2,
    db: 14,
    speed: 1.31,
    became: "288 of 384 channels",
  };
  const report = reportOf(plan, {});
  const losses = Array.from(
    { length: 60 },
    (_, step) => 2.1 + 1.6 * Math.exp(-step / 14) + 0.05 * Math.sin(step * 2.3),
  );
  return { ...head, verb: "prune", reports: [{ ...report, losses }] };
}

export function gptDistillation(): DistillResult {
  const pruning = gptPruning();
  return { ...pruning, verb: "distill", reports: [{ ...pruning.reports[0]!, name: "distilled", layers: [] }] };
}
