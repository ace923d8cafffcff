/**
 * Module calls, rebuilt from the order of the forward ops: a module is inside a call from its first op to its last one
 * before an op of somebody else. A call that launches nothing leaves no trace, and two calls of one module with nothing
 * between them count as one.
 */
import type { Trace } from "../protocol/trace.ts";

export interface Scope {
  module: number;
  /** Nesting depth: 0 for the outermost module that is open. */
  depth: number;
  firstOp: number;
  lastOp: number;
  startUs: number;
  endUs: number;
  step: number;
}

/** The modules around one, outermost first, itself last; modules[0] ("outside") is never in it. */
export function ancestry(trace: Trace, module: number): number[] {
  const path: number[] = [];
  let current = module;
  // A damaged trace may hold a ring of parents: a path is never longer than the table.
  while (current > 0 && current < trace.modules.length && path.length < trace.modules.length) {
    path.push(current);
    current = trace.modules[current]!.parent;
  }
  return path.reverse();
}

/** Ancestries of all modules, computed once. */
export function ancestries(trace: Trace): number[][] {
  return trace.modules.map((_, module) => ancestry(trace, module));
}

/** Calls in the order in which they began; an outer call stands before the calls inside it. */
export function forwardScopes(trace: Trace): Scope[] {
  const paths = ancestries(trace);
  const scopes: Scope[] = [];
  let open: Scope[] = [];
  for (let index = 0; index < trace.ops.length; index++) {
    const op = trace.ops[index]!;
    const path = op.phase === "forward" ? (paths[op.module] ?? []) : [];
    const common = commonDepth(open, path, op.step);
    open = open.slice(0, common);
    for (let depth = common; depth < path.length; depth++) {
      const scope = {
        module: path[depth]!,
        depth,
        firstOp: index,
        lastOp: index,
        startUs: op.startUs,
        endUs: op.startUs,
        step: op.step,
      };
      scopes.push(scope);
      open.push(scope);
    }
    for (const scope of open) {
      scope.lastOp = index;
      scope.endUs = op.startUs + op.durationUs;
    }
  }
  return scopes;
}

function commonDepth(open: readonly Scope[], path: readonly number[], step: number): number {
  let depth = 0;
  while (depth < open.length && open[depth]!.module === path[depth] && open[depth]!.step === step) depth++;
  return depth;
}
