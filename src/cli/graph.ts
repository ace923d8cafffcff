/** `layerwise graph`: the model as modules and ops, as a picture, as text or as JSON. */
import { writeFileSync } from "node:fs";
import type { Graph, GraphGroup } from "../protocol/graph.ts";
import { type TextStyle, table } from "../profiler/text/table.ts";
import { count, flops } from "../profiler/text/units.ts";
import { ask } from "./ask.ts";
import type { Command } from "./command.ts";
import { TARGET_OPTIONS, outputFile, targetRequest } from "./options.ts";

export const graph: Command = {
  name: "graph",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "show the model as a graph of modules and ops",
  options: [
    ...TARGET_OPTIONS,
    { name: "svg", value: "FILE", help: "write a picture; '-' is standard output" },
    { name: "optimized", help: "of an .onnx file: as ONNX Runtime runs it, after its optimizations" },
  ],
  examples: [
    "layerwise graph model.py::GPT --svg gpt.svg",
    "layerwise graph model.py::GPT --json",
    "layerwise graph model.onnx --optimized --svg fused.svg",
  ],
  async run(args, terminal) {
    const svg = outputFile(args, "svg");
    const request = { ...targetRequest(args), ...(args.has("optimized") ? { optimized: true } : {}) };
    return await ask("graph", request, args, terminal, async (result) => {
      if (svg === undefined) {
        if (!args.has("json")) terminal.out(graphText(result.graph, terminal.style));
        return;
      }
      const { renderSvg } = await import("./picture.ts");
      const picture = await renderSvg(result.graph);
      if (svg === "-" && !args.has("json")) {
        terminal.out(picture);
      } else {
        writeFileSync(svg, picture);
        terminal.error(`wrote ${svg}\n`);
      }
    });
  },
};

/** The module tree with what each holds; ops are counted by kind. */
export function graphText(graph: Graph, style: TextStyle): string {
  const children = graph.groups.map((): GraphGroup[] => []);
  for (const group of graph.groups) {
    if (group.parent >= 0) children[group.parent]!.push(group);
  }
  const rows: { group: GraphGroup; depth: number }[] = [];
  const visit = (group: GraphGroup, depth: number): void => {
    rows.push({ group, depth });
    for (const child of children[group.id]!) visit(child, depth + 1);
  };
  if (graph.groups[0]) visit(graph.groups[0], 0);
  const opsOf = graph.groups.map(() => new Map<string, number>());
  const flopsOf = graph.groups.map(() => 0);
  for (const node of graph.nodes) {
    if (node.kind !== "op") continue;
    const ops = opsOf[node.group]!;
    ops.set(node.label, (ops.get(node.label) ?? 0) + 1);
    for (
      let at = node.group, steps = 0;
      at >= 0 && steps <= graph.groups.length;
      at = graph.groups[at]!.parent, steps++
    ) {
      flopsOf[at]! += node.flops;
    }
  }
  const lines = table(
    rows,
    [
      {
        title: "Module",
        cell: ({ group, depth }) => "  ".repeat(depth) + (group.label || group.type || "(graph)").split("/").at(-1)!,
        flexible: true,
      },
      { title: "Type", cell: ({ group }) => group.type },
      { title: "Output", cell: ({ group }) => lastOutput(graph, group.id) },
      { title: "FLOPs", align: "right", cell: ({ group }) => flops(flopsOf[group.id]!) },
      { title: "Parameters", align: "right", cell: ({ group }) => count(group.parameters) },
      { title: "Ops", cell: ({ group }) => opsText(opsOf[group.id]!), flexible: true },
    ],
    style,
  );
  const nOps = graph.nodes.filter((node) => node.kind === "op").length;
  return `${lines.join("\n")}\n\n${nOps} ops, ${graph.edges.length} edges, ${graph.groups.length - 1} module calls\n`;
}

function opsText(ops: Map<string, number>): string {
  return [...ops].map(([name, calls]) => (calls > 1 ? `${name} x${calls}` : name)).join(", ");
}

/** The tensor that the last op inside the group made. */
function lastOutput(graph: Graph, group: number): string {
  const isInside = (candidate: number): boolean => {
    for (
      let at = candidate, steps = 0;
      at >= 0 && steps <= graph.groups.length;
      at = graph.groups[at]!.parent, steps++
    ) {
      if (at === group) return true;
    }
    return false;
  };
  const node = graph.nodes.findLast((candidate) => candidate.kind === "op" && isInside(candidate.group));
  const tensor = node?.outputs[0];
  return tensor ? `${tensor.dtype}[${tensor.shape.join(", ")}]` : "";
}
