/**
 * Python's lists of numbers as they lie in its memory: tensors made from them, and lists made of tensors. Knows exact bools,
 * ints and floats in lists and tuples that nest evenly; whatever else it is handed it leaves to torch/_factories.py.
 */
import type { Device } from "./device.ts";
import { bool, float32, float64, getDefaultDtype, int64, type DType } from "./dtype.ts";
import { decode, readBytes, writeBytes } from "./launch.ts";
import { fillList, isSequence, kindOfNumber, readFloat, sequence, strange } from "./objects.ts";
import { contiguousOf } from "./ops/copy.ts";
import { numelOf } from "./shape.ts";
import { empty, type Tensor } from "./tensor.ts";

/** Deeper lists are left to Python. */
const MOST_DIMS = 16;

interface Numbers {
  shape: number[];
  values: Float64Array;
  /** Did one of them occur? */
  hasBool: boolean;
  hasInt: boolean;
  hasFloat: boolean;
}

/** How the lists nest, by their first elements; null where that cannot be told. */
function shapeOf(object: number): number[] | null {
  const shape: number[] = [];
  let first = object;
  while (isSequence(first)) {
    const { size, items } = sequence(first);
    shape.push(size);
    if (shape.length > MOST_DIMS || size === 0) return shape.length > MOST_DIMS ? null : shape;
    first = items[0]!;
  }
  return shape;
}

function readNumbers(object: number): Numbers | null {
  const shape = shapeOf(object);
  if (shape === null) return null;
  const found: Numbers = {
    shape,
    values: new Float64Array(numelOf(shape)),
    hasBool: false,
    hasInt: false,
    hasFloat: false,
  };
  let n = 0;
  const take = (item: number): boolean => {
    const kind = kindOfNumber(item);
    if (kind === "float") found.hasFloat = true;
    else if (kind === "int") found.hasInt = true;
    else if (kind === "bool") found.hasBool = true;
    else return false;
    const value = readFloat(item);
    if (value === null) return false;
    found.values[n++] = value;
    return true;
  };
  const walk = (list: number, depth: number): boolean => {
    if (!isSequence(list)) return false;
    const { size, items } = sequence(list);
    if (size !== shape[depth]) return false;
    const isLast = depth === shape.length - 1;
    for (let i = 0; i < size; i++) if (!(isLast ? take(items[i]!) : walk(items[i]!, depth + 1))) return false;
    return true;
  };
  return (shape.length === 0 ? take(object) : walk(object, 0)) ? found : null;
}

/** The dtype that PyTorch would give them, or the wanted one where that loses nothing silently; null for all other cases. */
function dtypeFor({ hasBool, hasInt, hasFloat }: Numbers, wanted: DType | null): DType | null {
  const own = hasFloat ? getDefaultDtype() : hasInt ? int64 : hasBool ? bool : getDefaultDtype();
  const dtype = wanted ?? own;
  if (dtype === float32 || dtype === float64) return dtype;
  if (dtype === int64) return hasFloat ? null : int64;
  return dtype === bool && own === bool ? bool : null;
}

function bytesOf(values: Float64Array, dtype: DType): Uint8Array {
  if (dtype === float64) return new Uint8Array(values.buffer);
  if (dtype === float32) return new Uint8Array(Float32Array.from(values).buffer);
  if (dtype === bool) return Uint8Array.from(values);
  const words = new Int32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    words[2 * i] = values[i]!;
    words[2 * i + 1] = Math.floor(values[i]! / 2 ** 32);
  }
  return new Uint8Array(words.buffer);
}

/** `torch.tensor(data)`; strange where the data are. */
export function tensorOf(object: number, wanted: DType | null, device: Device): Tensor | null {
  const numbers = readNumbers(object);
  const dtype = numbers && dtypeFor(numbers, wanted);
  if (!numbers || !dtype) return strange();
  const t = empty(numbers.shape, dtype, device);
  writeBytes(t, bytesOf(numbers.values, dtype));
  return t;
}

/** `t.tolist()`, which waits; 0 where Python cannot hold an element or has raised. */
export function listOf(t: Tensor): number | null {
  if (t.dtype.kind === "complex" || t.isMeta) return null;
  const bytes = new Uint8Array(t.nbytes);
  readBytes(contiguousOf(t), bytes);
  const view = new DataView(bytes.buffer);
  const values = new Array<number | boolean>(t.numel);
  for (let i = 0; i < t.numel; i++) {
    const value = decode(t.dtype, view, i * t.dtype.size);
    if (typeof value === "bigint") return null;
    values[i] = value;
  }
  return fillList(t.shape, values, t.dtype.kind === "float");
}
