/**
 * Tabs of one kind of view, one per target: opened beside the code, found again, and back after the window is reloaded.
 * What a tab answers is its owner's business.
 */
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { Answers, ViewName } from "../../protocol/views/port.ts";
import type { ServedPort } from "../../protocol/views/serve.ts";
import type { App } from "../app.ts";
import { type Target, longLabel, targetKey, targetLabel } from "../target.ts";
import { showView } from "./page.ts";

export interface TabsOptions<Host> {
  /** The id that package.json declares: "layerwise.graph". */
  id: string;
  view: ViewName;
  /** In front of the target's name: "Graph". */
  title: string;
  /** A codicon. */
  icon: string;
  answers(target: Target): Answers<Host>;
}

interface Tab<News> {
  target: Target;
  panel: vscode.WebviewPanel;
  port: ServedPort<News>;
}

export class ViewTabs<Host, News extends { type: string }> implements vscode.WebviewPanelSerializer {
  private readonly app: App;
  private readonly options: TabsOptions<Host>;
  private readonly tabs = new Map<string, Tab<News>>();

  constructor(app: App, options: TabsOptions<Host>) {
    this.app = app;
    this.options = options;
  }

  /** The code keeps the focus: a new group would take it, and with it the next file that is opened. */
  async open(target: Target): Promise<void> {
    const known = this.tabs.get(targetKey(target));
    if (known) {
      known.panel.reveal(undefined, true);
      return;
    }
    const editor = this.app.editor();
    const place = { viewColumn: this.columnFor(target, editor), preserveFocus: target.kind !== "model" };
    const panel = vscode.window.createWebviewPanel(this.options.id, this.titleFor(target), place, {});
    this.adopt(panel, target);
    void this.remember();
    if (editor && target.kind !== "model") await vscode.window.showTextDocument(editor.document, editor.viewColumn);
  }

  /**
   * Beside the code. Where no code is in sight there is nothing that the view could hide: after the window was reloaded
   * a view may be what is looked at first, and another one goes to it.
   */
  private columnFor(target: Target, last: vscode.TextEditor | undefined): vscode.ViewColumn {
    const active = vscode.window.tabGroups.activeTabGroup.viewColumn;
    if (target.kind === "model") return last?.viewColumn ?? active;
    const shown = vscode.window.visibleTextEditors.find(({ document }) => document.uri.fsPath === target.file);
    const code = (last?.viewColumn !== undefined ? last : shown)?.viewColumn;
    return code === undefined ? active : code + 1;
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    await this.app.restored;
    const target = this.app.context.workspaceState.get<Record<string, Target>>(this.memoryKey)?.[panel.title];
    if (target) this.adopt(panel, target);
    else panel.dispose();
  }

  isOpen(target: Target): boolean {
    return this.tabs.has(targetKey(target));
  }

  isVisible(target: Target): boolean {
    return this.tabs.get(targetKey(target))?.panel.visible ?? false;
  }

  /** Every tab that is open. */
  all(): { target: Target; panel: vscode.WebviewPanel }[] {
    return [...this.tabs.values()];
  }

  tell(news: News): void {
    for (const { port } of this.tabs.values()) port.tell(news);
  }

  tellOne(target: Target, news: News): void {
    this.tabs.get(targetKey(target))?.port.tell(news);
  }

  dispose(): void {
    // The tabs outlive the extension: the next one takes them over.
    this.tabs.clear();
  }

  private get memoryKey(): string {
    return `${this.options.id}Tabs`;
  }

  /** Makes a panel that is there one of these. */
  adopt(panel: vscode.WebviewPanel, target: Target): void {
    const { context, log } = this.app;
    // Editors of files have the icon of their file.
    if (target.kind !== "model") panel.iconPath = new vscode.ThemeIcon(this.options.icon);
    const port = showView<Host, News>(panel.webview, {
      view: this.options.view,
      title: panel.title,
      extension: context.extensionUri,
      log,
      answers: this.options.answers(target),
    });
    this.tabs.set(targetKey(target), { target, panel, port });
    panel.onDidDispose(() => {
      if (this.tabs.get(targetKey(target))?.panel === panel) this.tabs.delete(targetKey(target));
      void this.remember();
    });
  }

  private titleFor(target: Target): string {
    const { title } = this.options;
    const short = `${title}: ${targetLabel(target)}`;
    const isTaken = [...this.tabs.values()].some(({ panel }) => panel.title === short);
    return isTaken ? `${title}: ${longLabel(target)} (${dirname(target.file)})` : short;
  }

  private async remember(): Promise<void> {
    // Editors of files come back by themselves.
    const entries = [...this.tabs.values()]
      .filter(({ panel }) => panel.viewType === this.options.id)
      .map(({ panel, target }) => [panel.title, target] as const);
    await this.app.context.workspaceState.update(this.memoryKey, Object.fromEntries(entries));
  }
}
