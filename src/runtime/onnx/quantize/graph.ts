/**
 * A model's graph made ready to be rewritten: constants are initializers, every node has a name, weights can be read as
 * floats. Changes nothing that the model computes.
 */
import { FileFormatError, quoted } from "../../files/source.ts";
import type { OnnxModel } from "../model.ts";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfo } from "../schema.ts";
import { tensorData, type TensorData } from "../tensor_data.ts";

export class PlainGraph {
  readonly name: string;
  readonly nodes: NodeProto[];
  readonly inputs: ValueInfo[];
  readonly outputs: ValueInfo[];
  readonly initializers: Map<string, TensorProto>;
  readonly folder: string | null;
  /** What the file says of values inside: rewritten nodes keep the names of what they make. */
  readonly #inner: readonly ValueInfo[];
  readonly #data = new Map<string, TensorData>();

  constructor(graph: GraphProto, folder: string | null) {
    const constants = graph.node.flatMap((node) => {
      const tensor = node.opType === "Constant" ? attribute(node, "value")?.t : undefined;
      return tensor ? [{ ...tensor, name: node.output[0]! }] : [];
    });
    const moved = new Set(constants.map(({ name }) => name));
    this.name = graph.name ?? "model";
    this.folder = folder;
    this.#inner = graph.valueInfo;
    this.initializers = new Map([...graph.initializer, ...constants].map((tensor) => [tensor.name ?? "", tensor]));
    // Older models list initializers among the inputs, where anybody could overwrite them.
    this.inputs = graph.input.filter(({ name }) => !this.initializers.has(name ?? ""));
    this.outputs = graph.output;
    this.nodes = named(graph.node.filter(({ output }) => !moved.has(output[0]!)));
  }

  static of({ graph, folder }: OnnxModel): PlainGraph {
    return new PlainGraph(graph, folder);
  }

  /** Nodes that read a value, with the position at which they do; those in graphs inside nodes too, as that node. */
  readers(): Map<string, { node: NodeProto; position: number }[]> {
    const found = new Map<string, { node: NodeProto; position: number }[]>();
    for (const node of this.nodes) {
      const read = [...node.input, ...innerReads(node)];
      read.forEach((name, position) => {
        const list = found.get(name) ?? [];
        list.push({ node, position });
        found.set(name, list);
      });
    }
    return found;
  }

  isOutput(name: string): boolean {
    return this.outputs.some((output) => output.name === name);
  }

  data(name: string): TensorData {
    const known = this.#data.get(name);
    if (known) return known;
    const tensor = this.initializers.get(name);
    if (!tensor) throw new FileFormatError(`there is no initializer ${quoted(name)}`);
    const data = tensorData(tensor, this.folder);
    this.#data.set(name, data);
    return data;
  }

  /** Null where it is no float32 tensor of this file. */
  floats(name: string): Float32Array | null {
    if (!this.initializers.has(name)) return null;
    const { dtype, bytes } = this.data(name);
    return dtype === "float32" ? new Float32Array(new Uint8Array(bytes).buffer) : null;
  }

  toProto(nodes = this.nodes, initializers: TensorProto[] = [...this.initializers.values()]): GraphProto {
    const made = new Set(nodes.flatMap(({ output }) => output));
    return {
      node: nodes,
      name: this.name,
      initializer: initializers,
      sparseInitializer: [],
      input: this.inputs,
      output: this.outputs,
      valueInfo: this.#inner.filter(({ name = "" }) => made.has(name)),
      metadata: [],
    };
  }
}

export function attribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((item) => item.name === name);
}

export const intOf = (node: NodeProto, name: string, otherwise: number): number =>
  Number(attribute(node, name)?.i ?? otherwise);

export const floatOf = (node: NodeProto, name: string, otherwise: number): number =>
  attribute(node, name)?.f ?? otherwise;

/** Profiles, reports and rewritten parts go by names: nodes without one get that of what they make. */
function named(nodes: readonly NodeProto[]): NodeProto[] {
  const taken = new Set<string>();
  return nodes.map((node) => {
    const wish = node.name || `${node.opType}_${node.output[0] ?? ""}`;
    let name = wish;
    for (let n = 1; taken.has(name); n++) name = `${wish}_${n}`;
    taken.add(name);
    return name === node.name ? node : { ...node, name };
  });
}

/** What graphs inside a node read of the values around it. */
function innerReads(node: NodeProto): string[] {
  return node.attribute.flatMap(({ g, graphs }) =>
    [...(g ? [g] : []), ...graphs].flatMap((inner) => [
      ...inner.node.flatMap((part) => [...part.input, ...innerReads(part)]),
      ...inner.output.map(({ name = "" }) => name),
    ]),
  );
}
