/**
 * The interpreter's own file system in memory: only /tmp, /var/tmp and the home folder can be written, together they
 * hold a limited number of bytes, and a reset empties them. The rest belongs to us and outlives a run, so nobody may
 * change it.
 */
import type { EmscriptenModule, FsNode } from "./pyodide.ts";
import { HOME } from "./pyodide.ts";

const WRITABLE = ["/tmp", "/var/tmp", HOME];

export class ScratchSpace {
  /** While true, we ourselves change the file system: mounting, resetting. */
  private isUnlocked = false;
  private usedBytes = 0;
  private readonly module: EmscriptenModule;
  private readonly limitBytes: number;

  constructor(module: EmscriptenModule, limitBytes: number) {
    this.module = module;
    this.limitBytes = limitBytes;
    this.guardFolders();
    this.guardContent();
  }

  /** Runs one of our own changes. */
  unlocked<T>(change: () => T): T {
    const before = this.isUnlocked;
    this.isUnlocked = true;
    try {
      return change();
    } finally {
      this.isUnlocked = before;
    }
  }

  /** Closes what a run left open and removes what it wrote. */
  clear(): void {
    const { FS } = this.module;
    for (const stream of FS.streams) {
      if (!stream || stream.fd < 3) continue;
      try {
        FS.close(stream);
      } catch {
        // A file that cannot be closed is gone with the run all the same.
      }
    }
    this.unlocked(() => {
      for (const path of WRITABLE) this.empty(FS.lookupPath(path).node, path);
      FS.chdir(HOME);
    });
    this.usedBytes = 0;
  }

  private empty(folder: FsNode, path: string): void {
    const { FS } = this.module;
    // A mounted workspace is not ours to empty.
    if (!isMemoryFolder(folder)) return;
    for (const [name, child] of Object.entries(folder.contents)) {
      const childPath = `${path}/${name}`;
      if (FS.isMountpoint(child)) continue;
      if (FS.isDir(child.mode)) {
        this.empty(child, childPath);
        if (Object.keys(child.contents ?? {}).length === 0) FS.rmdir(childPath);
      } else {
        FS.unlink(childPath);
      }
    }
  }

  private guardFolders(): void {
    const operations = this.module.FS.filesystems.MEMFS.ops_table.dir.node;
    const original = { ...operations };
    operations.mknod = (parent, name, mode, device) => {
      this.requireWritable(parent);
      return original.mknod(parent, name, mode, device);
    };
    operations.symlink = (parent, name, target) => {
      this.requireWritable(parent);
      return original.symlink(parent, name, target);
    };
    operations.unlink = (parent, name) => {
      this.requireWritable(parent);
      original.unlink(parent, name);
    };
    operations.rmdir = (parent, name) => {
      this.requireWritable(parent);
      original.rmdir(parent, name);
    };
    operations.rename = (node, parent, name) => {
      this.requireWritable(node.parent);
      this.requireWritable(parent);
      original.rename(node, parent, name);
    };
    operations.setattr = (node, change) => {
      this.requireWritable(node);
      original.setattr(node, change);
    };
  }

  private guardContent(): void {
    const memory = this.module.FS.filesystems.MEMFS;
    const expand = memory.expandFileStorage;
    const resize = memory.resizeFileStorage;
    memory.expandFileStorage = (node, capacity) => {
      const before = lengthOf(node);
      this.reserve(capacity - before);
      expand(node, capacity);
      // Storage grows by more than was asked for, so that not every write has to move it.
      this.usedBytes += Math.max(0, lengthOf(node) - Math.max(capacity, before));
    };
    memory.resizeFileStorage = (node, size) => {
      this.reserve(size - lengthOf(node));
      resize(node, size);
    };
    const { stream, node: fileNode } = memory.ops_table.file;
    const write = stream.write;
    stream.write = (opened, buffer, offset, length, position) => {
      // The first write takes a copy of its own size instead of growing the storage.
      if (opened.node.usedBytes === 0 && position === 0) this.reserve(length);
      return write(opened, buffer, offset, length, position);
    };
    const setattr = fileNode.setattr;
    fileNode.setattr = (node, change) => {
      this.requireWritable(node.parent);
      setattr?.(node, change);
    };
  }

  private reserve(bytes: number): void {
    if (bytes <= 0) return;
    if (this.usedBytes + bytes > this.limitBytes) {
      this.usedBytes = this.measure();
      if (this.usedBytes + bytes > this.limitBytes) this.fail("ENOSPC");
    }
    this.usedBytes += bytes;
  }

  private measure(): number {
    let total = 0;
    const visit = (node: FsNode): void => {
      if (isMemoryFolder(node)) Object.values(node.contents).forEach(visit);
      else total += lengthOf(node);
    };
    for (const path of WRITABLE) visit(this.module.FS.lookupPath(path).node);
    for (const stream of this.module.FS.streams) if (stream) total += lengthOf(stream.node);
    return total;
  }

  private requireWritable(folder: FsNode): void {
    if (this.isUnlocked) return;
    let path = "";
    for (let at = folder; at.parent !== at; at = at.parent) path = `/${at.name}${path}`;
    if (!WRITABLE.some((root) => path === root || path.startsWith(`${root}/`))) this.fail("EACCES");
  }

  private fail(code: string): never {
    throw new this.module.FS.ErrnoError(this.module.ERRNO_CODES[code]);
  }
}

function isMemoryFolder(node: FsNode): node is FsNode & { contents: Record<string, FsNode> } {
  return node.contents !== undefined && !ArrayBuffer.isView(node.contents);
}

function lengthOf(node: FsNode): number {
  return ArrayBuffer.isView(node.contents) ? node.contents.length : 0;
}
