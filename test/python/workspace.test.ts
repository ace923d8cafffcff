/** The workspace tree by itself: what is visible, what may change, and that nothing outside can be reached. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { findSitePackages } from "../../src/runtime/python/environments.ts";
import { WorkspaceTree } from "../../src/runtime/python/workspace.ts";
import { workspace } from "./fixtures/place.ts";

const code = (expected: string) => (error: NodeJS.ErrnoException) => error.code === expected;

function place(): { outer: string; root: string } {
  const outer = workspace({ "secret.txt": "SECRET", "w/a.txt": "alpha", "w/sub/b.txt": "beta" });
  const root = join(outer, "w");
  symlinkSync("../secret.txt", join(root, "out"));
  symlinkSync("a.txt", join(root, "in"));
  symlinkSync("sub", join(root, "folder"));
  symlinkSync("..", join(root, "up"));
  return { outer, root };
}

function read(tree: WorkspaceTree, path: string): string {
  const file = tree.open(path, false);
  const bytes = new Uint8Array(file.sizeBytes());
  file.read(bytes, 0);
  file.close();
  return new TextDecoder().decode(bytes);
}

describe("a read-only workspace", () => {
  test("shows files, folders and links that stay inside", () => {
    const tree = new WorkspaceTree({ root: place().root, writable: false });
    assert.equal(read(tree, "a.txt"), "alpha");
    assert.equal(read(tree, "in"), "alpha");
    assert.equal(read(tree, "folder/b.txt"), "beta");
    assert.equal(tree.stat("sub")?.kind, "folder");
    assert.equal(tree.stat("missing"), null);
    assert.deepEqual(tree.list("sub"), ["b.txt"]);
  });

  test("hides everything else", () => {
    const tree = new WorkspaceTree({ root: place().root, writable: false });
    for (const path of [
      "out",
      "up",
      "up/secret.txt",
      "up/w/../secret.txt",
      "folder/../../secret.txt",
      "../secret.txt",
      "/etc/passwd",
    ]) {
      assert.throws(() => read(tree, path), Error, path);
      assert.throws(() => tree.list(path), Error, path);
    }
    assert.throws(() => tree.stat("out"), code("EACCES"));
  });

  test("refuses pipes without waiting for them", () => {
    const { root } = place();
    execFileSync("mkfifo", [join(root, "pipe")]);
    const tree = new WorkspaceTree({ root, writable: false });
    assert.throws(() => tree.stat("pipe"), code("EACCES"));
    assert.throws(() => tree.open("pipe", false), code("EACCES"));
  });

  test("refuses every change", () => {
    const { root } = place();
    const tree = new WorkspaceTree({ root, writable: false });
    const changes = [
      () => tree.open("a.txt", true),
      () => tree.createFile("c.txt", 0o644),
      () => tree.createFolder("c", 0o755),
      () => tree.removeFile("a.txt"),
      () => tree.removeFolder("sub"),
      () => tree.rename("a.txt", "c.txt"),
      () => tree.truncate("a.txt", 0),
      () => tree.touch("a.txt", 0),
    ];
    for (const change of changes) assert.throws(change, code("EROFS"));
    assert.equal(readFileSync(join(root, "a.txt"), "utf8"), "alpha");
  });

  test("opens a limited number of files at a time", () => {
    const tree = new WorkspaceTree({ root: place().root, writable: false });
    const files: ReturnType<WorkspaceTree["open"]>[] = [];
    assert.throws(() => {
      for (;;) files.push(tree.open("a.txt", false));
    }, code("EMFILE"));
    for (const file of files) file.close();
    assert.equal(read(tree, "a.txt"), "alpha");
  });
});

describe("a writable workspace", () => {
  test("changes what is inside", () => {
    const { root } = place();
    const tree = new WorkspaceTree({ root, writable: true });
    tree.createFolder("new", 0o755);
    tree.createFile("new/c.txt", 0o644);
    const file = tree.open("new/c.txt", true);
    file.write(new TextEncoder().encode("gamma"), 0);
    file.close();
    tree.rename("new/c.txt", "sub/c.txt");
    tree.truncate("sub/c.txt", 3);
    tree.touch("sub/c.txt", 1_000_000);
    assert.equal(readFileSync(join(root, "sub", "c.txt"), "utf8"), "gam");
    assert.equal(statSync(join(root, "sub", "c.txt")).mtimeMs, 1_000_000);
    tree.removeFile("sub/c.txt");
    tree.removeFolder("new");
    assert.equal(existsSync(join(root, "new")), false);
  });

  test("writes nothing through links, and moves none", () => {
    const { outer, root } = place();
    symlinkSync("../planted", join(root, "dangling"));
    const tree = new WorkspaceTree({ root, writable: true });
    assert.throws(() => tree.open("out", true), code("EACCES"));
    assert.throws(() => tree.createFile("dangling", 0o644), code("EEXIST"));
    assert.throws(() => tree.createFile("up/planted", 0o644), code("EACCES"));
    assert.throws(() => tree.createFolder("up/planted", 0o755), code("EACCES"));
    assert.throws(() => tree.rename("a.txt", "up/planted"), code("EACCES"));
    assert.throws(() => tree.rename("out", "sub/out"), code("EPERM"));
    assert.throws(() => tree.removeFile("up/secret.txt"), code("EACCES"));
    assert.throws(() => tree.truncate("out", 0), code("EACCES"));
    assert.equal(existsSync(join(outer, "planted")), false);
    assert.equal(readFileSync(join(outer, "secret.txt"), "utf8"), "SECRET");
  });
});

describe("unsaved texts", () => {
  test("win over the disk and appear in their folder", () => {
    const { root } = place();
    const overlay = { [join(root, "a.txt")]: "edited", [join(root, "sub", "new.py")]: "x = 1" };
    const tree = new WorkspaceTree({ root, writable: false, overlay });
    assert.equal(read(tree, "a.txt"), "edited");
    assert.equal(tree.stat("sub/new.py")?.sizeBytes, 5);
    assert.deepEqual(tree.list("sub").sort(), ["b.txt", "new.py"]);
  });

  test("of other folders are left out", () => {
    const { outer, root } = place();
    const tree = new WorkspaceTree({ root, writable: false, overlay: { [join(outer, "secret.txt")]: "x" } });
    assert.equal(tree.stat("secret.txt"), null);
  });
});

test("site-packages is found in the named environment, else in .venv", () => {
  const root = workspace({});
  assert.equal(findSitePackages(undefined, root), null);
  const packages = join(root, ".venv", "lib", "python3.12", "site-packages");
  mkdirSync(packages, { recursive: true });
  assert.equal(findSitePackages(undefined, root), packages);
  const named = join(root, "env", "lib", "python3.11", "site-packages");
  mkdirSync(named, { recursive: true });
  assert.equal(findSitePackages(join(root, "env"), root), named);
  writeFileSync(join(named, "x.py"), "");
  assert.equal(findSitePackages(named, root), named);
});
