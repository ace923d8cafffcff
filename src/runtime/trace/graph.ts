/** Records a graph: each outermost op is a node, tensors are edges by identity, calls of modules are groups. */
import { observer, type Observer } from "../observer.ts";
import { Scalar } from "../dtype.ts";
import type { OpRecord } from "../op.ts";
import { Tensor } from "../tensor.ts";
import { GRAPH_VERSION, type Graph, type GraphEdge, type GraphGroup, type GraphNode } from "../../protocol/graph.ts";
import { currentPlace, namedTensors, startPlaces, stopPlaces } from "./places.ts";
import { scopes } from "./scopes.ts";

interface Origin {
  node: number;
  output: number;
}

export class GraphRecorder implements Observer {
  readonly #nodes: GraphNode[] = [];
  readonly #edges: GraphEdge[] = [];
  readonly #groups: GraphGroup[] = [
    { id: 0, parent: -1, label: "", path: "", type: "", parameters: 0, parameterBytes: 0 },
  ];
  readonly #groupModules: number[] = [-1];
  readonly #groupSources: number[] = [-1];
  readonly #sources: number[] = [];
  readonly #stack = [0];
  /** Which node made a tensor. Held so that identities stay: retained until `stop`. */
  readonly #origins = new Map<Tensor, Origin>();
  readonly #leaves: { node: number; tensor: Tensor }[] = [];
  readonly #inputNames = new Map<Tensor, string>();
  #depth = 0;

  start(): void {
    startPlaces();
    scopes.listener = {
      enterModule: (module) => this.#enter(module),
      exitModule: () => void this.#stack.pop(),
    };
    observer.current = this;
  }

  nameInput(t: Tensor, name: string): void {
    this.#hold(t);
    this.#inputNames.set(t, name);
  }

  nameOutput(t: Tensor, name: string): void {
    const from = this.#originOf(t);
    const node = this.#add("output", name, 0, [t], {});
    this.#edges.push({ from: from.node, output: from.output, to: node });
  }

  #hold(t: Tensor): void {
    if (!this.#origins.has(t) && !this.#inputNames.has(t)) t.retain();
  }

  #enter(module: number): void {
    const parent = this.#stack[this.#stack.length - 1]!;
    const id =
      this.#groups.push({
        id: this.#groups.length,
        parent,
        label: "",
        path: "",
        type: "",
        parameters: 0,
        parameterBytes: 0,
      }) - 1;
    this.#groupModules.push(module);
    this.#groupSources.push(currentPlace().source);
    this.#stack.push(id);
  }

  #add(
    kind: GraphNode["kind"],
    label: string,
    group: number,
    outputs: readonly Tensor[],
    attributes: Record<string, string>,
  ): number {
    const id = this.#nodes.length;
    this.#nodes.push({
      id,
      kind,
      label,
      group,
      attributes,
      flops: 0,
      bytes: outputs.reduce((n, t) => n + t.nbytes, 0),
      outputs: outputs.map((t) => ({ shape: [...t.shape], dtype: t.dtype.name })),
    });
    this.#sources.push(-1);
    return id;
  }

  /** The node behind a tensor; one is made for tensors that come from outside. */
  #originOf(t: Tensor): Origin {
    let origin = this.#origins.get(t);
    if (!origin) {
      const name = this.#inputNames.get(t);
      const node = this.#add(
        name === undefined ? "constant" : "input",
        name ?? "",
        name === undefined ? this.#stack[this.#stack.length - 1]! : 0,
        [t],
        {},
      );
      origin = { node, output: 0 };
      if (!this.#inputNames.has(t)) t.retain();
      this.#origins.set(t, origin);
      this.#leaves.push({ node, tensor: t });
    }
    return origin;
  }

  beginOp(): number {
    return ++this.#depth;
  }

  endOp(call: number, record: OpRecord, args: readonly unknown[], result: unknown): void {
    this.#depth--;
    if (call !== 1) return;
    const inputs: Origin[] = [];
    for (const a of args) {
      if (a instanceof Tensor) inputs.push(this.#originOf(a));
      else if (Array.isArray(a)) for (const t of a) if (t instanceof Tensor) inputs.push(this.#originOf(t));
    }
    const outputs = (Array.isArray(result) ? result : [result]).filter((t) => t instanceof Tensor);
    const node = this.#add(
      "op",
      record.name.replace(/^_/, ""),
      this.#stack[this.#stack.length - 1]!,
      outputs,
      attributesOf(record, args),
    );
    this.#nodes[node]!.flops = record.spec.cost ? record.spec.cost(...(args as never[])).flops : 0;
    this.#sources[node] = currentPlace().source;
    for (const { node: from, output } of inputs) this.#edges.push({ from, output, to: node });
    outputs.forEach((t, output) => {
      if (!this.#origins.has(t)) t.retain();
      this.#origins.set(t, { node, output });
    });
  }

  abortOp(): void {
    this.#depth--;
  }
  origin(): number {
    return -1;
  }
  beginBackward(): void {
    this.#depth++;
  }
  endBackward(): void {
    this.#depth--;
  }

  stop(target: string): Graph {
    observer.current = null;
    scopes.listener = null;
    const named = namedTensors();
    const { modules, sources } = stopPlaces();
    for (const { node, tensor } of this.#leaves) {
      const known = named.get(tensor.handle);
      const graphNode = this.#nodes[node]!;
      if (known) {
        graphNode.kind = known.isParameter ? "parameter" : "constant";
        graphNode.label = known.name;
      } else if (!graphNode.label) {
        graphNode.label = "constant";
      }
    }
    this.#nodes.forEach((node, i) => {
      const source = sources[this.#sources[i]!];
      if (source)
        node.source = {
          file: source.file,
          line: source.line,
          endLine: source.endLine,
          col: source.col,
          endCol: source.endCol,
        };
    });
    this.#nameGroups(modules, sources);
    for (const t of this.#origins.keys()) t.release();
    for (const t of this.#inputNames.keys()) if (!this.#origins.has(t)) t.release();
    this.#groups[0]!.label = target;
    return { version: GRAPH_VERSION, target, nodes: this.#nodes, edges: this.#edges, groups: this.#groups };
  }

  #nameGroups(
    modules: ReturnType<typeof stopPlaces>["modules"],
    sources: ReturnType<typeof stopPlaces>["sources"],
  ): void {
    const calls = new Map<string, number>();
    this.#groups.forEach((group, i) => {
      const module = modules[this.#groupModules[i]!];
      if (!module) return;
      const last = module.path.split(".").slice(-1)[0] || module.type;
      const key = `${group.parent}:${module.path}:${module.type}`;
      const count = (calls.get(key) ?? 0) + 1;
      calls.set(key, count);
      group.label = count > 1 ? `${last} (${count})` : last;
      group.path = module.path;
      group.type = module.type;
      group.parameters = module.parameters;
      group.parameterBytes = module.parameterBytes;
      if (module.file) group.source = { file: module.file, line: module.line };
      const call = sources[this.#groupSources[i]!];
      if (call)
        group.call = { file: call.file, line: call.line, endLine: call.endLine, col: call.col, endCol: call.endCol };
    });
  }
}

/** Plain arguments that are given and worth reading. */
function attributesOf(record: OpRecord, args: readonly unknown[]): Record<string, string> {
  const out: Record<string, string> = {};
  record.signature.arguments.forEach(({ name, type }, i) => {
    const value = args[i];
    if (type.startsWith("Tensor") || value instanceof Tensor || value === null || value === undefined) return;
    if (value instanceof Scalar) out[name] = String(value.value);
    else if (Array.isArray(value)) out[name] = `(${value.join(", ")})`;
    else if (typeof value === "object")
      out[name] = (value as { name?: string; type?: string }).name ?? (value as { type?: string }).type ?? "";
    else out[name] = String(value);
  });
  return out;
}
