/**
 * What hardening does to the built-ins, asked of the engine itself in a process of its own: nothing of them can be changed,
 * and arrays are still compiled as ever.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const realm = new URL("../../src/runtime/python/realm.ts", import.meta.url).href;

/** What a program prints that runs behind the wall, with V8's own functions at hand. */
function printed(program: string): string {
  const args = [
    "--allow-natives-syntax",
    "--disallow-code-generation-from-strings",
    "--no-warnings",
    "--input-type=module",
  ];
  const code = `import { hardenRealm } from ${JSON.stringify(realm)};\nhardenRealm();\n${program}`;
  // Into a file: what V8 prints itself is lost where a pipe is full.
  const folder = mkdtempSync(join(tmpdir(), "layerwise-realm-"));
  try {
    const out = openSync(join(folder, "out"), "w");
    execFileSync(process.execPath, [...args, "-e", code], { stdio: ["ignore", out, "inherit"] });
    closeSync(out);
    return readFileSync(join(folder, "out"), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("prototypes of built-ins are frozen", () => {
  const frozen = printed(`
    const names = ["Object", "Array", "String", "Function", "Map", "Promise", "Float64Array", "Error"];
    console.log(names.filter((name) => !Object.isFrozen(globalThis[name].prototype)).join());
    const refused = (change) => { try { change(); return false; } catch { return true; } };
    const changes = {
      added: () => { Object.prototype.more = 1; },
      element: () => { Array.prototype[0] = 1; },
      method: () => { Array.prototype.push = null; },
      constructor: () => { Array.prototype.constructor = null; },
      inherited: () => { Object.prototype.toString = null; },
      prototype: () => { Object.setPrototypeOf(Array.prototype, {}); },
      deleted: () => { delete Object.prototype.hasOwnProperty; },
    };
    console.log(Object.keys(changes).filter((name) => !refused(changes[name])).join());
    console.log(Object.assign({}, { toString: 1 }).toString);`);
  assert.deepEqual(frozen.split("\n"), ["", "", "1", ""]);
});

/** How V8 holds the elements of an object. */
const kindOf = (object: string): string => / - elements kind: (\w+)/.exec(printed(`%DebugPrint(${object});`))![1]!;

test("arrays are compiled as before: nothing above them has frozen elements, and V8's assumptions hold", () => {
  const found = printed(`
    console.log(%NoElementsProtector(), %ArraySpeciesProtector(), %MapIteratorProtector(), %PromiseSpeciesProtector());
    console.log(%HasFastProperties(Array.prototype), %HasFastProperties(Object.prototype));`);
  assert.equal(found, "true true true true\ntrue true\n");
  assert.deepEqual(["Array.prototype", "Object.prototype"].map(kindOf), [
    "DICTIONARY_ELEMENTS",
    "HOLEY_SEALED_ELEMENTS",
  ]);
});
