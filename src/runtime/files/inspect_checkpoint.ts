/** PyTorch's checkpoints for people who look at them: tensors by name, the other values as text, what could not be loaded. */
import { elementBytes, NUMPY_TYPES } from "./element_types.ts";
import type { Draft, Found } from "./inspect.ts";
import { openCheckpoint } from "./open.ts";
import { type Named, namedTensors } from "./pickle/describe.ts";
import { DictValue, NumpyArrayValue, StorageValue, type Value } from "./pickle/values.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type ByteSource, MemorySource } from "./source.ts";

const MOST_CHARACTERS = 100;
const MOST_VALUES = 200;

export function inspectCheckpoint(source: ByteSource): Draft {
  const checkpoint = openCheckpoint(source, { isLooking: true });
  const named = namedTensors(checkpoint.value);
  const tensors = named.map(({ name, tensor }) => row(name, tensor, checkpoint));
  const isLegacy = checkpoint.kind === "legacy";
  return {
    format: isLegacy ? "pytorch-legacy" : "pytorch",
    description: isLegacy
      ? "PyTorch checkpoint, format from before 1.6"
      : `PyTorch checkpoint, zip format ${checkpoint.version}`,
    metadata: plainValues(checkpoint.value),
    tensors,
    notes: [...sharing(named), ...strangers(checkpoint)],
  };
}

function row(name: string, tensor: Named, checkpoint: Checkpoint): Found {
  if (tensor instanceof NumpyArrayValue) {
    const { sizes, bytes } = tensor;
    const dtype = NUMPY_TYPES.get(tensor.type!.name)!;
    const elements = () => ({ source: new MemorySource(bytes), position: 0, dtype, sizes });
    return { name, dtype, shape: [...sizes], sizeBytes: bytes.length, elements };
  }
  if (tensor instanceof StorageValue) {
    const dtype = tensor.dtype ?? "uint8";
    const shape = [tensor.sizeBytes / elementBytes(dtype)];
    return { name, dtype, shape, sizeBytes: tensor.sizeBytes, elements: () => null };
  }
  const { dtype, sizes, strides, storage, offset } = tensor;
  const width = elementBytes(dtype);
  const isReadable = storage !== null && checkpoint.byteOrder === "little";
  return {
    name,
    dtype,
    shape: [...sizes],
    sizeBytes: storage ? sizes.reduce((total, size) => total * size, 1) * width : 0,
    elements: () =>
      isReadable ? { source: checkpoint.openStorage(storage), position: offset * width, dtype, sizes, strides } : null,
  };
}

/** Numbers and texts beside the tensors: epoch, loss, settings. */
function plainValues(value: Value): Record<string, string> {
  const found = new Map<string, string>();
  const seen = new Set<Value>();
  const visit = (name: string, dict: DictValue, depth: number): void => {
    if (seen.has(dict) || depth > 3) return;
    seen.add(dict);
    for (let i = 0; i + 1 < dict.pairs.length && found.size < MOST_VALUES; i += 2) {
      const key = dict.pairs[i];
      const item = dict.pairs[i + 1]!;
      if (typeof key !== "string" && typeof key !== "bigint") continue;
      const path = name === "" ? String(key) : `${name}.${key}`;
      if (item instanceof DictValue) visit(path, item, depth + 1);
      else if (item === null) found.set(path, "None");
      else if (typeof item !== "object") found.set(path, shorten(String(item)));
    }
  };
  if (value instanceof DictValue) visit("", value, 0);
  return Object.fromEntries(found);
}

const shorten = (text: string): string => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);

function sharing(named: readonly { tensor: Named }[]): string[] {
  const users = new Map<StorageValue, number>();
  for (const { tensor } of named) {
    if (tensor instanceof NumpyArrayValue) continue;
    const storage = tensor instanceof StorageValue ? tensor : tensor.storage;
    if (storage) users.set(storage, (users.get(storage) ?? 0) + 1);
  }
  const shared = [...users.values()].filter((count) => count > 1);
  if (shared.length === 0) return [];
  const count = shared.reduce((total, users) => total + users, 0);
  return [`${count} tensors share ${shared.length} ${shared.length === 1 ? "storage" : "storages"}`];
}

function strangers({ strangers: classes }: Checkpoint): string[] {
  if (classes.size === 0) return [];
  const names = [...classes].slice(0, 6).join(", ");
  const more = classes.size > 6 ? ` and ${classes.size - 6} more` : "";
  return [`holds objects of classes, which torch.load refuses by default: ${names}${more}`];
}
