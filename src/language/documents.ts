/** The open Python files: text, outline, and what is known of each, kept in place while the text is edited. */
import { fileURLToPath } from "node:url";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { TextDocumentContentChangeEvent } from "vscode-languageserver";
import type { AnalysisResult, Problem, TargetAnalysis } from "../protocol/analysis.ts";
import { followAnalysis, followProblems } from "./follow.ts";
import { type Outline, readOutline } from "./outline/outline.ts";
import { readStatements, type Statement } from "./outline/statements.ts";
import { type Edit, editOf } from "./places.ts";

export class OpenFile {
  readonly uri: string;
  readonly path: string;
  document: TextDocument;
  /** By the target's name, as the last analysis that went through said; places follow the text. */
  readonly analyses = new Map<string, TargetAnalysis>();
  textProblems: Problem[] = [];
  /** The 0-based line of the newest edit, which is where the user looks. */
  lastEditedLine: number | null = null;
  /** The 0-based lines that an editor shows, as far as it has asked. */
  shown: { from: number; to: number } | null = null;
  private outlined: { version: number; outline: Outline } | null = null;
  private read: { version: number; statements: Statement[] } | null = null;

  constructor(uri: string, version: number, text: string) {
    this.uri = uri;
    this.path = fileURLToPath(uri);
    this.document = TextDocument.create(uri, "python", version, text);
  }

  get version(): number {
    return this.document.version;
  }

  get text(): string {
    return this.document.getText();
  }

  get outline(): Outline {
    if (this.outlined?.version !== this.version) {
      this.outlined = { version: this.version, outline: readOutline(this.text, this.outlined?.outline) };
    }
    return this.outlined.outline;
  }

  get statements(): Statement[] {
    if (this.read?.version !== this.version) {
      this.read = { version: this.version, statements: readStatements(this.text).statements };
    }
    return this.read.statements;
  }

  change(changes: TextDocumentContentChangeEvent[], version: number): void {
    for (const change of changes) {
      if ("range" in change) this.follow(editOf(change.range, change.text));
      else this.forget();
      this.document = TextDocument.update(this.document, [change], version);
    }
  }

  /** What an analysis found takes the place of what was known of the same targets. */
  accept(result: AnalysisResult): void {
    for (const found of result.targets) {
      const before = this.analyses.get(found.name);
      // What there was no time for says nothing against what is known.
      if (!before || !found.isUntried) this.analyses.set(found.name, withNames(found, before));
    }
    this.textProblems = result.problems;
    const names = new Set(this.outline.targets.map(({ name }) => name));
    for (const name of this.analyses.keys()) {
      if (!names.has(name)) this.analyses.delete(name);
    }
  }

  forget(): void {
    this.analyses.clear();
    this.textProblems = [];
  }

  private follow(edit: Edit): void {
    this.lastEditedLine = edit.newEnd.line;
    for (const [name, analysis] of this.analyses) this.analyses.set(name, followAnalysis(analysis, this.path, edit));
    this.textProblems = followProblems(this.textProblems, this.path, edit);
  }
}

/**
 * The names of dimensions take longer to find than their sizes. Until they come, a shape that has not changed keeps the
 * names that it had, so that hints do not flicker while somebody types.
 */
function withNames(found: TargetAnalysis, before: TargetAnalysis | undefined): TargetAnalysis {
  if (!before || found.hints.some(({ dims }) => dims)) return found;
  const known = new Map<string, string[][]>();
  for (const { name, shape, dims } of before.hints) {
    if (!dims) continue;
    const key = `${name} ${shape.join()}`;
    known.set(key, [...(known.get(key) ?? []), dims]);
  }
  const hints = found.hints.map((hint) => {
    const dims = known.get(`${hint.name} ${hint.shape.join()}`)?.shift();
    return dims ? { ...hint, dims } : hint;
  });
  const symbols = Object.keys(found.symbols).length > 0 ? found.symbols : before.symbols;
  return { ...found, hints, symbols };
}
