/**
 * Products of few bits against PyTorch and ONNX Runtime. Writes bench/results/NAME.md. Compares operations, not models.
 *
 *   node bench/quantized.ts --peer PYTHON [--rounds N] [--threads N] [--out NAME]
 */
import { cellsOf, measured, ratio, tell } from "./in_turn.ts";

const sides = ["layerwise", "torch", "onnxruntime", "layerwise, x in int8", "onnxruntime, x in int8"];
const rows = measured("quantized").map(([name, times]) => [
  name,
  ...cellsOf(times, sides),
  ratio(times, ["layerwise"], ["torch", "onnxruntime"]),
  ratio(times, ["layerwise, x in int8"], ["onnxruntime, x in int8"]),
]);
tell("Products of few bits", [], [...sides, "fastest peer / ours", "the same, x in int8"], rows);
