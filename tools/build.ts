/**
 * Fills dist/: bundles for Node and for the webviews, pyodide's files, decoders of images, our Python package as one zip. Entries whose
 * source does not exist are skipped with a notice. Checks no types: tsc does that.
 */
import * as esbuild from "esbuild";
import * as fs from "node:fs";
import { join } from "node:path";
import { webviewOptions } from "../webview/build.ts";
import { SetupError, filesUnder, root } from "./steps.mjs";
import { zip } from "./zip.ts";

/** What runs in Node, by the name of its file in dist/. They share chunks, so all of them lie in one folder. */
const nodeEntries: Record<string, string> = {
  cli: "src/cli/main.ts",
  runtime: "src/runtime/process.ts",
  worker: "src/runtime/worker.ts",
  aside: "src/runtime/aside.ts",
};
/** What is or stands on CommonJS: the extension, and the packages of the language server's protocol. */
const commonEntries: Record<string, string> = {
  extension: "src/extension/extension.ts",
  language: "src/language/server.ts",
};
const views = [
  "webview/profiler/main.ts",
  "webview/graph/main.ts",
  "webview/inspect/main.ts",
  "webview/quantize/main.ts",
  "webview/report/main.ts",
];

/** The files that pyodide reads when it starts; its package holds a console page and maps besides. */
const pyodideFiles = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"];

/** WebAssembly that is read as it is. */
const codecs = ["jpeg-turbo", "webp"];

/** pyodide finds its other files beside itself, so it must stay a file of its own. */
const pyodideApart: esbuild.Plugin = {
  name: "pyodide apart",
  setup(build) {
    build.onResolve({ filter: /^pyodide$/ }, () => ({ path: "./pyodide/pyodide.mjs", external: true }));
  },
};

/**
 * ONNX Runtime is bundled once, beside its native libraries, and required when it is first asked for (src/runtime/onnx/package.ts):
 * its own interface and the native sessions beneath it.
 */
const onnxruntimeEntry = `module.exports = { ...require("onnxruntime-node"), ...require("onnxruntime-node/dist/binding.js") };`;
const onnxruntimeLibraries = "bin/napi-v6/linux/x64";

/**
 * Its package requires the library of the platform at hand by a computed path, which a bundler would resolve for every
 * platform at once: that one call is left to Node.
 */
const librariesStay: esbuild.Plugin = {
  name: "libraries stay",
  setup(build) {
    build.onLoad({ filter: /onnxruntime-node\/dist\/binding\.js$/ }, ({ path }) => {
      const text = fs.readFileSync(path, "utf8");
      const contents = text.replace("require(`../bin/", 'require("node:module").createRequire(__filename)(`../bin/');
      if (contents === text) throw new SetupError(`${path} loads its library in a way that this build does not know`);
      return { contents };
    });
  },
};

const common: esbuild.BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  sourcemap: "linked",
  logLevel: "warning",
};

function bundleOptions(): esbuild.BuildOptions[] {
  const options: esbuild.BuildOptions[] = [];
  const commonPoints = Object.fromEntries(Object.entries(commonEntries).filter(([, source]) => isThere(source)));
  if (Object.keys(commonPoints).length > 0) {
    options.push({
      ...common,
      entryPoints: commonPoints,
      outdir: "dist",
      outExtension: { ".js": ".cjs" },
      format: "cjs",
      platform: "node",
      target: "node22",
      external: ["vscode"],
      // CommonJS has no import.meta.
      define: {
        "import.meta.url": "importMetaUrl",
        "import.meta.dirname": "__dirname",
        "import.meta.filename": "__filename",
      },
      banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
      plugins: [pyodideApart],
    });
  }
  const entryPoints = Object.fromEntries(Object.entries(nodeEntries).filter(([, source]) => isThere(source)));
  if (Object.keys(entryPoints).length > 0) {
    options.push({
      ...common,
      entryPoints,
      outdir: "dist",
      outExtension: { ".js": ".mjs" },
      chunkNames: "chunk-[hash]",
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node24",
      plugins: [pyodideApart],
    });
    options.push({
      ...common,
      stdin: { contents: onnxruntimeEntry, resolveDir: root },
      outfile: "dist/onnxruntime/lib/index.cjs",
      format: "cjs",
      platform: "node",
      target: "node24",
      plugins: [librariesStay],
    });
  }
  if (views.every(isThere)) {
    const outdir = join(root, "dist/webview");
    options.push({ ...webviewOptions({ outdir, minify: true }), absWorkingDir: root });
  }
  return options;
}

function isThere(source: string): boolean {
  const exists = fs.existsSync(join(root, source));
  if (!exists) console.log(`${source} does not exist: skipped`);
  return exists;
}

function copyPyodide(): void {
  const target = join(root, "dist/pyodide");
  fs.mkdirSync(target, { recursive: true });
  for (const name of pyodideFiles) {
    copyIfNewer(join(root, "node_modules/pyodide", name), join(target, name));
  }
}

function copyOnnxruntime(): void {
  const from = join(root, "node_modules/onnxruntime-node", onnxruntimeLibraries);
  const to = join(root, "dist/onnxruntime", onnxruntimeLibraries);
  fs.mkdirSync(to, { recursive: true });
  for (const name of fs.readdirSync(from)) {
    if (/^(?:onnxruntime_binding\.node|libonnxruntime\.so\.1)$/.test(name))
      copyIfNewer(join(from, name), join(to, name));
  }
}

/** Decoders of images (src/runtime/images/codecs.ts): what their packages hold besides is glue that we do without. */
function copyCodecs(): void {
  fs.mkdirSync(join(root, "dist/codecs"), { recursive: true });
  for (const name of codecs) {
    copyIfNewer(join(root, "node_modules/@cwasm", name, `${name}.wasm`), join(root, "dist/codecs", `${name}.wasm`));
  }
}

function copyIfNewer(from: string, to: string): void {
  const [old, now] = [fs.statSync(to, { throwIfNoEntry: false }), fs.statSync(from)];
  if (old?.size !== now.size || old.mtimeMs < now.mtimeMs) fs.copyFileSync(from, to);
}

function packPython(): void {
  fs.mkdirSync(join(root, "dist"), { recursive: true });
  const entries = filesUnder(["python"]).map((file) => ({
    name: file.slice("python/".length),
    content: fs.readFileSync(join(root, file)),
  }));
  fs.writeFileSync(join(root, "dist/python.zip"), zip(entries));
}

/** Removes bundles that this build no longer makes; what it made stays untouched, since it may be running. */
function removeStale(outputs: Set<string>): void {
  for (const folder of ["dist", "dist/webview"]) {
    if (!fs.existsSync(join(root, folder))) continue;
    for (const entry of fs.readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isFile() && path !== "dist/python.zip" && !outputs.has(path)) fs.rmSync(join(root, path));
    }
  }
}

/**
 * Builds everything once; gives the source files that went into the bundles, relative to the root. A bundle that fails
 * does not keep the others from being made; esbuild has shown its errors by then.
 */
export async function build(): Promise<Set<string>> {
  const settled = await Promise.allSettled(bundleOptions().map((options) => esbuild.build(options)));
  const results = settled.filter((result) => result.status === "fulfilled").map((result) => result.value);
  const inputs = new Set<string>();
  const outputs = new Set<string>();
  for (const { metafile } of results) {
    for (const [path, output] of Object.entries(metafile!.outputs)) {
      outputs.add(path);
      for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
        if (bytesInOutput > 0) inputs.add(input);
      }
    }
  }
  copyPyodide();
  copyOnnxruntime();
  copyCodecs();
  packPython();
  const nFailed = settled.length - results.length;
  if (nFailed > 0) throw new SetupError(`${nFailed} of ${settled.length} groups of bundles failed`);
  removeStale(outputs);
  return inputs;
}

async function watch(): Promise<void> {
  copyPyodide();
  copyOnnxruntime();
  copyCodecs();
  packPython();
  for (const options of bundleOptions()) {
    const context = await esbuild.context({ ...options, logLevel: "info" });
    await context.watch();
  }
  if (fs.existsSync(join(root, "python"))) fs.watch(join(root, "python"), { recursive: true }, packPython);
  console.log("watching src, webview and python: stop with Ctrl+C");
}

if (import.meta.main) {
  try {
    await (process.argv.includes("--watch") ? watch() : build());
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
