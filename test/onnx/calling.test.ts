/**
 * torch.onnx.export in every calling style: what comes back, what a file's dimensions are called, and what is refused; files of
 * packed sequences at other lengths than those of the export.
 */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { python } from "../models/command.ts";

const here = new URL("./", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "layerwise-calling-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("every way of calling the exporter says or makes what it should", () => {
  const script = join(folder, "calling.py");
  copyFileSync(new URL("calling.py", here), script);
  const said = python(script, folder).trimEnd().split("\n");
  assert.deepEqual(said, readFileSync(new URL("calling.out", here), "utf8").trimEnd().split("\n"));
});

test("programs of torch.export, branches, loops and other weights", () => {
  const said = python(fileURLToPath(new URL("programs.py", here)))
    .trimEnd()
    .split("\n");
  assert.deepEqual(said, readFileSync(new URL("programs.out", here), "utf8").trimEnd().split("\n"));
});

test("packed sequences of any lengths give the same in ONNX Runtime", () => {
  const said = python(fileURLToPath(new URL("packed.py", here)))
    .trimEnd()
    .split("\n");
  assert.equal(said.length, 3 * 2 * 3 * 4);
  assert.deepEqual(
    said.filter((line) => !line.endsWith("True")),
    [],
  );
});
