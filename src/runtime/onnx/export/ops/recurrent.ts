/**
 * LSTM, GRU and RNN over whole sequences, or padded ones with their lengths: a node for each layer, both directions in it. LSTMs
 * of integers become ONNX Runtime's own DynamicQuantizeLSTM, which rounds all rows of an input or a state by one range.
 */
import { float32 } from "../../../dtype.ts";
import type { DataType } from "../../schema.ts";
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import type { ValueId } from "../record.ts";
import { numbersOf } from "./quantized.ts";

const OWN_DOMAIN = "com.microsoft";

/** Which of PyTorch's gates stands where in ONNX, and what else makes the node compute the same. */
interface Form {
  op: string;
  gates: readonly number[];
  attributes(call: Call, nDirections: number): Record<string, number | string[]>;
  hasCell: boolean;
}

const LSTM: Form = { op: "LSTM", gates: [0, 3, 1, 2], attributes: () => ({}), hasCell: true };
const GRU: Form = { op: "GRU", gates: [1, 0, 2], attributes: () => ({ linear_before_reset: 1 }), hasCell: false };
const RNN: Form = {
  op: "RNN",
  gates: [0],
  attributes: (call, n) => ({ activations: Array<string>(n).fill(isRelu(call) ? "Relu" : "Tanh") }),
  hasCell: false,
};
const isRelu = (call: Call): boolean => (call.knows("mode") ? call.text("mode") === "RNN_RELU" : call.flag("is_relu"));

/** Rows of a weight or bias in ONNX's order of gates. */
function rowsOf(form: Form, units: number): number[] {
  return form.gates.flatMap((gate) => Array.from({ length: units }, (_, i) => gate * units + i));
}

/** For each direction the same parts, one below the other: [directions, rows of all parts, ...]. */
function stacked(
  call: Call,
  form: Form,
  units: number,
  directions: readonly (readonly ValueId[])[],
  what: string,
): Name {
  const { graph } = call;
  const rows = rowsOf(form, units);
  const { dtype, shape } = call.valueOf(directions[0]![0]!);
  const rest = shape.slice(1);
  if (directions.flat().every((id) => call.isFixed(id))) {
    const rowBytes = rest.reduce((a, b) => a * b, 1) * dtype.size;
    const bytes = directions.flat().flatMap((id) => {
      const source = call.bytesOf(id);
      return rows.map((row) => source.subarray(row * rowBytes, (row + 1) * rowBytes));
    });
    const nRows = directions[0]!.length * rows.length;
    const known = call.valueOf(directions[0]![0]!).leaf?.name ?? "weight";
    return graph.weight(
      dtype.name as DataType,
      [directions.length, nRows, ...rest],
      new Uint8Array(Buffer.concat(bytes)),
      `${known}_${what}`,
    );
  }
  const parts = directions.map((ids) => {
    const ordered = ids.map((id) => graph.add("Gather", [call.nameOf(id), graph.int64(rows)], { axis: 0 }));
    const one = ordered.length === 1 ? ordered[0]! : graph.add("Concat", ordered, { axis: 0 });
    return graph.add("Unsqueeze", [one, graph.int64([0])]);
  });
  return parts.length === 1 ? parts[0]! : graph.add("Concat", parts, { axis: 0 });
}

/** The nodes of all layers: `add` makes one of them, for the walks from `walk` on, and names its outputs. */
interface Stack {
  nWalks: number;
  units: number;
  add(
    x: Name,
    walk: number,
    first: readonly Name[],
    nOutputs: number,
    attributes: Record<string, number | string>,
  ): Name[];
}

function stackOf(call: Call, form: Form, { nWalks, units, add }: Stack): Name[] {
  const { graph } = call;
  if (call.has("sizes")) call.fail("its sequences are packed");
  if (call.value("input").dtype.name !== "float32") call.fail(`its numbers are ${call.value("input").dtype.name}`);
  const nDirections = call.flag("bidirectional") ? 2 : 1;
  const isBatchFirst = call.knows("batch_first") && call.flag("batch_first");
  const states = [call.optional("hidden"), ...(form.hasCell ? [call.optional("cell")] : [])];
  const attributes = { hidden_size: units, direction: nDirections === 2 ? "bidirectional" : "forward" };
  let x = call.tensor("input");
  if (isBatchFirst) x = graph.add("Transpose", [x], { perm: [1, 0, 2] });
  const lasts = states.map((): Name[] => []);
  for (let walk = 0; walk < nWalks; walk += nDirections) {
    const first = states.map((state) => {
      if (state === "" || nWalks === nDirections) return state;
      const ends = [walk, walk + nDirections].map((at) => graph.int64([at]));
      return graph.add("Slice", [state, ...ends, graph.int64([0])]);
    });
    const [y, ...last] = add(x, walk, first, 1 + states.length, attributes) as [Name, ...Name[]];
    last.forEach((name, which) => lasts[which]!.push(name));
    // [steps, directions, batch, units] to [steps, batch, directions * units].
    if (nDirections === 1) {
      x = graph.add("Squeeze", [y, graph.int64([1])]);
    } else {
      const apart = graph.add("Transpose", [y], { perm: [0, 2, 1, 3] });
      x = graph.add("Reshape", [apart, graph.int64([0, 0, 2 * units])]);
    }
  }
  if (isBatchFirst) x = graph.add("Transpose", [x], { perm: [1, 0, 2] });
  return [x, ...lasts.map((parts) => (parts.length === 1 ? parts[0]! : graph.add("Concat", parts, { axis: 0 })))];
}

/** What stands at `places` of each direction's own `per` tensors. */
function ofDirections(call: Call, per: number, walk: number, places: readonly number[]): ValueId[][] {
  const weights = call.ids("weights");
  const nDirections = call.flag("bidirectional") ? 2 : 1;
  return Array.from({ length: nDirections }, (_, d) => places.map((place) => weights[(walk + d) * per + place]!));
}

/** Samples of these lengths, int32; "" where all are as long as the input. */
function network(form: Form, lengths: Name = ""): Translator {
  return (call) => {
    if (call.number("dropout") > 0) call.fail("it drops out");
    const weights = call.ids("weights");
    const per = call.flag("has_biases") ? 4 : 2;
    const units = call.valueOf(weights[1]!).shape[1]!;
    return stackOf(call, form, {
      nWalks: weights.length / per,
      units,
      add(x, walk, first, nOutputs, attributes) {
        const part = (what: string, ...places: number[]): Name =>
          stacked(call, form, units, ofDirections(call, per, walk, places), what);
        const inputs = [x, part("W", 0), part("R", 1), per === 4 ? part("B", 2, 3) : "", lengths, ...first];
        const more = form.attributes(call, call.flag("bidirectional") ? 2 : 1);
        return call.graph.addMany(form.op, inputs, nOutputs, { ...attributes, ...more });
      },
    });
  };
}

/** Of PyTorch's mode. */
export function networkOverPacked(call: Call, mode: string, lengths: Name): Name[] {
  const form = mode === "LSTM" ? LSTM : mode === "GRU" ? GRU : RNN;
  return network(form, lengths)(call) as Name[];
}

/** Codes [gates * units, inputs] of each direction as [directions, inputs, gates * units], in ONNX's order. */
function turnedCodes(call: Call, units: number, ids: readonly ValueId[], what: string): Name {
  const order = rowsOf(LSTM, units);
  const width = call.valueOf(ids[0]!).shape[1]!;
  const out = new Uint8Array(ids.length * width * order.length);
  ids.forEach((id, d) => {
    const from = call.bytesOf(id);
    order.forEach((row, column) => {
      for (let k = 0; k < width; k++) out[(d * width + k) * order.length + column] = from[row * width + k]!;
    });
  });
  const name = call.valueOf(ids[0]!).leaf?.name ?? "weight";
  return call.graph.constant("int8", [ids.length, width, order.length], out, `${name}_${what}`);
}

function networkInt8(call: Call): Name[] {
  if (call.text("mode") !== "LSTM") return call.fail(`ONNX has no operator for a ${call.text("mode")} of integers`);
  const { graph } = call;
  const weights = call.ids("weights");
  if (!weights.every((id) => call.isFixed(id))) return call.fail("its weight is computed");
  const hasBiases = call.flag("has_biases");
  // Of each direction codes, scale and bias of the input, then of the state.
  const side = hasBiases ? 3 : 2;
  const units = call.valueOf(weights[side]!).shape[1]!;
  const order = rowsOf(LSTM, units);
  const rows = (id: ValueId): number[] => {
    const given = numbersOf(call.bytesOf(id), float32);
    return order.map((row) => given[given.length === 1 ? 0 : row]!);
  };
  return stackOf(call, LSTM, {
    nWalks: weights.length / (2 * side),
    units,
    add(x, walk, first, nOutputs, attributes) {
      const of = (...places: number[]): ValueId[][] => ofDirections(call, 2 * side, walk, places);
      const floats = (ids: ValueId[][]): Name => {
        const found = ids.map((own) => own.flatMap(rows));
        const bytes = new Uint8Array(new Float32Array(found.flat()).buffer);
        return graph.constant("float32", [found.length, found[0]!.length], bytes);
      };
      const zeros = (): Name => {
        const n = of(0).length;
        return graph.constant("int8", [n, order.length], new Uint8Array(n * order.length));
      };
      const inputs = [
        ...[x, turnedCodes(call, units, of(0).flat(), "W"), turnedCodes(call, units, of(side).flat(), "R")],
        ...[hasBiases ? floats(of(2, side + 2)) : "", "", ...first, ""],
        ...[floats(of(1)), zeros(), floats(of(side + 1)), zeros()],
      ];
      return graph.addMany("DynamicQuantizeLSTM", inputs, nOutputs, attributes, OWN_DOMAIN);
    },
  });
}

export const recurrentOps: Record<string, Translator> = {
  _lstm: network(LSTM),
  _gru: network(GRU),
  _rnn: network(RNN),
  _recurrent_network_int8: networkInt8,
};
