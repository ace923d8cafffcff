/**
 * Bundles the webviews: dist/webview/VIEW.{js,css}. `?worker` imports become the bundled worker as a string, because a
 * webview may only start workers from blobs. Nothing is loaded from outside.
 */
import { build } from "esbuild";
import type { BuildOptions, Plugin } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

export interface WebviewBuild {
  outdir: string;
  minify: boolean;
  /** Where packages are looked for besides the usual places. */
  nodePaths?: string[];
}

function workerText(options: BuildOptions): Plugin {
  return {
    name: "worker-text",
    setup(plugins) {
      plugins.onResolve({ filter: /\?worker$/ }, ({ path, resolveDir }) => ({
        path: join(resolveDir, path.replace(/\?worker$/, "")),
        namespace: "worker-text",
      }));
      plugins.onLoad({ filter: /.*/, namespace: "worker-text" }, async ({ path }) => {
        const result = await build({ ...options, entryPoints: [path], write: false, outdir: undefined, plugins: [] });
        const inputs = Object.keys(result.metafile?.inputs ?? {});
        return { contents: result.outputFiles?.[0]?.text ?? "", loader: "text", watchFiles: inputs };
      });
    },
  };
}

/** One bundle per view; the project's own build runs these options too. */
export function webviewOptions({ outdir, minify, nodePaths = [] }: WebviewBuild): BuildOptions {
  const common: BuildOptions = {
    bundle: true,
    format: "iife",
    target: "chrome124",
    minify,
    legalComments: "linked",
    charset: "utf8",
    nodePaths,
    logLevel: "warning",
  };
  return {
    ...common,
    entryPoints: Object.fromEntries(
      ["profiler", "graph", "inspect", "quantize", "devices", "report"].map((view) => [
        view,
        join(here, view, "main.ts"),
      ]),
    ),
    outdir,
    metafile: true,
    plugins: [workerText({ ...common, legalComments: "none" })],
  };
}

export async function buildWebviews(options: WebviewBuild): Promise<void> {
  await build(webviewOptions(options));
}
