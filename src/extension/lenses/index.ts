/** The lenses above a class, function or script, from left to right. */
export { run } from "./run.ts";
export { profile } from "./profile.ts";
export { graph } from "./graph.ts";
export { inputs } from "./inputs.ts";
