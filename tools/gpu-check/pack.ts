/**
 * Gathers all that a check needs into one folder for a machine with a GPU and nothing else: Node, the built runtime and
 * addons, Python sources, goldens, tests of kernels and this tool. Builds nothing: `npm run build` comes before.
 *
 *   node tools/gpu-check/pack.ts --out FOLDER [--fast]       --fast compresses less, for trying the tool itself
 *
 * Writes FOLDER/check and FOLDER/payload.tar.xz, and says how large they are.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./programs.ts";

export const largestBytes = 60 * 2 ** 20;

/** Files and folders, relative to the project; of a folder only the names that its pattern likes. */
const wanted: [path: string, names?: RegExp][] = [
  ["package.json"],
  ["bin/layerwise"],
  // The command line and its worker; not the editor's parts, maps and ONNX Runtime.
  ["dist", /^dist\/([^/]+\.mjs|python\.zip|pyodide\/[^/]+)$/],
  ["native/bin/linux-x64", /\/(cpu\.node|cuda\.node|libcuda-emulation\.so)$/],
  ["examples", /\.(py|txt)$/],
  ["test/ops", /\.(py|json|bin)$/],
  ["test/native", /\.ts$/],
  ["test/cuda/emulation.ts"],
  ["test/cuda/pointwise.test.ts"],
  ["test/cuda/kernels", /\.ts$/],
  ["test/cuda/scripts", /\.py$/],
  ["src/runtime", /\.ts$/],
  ["src/profiler", /\.ts$/],
  ["src/protocol", /\.ts$/],
  ["tools/gpu-check", /\.(ts|py)$/],
];

const node = process.execPath;

/** What goes into the payload beside Node, sorted; throws where something was not built. */
export function packedFiles(): string[] {
  const found = wanted.flatMap(([path, names]) => {
    const files = existsSync(join(root, path)) ? filesUnder(path) : [];
    const liked = files.filter((file) => !names || names.test(file));
    if (liked.length === 0)
      throw new Error(`nothing to pack under ${path}: run 'npm run setup' and 'npm run build' first`);
    return liked;
  });
  return found.filter((file) => !file.includes("__pycache__")).sort();
}

function filesUnder(path: string): string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesUnder(join(path, name)));
}

/** Unpacks once per payload, then starts the check with the Node that came along. */
function launcher(digest: string): string {
  return `#!/bin/sh
# Checks Layerwise on this machine's GPU and measures it beside PyTorch: ./check --out RESULTS --python python3
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 2
place=$(dirname -- "$(mktemp -u)")/layerwise-gpu-check-${digest}
if [ ! -f "$place/ready" ]; then
  rm -rf "$place" && mkdir -p "$place" || exit 2
  tar -xJf "$here/payload.tar.xz" -C "$place" 2>/dev/null ||
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$here/payload.tar.xz" "$place" ||
    { echo "check: payload.tar.xz cannot be unpacked: neither xz nor python3 is here" >&2; exit 2; }
  touch "$place/ready"
fi
# Compiled code and snapshots stay with what was unpacked.
export LAYERWISE_CACHE="$place/cache"
exec "$place/node" "$place/tools/gpu-check/main.ts" "$@"
`;
}

function strip(file: string): void {
  try {
    execFileSync("strip", ["--strip-unneeded", file], { stdio: "ignore" });
  } catch {
    // Without binutils it is only larger.
  }
}

function pack(out: string, isFast: boolean): number {
  mkdirSync(out, { recursive: true });
  const stage = mkdtempSync(join(out, "stage-"));
  try {
    const hash = createHash("sha256");
    for (const file of packedFiles()) {
      mkdirSync(dirname(join(stage, file)), { recursive: true });
      cpSync(join(root, file), join(stage, file), { dereference: true });
      hash.update(file).update(readFileSync(join(stage, file)));
    }
    cpSync(node, join(stage, "node"), { dereference: true });
    for (const binary of ["node", "native/bin/linux-x64/cpu.node", "native/bin/linux-x64/cuda.node"]) {
      strip(join(stage, binary));
    }
    const level = isFast ? "-0" : "-6";
    const entries = readdirSync(stage);
    const env = { ...process.env, XZ_OPT: `${level} -T2` };
    execFileSync("tar", ["--owner=0", "--group=0", "-cJf", join(out, "payload.tar.xz"), ...entries], {
      cwd: stage,
      env,
    });
    writeFileSync(join(out, "check"), launcher(hash.digest("hex").slice(0, 12)));
    chmodSync(join(out, "check"), 0o755);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return statSync(join(out, "payload.tar.xz")).size;
}

function main(): void {
  const { values } = parseArgs({ options: { out: { type: "string" }, fast: { type: "boolean", default: false } } });
  if (!values.out) throw new Error("--out FOLDER is missing: where to gather");
  const sizeBytes = pack(resolve(values.out), values.fast);
  const size = `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
  if (sizeBytes > largestBytes && !values.fast) {
    throw new Error(`the payload has ${size}: expected at most ${largestBytes / 2 ** 20} MiB`);
  }
  console.log(`${values.out}: check and payload.tar.xz, ${size}`);
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
