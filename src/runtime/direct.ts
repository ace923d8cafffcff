/**
 * Ops as functions of Python's objects as they lie in its memory: no proxy, no list of converted values, and the tensor that
 * comes back is made here. Knows the shapes of a few exact types; whatever else it is handed (text beyond ASCII, a complex
 * number, an object with __index__, no memory left) it leaves to the way through binding.ts, by answering NotImplemented.
 */
import { ask, fail, python, returnDropped } from "./bridge.ts";
import { isBound } from "./binding.ts";
import { dtypeById, Scalar, type DType } from "./dtype.ts";
import { OutOfMemoryError } from "./errors.ts";
import { drop, get, putForGood } from "./handles.ts";
import { dispatch, registry, type OpRecord } from "./op.ts";
import { areHeads } from "./ops/attention.ts";
import { ABSENT, basicIndex, ELLIPSIS, INTEGER, NEW_AXIS, SLICE } from "./ops/basic_index.ts";
import type { ArgumentType } from "./signature.ts";
import { deadHooks, Scope, type Tensor } from "./tensor.ts";

/** How an argument is read. "None alone" is for what may be left out and is otherwise not read here. */
const TENSOR = 0;
const OPTIONAL_TENSOR = 1;
const INT = 2;
const OPTIONAL_INT = 3;
const INTS = 4;
const OPTIONAL_INTS = 5;
const FLOAT = 6;
const OPTIONAL_FLOAT = 7;
const BOOL = 8;
const OPTIONAL_BOOL = 9;
const SCALAR = 10;
const OPTIONAL_SCALAR = 11;
const OPERAND = 12;
const OPTIONAL_OPERAND = 13;
const TEXT = 14;
const OPTIONAL_TEXT = 15;
const DTYPE = 16;
const OPTIONAL_DTYPE = 17;
const NONE_ALONE = 18;

const codes: Partial<Record<ArgumentType, number>> = {
  Tensor: TENSOR,
  "Tensor?": OPTIONAL_TENSOR,
  int: INT,
  "int?": OPTIONAL_INT,
  "int[]": INTS,
  "int[]?": OPTIONAL_INTS,
  float: FLOAT,
  "float?": OPTIONAL_FLOAT,
  "float[]?": NONE_ALONE,
  bool: BOOL,
  "bool?": OPTIONAL_BOOL,
  Scalar: SCALAR,
  "Scalar?": OPTIONAL_SCALAR,
  Operand: OPERAND,
  "Operand?": OPTIONAL_OPERAND,
  str: TEXT,
  "str?": OPTIONAL_TEXT,
  Dtype: DTYPE,
  "Dtype?": OPTIONAL_DTYPE,
  "Device?": NONE_ALONE,
  "Generator?": NONE_ALONE,
};

/** Can Python call this op directly? Lists of tensors and plain results are left to binding.ts. */
export const isDirect = (record: OpRecord): boolean =>
  isBound(record) &&
  record.signature.returns !== "value" &&
  record.signature.arguments.every((a) => codes[a.type] !== undefined);

// CPython 3.14 in 32 bits, in words: every object begins with its count of references and its type.
const TYPE = 1;
/** int: sign (0 positive, 1 zero, 2 negative) and eight times the number of digits; digits of 30 bits. */
const INT_TAG = 2;
const INT_DIGITS = 3;
const TUPLE_SIZE = 2;
const TUPLE_HASH = 3;
const TUPLE_ITEMS = 4;
const LIST_ITEMS = 3;
const SLICE_START = 2;
const TEXT_LENGTH = 2;

/** What CPython's own functions are called here. */
interface Machine {
  HEAPU32: Uint32Array;
  HEAPF64: Float64Array;
  HEAPU8: Uint8Array;
  _PyType_GenericAlloc(type: number, n: number): number;
  _PyType_IsSubtype(type: number, base: number): number;
  _PyObject_CallNoArgs(callable: number): number;
  _PyLong_FromLong(value: number): number;
  _PyTuple_New(n: number): number;
  _PyUnicode_AsUTF8(text: number): number;
}

/** What Python tells. */
interface Addresses {
  /** Tensor, Parameter, what both are made of, Size, and the function that raises. */
  objects: [number, number, number, number, number];
  /** Descriptors of the slots h, _shape and _dtype. */
  slots: [number, number, number];
  dtypes: [object: number, id: number][];
}

let machine: Machine;
let words: Uint32Array = new Uint32Array(0);
let doubles: Float64Array = new Float64Array(0);

// Addresses, in bytes, of objects that live as long as the interpreter.
let none = 0;
let notImplemented = 0;
let pyTrue = 0;
let pyFalse = 0;
let intType = 0;
let boolType = 0;
let floatType = 0;
let tupleType = 0;
let listType = 0;
let textType = 0;
let sliceType = 0;
let ellipsis = 0;
let tensorType = 0;
let parameterType = 0;
let tensorBase = 0;
let sizeType = 0;
let raiser = 0;
// Where a tensor keeps its handle and what was learned about it, in words.
let handleAt = 0;
let shapeAt = 0;
let dtypeAt = 0;
/** torch's dtypes by address, and their addresses by number. */
const dtypes = new Map<number, number>();
const dtypeObjects: (number | undefined)[] = [];
let isReady = false;

/** A new life of the interpreter: addresses are asked for when they are first needed. */
export function forgetObjects(): void {
  isReady = false;
}

function refresh(): void {
  words = machine.HEAPU32;
  doubles = machine.HEAPF64;
}

/** From Python: the addresses of what only it can name. Not ready while torch is still being imported. */
function learn(): void {
  machine = python().module as unknown as Machine;
  refresh();
  const address = (name: string): number => (machine as unknown as Record<string, number>)[name]!;
  none = address("__Py_NoneStruct");
  notImplemented = address("__Py_NotImplementedStruct");
  pyTrue = address("__Py_TrueStruct");
  pyFalse = address("__Py_FalseStruct");
  intType = address("_PyLong_Type");
  boolType = address("_PyBool_Type");
  floatType = address("_PyFloat_Type");
  tupleType = address("_PyTuple_Type");
  listType = address("_PyList_Type");
  textType = address("_PyUnicode_Type");
  sliceType = address("_PySlice_Type");
  ellipsis = address("__Py_EllipsisObject");
  const told = JSON.parse(ask("torch._C:_addresses") as string) as Addresses | null;
  refresh();
  if (told === null) return;
  [tensorType, parameterType, tensorBase, sizeType, raiser] = told.objects;
  [handleAt, shapeAt, dtypeAt] = told.slots.map((descriptor) => slotOf(descriptor) >> 2) as [number, number, number];
  dtypes.clear();
  for (const [object, id] of told.dtypes) {
    dtypes.set(object, id);
    dtypeObjects[id] = object;
  }
  isReady = true;
}

/** A descriptor of a slot leads to its definition: name, type, offset. */
const definitionOf = (descriptor: number): number => words[(descriptor >> 2) + 5]! >> 2;
const slotOf = (descriptor: number): number => words[definitionOf(descriptor) + 2]!;

/** From now on the slot holds a plain C int, which Python reads and writes as before. */
export function makePlainInt(descriptor: number): void {
  machine = python().module as unknown as Machine;
  refresh();
  const C_INT = 1;
  words[definitionOf(descriptor) + 1] = C_INT;
}

/** Set while arguments are read, when one is none of those that are known here. */
let isStrange = false;

const strange = (): null => {
  isStrange = true;
  return null;
};

const typeOf = (object: number): number => words[(object >> 2) + TYPE]!;

function isTensor(object: number): boolean {
  const type = typeOf(object);
  return type === tensorType || type === parameterType || machine._PyType_IsSubtype(type, tensorBase) === 1;
}

function readInt(object: number): number | null {
  const at = object >> 2;
  const type = words[at + TYPE]!;
  if (type !== intType && type !== boolType) return strange();
  const tag = words[at + INT_TAG]!;
  if (tag < 16) return tag & 2 ? -words[at + INT_DIGITS]! : tag & 1 ? 0 : words[at + INT_DIGITS]!;
  if (tag >= 24) return strange();
  const value = words[at + INT_DIGITS]! + words[at + INT_DIGITS + 1]! * 2 ** 30;
  if (value > Number.MAX_SAFE_INTEGER) return strange();
  return tag & 2 ? -value : value;
}

function readFloat(object: number): number | null {
  return typeOf(object) === floatType ? doubles[(object >> 3) + 1]! : readInt(object);
}

function readInts(object: number): number[] | null {
  const at = object >> 2;
  const type = words[at + TYPE]!;
  let items = at + TUPLE_ITEMS;
  if (type === listType) items = words[at + LIST_ITEMS]! >> 2;
  else if (type !== tupleType && type !== sizeType) {
    const one = readInt(object);
    return one === null ? null : [one];
  }
  const n = words[at + TUPLE_SIZE]!;
  // A damaged length must not ask for all memory.
  if (n > 64) return strange();
  const out = new Array<number>(n);
  for (let i = 0; i < n; i++) {
    const item = words[items + i]!;
    // True stands for 1 in no list of sizes.
    if (typeOf(item) !== intType) return strange();
    out[i] = readInt(item)!;
  }
  return out;
}

function readBool(object: number): boolean | null {
  return object === pyTrue ? true : object === pyFalse ? false : (strange() as null);
}

function readScalar(object: number): Scalar | null {
  const type = typeOf(object);
  if (type === floatType) return new Scalar(doubles[(object >> 3) + 1]!, "float");
  if (type !== intType && type !== boolType) return strange();
  const value = readInt(object);
  return value === null ? null : new Scalar(value, type === intType ? "int" : "bool");
}

function readTensor(object: number): Tensor | null {
  return isTensor(object) ? get(words[(object >> 2) + handleAt]!) : strange();
}

function readOperand(object: number): Tensor | Scalar | null {
  const type = typeOf(object);
  if (type === tensorType || type === parameterType) return get(words[(object >> 2) + handleAt]!);
  if (type === intType || type === floatType || type === boolType) return readScalar(object);
  return readTensor(object);
}

/** Short text in ASCII, as modes and names of reductions are. */
function readText(object: number): string | null {
  if (typeOf(object) !== textType) return strange();
  const n = words[(object >> 2) + TEXT_LENGTH]!;
  if (n > 64) return strange();
  const at = machine._PyUnicode_AsUTF8(object);
  let text = "";
  for (let i = 0; i < n; i++) {
    const code = machine.HEAPU8[at + i]!;
    if (code >= 128) return strange();
    text += String.fromCharCode(code);
  }
  return text;
}

function readDtype(object: number): unknown {
  const id = dtypes.get(object);
  return id === undefined ? strange() : dtypeById(id);
}

function read(code: number, object: number): unknown {
  switch (code) {
    case TENSOR:
      return readTensor(object);
    case OPTIONAL_TENSOR:
      return object === none ? null : readTensor(object);
    case INT:
      return readInt(object);
    case OPTIONAL_INT:
      return object === none ? null : readInt(object);
    case INTS:
      return readInts(object);
    case OPTIONAL_INTS:
      return object === none ? null : readInts(object);
    case FLOAT:
      return readFloat(object);
    case OPTIONAL_FLOAT:
      return object === none ? null : readFloat(object);
    case BOOL:
      return readBool(object);
    case OPTIONAL_BOOL:
      return object === none ? null : readBool(object);
    case SCALAR:
      return readScalar(object);
    case OPTIONAL_SCALAR:
      return object === none ? null : readScalar(object);
    case OPERAND:
      return readOperand(object);
    case OPTIONAL_OPERAND:
      return object === none ? null : readOperand(object);
    case TEXT:
      return readText(object);
    case OPTIONAL_TEXT:
      return object === none ? null : readText(object);
    case DTYPE:
      return readDtype(object);
    case OPTIONAL_DTYPE:
      return object === none ? null : readDtype(object);
    default:
      return object === none ? null : strange();
  }
}

function addressOf(dtype: DType): number {
  const object = dtypeObjects[dtype.id];
  if (object === undefined) return none;
  words[object >> 2]!++;
  return object;
}

/** A new torch.Tensor; 0 with Python's exception set when its memory is full. */
function wrap(handle: number, dtype: DType): number {
  const object = machine._PyType_GenericAlloc(tensorType, 0);
  if (words !== machine.HEAPU32) refresh();
  if (object === 0) {
    drop(handle);
    return 0;
  }
  const at = object >> 2;
  words[at + handleAt] = handle;
  words[at + shapeAt] = none;
  words[at + dtypeAt] = addressOf(dtype);
  return object;
}

function wrapAll(handles: readonly number[], made: readonly Tensor[]): number {
  const tuple = machine._PyTuple_New(handles.length);
  if (tuple === 0) {
    handles.forEach(drop);
    return 0;
  }
  for (let i = 0; i < handles.length; i++) {
    const object = wrap(handles[i]!, made[i]!.dtype);
    if (object === 0) return 0;
    words[(tuple >> 2) + TUPLE_ITEMS + i] = object;
  }
  return tuple;
}

/** Have Python raise what went wrong. */
function raise(error: unknown): number {
  fail(error);
  return machine._PyObject_CallNoArgs(raiser);
}

type Direct = (args: number, n: number) => number;

function bindDirect(record: OpRecord): Direct {
  const plan = Uint8Array.from(record.signature.arguments, (a) => codes[a.type]!);
  const count = plan.length;
  const isSingle = record.signature.returns === "Tensor";
  const mutates = record.spec.mutates === true;
  return (args, n) => {
    if (n !== count) return notImplemented;
    isStrange = false;
    const mark = Scope.enter();
    let made: unknown;
    let handle = 0;
    let handles: number[] | null = null;
    try {
      const values = new Array<unknown>(count);
      const at = args >> 2;
      for (let i = 0; i < count; i++) values[i] = read(plan[i]!, words[at + i]!);
      if (isStrange) return notImplemented;
      made = dispatch(record, values);
      if (!mutates) {
        if (isSingle) handle = putForGood(made as Tensor);
        else handles = (made as Tensor[]).map(putForGood);
      }
    } catch (error) {
      if (error instanceof OutOfMemoryError && !mutates) {
        error.forget();
        return notImplemented;
      }
      return raise(error);
    } finally {
      Scope.exit(mark);
    }
    if (deadHooks.length > 0) returnDropped();
    if (mutates) {
      // Its own tensor comes back, held once more.
      if (words !== machine.HEAPU32) refresh();
      const self = words[args >> 2]!;
      words[self >> 2]!++;
      return self;
    }
    return handles === null ? wrap(handle, (made as Tensor).dtype) : wrapAll(handles, made as Tensor[]);
  };
}

/** An error of a question is Python's to raise, as that of an op. */
function guardedQuestion(question: Direct): Direct {
  return (args, n) => {
    try {
      return question(args, n);
    } catch (error) {
      return raise(error);
    }
  };
}

/** The four numbers that basicIndex takes for an item; nothing is written for one that is none of those. */
function writeItem(item: number, into: number[]): void {
  const type = typeOf(item);
  if (type === intType) into.push(INTEGER, readInt(item)!, 0, 0);
  else if (type === sliceType) {
    const at = item >> 2;
    into.push(SLICE);
    for (let i = 0; i < 3; i++) {
      const bound = words[at + SLICE_START + i]!;
      if (bound === none) into.push(ABSENT);
      else if (typeOf(bound) === intType) into.push(readInt(bound)!);
      else isStrange = true;
    }
  } else if (item === none) into.push(NEW_AXIS, 0, 0, 0);
  else if (item === ellipsis) into.push(ELLIPSIS, 0, 0, 0);
  else isStrange = true;
}

/** `x[...]` by numbers, slices, None and the ellipsis. */
function index(args: number, n: number): number {
  if (n !== 2) return notImplemented;
  const t = readTensor(words[args >> 2]!);
  const given = words[(args >> 2) + 1]!;
  if (t === null || t.rank === 0) return notImplemented;
  isStrange = false;
  const items: number[] = [];
  if (typeOf(given) === tupleType) {
    const count = words[(given >> 2) + TUPLE_SIZE]!;
    if (count > 64) return notImplemented;
    for (let i = 0; i < count; i++) writeItem(words[(given >> 2) + TUPLE_ITEMS + i]!, items);
  } else writeItem(given, items);
  if (isStrange) return notImplemented;
  const mark = Scope.enter();
  let handle = 0;
  try {
    handle = putForGood(basicIndex(t, items, items.length / 4));
  } finally {
    Scope.exit(mark);
  }
  return wrap(handle, t.dtype);
}

/** torch.Size of a tensor. */
function shape(args: number): number {
  const t = readTensor(words[args >> 2]!);
  if (t === null) return notImplemented;
  const sizes = t.shape;
  const object = machine._PyType_GenericAlloc(sizeType, sizes.length);
  if (object === 0) return 0;
  for (let i = 0; i < sizes.length; i++) {
    const size = machine._PyLong_FromLong(sizes[i]!);
    if (words !== machine.HEAPU32) refresh();
    words[(object >> 2) + TUPLE_ITEMS + i] = size;
  }
  words[(object >> 2) + TUPLE_HASH] = 0xffffffff;
  return object;
}

const truth = (value: boolean): number => (value ? pyTrue : pyFalse);

/** What Python asks of tensors so often that it should cost little. Immortal objects need no count. */
const questions: Record<string, Direct> = {
  shape,
  index,
  is_contiguous: ask1((t) => t.isContiguous),
  requires_grad: ask1((t) => t.requiresGrad),
  are_heads(args, n) {
    if (n !== 3) return notImplemented;
    const at = args >> 2;
    const [query, key, value] = [readTensor(words[at]!), readTensor(words[at + 1]!), readTensor(words[at + 2]!)];
    if (!query || !key || !value) return notImplemented;
    return truth(areHeads(query, key, value));
  },
};

function ask1(question: (t: Tensor) => boolean): Direct {
  return (args) => {
    const t = readTensor(words[args >> 2]!);
    return t === null ? notImplemented : truth(question(t));
  };
}

const functions: Direct[] = [];
const names: string[] = [];

/** What the interpreter offers Python as the module `_direct`, by number. */
export const directCalls = {
  names(): readonly string[] {
    if (names.length === 0) {
      for (const [name, question] of Object.entries(questions)) {
        names.push(name);
        functions.push(guardedQuestion(question));
      }
      for (const { record } of registry.values()) {
        if (!isDirect(record)) continue;
        names.push(record.name);
        functions.push(bindDirect(record));
      }
    }
    return names;
  },
  /** `args` is the address of `n` pointers to objects; the answer is a reference for Python to own, 0 when it has raised. */
  call(index: number, args: number, n: number): number {
    if (!isReady) {
      learn();
      if (!isReady) return notImplemented;
    }
    if (words !== machine.HEAPU32) refresh();
    return functions[index]!(args, n);
  },
  /** Python lets go of a tensor. */
  end(object: number): void {
    if (!isReady) {
      learn();
      if (!isReady) return;
    }
    if (words !== machine.HEAPU32) refresh();
    const at = (object >> 2) + handleAt;
    const handle = words[at]!;
    words[at] = 0;
    if (handle !== 0) drop(handle);
  },
  makePlainInt,
};
