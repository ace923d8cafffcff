/**
 * Recurrent layers against PyTorch and ONNX Runtime: inference, training steps, dynamic int8. Writes bench/results/NAME.md.
 *
 *   node bench/recurrent.ts --peer PYTHON [--rounds N] [--threads N] [--out NAME]
 */
import { cellsOf, measured, ratio, tell } from "./in_turn.ts";

const ours = ["layerwise", "layerwise quantize"];
const peers = ["torch", "onnxruntime"];
const notes = [
  "Cases are steps x batch x width of input and state; ONNX Runtime's is one node.",
  'Dynamic int8 is `torch.ao`\'s on both sides, in its numbers; "layerwise quantize" is the scheme `dynamic`; ONNX Runtime has',
  "one for LSTM alone.",
];
const rows = measured("recurrent").map(([name, times]) => [
  name,
  ...cellsOf(times, [...ours, ...peers]),
  ...peers.map((peer) => ratio(times, ours, [peer])),
]);
tell("Recurrent layers", notes, [...ours, ...peers, ...peers.map((peer) => `${peer} / ours`)], rows);
