/** Shapes per line: the target is called on the meta device, where nothing is computed. A script runs as it is. */
import type { Setup, ShapeHint } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import { isOnnxTarget } from "../onnx/target.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { NO_SETUP, isScript, open, probe } from "./target.ts";

interface Answer {
  setup?: Setup;
  name?: string;
  hints: ShapeHint[];
  failure?: Failure;
}

export const shapes: VerbHandler<"shapes", VerbCore> = (session, request) => {
  if (isOnnxTarget(request.target)) {
    const message = "an .onnx file has no lines to show shapes in";
    const failure: Failure = {
      kind: "usage",
      type: "no-lines",
      message,
      hint: "'layerwise graph' shows them in the graph",
    };
    return { version: 1, verb: "shapes", target: request.target, ok: false, setup: NO_SETUP, hints: [], failure };
  }
  const target = open(session, request);
  const answer = isScript(session, target)
    ? probe<Answer>(session, "script_shapes", target.path, request.argv ?? [])
    : probe<Answer>(
        session,
        "shape_hints",
        target.path,
        target.name,
        request.init ?? "",
        request.inputs ?? {},
        target.root,
      );
  return {
    version: 1,
    verb: "shapes",
    target: answer.name && !target.name ? `${request.target}::${answer.name}` : request.target,
    ok: answer.failure === undefined,
    setup: answer.setup ?? NO_SETUP,
    hints: answer.hints,
    ...(answer.failure ? { failure: answer.failure } : {}),
  };
};
