/**
 * A model's graph made ready to be rewritten: constants are initializers, every node has a name, weights can be read as
 * floats. Changes nothing that the model computes.
 */
import { FileFormatError, quoted } from "../../files/source.ts";
import type { OnnxModel } from "../model.ts";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfo } from "../schema.ts";
import { tensorData, type TensorData } from "../tensor_data.ts";

/** A graph inside of a node: the branch of an If, the body of a Loop. */
export interface Body {
  attribute: string;
  /** Its place where the attribute holds several; null where it holds one. */
  at: number | null;
  graph: PlainGraph;
}

export class PlainGraph {
  readonly name: string;
  readonly nodes: NodeProto[];
  readonly inputs: ValueInfo[];
  readonly outputs: ValueInfo[];
  readonly initializers: Map<string, TensorProto>;
  readonly folder: string | null;
  /** The graph around this one, whose initializers are seen here too. */
  readonly outer: PlainGraph | null;
  readonly bodies: ReadonlyMap<NodeProto, readonly Body[]>;
  /** What the file says of values inside: rewritten nodes keep the names of what they make. */
  readonly #inner: readonly ValueInfo[];
  readonly #data = new Map<string, TensorData>();

  constructor(graph: GraphProto, folder: string | null, outer: PlainGraph | null = null, taken = new Set<string>()) {
    // What a branch gives has to be made by a node of its own.
    const given = new Set(outer ? graph.output.map(({ name }) => name) : []);
    const constants = graph.node.flatMap((node) => {
      const tensor = node.opType === "Constant" ? attribute(node, "value")?.t : undefined;
      return tensor && !given.has(node.output[0]) ? [{ ...tensor, name: node.output[0]! }] : [];
    });
    const moved = new Set(constants.map(({ name }) => name));
    this.name = graph.name ?? "model";
    this.folder = folder;
    this.outer = outer;
    this.#inner = graph.valueInfo;
    this.initializers = new Map([...graph.initializer, ...constants].map((tensor) => [tensor.name ?? "", tensor]));
    // Older models list initializers among the inputs, where anybody could overwrite them.
    this.inputs = graph.input.filter(({ name }) => !this.initializers.has(name ?? ""));
    this.outputs = graph.output;
    this.nodes = named(
      graph.node.filter(({ output }) => !moved.has(output[0]!)),
      taken,
    );
    this.bodies = new Map(this.nodes.map((node) => [node, this.#bodiesOf(node, taken)]));
  }

  #bodiesOf(node: NodeProto, taken: Set<string>): Body[] {
    const made = (attribute: string, at: number | null, graph: GraphProto): Body => ({
      attribute,
      at,
      graph: new PlainGraph(graph, this.folder, this, taken),
    });
    return node.attribute.flatMap(({ name = "", g, graphs }) => [
      ...(g ? [made(name, null, g)] : []),
      ...graphs.map((graph, at) => made(name, at, graph)),
    ]);
  }

  /** This graph and those inside of its nodes. */
  *all(): Generator<PlainGraph> {
    yield this;
    for (const bodies of this.bodies.values()) for (const { graph } of bodies) yield* graph.all();
  }

  /** Where an initializer stands that is seen here: in this graph or in one around it. */
  holderOf(name: string): PlainGraph | null {
    return this.initializers.has(name) ? this : (this.outer?.holderOf(name) ?? null);
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
    if (!tensor && this.outer) return this.outer.data(name);
    if (!tensor) throw new FileFormatError(`there is no initializer ${quoted(name)}`);
    const data = tensorData(tensor, this.folder);
    this.#data.set(name, data);
    return data;
  }

  /** Null where it is no float32 tensor of this file. */
  floats(name: string): Float32Array | null {
    if (!this.holderOf(name)) return null;
    const { dtype, bytes } = this.data(name);
    return dtype === "float32" ? new Float32Array(new Uint8Array(bytes).buffer) : null;
  }

  /** The initializers that are read. */
  held(read: ReadonlySet<string>): TensorProto[] {
    return [...this.initializers.values()].filter(({ name = "" }) => read.has(name));
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

/** Profiles, reports and rewritten parts go by names: nodes without one get that of what they make, each one of its own. */
function named(nodes: readonly NodeProto[], taken: Set<string>): NodeProto[] {
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
