/**
 * What may stand in a PyTorch checkpoint: tensors, containers, numbers, and names of data types. Everything else is
 * refused by its name, or, where a file is only looked at, kept as an inert instance; calls of unknown functions are
 * refused in any case.
 */
import { ELEMENT_BYTES, elementBytes, STORAGE_CLASSES } from "../element_types.ts";
import { exactSize, FileFormatError, printable, product, quoted } from "../source.ts";
import type { PickleRules } from "./machine.ts";
import { callNumpy } from "./numpy.ts";
import {
  BytearrayValue,
  ComplexValue,
  describeValue,
  DeviceValue,
  DictValue,
  GlobalValue,
  InstanceValue,
  LayoutValue,
  ListValue,
  SetValue,
  SizeValue,
  StorageValue,
  TensorValue,
  TupleValue,
  type Value,
} from "./values.ts";

export interface RuleOptions {
  /** Classes and functions that the caller allows beyond ours, as "module.name". They are described, never made here. */
  allowed?: ReadonlySet<string>;
  /** Keep instances of unknown classes as data to look at. Their names are collected. */
  isLooking?: boolean;
  /** Bytes of a storage, by key; throws when there is none. */
  storageBytes(key: string): number;
}

/** A name that is no data. */
export class UnsupportedGlobal extends FileFormatError {
  readonly path: string;
  constructor(path: string) {
    const shown = printable(path);
    super(
      `Unsupported global: GLOBAL ${shown} was not an allowed global by default. Please use ` +
        `\`torch.serialization.add_safe_globals([${shown}])\` or the \`torch.serialization.safe_globals([${shown}])\` ` +
        `context manager to allowlist this global if you trust this class/function.`,
    );
    this.path = path;
  }
}

/** Modules whose functions reach the system: no list of a user's makes them data. */
const BLOCKED = new Set([
  "sys",
  "os",
  "posix",
  "nt",
  "subprocess",
  "builtins.eval",
  "builtins.exec",
  "builtins.__import__",
]);

/** Classes that stand for themselves: as the factory of a defaultdict, as the class of a tensor. */
const CLASSES = new Set([
  "builtins.bool",
  "builtins.bytearray",
  "builtins.bytes",
  "builtins.complex",
  "builtins.dict",
  "builtins.float",
  "builtins.frozenset",
  "builtins.int",
  "builtins.list",
  "builtins.object",
  "builtins.set",
  "builtins.str",
  "builtins.tuple",
  "collections.Counter",
  "collections.OrderedDict",
  "collections.defaultdict",
  "torch.Size",
  "torch.Tensor",
  "torch.device",
  "torch.nn.parameter.Parameter",
  "torch.storage.TypedStorage",
  "torch.storage.UntypedStorage",
]);

const OLD_MODULES: Readonly<Record<string, string>> = { __builtin__: "builtins", copy_reg: "copyreg" };

type Call = (rules: CheckpointRules, args: readonly Value[]) => Value;

export class CheckpointRules implements PickleRules {
  /** In the order of first mention; a tensor's storage is one of them. */
  readonly storages: StorageValue[] = [];
  /** Names of classes that are not data, when only looking. */
  readonly strangers = new Set<string>();
  private readonly byKey = new Map<string, StorageValue>();
  private readonly options: RuleOptions;

  constructor(options: RuleOptions) {
    this.options = options;
  }

  global(writtenModule: string, name: string): Value {
    const module = OLD_MODULES[writtenModule] ?? writtenModule;
    const path = `${module}.${name}`;
    if (BLOCKED.has(module.split(".")[0]!) || BLOCKED.has(path)) {
      throw new FileFormatError(
        `Trying to load unsupported GLOBAL ${printable(path)} whose module ${printable(module)} is blocked.`,
      );
    }
    if (module === "torch" && (ELEMENT_BYTES.has(name) || QSCHEMES.has(name))) return new GlobalValue(module, name);
    const isKnown = CALLS.has(path) || CLASSES.has(path) || storageType(module, name) !== undefined;
    if (isKnown || this.options.allowed?.has(path)) return new GlobalValue(module, name);
    if (!this.options.isLooking) throw new UnsupportedGlobal(path);
    return new GlobalValue(module, name);
  }

  call(callee: GlobalValue, args: TupleValue): Value {
    const known = CALLS.get(callee.path);
    if (known) return known(this, args.items);
    const isAllowed = this.options.allowed?.has(callee.path) ?? false;
    const fromNumpy = isAllowed || this.options.isLooking ? callNumpy(callee.path, args.items) : undefined;
    if (fromNumpy !== undefined) return fromNumpy;
    if (isAllowed) return new InstanceValue(callee, "call", args);
    if (this.options.isLooking && isRebuild(callee)) return this.stranger(callee, args);
    throw new UnsupportedGlobal(callee.path);
  }

  create(type: GlobalValue, args: TupleValue): Value {
    if (type.path === "collections.OrderedDict") return CALLS.get(type.path)!(this, args.items);
    if (type.path === "torch.Size") return CALLS.get(type.path)!(this, args.items);
    if (this.options.allowed?.has(type.path)) return new InstanceValue(type, "new", args);
    if (this.options.isLooking && !CALLS.has(type.path)) return this.stranger(type, args);
    throw new UnsupportedGlobal(type.path);
  }

  persistent(id: Value): Value {
    const parts = id instanceof TupleValue ? id.items : [];
    const [word, type, key, location, count] = parts;
    if (word !== "storage" || !(type instanceof GlobalValue) || typeof key !== "string" || typeof count !== "bigint") {
      throw new FileFormatError("the pickle has a persistent id that names no storage");
    }
    const dtype = storageType(type.module, type.name);
    if (dtype === undefined) throw new FileFormatError(`${quoted(type.path)} is no class of storages`);
    if (typeof location !== "string") throw new FileFormatError(`the place of storage ${quoted(key)} is no text`);
    const sizeBytes = exactSize(
      count * BigInt(dtype === null ? 1 : elementBytes(dtype)),
      `the size of storage ${quoted(key)}`,
    );
    const known = this.byKey.get(key);
    if (known) return known;
    const found = this.options.storageBytes(key);
    if (found !== sizeBytes) {
      throw new FileFormatError(`storage ${quoted(key)} should have ${sizeBytes} bytes, but its data has ${found}`);
    }
    return this.addStorage(key, dtype, location, sizeBytes);
  }

  addStorage(key: string, dtype: string | null, location: string, sizeBytes: number): StorageValue {
    const storage = new StorageValue(key, dtype, location, sizeBytes, this.storages.length);
    this.storages.push(storage);
    this.byKey.set(key, storage);
    return storage;
  }

  private stranger(type: GlobalValue, args: TupleValue): Value {
    this.strangers.add(type.path);
    return new InstanceValue(type, "new", args);
  }
}

/** Functions of PyTorch that only put tensors together; those we do not know may be looked at. */
function isRebuild(callee: GlobalValue): boolean {
  return callee.module === "torch._utils" && callee.name.startsWith("_rebuild_");
}

/** The dtype of a storage class, null for the untyped one, undefined for anything else. */
export function storageType(module: string, name: string): string | null | undefined {
  if (module === "torch.storage" && name === "UntypedStorage") return null;
  if (module === "torch" || module === "torch.cuda") return STORAGE_CLASSES.get(name);
  return undefined;
}

// Arguments

function fail(callee: string, what: string): never {
  throw new FileFormatError(`${callee} got ${what}`);
}

function sizesOf(callee: string, value: Value | undefined): number[] {
  const items = value instanceof TupleValue || value instanceof ListValue ? value.items : null;
  const isSize = value instanceof SizeValue;
  if (!items && !isSize) fail(callee, `${describeValue(value ?? null)} where a shape was expected`);
  return (items ?? (value as SizeValue).sizes).map((size) => {
    if (typeof size === "number" && isSize) return size;
    if (typeof size !== "bigint") return fail(callee, `${describeValue(size)} in a shape`);
    return exactSize(size, "a size or stride");
  });
}

function boolOf(callee: string, value: Value | undefined): boolean {
  // Old writers passed 0 and 1.
  if (typeof value === "bigint") return value !== 0n;
  return typeof value === "boolean"
    ? value
    : fail(callee, `${describeValue(value ?? null)} where True or False was expected`);
}

function dtypeOf(callee: string, value: Value | undefined): string {
  const isDtype = value instanceof GlobalValue && value.module === "torch" && ELEMENT_BYTES.has(value.name);
  return isDtype ? value.name : fail(callee, `${describeValue(value ?? null)} where a dtype was expected`);
}

/** A view of a storage, checked against the storage's length. */
function tensorOf(callee: string, args: readonly Value[], dtypeAt: number): TensorValue {
  const [storage, offset, size, stride, requiresGrad = false] = args;
  if (!(storage instanceof StorageValue))
    fail(callee, `${describeValue(storage ?? null)} where a storage was expected`);
  if (typeof offset !== "bigint") fail(callee, `${describeValue(offset ?? null)} as storage offset`);
  const dtype = dtypeAt < 0 ? (storage.dtype ?? "uint8") : dtypeOf(callee, args[dtypeAt]);
  const sizes = sizesOf(callee, size);
  const strides = sizesOf(callee, stride);
  if (sizes.length !== strides.length) fail(callee, `${sizes.length} sizes and ${strides.length} strides`);
  let last = offset;
  sizes.forEach((n, dim) => (last += (BigInt(n) - 1n) * BigInt(strides[dim]!)));
  const isEmpty = sizes.includes(0);
  const needed = isEmpty ? 0n : (last + 1n) * BigInt(elementBytes(dtype));
  if (offset < 0n || needed > BigInt(storage.sizeBytes)) {
    throw new FileFormatError(
      `setStorage: sizes [${sizes.join(", ")}], strides [${strides.join(", ")}], storage offset ${offset}, and itemsize ` +
        `${elementBytes(dtype)} requiring a storage size of ${needed} are out of bounds for storage of size ${storage.sizeBytes}`,
    );
  }
  return new TensorValue({
    storage,
    dtype,
    offset: exactSize(offset, "a storage offset"),
    sizes,
    strides,
    requiresGrad: boolOf(callee, requiresGrad),
    isParameter: false,
    flags: flagsOf(callee, args[dtypeAt < 0 ? 6 : 7]),
    attributes: null,
    quantizer: null,
  });
}

const QSCHEMES = new Set([
  "per_tensor_affine",
  "per_tensor_symmetric",
  "per_channel_affine",
  "per_channel_symmetric",
  "per_channel_affine_float_qparams",
]);

/** Integers, and what they stand for. */
function quantizedOf(args: readonly Value[]): TensorValue {
  const callee = "_rebuild_qtensor";
  const [storage, offset, size, stride, quantizer, requiresGrad = false] = args;
  const plain = tensorOf(callee, [storage ?? null, offset ?? null, size ?? null, stride ?? null, requiresGrad], -1);
  const parts = quantizer instanceof TupleValue ? quantizer.items : [];
  const isKnown = parts[0] instanceof GlobalValue && QSCHEMES.has(parts[0].name);
  if (!plain.dtype.startsWith("q")) fail(callee, `a storage of ${plain.dtype}`);
  if (!isKnown || parts.length < 3 || parts.length > 4)
    fail(callee, `${describeValue(quantizer ?? null)} as quantizer`);
  return plain.with({ quantizer: quantizer as TupleValue });
}

/** Lazy conjugates and negatives are saved as what they are views of, with a note. */
function flagsOf(callee: string, metadata: Value | undefined): string[] {
  if (metadata === undefined || metadata === null) return [];
  if (!(metadata instanceof DictValue)) return fail(callee, `${describeValue(metadata)} as metadata`);
  const flags: string[] = [];
  for (let i = 0; i < metadata.pairs.length; i += 2) {
    const name = metadata.pairs[i];
    if (name !== "conj" && name !== "neg") fail(callee, `the metadata ${quoted(String(name))}, which is not known`);
    if (metadata.pairs[i + 1] === true) flags.push(name as string);
  }
  return flags;
}

function parameterOf(callee: string, args: readonly Value[], attributes: Value): TensorValue {
  const [data, requiresGrad] = args;
  if (!(data instanceof TensorValue)) fail(callee, `${describeValue(data ?? null)} where a tensor was expected`);
  return data.with({ isParameter: true, requiresGrad: boolOf(callee, requiresGrad), attributes });
}

function pairsOf(callee: string, value: Value): Value[] {
  if (value instanceof DictValue) return [...value.pairs];
  if (!(value instanceof ListValue)) return fail(callee, describeValue(value));
  return value.items.flatMap((pair) => {
    const isPair = (pair instanceof TupleValue || pair instanceof ListValue) && pair.items.length === 2;
    return isPair ? [...pair.items] : fail(callee, "an item that is no pair");
  });
}

function mapping(type: "OrderedDict" | "Counter"): Call {
  return (_rules, args) => {
    const dict = new DictValue(type);
    if (args.length > 1) fail(type, `${args.length} arguments`);
    if (args.length === 1) dict.pairs.push(...pairsOf(type, args[0]!));
    return dict;
  };
}

function collection(isFrozen: boolean): Call {
  return (_rules, [items]) => {
    if (items === undefined) return new SetValue([], isFrozen);
    const isList = items instanceof ListValue || items instanceof TupleValue || items instanceof SetValue;
    return isList ? new SetValue([...items.items], isFrozen) : fail("set", describeValue(items));
  };
}

/** Python 2's way to pickle bytes, and still the one of protocol 2: text of which each character is a byte. */
const encode: Call = (_rules, [written, encoding]) => {
  const isLatin = encoding === "latin1" || encoding === "latin-1";
  if (typeof written !== "string" || !isLatin) fail("_codecs.encode", describeValue(encoding ?? null));
  const bytes = Uint8Array.from(written, (character) => {
    const point = character.codePointAt(0)!;
    return point < 256 ? point : fail("_codecs.encode", "a character that is no byte");
  });
  return bytes;
};

const number = (value: Value | undefined): number =>
  typeof value === "number"
    ? value
    : typeof value === "bigint"
      ? Number(value)
      : fail("complex", describeValue(value ?? null));

const device: Call = (_rules, [type, index]) => {
  if (typeof type !== "string") fail("torch.device", describeValue(type ?? null));
  if (index !== undefined && index !== null && typeof index !== "bigint") fail("torch.device", describeValue(index));
  return new DeviceValue(
    type,
    index === undefined || index === null ? null : exactSize(index, "the index of a device"),
  );
};

const tensorLike: Call = (rules, [rebuild, type, args, state]) => {
  const isTensor = type instanceof GlobalValue && ["torch.Tensor", "torch.nn.parameter.Parameter"].includes(type.path);
  if (!isTensor) throw new UnsupportedGlobal(type instanceof GlobalValue ? type.path : describeValue(type ?? null));
  if (!(rebuild instanceof GlobalValue) || !(args instanceof TupleValue)) fail("_rebuild_from_type_v2", "no function");
  const data = rules.call(rebuild, args);
  if (!(data instanceof TensorValue)) fail("_rebuild_from_type_v2", describeValue(data));
  // Beside __dict__ there may be values of __slots__, which our tensors do not have.
  const attributes = state instanceof TupleValue ? state.items[0]! : (state ?? null);
  const isParameter = data.isParameter || type.path !== "torch.Tensor";
  return data.with({ attributes: attributes instanceof DictValue ? attributes : null, isParameter });
};

const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["_codecs.encode", encode],
  [
    "builtins.bytearray",
    (_rules, [value]) => new BytearrayValue(value === undefined ? new Uint8Array() : bytesOf(value)),
  ],
  // How protocol 2 writes empty bytes.
  ["builtins.bytes", (_rules, args) => (args.length === 0 ? new Uint8Array() : fail("bytes", "arguments"))],
  ["builtins.complex", (_rules, [real, imaginary]) => new ComplexValue(number(real), number(imaginary))],
  ["builtins.frozenset", collection(true)],
  ["builtins.set", collection(false)],
  ["collections.Counter", mapping("Counter")],
  ["collections.OrderedDict", mapping("OrderedDict")],
  [
    "collections.defaultdict",
    (_rules, [factory = null]) => {
      if (factory !== null && !(factory instanceof GlobalValue)) fail("defaultdict", describeValue(factory));
      const dict = new DictValue("defaultdict");
      dict.factory = factory;
      return dict;
    },
  ],
  [
    "copyreg._reconstructor",
    (rules, [type]) => {
      if (!(type instanceof GlobalValue)) return fail("copyreg._reconstructor", describeValue(type ?? null));
      return rules.create(type, new TupleValue([]));
    },
  ],
  ["torch.Size", (_rules, [sizes]) => new SizeValue(sizesOf("torch.Size", sizes))],
  ["torch._tensor._rebuild_from_type_v2", tensorLike],
  ["torch._utils._rebuild_parameter", (_rules, args) => parameterOf("_rebuild_parameter", args, null)],
  [
    "torch._utils._rebuild_parameter_with_state",
    (_rules, args) => parameterOf("_rebuild_parameter_with_state", args, args[3] instanceof DictValue ? args[3] : null),
  ],
  ["torch._utils._rebuild_tensor", (_rules, args) => tensorOf("_rebuild_tensor", args.slice(0, 4), -1)],
  ["torch._utils._rebuild_tensor_v2", (_rules, args) => tensorOf("_rebuild_tensor_v2", args, -1)],
  ["torch._utils._rebuild_tensor_v3", (_rules, args) => tensorOf("_rebuild_tensor_v3", args, 6)],
  ["torch._utils._rebuild_qtensor", (_rules, args) => quantizedOf(args)],
  [
    "torch._utils._rebuild_meta_tensor_no_storage",
    (_rules, args) => {
      const callee = "_rebuild_meta_tensor_no_storage";
      const [dtype, size, stride, requiresGrad] = args;
      exactSize(product(sizesOf(callee, size)), "the number of elements");
      return new TensorValue({
        storage: null,
        dtype: dtypeOf(callee, dtype),
        offset: 0,
        sizes: sizesOf(callee, size),
        strides: sizesOf(callee, stride),
        requiresGrad: boolOf(callee, requiresGrad),
        isParameter: false,
        flags: [],
        attributes: null,
        quantizer: null,
      });
    },
  ],
  ["torch.device", device],
  [
    "torch.serialization._get_layout",
    (_rules, [name]) =>
      typeof name === "string" ? new LayoutValue(name) : fail("_get_layout", describeValue(name ?? null)),
  ],
]);

function bytesOf(value: Value): Uint8Array {
  return value instanceof Uint8Array ? value : fail("bytearray", describeValue(value));
}
