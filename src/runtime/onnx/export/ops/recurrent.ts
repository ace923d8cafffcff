/** LSTM, GRU and RNN over whole sequences: a node for each layer, both directions in it. Packed sequences are not done here. */
import type { DataType } from "../../schema.ts";
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import type { ValueId } from "../record.ts";

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
  attributes: (call, n) => ({ activations: Array<string>(n).fill(call.flag("is_relu") ? "Relu" : "Tanh") }),
  hasCell: false,
};

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

function network(form: Form): Translator {
  return (call) => {
    const { graph } = call;
    if (call.has("sizes")) call.fail("its sequences are packed");
    if (call.value("input").dtype.name !== "float32") call.fail(`its numbers are ${call.value("input").dtype.name}`);
    if (call.number("dropout") > 0) call.fail("it drops out");
    const weights = call.ids("weights");
    const perWalk = call.flag("has_biases") ? 4 : 2;
    const nDirections = call.flag("bidirectional") ? 2 : 1;
    const nWalks = weights.length / perWalk;
    const units = call.valueOf(weights[1]!).shape[1]!;
    const isBatchFirst = call.flag("batch_first");
    const states = [call.optional("hidden"), ...(form.hasCell ? [call.optional("cell")] : [])];
    let x = call.tensor("input");
    if (isBatchFirst) x = graph.add("Transpose", [x], { perm: [1, 0, 2] });
    const lasts = states.map((): Name[] => []);
    for (let walk = 0; walk < nWalks; walk += nDirections) {
      const of = (...places: number[]): ValueId[][] =>
        Array.from({ length: nDirections }, (_, d) => places.map((place) => weights[(walk + d) * perWalk + place]!));
      const first = states.map((state) => {
        if (state === "" || nWalks === nDirections) return state;
        const ends = [walk, walk + nDirections].map((at) => graph.int64([at]));
        return graph.add("Slice", [state, ...ends, graph.int64([0])]);
      });
      const [y, ...last] = graph.addMany(
        form.op,
        [
          x,
          stacked(call, form, units, of(0), "W"),
          stacked(call, form, units, of(1), "R"),
          perWalk === 4 ? stacked(call, form, units, of(2, 3), "B") : "",
          "",
          ...first,
        ],
        1 + states.length,
        {
          hidden_size: units,
          direction: nDirections === 2 ? "bidirectional" : "forward",
          ...form.attributes(call, nDirections),
        },
      ) as [Name, ...Name[]];
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
  };
}

export const recurrentOps: Record<string, Translator> = {
  _lstm: network(LSTM),
  _gru: network(GRU),
  _rnn: network(RNN),
};
