/** Which of the things known of a file are shown: one answer per place, from the target that it belongs to. Pure. */
import type { CallInfo, LineHint, Problem, TargetAnalysis } from "../../protocol/analysis.ts";
import type { OpenFile } from "../documents.ts";
import { isBefore, rangeOf } from "../places.ts";

export interface ShownHint {
  hint: LineHint;
  target: TargetAnalysis;
}

export interface ShownCall {
  call: CallInfo;
  target: TargetAnalysis;
}

/**
 * A statement of a class may have run for its own sake and inside of others. Its own run speaks first: its inputs are
 * what its lens and its hover name.
 */
export function shownHints(file: OpenFile): ShownHint[] {
  const found = new Map<string, ShownHint>();
  for (const target of ownersFirst(file)) {
    for (const hint of target.hints) {
      if (hint.source.file !== file.path) continue;
      const key = `${hint.source.line} ${hint.source.col ?? 0} ${hint.name}`;
      const owns = isOwn(file, target, hint.source.line - 1);
      const known = found.get(key);
      if (!known || (owns && !isOwn(file, known.target, hint.source.line - 1))) found.set(key, { hint, target });
    }
  }
  return [...found.values()].sort((a, b) => a.hint.source.line - b.hint.source.line);
}

export function shownCalls(file: OpenFile): ShownCall[] {
  const found = new Map<string, ShownCall>();
  for (const target of ownersFirst(file)) {
    for (const call of target.calls) {
      if (call.source.file !== file.path) continue;
      const key = `${call.source.line} ${call.source.col} ${call.source.endLine} ${call.source.endCol}`;
      const owns = isOwn(file, target, call.source.line - 1);
      const known = found.get(key);
      if (!known || (owns && !isOwn(file, known.target, call.source.line - 1))) found.set(key, { call, target });
    }
  }
  return [...found.values()];
}

/** Every problem once, though several targets ran into it; what the text alone says comes last. */
export function shownProblems(file: OpenFile): Problem[] {
  const found = new Map<string, Problem>();
  const all = [...ownersFirst(file).flatMap(({ problems }) => problems), ...file.textProblems];
  for (const problem of all) {
    if (problem.source.file !== file.path) continue;
    const { start, end } = rangeOf(problem.source);
    if (isBefore(end, start)) continue;
    const key = `${problem.code} ${start.line} ${start.character}`;
    if (!found.has(key)) found.set(key, problem);
  }
  return [...found.values()];
}

/** In the order of the file; what is gone from it has gone from here. */
function ownersFirst(file: OpenFile): TargetAnalysis[] {
  return file.outline.targets.flatMap(({ name }) => file.analyses.get(name) ?? []);
}

function isOwn(file: OpenFile, target: TargetAnalysis, line: number): boolean {
  const found = file.outline.targets.find(({ name }) => name === target.name);
  return found !== undefined && found.line <= line && line <= found.endLine;
}
