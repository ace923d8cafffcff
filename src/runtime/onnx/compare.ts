/** How far two tensors are apart, as people compare models. Pure. */
import type { PlainTensor } from "./run.ts";

export interface Difference {
  /** Largest |a - b|. */
  absolute: number;
  /** The same divided by the largest |b|, which is 1 where b is all zeros. */
  relative: number;
  /** Where it is largest, as an index into the flat tensor. */
  at: number;
  /** Root of the mean of (a - b)^2, divided by that of b^2: how far apart they are as a whole. */
  rootMeanSquare: number;
}

export function difference(a: PlainTensor, b: PlainTensor): Difference {
  const [x, y] = [numbers(a), numbers(b)];
  let absolute = 0;
  let at = 0;
  let scale = 0;
  let squares = 0;
  let reference = 0;
  for (let i = 0; i < y.length; i++) {
    const [p, q] = [Number(x[i]!), Number(y[i]!)];
    if (Number.isFinite(q)) scale = Math.max(scale, Math.abs(q));
    const isSame = p === q || (Number.isNaN(p) && Number.isNaN(q));
    const distance = isSame ? 0 : Math.abs(p - q);
    squares += distance * distance;
    if (Number.isFinite(q)) reference += q * q;
    if (distance > absolute || Number.isNaN(distance)) {
      absolute = Number.isNaN(distance) ? Infinity : distance;
      at = i;
    }
  }
  const rootMeanSquare = Number.isNaN(squares) ? Infinity : Math.sqrt(squares / (reference || 1));
  return { absolute, relative: absolute / (scale || 1), at, rootMeanSquare };
}

export function numbers({ dtype, bytes }: PlainTensor): ArrayLike<number | bigint> {
  const plain = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const view = <T>(array: new (buffer: ArrayBufferLike, offset: number, length: number) => T, size: number): T =>
    new array(plain.buffer, plain.byteOffset, plain.byteLength / size);
  switch (dtype) {
    case "float32":
      return view(Float32Array, 4);
    case "float64":
      return view(Float64Array, 8);
    case "float16":
      return view(Float16Array, 2);
    case "bfloat16":
      return Float32Array.from(view(Uint16Array, 2), (bits) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!);
    case "int64":
      return view(BigInt64Array, 8);
    case "uint64":
      return view(BigUint64Array, 8);
    case "int32":
      return view(Int32Array, 4);
    case "uint32":
      return view(Uint32Array, 4);
    case "int16":
      return view(Int16Array, 2);
    case "uint16":
      return view(Uint16Array, 2);
    case "int8":
      return view(Int8Array, 1);
    case "bool":
    case "uint8":
      return plain;
    default:
      throw new Error(`numbers of ${dtype} are not compared here`);
  }
}
