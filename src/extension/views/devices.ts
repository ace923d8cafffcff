/**
 * The host of the device page: one tab, which asks the runtime what there is, again while it is looked at and nothing
 * runs, and which writes the choice of a device into the settings.
 */
import { resolve } from "node:path";
import * as vscode from "vscode";
import type { DeviceInfo } from "../../protocol/results.ts";
import type { DevicesRequest } from "../../protocol/rpc.ts";
import type { Failure } from "../../protocol/source.ts";
import { automatic, type DevicesHost, type DevicesNews, type DevicesState } from "../../protocol/views/devices.ts";
import type { ServedPort } from "../../protocol/views/serve.ts";
import { RuntimeFailure } from "../../runtime/client.ts";
import type { App } from "../app.ts";
import { onSettingChange, readSetting, rememberHere } from "../configuration.ts";
import { DEVICES_VIEW } from "./names.ts";
import { showView } from "./page.ts";

/** Readings are worth a look as often as a person can read them. */
const LOOK_EVERY_MS = 3000;

/** Libraries of the folder's Python environment are loaded only where the folder is trusted. */
function librariesOf(): DevicesRequest {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!vscode.workspace.isTrusted || folder?.scheme !== "file") return {};
  const environment = readSetting("environment").trim();
  const workspace = folder.fsPath;
  return { workspace, ...(environment === "" ? {} : { env: resolve(workspace, environment) }) };
}

export class DevicesView implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly app: App;
  private panel: vscode.WebviewPanel | null = null;
  private port: ServedPort<DevicesNews> | null = null;
  private devices: DeviceInfo[] | null = null;
  private failure: Failure | null = null;
  private looking: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(app: App) {
    this.app = app;
    this.subscriptions = [onSettingChange(["device"], () => this.refresh())];
  }

  async open(): Promise<void> {
    if (this.panel) {
      this.panel.reveal();
    } else {
      this.adopt(vscode.window.createWebviewPanel(DEVICES_VIEW, "Devices", vscode.ViewColumn.Active, {}));
    }
    await this.look();
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.adopt(panel);
    await this.look();
  }

  /** What there is, as it was found last; looks where nobody has looked yet. */
  async found(): Promise<DeviceInfo[]> {
    if (!this.devices) await this.look();
    return this.devices ?? [];
  }

  refresh(): void {
    this.port?.tell({ type: "changed" });
  }

  dispose(): void {
    clearInterval(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private adopt(panel: vscode.WebviewPanel): void {
    const { context, log } = this.app;
    this.panel = panel;
    panel.iconPath = new vscode.ThemeIcon("chip");
    this.port = showView<DevicesHost, DevicesNews>(panel.webview, {
      view: "devices",
      title: "Devices",
      extension: context.extensionUri,
      log,
      answers: {
        state: () => this.state(),
        look: () => void this.look(),
        choose: (choice) => rememberHere("device", choice),
        copy: async (text) => vscode.env.clipboard.writeText(text),
        openLink: async (url) => void (await vscode.env.openExternal(vscode.Uri.parse(url, true))),
      },
    });
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      const isIdle = panel.visible && this.app.jobs.all.length === 0 && this.app.runtime.state.pid !== null;
      if (isIdle && this.devices?.some(({ readings }) => readings)) void this.look();
    }, LOOK_EVERY_MS);
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      clearInterval(this.timer);
      this.panel = null;
      this.port = null;
    });
  }

  /** Asks the runtime directly: a look is no job that people would wait for. */
  private look(): Promise<void> {
    this.looking ??= this.ask().finally(() => {
      this.looking = null;
      this.refresh();
    });
    this.refresh();
    return this.looking;
  }

  private async ask(): Promise<void> {
    try {
      const { devices } = await this.app.runtime.client.request("devices", librariesOf());
      this.devices = devices;
      this.failure = null;
    } catch (error) {
      const message = (error as Error).message;
      this.failure = error instanceof RuntimeFailure ? error.failure : { kind: "bug", type: "Layerwise", message };
    }
  }

  private state(): DevicesState {
    const { app, devices } = this;
    return {
      devices,
      choice: readSetting("device"),
      auto: automatic(devices ?? []),
      live: app.runtime.state.memory,
      isRunning: app.jobs.all.length > 0,
      isLooking: this.looking !== null && devices === null,
      failure: this.failure,
    };
  }
}
