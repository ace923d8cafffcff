/**
 * What is measured: cases of python/cases_*.py with their sizes, in the order of their worth, since the time on a GPU
 * may end early. Beside each its sizes for a run that only proves that everything works (`tiny`).
 */
import { attentionBars, elementwiseBars, matmulBars, trainingBars, type Judge } from "./bars.ts";

export interface Planned {
  name: string;
  group: string;
  case: string;
  with: Record<string, unknown>;
  tiny: Record<string, unknown>;
  /** PyTorch is also measured through torch.compile. */
  compiled: boolean;
  unit: "TFLOP/s" | "GB/s" | "ms" | "tokens/s" | "images/s" | "us";
  judge?: Judge;
  rounds?: number;
  /** Ours runs with these variables, in a process of its own. */
  environment?: Record<string, string>;
}

const plan: Planned[] = [];

function add(
  group: string,
  name: string,
  rest: Omit<Planned, "group" | "name" | "compiled"> & { compiled?: boolean },
): void {
  plan.push({ group, name, compiled: false, ...rest });
}

const MEBI = 2 ** 20;
const tinyLlama = { words: 96, width: 32, layers: 2, heads: 4, kv_heads: 2, inner: 64, most: 64 };
const tinyGpt = { batch: 1, length: 16, layers: 2, heads: 2, width: 32, words: 96 };

function matmul(dtype: string, n: number, tf32 = false): void {
  const tiny = { dtype, n: n / 128, tf32 };
  const name = `matmul ${tf32 ? "TF32" : dtype} ${n}`;
  const judge = dtype === "float32" && !tf32 ? undefined : matmulBars;
  add("matrix products", name, { case: "matmul", with: { dtype, n, tf32 }, tiny, unit: "TFLOP/s", judge });
}

function attention(length: number, width: number, backward: boolean, kvHeads = 16): void {
  const sizes = { dtype: "bfloat16", batch: 8, heads: 16, kv_heads: kvHeads, length, width, backward };
  const tiny = {
    ...sizes,
    batch: 1,
    heads: 4,
    kv_heads: kvHeads / 4,
    length: Math.ceil(length / 64),
    width: width / 4,
  };
  const way = backward ? "forward and backward" : "forward";
  const name = `attention ${way}, T ${length} D ${width}${kvHeads === 16 ? "" : `, ${kvHeads} key heads`}`;
  add("attention, bfloat16, causal, B 8 H 16", name, {
    case: "attention",
    with: sizes,
    tiny,
    unit: "TFLOP/s",
    judge: attentionBars,
  });
}

function elementwise(name: string, what: string, sizes: Record<string, unknown>, n: number, compiled = false): void {
  const tiny = { ...sizes, n: 4096 };
  add("elementwise", name, { case: what, with: { ...sizes, n }, tiny, compiled, unit: "GB/s", judge: elementwiseBars });
}

function rows(name: string, what: string, dtype: string, nRows: number, n: number): void {
  const tiny = { dtype, rows: 8, n: 96 };
  add("rows", name, { case: what, with: { dtype, rows: nRows, n }, tiny, compiled: true, unit: "GB/s" });
}

// The copy comes first: others are held against it.
elementwise("copy float32, 1 GiB", "copy", { dtype: "float32" }, 256 * MEBI);
add("training", "GPT-2 124M step, bfloat16 autocast, 8 x 1024, AdamW", {
  case: "gpt2_step",
  with: { dtype: "bfloat16", batch: 8, length: 1024 },
  tiny: { dtype: "bfloat16", ...tinyGpt },
  compiled: true,
  unit: "ms",
  judge: trainingBars,
});
for (const n of [8192, 4096, 2048, 1024]) matmul("bfloat16", n);
for (const length of [4096, 1024]) for (const backward of [false, true]) attention(length, 64, backward);
for (const backward of [false, true]) attention(4096, 128, backward);
elementwise("add bfloat16, 0.5 GiB each", "add", { dtype: "bfloat16" }, 256 * MEBI);
elementwise("add float32, 1 GiB each", "add", { dtype: "float32" }, 256 * MEBI);
elementwise("gelu bfloat16, 0.5 GiB", "unary", { dtype: "bfloat16", name: "gelu" }, 256 * MEBI);
elementwise("gelu(x * y + z) * y bfloat16, 0.25 GiB each", "chain", { dtype: "bfloat16" }, 128 * MEBI, true);
add("launching", "200 operations on 16 numbers, per operation", {
  case: "launches",
  with: { n_launches: 200 },
  tiny: { n_launches: 20 },
  unit: "us",
});
add("launching", "the same replayed as a CUDA graph, per operation", {
  case: "launches",
  with: { n_launches: 200, graphed: true },
  tiny: { n_launches: 20, graphed: true },
  unit: "us",
});
add("LLaMA 1.2B, bfloat16", "forward, 1 x 2048", {
  case: "llama_forward",
  with: { dtype: "bfloat16", batch: 1, length: 2048 },
  tiny: { dtype: "bfloat16", batch: 1, length: 8, ...tinyLlama },
  compiled: true,
  unit: "ms",
});
add("LLaMA 1.2B, bfloat16", "generation with a cache, 128 + 64 tokens, batch 1", {
  case: "llama_generate",
  with: { dtype: "bfloat16", prompt: 128, new: 64, most: 256 },
  tiny: { dtype: "bfloat16", prompt: 8, new: 4, ...tinyLlama },
  unit: "tokens/s",
  rounds: 2,
});
rows("softmax forward and backward, bfloat16 8192 x 8192", "softmax", "bfloat16", 8192, 8192);
rows("layer_norm forward and backward, bfloat16 32768 x 4096", "layer_norm", "bfloat16", 32768, 4096);
rows("cross_entropy forward and backward, bfloat16 8192 x 50257", "cross_entropy", "bfloat16", 8192, 50257);
add("convolutions", "ResNet-50 step, bfloat16 autocast, 64 images of 224", {
  case: "resnet50_step",
  with: { dtype: "bfloat16", batch: 64, size: 224 },
  // Batch normalisation needs more than a few numbers to be steady.
  tiny: { dtype: "bfloat16", batch: 4, size: 64, width: 4 },
  compiled: true,
  unit: "images/s",
  rounds: 2,
});
for (const dtype of ["bfloat16", "float32"]) {
  add("convolutions", `ResNet-50 forward, ${dtype}, 64 images of 224`, {
    case: "resnet50_forward",
    with: { dtype, batch: 64, size: 224 },
    tiny: { dtype, batch: 1, size: 32, width: 4 },
    unit: "images/s",
    rounds: 2,
  });
}
for (const nRows of [1, 64]) {
  for (const bits of [8, 4]) {
    const sizes = { dtype: "bfloat16", rows: nRows, bits, n: 14336, k: 4096, group: bits === 8 ? 4096 : 128 };
    add("few bits", `${bits}-bit weights, ${nRows} x 4096 by 14336`, {
      case: "low_bit",
      with: sizes,
      tiny: { ...sizes, rows: Math.min(nRows, 20), n: 64, k: 64, group: bits === 8 ? 64 : 32 },
      unit: "GB/s",
    });
  }
}
add("eight bits", "int8 product, sums in int32, 4096 x 4096 by 4096", {
  case: "int8_product",
  with: { rows: 4096, n: 4096, k: 4096 },
  tiny: { rows: 24, n: 32, k: 64 },
  unit: "TFLOP/s",
  judge: matmulBars,
});
for (const nRows of [1, 64, 4096]) {
  add("eight bits", `int8 linear, bfloat16 rows rounded in the call, ${nRows} x 4096 by 14336`, {
    case: "int8_linear",
    with: { dtype: "bfloat16", rows: nRows, n: 14336, k: 4096 },
    tiny: { dtype: "bfloat16", rows: Math.min(nRows, 20), n: 32, k: 64 },
    unit: nRows === 1 ? "GB/s" : "TFLOP/s",
    compiled: true,
    judge: matmulBars,
  });
}
for (const [channels, filters, size, kernel] of [
  [256, 256, 14, 3],
  [256, 64, 56, 1],
  [3, 64, 224, 7],
] as const) {
  add(
    "eight bits",
    `int8 convolution, codes to codes, 64 x ${channels} x ${size}², ${filters} of ${kernel} x ${kernel}`,
    {
      case: "int8_conv",
      with: { batch: 64, channels, filters, size, kernel },
      tiny: { batch: 1, channels: Math.min(channels, 16), filters: 16, size: 8, kernel },
      unit: "TFLOP/s",
      judge: matmulBars,
    },
  );
}
attention(8192, 128, true);
attention(2048, 64, true);
attention(4096, 128, true, 4);
attention(8192, 64, false);
for (const n of [8192, 4096, 2048, 1024]) matmul("float16", n);
for (const [name, wgmma] of [
  ["mma", "0"],
  ["wgmma", "1"],
] as const) {
  for (const n of [8192, 4096, 1024]) {
    add("matrix products by our own kernels, without cuBLASLt", `bfloat16 ${n}, ${name}`, {
      case: "matmul",
      with: { dtype: "bfloat16", n },
      tiny: { dtype: "bfloat16", n: n / 128 },
      unit: "TFLOP/s",
      judge: matmulBars,
      environment: { LAYERWISE_CUDA_MATMUL: "own", LAYERWISE_CUDA_WGMMA: wgmma },
    });
  }
}
for (const n of [8192, 4096, 1024]) matmul("float32", n, true);
for (const n of [4096, 1024]) matmul("float32", n);
elementwise("copy bfloat16, 0.5 GiB", "copy", { dtype: "bfloat16" }, 256 * MEBI);
elementwise("exp float32, 1 GiB", "unary", { dtype: "float32", name: "exp" }, 256 * MEBI);
rows("softmax forward and backward, float32 8192 x 8192", "softmax", "float32", 8192, 8192);
rows("layer_norm forward and backward, float32 16384 x 4096", "layer_norm", "float32", 16384, 4096);
add("moving", "sum of rows, float32 16384 x 16384", {
  case: "row_sum",
  with: { dtype: "float32", rows: 16384, n: 16384 },
  tiny: { dtype: "float32", rows: 8, n: 96 },
  unit: "GB/s",
});
add("moving", "transposed copy, float32 16384 x 16384", {
  case: "transpose",
  with: { dtype: "float32", n: 16384 },
  tiny: { dtype: "float32", n: 96 },
  unit: "GB/s",
});
add("moving", "embedding, 262144 rows of 1024, bfloat16", {
  case: "gather_rows",
  with: { dtype: "bfloat16", rows: 50257, width: 1024, picked: 262144 },
  tiny: { dtype: "bfloat16", rows: 64, width: 32, picked: 50 },
  unit: "GB/s",
});

export const planned: readonly Planned[] = plan;
