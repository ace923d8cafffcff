/**
 * Python's objects as they lie in its memory: how the plain ones are read, how tensors, sizes and numbers are made. Written
 * for CPython 3.14 in 32 bits, which test/python/direct.test.ts asks about each of these. Decides nothing: what it does not
 * know is strange, and left to whoever asked.
 */
import { ask, python } from "./bridge.ts";
import { deviceById, type Device } from "./device.ts";
import { dtypeById, Scalar, type DType } from "./dtype.ts";
import { drop, get, put } from "./handles.ts";
import { ABSENT, ELLIPSIS, INTEGER, NEW_AXIS, SLICE, TENSOR } from "./ops/basic_index.ts";
import type { Tensor } from "./tensor.ts";

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
/** A damaged length must not ask for all memory. */
const MOST_ITEMS = 64;
const MOST_TENSORS = 8192;
const TEXT_LENGTH = 2;
/** How its characters are stored, and whether it is interned. */
const TEXT_STATE = 4;
const MOST_TEXTS = 256;

/** The program's views of its memory: others when it has grown. */
interface Views {
  HEAPU32: Uint32Array;
  HEAPF64: Float64Array;
  HEAPU8: Uint8Array;
}

/** CPython's own functions that are used here. */
interface Machine {
  _PyType_GenericAlloc(type: number, n: number): number;
  _PyType_IsSubtype(type: number, base: number): number;
  _PyObject_CallNoArgs(callable: number): number;
  _PyLong_FromLong(value: number): number;
  _PyFloat_FromDouble(value: number): number;
  _PyLong_FromDouble(value: number): number;
  _PyTuple_New(n: number): number;
  _PyList_New(n: number): number;
  _PyUnicode_AsUTF8(text: number): number;
  _Py_DecRef(object: number): void;
}

/** What Python tells. */
interface Addresses {
  /** Tensor, Parameter, what both are made of, Size, and the function that raises. */
  objects: [number, number, number, number, number];
  /** Descriptors of the slots h, _shape, _dtype and _grad. */
  slots: [number, number, number, number];
  dtypes: [object: number, id: number][];
}

let views: Views;
let machine: Machine;
let words: Uint32Array = new Uint32Array(0);
let doubles: Float64Array = new Float64Array(0);
let bytes: Uint8Array = new Uint8Array(0);

// Addresses, in bytes, of objects that live as long as the interpreter.
export let none = 0;
export let notImplemented = 0;
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
/** The object that stands for its gradient; 0 where nobody asked yet. */
let gradAt = 0;
/** torch's dtypes by address, and their addresses by number. */
const dtypes = new Map<number, number>();
const dtypeObjects: (number | undefined)[] = [];
let isReady = false;
/** Texts that were read, by the address of an object that may be another one now. */
const texts = new Map<number, { text: string; state: number; from: number }>();

/** A new life of the interpreter: addresses are asked for when they are first needed. */
export function forgetObjects(): void {
  isReady = false;
  texts.clear();
}

function refresh(): void {
  words = views.HEAPU32;
  doubles = views.HEAPF64;
  bytes = views.HEAPU8;
}

/** Memory that grows takes the old views' buffer away, which is quicker to see than that the program has others. */
const isMemoryGone = (): boolean => words.length === 0;

/** The program has thousands of functions, among which each is looked up anew in every call; here are few. */
function attach(): void {
  const program = python().module as unknown as Views & Machine;
  views = program;
  refresh();
  machine = {
    _PyType_GenericAlloc: program._PyType_GenericAlloc,
    _PyType_IsSubtype: program._PyType_IsSubtype,
    _PyObject_CallNoArgs: program._PyObject_CallNoArgs,
    _PyLong_FromLong: program._PyLong_FromLong,
    _PyFloat_FromDouble: program._PyFloat_FromDouble,
    _PyLong_FromDouble: program._PyLong_FromDouble,
    _PyTuple_New: program._PyTuple_New,
    _PyList_New: program._PyList_New,
    _PyUnicode_AsUTF8: program._PyUnicode_AsUTF8,
    _Py_DecRef: program._Py_DecRef,
  };
}

/** From Python: the addresses of what only it can name. Not ready while torch is still being imported. */
function learn(): void {
  attach();
  const address = (name: string): number => (views as unknown as Record<string, number>)[name]!;
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
  [handleAt, shapeAt, dtypeAt, gradAt] = told.slots.map((descriptor) => slotOf(descriptor) >> 2) as Addresses["slots"];
  dtypes.clear();
  for (const [object, id] of told.dtypes) {
    dtypes.set(object, id);
    dtypeObjects[id] = object;
  }
  isReady = true;
}

/** Are the addresses known, and is memory seen as it is now? To be asked first in every call. */
export function isKnown(): boolean {
  if (!isReady) learn();
  else if (isMemoryGone()) refresh();
  return isReady;
}

/** A descriptor of a slot leads to its definition: name, type, offset. */
const definitionOf = (descriptor: number): number => words[(descriptor >> 2) + 5]! >> 2;
const slotOf = (descriptor: number): number => words[definitionOf(descriptor) + 2]!;

/** From now on the slot holds a plain C int, which Python reads and writes as before. */
export function makePlainInt(descriptor: number): void {
  attach();
  const C_INT = 1;
  words[definitionOf(descriptor) + 1] = C_INT;
}

/** Set while arguments are read, when one is none of those that are known here. */
export let isStrange = false;

export function beginReading(): void {
  isStrange = false;
}

/** The i-th of the arguments that lie at `args`. */
export const argument = (args: number, i: number): number => words[(args >> 2) + i]!;

export const strange = (): null => {
  isStrange = true;
  return null;
};

const typeOf = (object: number): number => words[(object >> 2) + TYPE]!;

function isTensor(object: number): boolean {
  const type = typeOf(object);
  return type === tensorType || type === parameterType || machine._PyType_IsSubtype(type, tensorBase) === 1;
}

export function readInt(object: number): number | null {
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

export function readFloat(object: number): number | null {
  return typeOf(object) === floatType ? doubles[(object >> 3) + 1]! : readInt(object);
}

export function isSequence(object: number): boolean {
  const type = typeOf(object);
  return type === listType || type === tupleType || type === sizeType;
}

/** What a list or tuple holds; to be read before Python's memory grows. */
export function sequence(object: number): { size: number; items: Uint32Array } {
  const at = object >> 2;
  const items = words[at + TYPE] === listType ? words[at + LIST_ITEMS]! >> 2 : at + TUPLE_ITEMS;
  const size = words[at + TUPLE_SIZE]!;
  return { size, items: words.subarray(items, items + size) };
}

export function kindOfNumber(object: number): "bool" | "int" | "float" | null {
  const type = typeOf(object);
  return type === floatType ? "float" : type === intType ? "int" : type === boolType ? "bool" : null;
}

/** Sizes, dims: numbers in a list or tuple, a number alone, or sizes given as the one argument of many. */
export function readInts(object: number): number[] | null {
  const at = object >> 2;
  const type = words[at + TYPE]!;
  let items = at + TUPLE_ITEMS;
  if (type === listType) items = words[at + LIST_ITEMS]! >> 2;
  else if (type !== tupleType && type !== sizeType) {
    const one = readInt(object);
    return one === null ? null : [one];
  }
  const n = words[at + TUPLE_SIZE]!;
  if (n > MOST_ITEMS) return strange();
  if (n === 1 && isSequence(words[items]!)) return readFlatInts(words[items]!);
  const out = new Array<number>(n);
  for (let i = 0; i < n; i++) {
    const item = words[items + i]!;
    // True stands for 1 in no list of sizes.
    if (typeOf(item) !== intType) return strange();
    out[i] = readInt(item)!;
  }
  return out;
}

/** Deeper than that no sizes lie. */
function readFlatInts(object: number): number[] | null {
  const { items } = sequence(object);
  for (const item of items) if (isSequence(item)) return strange();
  return readInts(object);
}

export function readBool(object: number): boolean | null {
  return object === pyTrue ? true : object === pyFalse ? false : (strange() as null);
}

export function readNumber(object: number): Scalar | null {
  const type = typeOf(object);
  if (type === floatType) return new Scalar(doubles[(object >> 3) + 1]!, "float");
  if (type !== intType && type !== boolType) return strange();
  const value = readInt(object);
  return value === null ? null : new Scalar(value, type === intType ? "int" : "bool");
}

export function readTensor(object: number): Tensor | null {
  return isTensor(object) ? get(words[(object >> 2) + handleAt]!) : strange();
}

export function readTensors(object: number): Tensor[] | null {
  const at = object >> 2;
  const type = words[at + TYPE]!;
  if (type !== listType && type !== tupleType) return strange();
  const items = type === listType ? words[at + LIST_ITEMS]! >> 2 : at + TUPLE_ITEMS;
  const n = words[at + TUPLE_SIZE]!;
  if (n > MOST_TENSORS) return strange();
  const out = new Array<Tensor>(n);
  for (let i = 0; i < n; i++) {
    const t = readTensor(words[items + i]!);
    if (t === null) return null;
    out[i] = t;
  }
  return out;
}

export function readOperand(object: number): Tensor | Scalar | null {
  const type = typeOf(object);
  if (type === tensorType || type === parameterType) return get(words[(object >> 2) + handleAt]!);
  if (type === intType || type === floatType || type === boolType) return readNumber(object);
  return readTensor(object);
}

/** Short text in ASCII, as modes and names of reductions are. */
export function readText(object: number): string | null {
  if (typeOf(object) !== textType) return strange();
  const n = words[(object >> 2) + TEXT_LENGTH]!;
  if (n > MOST_ITEMS) return strange();
  const state = words[(object >> 2) + TEXT_STATE]!;
  const known = texts.get(object);
  if (known && known.state === state && known.text.length === n && isAt(known.text, object + known.from)) {
    return known.text;
  }
  const at = machine._PyUnicode_AsUTF8(object);
  if (isMemoryGone()) refresh();
  let text = "";
  for (let i = 0; i < n; i++) {
    const code = bytes[at + i]!;
    if (code >= 128) return strange();
    text += String.fromCharCode(code);
  }
  if (texts.size === MOST_TEXTS) texts.clear();
  texts.set(object, { text, state, from: at - object });
  return text;
}

function isAt(text: string, address: number): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[address + i] !== text.charCodeAt(i)) return false;
  return true;
}

export function readDtype(object: number): unknown {
  const id = dtypes.get(object);
  return id === undefined ? strange() : dtypeById(id);
}

/** The number of a device, as torch/_device.py resolves it. */
export function readDevice(object: number): Device | null {
  const id = readInt(object);
  return id === null ? null : deviceById(id);
}

/** The four numbers of one item. */
function writeItem(item: number, into: number[], tensors: Tensor[]): void {
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
  else if (isTensor(item)) into.push(TENSOR, tensors.push(get(words[(item >> 2) + handleAt]!)) - 1, 0, 0);
  else isStrange = true;
}

/** What basicIndex takes for an index of numbers, slices, None and the ellipsis; index tensors go to `tensors`. */
export function readIndex(given: number, tensors: Tensor[]): number[] {
  const items: number[] = [];
  if (typeOf(given) === tupleType) {
    const count = words[(given >> 2) + TUPLE_SIZE]!;
    if (count > MOST_ITEMS) isStrange = true;
    else for (let i = 0; i < count; i++) writeItem(words[(given >> 2) + TUPLE_ITEMS + i]!, items, tensors);
  } else writeItem(given, items, tensors);
  return items;
}

function addressOf(dtype: DType): number {
  const object = dtypeObjects[dtype.id];
  if (object === undefined) return none;
  words[object >> 2]!++;
  return object;
}

/** A new torch.Tensor; 0 with Python's exception set when its memory is full. */
export function wrap(handle: number, dtype: DType): number {
  const object = machine._PyType_GenericAlloc(tensorType, 0);
  if (isMemoryGone()) refresh();
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

export function wrapAll(handles: readonly number[], made: readonly Tensor[]): number {
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

/** The object that stands for the gradient of the tensor `object`: always the same one while it is that gradient. */
export function gradOf(object: number, grad: Tensor): number {
  const known = words[(object >> 2) + gradAt]!;
  if (known !== 0 && grad.handle !== 0 && words[(known >> 2) + handleAt] === grad.handle) return held(known);
  const made = wrap(put(grad), grad.dtype);
  if (made !== 0) keepGrad(object, made);
  return made;
}

/** From now on `grad` stands for the gradient of `object`; 0 for nothing. */
export function keepGrad(object: number, grad: number): void {
  const at = (object >> 2) + gradAt;
  const before = words[at]!;
  if (grad !== 0) words[grad >> 2]!++;
  words[at] = grad;
  if (before !== 0) machine._Py_DecRef(before);
}

/** The handle of a tensor that goes; it has none from now on. */
export function takeHandle(object: number): number {
  const at = (object >> 2) + handleAt;
  const handle = words[at]!;
  words[at] = 0;
  return handle;
}

/** Nested lists of values in order; 0 where Python has raised. */
export function fillList(shape: readonly number[], values: readonly (number | boolean)[], isFloat: boolean): number {
  let at = 0;
  const element = (): number => {
    const value = values[at++]!;
    if (typeof value === "boolean") return truth(value);
    if (isFloat) return newFloat(value);
    return value === (value | 0) ? newInt(value) : machine._PyLong_FromDouble(value);
  };
  const list = (depth: number): number => {
    if (depth === shape.length) return element();
    const size = shape[depth]!;
    const object = machine._PyList_New(size);
    for (let i = 0; object !== 0 && i < size; i++) {
      const item = list(depth + 1);
      if (item === 0) {
        machine._Py_DecRef(object);
        return 0;
      }
      if (isMemoryGone()) refresh();
      words[(words[(object >> 2) + LIST_ITEMS]! >> 2) + i] = item;
    }
    return object;
  };
  return list(0);
}

/** The same object, held once more. Memory may have grown since it was read. */
export function held(object: number): number {
  if (isMemoryGone()) refresh();
  words[object >> 2]!++;
  return object;
}

/** Immortal objects need no count. */
export const truth = (value: boolean): number => (value ? pyTrue : pyFalse);
export const newFloat = (value: number): number => machine._PyFloat_FromDouble(value);
/** Of 32 bits. */
export const newInt = (value: number): number => machine._PyLong_FromLong(value);
/** Python raises the error that was remembered last; answers 0. */
export const callRaiser = (): number => machine._PyObject_CallNoArgs(raiser);

/** A new torch.Size. */
export function sizeOf(sizes: readonly number[]): number {
  for (const size of sizes) if (size !== (size | 0)) return notImplemented;
  const object = machine._PyType_GenericAlloc(sizeType, sizes.length);
  if (object === 0) return 0;
  for (let i = 0; i < sizes.length; i++) {
    const size = newInt(sizes[i]!);
    if (isMemoryGone()) refresh();
    words[(object >> 2) + TUPLE_ITEMS + i] = size;
  }
  words[(object >> 2) + TUPLE_HASH] = 0xffffffff;
  return object;
}
