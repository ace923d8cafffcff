/** The .vsix is small, holds what is needed and nothing else, and works once installed, command line included. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packExtension } from "../../tools/package.ts";
import { projectNode, root } from "../../tools/steps.mjs";
import { openWorkbench, type Workbench } from "./kit.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-package-"));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
let vsix: string;
let workbench: Workbench;

before(async () => {
  writeFileSync(join(folder, "model.py"), "import torch\n");
  vsix = await packExtension(join(folder, "layerwise.vsix"));
  workbench = await openWorkbench({ folder, extension: vsix });
});

after(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true });
});

test("the package holds no sources, maps, tests or packages", () => {
  const files = zipNames(readFileSync(vsix)).filter((name) => name.startsWith("extension/"));
  const unwanted = files.filter((name) => /\.(ts|map|cc|h)$|\/(node_modules|test|src|tools)\//.test(name));
  assert.deepEqual(unwanted, []);
  assert.ok(statSync(vsix).size > 5_000_000, "pyodide alone has more than 5 MB");
});

test("the native addon asks for no newer system than VS Code itself does", () => {
  const addon = readFileSync(join(root, "native/bin/linux-x64/cpu.node"), "latin1");
  const newest = (name: string): number => {
    const found = [...addon.matchAll(new RegExp(`\\b${name}\\.(\\d+)`, "g"))];
    return Math.max(...found.map((match) => Number(match[1])));
  };
  assert.ok(newest("GLIBC_2") <= 28, `GLIBC_2.${newest("GLIBC_2")}`);
  assert.ok(newest("GLIBCXX_3\\.4") <= 25, `GLIBCXX_3.4.${newest("GLIBCXX_3\\.4")}`);
});

test("the notices name everything that is shipped", () => {
  const text = readFileSync(join(workbench.server.extensionFolder, "THIRD_PARTY_NOTICES.txt"), "utf8");
  const expected = [/^pyodide 314/m, /^d3-selection /m, /PYTHON SOFTWARE FOUNDATION LICENSE/, /Mozilla Public License/];
  for (const pattern of expected) assert.match(text, pattern);
});

test("the installed command line says its version", () => {
  const launcher = join(workbench.server.extensionFolder, "bin/layerwise");
  const env = { ...process.env, LAYERWISE_NODE: projectNode };
  const output = execFileSync(launcher, ["--version"], { encoding: "utf8", env });
  assert.match(output, new RegExp(version.replaceAll(".", "\\.")));
});

test("the installed extension answers a command", async () => {
  await workbench.openFile("model.py");
  await workbench.runCommand("Layerwise: Show Version");
  await workbench.notification(`Layerwise ${version}`);
});

/** The names in a zip, read from its directory. */
function zipNames(bytes: Buffer): string[] {
  const end = bytes.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
  let position = bytes.readUInt32LE(end + 16);
  const names: string[] = [];
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [name, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(position + field));
    names.push(bytes.toString("utf8", position + 46, position + 46 + name));
    position += 46 + name + extra + comment;
  }
  return names;
}
