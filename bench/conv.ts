/**
 * Float convolutions, mostly of small images, against PyTorch and ONNX Runtime. Writes bench/results/NAME.md. Inference
 * alone: no gradients.
 *
 *   node bench/conv.ts --peer PYTHON [--rounds N] [--threads N] [--out NAME]
 */
import { cellsOf, measured, ratio, tell } from "./in_turn.ts";

const peers = ["torch", "onnxruntime"];
const notes = [
  "Cases are images x channels x height and width, filters of height and width by stride in groups; float32 with a bias.",
];
const rows = measured("conv").map(([name, times]) => [
  name,
  ...cellsOf(times, ["layerwise", ...peers]),
  ratio(times, ["layerwise"], peers),
]);
tell("Float convolutions", notes, ["layerwise", ...peers, "fastest peer / ours"], rows);
