/** From a trace to what people look at: tables, text, files. Pure functions; no clock, no file, no device. */
export { kernels } from "./kernels.ts";
export { NO_LINE, lines, type ReadLine } from "./lines.ts";
export { memory } from "./memory.ts";
export { OUTSIDE, modules } from "./modules.ts";
export { type ReadTrace, readChrome } from "./chrome/read.ts";
export { writeChrome } from "./chrome/write.ts";
export { type Scope, forwardScopes } from "./scopes.ts";
export { FEWEST_REPETITIONS, STEADY_SPREAD, isSteady, timing } from "./timing.ts";
