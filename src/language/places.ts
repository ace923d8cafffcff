/** Places in a text while it is edited: where something that was found in an older text stands now. Pure. */
import type { Position, Range } from "vscode-languageserver";
import type { SourceLocation } from "../protocol/source.ts";

/** One replaced range of a text, and where its replacement ends. */
export interface Edit {
  start: Position;
  end: Position;
  newEnd: Position;
}

export function editOf(range: Range, text: string): Edit {
  const lines = text.split("\n");
  const last = lines[lines.length - 1].replace(/\r$/, "");
  const newEnd = {
    line: range.start.line + lines.length - 1,
    character: lines.length === 1 ? range.start.character + text.length : last.length,
  };
  return { start: range.start, end: range.end, newEnd };
}

export function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}

function moved(position: Position, { end, newEnd }: Edit): Position {
  const line = position.line + newEnd.line - end.line;
  if (position.line !== end.line) return { line, character: position.character };
  return { line, character: position.character + newEnd.character - end.character };
}

/** What an edit did to a range: passed it by, moved it, grew or shrank it, or took it away. */
export interface Followed {
  range: Range;
  isTouched: boolean;
}

export function followRange(range: Range, edit: Edit): Followed | null {
  if (!isBefore(edit.start, range.end)) {
    // Typing right behind a statement may continue it; a new line does not.
    const touches = edit.start.line === range.end.line && edit.start.character === range.end.character;
    return { range, isTouched: touches && edit.newEnd.line === edit.start.line };
  }
  if (!isBefore(range.start, edit.end)) {
    return { range: { start: moved(range.start, edit), end: moved(range.end, edit) }, isTouched: false };
  }
  if (!isBefore(range.start, edit.start) && !isBefore(edit.end, range.end)) return null;
  const start = isBefore(edit.start, range.start) ? edit.newEnd : range.start;
  const end = isBefore(edit.end, range.end) ? moved(range.end, edit) : edit.newEnd;
  return { range: { start, end }, isTouched: true };
}

/** Lines of the protocol count from 1; without columns a place is its whole lines. */
export function rangeOf({ line, endLine, col, endCol }: SourceLocation): Range {
  const first = Math.max(0, line - 1);
  const last = Math.max(first, (endLine ?? line) - 1);
  return {
    start: { line: first, character: col ?? 0 },
    end: { line: last, character: endCol ?? (col === undefined ? 10_000 : col) },
  };
}

export function locationOf(file: string, range: Range): SourceLocation {
  return {
    file,
    line: range.start.line + 1,
    endLine: range.end.line + 1,
    col: range.start.character,
    endCol: range.end.character,
  };
}

export function contains(range: Range, position: Position): boolean {
  return !isBefore(position, range.start) && !isBefore(range.end, position);
}

/** Where a place stands after an edit of its file; null when it was edited away. Other files' places stay. */
export function followPlace(place: SourceLocation, file: string, edit: Edit): SourceLocation | null {
  if (place.file !== file) return place;
  const followed = followRange(rangeOf(place), edit);
  if (!followed) return null;
  if (place.col === undefined) {
    return { ...place, line: followed.range.start.line + 1, endLine: followed.range.end.line + 1 };
  }
  return locationOf(file, followed.range);
}

/** Was the text of this place itself changed? */
export function isTouched(place: SourceLocation, file: string, edit: Edit): boolean {
  if (place.file !== file) return false;
  const followed = followRange(rangeOf(place), edit);
  return followed === null || followed.isTouched;
}
