/**
 * Carries an analysis through the edits of its file, so that nothing jumps or hangs on the wrong line until the next
 * analysis arrives. What an edit touches keeps its hint, and loses its problem. Pure.
 */
import type { CallInfo, LineHint, Problem, TargetAnalysis, TextEdit } from "../protocol/analysis.ts";
import type { SourceLocation } from "../protocol/source.ts";
import { type Edit, followPlace, isTouched } from "./places.ts";

export function followAnalysis(analysis: TargetAnalysis, file: string, edit: Edit): TargetAnalysis {
  return {
    ...analysis,
    hints: keep(analysis.hints, (hint) => followHint(hint, file, edit)),
    calls: keep(analysis.calls, (call) => followCall(call, file, edit)),
    problems: followProblems(analysis.problems, file, edit),
  };
}

/** A problem goes with the first letter that changes its expression, or one that it came from. */
export function followProblems(problems: readonly Problem[], file: string, edit: Edit): Problem[] {
  return keep(problems, (problem) => {
    const places = [problem.source, ...problem.related.map(({ source }) => source)];
    if (places.some((place) => isTouched(place, file, edit))) return null;
    return {
      ...problem,
      source: followPlace(problem.source, file, edit)!,
      related: problem.related.map((part) => ({ ...part, source: followPlace(part.source, file, edit)! })),
      fixes: keep(problem.fixes, (fix) => {
        if (fix.edits.some(({ source }) => isTouched(source, file, edit))) return null;
        return { ...fix, edits: fix.edits.map((part): TextEdit => ({ ...part, source: place(part.source) })) };
      }),
    };
  });

  function place(source: SourceLocation): SourceLocation {
    return followPlace(source, file, edit)!;
  }
}

function followHint(hint: LineHint, file: string, edit: Edit): LineHint | null {
  const source = followPlace(hint.source, file, edit);
  if (!source) return null;
  const { at, layer, ...rest } = hint;
  return { ...rest, source, ...optional("at", at, file, edit), ...optional("layer", layer, file, edit) };
}

function followCall(call: CallInfo, file: string, edit: Edit): CallInfo | null {
  const source = followPlace(call.source, file, edit);
  if (!source || isTouched(call.source, file, edit)) return null;
  const { construction, definition, ...rest } = call;
  return {
    ...rest,
    source,
    ...optional("construction", construction, file, edit),
    ...optional("definition", definition, file, edit),
  };
}

function optional<Key extends string>(
  key: Key,
  place: SourceLocation | undefined,
  file: string,
  edit: Edit,
): { [K in Key]?: SourceLocation } {
  const found = place && followPlace(place, file, edit);
  return (found ? { [key]: found } : {}) as { [K in Key]?: SourceLocation };
}

function keep<Item>(items: readonly Item[], follow: (item: Item) => Item | null): Item[] {
  return items.map(follow).filter((item) => item !== null);
}
