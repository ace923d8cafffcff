/**
 * Tabs of one kind of view, one per target: opened beside the code, found again, and back after the window is reloaded.
 * What a tab answers is its owner's business.
 */
import * as vscode from "vscode";
import type { Answers, ViewName } from "../../protocol/views/port.ts";
import type { ServedPort } from "../../protocol/views/serve.ts";
import type { App } from "../app.ts";
import { type Target, longLabel, targetKey } from "../target.ts";
import { tabTitles } from "../titles.ts";
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
  /** The editor writes its layout down now and then: a tab may come back under a title that it no longer has. */
  formerTitles: string[];
}

/** By title, which is all that is known of a tab before it is looked at again. */
type TabMemory = Record<string, Target>;

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
    const panel = vscode.window.createWebviewPanel(this.options.id, this.options.title, place, {});
    this.adopt(panel, target);
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
    const target = this.memory()[panel.title];
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
      title: target.kind === "model" ? panel.title : `${this.options.title}: ${longLabel(target)}`,
      extension: context.extensionUri,
      log,
      answers: this.options.answers(target),
    });
    this.tabs.set(targetKey(target), { target, panel, port, formerTitles: [] });
    this.retitle();
    panel.onDidDispose(() => {
      if (this.tabs.get(targetKey(target))?.panel === panel) this.tabs.delete(targetKey(target));
      this.retitle();
    });
  }

  /** A tab that comes or goes may change what tells the others apart. */
  private retitle(): void {
    const { id, title } = this.options;
    const own = [...this.tabs.values()].filter(({ panel }) => panel.viewType === id);
    const waiting = this.waiting(own);
    const targets = [...own.map(({ target }) => target), ...Object.values(waiting)];
    const titles = tabTitles(targets, (file) => vscode.workspace.asRelativePath(file));
    for (const tab of own) {
      const wanted = `${title}: ${titles.get(targetKey(tab.target))!}`;
      if (tab.panel.title === wanted) continue;
      if (tab.panel.title !== title) tab.formerTitles.push(tab.panel.title);
      tab.panel.title = wanted;
    }
    const former = own.flatMap(({ formerTitles, target }) => formerTitles.map((name) => [name, target] as const));
    const current = own.map(({ panel, target }) => [panel.title, target] as const);
    const memory: TabMemory = { ...Object.fromEntries(former), ...waiting, ...Object.fromEntries(current) };
    void this.app.context.workspaceState.update(this.memoryKey, memory);
  }

  /** Tabs of the last session that nobody has looked at since: the editor makes their panels when somebody does. */
  private waiting(own: readonly Tab<News>[]): TabMemory {
    const labels = new Set(vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ label }) => label)));
    const known = new Set(own.flatMap(({ panel, formerTitles }) => [panel.title, ...formerTitles]));
    const entries = Object.entries(this.memory()).filter(
      ([title, target]) => labels.has(title) && !known.has(title) && !this.tabs.has(targetKey(target)),
    );
    return Object.fromEntries(entries);
  }

  private memory(): TabMemory {
    return this.app.context.workspaceState.get<TabMemory>(this.memoryKey) ?? {};
  }
}
