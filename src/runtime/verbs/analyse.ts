/**
 * All that the language server wants to know of a file: shapes, costs and problems, target by target. Runs user code on
 * shapes alone, within a budget, and keeps the interpreter warm between two looks at the same workspace.
 */
import type { AnalysisResult } from "../../protocol/analysis.ts";
import type { Failure } from "../../protocol/source.ts";
import type { Json } from "../python/interpreter.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { open } from "./target.ts";

const DEFAULT_BUDGET_MS = 3000;
/** WebAssembly memory never shrinks: a warm interpreter that has grown so far begins anew. */
const MOST_WARM_BYTES = 512 * 1024 ** 2;

interface Answer {
  targets: AnalysisResult["targets"];
  problems: AnalysisResult["problems"];
  failure?: Failure;
}

export const analyse: VerbHandler<"analyse", VerbCore> = (session, request) => {
  const target = open(session, request, "reopen");
  session.keep(false);
  session.afterwards = (): void => {
    const { interpreter } = session;
    try {
      session.keep(interpreter.call("layerwise.analysis:tidy") === true && interpreter.memoryBytes < MOST_WARM_BYTES);
    } catch {
      // A late cancel, or memory at its end: the next look begins with a clean interpreter.
    }
  };
  const wanted = {
    path: target.path,
    root: target.root,
    only: request.only ?? (target.name ? [target.name] : null),
    given: request.given ?? {},
    previous: request.previous ?? {},
    symbols: request.symbols ?? false,
    budget_ms: request.budgetMs ?? DEFAULT_BUDGET_MS,
  };
  const answer = session.interpreter.call("layerwise.analysis:analyse", wanted as unknown as Json) as unknown as Answer;
  return { version: 1, verb: "analyse", target: request.target, ok: answer.failure === undefined, ...answer };
};
