/**
 * Packs the extension for Linux on x64 into one .vsix: builds afresh, writes the third-party notices, then checks what
 * went in. An argument names the file to write. Publishes nothing.
 */
import { createVSIX } from "@vscode/vsce";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.ts";
import { notices } from "./notices.ts";
import { SetupError, root } from "./steps.mjs";

const target = "linux-x64";
const largestBytes = 60 * 1024 * 1024;
const neededFiles = [
  "dist/extension.cjs",
  "dist/language.cjs",
  "dist/cli.mjs",
  "dist/runtime.mjs",
  "dist/worker.mjs",
  "dist/aside.mjs",
  "dist/python.zip",
  "dist/pyodide/pyodide.asm.wasm",
  "dist/codecs/jpeg-turbo.wasm",
  "dist/codecs/webp.wasm",
  "dist/onnxruntime/lib/index.cjs",
  "dist/onnxruntime/bin/napi-v6/linux/x64/libonnxruntime.so.1",
  "native/bin/linux-x64/cpu.node",
  "native/bin/linux-x64/cuda.node",
];

/** Makes the package; gives its path. */
export async function packExtension(path?: string): Promise<string> {
  const inputs = await build();
  const missing = neededFiles.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) throw new SetupError(`cannot pack: ${missing.join(", ")} missing`);
  writeFileSync(join(root, "THIRD_PARTY_NOTICES.txt"), notices(inputs));
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const packagePath = path ?? join(root, `layerwise-${target}-${version}.vsix`);
  await createVSIX({
    cwd: root,
    target,
    packagePath,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  const sizeBytes = statSync(packagePath).size;
  if (sizeBytes > largestBytes) {
    throw new SetupError(`${packagePath} has ${mebibytes(sizeBytes)}: expected at most ${mebibytes(largestBytes)}`);
  }
  console.log(`${packagePath}: ${mebibytes(sizeBytes)}`);
  return packagePath;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

if (import.meta.main) {
  try {
    await packExtension(process.argv[2]);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
