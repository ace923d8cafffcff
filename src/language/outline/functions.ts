/**
 * The functions at the top of a Python file, from its text alone: what they have to be given, whether they give anything
 * and what their first line of documentation says. Never runs Python, and knows nothing of torch.
 */
import { readStatements, type Statement } from "./statements.ts";

export interface FoundFunction {
  name: string;
  /** Arguments that a caller cannot leave out. */
  required: number;
  /** It returns a value or yields. */
  gives: boolean;
  /** First line of its docstring; "" for none. */
  about: string;
}

const HEADER = /^(?:async\s+)?def\s+([\p{L}_][\p{L}\p{N}_]*)\s*/u;
const GIVES = /^(?:return\s+\S|.*\byield\b|return\()/;
const INNER = /^(?:(?:async\s+)?def|class)\b/;

export function readFunctions(text: string): FoundFunction[] {
  const { statements } = readStatements(text);
  const found: FoundFunction[] = [];
  statements.forEach((statement, index) => {
    const name = HEADER.exec(statement.text)?.[1];
    if (name === undefined || statement.indent > 0) return;
    let end = index + 1;
    while (end < statements.length && statements[end].indent > 0) end++;
    const body = statements.slice(index + 1, end);
    // "def f(): return 1" is one statement.
    const tail = /:\s*((?:return|yield)\b.*)$/.exec(statement.text)?.[1];
    found.push({
      name,
      required: requiredOf(statement.text),
      gives: givesOf(body) || (tail !== undefined && GIVES.test(tail)),
      about: aboutOf(body),
    });
  });
  return found;
}

/** What functions inside of it give is their own business. */
function givesOf(body: readonly Statement[]): boolean {
  let inside = Infinity;
  for (const { text, indent } of body) {
    if (indent <= inside) inside = Infinity;
    if (inside < Infinity) continue;
    if (INNER.test(text)) inside = indent;
    else if (GIVES.test(text) && text !== "return None") return true;
  }
  return false;
}

function aboutOf([first]: readonly Statement[]): string {
  if (!first || !/^[rRuU]?(["'])\1*$/.test(first.text.replaceAll(/\s/g, ""))) return "";
  return first.strings.join("").trim().split("\n")[0].trim();
}

/** Of "def f(a, b: int = 3, *rest, c, **more)" a and c. */
function requiredOf(header: string): number {
  return argumentsOf(header).filter((part) => !/[=]/.test(part) && !/^(?:\*|\/$)/.test(part)).length;
}

/** The parts between the first bracket and its partner, by the commas that stand in no other bracket. */
export function argumentsOf(header: string): string[] {
  const open = header.indexOf("(");
  if (open < 0) return [];
  const parts: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < header.length; at++) {
    const character = header[at];
    if ("([{".includes(character)) depth++;
    const isEnd = ")]}".includes(character) && --depth === 0;
    if (isEnd || (character === "," && depth === 1)) {
      parts.push(header.slice(start, at).trim());
      start = at + 1;
    }
    if (isEnd) break;
  }
  return parts.filter((part) => part !== "");
}
