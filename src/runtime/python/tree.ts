/**
 * Shows a tree of files (our packages, the workspace) inside Emscripten's file system. Translates calls and errors
 * only; what may be read or written is decided by the tree.
 */
import type {
  AttributeChange,
  EmscriptenModule,
  FsAttributes,
  FsNode,
  FsStream,
  NodeOps,
  StreamOps,
} from "./pyodide.ts";

export interface Entry {
  kind: "file" | "folder";
  sizeBytes: number;
  modifiedMs: number;
  writable: boolean;
}

export interface OpenFile {
  read(target: Uint8Array, position: number): number;
  write(source: Uint8Array, position: number): number;
  sizeBytes(): number;
  /** The host's number of it, where it is a file of the host; it never reaches Python. */
  readonly hostDescriptor?: number;
  /** Returns when what was written is on the disk. */
  sync?(): void;
  close(): void;
}

/** Paths are relative, with "/" between parts; "" is the tree itself. Failures are thrown as TreeError. */
export interface Tree {
  /** null when there is nothing. */
  stat(path: string): Entry | null;
  list(path: string): string[];
  open(path: string, write: boolean): OpenFile;
  createFile(path: string, mode: number): void;
  /** The rights that a new file was asked for; called once, right after its creation. */
  setRights?(path: string, mode: number): void;
  createFolder(path: string, mode: number): void;
  removeFile(path: string): void;
  removeFolder(path: string): void;
  rename(from: string, to: string): void;
  truncate(path: string, sizeBytes: number): void;
  touch(path: string, modifiedMs: number): void;
  /** Returns when the names in this folder are on the disk. */
  syncFolder?(path: string): void;
}

/** A refusal or failure with the name of its errno: "EROFS", "ENOENT". */
export class TreeError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const FOLDER = 0o040000;
const FILE = 0o100000;
const WRITE_FLAGS = 3;

/** Mounts `tree` at `mountpoint`, which must exist or be creatable. */
export function mountTree(module: EmscriptenModule, tree: Tree, mountpoint: string): void {
  const fs = module.FS;
  fs.mkdirTree(mountpoint);
  fs.mount({ mount: () => new TreeMount(module, tree).root }, {}, mountpoint);
}

class TreeMount {
  readonly root: FsNode;
  private readonly module: EmscriptenModule;
  private readonly tree: Tree;
  private readonly nodeOps: NodeOps;
  private readonly streamOps: StreamOps;
  private justMade: FsNode | null = null;

  constructor(module: EmscriptenModule, tree: Tree) {
    this.module = module;
    this.tree = tree;
    const refuse = (): never => this.fail("EROFS");
    this.nodeOps = {
      getattr: (node) => this.attributes(node),
      setattr: (node, change) => this.change(node, change),
      lookup: (parent, name) => this.lookup(parent, name),
      mknod: (parent, name, mode) => this.create(parent, name, mode),
      rename: (node, parent, name) => this.guard(() => tree.rename(pathOf(node), childPath(parent, name))),
      unlink: (parent, name) => this.guard(() => tree.removeFile(childPath(parent, name))),
      rmdir: (parent, name) => this.guard(() => tree.removeFolder(childPath(parent, name))),
      readdir: (node) => [".", "..", ...this.guard(() => tree.list(pathOf(node)))],
      // A link made here could point anywhere once another program follows it.
      symlink: refuse,
      readlink: () => this.fail("EINVAL"),
    };
    this.streamOps = {
      open: (stream) => this.open(stream),
      close: (stream) => fileOf(stream)?.close(),
      read: (stream, buffer, offset, length, position) =>
        this.guard(() => requireFile(stream).read(bytesOf(buffer, offset, length), position)),
      write: (stream, buffer, offset, length, position) =>
        this.guard(() => requireFile(stream).write(bytesOf(buffer, offset, length), position)),
      llseek: (stream, offset, whence) => this.seek(stream, offset, whence),
      mmap: () => this.fail("ENODEV"),
      msync: () => 0,
      fsync: (stream) => this.sync(stream),
    };
    // Emscripten asks the folder's own mode before it asks us to make something in it.
    const isWritable = this.guard(() => tree.stat("")?.writable) ?? false;
    this.root = this.makeNode(null, "/", FOLDER | (isWritable ? 0o755 : 0o555));
  }

  private attributes(node: FsNode): FsAttributes {
    const entry = this.guard(() => this.tree.stat(pathOf(node)));
    if (!entry) return this.fail("ENOENT");
    const modified = new Date(entry.modifiedMs);
    return {
      dev: 2,
      ino: node.id,
      mode: modeOf(entry),
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: 0,
      size: entry.sizeBytes,
      atime: modified,
      mtime: modified,
      ctime: modified,
      blksize: 4096,
      blocks: Math.ceil(entry.sizeBytes / 512),
    };
  }

  private change(node: FsNode, change: AttributeChange): void {
    this.guard(() => {
      const path = pathOf(node);
      if (change.size !== undefined) this.tree.truncate(path, change.size);
      const modified = change.mtime ?? change.timestamp;
      if (modified !== undefined && modified !== null) this.tree.touch(path, Number(modified));
      const isChmod = change.mode !== undefined && change.size === undefined;
      if (!isChmod) return;
      // Access rights of the user's files are not ours to change, except those of a file that Emscripten just made.
      if (this.justMade !== node) throw new TreeError("EPERM", "rights cannot be changed");
      this.justMade = null;
      this.tree.setRights?.(path, change.mode! & 0o777);
    });
  }

  private lookup(parent: FsNode, name: string): FsNode {
    const entry = this.guard(() => this.tree.stat(childPath(parent, name)));
    if (!entry) return this.fail("ENOENT");
    return this.makeNode(parent, name, modeOf(entry));
  }

  private create(parent: FsNode, name: string, mode: number): FsNode {
    const path = childPath(parent, name);
    this.guard(() => {
      if (this.module.FS.isDir(mode)) this.tree.createFolder(path, mode & 0o777);
      // Emscripten asks for all rights here and for the right ones later.
      else if (this.module.FS.isFile(mode)) this.tree.createFile(path, 0o600);
      else throw new TreeError("EPERM", "only files and folders can be made");
    });
    const node = this.makeNode(parent, name, mode);
    this.justMade = this.module.FS.isFile(mode) ? node : null;
    return node;
  }

  private open(stream: FsStream): void {
    if (this.module.FS.isDir(stream.node.mode)) return;
    const write = (stream.flags & WRITE_FLAGS) !== 0;
    stream.file = this.guard(() => this.tree.open(pathOf(stream.node), write));
  }

  private sync(stream: FsStream): number {
    this.guard(() => {
      const file = fileOf(stream);
      if (file) file.sync?.();
      else this.tree.syncFolder?.(pathOf(stream.node));
    });
    return 0;
  }

  private seek(stream: FsStream, offset: number, whence: number): number {
    const start = whence === 1 ? stream.position : whence === 2 ? this.guard(() => requireFile(stream).sizeBytes()) : 0;
    const position = start + offset;
    return position < 0 ? this.fail("EINVAL") : position;
  }

  private makeNode(parent: FsNode | null, name: string, mode: number): FsNode {
    const node = this.module.FS.createNode(parent, name, mode, 0);
    node.node_ops = this.nodeOps;
    node.stream_ops = this.streamOps;
    return node;
  }

  private fail(code: string): never {
    throw new this.module.FS.ErrnoError(this.module.ERRNO_CODES[code] ?? this.module.ERRNO_CODES.EIO);
  }

  /** Every failure must leave as an errno: anything else would end the interpreter. */
  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      return this.fail((error as NodeJS.ErrnoException).code ?? "EIO");
    }
  }
}

function modeOf(entry: Entry): number {
  if (entry.kind === "folder") return FOLDER | (entry.writable ? 0o755 : 0o555);
  return FILE | (entry.writable ? 0o644 : 0o444);
}

function pathOf(node: FsNode): string {
  const parts: string[] = [];
  for (let at = node; at.parent !== at; at = at.parent) parts.push(at.name);
  return parts.reverse().join("/");
}

function childPath(parent: FsNode, name: string): string {
  const path = pathOf(parent);
  return path === "" ? name : `${path}/${name}`;
}

function fileOf(stream: FsStream): OpenFile | undefined {
  return stream.file as OpenFile | undefined;
}

function requireFile(stream: FsStream): OpenFile {
  const file = fileOf(stream);
  if (!file) throw new TreeError("EISDIR", "a folder has no content");
  return file;
}

function bytesOf(buffer: Uint8Array, offset: number, length: number): Uint8Array {
  // Emscripten passes HEAP8 here, which is signed.
  return new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
}
