/** The tape for Python to look at: nodes by number, kept alive while Python holds them. Changes nothing. */
import { get, put } from "../handles.ts";
import { writeScratch } from "../bridge.ts";
import { AccumulateGrad, gradientEdge, type Node } from "./node.ts";

const nodes = new Map<number, Node>();
let nextId = 1;

function keep(node: Node): number {
  const id = nextId++;
  nodes.set(id, node.retain());
  return id;
}

/** The interpreter that held them is gone. */
export function forgetNodes(): void {
  for (const node of nodes.values()) node.release();
  nodes.clear();
}

export const nodeFunctions = {
  node_of: (h: number): number => keep(gradientEdge(get(h)).node),
  node_name: (id: number): string => nodes.get(id)!.name,
  /** Scratch: for each edge a node's number (0: no gradient goes there) and which of its outputs is meant. */
  node_next: (id: number): number =>
    writeScratch(nodes.get(id)!.edges.flatMap((edge) => (edge ? [keep(edge.node), edge.index] : [0, 0]))) / 2,
  /** The leaf that an AccumulateGrad adds into; 0 for other nodes. */
  node_variable: (id: number): number => {
    const node = nodes.get(id)!;
    return node instanceof AccumulateGrad ? put(node.variable) : 0;
  },
  node_free: (id: number): void => {
    nodes.get(id)?.release();
    nodes.delete(id);
  },
};
