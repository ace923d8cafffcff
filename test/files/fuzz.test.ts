/**
 * No damaged file crashes a reader, makes it wait or makes it allocate: for each kind, the golden files are cut at every
 * byte and damaged at random. LAYERWISE_FUZZ=N damages N times per kind; LAYERWISE_FUZZ_SEED repeats a run.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { openCheckpoint } from "../../src/runtime/files/open.ts";
import { describe } from "../../src/runtime/files/pickle/describe.ts";
import { inspectBytes } from "../../src/runtime/files/inspect.ts";
import { readShardIndex } from "../../src/runtime/files/shards.ts";
import { type ByteSource, FileFormatError, MemorySource } from "../../src/runtime/files/source.ts";
import { unpickle } from "../../src/runtime/files/pickle/machine.ts";
import { CheckpointRules } from "../../src/runtime/files/pickle/rules.ts";
import { readZip, readMember } from "../../src/runtime/files/zip.ts";
import { mutated, randomFrom } from "./mutate.ts";

const folder = new URL("../goldens/files/", import.meta.url);
const times = Number(process.env["LAYERWISE_FUZZ"] ?? 4000);
const seed = Number(process.env["LAYERWISE_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
console.log(`fuzzing with seed ${seed}, ${times} times per kind`);

const MOST_MS = 2000;
const MOST_EXTRA_BYTES = 64 * 1024 ** 2;

/** The kinds, what opens them, and the golden files they grow from. */
const kinds: Record<string, { files: RegExp; open(source: ByteSource, name: string): unknown }> = {
  checkpoint: {
    files: /^(views|containers|attributes|state_dict|dtypes|meta|storage|cycle)(\.protocol\d)?\.pt$/,
    open: (source) => {
      const checkpoint = openCheckpoint(source);
      for (const storage of checkpoint.storages) checkpoint.readStorage(storage, () => {});
      return describe(checkpoint.value);
    },
  },
  legacy: { files: /legacy\.pt$/, open: (source) => describe(openCheckpoint(source).value) },
  inspected: { files: /^(views|containers|state_dict)\.pt$|\.legacy\.pt$/, open: inspect },
  safetensors: { files: /\.safetensors$/, open: inspect },
  npy: { files: /\.npy$/, open: inspect },
  npz: { files: /\.npz$/, open: inspect },
  gguf: { files: /\.gguf$/, open: inspect },
  onnx: { files: /^small\.onnx$/, open: inspect },
  index: { files: /\.index\.json$/, open: readShardIndex },
};

function inspect(source: ByteSource, name: string): unknown {
  return inspectBytes(source, name, { statistics: true });
}

/** A right result or a FileFormatError, soon and without much memory. */
function survives(what: string, bytes: Uint8Array, open: (source: ByteSource) => unknown): "opened" | "refused" {
  // Other processes must not make a fast reader fail.
  const began = process.cpuUsage();
  const before = process.memoryUsage().arrayBuffers;
  let outcome: "opened" | "refused" = "opened";
  try {
    open(new MemorySource(bytes));
  } catch (error) {
    outcome = "refused";
    const shown = error instanceof Error ? error.stack : String(error);
    assert.ok(
      error instanceof FileFormatError,
      `${what} (seed ${seed}): ${shown}\n${Buffer.from(bytes).toString("base64")}`,
    );
    assert.match(error.message, /^[^\n]{3,2000}$/, what);
  }
  const { user, system } = process.cpuUsage(began);
  const tookMs = (user + system) / 1000;
  assert.ok(tookMs < MOST_MS, `${what} took ${tookMs} ms (seed ${seed})\n${Buffer.from(bytes).toString("base64")}`);
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < MOST_EXTRA_BYTES + 4 * bytes.length, `${what} took ${grown} bytes (seed ${seed})`);
  return outcome;
}

for (const [kind, { files, open }] of Object.entries(kinds)) {
  const names = readdirSync(folder).filter((name) => files.test(name));

  test(`${kind}: cut at every byte, never a crash`, () => {
    assert.ok(names.length > 0);
    for (const name of names) {
      const whole = readFileSync(new URL(name, folder));
      const step = Math.ceil(whole.length / 1500);
      for (let length = 0; length < whole.length; length += step) {
        survives(`${name} cut to ${length}`, whole.subarray(0, length), (source) => open(source, name));
      }
    }
  });

  test(`${kind}: damaged at random, never a crash`, () => {
    const random = randomFrom(seed);
    let refused = 0;
    for (let time = 0; time < times; time++) {
      const name = names[time % names.length]!;
      const bytes = mutated(readFileSync(new URL(name, folder)), random);
      if (survives(`${name}, damaged for the ${time}th time`, bytes, (source) => open(source, name)) === "refused")
        refused++;
    }
    // Much of the damage must be noticed, or the test says nothing.
    assert.ok(refused > times / 20, `${refused} of ${times} were refused`);
  });
}

test("pickles damaged behind their checksum, never a crash", () => {
  const random = randomFrom(seed);
  const names = readdirSync(folder).filter(
    (name) => /^(views|containers|attributes|state_dict|dtypes|adamw|cycle).*\.pt$/.test(name) && !/legacy/.test(name),
  );
  const pickles = names.map((name) => {
    const source = new MemorySource(readFileSync(new URL(name, folder)));
    const member = [...readZip(source).values()].find((found) => found.name.endsWith("/data.pkl"))!;
    return readMember(source, member);
  });
  for (let time = 0; time < 4 * times; time++) {
    const bytes = mutated(pickles[time % pickles.length]!, random);
    survives(`a pickle damaged for the ${time}th time`, bytes, () => {
      const rules = new CheckpointRules({ isLooking: time % 2 === 0, storageBytes: () => 96 });
      return describe(unpickle(bytes, rules).value);
    });
  }
});

test("pickles made of random instructions, never a crash", () => {
  const random = randomFrom(seed ^ 0x5bd1e995);
  const alphabet = [
    ..."()]}0123NKKKIJMLRQbaedlstuhqjrX.c",
    "\x80",
    "\x81",
    "\x85",
    "\x86",
    "\x87",
    "\x88",
    "\x8a",
    "\x8f",
    "\x90",
    "\x91",
    "\x94",
  ];
  for (let time = 0; time < 4 * times; time++) {
    const length = 2 + Math.floor(random() * 60);
    const text = Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]!).join("");
    const bytes = Uint8Array.from(`\x80\x02${text}.`, (character) => character.charCodeAt(0));
    survives(`random pickle ${time}`, bytes, () =>
      describe(unpickle(bytes, new CheckpointRules({ storageBytes: () => 8 })).value),
    );
  }
});
