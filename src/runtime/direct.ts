/**
 * Ops as functions of Python's objects as they lie in its memory: no proxy, no list of converted values, and the tensor that
 * comes back is made here. Knows the shapes of a few exact types; whatever else it is handed (text beyond ASCII, a complex
 * number, an object with __index__, no memory left) it leaves to the way through binding.ts, by answering NotImplemented.
 */
import { runBackward } from "./autograd/engine.ts";
import { gradMode } from "./autograd/mode.ts";
import { isBound } from "./binding.ts";
import { fail, returnDropped } from "./bridge.ts";
import { defaultDevice, type Device } from "./device.ts";
import { Scalar, type DType } from "./dtype.ts";
import { OutOfMemoryError } from "./errors.ts";
import { drop, put } from "./handles.ts";
import { readScalar } from "./launch.ts";
import { listOf, tensorOf } from "./lists.ts";
import {
  argument,
  beginReading,
  callRaiser,
  gradOf,
  held,
  isKnown,
  isStrange,
  keepGrad,
  makePlainInt,
  newFloat,
  newInt,
  none,
  notImplemented,
  readBool,
  readDevice,
  readDtype,
  readFloat,
  readIndex,
  readInt,
  readInts,
  readNumber,
  readOperand,
  readTensor,
  readTensors,
  readText,
  sizeOf,
  strange,
  takeHandle,
  truth,
  wrap,
  wrapAll,
} from "./objects.ts";
import { observer } from "./observer.ts";
import { dispatch, registry, type OpRecord } from "./op.ts";
import { areHeads } from "./ops/attention.ts";
import { basicIndex } from "./ops/basic_index.ts";
import { mixedIndex } from "./ops/mixed_index.ts";
import { sameShape } from "./shape.ts";
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
const TENSORS = 18;
const OPTIONAL_DEVICE = 19;
const NONE_ALONE = 20;

const codes: Partial<Record<ArgumentType, number>> = {
  Tensor: TENSOR,
  "Tensor?": OPTIONAL_TENSOR,
  "Tensor[]": TENSORS,
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
  "Device?": OPTIONAL_DEVICE,
  "Generator?": NONE_ALONE,
};

/** Can Python call this op directly? Plain results are left to binding.ts. */
export const isDirect = (record: OpRecord): boolean =>
  isBound(record) &&
  record.signature.returns !== "value" &&
  // What is written to comes back as it was handed in.
  (!record.spec.mutates || record.signature.arguments[0]!.type === "Tensor") &&
  record.signature.arguments.every((a) => codes[a.type] !== undefined);

function read(code: number, object: number): unknown {
  switch (code) {
    case TENSOR:
      return readTensor(object);
    case OPTIONAL_TENSOR:
      return object === none ? null : readTensor(object);
    case TENSORS:
      return readTensors(object);
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
      return readNumber(object);
    case OPTIONAL_SCALAR:
      return object === none ? null : readNumber(object);
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
    case OPTIONAL_DEVICE:
      return object === none ? null : readDevice(object);
    default:
      return object === none ? null : strange();
  }
}

/** Have Python raise what went wrong. */
function raise(error: unknown): number {
  fail(error);
  return callRaiser();
}

type Direct = (args: number, n: number) => number;

function bindDirect(record: OpRecord): Direct {
  const plan = Uint8Array.from(record.signature.arguments, (a) => codes[a.type]!);
  const count = plan.length;
  // Copied for each call: an array without holes, into which V8 writes faster than into a new one.
  const blank = Array.from(plan, (): unknown => null);
  const isSingle = record.signature.returns === "Tensor";
  const mutates = record.spec.mutates === true;
  return (args, n) => {
    if (n !== count) return notImplemented;
    beginReading();
    const mark = Scope.enter();
    let made: unknown;
    let handle = 0;
    let handles: number[] | null = null;
    try {
      const values = blank.slice();
      for (let i = 0; i < count; i++) values[i] = read(plan[i]!, argument(args, i));
      if (isStrange) return notImplemented;
      made = dispatch(record, values);
      if (!mutates) {
        if (isSingle) handle = put(made as Tensor);
        else handles = (made as Tensor[]).map(put);
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
      // Its own tensor comes back.
      return held(argument(args, 0));
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

/** `x[...]` by numbers, slices, None, the ellipsis and index tensors. */
function index(args: number, n: number): number {
  if (n !== 2) return notImplemented;
  const t = readTensor(argument(args, 0));
  const given = argument(args, 1);
  if (t === null || t.rank === 0) return notImplemented;
  beginReading();
  const tensors: Tensor[] = [];
  const items = readIndex(given, tensors);
  if (isStrange) return notImplemented;
  const mark = Scope.enter();
  let handle = 0;
  try {
    const made = tensors.length === 0 ? basicIndex(t, items, items.length / 4) : mixedIndex(t, items, tensors);
    if (made === null) return notImplemented;
    handle = put(made);
  } finally {
    Scope.exit(mark);
  }
  return wrap(handle, t.dtype);
}

/** `x[...] = value` by numbers, slices, None and the ellipsis, for a number or a tensor of just that shape. */
function setItem(args: number, n: number): number {
  if (n !== 3) return notImplemented;
  beginReading();
  const t = readTensor(argument(args, 0));
  const tensors: Tensor[] = [];
  const items = readIndex(argument(args, 1), tensors);
  const value = readOperand(argument(args, 2));
  if (isStrange || t === null || t.rank === 0 || tensors.length > 0) return notImplemented;
  const mark = Scope.enter();
  try {
    const target = basicIndex(t, items, items.length / 4);
    if (value instanceof Scalar) registry.get("fill_")!(target, value);
    else if (sameShape(value!.shape, target.shape)) registry.get("copy_")!(target, value, false);
    else return notImplemented;
  } finally {
    Scope.exit(mark);
  }
  return none;
}

/** `t.item()`, which waits for the value. Whoever watches, wide integers and complex numbers go the other way. */
function item(args: number, n: number): number {
  const t = n === 1 ? readTensor(argument(args, 0)) : null;
  if (t === null || t.numel !== 1 || t.dtype.kind === "complex" || observer.current !== null) return notImplemented;
  const value = readScalar(t);
  if (typeof value === "boolean") return truth(value);
  if (t.dtype.kind === "float") return newFloat(Number(value));
  if (typeof value === "bigint" || value !== (value | 0)) return notImplemented;
  return newInt(value);
}

/** `t.grad`. */
function grad(args: number): number {
  const t = readTensor(argument(args, 0));
  if (t === null) return notImplemented;
  return t.grad === null ? none : gradOf(argument(args, 0), t.grad);
}

/** `t.grad = value`, where nothing is wrong with it. */
function setGrad(args: number, n: number): number {
  const object = argument(args, 0);
  const t = readTensor(object);
  const value = argument(args, 1);
  const isNone = value === none;
  const given = isNone || n !== 2 ? null : readTensor(value);
  if (n !== 2 || t === null || (given === null && !isNone)) return notImplemented;
  if (given && !sameShape(given.shape, t.shape)) return notImplemented;
  const mark = Scope.enter();
  try {
    t.setGrad(given);
  } finally {
    Scope.exit(mark);
  }
  keepGrad(object, isNone ? 0 : value);
  return none;
}

/** `torch.tensor(data, dtype, device)` of Python's numbers. */
function tensor(args: number, n: number): number {
  if (n !== 3) return notImplemented;
  beginReading();
  const dtype = read(OPTIONAL_DTYPE, argument(args, 1)) as DType | null;
  const device = read(OPTIONAL_DEVICE, argument(args, 2)) as Device | null;
  if (isStrange) return notImplemented;
  const mark = Scope.enter();
  try {
    const made = tensorOf(argument(args, 0), dtype, device ?? defaultDevice());
    if (made === null) return notImplemented;
    observer.current?.filled?.(made);
    return wrap(put(made), made.dtype);
  } finally {
    Scope.exit(mark);
  }
}

/** `t.tolist()`. */
function tolist(args: number, n: number): number {
  const t = n === 1 ? readTensor(argument(args, 0)) : null;
  if (t === null || observer.current !== null) return notImplemented;
  const mark = Scope.enter();
  try {
    return listOf(t) ?? notImplemented;
  } finally {
    Scope.exit(mark);
  }
}

/** `t.backward(gradient, keeps its graph, makes another)`. */
function backward(args: number, n: number): number {
  if (n !== 4) return notImplemented;
  beginReading();
  const root = readTensor(argument(args, 0));
  const gradient = argument(args, 1) === none ? null : readTensor(argument(args, 1));
  const retainGraph = readBool(argument(args, 2));
  const createGraph = readBool(argument(args, 3));
  if (isStrange) return notImplemented;
  const mark = Scope.enter();
  try {
    runBackward([root!], [gradient], { retainGraph: retainGraph!, createGraph: createGraph! });
  } finally {
    Scope.exit(mark);
  }
  return none;
}

/** What Python asks of tensors so often that it should cost little. Immortal objects need no count. */
const questions: Record<string, Direct> = {
  shape(args) {
    const t = readTensor(argument(args, 0));
    return t === null ? notImplemented : sizeOf(t.shape);
  },
  index,
  set_item: setItem,
  item,
  tensor,
  tolist,
  backward,
  grad,
  set_grad: setGrad,
  set_grad_enabled(args, n) {
    beginReading();
    const on = n === 1 ? readBool(argument(args, 0)) : null;
    return on === null ? notImplemented : truth(gradMode.set(on));
  },
  is_contiguous: ask1((t) => t.isContiguous),
  requires_grad: ask1((t) => t.requiresGrad),
  is_leaf: ask1((t) => !t.requiresGrad || t.isLeaf),
  is_cuda: ask1((t) => t.device.type === "cuda"),
  /** Has it a shape and no values? So it is on the meta device, and everywhere in a process without native code. */
  is_meta: ask1((t) => t.isMeta),
  numel: askNumber((t) => t.numel),
  device_id: askNumber((t) => t.device.id),
  /** Are these tensors of one float dtype of 32 bits or more, and on one device? */
  are_alike(args, n) {
    const tensors = n === 1 ? readTensors(argument(args, 0)) : null;
    if (tensors === null || tensors.length === 0) return notImplemented;
    const { dtype, device } = tensors[0]!;
    const isWide = dtype.kind === "float" && dtype.size >= 4;
    return truth(isWide && tensors.every((t) => t.dtype === dtype && t.device === device));
  },
  are_heads(args, n) {
    if (n !== 3) return notImplemented;
    const [query, key, value] = [0, 1, 2].map((i) => readTensor(argument(args, i)));
    if (!query || !key || !value) return notImplemented;
    return truth(areHeads(query, key, value));
  },
};

function ask1(question: (t: Tensor) => boolean): Direct {
  return (args) => {
    const t = readTensor(argument(args, 0));
    return t === null ? notImplemented : truth(question(t));
  };
}

function askNumber(question: (t: Tensor) => number): Direct {
  return (args) => {
    const t = readTensor(argument(args, 0));
    const answer = t === null ? -1 : question(t);
    return answer >= 0 && answer === (answer | 0) ? newInt(answer) : notImplemented;
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
    return isKnown() ? functions[index]!(args, n) : notImplemented;
  },
  /** Python lets go of a tensor. */
  end(object: number): void {
    if (!isKnown()) return;
    const handle = takeHandle(object);
    if (handle !== 0) drop(handle);
  },
  makePlainInt,
};
