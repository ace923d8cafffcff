/**
 * What can be run in a Python file, from its text alone: nn.Module classes, functions that use torch, the file as a
 * script. Follows python/layerwise/targets.py; never runs Python, and keeps going through syntax errors.
 */
import { argumentsOf } from "./functions.ts";
import { readStatements, type Statement } from "./statements.ts";

export type TargetKind = "class" | "function" | "script";

/** Lines are 0-based, as the editor counts them. */
export interface FoundTarget {
  /** "" for the file as a script. */
  name: string;
  kind: TargetKind;
  line: number;
  endLine: number;
}

export interface Outline {
  targets: FoundTarget[];
  /** The text is no complete Python: a bracket or a string has no end. */
  isBroken: boolean;
  /** Modules that the file imports, as written: "torch.nn", ".layers", "..common.blocks". */
  imports: string[];
}

interface Found {
  name: string;
  line: number;
  endLine: number;
  /** The statement itself and all that stand in it, decorators first. */
  parts: Statement[];
}

interface FoundClass extends Found {
  bases: string[];
  hasForward: boolean;
}

interface Names {
  aliases: Map<string, string>;
  classes: Map<string, FoundClass>;
  functions: Map<string, Found>;
  imports: Set<string>;
}

/** Classes of other packages that people inherit from, and that are modules. */
const KNOWN_MODULES = new Set([
  "BasePreTrainedModel",
  "GenerationMixin",
  "LightningModule",
  "ModelMixin",
  "PreTrainedModel",
  "PyTorchModelHubMixin",
]);
const NO_MODULES = new Set(["object", "Exception", "dict", "list"]);
const MAIN_GUARD = /^if\s+\(?\s*__name__\s*==\s*(["']).*?\1\s*\)?\s*:/;
const BLOCK = /^(?:if|elif|else|try|except|finally)\b/;
const LOOP = /^(?:async\s+)?(?:for|while|with)\b/;
const KEYWORD = /^(?:assert|await|class|def|del|from|global|import|lambda|not|pass|raise|return|yield)\b/;
const IMPORT = /^(?:from|import)\s/;

export function readOutline(text: string, previous?: Outline): Outline {
  const { statements, isBroken } = readStatements(text);
  const names: Names = { aliases: new Map(), classes: new Map(), functions: new Map(), imports: new Set() };
  collect(statements, 0, statements.length, names);
  const targets: FoundTarget[] = [];
  for (const found of names.classes.values()) {
    if (isModule(found, names)) targets.push(targetOf(found, "class"));
  }
  for (const found of names.functions.values()) {
    if (usesTorch(found, names)) targets.push(targetOf(found, "function"));
  }
  const script = scriptPart(statements);
  if (script && [...names.aliases.values()].some(isTorch)) {
    targets.push({ name: "", kind: "script", line: script.line, endLine: script.endLine });
  }
  if (isBroken && previous) targets.push(...keptFrom(previous, targets, text));
  targets.sort((a, b) => a.line - b.line);
  return { targets, isBroken, imports: [...names.imports] };
}

/** The innermost target around a line; the script where there is nothing else. */
export function targetAt(outline: Outline, line: number): FoundTarget | undefined {
  const around = outline.targets.filter((target) => target.line <= line && line <= target.endLine);
  return around.at(-1);
}

function targetOf(found: Found, kind: TargetKind): FoundTarget {
  return { name: found.name, kind, line: found.line, endLine: found.endLine };
}

/** Statements that stand one level below the one at `index`, and where they end. */
function blockEnd(statements: Statement[], index: number, to: number): number {
  let end = index + 1;
  while (end < to && statements[end].indent > statements[index].indent) end++;
  return end;
}

function collect(statements: Statement[], from: number, to: number, names: Names): void {
  let decorators: Statement[] = [];
  for (let index = from; index < to;) {
    const statement = statements[index];
    const end = blockEnd(statements, index, to);
    const { text } = statement;
    if (text.startsWith("@")) {
      decorators.push(statement);
      index = end;
      continue;
    }
    const parts = [...decorators, ...statements.slice(index, end)];
    const found = { line: statement.line, endLine: statements[end - 1].endLine, parts };
    decorators = [];
    const header = /^(?:class\s+([\p{L}_][\p{L}\p{N}_]*)|(?:async\s+)?def\s+([\p{L}_][\p{L}\p{N}_]*))/u.exec(text);
    if (header?.[1]) {
      const inner = statements[index + 1]?.indent;
      const body = statements.slice(index + 1, end).filter(({ indent }) => indent === inner);
      const hasForward = body.some((part) => /^(?:async\s+)?def\s+forward\b/.test(part.text));
      names.classes.set(header[1], { ...found, name: header[1], bases: basesOf(text), hasForward });
    } else if (header?.[2]) {
      names.functions.set(header[2], { ...found, name: header[2] });
    } else if (BLOCK.test(text) && !MAIN_GUARD.test(text)) {
      collect(statements, index + 1, end, names);
    } else {
      readImport(text, names);
    }
    index = end;
  }
}

/** "class A(nn.Module, Base[int], metaclass=M):" gives ["nn.Module", "Base"]. */
function basesOf(header: string): string[] {
  const bases = argumentsOf(header).filter((base) => !/^\w+\s*=/.test(base));
  return bases.map((base) => base.replace(/\[.*$/s, "").trim());
}

function readImport(text: string, names: Names): void {
  const from = /^from\s+(\.*[\w.]*)\s+import\s+(.*)$/s.exec(text);
  const plain = /^import\s+(.*)$/s.exec(text);
  for (const part of (from?.[2] ?? plain?.[1] ?? "").replaceAll(/[()\\]/g, " ").split(",")) {
    const item = /^\s*([\w.*]+)(?:\s+as\s+(\w+))?\s*$/.exec(part);
    if (!item) continue;
    const [, name, alias] = item;
    if (from) {
      names.aliases.set(alias ?? name, `${from[1]}.${name}`);
      names.imports.add(from[1]);
      if (/^\.+$/.test(from[1])) names.imports.add(`${from[1]}${name}`);
      else names.imports.add(`${from[1]}.${name}`);
    } else {
      names.aliases.set(alias ?? name.split(".")[0], alias ? name : name.split(".")[0]);
      names.imports.add(name);
    }
  }
}

/** The dotted name that an expression stands for: `nn.Module` gives "torch.nn.Module". */
function resolve(expression: string, names: Names): string {
  const [first, ...rest] = expression.replaceAll(/\s/g, "").split(".");
  return [names.aliases.get(first) ?? first, ...rest].join(".");
}

function isTorch(name: string): boolean {
  return name === "torch" || name.startsWith("torch.");
}

function isModule(found: FoundClass, names: Names, seen: string[] = []): boolean {
  return found.bases.some((base) => {
    const name = resolve(base, names);
    const last = name.split(".").at(-1)!;
    const inFile = names.classes.get(name);
    if (inFile && !seen.includes(name)) return isModule(inFile, names, [...seen, name]);
    if (name.startsWith("torch.nn.")) return /^[A-Z]/.test(last) && last !== "Parameter" && last !== "Buffer";
    if (KNOWN_MODULES.has(last)) return true;
    // A base from elsewhere: a class with a forward of its own is a module for all we know.
    const isElsewhere = !inFile && /^[.\w]+$/.test(name) && !/^(?:torch|typing|abc|enum)\./.test(name);
    return isElsewhere && !NO_MODULES.has(name) && found.hasForward;
  });
}

function usesTorch(found: Found, names: Names): boolean {
  for (const part of found.parts.filter(({ text }) => !IMPORT.test(text))) {
    if (part.strings.some((content) => content.includes("Tensor"))) return true;
    for (const [name] of part.text.matchAll(/(?<![\w.])[A-Za-z_]\w*/g)) {
      if (isTorch(names.aliases.get(name) ?? "")) return true;
      const inFile = names.classes.get(name);
      if (inFile && isModule(inFile, names)) return true;
    }
  }
  return false;
}

/** Where the file does something when it is run: its main guard, else its first call, loop or `with`. */
function scriptPart(statements: Statement[]): { line: number; endLine: number } | undefined {
  const numbered = statements.map((statement, index) => ({ statement, index }));
  const top = numbered.filter(({ statement }) => statement.indent === 0);
  const found =
    top.find(({ statement }) => MAIN_GUARD.test(statement.text)) ??
    top.find(({ statement: { text } }) => LOOP.test(text) || isCall(text));
  if (!found) return undefined;
  const end = blockEnd(statements, found.index, statements.length);
  return { line: found.statement.line, endLine: statements[end - 1].endLine };
}

function isCall(text: string): boolean {
  if (KEYWORD.test(text)) return false;
  // Innermost brackets first, each pair becomes one sign.
  let bare = text;
  for (let before = ""; before !== bare;) {
    before = bare;
    bare = bare
      .replaceAll(/\([^()[\]{}]*\)/g, "\u0001")
      .replaceAll(/\[[^()[\]{}]*\]/g, "\u0002")
      .replaceAll(/\{[^()[\]{}]*\}/g, "\u0003");
  }
  bare = bare.replaceAll(/\s*([.\u0001\u0002])\s*/g, "$1");
  return /^[\p{L}_][\p{L}\p{N}_]*(?:\u0001|\u0002|\.[\p{L}_][\p{L}\p{N}_]*)*\u0001$/u.test(bare);
}

/** While somebody types, a target that cannot be read stays where its first line still stands. */
function keptFrom(previous: Outline, found: FoundTarget[], text: string): FoundTarget[] {
  const lines = text.split(/\r?\n/);
  const kept: FoundTarget[] = [];
  for (const target of previous.targets) {
    if (found.some(({ name, kind }) => name === target.name && kind === target.kind)) continue;
    const pattern =
      target.kind === "script"
        ? /^if\s+__name__\s*==/
        : new RegExp(`^\\s*(?:class|def|async\\s+def)\\s+${target.name}\\b`);
    const line = lines.findIndex((content) => pattern.test(content));
    if (line < 0) continue;
    kept.push({ ...target, line, endLine: Math.min(lines.length - 1, line + target.endLine - target.line) });
  }
  return kept;
}
