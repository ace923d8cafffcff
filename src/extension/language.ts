/**
 * The language server's client: starts it, tells it what the user chose, and gives its lenses their words. Everything
 * that the server shows works in untrusted folders too; lenses run code, so they wait for trust.
 */
import * as vscode from "vscode";
import {
  LanguageClient,
  TransportKind,
  type LanguageClientOptions,
  type ServerOptions,
} from "vscode-languageclient/node";
import {
  ANALYSIS_STATE,
  ARGUMENTS_CHANGED,
  TARGET_LENS,
  type AnalysisState,
  type GivenArguments,
  type HintSettings,
  type StartOptions,
} from "../language/messages.ts";
import type { App } from "./app.ts";
import { readSetting } from "./configuration.ts";
import { requestFields } from "./inputs.ts";
import { lenses } from "./lenses/index.ts";
import { asTarget } from "./target.ts";

const SELECTOR = [{ language: "python", scheme: "file" }];

export class Language implements vscode.Disposable {
  private readonly app: App;
  /** By URI: what is being found out. */
  private readonly states = new Map<string, AnalysisState>();
  private readonly client: LanguageClient;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onChange = this.changed.event;

  constructor(app: App) {
    this.app = app;
    this.client = new LanguageClient("layerwise", "Layerwise Language Server", this.server(), this.options());
    this.client.onNotification(ANALYSIS_STATE, (state: AnalysisState) => {
      this.states.set(state.uri, state);
      this.changed.fire();
    });
    this.client.start().catch((error: Error) => app.log.error(`the language server did not start: ${error.message}`));
  }

  stateOf(document: vscode.TextDocument | undefined): AnalysisState | undefined {
    return document && this.states.get(this.client.code2ProtocolConverter.asUri(document.uri));
  }

  /** Titles of lenses have changed: a run began or ended, a setting was switched. */
  refreshLenses(): void {
    for (const document of vscode.workspace.textDocuments) {
      const feature = this.client.getFeature("textDocument/codeLens");
      feature?.getProvider(document)?.onDidChangeCodeLensEmitter.fire();
    }
  }

  argumentsChanged(): void {
    if (this.client.isRunning()) void this.client.sendNotification(ARGUMENTS_CHANGED, givenArguments(this.app));
  }

  dispose(): void {
    this.changed.dispose();
    // Rejects where it is still starting: it is going away in either case.
    this.client.dispose().catch(() => {});
  }

  private server(): ServerOptions {
    const module = vscode.Uri.joinPath(this.app.context.extensionUri, "dist", "language.cjs").fsPath;
    return { module, transport: TransportKind.ipc };
  }

  private options(): LanguageClientOptions {
    const { extensionUri } = this.app.context;
    const start = (): StartOptions => ({
      runtimeFile: vscode.Uri.joinPath(extensionUri, "dist", "runtime.mjs").fsPath,
      readable: [extensionUri.fsPath],
      settings: hintSettings(),
      arguments: givenArguments(this.app),
    });
    return {
      documentSelector: SELECTOR,
      // Failures of runs have a collection of their own.
      diagnosticCollectionName: "layerwise-language",
      initializationOptions: start,
      outputChannel: this.app.log,
      synchronize: { configurationSection: "layerwise" },
      middleware: {
        provideCodeLenses: async (document, token, next) => this.lenses((await next(document, token)) ?? []),
      },
    };
  }

  /** One place becomes as many lenses as make sense there. */
  private lenses(placed: vscode.CodeLens[]): vscode.CodeLens[] {
    // Every lens runs code of the folder.
    if (!vscode.workspace.isTrusted) return [];
    const enabled = lenses.filter(({ setting }) => readSetting(setting));
    return placed.flatMap(({ range, command }) => {
      const target = command?.command === TARGET_LENS ? asTarget(command.arguments?.[0]) : undefined;
      if (!target) return [];
      return enabled.flatMap(({ show }) => {
        const shown = show(this.app, target);
        return shown ? [new vscode.CodeLens(range, { ...shown, arguments: [target] })] : [];
      });
    });
  }
}

function hintSettings(): HintSettings {
  return {
    environment: readSetting("environment"),
    hints: {
      enabled: readSetting("hints.enabled"),
      assignments: readSetting("hints.assignments"),
      returns: readSetting("hints.returns"),
      loops: readSetting("hints.loops"),
      names: readSetting("hints.names"),
    },
    diagnostics: { enabled: readSetting("diagnostics.enabled") },
    hover: { enabled: readSetting("hover.enabled") },
  };
}

function givenArguments(app: App): GivenArguments {
  return Object.fromEntries(Object.entries(app.inputs.entries()).map(([key, given]) => [key, requestFields(given)]));
}
