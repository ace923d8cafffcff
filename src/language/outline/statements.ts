/**
 * Cuts Python text into logical lines: comments gone, strings emptied, brackets joined. No parser: it only knows where
 * a statement begins and ends, which is all that an outline needs, and it survives half-written code.
 */

export interface Statement {
  /** 0-based first and last line. */
  line: number;
  endLine: number;
  indent: number;
  /** Without comments, with empty strings, on one line. */
  text: string;
  /** What stood in its strings. */
  strings: string[];
}

/** A line that starts like this at the left edge begins a statement, whatever bracket is still open above it. */
const FRESH_START = /^(?:class\s|def\s|async\s+def\s|@|import\s|from\s)/;
const TAB = 8;
const INDENTATION = /[^\S\n]+/y;
const INDENTATION_ONLY = /^\s+$/;
const BRACKET = /[()[\]{}]/y;
const ORDINARY = /[^\n#\\"'()[\]{}]+/y;

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

export function readStatements(text: string): { statements: Statement[]; isBroken: boolean } {
  const statements: Statement[] = [];
  let isBroken = false;
  let line = 0;
  let depth = 0;
  let at = 0;
  // The statement at hand; nothing has been read of it while its text is empty.
  let current: Statement = { line, endLine: line, indent: 0, text: "", strings: [] };

  const add = (piece: string): void => {
    if (current.text === "") current = { line, endLine: line, indent: indentAt(text, at), text: "", strings: [] };
    current.endLine = line;
    current.text += piece;
  };
  const space = (): void => {
    if (current.text !== "") current.text += " ";
  };
  const finish = (): void => {
    if (current.text !== "") statements.push({ ...current, text: current.text.trim() });
    current = { ...current, text: "" };
    depth = 0;
  };

  while (at < text.length) {
    const character = text[at];
    if (character === "\n") {
      at++;
      if (depth > 0 && FRESH_START.test(text.slice(at, at + 20))) {
        isBroken = true;
        depth = 0;
      }
      if (depth === 0) finish();
      else space();
      line++;
    } else if (character === "#") {
      while (at < text.length && text[at] !== "\n") at++;
    } else if (character === "\\" && /^\\\r?\n/.test(text.slice(at, at + 3))) {
      at = text.indexOf("\n", at) + 1;
      line++;
      space();
    } else if (character === '"' || character === "'") {
      const end = stringEnd(text, at);
      isBroken ||= !end.isClosed;
      add(character.repeat(2));
      current.strings.push(text.slice(at + end.quoteLength, end.contentEnd));
      for (let position = at; position < end.next; position++) if (text[position] === "\n") line++;
      current.endLine = line;
      at = end.next;
    } else {
      // Indentation before a statement, brackets, and everything else up to the next special character.
      const pattern = current.text === "" ? INDENTATION : BRACKET;
      const piece = match(pattern, text, at) || match(ORDINARY, text, at) || character;
      if (pattern === BRACKET || !INDENTATION_ONLY.test(piece)) {
        if ("([{".includes(character)) depth++;
        if (")]}".includes(character)) depth = Math.max(0, depth - 1);
        add(piece);
      }
      at += piece.length;
    }
  }
  isBroken ||= depth > 0;
  finish();
  return { statements, isBroken };
}

/** Columns before the first character of the line that holds this position. */
function indentAt(text: string, at: number): number {
  let columns = 0;
  for (let position = text.lastIndexOf("\n", at - 1) + 1; position < at; position++) {
    columns = text[position] === "\t" ? columns + TAB - (columns % TAB) : columns + 1;
  }
  return columns;
}

interface StringEnd {
  quoteLength: number;
  contentEnd: number;
  /** The first position after the string. */
  next: number;
  isClosed: boolean;
}

function stringEnd(text: string, start: number): StringEnd {
  const quote = text.startsWith(text[start].repeat(3), start) ? text[start].repeat(3) : text[start];
  const quoteLength = quote.length;
  for (let at = start + quoteLength; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text.startsWith(quote, at)) return { quoteLength, contentEnd: at, next: at + quoteLength, isClosed: true };
    else if (quoteLength === 1 && text[at] === "\n") return { quoteLength, contentEnd: at, next: at, isClosed: false };
  }
  return { quoteLength, contentEnd: text.length, next: text.length, isClosed: false };
}
