/**
 * Files as the user's Python opened them: a descriptor of the interpreter's file system. What may be opened was decided
 * when Python opened it, by the same rules as for every file of the script; here bytes go straight between that file
 * and our memory, past Python's.
 */
import * as bridge from "../bridge.ts";
import { PythonError } from "../errors.ts";
import type { FsStream, VirtualFs } from "../python/pyodide.ts";
import type { OpenFile } from "../python/tree.ts";
import { type ByteSource, FileFormatError, type HostPlace } from "./source.ts";

interface FileSystem extends VirtualFs {
  read(stream: FsStream, buffer: Uint8Array, offset: number, length: number, position: number): number;
  write(stream: FsStream, buffer: Uint8Array, offset: number, length: number, position: number): number;
}

const MOST_AT_ONCE = 1 << 24;

function fileSystem(): FileSystem {
  return (bridge.python().module as unknown as { FS: FileSystem }).FS;
}

function openFile(descriptor: number): FsStream {
  const fs = fileSystem();
  const stream = fs.streams[descriptor];
  if (!stream || !fs.isFile(stream.node.mode)) throw new PythonError("OSError", "this is no open file");
  return stream;
}

function guarded<T>(stream: FsStream, action: () => T): T {
  if (fileSystem().streams[stream.fd] !== stream) throw new PythonError("ValueError", "I/O operation on closed file.");
  try {
    return action();
  } catch (error) {
    const { errno } = error as { errno?: number };
    if (errno === undefined) throw error;
    throw new PythonError("OSError", `errno ${errno}`);
  }
}

export class StreamSource implements ByteSource {
  readonly sizeBytes: number;
  private readonly stream: FsStream;

  constructor(descriptor: number) {
    this.stream = openFile(descriptor);
    this.sizeBytes = guarded(this.stream, () => this.stream.node.stream_ops.llseek!(this.stream, 0, 2));
  }

  hostPlace(position: number): HostPlace | null {
    const { hostDescriptor } = (this.stream["file"] ?? {}) as Partial<OpenFile>;
    return hostDescriptor === undefined ? null : { descriptor: hostDescriptor, position };
  }

  read(position: number, target: Uint8Array): void {
    const fs = fileSystem();
    let done = 0;
    while (done < target.length) {
      bridge.python().checkInterrupt();
      const wanted = Math.min(target.length - done, MOST_AT_ONCE);
      const got = guarded(this.stream, () => fs.read(this.stream, target, done, wanted, position + done));
      if (got === 0) throw new FileFormatError("the file became shorter while it was read");
      done += got;
    }
  }
}

/** Appends to an open file from `start` on. */
export class StreamSink {
  position: number;
  private readonly stream: FsStream;

  constructor(descriptor: number, start: number) {
    this.stream = openFile(descriptor);
    this.position = start;
  }

  write(bytes: Uint8Array): void {
    const fs = fileSystem();
    let done = 0;
    while (done < bytes.length) {
      bridge.python().checkInterrupt();
      const wanted = Math.min(bytes.length - done, MOST_AT_ONCE);
      done += guarded(this.stream, () => fs.write(this.stream, bytes, done, wanted, this.position + done));
    }
    this.position += bytes.length;
  }
}
