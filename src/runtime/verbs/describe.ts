/** What can be run in a file; with `full`, also the arguments that would be proposed. Without it no user code runs. */
import type { TargetInfo } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { open, probe } from "./target.ts";

export const describe: VerbHandler<"describe", VerbCore> = (session, request) => {
  const target = open(session, request);
  const answer = probe<{ targets: TargetInfo[]; failure?: Failure }>(
    session,
    "describe",
    target.path,
    request.full ?? false,
    target.root,
  );
  return {
    version: 1,
    verb: "describe",
    target: request.target,
    ok: answer.failure === undefined,
    targets: answer.targets,
    ...(answer.failure ? { failure: answer.failure } : {}),
  };
};
