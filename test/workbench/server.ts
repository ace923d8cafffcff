/**
 * Starts a real VS Code server on a loopback port with a throw-away profile and our extension in it, taken from this
 * folder (nothing to build but the bundles) or installed from a .vsix. Knows nothing of browsers.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment, projectNode, quietly, root } from "../../tools/steps.mjs";

const entry = join(dirname(fileURLToPath(import.meta.url)), "node_modules/code-server/out/node/entry.js");
const node = fs.existsSync(projectNode) ? projectNode : process.execPath;
const startTimeoutMs = 60_000;

/** A quiet workbench: nothing that reaches out to a network, pops up or moves by itself. */
const defaultSettings = {
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "security.workspace.trust.banner": "never",
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

export interface ServerOptions {
  /** "folder" takes this checkout; anything else is the path of a .vsix. */
  extension?: "folder" | string;
  /** Folders of further extensions to load. */
  otherExtensions?: string[];
  /** Untrusted folders open in Restricted Mode. */
  isTrusted?: boolean;
  settings?: Record<string, unknown>;
  /** Asked of whoever opens the page; without one, whoever reaches the port is let in. */
  password?: string;
  port?: number;
}

export class WorkbenchServer {
  readonly port: number;
  readonly profile: string;
  readonly #process: ChildProcess;

  constructor(process: ChildProcess, port: number, profile: string) {
    this.#process = process;
    this.port = port;
    this.profile = profile;
  }

  /** The address of a window on a folder. */
  urlOf(folder: string): string {
    return `http://127.0.0.1:${this.port}/?folder=${encodeURIComponent(folder)}`;
  }

  /** The folder our extension was installed to. */
  get extensionFolder(): string {
    const installed = fs.readdirSync(join(this.profile, "extensions")).find((name) => name.startsWith("layerwise."));
    if (!installed) throw new Error(`no layerwise extension in ${this.profile}/extensions`);
    return join(this.profile, "extensions", installed);
  }

  /** What the server and the extension host wrote, for a test that failed. */
  logs(): string {
    return filesBelow(join(this.profile, "logs"))
      .filter((file) => file.endsWith(".log"))
      .map((file) => `--- ${file}\n${fs.readFileSync(file, "utf8")}`)
      .join("\n");
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null) {
      const closed = once(this.#process, "close");
      // The server has children of its own, the extension host among them: the whole group goes.
      process.kill(-this.#process.pid!, "SIGTERM");
      const patience = setTimeout(() => process.kill(-this.#process.pid!, "SIGKILL"), 5000);
      await closed;
      clearTimeout(patience);
    }
    fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

export async function startServer(options: ServerOptions = {}): Promise<WorkbenchServer> {
  const profile = fs.mkdtempSync(join(tmpdir(), "layerwise-workbench-"));
  const extensions = join(profile, "extensions");
  fs.mkdirSync(join(profile, "User"), { recursive: true });
  fs.mkdirSync(extensions);
  fs.writeFileSync(join(profile, "config.yaml"), "");
  const settings = { ...defaultSettings, ...options.settings };
  fs.writeFileSync(join(profile, "User/settings.json"), JSON.stringify(settings, undefined, 2));
  const common = ["--user-data-dir", profile, "--extensions-dir", extensions, "--config", join(profile, "config.yaml")];

  for (const folder of options.otherExtensions ?? []) linkExtension(extensions, folder, fs.readdirSync(folder));
  const extension = options.extension ?? "folder";
  if (extension === "folder") linkExtension(extensions, root, shippedEntries());
  else await quietly(node, [entry, ...common, "--install-extension", extension]);

  const port = options.port ?? (await freePort());
  const args = [entry, ...common, "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check"];
  args.push("--auth", options.password ? "password" : "none");
  if (options.isTrusted ?? true) args.push("--disable-workspace-trust");
  const env: NodeJS.ProcessEnv = { ...environment() };
  if (options.password) env.PASSWORD = options.password;
  // Without these a server started from a terminal of VS Code takes itself for a client of that window.
  for (const name of Object.keys(env)) if (name.startsWith("VSCODE_")) delete env[name];

  const child = spawn(node, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const server = new WorkbenchServer(child, port, profile);
  await listening(child).catch(async (error) => {
    await server.close();
    throw error;
  });
  return server;
}

/** Puts a folder of links where an installed extension would be: the server may delete it and harm no source. */
function linkExtension(extensions: string, source: string, entries: string[]): void {
  const { publisher, name, version } = JSON.parse(fs.readFileSync(join(source, "package.json"), "utf8"));
  const folder = join(extensions, `${publisher}.${name}-${version}`);
  fs.mkdirSync(folder);
  for (const entry of entries) {
    if (fs.existsSync(join(source, entry))) fs.symlinkSync(join(source, entry), join(folder, entry));
  }
}

/** The files and folders at the root that .vscodeignore lets into the package. */
function shippedEntries(): string[] {
  const lines = fs.readFileSync(join(root, ".vscodeignore"), "utf8").split("\n");
  const allowed = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1).split("/")[0]);
  return [...new Set(allowed)];
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    const timer = setTimeout(() => reject(new Error(`code-server did not start in time:\n${log}`)), startTimeoutMs);
    const read = (chunk: Buffer): void => {
      log += chunk;
      if (!log.includes("HTTP server listening")) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout!.on("data", read);
    child.stderr!.on("data", read);
    child.on("close", (code) => {
      clearTimeout(timer);
      reject(new Error(`code-server ended with exit code ${code}:\n${log}`));
    });
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("the probe for a free port got no port");
  return address.port;
}

function filesBelow(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
