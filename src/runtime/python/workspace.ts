/**
 * The workspace as user code sees it: one folder of the host, read-only unless said otherwise, with the unsaved
 * texts of the editor laid over it. Nothing outside that folder can be named: each path is made canonical, checked
 * and opened without following links, and on Linux the opened file is checked once more.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
  writeSync,
  type Stats,
} from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import process from "node:process";
import { BytesFile } from "./library.ts";
import { TreeError, type Entry, type OpenFile, type Tree } from "./tree.ts";

export interface WorkspaceOptions {
  root: string;
  writable: boolean;
  /** Unsaved texts by absolute host path. */
  overlay?: Record<string, string>;
}

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;
// A named pipe would otherwise block the thread until somebody writes into it.
const NO_WAIT = constants.O_NONBLOCK ?? 0;
/** A script that opens everything and closes nothing must not leave the process without files. */
const MAX_OPEN_FILES = 512;

export class WorkspaceTree implements Tree {
  private readonly root: string;
  private readonly writable: boolean;
  private readonly named: string;
  private readonly overlay = new Map<string, Uint8Array>();
  private overlayModifiedMs = Date.now();
  private nOpen = 0;

  constructor(options: WorkspaceOptions) {
    this.root = realpathSync(options.root);
    this.named = options.root;
    this.writable = options.writable;
    this.setOverlay(options.overlay);
  }

  /** Unsaved texts from now on, in place of the earlier ones. */
  setOverlay(overlay: Record<string, string> = {}): void {
    const encoder = new TextEncoder();
    this.overlay.clear();
    this.overlayModifiedMs = Date.now();
    for (const [file, text] of Object.entries(overlay)) {
      for (const root of [this.named, this.root]) {
        const prefix = root.endsWith(sep) ? root : root + sep;
        if (file.startsWith(prefix)) {
          this.overlay.set(file.slice(prefix.length).split(sep).join("/"), encoder.encode(text));
          break;
        }
      }
    }
  }

  stat(path: string): Entry | null {
    const unsaved = this.overlay.get(path);
    if (unsaved) {
      return { kind: "file", sizeBytes: unsaved.length, modifiedMs: this.overlayModifiedMs, writable: this.writable };
    }
    let status: Stats;
    try {
      status = lstatSync(this.existing(path));
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
    const kind = status.isDirectory() ? "folder" : status.isFile() ? "file" : null;
    if (!kind) throw new TreeError("EACCES", `${path} is neither a file nor a folder`);
    return { kind, sizeBytes: status.size, modifiedMs: status.mtimeMs, writable: this.writable };
  }

  list(path: string): string[] {
    const names = new Set(readdirSync(this.existing(path)));
    const prefix = path === "" ? "" : `${path}/`;
    for (const file of this.overlay.keys()) {
      if (file.startsWith(prefix) && !file.slice(prefix.length).includes("/")) names.add(file.slice(prefix.length));
    }
    return [...names];
  }

  open(path: string, write: boolean): OpenFile {
    if (write) this.requireWritable(path);
    const unsaved = this.overlay.get(path);
    if (unsaved && !write) return new BytesFile(unsaved);
    if (this.nOpen >= MAX_OPEN_FILES) throw new TreeError("EMFILE", "too many files are open");
    const access = write ? constants.O_RDWR : constants.O_RDONLY;
    const file = new HostFile(this.openInside(path, access), () => {
      this.nOpen -= 1;
    });
    this.nOpen += 1;
    return file;
  }

  createFile(path: string, mode: number): void {
    this.requireWritable(path);
    const target = this.newPath(path);
    const descriptor = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, mode);
    try {
      this.verify(descriptor, path);
    } finally {
      closeSync(descriptor);
    }
  }

  setRights(path: string, mode: number): void {
    this.requireWritable(path);
    const descriptor = this.openInside(path, constants.O_RDWR);
    try {
      fchmodSync(descriptor, mode & 0o777 & ~process.umask());
    } finally {
      closeSync(descriptor);
    }
  }

  createFolder(path: string, mode: number): void {
    this.requireWritable(path);
    mkdirSync(this.newPath(path), { mode });
  }

  removeFile(path: string): void {
    this.requireWritable(path);
    unlinkSync(this.newPath(path));
  }

  removeFolder(path: string): void {
    this.requireWritable(path);
    rmdirSync(this.newPath(path));
  }

  rename(from: string, to: string): void {
    this.requireWritable(from);
    const source = this.newPath(from);
    // A relative link that is moved points somewhere else.
    if (lstatSync(source).isSymbolicLink()) throw new TreeError("EPERM", `${from} is a link`);
    renameSync(source, this.newPath(to));
  }

  truncate(path: string, sizeBytes: number): void {
    this.requireWritable(path);
    const descriptor = this.openInside(path, constants.O_RDWR);
    try {
      ftruncateSync(descriptor, sizeBytes);
    } finally {
      closeSync(descriptor);
    }
  }

  touch(path: string, modifiedMs: number): void {
    this.requireWritable(path);
    utimesSync(this.existing(path), modifiedMs / 1000, modifiedMs / 1000);
  }

  syncFolder(path: string): void {
    // Windows opens no folders; its file systems keep renames in order by themselves.
    if (!this.writable || process.platform === "win32") return;
    const descriptor = openSync(this.existing(path), constants.O_RDONLY | constants.O_DIRECTORY | NO_FOLLOW);
    try {
      this.verify(descriptor, path);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  private requireWritable(path: string): void {
    if (!this.writable) throw new TreeError("EROFS", `${path} is read-only`);
  }

  private isInside(real: string): boolean {
    return real === this.root || real.startsWith(this.root.endsWith(sep) ? this.root : this.root + sep);
  }

  /** The canonical host path of something that exists inside the workspace. */
  private existing(path: string): string {
    requirePlain(path);
    const real = realpathSync(join(this.root, path));
    if (!this.isInside(real)) throw new TreeError("EACCES", `${path} leads out of the workspace`);
    return real;
  }

  /** The host path of a name whose folder exists inside the workspace; the name itself is not followed. */
  private newPath(path: string): string {
    requirePlain(path);
    const target = join(this.root, path);
    return join(this.existing(dirname(path) === "." ? "" : dirname(path)), basename(target));
  }

  private openInside(path: string, access: number): number {
    const descriptor = openSync(this.existing(path), access | NO_FOLLOW | NO_WAIT);
    try {
      this.verify(descriptor, path);
      if (!fstatSync(descriptor).isFile()) throw new TreeError("EACCES", `${path} is not a file`);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    return descriptor;
  }

  /** Asks the system where the opened file really lies: a folder may have become a link since it was checked. */
  private verify(descriptor: number, path: string): void {
    if (process.platform !== "linux") return;
    const real = readlinkSync(`/proc/self/fd/${descriptor}`);
    if (!this.isInside(real)) throw new TreeError("EACCES", `${path} leads out of the workspace`);
  }
}

class HostFile implements OpenFile {
  private readonly descriptor: number;
  private readonly onClose: () => void;
  constructor(descriptor: number, onClose: () => void) {
    this.descriptor = descriptor;
    this.onClose = onClose;
  }
  get hostDescriptor(): number {
    return this.descriptor;
  }
  read(target: Uint8Array, position: number): number {
    return readSync(this.descriptor, target, 0, target.length, position);
  }
  write(source: Uint8Array, position: number): number {
    return writeSync(this.descriptor, source, 0, source.length, position);
  }
  sizeBytes(): number {
    return fstatSync(this.descriptor).size;
  }
  sync(): void {
    fsyncSync(this.descriptor);
  }
  close(): void {
    this.onClose();
    closeSync(this.descriptor);
  }
}

function requirePlain(path: string): void {
  const isPlain = path === "" || path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPlain || path.includes("\0") || (sep !== "/" && path.includes(sep))) {
    throw new TreeError("ENOENT", "this path cannot exist in the workspace");
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}
