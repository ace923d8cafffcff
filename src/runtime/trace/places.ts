/** Modules and source lines by the numbers that python/torch/_scopes.py gives them. */
import { python } from "../bridge.ts";
import type { SourceLocation } from "../../protocol/source.ts";

export interface TracedModule {
  path: string;
  type: string;
  file: string;
  line: number;
  parameters: number;
  parameterBytes: number;
}

export interface TracedSource extends SourceLocation {
  function: string;
}

type ModuleRow = [string, string, string, number, number, number];
type SourceRow = [string, number, number, number, number, string];

const ask = <T>(name: string): T => JSON.parse(python().callPython(`torch._scopes:${name}`) as string) as T;

export function startPlaces(): void {
  python().callPython("torch._scopes:start");
}

/** What was seen since `startPlaces`, which this ends. */
export function stopPlaces(): { modules: TracedModule[]; sources: TracedSource[] } {
  python().callPython("torch._scopes:stop");
  const modules = ask<ModuleRow[]>("modules").map(([path, type, file, line, parameters, parameterBytes]) => ({
    path,
    type,
    file,
    line,
    parameters,
    parameterBytes,
  }));
  const sources = ask<SourceRow[]>("sources").map(([file, line, endLine, col, endCol, name]) => ({
    file,
    line,
    function: name,
    ...(endLine >= 0 ? { endLine } : {}),
    ...(col >= 0 ? { col } : {}),
    ...(endCol >= 0 ? { endCol } : {}),
  }));
  return { modules, sources };
}

/** Names of parameters and buffers by handle, for the modules that were called. */
export function namedTensors(): Map<number, { name: string; isParameter: boolean }> {
  const rows = ask<[number, string, boolean][]>("named_tensors");
  return new Map(rows.map(([handle, name, isParameter]) => [handle, { name, isParameter }]));
}

export interface Place {
  /** Number of the line, -1 where no user code is on the stack. */
  source: number;
  /** Is a step of an optimizer on the stack? */
  isOptimizer: boolean;
}

/** Where Python stands now. */
export function currentPlace(): Place {
  const code = python().callPython("torch._scopes:where") as number;
  // Two facts in one number: crossing costs more than arithmetic.
  return { source: (code >> 1) - 1, isOptimizer: (code & 1) === 1 };
}
