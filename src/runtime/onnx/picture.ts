/** A model's graph as the graph view draws it: nodes as ops, groups from the scopes in their names. Runs nothing. */
import { GRAPH_VERSION, type Graph, type GraphGroup, type GraphNode, type GraphTensor } from "../../protocol/graph.ts";
import { callerInputs, type OnnxModel } from "./model.ts";
import {
  ATTRIBUTE,
  DATA_TYPES,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfo,
} from "./schema.ts";
import { tensorData } from "./tensor_data.ts";

const LONGEST_ATTRIBUTE = 60;
/** Shapes, axes, starts and ends are no longer than this. */
const MOST_LISTED = 8;
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
    const constants = constantsOf(graph.node);
    for (const node of graph.node) {
      // Whoever reads it shows it, as it shows an initializer: some exporters write every weight as such a node.
      if (constants.has(node.output[0] ?? "")) continue;
      const scope = scopeOf(node.name ?? "");
      const group = this.group(scope);
      const id = this.add("op", node.opType ?? "", group, node.output, attributesOf(node.attribute), node.name);
      for (const name of node.input) {
        if (name === "") continue;
        const tensor = initializers.get(name) ?? constants.get(name);
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

  private leaf(kind: GraphNode["kind"], name: string, group: number, attributes: Record<string, string> = {}): number {
    const id = this.add(kind, name, group, [name], attributes);
    this.origins.set(name, { node: id, output: 0 });
    return id;
  }

  /** Single numbers, and lists of sizes and indices, are wiring; what else has a dimension or more is a weight. */
  private parameter(tensor: TensorProto, group: number): void {
    const name = tensor.name ?? "";
    const dims = tensor.dims.map(Number);
    const dtype = DATA_TYPES[tensor.dataType ?? 0] ?? "";
    this.shapes.set(name, { shape: dims, dtype });
    const count = dims.reduce((a, b) => a * b, 1);
    const isWiring = count <= 1 || (count <= MOST_LISTED && /^int(32|64)$/.test(dtype));
    const value = isWiring ? valueText(tensor) : "";
    this.leaf(isWiring ? "constant" : "parameter", name, group, value === "" ? {} : { value });
    if (isWiring) return;
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
    name = "",
  ): number {
    const id = this.nodes.length;
    const tensors = outputs.flatMap((output) => this.shapes.get(output) ?? { shape: [], dtype: "" });
    const named = name === "" ? {} : { name };
    this.nodes.push({ id, kind, label, ...named, group, outputs: tensors, attributes, flops: 0, bytes: 0 });
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

/** What Constant nodes hold, by the names of their outputs; those of other forms than a tensor stay nodes. */
export function constantsOf(nodes: readonly NodeProto[]): Map<string, TensorProto> {
  const found = new Map<string, TensorProto>();
  for (const { opType, domain = "", attribute, output } of nodes) {
    if (opType !== "Constant" || (domain !== "" && domain !== "ai.onnx")) continue;
    const tensor = attribute.find(({ name, t }) => name === "value" && t)?.t;
    if (tensor && output[0]) found.set(output[0], { ...tensor, name: output[0] });
  }
  return found;
}

/** "0.5", "(1, -1, 64)"; "" for types that have no plain numbers, and for what lies in a file of its own. */
function valueText(tensor: TensorProto): string {
  if (tensor.dataLocation === 1) return "";
  const { dtype, dims, bytes } = tensorData(tensor, null);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = READERS[dtype];
  if (!read) return "";
  const step = dtype === "int64" || dtype === "float64" ? 8 : dtype === "int32" || dtype === "float32" ? 4 : 1;
  const texts = Array.from({ length: bytes.length / step }, (_, i) => read(view, i * step));
  return dims.length === 0 || texts.length === 1 ? (texts[0] ?? "") : `(${texts.join(", ")})`;
}

const READERS: Partial<Record<string, (view: DataView, at: number) => string>> = {
  float32: (view, at) => shortNumber(view.getFloat32(at, true)),
  float64: (view, at) => String(view.getFloat64(at, true)),
  int64: (view, at) => String(view.getBigInt64(at, true)),
  int32: (view, at) => String(view.getInt32(at, true)),
  int8: (view, at) => String(view.getInt8(at)),
  uint8: (view, at) => String(view.getUint8(at)),
  bool: (view, at) => String(view.getUint8(at) !== 0),
};

/** As few digits as tell a float32 from its neighbours: 1e-5, and not 0.000009999999747378752. */
function shortNumber(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return String(short);
  }
  return String(value);
}

function attributesOf(attributes: readonly AttributeProto[]): Record<string, string> {
  return Object.fromEntries(attributes.map((attribute) => [attribute.name ?? "", textOf(attribute)]));
}

function textOf(attribute: AttributeProto): string {
  const { type, f, i, s, t, floats, ints, strings } = attribute;
  const text =
    type === ATTRIBUTE.float
      ? shortNumber(f ?? 0)
      : type === ATTRIBUTE.int
        ? String(i ?? 0)
        : type === ATTRIBUTE.string
          ? decoder.decode(s)
          : type === ATTRIBUTE.tensor
            ? `${DATA_TYPES[t?.dataType ?? 0]}[${t?.dims.join(", ")}]`
            : type === ATTRIBUTE.ints
              ? `(${ints.join(", ")})`
              : type === ATTRIBUTE.floats
                ? `(${floats.map((item) => shortNumber(item)).join(", ")})`
                : type === ATTRIBUTE.strings
                  ? `(${strings.map((item) => decoder.decode(item)).join(", ")})`
                  : "graph";
  return text.length > LONGEST_ATTRIBUTE ? `${text.slice(0, LONGEST_ATTRIBUTE - 1)}…` : text;
}
