/**
 * Recurrent layers whose weights of the state are int8: states are quantized in every step and multiplied exactly, gates
 * stay float. What inputs give to the gates is made by whoever calls, by a linear layer of its own.
 */
import { float32, int32, int8 } from "../dtype.ts";
import { RuntimeError } from "../errors.ts";
import { launch, pointerOf } from "../launch.ts";
import { op } from "../op.ts";
import { packOf } from "../packs.ts";
import { empty, type Tensor } from "../tensor.ts";
import { perColumn } from "./affine.ts";
import { castOf, contiguousOf } from "./copy.ts";
import { linearInt8Dynamic } from "./quantized.ts";
import { networkOf, theNetwork } from "./recurrent.ts";
import { flopsOfNetwork, layersByKernel, type LayerKernel, type Matrix } from "./recurrent_layers.ts";
import {
  commandOf,
  flopsOf,
  GRU,
  leadOf,
  LSTM,
  RELU,
  stepsOf,
  TANH,
  walkInOps,
  walkOf,
  type Cell,
  type Walk,
} from "./recurrent_walk.ts";

const kinds: Record<string, Cell> = { LSTM, GRU, RNN_TANH: TANH, RNN_RELU: RELU };

const layouts = [LSTM, GRU, TANH, RELU].map(({ mode }) => [false, true].map((is) => `recurrent int8 ${mode} ${is}`));

/** Columns and depth are padded so that every machine's panels fit (native/cpu/kernels/byte_panels.h). */
function packedWeight(kind: Cell, weight: Tensor, isInput: boolean): number {
  const [rows, width] = weight.shape as [number, number];
  const units = rows / kind.gates;
  const columns = Math.ceil(units / 128) * 128 * kind.gates;
  const depth = Math.ceil(width / 4) * 4;
  return packOf(weight, layouts[kind.mode]![isInput ? 1 : 0]!, columns * depth + 4 * columns, (pack) =>
    launch("recurrent_pack_int8", [pack], weight.numel, [
      pack.pointer,
      contiguousOf(weight).pointer,
      kind.mode,
      units,
      width,
      isInput ? 1 : 0,
    ]),
  );
}

function walkByKernel(kind: Cell, w: Walk): Tensor[] {
  const units = w.hidden.shape[1]!;
  const { device } = w.gates;
  const output = empty([...leadOf(w.gates), units], float32, device);
  const lastHidden = empty(w.hidden.shape, float32, device);
  const lastCell = empty(kind.hasCell ? w.hidden.shape : [0], float32, device);
  const results = [output, lastHidden, lastCell];
  if (output.numel === 0) return results;
  const { granularity, quantMin, quantMax, scale, zero } = w.bytes!;
  const weightScale = castOf(w.bytes!.weightScale, float32);
  const [givenScale, givenZero] = [scale && castOf(scale, float32), zero && castOf(zero, int32)];
  const words = commandOf(w, output, lastHidden, kind.hasCell ? lastCell.pointer : 0, 0, 0, () =>
    packedWeight(kind, w.weight, false),
  );
  launch("recurrent_sequence_int8", results, flopsOf(w) / 4, [
    kind.mode,
    ...[granularity === "row" ? 1 : 0, pointerOf(givenScale), pointerOf(givenZero), quantMin, quantMax],
    ...words,
    ...[0, 0, weightScale.pointer, weightScale.numel === 1 ? 0 : 1],
    ...stepsOf(w),
  ]);
  return results;
}

export const recurrentInt8 = op({
  signature:
    "_recurrent_int8(str mode, Tensor gates, Tensor hidden, Tensor? cell, Tensor weight, Tensor weight_scale, Tensor? bias=None, int[]? sizes=None, bool reverse=False, bool by_sequence=False, str granularity='row', int quant_min=0, int quant_max=255, Tensor? state_scale=None, Tensor? state_zero=None) -> (Tensor output, Tensor last_hidden, Tensor last_cell)",
  doc:
    "One recurrent layer in one direction with an int8 weight of the state; mode is LSTM, GRU, RNN_TANH or RNN_RELU. States " +
    "are rounded by row, as a whole tensor, or by a given state_scale; without cells last_cell is empty.",
  in: "_C",
  differentiable: false,
  forward(
    mode: string,
    gates: Tensor,
    hidden: Tensor,
    cell: Tensor | null,
    weight: Tensor,
    weightScale: Tensor,
    bias: Tensor | null = null,
    sizes: readonly number[] | null = null,
    reverse = false,
    bySequence = false,
    granularity = "row",
    quantMin = 0,
    quantMax = 255,
    stateScale: Tensor | null = null,
    stateZero: Tensor | null = null,
  ): Tensor[] {
    const where = "[recurrent_int8]";
    const kind = kinds[mode];
    if (!kind) throw new RuntimeError(`${where} got mode '${mode}': expected LSTM, GRU, RNN_TANH or RNN_RELU`);
    if (weight.dtype !== int8) throw new RuntimeError(`${where} got a weight of ${weight.dtype.name}: expected int8`);
    if (granularity !== "tensor" && granularity !== "row" && granularity !== "given") {
      throw new RuntimeError(`${where} got granularity '${granularity}': expected 'row', 'tensor' or 'given'`);
    }
    const isGiven = granularity === "given";
    if (isGiven !== (stateScale?.numel === 1 && stateZero?.numel === 1)) {
      throw new RuntimeError(
        `${where} got granularity '${granularity}': expected a state_scale and state_zero for 'given' alone`,
      );
    }
    const least = isGiven && quantMin < 0 ? -128 : 0;
    if (quantMin < least || (quantMin > 0 && !isGiven) || quantMax <= quantMin || quantMax > least + 255) {
      throw new RuntimeError(`${where} got codes from ${quantMin} to ${quantMax}: expected those of a byte`);
    }
    if (kind.hasCell && !cell) throw new RuntimeError(`${where} got no cell: expected one for an LSTM`);
    const scale = perColumn(weightScale, weight.shape[0]!, `${where} weight_scale`);
    const bytes = { weightScale: scale, granularity, quantMin, quantMax, scale: stateScale, zero: stateZero } as const;
    const start = kind.hasCell ? cell : null;
    const w = walkOf(kind, gates, hidden, start, weight, bias, sizes, reverse, bySequence, bytes);
    const hasKernel = gates.dtype === float32 && gates.device.stream?.has("recurrent_sequence_int8") !== false;
    if (hasKernel) return walkByKernel(kind, w);
    const [output, last, lastCell] = walkInOps(kind, w) as [Tensor, Tensor, Tensor?];
    return [output, last, lastCell ?? empty([0], gates.dtype, gates.device)];
  },
  cost: (_mode: string, gates: Tensor, hidden: Tensor) => ({ flops: 2 * gates.numel * hidden.shape[1]! }),
});

/** A layer of integers: states and inputs in codes from 0 on, by row or as a whole. */
const int8Kernel = (kind: Cell, byRow: boolean, quantMax: number): LayerKernel => ({
  name: "recurrent_sequence_int8",
  head: [kind.mode, byRow ? 1 : 0, 0, 0, 0, quantMax],
  perWork: 40,
  layoutOf: (isInput) => layouts[kind.mode]![isInput ? 1 : 0]!,
  pack: (weight, isInput) => packedWeight(kind, weight, isInput),
});

export const recurrentNetworkInt8 = op({
  signature:
    "_recurrent_network_int8(str mode, Tensor input, Tensor? hidden, Tensor? cell, int[]? sizes, Tensor[] weights, bool has_biases=True, bool bidirectional=False, bool batch_first=False, str granularity='row', int quant_max=255) -> (Tensor output, Tensor last_hidden, Tensor last_cell)",
  doc:
    `Recurrent layers with int8 weights on top of each other, inputs and states rounded on the fly, ${theNetwork}. Weights: codes, ` +
    "scale and, with biases, bias of each layer's and direction's input and state in turn.",
  in: "_C",
  differentiable: false,
  forward(
    mode: string,
    input: Tensor,
    hidden: Tensor | null,
    cell: Tensor | null,
    sizes: readonly number[] | null,
    weights: Tensor[],
    hasBiases = true,
    bidirectional = false,
    batchFirst = false,
    granularity = "row",
    quantMax = 255,
  ): Tensor[] {
    const where = "[recurrent_network_int8]";
    const kind = kinds[mode];
    if (!kind) throw new RuntimeError(`${where} got mode '${mode}': expected LSTM, GRU, RNN_TANH or RNN_RELU`);
    if (granularity !== "row" && granularity !== "tensor") {
      throw new RuntimeError(`${where} got granularity '${granularity}': expected 'row' or 'tensor'`);
    }
    const per = hasBiases ? 3 : 2;
    const matrices: Matrix[] = [];
    for (let at = 0; at < weights.length; at += per) {
      matrices.push({ weight: weights[at]!, scale: weights[at + 1]!, bias: hasBiases ? weights[at + 2]! : null });
    }
    const network = {
      input,
      states: kind.hasCell ? [hidden, cell] : [hidden],
      sizes,
      nWalks: matrices.length / 2,
      nDirections: bidirectional ? 2 : 1,
      units: matrices[1]!.weight.shape[1]!,
      dropout: 0,
      batchFirst,
    };
    const isKnown =
      input.dtype === float32 &&
      input.device.stream?.has("recurrent_sequence_int8") !== false &&
      quantMax > 0 &&
      quantMax <= 255 &&
      matrices.every(({ weight }) => weight.dtype === int8);
    const done = isKnown
      ? layersByKernel(kind, network, matrices, int8Kernel(kind, granularity === "row", quantMax))
      : null;
    const none = (): Tensor => empty([0], input.dtype, input.device);
    if (done) return kind.hasCell ? done : [...done, none()];
    const [output, lastHidden, lastCell] = networkOf(network, (x, [h, c = null], walk, reverse, bySequence) => {
      const [ofInput, ofState] = [matrices[2 * walk]!, matrices[2 * walk + 1]!];
      const gates = linearInt8Dynamic(x, ofInput.weight, ofInput.scale!, ofInput.bias, null, granularity, quantMax);
      const { weight, scale, bias } = ofState;
      const rounding = [granularity, 0, quantMax] as const;
      return recurrentInt8(mode, gates, h!, c, weight, scale!, bias, sizes, reverse, bySequence, ...rounding);
    }) as [Tensor, Tensor, Tensor?];
    return [output, lastHidden, lastCell ?? none()];
  },
  cost: (
    _mode: string,
    input: Tensor,
    _h: Tensor | null,
    _c: Tensor | null,
    _s: readonly number[] | null,
    weights: Tensor[],
  ) => ({
    flops: flopsOfNetwork(input, weights),
  }),
});
