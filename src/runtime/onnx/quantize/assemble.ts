/**
 * Whole graphs from rewritten layers: the quantized model, and, for the proof, the model as it is with each quantized layer
 * beside its own, reading the same numbers. Decides no scheme and measures nothing.
 */
import { float32 } from "../../dtype.ts";
import { GraphBuilder, type Name } from "../export/builder.ts";
import { dataTypeNumber, type DataType, type ModelProto, type NodeProto, type ValueInfo } from "../schema.ts";
import { modelOf } from "../write.ts";
import type { PlainGraph } from "./graph.ts";
import { activated, readsCodes, type Layer } from "./layers.ts";
import { Rewriter, type Choices, type Rewritten } from "./rewrite.ts";
import { Stored, type StorageType } from "./storage.ts";

export interface Assembled {
  model: ModelProto;
  /** What became of each layer, by its path. */
  rewritten: Map<string, Rewritten>;
  /** Weights that were stored in another type: name and bytes. */
  stored: Map<string, { bytes: number; values: Float32Array }>;
}

export interface Wanted {
  graph: PlainGraph;
  opset: number;
  /** Those that are rewritten. */
  layers: readonly Layer[];
  choices: Choices | null;
  /** Weights that are stored in halves, by name. */
  stored: ReadonlyMap<string, StorageType>;
}

function builderFor(graph: PlainGraph, opset: number): GraphBuilder {
  const builder = new GraphBuilder(opset, []);
  for (const part of graph.all()) {
    for (const name of part.initializers.keys()) builder.reserve(name);
    for (const { name = "" } of part.inputs) builder.reserve(name);
    for (const { name = "", output } of part.nodes) {
      builder.reserve(name);
      for (const value of output) builder.reserve(value);
    }
  }
  return builder;
}

/** The model with these layers in fewer bits; weights that nobody reads any more are gone. */
export function quantizedModel(wanted: Wanted): Assembled {
  const builder = builderFor(wanted.graph, wanted.opset);
  const assembly = new Assembly(wanted);
  assembly.write(wanted.graph, builder);
  return {
    model: modelFrom(builder, wanted.graph, wanted.opset),
    rewritten: assembly.rewritten,
    stored: assembly.sizes,
  };
}

class Assembly {
  readonly rewritten = new Map<string, Rewritten>();
  readonly sizes: Assembled["stored"] = new Map();
  readonly #wanted: Wanted;
  readonly #byNode: ReadonlyMap<NodeProto, Layer>;
  readonly #edges: ReadonlySet<Name>;
  /** Graphs in which something changes. */
  readonly #touched = new Set<PlainGraph>();

  constructor(wanted: Wanted) {
    const { graph, layers, choices, stored } = wanted;
    this.#wanted = wanted;
    this.#byNode = new Map(layers.map((layer) => [layer.node, layer]));
    this.#edges = choices?.scheme === "static" ? quantizedEdges(graph, layers) : new Set<Name>();
    const touch = (part: PlainGraph | null): void => void (part && (this.#touched.add(part), touch(part.outer)));
    for (const layer of layers) touch(layer.graph);
    for (const part of graph.all()) if ([...part.initializers.keys()].some((name) => stored.has(name))) touch(part);
  }

  /** The nodes of a graph as they are to be. What layers share is seen in one graph alone. */
  write(graph: PlainGraph, builder: GraphBuilder): void {
    const rewriter = this.#wanted.choices && new Rewriter(builder, this.#wanted.choices);
    const storage = new Stored(builder, graph, this.#wanted.stored);
    const replaced = new Map<Name, Name>();
    for (const node of graph.nodes) {
      const layer = this.#byNode.get(node);
      if (layer && rewriter) {
        const input = readsCodes(layer) ? layer.input : (replaced.get(layer.input) ?? layer.input);
        const made = rewriter.layer(layer, input);
        this.rewritten.set(layer.path, made);
        // The last node of a layer makes what the layer's own made.
        builder.nodes.at(-1)!.output = [...node.output];
      } else {
        const input = node.input.map((name) => storage.inFloat(name) ?? replaced.get(name) ?? name);
        builder.nodes.push({ ...node, input, attribute: this.#attributes(graph, node, builder) });
      }
      for (const name of node.output) {
        if (this.#edges.has(name)) replaced.set(name, rewriter!.around(name));
      }
    }
    for (const [name, size] of storage.sizes) this.sizes.set(name, size);
  }

  /** Of a node, with the graphs in it as they are to be. Weights stand where they are read: ONNX Runtime looks for those nowhere else. */
  #attributes(graph: PlainGraph, node: NodeProto, builder: GraphBuilder): NodeProto["attribute"] {
    const changed = graph.bodies.get(node)?.filter((body) => this.#touched.has(body.graph)) ?? [];
    if (changed.length === 0) return node.attribute;
    const protos = changed.map((body) => {
      const inner = builder.inside();
      this.write(body.graph, inner);
      const kept = body.graph.held(readBy(inner.nodes, body.graph));
      return { ...body, proto: body.graph.toProto(inner.nodes, [...kept, ...inner.initializers]) };
    });
    return node.attribute.map((item) => {
      const own = protos.filter(({ attribute }) => attribute === item.name);
      if (own.length === 0) return item;
      const single = own.find(({ at }) => at === null);
      const graphs = item.graphs.map((inner, i) => own.find(({ at }) => at === i)?.proto ?? inner);
      return { ...item, ...(single ? { g: single.proto } : {}), graphs };
    });
  }
}

/** Integer convolutions give codes: what comes out of one, behind its activation, is read as codes by everybody. */
export function quantizedEdges(graph: PlainGraph, layers: readonly Layer[]): Set<Name> {
  const readers = graph.readers();
  return new Set(layers.filter(({ kind }) => kind === "Conv").map((layer) => activated(graph, layer, readers)));
}

/** Values whose ranges a static scheme needs. */
export function calibratedValues(graph: PlainGraph, layers: readonly Layer[]): Name[] {
  return [...new Set([...layers.filter(readsCodes).map(({ input }) => input), ...quantizedEdges(graph, layers)])];
}

/** The model as it is, with each layer once more in fewer bits beside its own: pairs of names to compare. */
export function sideBySide(
  graph: PlainGraph,
  opset: number,
  layers: readonly Layer[],
  choices: Choices,
): { model: ModelProto; pairs: Map<string, [Name, Name]> } {
  const builder = builderFor(graph, opset);
  const rewriter = new Rewriter(builder, choices);
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const pairs = new Map<string, [Name, Name]>();
  for (const node of graph.nodes) {
    builder.nodes.push(node);
    const layer = byNode.get(node);
    if (layer) pairs.set(layer.path, [layer.output, rewriter.layer(layer, layer.input).output]);
  }
  const model = modelFrom(builder, graph, opset);
  return { model: withOutputs(model, [...pairs.values()].flat()), pairs };
}

/** The model that also gives these values, all of them floats. */
export function withOutputs(model: ModelProto, names: readonly Name[]): ModelProto {
  const graph = model.graph!;
  const known = new Set(graph.output.map(({ name }) => name));
  const more = [...new Set(names)]
    .filter((name) => !known.has(name))
    .map((name): ValueInfo => ({ name, type: { tensorType: { elemType: dataTypeNumber(float32.name as DataType) } } }));
  return { ...model, graph: { ...graph, output: [...graph.output, ...more] } };
}

/** The graph as it came, for what is compared with. */
export function plainModel(graph: PlainGraph, opset: number): ModelProto {
  // The graph's own list may be rewritten later.
  return modelOf(graph.toProto([...graph.nodes]), opset);
}

function modelFrom(builder: GraphBuilder, graph: PlainGraph, opset: number): ModelProto {
  const kept = graph.held(readBy(builder.nodes, graph));
  return modelOf(graph.toProto(builder.nodes, [...kept, ...builder.initializers]), opset);
}

function readBy(nodes: readonly NodeProto[], graph: PlainGraph): Set<Name> {
  return new Set([
    ...nodes.flatMap((node) => [...node.input, ...namesInside(node)]),
    ...graph.outputs.map(({ name = "" }) => name),
  ]);
}

function namesInside(node: NodeProto): string[] {
  return node.attribute.flatMap(({ g, graphs }) =>
    [...(g ? [g] : []), ...graphs].flatMap((inner) => [
      ...inner.node.flatMap((part) => [...part.input, ...namesInside(part)]),
      ...inner.output.map(({ name = "" }) => name),
    ]),
  );
}
