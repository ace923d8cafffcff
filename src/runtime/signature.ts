/**
 * Signatures of ops, one line each in the manner of PyTorch's own schema: "softmax(Tensor input, int dim, *, Dtype?
 * dtype=None) -> Tensor". Parsed twice: here for the binding and its generator, and by the compiler for types.
 */
import type { Device } from "./device.ts";
import type { DType, Scalar } from "./dtype.ts";
import type { CudaGenerator } from "./cuda/generator.ts";
import type { Generator } from "./random.ts";
import type { Tensor } from "./tensor.ts";

interface ArgumentTypes {
  Tensor: Tensor;
  "Tensor?": Tensor | null;
  "Tensor[]": Tensor[];
  "Tensor?[]": (Tensor | null)[];
  Scalar: Scalar;
  "Scalar?": Scalar | null;
  /** A tensor or a Python number: the right-hand side of an operator. */
  Operand: Tensor | Scalar;
  "Operand?": Tensor | Scalar | null;
  int: number;
  "int?": number | null;
  "int[]": readonly number[];
  "int[]?": readonly number[] | null;
  float: number;
  "float?": number | null;
  "float[]?": readonly number[] | null;
  bool: boolean;
  "bool?": boolean | null;
  str: string;
  "str?": string | null;
  "Dtype?": DType | null;
  Dtype: DType;
  "Device?": Device | null;
  "Generator?": Generator | CudaGenerator | null;
}
export type ArgumentType = keyof ArgumentTypes;

type Field<F> = F extends `${infer T} ${infer N}=${string}`
  ? Named<T, N>
  : F extends `${infer T} ${infer N}`
    ? Named<T, N>
    : object;
type Named<T, N extends string> = T extends ArgumentType ? { [k in N]: ArgumentTypes[T] } : never;
type Fields<P> = P extends `${infer A}, ${infer R}` ? Field<A> & Fields<R> : Field<P>;
type Inside<S> = S extends `${string}(${infer P}) -> ${string}` ? P : never;
/** All arguments of a signature by name, typed. */
export type Arguments<S extends string> = Fields<Inside<S>>;
type TensorName<F> = F extends `Tensor ${infer N}`
  ? N
  : F extends `Tensor? ${infer N}=${string}`
    ? N
    : F extends `Tensor? ${infer N}`
      ? N
      : F extends `Operand ${infer N}`
        ? N
        : F extends `Operand? ${infer N}=${string}`
          ? N
          : F extends `Tensor[] ${infer N}`
            ? N
            : never;
type TensorNames<P> = P extends `${infer A}, ${infer R}` ? TensorName<A> | TensorNames<R> : TensorName<P>;
/** The names of a signature's tensor arguments. */
export type TensorArguments<S extends string> = TensorNames<Inside<S>>;

export interface Argument {
  name: string;
  type: ArgumentType;
  /** As Python source; undefined when the argument must be given. */
  default?: string;
  keywordOnly: boolean;
}

export interface Signature {
  name: string;
  arguments: Argument[];
  /** Names of several results, [] for one unnamed tensor. */
  results: string[];
  /** "Tensor", "Tensors" (a tuple of fixed length), "Tensor[]" (a list), or a plain value. */
  returns: "Tensor" | "Tensors" | "Tensor[]" | "value";
}

export function parseSignature(text: string): Signature {
  const match = /^(\w+)\((.*)\) -> (.+)$/.exec(text);
  if (!match) throw new Error(`malformed signature: ${text}`);
  const [, name, inside, result] = match as unknown as [string, string, string, string];
  let keywordOnly = false;
  const args: Argument[] = [];
  for (const part of inside.split(", ").filter(Boolean)) {
    if (part === "*") {
      keywordOnly = true;
      continue;
    }
    const field = /^([\w?[\]]+) (\w+)(?:=(.*))?$/.exec(part);
    if (!field) throw new Error(`malformed argument '${part}' in ${text}`);
    args.push({ type: field[1] as ArgumentType, name: field[2]!, default: field[3], keywordOnly });
  }
  const tuple = /^\((.*)\)$/.exec(result);
  if (tuple) {
    const results = tuple[1]!.split(", ").map((r) => r.split(" ")[1] ?? "");
    return { name, arguments: args, results: results.every(Boolean) ? results : [], returns: "Tensors" };
  }
  const returns = result === "Tensor" || result === "Tensor[]" ? result : "value";
  return { name, arguments: args, results: [], returns };
}
