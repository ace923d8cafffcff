/**
 * Where the parts of Layerwise lie, in both layouts: TypeScript run from the sources, and bundles in dist/.
 * Knows places only; opens nothing.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** False when TypeScript runs from src/, true in a bundle, which lies in dist/. */
export const isBundled = !import.meta.url.endsWith("/src/runtime/paths.ts");

/** The folder that holds package.json. */
export const rootFolder = isBundled ? dirname(here) : join(here, "..", "..");

/** The entry that RuntimeHost starts as a worker thread. */
export const workerFile = isBundled ? join(here, "worker.mjs") : join(here, "worker.ts");

/** The entry of threads that answer without Python. */
export const asideFile = isBundled ? join(here, "aside.mjs") : join(here, "aside.ts");

/** The entry that the extension forks. */
export const processFile = isBundled ? join(here, "runtime.mjs") : join(here, "process.ts");

/** Our Python packages: a folder, or a zip beside the bundle. */
export const packagesPath = isBundled ? bundledPackages() : join(rootFolder, "python");

/** Holds pyodide.asm.mjs, pyodide.asm.wasm and python_stdlib.zip. */
export const pyodideFolder = isBundled ? join(here, "pyodide") : join(rootFolder, "node_modules", "pyodide");

/** A decoder of images that is WebAssembly: "jpeg-turbo" or "webp". */
export const codecFile = (name: string): string =>
  isBundled ? join(here, "codecs", `${name}.wasm`) : join(rootFolder, "node_modules/@cwasm", name, `${name}.wasm`);

/** Holds cpu.node and cuda.node. */
export const nativeFolder = join(rootFolder, "native", "bin");

/** Where snapshots and compiled code are kept between runs, when the caller names no other place. */
export function defaultCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.LAYERWISE_CACHE) return environment.LAYERWISE_CACHE;
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, "layerwise");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "layerwise");
  if (process.platform === "win32" && environment.LOCALAPPDATA) return join(environment.LOCALAPPDATA, "layerwise");
  return join(homedir(), ".cache", "layerwise");
}

function bundledPackages(): string {
  const archive = join(here, "python.zip");
  return existsSync(archive) ? archive : join(here, "python");
}

/** Relative imports reach as far up as there are packages. */
export function aboveItsPackage(folder: string): string {
  let top = folder;
  while (existsSync(join(top, "__init__.py")) && dirname(dirname(top)) !== dirname(top)) top = dirname(top);
  return top;
}
