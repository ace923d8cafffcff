/** Run a file as `python FILE` does: output passes through, the exit code is the script's own. */
import type { Failure } from "../../protocol/source.ts";
import type { VerbHandler } from "../session.ts";
import type { VerbCore } from "./core.ts";
import { deviceOf, open } from "./target.ts";

export const python: VerbHandler<"python", VerbCore> = (session, request) => {
  const head = { version: 1, verb: "python", target: request.target } as const;
  const target = open(session, request);
  const place = deviceOf(session, request);
  if ("failure" in place) return { ...head, ok: false, exitCode: 1, failure: place.failure };
  // What the script makes without naming a device goes there too.
  if (request.device?.startsWith("cuda")) session.interpreter.call("torch:set_default_device", place.device);
  const answer = session.interpreter.call("layerwise.runner:run_script", target.path, request.argv ?? []);
  const { exitCode, failure } = answer as unknown as { exitCode: number; failure?: Failure };
  return { ...head, ok: exitCode === 0, exitCode, ...(failure ? { failure } : {}) };
};
