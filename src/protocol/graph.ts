/** The model as a graph: ops as nodes, modules as nested groups, tensors as edges. */
import type { SourceLocation } from "./source.ts";

export const GRAPH_VERSION = 1;

export interface GraphTensor {
  /** -1 for a size that is not known before a run. */
  shape: number[];
  /** "" where the file of a model says nothing about the tensor. */
  dtype: string;
}

export interface GraphNode {
  /** Equal to the node's index in `Graph.nodes`. */
  id: number;
  kind: "input" | "output" | "parameter" | "constant" | "op";
  /** The op ("linear", "softmax"), or the name of the input, output or parameter. */
  label: string;
  /** What the file of a model calls this op: profiles of that file do, too. */
  name?: string;
  /** Index into `Graph.groups`: the innermost module call that made it; 0 is the root. */
  group: number;
  outputs: GraphTensor[];
  /** Non-tensor arguments worth reading, such as "dim": "-1". */
  attributes: Record<string, string>;
  source?: SourceLocation;
  flops: number;
  bytes: number;
}

/** A module call. A module that is called twice appears twice, "attn" and "attn (2)". */
export interface GraphGroup {
  /** Equal to the group's index in `Graph.groups`; 0 is the whole graph. */
  id: number;
  /** -1 for the root. */
  parent: number;
  /** Last part of the module path: "attn". */
  label: string;
  path: string;
  type: string;
  /** Where this module's class is defined. */
  source?: SourceLocation;
  /** Where it is called. */
  call?: SourceLocation;
  parameters: number;
  parameterBytes: number;
}

export interface GraphEdge {
  from: number;
  /** Which output of `from`. */
  output: number;
  to: number;
}

export interface Graph {
  version: typeof GRAPH_VERSION;
  target: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
  groups: GraphGroup[];
}
