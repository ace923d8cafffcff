/**
 * The parts that set-up is made of: named steps with a stamp, quiet commands that show their log only when they fail,
 * system packages. Runs on the system's own Node, before anything is installed, so it imports nothing but Node itself.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const projectNode = join(root, "node_modules/node/bin/node");

const stampFolder = join(root, "node_modules/.layerwise");
const logLinesShown = 40;

/** What the user has to do or know: shown as its message alone, without a stack. */
export class SetupError extends Error {}

/** Folders that hold what is made or installed, never what a step is made from. */
const derivedFolders = new Set(["node_modules", "build", "bin", "dist", "__pycache__", "screenshots", ".git"]);

/**
 * Every file under the given files and folders, sorted, relative to the root; absent ones are skipped.
 * @param {string[]} inputs
 * @returns {string[]}
 */
export function filesUnder(inputs) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} path */
  const visit = (path) => {
    let entries;
    try {
      entries = readdirSync(path, { withFileTypes: true });
    } catch (error) {
      const code = /** @type {NodeJS.ErrnoException} */ (error).code;
      if (code === "ENOTDIR") found.push(relative(root, path));
      return;
    }
    for (const entry of entries) {
      if (entry.isDirectory() ? derivedFolders.has(entry.name) : !entry.isFile()) continue;
      visit(join(path, entry.name));
    }
  };
  for (const input of inputs) visit(join(root, input));
  return found.sort();
}

/**
 * One hash over the names and contents of files, and over words such as versions.
 * @param {string[]} inputs
 * @param {string[]} words
 */
function hashOf(inputs, words) {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`${word}\n`);
  for (const file of filesUnder(inputs)) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\n${content.length}\n`);
    hash.update(content);
  }
  return hash.digest("hex");
}

/**
 * Does the work unless its inputs are those of the last time and its outputs are still there.
 * @param {{name: string, inputs: string[], words?: string[], outputs: string[], work: () => Promise<void>}} step
 */
export async function step({ name, inputs, words = [], outputs, work }) {
  const hash = hashOf(inputs, words);
  const stamp = join(stampFolder, name.replaceAll(" ", "-"));
  const isFresh = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (isFresh && outputs.every((path) => existsSync(join(root, path)))) return;
  await timed(name, work);
  mkdirSync(stampFolder, { recursive: true });
  writeFileSync(stamp, hash);
}

/**
 * Prints one progress line for the work: its name, then its time.
 * @param {string} name
 * @param {() => Promise<void>} work
 */
export async function timed(name, work) {
  const start = performance.now();
  process.stdout.write(`  ${name} ... `);
  try {
    await work();
  } catch (error) {
    process.stdout.write("failed\n");
    throw error;
  }
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

/** The environment of everything that set-up starts: the project's own Node first on the path. */
export function environment() {
  const path = [dirname(projectNode), process.env.PATH ?? ""].join(delimiter);
  return { ...process.env, PATH: path };
}

/**
 * Runs a command without showing its output; when it fails, the end of its output becomes the error.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: Record<string, string>}} [options]
 * @returns {Promise<void>}
 */
export function quietly(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
    /** @type {Buffer[]} */
    const log = [];
    child.stdout.on("data", (chunk) => log.push(chunk));
    child.stderr.on("data", (chunk) => log.push(chunk));
    child.on("error", (error) => reject(new SetupError(`${command} could not be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve();
      const lines = Buffer.concat(log).toString().trimEnd().split("\n");
      const shown = lines
        .slice(-logLinesShown)
        .map((line) => `    ${line}`)
        .join("\n");
      const ending = `'${[command, ...args].join(" ")}' ended with ${signal ?? `exit code ${code}`}`;
      reject(new SetupError(`${shown}\n${ending}; its last lines are above`));
    });
  });
}

/**
 * Runs a command with the user's terminal; gives its exit code.
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<number>}
 */
export function openly(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...environment(), ...env }, stdio: "inherit" });
    child.on("error", (error) => reject(new SetupError(`${command} could not be started: ${error.message}`)));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/**
 * The full path of a program, or undefined when it is not on the path.
 * @param {string} name
 */
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/**
 * Installs Debian packages, or says which command would and stops.
 * @param {string[]} packages
 * @param {string} purpose
 */
export async function installSystemPackages(packages, purpose) {
  const names = packages.join(" ");
  if (!findProgram("apt-get")) {
    const how = "install it with your package manager, then try again";
    throw new SetupError(`${purpose} needs ${names} (Debian's names): ${how}`);
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(`${purpose} needs ${names}: run 'sudo apt-get install ${names}', then try again`);
  }
  await timed(`system packages ${names}`, async () => {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const wait = ["-o", "DPkg::Lock::Timeout=300"];
    await quietly("apt-get", [...wait, "update"], { env });
    await quietly("apt-get", [...wait, "install", "-y", "--no-install-recommends", ...packages], { env });
  });
}

/**
 * The major version of a Node binary, 0 when it does not run.
 * @param {string} path
 */
export function nodeMajor(path) {
  try {
    return Number(execFileSync(path, ["--version"], { encoding: "utf8" }).slice(1).split(".")[0]);
  } catch {
    return 0;
  }
}
