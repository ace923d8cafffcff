/** The model as a graph: built and called on the meta device while the core writes down each op and its tensors. */
import type { Graph } from "../../protocol/graph.ts";
import { GRAPH_VERSION } from "../../protocol/graph.ts";
import type { GraphResult } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import type { Session, VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { goesToOnnxRuntime } from "../onnx/target.ts";
import { graphOnnx } from "./onnx.ts";
import { NO_SETUP, isScript, open, prepare, probe, targetText } from "./target.ts";

export const graph: VerbHandler<"graph", VerbCore> = (session, request, report) => {
  if (goesToOnnxRuntime(request)) return graphOnnx(request, report);
  const result: GraphResult = {
    version: 1,
    verb: "graph",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    graph: { version: GRAPH_VERSION, target: request.target, nodes: [], edges: [], groups: [] },
  };
  const finish = (failure?: Failure): GraphResult => ({
    ...result,
    ok: failure === undefined,
    ...(failure ? { failure } : {}),
  });
  if (request.optimized) {
    const message = "what ONNX Runtime makes of a graph is shown of .onnx files that it runs";
    return finish({ kind: "usage", type: "optimized", message });
  }
  const target = open(session, request);
  if (isScript(session, target)) {
    return finish({
      kind: "usage",
      type: "no-model",
      message: `${request.target} has no nn.Module class: a graph is made of a class or a function`,
      hint: `name a function: ${request.target}::function`,
    });
  }
  report.progress("finding arguments");
  // On the meta device first; code that looks at values gets real ones.
  for (const device of ["meta", "cpu"]) {
    const prepared = prepare(session, target, request, device);
    result.target = targetText(request, prepared);
    result.setup = prepared.setup ?? NO_SETUP;
    const traced = prepared.failure ? { failure: prepared.failure } : record(session, result.target);
    if (!traced.failure && traced.graph) {
      result.graph = traced.graph;
      return finish();
    }
    const needsValues = /\bmeta\b|data-dependent/.test(traced.failure?.message ?? "");
    if (device === "cpu" || !needsValues) return finish(traced.failure);
  }
  return finish();
};

function record(session: Session<VerbCore>, name: string): { graph?: Graph; failure?: Failure } {
  const { core } = session;
  core.graph.start();
  let answer: { failure?: Failure };
  let found: Graph;
  try {
    answer = probe(session, "named_call");
  } finally {
    found = core.graph.stop(name);
  }
  return answer.failure ? { failure: answer.failure } : { graph: found };
}
