/**
 * What a pickle describes, as inert data: containers, numbers, text, tensors, and names of classes. Integers are
 * bigint, floating numbers are number, None is null. Nothing here can run anything.
 */

export type Value = null | boolean | bigint | number | string | Uint8Array | PickleNode;

export type PickleNode =
  | ListValue
  | TupleValue
  | DictValue
  | SetValue
  | BytearrayValue
  | ComplexValue
  | GlobalValue
  | SizeValue
  | DeviceValue
  | LayoutValue
  | StorageValue
  | TensorValue
  | InstanceValue
  | NumpyTypeValue
  | NumpyArrayValue
  | NumpyScalarValue;

export class ListValue {
  readonly kind = "list";
  items: Value[];
  constructor(items: Value[] = []) {
    this.items = items;
  }
}

export class TupleValue {
  readonly kind = "tuple";
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

export class DictValue {
  readonly kind = "dict";
  readonly type: "dict" | "OrderedDict" | "Counter" | "defaultdict";
  /** Keys and values in turn, in the order in which they were set. */
  readonly pairs: Value[] = [];
  /** `__dict__` of an OrderedDict: state dicts keep their versions there. */
  attributes: Value = null;
  /** Of a defaultdict: the class that makes new values. */
  factory: Value = null;
  constructor(type: DictValue["type"] = "dict") {
    this.type = type;
  }
}

export class SetValue {
  readonly kind = "set";
  readonly isFrozen: boolean;
  readonly items: Value[];
  constructor(items: Value[], isFrozen: boolean) {
    this.items = items;
    this.isFrozen = isFrozen;
  }
}

export class BytearrayValue {
  readonly kind = "bytearray";
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export class ComplexValue {
  readonly kind = "complex";
  readonly real: number;
  readonly imaginary: number;
  constructor(real: number, imaginary: number) {
    this.real = real;
    this.imaginary = imaginary;
  }
}

/** A class, function or constant by its name; `dtype` is set for torch.float32 and kin. */
export class GlobalValue {
  readonly kind = "global";
  readonly module: string;
  readonly name: string;
  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }
  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

export class SizeValue {
  readonly kind = "size";
  readonly sizes: readonly number[];
  constructor(sizes: readonly number[]) {
    this.sizes = sizes;
  }
}

export class DeviceValue {
  readonly kind = "device";
  readonly type: string;
  readonly index: number | null;
  constructor(type: string, index: number | null) {
    this.type = type;
    this.index = index;
  }
}

export class LayoutValue {
  readonly kind = "layout";
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** The memory of tensors: a member of the archive. */
export class StorageValue {
  readonly kind = "storage";
  readonly key: string;
  /** null: counted in bytes. */
  readonly dtype: string | null;
  readonly location: string;
  readonly sizeBytes: number;
  /** In the order of first mention. */
  readonly index: number;
  constructor(key: string, dtype: string | null, location: string, sizeBytes: number, index: number) {
    this.key = key;
    this.dtype = dtype;
    this.location = location;
    this.sizeBytes = sizeBytes;
    this.index = index;
  }
}

export class TensorValue {
  readonly kind = "tensor";
  /** null: a tensor of the meta device. */
  readonly storage: StorageValue | null;
  readonly dtype: string;
  /** In elements. */
  readonly offset: number;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly requiresGrad: boolean;
  readonly isParameter: boolean;
  /** "conj", "neg": what PyTorch does to the elements when they are read. */
  readonly flags: readonly string[];
  /** `__dict__`, where the tensor has attributes of its own. */
  readonly attributes: Value;
  /** Of integers that stand for numbers: (qscheme, scale, zero point), or (qscheme, scales, zero points, axis). */
  readonly quantizer: TupleValue | null;
  constructor(fields: Omit<TensorValue, "kind" | "with">) {
    this.storage = fields.storage;
    this.dtype = fields.dtype;
    this.offset = fields.offset;
    this.sizes = fields.sizes;
    this.strides = fields.strides;
    this.requiresGrad = fields.requiresGrad;
    this.isParameter = fields.isParameter;
    this.flags = fields.flags;
    this.attributes = fields.attributes;
    this.quantizer = fields.quantizer;
  }
  with(changes: Partial<Omit<TensorValue, "kind" | "with">>): TensorValue {
    return new TensorValue({ ...this, ...changes });
  }
}

/** Something of a class that the caller allowed, or that is only looked at: never made here. */
export class InstanceValue {
  readonly kind = "instance";
  readonly type: GlobalValue;
  /** "call": type(*args); "new": type.__new__(type, *args). */
  readonly how: "call" | "new";
  readonly args: TupleValue;
  /** What BUILD handed over, in order. */
  readonly states: Value[] = [];
  readonly items: Value[] = [];
  readonly pairs: Value[] = [];
  constructor(type: GlobalValue, how: InstanceValue["how"], args: TupleValue) {
    this.type = type;
    this.how = how;
    this.args = args;
  }
}

/** "f4", "i8": a NumPy element type of numbers or bools. */
export class NumpyTypeValue {
  readonly kind = "dtype";
  readonly name: string;
  /** Only until the bytes are turned round. */
  isBigEndian = false;
  constructor(name: string) {
    this.name = name;
  }
}

/** A NumPy array; without a type until its state is known. */
export class NumpyArrayValue {
  readonly kind = "ndarray";
  readonly type: NumpyTypeValue | null = null;
  readonly sizes: readonly number[] = [];
  readonly isFortran: boolean = false;
  /** Little-endian. */
  readonly bytes: Uint8Array = new Uint8Array();
}

export class NumpyScalarValue {
  readonly kind = "scalar";
  readonly type: NumpyTypeValue;
  readonly bytes: Uint8Array;
  constructor(type: NumpyTypeValue, bytes: Uint8Array) {
    this.type = type;
    this.bytes = bytes;
  }
}

/** What a value is, for messages. */
export function describeValue(value: Value): string {
  if (value === null) return "None";
  switch (typeof value) {
    case "boolean":
      return "a bool";
    case "bigint":
      return "an int";
    case "number":
      return "a float";
    case "string":
      return "a str";
  }
  if (value instanceof Uint8Array) return "bytes";
  if (value.kind === "global") return value.path;
  return `a ${value.kind}`;
}
