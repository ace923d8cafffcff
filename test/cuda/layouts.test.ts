/** Our declarations of NVIDIA's interfaces against its headers, on machines that have them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** The compiler says itself where its headers are. */
const said = spawnSync("nvcc", ["--dryrun", "-c", "x.cu"], { encoding: "utf8" }).stderr ?? "";
const include = process.env.LAYERWISE_NVIDIA_HEADERS ?? /^#\$ INCLUDES="-I([^"]+)"/m.exec(said)?.[1]?.trim() ?? "";
const hasCompiler = spawnSync("g++", ["--version"]).status === 0;
const skip = !include ? "there is no CUDA toolkit here" : !hasCompiler && "there is no g++ to compile with";

test("what we declare has NVIDIA's layout and numbers", { skip }, () => {
  const source = fileURLToPath(new URL("layouts.cc", import.meta.url));
  const folders = include.split(":").map((folder) => `-I${folder}`);
  const done = spawnSync("g++", ["-std=c++20", "-fsyntax-only", "-w", ...folders, source], {
    encoding: "utf8",
  });
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stderr, /checked: cupti\.h/);
});
