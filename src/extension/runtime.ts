/** The runtime process inside the editor: started on first use, its deaths told once, its state for the status bar. */
import * as vscode from "vscode";
import type { DeviceState } from "../protocol/rpc.ts";
import { RuntimeClient } from "../runtime/client.ts";
import { onSettingChange, readSetting } from "./configuration.ts";

const SHOW_LOG = "Show Log";
const RESTART = "Restart Runtime";

export interface RuntimeState {
  device: string | null;
  pid: number | null;
  memory: DeviceState | null;
  isGivenUp: boolean;
}

export class Runtime implements vscode.Disposable {
  readonly client: RuntimeClient;
  readonly state: RuntimeState = { device: null, pid: null, memory: null, isGivenUp: false };
  private readonly log: vscode.LogOutputChannel;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly settings: vscode.Disposable;
  readonly onChange = this.changed.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.log = log;
    this.client = new RuntimeClient({
      file: vscode.Uri.joinPath(context.extensionUri, "dist", "runtime.mjs").fsPath,
      options: () => ({
        memoryLimitBytes: readSetting("memoryLimitMiB") * 1024 * 1024,
        ...(readSetting("threads") > 0 ? { core: { threads: readSetting("threads") } } : {}),
      }),
      onLog: (line) => log.info(line),
      onReady: ({ pid, device }) => {
        Object.assign(this.state, { pid, device, isGivenUp: false });
        log.info(`runtime process ${pid} is ready on ${device}`);
        this.changed.fire();
      },
      onMemory: (memory) => {
        this.state.memory = memory;
        this.changed.fire();
      },
      onDeath: (failure, isGivenUp) => void this.tellDeath(failure.message, isGivenUp),
    });
    // What is told to a process when it starts: the next request starts one with the new values.
    this.settings = onSettingChange(["memoryLimitMiB", "threads"], () => this.client.stop());
  }

  async restart(): Promise<void> {
    this.state.isGivenUp = false;
    await this.client.restart();
  }

  dispose(): void {
    this.client.dispose();
    this.settings.dispose();
    this.changed.dispose();
  }

  private async tellDeath(message: string, isGivenUp: boolean): Promise<void> {
    Object.assign(this.state, { pid: null, memory: null, isGivenUp });
    this.changed.fire();
    const sentence = `Layerwise: ${message}.`;
    this.log.warn(sentence);
    const choice = isGivenUp
      ? await vscode.window.showErrorMessage(`${sentence} It is not started again by itself.`, RESTART, SHOW_LOG)
      : await vscode.window.showWarningMessage(`${sentence} It was started again; the run was lost.`, SHOW_LOG);
    if (choice === SHOW_LOG) this.log.show();
    if (choice === RESTART) await this.restart().catch((error: Error) => this.log.error(error.message));
  }
}
