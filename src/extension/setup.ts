/** The arguments that a target was last built and called with, as far as any result knows. */
import type { Setup } from "../protocol/results.ts";
import type { Results } from "./results.ts";
import { KINDS } from "./results.ts";
import { type Target, targetKey } from "./target.ts";

function hasArguments({ init, inputs }: Setup): boolean {
  return init.length + inputs.length > 0;
}

export function setupOf(results: Results, target: Target): Setup | null {
  for (const kind of KINDS) {
    const { result } = results.get(kind, targetKey(target)) ?? {};
    // The graph of a model's file is read, not run: it chose no inputs.
    if (result && "setup" in result && hasArguments(result.setup)) return result.setup;
  }
  return null;
}
