/**
 * Says what is in a file of tensors or a model, whatever its kind. Reads headers only, unless statistics are wanted; runs
 * nothing, and answers a damaged or hostile file with one sentence.
 */
import type { InspectedTensor, Inspection } from "../../protocol/inspect.ts";
import { companionPath, openCompanion } from "./companions.ts";
import { isGguf, readGguf } from "./gguf.ts";
import { inspectCheckpoint } from "./inspect_checkpoint.ts";
import { isLegacyCheckpoint } from "./legacy.ts";
import { isNpy, readNpyHeader } from "./npy.ts";
import { readOnnx, type OnnxModel } from "./onnx.ts";
import { headOf } from "./open.ts";
import { isSafetensors, readSafetensors } from "./safetensors.ts";
import { readShardIndex } from "./shards.ts";
import { type ByteSource, FileFormatError, HostSource, product, quoted } from "./source.ts";
import { type Elements, statisticsOf } from "./statistics.ts";
import { isZip, openMember, readZip, type ZipMember } from "./zip.ts";

export interface InspectOptions {
  /** Read all data, for smallest, largest, mean and NaN counts. */
  statistics?: boolean;
}

/** A tensor with the way to its elements, where there is one. */
export type Found = InspectedTensor & { elements?: () => Elements | null };

/** What a reader answers; totals and statistics are added for all alike. */
export type Draft = Omit<Inspection, "tensors" | "totals" | "fileBytes"> & { tensors: Found[]; fileBytes?: number };

export function inspectFile(path: string, options: InspectOptions = {}): Inspection {
  const source = new HostSource(path);
  const opened: ByteSource[] = [source];
  try {
    return finished(draftOf(path, source, opened), source.sizeBytes, options);
  } finally {
    for (const one of opened) one.close?.();
  }
}

/** As `inspectFile`, of bytes that lie in no folder: they can have no companions. */
export function inspectBytes(source: ByteSource, name: string, options: InspectOptions = {}): Inspection {
  return finished(draftOf(name, source, null), source.sizeBytes, options);
}

/** `opened` collects the files that are opened beside; null: there are none to open. */
function draftOf(path: string, source: ByteSource, opened: ByteSource[] | null): Draft {
  if (source.sizeBytes === 0) throw new FileFormatError("the file is empty");
  const head = headOf(source);
  const name = path.toLowerCase();
  if (isNpy(head)) return npy(source);
  if (isGguf(head)) return gguf(source);
  if (isLegacyCheckpoint(head)) return inspectCheckpoint(source);
  if (isZip(head)) return isNpzName(name) || hasOnlyArrays(source) ? npz(source) : inspectCheckpoint(source);
  if (name.endsWith(".index.json")) return shards(path, source, opened);
  if (name.endsWith(".onnx")) return onnx(path, source, opened);
  if (name.endsWith(".safetensors") || isSafetensors(head, source.sizeBytes)) return safetensors(source);
  if (head[0] === 0x80 && head[1]! <= 5) {
    throw new FileFormatError("this is a pickle, but no checkpoint of torch.save: what it holds would have to be run");
  }
  throw new FileFormatError(
    "the file is of no kind that is known: .safetensors, .pt, .onnx, .gguf, .npy, .npz or *.index.json",
  );
}

function finished(draft: Draft, sourceBytes: number, options: InspectOptions): Inspection {
  const totals = { tensors: draft.tensors.length, elements: 0, sizeBytes: 0 };
  const tensors = draft.tensors.map(({ elements, ...tensor }): InspectedTensor => {
    totals.elements += Number(product(tensor.shape));
    totals.sizeBytes += tensor.sizeBytes;
    if (!options.statistics) return tensor;
    const place = elements?.();
    const statistics = place ? statisticsOf(place) : null;
    return statistics ? { ...tensor, statistics } : tensor;
  });
  const { format, description, metadata, graph, notes } = draft;
  const fileBytes = draft.fileBytes ?? sourceBytes;
  return { format, description, fileBytes, metadata, tensors, totals, ...(graph ? { graph } : {}), notes };
}

function safetensors(source: ByteSource): Draft {
  const { metadata, tensors } = readSafetensors(source);
  return {
    format: "safetensors",
    description: "safetensors",
    metadata,
    tensors: tensors.map(({ name, dtype, shape, sizeBytes, position }) => ({
      name,
      dtype,
      shape,
      sizeBytes,
      elements: () => ({ source, position, dtype, sizes: shape }),
    })),
    notes: [],
  };
}

function npy(source: ByteSource, name = "(array)"): Draft {
  const { dtype, shape, isFortran, isBigEndian, position, sizeBytes, version } = readNpyHeader(source);
  const order = `${isFortran ? "column" : "row"} by ${isFortran ? "column" : "row"}`;
  return {
    format: "npy",
    description: `NumPy array, version ${version}, ${order}${isBigEndian ? ", big-endian" : ""}`,
    metadata: {},
    tensors: [
      {
        name,
        dtype,
        shape,
        sizeBytes,
        elements: () => (isBigEndian && sizeBytes > 0 ? null : { source, position, dtype, sizes: shape }),
      },
    ],
    notes: [],
  };
}

const isNpzName = (name: string): boolean => name.endsWith(".npz");

function hasOnlyArrays(source: ByteSource): boolean {
  const names = [...readZip(source, { deflate: true }).keys()];
  return names.length > 0 && names.every((name) => name.endsWith(".npy"));
}

/** What one array of a compressed archive may unpack to. */
const MOST_UNPACKED_BYTES = 1024 ** 3;

function npz(source: ByteSource): Draft {
  const members = readZip(source, { deflate: true });
  const tensors: Found[] = [];
  let isPacked = false;
  for (const member of members.values()) {
    const name = member.name.replace(/\.npy$/, "");
    isPacked ||= member.method !== 0;
    try {
      tensors.push(...npy(unpacked(source, member), name).tensors);
    } catch (error) {
      if (error instanceof FileFormatError) throw new FileFormatError(`${quoted(member.name)}: ${error.message}`);
      throw error;
    }
  }
  const description = `NumPy archive of ${tensors.length} arrays${isPacked ? ", compressed" : ""}`;
  return { format: "npz", description, metadata: {}, tensors, notes: [] };
}

/** An archive whose members unpack to far more than it weighs is refused as a whole. */
function unpacked(source: ByteSource, member: ZipMember): ByteSource {
  const most = Math.min(MOST_UNPACKED_BYTES, 64 * 1024 ** 2 + 4 * source.sizeBytes);
  return openMember(source, member, most);
}

function gguf(source: ByteSource): Draft {
  const { version, metadata, tensors } = readGguf(source);
  const plain: Readonly<Record<string, string>> = { F32: "float32", F16: "float16", BF16: "bfloat16", F64: "float64" };
  return {
    format: "gguf",
    description: `GGUF version ${version}${metadata["general.architecture"] ? `, ${metadata["general.architecture"]}` : ""}`,
    metadata,
    tensors: tensors.map(({ name, type, shape, sizeBytes, position }) => {
      const dtype = plain[type];
      return {
        name,
        dtype: dtype ?? type,
        shape,
        sizeBytes,
        elements: () => (dtype ? { source, position, dtype, sizes: shape } : null),
      };
    }),
    notes: [],
  };
}

function onnx(path: string, source: ByteSource, opened: ByteSource[] | null): Draft {
  const model = readOnnx(source);
  const beside = externalFiles(path, model, opened);
  const operators = [...model.operators].map(([name, count]) => ({ name, count }));
  operators.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  const nNodes = operators.reduce((total, { count }) => total + count, 0);
  return {
    format: "onnx",
    description: `ONNX model of ${nNodes} nodes`,
    metadata: model.metadata,
    graph: { name: model.graph, inputs: model.inputs, outputs: model.outputs, operators },
    tensors: model.initializers.map(({ name, dtype, shape, sizeBytes, position, external }) => ({
      name,
      dtype,
      shape,
      sizeBytes,
      ...(external ? { file: external.location } : {}),
      elements: () => {
        const file = external ? beside.get(external.location) : source;
        const at = external ? Number(external.offset) : position;
        return file && at >= 0 ? { source: file, position: at, dtype, sizes: shape } : null;
      },
    })),
    notes: beside.size > 0 ? [`weights lie in ${[...beside.keys()].map(quoted).join(", ")} beside the model`] : [],
  };
}

function externalFiles(path: string, model: OnnxModel, opened: ByteSource[] | null): Map<string, ByteSource> {
  const files = new Map<string, ByteSource>();
  for (const { name, external } of model.initializers) {
    if (!external) continue;
    const { location, offset, length } = external;
    if (!opened)
      throw new FileFormatError(`initializer ${quoted(name)} lies in ${quoted(location)}, which is not at hand`);
    let file = files.get(location);
    if (!file) {
      file = openCompanion(path, location);
      opened.push(file);
      files.set(location, file);
    }
    if (offset + length > BigInt(file.sizeBytes)) {
      throw new FileFormatError(
        `initializer ${quoted(name)} ends at byte ${offset + length} of ${quoted(location)}, which has ${file.sizeBytes}`,
      );
    }
  }
  return files;
}

/** Each shard is read as a file of its own; the index says which tensors it should hold. */
function shards(path: string, source: ByteSource, opened: ByteSource[] | null): Draft {
  const index = readShardIndex(source);
  if (!opened) throw new FileFormatError("the files that the index names are not at hand");
  const tensors: Found[] = [];
  const notes: string[] = [];
  let fileBytes = source.sizeBytes;
  let isSafe = true;
  for (const [file, names] of index.files) {
    if (companionPath(path, file) === path) throw new FileFormatError("the index names itself");
    const shard = openCompanion(path, file);
    opened.push(shard);
    fileBytes += shard.sizeBytes;
    const draft = draftOf(file, shard, null);
    if (draft.format !== "safetensors") isSafe = false;
    const found = new Map(draft.tensors.map((tensor) => [tensor.name, tensor]));
    for (const name of names) {
      const tensor = found.get(name);
      if (!tensor) throw new FileFormatError(`${quoted(file)} does not hold tensor ${quoted(name)}, as the index says`);
      tensors.push({ ...tensor, file });
      found.delete(name);
    }
    if (found.size > 0) notes.push(`${quoted(file)} holds ${found.size} tensors that the index does not name`);
    notes.push(...draft.notes);
  }
  return {
    format: isSafe ? "safetensors-shards" : "pytorch-shards",
    description: `${isSafe ? "safetensors" : "PyTorch"} checkpoint in ${index.files.size} files`,
    fileBytes,
    metadata: index.metadata,
    tensors,
    notes,
  };
}
