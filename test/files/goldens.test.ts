/**
 * Checkpoints and real PyTorch's: what it wrote (test/goldens/files, by tools/goldens_files.py) loads bit for bit, what
 * ours writes is the same file byte for byte, and scripts that save and load print the same lines.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { MemorySource } from "../../src/runtime/files/source.ts";
import { readMember, readZip } from "../../src/runtime/files/zip.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const goldens = join(root, "test/goldens/files");
const folder = mkdtempSync(join(tmpdir(), "layerwise-files-"));
after(() => rmSync(folder, { recursive: true }));
for (const name of ["content.py", "show.py", "read.py", "write.py", "behaviour.py", "shards.py", "mapped.py"]) {
  cpSync(join(root, "test/files", name), join(folder, name));
}
cpSync(goldens, join(folder, "goldens"), { recursive: true });

/** As a user does, in the folder of the script: it may write there. */
function python(...words: string[]): string {
  const command = process.env["LAYERWISE_TEST_PYTHON"]?.split(" ") ?? [join(root, "bin/layerwise"), "python"];
  const [program, ...before] = command as [string, ...string[]];
  const done = spawnSync(program, [...before, ...words], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

test("what PyTorch wrote loads bit for bit, whatever the protocol and format", () => {
  const { "made here": made, ...read } = JSON.parse(python("read.py", "goldens")) as Record<string, string[]> & {
    "made here": Record<string, string[]>;
  };
  const expected = JSON.parse(readFileSync(join(goldens, "shown.json"), "utf8")) as Record<string, string[]>;
  const checkpoints = readdirSync(goldens).filter((name) => name.endsWith(".pt"));
  assert.deepEqual(Object.keys(read).sort(), checkpoints.sort());
  for (const [file, lines] of Object.entries(read)) assert.deepEqual(lines, expected[file.split(".")[0]!], file);
  // The same objects made by our Python, so that what is written below starts equal.
  for (const [name, lines] of Object.entries(made)) assert.deepEqual(lines, expected[name], name);
});

test("what ours writes is PyTorch's own file, byte for byte", () => {
  const out = join(folder, "out");
  mkdirSync(out);
  python("write.py", "out");
  const written = readdirSync(out);
  const same = written.filter((name) => readdirSync(goldens).includes(name));
  assert.equal(same.length, 18);
  for (const name of same) {
    const [ours, theirs] = [readFileSync(join(out, name)), readFileSync(join(goldens, name))];
    assert.ok(withoutId(ours).equals(withoutId(theirs)), `${name} differs: tools/goldens_files.py --check says where`);
  }
  // Without a path the archive is named otherwise; its content is the same.
  const views = pickleOf(readFileSync(join(out, "views.pt")));
  for (const name of ["buffer.pt", "stream.pt"]) assert.deepEqual(pickleOf(readFileSync(join(out, name))), views, name);
  assert.deepEqual(
    written.filter((name) => name.includes("tmp")),
    [],
  );
});

test("scripts that save and load print what they print under PyTorch", () => {
  const expected = readFileSync(join(root, "test/files/behaviour.out"), "utf8").split("\n").slice(1);
  assert.deepEqual(python("behaviour.py").split("\n"), expected);
});

test("checkpoints in several files are read, written and kept to their folder", () => {
  mkdirSync(join(folder, "shards"));
  python("shards.py", "goldens", "shards");
  const written = readdirSync(join(folder, "shards"));
  assert.ok(written.includes("model.safetensors.index.json") && written.includes("single.safetensors"));
});

/** Each writer numbers its files in its own way: the number and its checksums are blanked. */
function withoutId(bytes: Buffer): Buffer {
  const blank = Buffer.from(bytes);
  const member = [...(isArchive(bytes) ? readZip(new MemorySource(bytes)).values() : [])].find(({ name }) =>
    name.endsWith("serialization_id"),
  );
  if (!member) return blank;
  blank.fill(48, member.position, member.position + member.sizeBytes);
  const id = bytes.subarray(member.position, member.position + member.sizeBytes);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(id));
  for (let at = blank.indexOf(checksum); at >= 0; at = blank.indexOf(checksum)) blank.fill(48, at, at + 4);
  return blank;
}

const isArchive = (bytes: Buffer): boolean => bytes.readUInt32LE(0) === 0x04034b50;

function pickleOf(bytes: Buffer): Uint8Array {
  const source = new MemorySource(bytes);
  const member = [...readZip(source).values()].find(({ name }) => name.endsWith("/data.pkl"))!;
  return readMember(source, member);
}

test("large tensors are parts of their file until they are touched, and writing to them leaves it alone", () => {
  assert.deepEqual(python("mapped.py").trimEnd().split("\n"), [
    "safetensors mapped: True True",
    "checkpoint mapped: True True",
    "checkpoint copied: True True",
    "writes stay private: True 7.0",
    "writes stay private: True 7.0",
    "a file may be replaced while it is mapped: True",
    "a view keeps its file: True",
    "kernels read it: True",
    "slices: True",
  ]);
});
