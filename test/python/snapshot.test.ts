/**
 * Snapshots: used when they fit, rebuilt when they do not, never half-written; and the pinned build that they depend
 * on.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pyodideFolder } from "../../src/runtime/paths.ts";
import { limitMemory } from "../../src/runtime/python/program.ts";
import { PYODIDE_VERSION } from "../../src/runtime/python/pyodide.ts";
import {
  readSnapshot,
  snapshotFile,
  snapshotKey,
  writeSnapshot,
  type Snapshot,
} from "../../src/runtime/python/snapshot.ts";
import { Lab } from "./fixtures/lab.ts";
import { workspace } from "./fixtures/place.ts";

function sample(): Snapshot {
  const data = new Uint8Array(8192).map((_, index) => index % 251);
  return {
    references: { hiwireKeys: [null], immortalKeys: ["a"] },
    slots: [7, 8],
    memoryBytes: 1 << 20,
    runs: [3, 1, 9, 1],
    data,
  };
}

test("a snapshot is read back as it was written", () => {
  const folder = workspace();
  writeSnapshot(folder, "abc", sample());
  assert.deepEqual(readSnapshot(folder, "abc"), sample());
  assert.equal(readSnapshot(folder, "other"), null);
  assert.equal(statSync(snapshotFile(folder, "abc")).mode & 0o077, 0);
});

test("any damaged byte is noticed, and any cut", () => {
  const folder = workspace();
  writeSnapshot(folder, "abc", sample());
  const file = snapshotFile(folder, "abc");
  const good = readFileSync(file);
  for (let at = 0; at < good.length; at += 37) {
    const bad = Buffer.from(good);
    bad[at] ^= 0x10;
    writeFileSync(file, bad);
    assert.throws(() => readSnapshot(folder, "abc"), Error, `byte ${at}`);
  }
  for (let length = 0; length < good.length; length += 101) {
    writeFileSync(file, good.subarray(0, length));
    assert.throws(() => readSnapshot(folder, "abc"), Error, `length ${length}`);
  }
});

test("a snapshot of something else is not taken for ours", () => {
  const folder = workspace();
  writeSnapshot(folder, "abc", sample());
  renameSync(snapshotFile(folder, "abc"), snapshotFile(folder, "def"));
  assert.throws(() => readSnapshot(folder, "def"), /made for something else/);
});

test("the key depends on packages and functions, not on their order", () => {
  assert.equal(snapshotKey("p", ["a", "b"]), snapshotKey("p", ["b", "a"]));
  assert.notEqual(snapshotKey("p", ["a"]), snapshotKey("p", ["a", "b"]));
  assert.notEqual(snapshotKey("p", ["a"]), snapshotKey("q", ["a"]));
});

test("the first start makes one, the second uses it, a damaged one is replaced and said once", async () => {
  const cacheFolder = join(workspace(), "cache");
  const start = async () => {
    const lab = await Lab.open({ cacheFolder });
    const facts = {
      ...(await lab.timings()),
      notices: await lab.notices(),
      sum: await lab.call("builtins:sum", [1, 2]),
    };
    await lab.close();
    return facts;
  };
  const first = await start();
  assert.deepEqual([first.isWarm, first.notices, first.sum], [false, [], 3]);
  const second = await start();
  assert.deepEqual([second.isWarm, second.notices, second.sum], [true, [], 3]);
  const [name] = readdirSync(cacheFolder).filter((file) => file.endsWith(".snapshot"));
  const file = join(cacheFolder, name);
  const damaged = readFileSync(file);
  damaged[damaged.length >> 1] ^= 1;
  writeFileSync(file, damaged);
  const third = await start();
  assert.equal(third.sum, 3);
  assert.deepEqual(third.notices, [
    "the saved start of Python cannot be used, its content is damaged; making a new one",
  ]);
  assert.deepEqual((await start()).isWarm, true);
  assert.deepEqual(
    readdirSync(cacheFolder).filter((left) => left.includes("tmp")),
    [],
  );
});

test("a cache that cannot be written is no obstacle", async () => {
  const blocked = join(workspace(), "cache");
  mkdirSync(join(blocked, ".."), { recursive: true });
  writeFileSync(blocked, "a file where the folder should be");
  const lab = await Lab.open({ cacheFolder: blocked });
  assert.equal(await lab.call("builtins:sum", [1, 2]), 3);
  const notices = await lab.notices();
  assert.match(notices.join("\n"), /could not be saved, so each start takes longer/);
  await lab.reset();
  assert.equal(await lab.call("builtins:sum", [1, 2]), 3);
  await lab.close();
  rmSync(blocked);
});

test("a package that cannot be imported says why, with its line", async () => {
  await assert.rejects(
    Lab.open({ preload: ["layerwise_broken"], cacheFolder: join(workspace(), "cache") }),
    (error: Error) => {
      assert.match(error.message, /cannot import layerwise_broken/);
      assert.match(error.message, /layerwise_broken\.py", line 3/);
      assert.match(error.message, /RuntimeError: half of it is missing/);
      return true;
    },
  );
});

test("exactly the pinned pyodide is installed", () => {
  const { version } = JSON.parse(readFileSync(join(pyodideFolder, "package.json"), "utf8"));
  assert.equal(version, PYODIDE_VERSION);
});

test("the memory limit is written into the program, which stays valid", () => {
  const program = readFileSync(join(pyodideFolder, "pyodide.asm.wasm"));
  const original = Buffer.from(program);
  limitMemory(program, 16_384);
  const changed = program.reduce((count, byte, index) => count + (byte === original[index] ? 0 : 1), 0);
  assert.ok(changed > 0 && changed <= 5);
  assert.ok(WebAssembly.validate(program));
  assert.throws(() => limitMemory(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]), 1), /declares no memory/);
});
