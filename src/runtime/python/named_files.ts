/**
 * Files that the person named and that lie anywhere: data, weights, what is to be written. Each is shown by itself, in a
 * folder of its own inside the interpreter; nothing beside it can be named. Python files are shown with their folder.
 */
import { basename } from "node:path";
import { TreeError, type Entry, type OpenFile, type Tree } from "./tree.ts";
import type { WorkspaceTree } from "./workspace.ts";

/** Where they are seen; numbered, so that two files of one name do not meet. */
export const NAMED_FILES = "/named";

/** One file of a folder, and while it is written the temporary file beside it that takes its place. */
export class OneFileTree implements Tree {
  private readonly folder: WorkspaceTree;
  private readonly name: string;

  constructor(folder: WorkspaceTree, file: string) {
    this.folder = folder;
    this.name = basename(file);
  }

  stat(path: string): Entry | null {
    return path === "" || this.isShown(path) ? this.folder.stat(path) : null;
  }

  list(path: string): string[] {
    return this.folder.list(path).filter((name) => this.isShown(name));
  }

  open(path: string, write: boolean): OpenFile {
    return this.folder.open(this.require(path), write);
  }

  createFile(path: string, mode: number): void {
    this.folder.createFile(this.require(path), mode);
  }

  setRights(path: string, mode: number): void {
    this.folder.setRights(this.require(path), mode);
  }

  createFolder(path: string): void {
    throw new TreeError("EACCES", `${path} is not a file that was named`);
  }

  removeFile(path: string): void {
    this.folder.removeFile(this.require(path));
  }

  removeFolder(path: string): void {
    throw new TreeError("EACCES", `${path} is not a file that was named`);
  }

  rename(from: string, to: string): void {
    this.folder.rename(this.require(from), this.require(to));
  }

  truncate(path: string, sizeBytes: number): void {
    this.folder.truncate(this.require(path), sizeBytes);
  }

  touch(path: string, modifiedMs: number): void {
    this.folder.touch(this.require(path), modifiedMs);
  }

  syncFolder(path: string): void {
    this.folder.syncFolder(path);
  }

  private isShown(path: string): boolean {
    return path === this.name || (path.startsWith(`.${this.name}.`) && path.endsWith(".tmp") && !path.includes("/"));
  }

  private require(path: string): string {
    if (!this.isShown(path)) throw new TreeError("EACCES", `${path} is not the file that was named`);
    return path;
  }
}
