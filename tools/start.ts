/**
 * Shows what Layerwise does, from a fresh clone: profiles an example on the command line, then opens VS Code on the
 * examples with the extension loaded. `--no-workbench` stops before VS Code; `--port N` chooses code-server's port.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setupWorkbench } from "./setup.mjs";
import { SetupError, findProgram, openly, root } from "./steps.mjs";

const examples = join(root, "examples");
const example = "examples/gpt.py::GPT";
const report = "layerwise-report.html";

async function profileExample(): Promise<void> {
  console.log(`\n$ bin/layerwise profile ${example} --html ${report}`);
  const code = await openly(join(root, "bin/layerwise"), ["profile", example, "--html", report]);
  if (code !== 0) throw new SetupError(`profiling the example ended with exit code ${code}`);
}

/** A desktop VS Code can be opened from here: not over SSH, not in a container. */
function desktopCode(): string | undefined {
  const hasScreen = process.platform !== "linux" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  return hasScreen ? findProgram("code") : undefined;
}

async function openWorkbench(port: number): Promise<void> {
  const code = desktopCode();
  if (code) {
    const args = ["--new-window", `--extensionDevelopmentPath=${root}`, examples];
    spawn(code, args, { stdio: "ignore", detached: true }).unref();
    console.log("\nOpened VS Code on examples/: open gpt.py and look above the classes.");
    return;
  }
  await setupWorkbench();
  const { startServer } = await import("../test/workbench/server.ts");
  const password = randomBytes(12).toString("base64url");
  const server = await startServer({ port, password, settings: { "workbench.startupEditor": "readme" } });
  console.log(`\nVS Code is ready on this machine: ${server.urlOf(examples)}`);
  console.log(`Password: ${password}`);
  console.log("Open gpt.py and look above the classes. Stop with Ctrl+C.");
  await new Promise((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await server.close();
}

const { values } = parseArgs({
  options: { "no-workbench": { type: "boolean", default: false }, port: { type: "string", default: "8399" } },
});
try {
  if (existsSync(join(root, "dist/cli.mjs"))) await profileExample();
  else console.log("dist/cli.mjs does not exist: the example is not profiled");
  if (!values["no-workbench"]) await openWorkbench(Number(values.port));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
