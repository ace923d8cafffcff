/**
 * What Python can ask of files: describe a checkpoint, bring a storage into tensor memory, write an archive. Data moves
 * between the file and tensor memory in pieces; Python sees handles, and descriptions in JSON. Runs nothing of a file.
 */
import * as bridge from "../bridge.ts";
import { CpuDevice, deviceById, MAPPED_POOL, type Device } from "../device.ts";
import { dtypeById, uint8 } from "../dtype.ts";
import { PythonError, RuntimeError } from "../errors.ts";
import { get, put } from "../handles.ts";
import { readBytes, writeBytes } from "../launch.ts";
import { numelOf } from "../shape.ts";
import { alias, empty, Scope, Storage, Tensor } from "../tensor.ts";
import { openCheckpoint } from "./open.ts";
import { describe } from "./pickle/describe.ts";
import { UnsupportedGlobal } from "./pickle/rules.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readSafetensors, type SafetensorsFile, safetensorsHeader } from "./safetensors.ts";
import { type ByteSource, eachPiece, FileFormatError, MemorySource, PartSource, PIECE_BYTES } from "./source.ts";
import { StreamSink, StreamSource } from "./stream_source.ts";
import { type ByteSink, ZipWriter } from "./zip_write.ts";

/** A file under way: read or written. Python closes it; the end of a run closes what is left. */
interface OpenedFile {
  source?: ByteSource;
  checkpoint?: Checkpoint;
  safetensors?: SafetensorsFile;
  sink?: ByteSink;
  /** Written so far, where the target is no file. */
  pieces?: Uint8Array[];
  archive?: ZipWriter;
}

const files = new Map<number, OpenedFile>();
let nextFile = 1;
const storageNumbers = new WeakMap<Storage, number>();
let nextStorage = 1;

export function closeAllFiles(): void {
  files.clear();
}

function keep(file: OpenedFile): number {
  files.set(nextFile, file);
  return nextFile++;
}

function opened(id: number): OpenedFile {
  const file = files.get(id);
  if (!file) throw new PythonError("ValueError", "I/O operation on closed file.");
  return file;
}

/** What an open file is read from. */
export function sourceOf(id: number): ByteSource {
  return opened(id).source!;
}

/** Where the bytes of a file that is being written go. */
export function sinkOf(id: number): ByteSink {
  return opened(id).sink!;
}

/** What was written so far into a file that is memory, piece by piece. */
export function piecesOf(id: number): readonly Uint8Array[] {
  return opened(id).pieces!;
}

/** Errors become the marker; what the reader refuses gets the class that PyTorch raises. */
function guarded<A extends unknown[], R>(body: (...args: A) => R, onError: unknown = 0): (...args: A) => unknown {
  return (...args) => {
    const mark = Scope.enter();
    try {
      return body(...args);
    } catch (error) {
      if ((error as Error).constructor?.name === "Interrupted") throw error;
      bridge.fail(error instanceof FileFormatError ? asPythonError(error) : error);
      return onError;
    } finally {
      Scope.exit(mark);
    }
  };
}

function asPythonError(error: FileFormatError): PythonError {
  const type = error instanceof UnsupportedGlobal ? "layerwise.UnsupportedGlobal" : "layerwise.FileFormat";
  return new PythonError(type, error.hint ? `${error.message} (${error.hint})` : error.message);
}

const memory = (address: number, length: number): Uint8Array =>
  bridge.python().module.HEAPU8.subarray(address, address + length);

/** The bytes of a storage as a tensor of bytes. */
function flat(storage: Storage): Tensor {
  return new Tensor(storage, [storage.sizeBytes], [1], 0, uint8);
}

function newFlat(sizeBytes: number, device: Device): Tensor {
  return empty([sizeBytes], uint8, device);
}

/** Less than this is read faster than it is mapped. */
const LEAST_MAPPED_BYTES = 1 << 16;
/** Numbers of every dtype can be read at a multiple of this. */
const MAPPED_ALIGNMENT = 8;

/** The bytes of a source as memory that is read from the file when it is touched; null where that cannot be had. */
function mapped(source: ByteSource, device: Device): Tensor | null {
  const { sizeBytes } = source;
  const place = sizeBytes >= LEAST_MAPPED_BYTES ? source.hostPlace?.(0) : null;
  if (!place || !(device instanceof CpuDevice) || place.position % MAPPED_ALIGNMENT !== 0) return null;
  const block = device.map(place.descriptor, place.position, sizeBytes);
  return block && new Tensor(new Storage(device, sizeBytes, block), [sizeBytes], [1], 0, uint8);
}

const part = (bytes: Tensor, offset: number, length: number): Tensor => alias(bytes, [length], [1], offset);

/** Fills a tensor of bytes piece by piece. */
function filler(target: Tensor): (piece: Uint8Array, offset: number) => void {
  return (piece, offset) => writeBytes(part(target, offset, piece.length), piece);
}

/** Hands the bytes of a contiguous tensor on, piece by piece. */
function produceBytes(bytes: Tensor, body: ByteSink): void {
  const buffer = new Uint8Array(Math.min(bytes.numel, PIECE_BYTES));
  for (let offset = 0; offset < bytes.numel; offset += PIECE_BYTES) {
    const piece = buffer.subarray(0, Math.min(PIECE_BYTES, bytes.numel - offset));
    readBytes(part(bytes, offset, piece.length), piece);
    body(piece);
  }
}

const reading = {
  file_open: guarded((descriptor: number, start: number) => {
    const whole = new StreamSource(descriptor);
    const rest = BigInt(Math.max(0, whole.sizeBytes - start));
    return keep({ source: start > 0 ? new PartSource(whole, BigInt(start), rest, "the file") : whole });
  }),
  file_open_memory: guarded((address: number, length: number) =>
    keep({ source: new MemorySource(memory(address, length).slice()) }),
  ),
  file_close: (id: number) => files.delete(id),

  /** The steps that rebuild a checkpoint's objects, and where its storages were. */
  checkpoint_describe: guarded((id: number, allowed: string) => {
    const file = opened(id);
    const checkpoint = openCheckpoint(file.source!, { allowed: new Set(JSON.parse(allowed) as string[]) });
    file.checkpoint = checkpoint;
    const { steps, result } = describe(checkpoint.value);
    const storages = checkpoint.storages.map(({ location, dtype, sizeBytes }) => [location, dtype, sizeBytes]);
    return JSON.stringify({ kind: checkpoint.kind, steps, result, storages });
  }, ""),
  /** A storage as a tensor of bytes. */
  checkpoint_storage: guarded((id: number, index: number, device: number, isMapped: boolean) => {
    const checkpoint = opened(id).checkpoint!;
    const storage = checkpoint.storages[index]!;
    if (isMapped && checkpoint.byteOrder === "little") {
      const found = mapped(checkpoint.openStorage(storage), deviceById(device));
      if (found) return put(found);
    }
    const target = newFlat(storage.sizeBytes, deviceById(device));
    if (!target.isMeta) checkpoint.readStorage(storage, filler(target));
    return put(target);
  }),

  /** The table of a safetensors file; tensors are [name, dtype, shape, offset, bytes] in the order of the data. */
  safetensors_describe: guarded((id: number) => {
    const file = opened(id);
    file.safetensors = readSafetensors(file.source!);
    const { metadata, tensors } = file.safetensors;
    return JSON.stringify({
      metadata,
      tensors: tensors.map(({ name, dtype, shape, position, sizeBytes }) => [name, dtype, shape, position, sizeBytes]),
    });
  }, ""),
  /** Bytes of the file as a tensor of bytes. */
  file_bytes: guarded((id: number, position: number, length: number, device: number) => {
    const { source } = opened(id);
    // A part of the file that is not there must not be allocated for.
    const bytes = new PartSource(source!, BigInt(position), BigInt(length), "a tensor");
    const target = mapped(bytes, deviceById(device)) ?? newFlat(length, deviceById(device));
    if (!target.isMeta && target.storage.block?.pool !== MAPPED_POOL) eachPiece(bytes, 0, length, filler(target));
    return put(target);
  }),
};

const writing = {
  /** Begin to write into an open file from `start` on, or, without one, into memory. */
  file_create: guarded((descriptor: number, start: number) => {
    if (descriptor >= 0) {
      const target = new StreamSink(descriptor, start);
      return keep({ sink: (bytes) => target.write(bytes) });
    }
    const pieces: Uint8Array[] = [];
    return keep({ pieces, sink: (bytes) => void pieces.push(bytes.slice()) });
  }),
  /** Bytes from Python's memory. */
  file_write: guarded((id: number, address: number, length: number) => {
    opened(id).sink!(memory(address, length).slice());
    return 1;
  }),
  file_write_tensor: guarded((id: number, h: number) => {
    produceBytes(bytesOf(get(h)), opened(id).sink!);
    return 1;
  }),
  archive_add: guarded((id: number, name: string, address: number, length: number) => {
    const file = opened(id);
    file.archive ??= new ZipWriter(file.sink!);
    return file.archive.addBytes(name, memory(address, length).slice()).crc + 1;
  }),
  archive_add_storage: guarded((id: number, name: string, h: number) => {
    const file = opened(id);
    file.archive ??= new ZipWriter(file.sink!);
    const bytes = flat(get(h).storage);
    return file.archive.add(name, bytes.numel, (body) => produceBytes(bytes, body)).crc + 1;
  }),
  archive_finish: guarded((id: number) => opened(id).archive!.finish()),
  safetensors_header: guarded((description: string) => {
    const { metadata, tensors } = JSON.parse(description) as Parameters<typeof toHeader>[0];
    return toHeader({ metadata, tensors });
  }, ""),
  /** Move what was written into memory over to Python, whose buffer is large enough; its length. */
  file_take: guarded((id: number, address: number) => {
    let at = address;
    for (const piece of opened(id).pieces!) {
      memory(at, piece.length).set(piece);
      at += piece.length;
    }
    return at - address;
  }, -1),
  file_length: guarded((id: number) => opened(id).pieces!.reduce((total, piece) => total + piece.length, 0), -1),
};

function toHeader(given: {
  metadata: Record<string, string> | null;
  tensors: [name: string, dtype: string, shape: number[]][];
}): string {
  const tensors = given.tensors.map(([name, dtype, shape]) => ({ name, dtype, shape }));
  return safetensorsHeader(tensors, given.metadata);
}

/** Any contiguous tensor, byte by byte. */
function bytesOf(t: Tensor): Tensor {
  return new Tensor(t.storage, [t.nbytes], [1], t.offset * t.dtype.size, uint8);
}

const storages = {
  /** Which storage a tensor is in: the same number for tensors that share memory. */
  storage_number: (h: number) => {
    const { storage } = get(h);
    const known = storageNumbers.get(storage);
    if (known !== undefined) return known;
    storageNumbers.set(storage, nextStorage);
    return nextStorage++;
  },
  /** The whole memory behind a tensor as a tensor of bytes. */
  storage_bytes_of: guarded((h: number) => put(flat(get(h).storage))),
  /** A view of the storage behind `h`. */
  tensor_over: guarded((h: number, dtypeId: number, offset: number, sizeId: number, strideId: number) => {
    const { storage } = get(h);
    const dtype = dtypeById(dtypeId);
    const sizes = bridge.internedList(sizeId);
    const strides = bridge.internedList(strideId);
    let last = offset;
    sizes.forEach((n, dim) => (last += (n - 1) * strides[dim]!));
    const needed = numelOf(sizes) === 0 ? 0 : (last + 1) * dtype.size;
    if (offset < 0 || strides.some((stride) => stride < 0) || needed > storage.sizeBytes) {
      throw new RuntimeError(
        `setStorage: sizes [${sizes.join(", ")}], strides [${strides.join(", ")}], storage offset ${offset}, and itemsize ` +
          `${dtype.size} requiring a storage size of ${needed} are out of bounds for storage of size ${storage.sizeBytes}`,
      );
    }
    return put(new Tensor(storage, sizes, strides, offset, dtype));
  }),
};

export const fileFunctions: Record<string, (...args: never[]) => unknown> = { ...reading, ...writing, ...storages };
