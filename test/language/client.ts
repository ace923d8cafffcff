/** A language client for tests: the real server over standard input and output, and what VS Code would ask of it. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  StreamMessageReader,
  StreamMessageWriter,
  createMessageConnection,
  type MessageConnection,
} from "vscode-jsonrpc/node";
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  Diagnostic,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  Position,
  Range,
} from "vscode-languageserver";
import {
  ANALYSIS_STATE,
  ARGUMENTS_CHANGED,
  DEFAULT_SETTINGS,
  WAIT_FOR_ANALYSIS,
  type AnalysisState,
  type GivenArguments,
  type HintSettings,
} from "../../src/language/messages.ts";
import { root } from "../../tools/steps.mjs";

const EVERYTHING: Range = { start: { line: 0, character: 0 }, end: { line: 100_000, character: 0 } };

export class TestClient {
  readonly diagnostics = new Map<string, Diagnostic[]>();
  readonly states: AnalysisState[] = [];
  readonly logged: string[] = [];
  private readonly process: ChildProcess;
  private readonly connection: MessageConnection;
  private readonly texts = new Map<string, { text: string; version: number }>();

  constructor() {
    this.process = spawn(process.execPath, [join(root, "dist/language.cjs"), "--stdio"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdin, stdout } = this.process;
    this.connection = createMessageConnection(new StreamMessageReader(stdout!), new StreamMessageWriter(stdin!));
    this.connection.onNotification("textDocument/publishDiagnostics", ({ uri, diagnostics }) => {
      this.diagnostics.set(uri, diagnostics);
    });
    this.connection.onNotification(ANALYSIS_STATE, (state: AnalysisState) => {
      this.states.push(state);
    });
    this.connection.onNotification("window/logMessage", ({ message }) => {
      this.logged.push(message);
    });
    this.connection.onRequest("workspace/inlayHint/refresh", () => null);
    this.connection.onRequest("client/registerCapability", () => null);
    this.connection.listen();
  }

  async start(folder: string, settings: HintSettings = DEFAULT_SETTINGS, given: GivenArguments = {}): Promise<void> {
    await this.connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "workspace" }],
      capabilities: {
        workspace: {
          inlayHint: { refreshSupport: true },
          didChangeWatchedFiles: { dynamicRegistration: true },
          workspaceFolders: true,
        },
      },
      initializationOptions: {
        runtimeFile: join(root, "dist/runtime.mjs"),
        readable: [root],
        settings,
        arguments: given,
      },
    });
    await this.connection.sendNotification("initialized", {});
  }

  async open(file: string, text: string): Promise<void> {
    const uri = pathToFileURL(file).href;
    this.texts.set(uri, { text, version: 1 });
    const textDocument = { uri, languageId: "python", version: 1, text };
    await this.connection.sendNotification("textDocument/didOpen", { textDocument });
  }

  /** Replaces the only occurrence of a text, as an incremental change. */
  async edit(file: string, before: string, after: string): Promise<void> {
    const uri = pathToFileURL(file).href;
    const known = this.texts.get(uri)!;
    const at = known.text.indexOf(before);
    if (at < 0 || known.text.includes(before, at + 1)) throw new Error(`${before} does not occur exactly once`);
    const range = { start: positionAt(known.text, at), end: positionAt(known.text, at + before.length) };
    known.text = known.text.slice(0, at) + after + known.text.slice(at + before.length);
    known.version++;
    await this.connection.sendNotification("textDocument/didChange", {
      textDocument: { uri, version: known.version },
      contentChanges: [{ range, text: after }],
    });
  }

  async apply(action: CodeAction, file: string): Promise<void> {
    const uri = pathToFileURL(file).href;
    const known = this.texts.get(uri)!;
    for (const { range, newText } of action.edit!.changes![uri]) {
      const [start, end] = [offsetAt(known.text, range.start), offsetAt(known.text, range.end)];
      known.text = known.text.slice(0, start) + newText + known.text.slice(end);
      known.version++;
      await this.connection.sendNotification("textDocument/didChange", {
        textDocument: { uri, version: known.version },
        contentChanges: [{ range, text: newText }],
      });
    }
  }

  text(file: string): string {
    return this.texts.get(pathToFileURL(file).href)!.text;
  }

  async whenDone(file: string): Promise<void> {
    await this.connection.sendRequest(WAIT_FOR_ANALYSIS, { uri: pathToFileURL(file).href });
  }

  async configure(settings: HintSettings): Promise<void> {
    const changed = { settings: { layerwise: settings } };
    await this.connection.sendNotification("workspace/didChangeConfiguration", changed);
  }

  async give(given: GivenArguments): Promise<void> {
    await this.connection.sendNotification(ARGUMENTS_CHANGED, given);
  }

  hints(file: string, range = EVERYTHING): Promise<InlayHint[]> {
    return this.ask("inlayHint", file, { range });
  }

  lenses(file: string): Promise<CodeLens[]> {
    return this.ask("codeLens", file);
  }

  hover(file: string, position: Position): Promise<Hover | null> {
    return this.ask("hover", file, { position });
  }

  definition(file: string, position: Position): Promise<Location | null> {
    return this.ask("definition", file, { position });
  }

  completion(file: string, position: Position): Promise<CompletionItem[]> {
    return this.ask("completion", file, { position });
  }

  folding(file: string): Promise<FoldingRange[]> {
    return this.ask("foldingRange", file);
  }

  actions(file: string, range: Range): Promise<CodeAction[]> {
    return this.ask("codeAction", file, { range, context: { diagnostics: [] } });
  }

  problems(file: string): Diagnostic[] {
    return this.diagnostics.get(pathToFileURL(file).href) ?? [];
  }

  async stop(): Promise<void> {
    await this.connection.sendRequest("shutdown");
    await this.connection.sendNotification("exit");
    if (this.process.exitCode === null) await new Promise((resolve) => this.process.once("exit", resolve));
    this.connection.dispose();
  }

  private ask<Answer>(method: string, file: string, more: object = {}): Promise<Answer> {
    const textDocument = { uri: pathToFileURL(file).href };
    return this.connection.sendRequest(`textDocument/${method}`, { textDocument, ...more });
  }
}

/** Where a marker text begins, so many characters in. */
export function positionOf(text: string, marker: string, offset = 0): Position {
  const at = text.indexOf(marker);
  if (at < 0) throw new Error(`${marker} is not in the text`);
  return positionAt(text, at + offset);
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length - 1, character: before.at(-1)!.length };
}

function offsetAt(text: string, { line, character }: Position): number {
  const lines = text.split("\n");
  return lines.slice(0, line).reduce((sum, content) => sum + content.length + 1, 0) + character;
}

/** The text with every hint in its place, as the editor shows it. */
export function withHints(text: string, hints: readonly InlayHint[]): string {
  const lines = text.split("\n");
  const ordered = [...hints].sort((a, b) => b.position.character - a.position.character);
  for (const { position, label } of ordered) {
    const shown = typeof label === "string" ? label : label.map(({ value }) => value).join("");
    const line = lines[position.line];
    lines[position.line] = `${line.slice(0, position.character)} «${shown}»${line.slice(position.character)}`;
  }
  return lines.join("\n");
}
