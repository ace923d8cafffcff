/** Failures as an editor says them: whoever works in one typed no options and stands in no folder. Pure. */
import { basename } from "node:path";
import type { Failure } from "../protocol/source.ts";

/** "--teacher-weights x.pt: there is no such file" speaks of an option; the same fields have labels here. */
const OPTION = /--([a-z][a-z-]*)/g;

/** `root` is the folder that paths are shortened to; "" where there is none. */
export function inEditor(failure: Failure, root: string): Failure {
  if (failure.kind !== "usage") return failure;
  const near = (text: string): string => (root === "" ? text : text.replaceAll(`${root}/`, ""));
  const named = failure.message.replaceAll(OPTION, (_, name: string, at: number) => {
    const words = name.replaceAll("-", " ");
    return at === 0 ? words.charAt(0).toUpperCase() + words.slice(1) : words;
  });
  const { hint, ...rest } = failure;
  const said = { ...rest, message: near(named) };
  // Where the command was started means nothing here.
  if (hint === undefined || hint.includes("current folder")) return said;
  return { ...said, hint: near(hint.replaceAll(/--[a-z][a-z-]* /g, "")) };
}

/** A model that fails on the person's own data: shapes alone do not tell that they came from there. */
export function onData(failure: Failure, data: string | null): Failure {
  if (failure.kind !== "model" || failure.hint !== undefined || data === null) return failure;
  return { ...failure, hint: `the inputs were those of ${basename(data)}` };
}
