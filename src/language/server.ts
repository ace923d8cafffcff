/**
 * The language server: shapes, problems, hovers, lenses over Python files, for VS Code or any client of the protocol.
 * Answers from what is known and never waits for Python; what becomes known later is announced. Runs no user code: the
 * hints process does.
 */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  CodeActionKind,
  DidChangeWatchedFilesNotification,
  ProposedFeatures,
  TextDocumentSyncKind,
  createConnection,
  type InitializeParams,
  type InitializeResult,
} from "vscode-languageserver/node";
import { rootFolder } from "../runtime/paths.ts";
import { Analyst } from "./analyst.ts";
import { OpenFile } from "./documents.ts";
import { completion } from "./features/completion.ts";
import { definition } from "./features/definition.ts";
import { codeActions, diagnostics } from "./features/diagnostics.ts";
import { folding } from "./features/folding.ts";
import { hover } from "./features/hover.ts";
import { inlayHints } from "./features/inlay_hints.ts";
import { lenses } from "./features/lenses.ts";
import { HintsProcess } from "./hints_process.ts";
import {
  ANALYSIS_STATE,
  ARGUMENTS_CHANGED,
  DEFAULT_SETTINGS,
  WAIT_FOR_ANALYSIS,
  type GivenArguments,
  type HintSettings,
  type StartOptions,
} from "./messages.ts";
import { filesBehind } from "./outline/imports.ts";
import { splitTarget } from "../runtime/session.ts";

const connection = createConnection(ProposedFeatures.all);
const files = new Map<string, OpenFile>();
let folders: string[] = [];
let settings: HintSettings = DEFAULT_SETTINGS;
let given: GivenArguments = {};
let hints: HintsProcess | null = null;
let start: StartOptions | null = null;
let canWatch = false;
/** What each open file is made of; found again when an import or the disk has changed, not with every letter. */
const behind = new Map<string, string[]>();
let canRefresh = false;

const analyst = new Analyst({
  analyse: (request, signal) => hintsProcess().analyse(request, signal),
  context(file) {
    const workspace = workspaceOf(file.path);
    const environment = settings.environment.trim();
    return {
      overlay: Object.fromEntries([...files.values()].map((open) => [open.path, open.text])),
      ...(workspace ? { workspace } : {}),
      ...(environment === ""
        ? {}
        : { env: isAbsolute(environment) || !workspace ? environment : join(workspace, environment) }),
      given: givenFor(file.path),
    };
  },
  changed(file) {
    publish(file);
    if (canRefresh) connection.languages.inlayHint.refresh().catch(() => {});
  },
  state: (file, state, sentence) =>
    void connection.sendNotification(ANALYSIS_STATE, { uri: file.uri, state, sentence }),
  log: (sentence) => connection.console.log(sentence),
});

connection.onInitialize((parameters: InitializeParams): InitializeResult => {
  start = (parameters.initializationOptions as StartOptions | undefined) ?? null;
  folders = (parameters.workspaceFolders ?? []).map(({ uri }) => pathOf(uri)).filter((path) => path !== null);
  settings = withDefaults(start?.settings);
  given = start?.arguments ?? {};
  const { workspace } = parameters.capabilities;
  canWatch = workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
  canRefresh = workspace?.inlayHint?.refreshSupport === true;
  return {
    capabilities: {
      textDocumentSync: TextDocumentSyncKind.Incremental,
      inlayHintProvider: true,
      hoverProvider: true,
      codeLensProvider: {},
      codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
      definitionProvider: true,
      completionProvider: { triggerCharacters: ["."] },
      foldingRangeProvider: true,
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    },
    serverInfo: { name: "Layerwise" },
  };
});

connection.onInitialized(() => {
  if (folders.length > 0) hintsProcess().warmUp();
  if (canWatch) {
    void connection.client.register(DidChangeWatchedFilesNotification.type, {
      watchers: [{ globPattern: "**/*.py" }],
    });
  }
  connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
    const gone = new Set(removed.map(({ uri }) => pathOf(uri)));
    folders = [...folders.filter((folder) => !gone.has(folder)), ...added.flatMap(({ uri }) => pathOf(uri) ?? [])];
    restart();
  });
});

connection.onDidOpenTextDocument(({ textDocument: { uri, version, text, languageId } }) => {
  if (languageId !== "python" || pathOf(uri) === null) return;
  behind.clear();
  const file = new OpenFile(uri, version, text);
  files.set(uri, file);
  // A folder that is no workspace becomes readable with its first open file.
  if (!isReadable(file.path)) restart();
  else analyst.schedule(file);
});

connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
  const file = files.get(uri);
  if (!file) return;
  const imports = file.outline.imports.join();
  file.change(contentChanges, version);
  if (file.outline.imports.join() !== imports) behind.clear();
  // What an edit took away is gone at once, not with the next analysis.
  publish(file);
  analyst.schedule(file);
  scheduleRelated(file.path);
});

connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
  behind.clear();
  files.delete(uri);
  analyst.close(uri);
  void connection.sendDiagnostics({ uri, diagnostics: [] });
});

connection.onDidChangeWatchedFiles(({ changes }) => {
  behind.clear();
  for (const { uri } of changes) {
    const path = pathOf(uri);
    if (path !== null && !files.has(uri)) scheduleRelated(path);
  }
});

connection.onDidChangeConfiguration(({ settings: changed }) => {
  const before = settings.environment;
  settings = withDefaults((changed as { layerwise?: HintSettings } | null)?.layerwise);
  for (const file of files.values()) {
    publish(file);
    if (settings.environment !== before) analyst.schedule(file);
  }
  if (canRefresh) connection.languages.inlayHint.refresh().catch(() => {});
});

connection.onNotification(ARGUMENTS_CHANGED, (changed: GivenArguments) => {
  given = changed;
  for (const file of files.values()) analyst.schedule(file);
});

connection.onRequest(WAIT_FOR_ANALYSIS, ({ uri }: { uri: string }) => analyst.whenDone(uri));
connection.languages.inlayHint.on(({ textDocument: { uri }, range }) => {
  const file = files.get(uri);
  if (!file) return [];
  file.shown = { from: range.start.line, to: range.end.line };
  return inlayHints(file, range, settings);
});
connection.onHover(({ textDocument: { uri }, position }) => {
  const file = files.get(uri);
  return file ? hover(file, position, settings) : null;
});
connection.onCodeLens(({ textDocument: { uri } }) => {
  const file = files.get(uri);
  return file ? lenses(file) : [];
});
connection.onCodeAction(({ textDocument: { uri }, range }) => {
  const file = files.get(uri);
  return file ? codeActions(file, range, settings) : [];
});
connection.onDefinition(({ textDocument: { uri }, position }) => {
  const file = files.get(uri);
  return file ? definition(file, position) : null;
});
connection.onCompletion(({ textDocument: { uri }, position }) => {
  const file = files.get(uri);
  return file ? completion(file, position) : [];
});
connection.onFoldingRanges(({ textDocument: { uri } }) => {
  const file = files.get(uri);
  return file ? folding(file) : [];
});
connection.onShutdown(() => hints?.dispose());
connection.onExit(() => process.exit(0));

function publish(file: OpenFile): void {
  void connection.sendDiagnostics({ uri: file.uri, version: file.version, diagnostics: diagnostics(file, settings) });
}

/** Open files whose models are made of this one, and those that it makes its models of: it says what they are given. */
function scheduleRelated(path: string): void {
  const open = files.get(pathToFileURL(path).href);
  const used = open ? filesOf(open) : filesBehind(path, workspaceOf(path) ?? "", readText);
  for (const file of files.values()) {
    if (file.path === path) continue;
    if (used.includes(file.path) || filesOf(file).includes(path)) analyst.schedule(file);
  }
}

function filesOf(file: OpenFile): string[] {
  const known = behind.get(file.uri);
  if (known) return known;
  const found = filesBehind(file.path, workspaceOf(file.path) ?? "", readText);
  // Without word from the client of what changes on the disk, it has to be looked at.
  if (canWatch) behind.set(file.uri, found);
  return found;
}

function readText(path: string): string | null {
  const open = files.get(pathToFileURL(path).href);
  if (open) return open.text;
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function hintsProcess(): HintsProcess {
  return (hints ??= new HintsProcess({
    file: start?.runtimeFile ?? join(rootFolder, "dist", "runtime.mjs"),
    readable: readableFolders(),
    onLog: (line) => connection.console.log(line),
  }));
}

/** Permissions are given to a process when it starts: other folders, another process. */
function restart(): void {
  behind.clear();
  hints?.dispose();
  hints = null;
  for (const file of files.values()) analyst.schedule(file);
}

function readableFolders(): string[] {
  const own = start?.readable ?? [rootFolder];
  const loose = [...files.values()].flatMap(({ path }) => (workspaceOf(path) ? [] : [join(path, "..")]));
  const environment = settings.environment.trim();
  return [...new Set([...own, ...folders, ...loose, ...(isAbsolute(environment) ? [environment] : [])])];
}

function isReadable(path: string): boolean {
  return hints === null || workspaceOf(path) !== undefined;
}

function workspaceOf(path: string): string | undefined {
  return folders.filter((folder) => path.startsWith(`${folder}/`)).toSorted((a, b) => b.length - a.length)[0];
}

function givenFor(path: string): GivenArguments {
  const found: GivenArguments = {};
  for (const [target, choice] of Object.entries(given)) {
    const { file, name } = splitTarget(target);
    if (file === path && name !== "") found[name] = choice;
  }
  return found;
}

function pathOf(uri: string): string | null {
  try {
    return fileURLToPath(uri);
  } catch {
    // Not a file: a notebook's cell, a virtual file system.
    return null;
  }
}

function withDefaults(told: HintSettings | undefined): HintSettings {
  return {
    environment: typeof told?.environment === "string" ? told.environment : DEFAULT_SETTINGS.environment,
    hints: { ...DEFAULT_SETTINGS.hints, ...told?.hints },
    diagnostics: { ...DEFAULT_SETTINGS.diagnostics, ...told?.diagnostics },
    hover: { ...DEFAULT_SETTINGS.hover, ...told?.hover },
  };
}

connection.listen();
