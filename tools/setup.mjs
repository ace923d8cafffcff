/**
 * Brings a fresh clone to a state in which everything runs: npm packages (Node 24 among them), the native build, the
 * bundles; for the workbench also a VS Code server and a browser. Does nothing that is already done.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { SetupError, findProgram, installSystemPackages, nodeMajor } from "./steps.mjs";
import { projectNode, quietly, root, step } from "./steps.mjs";

const nodeNeeded = 24;
const serverFolder = "test/workbench/node_modules/code-server/lib/vscode";
const npmQuiet = ["--ignore-scripts", "--no-audit", "--no-fund"];

/** A Node that is new enough: the project's own, else the system's. */
export function findNode() {
  if (existsSync(projectNode)) return projectNode;
  return nodeMajor(process.execPath) >= nodeNeeded ? process.execPath : undefined;
}

async function npmPackages() {
  // No script of a package is run: none of ours needs one, and newer versions of npm refuse them anyway.
  await step({
    name: "npm packages",
    inputs: ["package-lock.json"],
    words: [process.platform, process.arch],
    outputs: ["node_modules/esbuild", "node_modules/typescript", "node_modules/pyodide"],
    work: () => quietly("npm", ["ci", ...npmQuiet]),
  });
  if (!findNode()) {
    throw new SetupError(
      `Node ${nodeNeeded} or newer is needed, this one is ${process.version}, and npm brings none for ` +
        `${process.platform}-${process.arch}: install it from nodejs.org, then try again`,
    );
  }
}

/**
 * Programs that Debian packages under their own names.
 * @param {string[]} programs
 * @param {string} purpose
 */
async function needPrograms(programs, purpose) {
  const missing = programs.filter((program) => !findProgram(program));
  if (missing.length > 0) await installSystemPackages(missing, purpose);
}

async function nativeAddons() {
  if (!existsSync(join(root, "native/CMakeLists.txt"))) {
    console.log("  native addons: skipped, native/CMakeLists.txt does not exist");
    return;
  }
  await needPrograms(["cmake", "g++", "make"], "The native build");
  const generator = findProgram("ninja") ? "Ninja" : "Unix Makefiles";
  await step({
    name: "native addons",
    inputs: ["native", "node_modules/node-api-headers/package.json"],
    words: [generator, findProgram("nvcc") ?? "no nvcc"],
    outputs: ["native/bin/linux-x64/cpu.node"],
    async work() {
      const build = join(root, "native/build");
      const cache = join(build, "CMakeCache.txt");
      const wanted = `CMAKE_GENERATOR:INTERNAL=${generator}`;
      if (existsSync(cache) && !readFileSync(cache, "utf8").includes(wanted)) rmSync(build, { recursive: true });
      await quietly("cmake", ["-S", "native", "-B", build, "-G", generator, "-DCMAKE_BUILD_TYPE=Release"]);
      await quietly("cmake", ["--build", build, "--parallel", String(availableParallelism())]);
    },
  });
}

async function bundles() {
  await step({
    name: "bundles",
    inputs: ["src", "webview", "python", "tools/build.ts", "tools/zip.ts", "package-lock.json"],
    outputs: ["dist/extension.cjs", "dist/pyodide", "dist/codecs", "dist/python.zip"],
    work: () => quietly(/** @type {string} */ (findNode()), [join(root, "tools/build.ts")]),
  });
}

/**
 * What every command of the project needs. Watching makes its own bundles, and may start from sources that have errors.
 * @param {{needsBundles?: boolean}} [options]
 */
export async function setup({ needsBundles = true } = {}) {
  await npmPackages();
  await nativeAddons();
  if (needsBundles) await bundles();
}

/** A real VS Code to run the extension in: code-server, in a package of its own so that a plain install stays small. */
export async function setupWorkbench() {
  await step({
    name: "VS Code server",
    inputs: ["test/workbench/package-lock.json"],
    words: [process.platform, process.arch],
    outputs: [`${serverFolder}/node_modules/@vscode/spdlog/build/Release/spdlog.node`],
    async work() {
      await needPrograms(["python3", "g++", "make"], "The VS Code server");
      const workbench = join(root, "test/workbench");
      const server = join(root, serverFolder);
      await quietly("npm", ["ci", ...npmQuiet], { cwd: workbench });
      // What code-server's own install script would do, less the native modules that only its desktop features need:
      // the log writer and the watchdog are compiled, against the headers that come with the project's Node.
      await quietly("npm", ["install", "--omit=dev", ...npmQuiet], { cwd: server });
      await quietly("npm", ["install", "--omit=dev", ...npmQuiet], { cwd: join(server, "extensions") });
      const modules = ["@vscode/spdlog", "@vscode/native-watchdog"];
      const env = { npm_config_nodedir: join(root, "node_modules/node"), npm_config_ignore_scripts: "false" };
      await quietly("npm", ["rebuild", ...modules], { cwd: server, env });
    },
  });
}

/** The browser that drives the workbench in tests. */
export function findBrowser() {
  return findProgram("chromium") ?? findProgram("chromium-browser") ?? findProgram("google-chrome");
}

export async function setupBrowser() {
  if (!findBrowser()) await installSystemPackages(["chromium"], "The workbench test");
}
