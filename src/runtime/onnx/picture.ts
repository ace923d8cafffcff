/** A model's graph as the graph view draws it: nodes as ops, groups from the scopes in their names. Runs nothing. */
import { GRAPH_VERSION, type Graph, type GraphGroup, type GraphNode, type GraphTensor } from "../../protocol/graph.ts";
import { callerInputs, type OnnxModel } from "./model.ts";
import { ATTRIBUTE, DATA_TYPES, type AttributeProto, type TensorProto, type ValueInfo } from "./schema.ts";

const LONGEST_ATTRIBUTE = 60;
const decoder = new TextDecoder();

export function pictureOf(model: OnnxModel, target: string): Graph {
  return new Picture(model, target).graph();
}

class Picture {
  private readonly model: OnnxModel;
  private readonly target: string;
  private readonly nodes: GraphNode[] = [];
  private readonly groups: GraphGroup[] = [];
  private readonly byPath = new Map<string, number>();
  private readonly origins = new Map<string, { node: number; output: number }>();
  private readonly shapes = new Map<string, GraphTensor>();
  private readonly edges: Graph["edges"] = [];

  constructor(model: OnnxModel, target: string) {
    this.model = model;
    this.target = target;
  }

  graph(): Graph {
    const { graph } = this.model;
    this.group("");
    for (const info of [...graph.input, ...graph.valueInfo, ...graph.output]) {
      const tensor = shapeOf(info);
      if (tensor) this.shapes.set(info.name ?? "", tensor);
    }
    const initializers = new Map(graph.initializer.map((tensor) => [tensor.name ?? "", tensor]));
    for (const { name = "" } of callerInputs(this.model)) this.leaf("input", name, 0);
    for (const node of graph.node) {
      const scope = scopeOf(node.name ?? "");
      const group = this.group(scope);
      const id = this.add("op", node.opType ?? "", group, node.output, attributesOf(node.attribute));
      for (const name of node.input) {
        if (name === "") continue;
        const tensor = initializers.get(name);
        if (tensor && !this.origins.has(name)) this.parameter(tensor, group);
        const from = this.origins.get(name);
        if (from) this.edges.push({ from: from.node, output: from.output, to: id });
      }
      node.output.forEach((name, output) => this.origins.set(name, { node: id, output }));
    }
    for (const { name = "" } of graph.output) {
      const from = this.origins.get(name);
      const id = this.add("output", name, 0, [name], {});
      if (from) this.edges.push({ from: from.node, output: from.output, to: id });
    }
    return { version: GRAPH_VERSION, target: this.target, nodes: this.nodes, edges: this.edges, groups: this.groups };
  }

  private leaf(kind: GraphNode["kind"], name: string, group: number): number {
    const id = this.add(kind, name, group, [name], {});
    this.origins.set(name, { node: id, output: 0 });
    return id;
  }

  /** Small constants are wiring; what has a dimension or more is a weight. */
  private parameter(tensor: TensorProto, group: number): void {
    const name = tensor.name ?? "";
    const dims = tensor.dims.map(Number);
    this.shapes.set(name, { shape: dims, dtype: DATA_TYPES[tensor.dataType ?? 0] ?? "" });
    const count = dims.reduce((a, b) => a * b, 1);
    this.leaf(count > 1 ? "parameter" : "constant", name, group);
    for (let at = group; at >= 0; at = this.groups[at]!.parent) {
      this.groups[at]!.parameters += count;
      this.groups[at]!.parameterBytes += tensor.rawData?.length ?? 4 * count;
    }
  }

  private add(
    kind: GraphNode["kind"],
    label: string,
    group: number,
    outputs: readonly string[],
    attributes: Record<string, string>,
  ): number {
    const id = this.nodes.length;
    const tensors = outputs.flatMap((name) => this.shapes.get(name) ?? { shape: [], dtype: "" });
    this.nodes.push({ id, kind, label, group, outputs: tensors, attributes, flops: 0, bytes: 0 });
    return id;
  }

  /** "blocks/0/attn" is a group in "blocks/0" in "blocks". */
  private group(path: string): number {
    const known = this.byPath.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf("/");
    const parent = path === "" ? -1 : this.group(cut < 0 ? "" : path.slice(0, cut));
    const id = this.groups.length;
    const label = path === "" ? this.target : path.slice(cut + 1);
    const dotted = path.replaceAll("/", ".");
    this.groups.push({ id, parent, label, path: dotted, type: "", parameters: 0, parameterBytes: 0 });
    this.byPath.set(path, id);
    return id;
  }
}

/** Exporters write the module's path into a node's name: "/blocks/0/attn/MatMul_3", "blocks/0/attn/MatMul". */
function scopeOf(name: string): string {
  const parts = name.split("/").filter((part) => part !== "");
  return parts.slice(0, -1).join("/");
}

function shapeOf({ type }: ValueInfo): GraphTensor | null {
  const tensor = type?.tensorType;
  if (!tensor) return null;
  // A size that is open shows as -1, as ONNX's own tools print it.
  const shape = (tensor.shape?.dim ?? []).map(({ value }) => (value === undefined ? -1 : Number(value)));
  return { shape, dtype: DATA_TYPES[tensor.elemType ?? 0] ?? "" };
}

function attributesOf(attributes: readonly AttributeProto[]): Record<string, string> {
  return Object.fromEntries(attributes.map((attribute) => [attribute.name ?? "", textOf(attribute)]));
}

function textOf(attribute: AttributeProto): string {
  const { type, f, i, s, t, floats, ints, strings } = attribute;
  const text =
    type === ATTRIBUTE.float
      ? String(f ?? 0)
      : type === ATTRIBUTE.int
        ? String(i ?? 0)
        : type === ATTRIBUTE.string
          ? decoder.decode(s)
          : type === ATTRIBUTE.tensor
            ? `${DATA_TYPES[t?.dataType ?? 0]}[${t?.dims.join(", ")}]`
            : type === ATTRIBUTE.ints
              ? `(${ints.join(", ")})`
              : type === ATTRIBUTE.floats
                ? `(${floats.join(", ")})`
                : type === ATTRIBUTE.strings
                  ? `(${strings.map((item) => decoder.decode(item)).join(", ")})`
                  : "graph";
  return text.length > LONGEST_ATTRIBUTE ? `${text.slice(0, LONGEST_ATTRIBUTE - 1)}…` : text;
}
