/**
 * torch.cond and torch.while_loop as If and Loop: what is recorded between the opening and the closing of a body becomes a graph
 * of its own, which sees the values of those around it. Writing into tensors of the outside is refused there.
 */
import { bool, int64 } from "../../../dtype.ts";
import { type DataType, dataTypeNumber, type GraphProto, type ValueInfo } from "../../schema.ts";
import type { Name } from "../builder.ts";
import type { Call, Translator } from "../context.ts";
import type { RecordedValue } from "../record.ts";

/** A body that was closed, until the node that it belongs to is made. */
export interface Body {
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  values: RecordedValue[];
  graph(name: string, inputs: ValueInfo[], outputs: ValueInfo[]): GraphProto;
}

/** Of some value: its dtype and rank, whatever its sizes are. */
export function looseInfo(name: Name, { dtype, shape }: Pick<RecordedValue, "dtype" | "shape">): ValueInfo {
  const elemType = dataTypeNumber(dtype.name as DataType);
  return { name, type: { tensorType: { elemType, shape: { dim: shape.map(() => ({})) } } } };
}

function open(call: Call): Name[] {
  const names = call.recorded.results.map((_, i) => call.graph.fresh(`carried_${i}`));
  call.openBody(names);
  return names;
}

function close(call: Call): Name[] {
  call.closeBody(call.ids("outputs"));
  return [];
}

function scalar(call: Call, name: string): Name {
  const { graph } = call;
  return call.rank(name) === 0 ? call.tensor(name) : graph.add("Reshape", [call.tensor(name), graph.int64([])]);
}

function cond(call: Call): Name[] {
  const [otherwise, then] = [call.takeBody(), call.takeBody()];
  const [ours, theirs] = [then, otherwise].map(({ values }) =>
    values.map(({ dtype, shape }) => `${dtype.name} of ${shape.length} dimensions`).join(", "),
  );
  if (ours !== theirs) return call.fail(`its branches give ${ours} and ${theirs}`);
  const pred = call.value("pred").dtype === bool ? scalar(call, "pred") : call.graph.cast(scalar(call, "pred"), bool);
  return call.graph.addMany("If", [pred], then.outputs.length, {
    then_branch: { graph: then.graph("then", [], then.outputs) },
    else_branch: { graph: otherwise.graph("else", [], otherwise.outputs) },
  });
}

function whileLoop(call: Call): Name[] {
  const { graph } = call;
  const body = call.takeBody();
  const carried = call.ids("carried");
  const wrong = carried.findIndex((id, i) => call.valueOf(id).dtype !== body.values[i + 1]!.dtype);
  if (wrong >= 0) return call.fail(`what it carries changes its dtype: number ${wrong}`);
  const number = (name: string, dtype: typeof bool): ValueInfo => looseInfo(graph.fresh(name), { dtype, shape: [] });
  const inputs = [number("iteration", int64), number("goes_on", bool), ...body.inputs];
  const proto = body.graph("body", inputs, body.outputs);
  const names = carried.map((id) => call.nameOf(id));
  return graph.addMany("Loop", ["", scalar(call, "first"), ...names], carried.length, { body: { graph: proto } });
}

export const bodyOps: Record<string, Translator> = {
  _body_open: open,
  _body_close: close,
  _cond: cond,
  _while_loop: whileLoop,
};
