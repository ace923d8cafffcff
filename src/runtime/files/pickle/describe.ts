/**
 * A described pickle as a list of steps in JSON, from which Python builds its objects: `torch.serialization` carries them
 * out. Objects that are the same stay the same, and cycles stay cycles: containers are made empty and filled later.
 * A step is [what, ...]; where a value is expected stands null, a boolean, an integer, a text, {"f": …} for a floating
 * number, {"i": hex} for a large integer, {"b": base64} for bytes, or [n], the result of the n-th making step.
 */
import { FileFormatError } from "../source.ts";
import {
  type PickleNode,
  type TensorValue,
  DictValue,
  InstanceValue,
  ListValue,
  NumpyArrayValue,
  SetValue,
  StorageValue,
  TupleValue,
  type Value,
} from "./values.ts";

export type Wire = null | boolean | number | string | { f: number | string } | { i: string } | { b: string } | [number];
export type Step = [string, ...unknown[]];

/** Deeper tuples and calls would end in a stack overflow, here or in Python. */
const DEEPEST = 500;

export interface Description {
  steps: Step[];
  result: Wire;
}

export function describe(value: Value): Description {
  const writer = new Writer();
  const result = writer.wire(value);
  writer.fillAll();
  return { steps: writer.steps, result };
}

class Writer {
  readonly steps: Step[] = [];
  private readonly numbers = new Map<PickleNode, number>();
  private nMade = 0;
  /** Containers that exist but are still empty. */
  private readonly waiting: PickleNode[] = [];
  private depth = 0;

  wire(value: Value): Wire {
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "bigint") return integer(value);
    if (typeof value === "number") return { f: floating(value) };
    if (value instanceof Uint8Array) return { b: base64(value) };
    return [this.numbers.get(value) ?? this.make(value)];
  }

  fillAll(): void {
    for (let node = this.waiting.pop(); node; node = this.waiting.pop()) this.fill(node);
  }

  private make(node: PickleNode): number {
    if (++this.depth > DEEPEST) throw tooDeep();
    const step = this.stepOf(node);
    this.depth--;
    const number = this.nMade++;
    this.steps.push(step);
    this.numbers.set(node, number);
    if (isContainer(node)) this.waiting.push(node);
    return number;
  }

  private stepOf(node: PickleNode): Step {
    switch (node.kind) {
      case "list":
        return ["list"];
      case "dict":
        return node.type === "defaultdict" ? ["defaultdict", this.wire(node.factory)] : [node.type];
      case "set":
        return node.isFrozen ? ["frozenset", ...node.items.map((item) => this.wire(item))] : ["set"];
      case "tuple":
        return ["tuple", ...node.items.map((item) => this.wire(item))];
      case "bytearray":
        return ["bytearray", base64(node.bytes)];
      case "complex":
        return ["complex", floating(node.real), floating(node.imaginary)];
      case "global":
        return ["global", node.path];
      case "size":
        return ["size", ...node.sizes];
      case "device":
        return ["device", node.type, node.index];
      case "layout":
        return ["layout", node.name];
      case "storage":
        return ["storage", node.index];
      case "tensor":
        return this.tensor(node);
      case "dtype":
        return ["numpy dtype", node.name];
      case "scalar":
        return ["numpy scalar", node.type.name, base64(node.bytes)];
      case "ndarray":
        if (!node.type) throw new FileFormatError("a NumPy array in the pickle has no state");
        return ["numpy array", node.type.name, node.sizes, node.isFortran, base64(node.bytes)];
      case "instance": {
        const args = this.wire(node.args);
        // A call reads its arguments: they must be complete by then.
        if (node.how === "call") this.fillAll();
        return [node.how, node.type.path, args];
      }
    }
  }

  private tensor(node: TensorValue): Step {
    const { storage, dtype, offset, sizes, strides, requiresGrad, isParameter, flags, quantizer } = node;
    if (quantizer && storage) {
      return ["quantized tensor", storage.index, dtype, offset, sizes, strides, this.wire(quantizer)];
    }
    const grad = isParameter ? { parameter: requiresGrad } : requiresGrad;
    return ["tensor", storage ? storage.index : -1, dtype, offset, sizes, strides, grad, flags];
  }

  private fill(node: PickleNode): void {
    const at = this.numbers.get(node)!;
    if (node instanceof ListValue) {
      if (node.items.length > 0) this.steps.push(["=items", at, ...node.items.map((item) => this.wire(item))]);
    } else if (node instanceof SetValue) {
      if (node.items.length > 0) this.steps.push(["=members", at, ...node.items.map((item) => this.wire(item))]);
    } else if (node instanceof DictValue) {
      if (node.pairs.length > 0) this.steps.push(["=pairs", at, ...node.pairs.map((item) => this.wire(item))]);
      if (node.attributes !== null) this.steps.push(["=attributes", at, this.complete(node.attributes)]);
    } else if (node instanceof InstanceValue) {
      if (node.items.length > 0) this.steps.push(["=items", at, ...node.items.map((item) => this.wire(item))]);
      if (node.pairs.length > 0) this.steps.push(["=pairs", at, ...node.pairs.map((item) => this.wire(item))]);
      for (const state of node.states) this.steps.push(["=state", at, this.complete(state)]);
    } else if (node.kind === "tensor") {
      this.steps.push(["=attributes", at, this.complete(node.attributes)]);
    }
  }

  /** A state is read when it is handed over. */
  private complete(state: Value): Wire {
    if (++this.depth > DEEPEST) throw tooDeep();
    const wire = this.wire(state);
    this.fillAll();
    this.depth--;
    return wire;
  }
}

const tooDeep = (): FileFormatError => new FileFormatError(`the pickle nests more than ${DEEPEST} objects`);

function isContainer(node: PickleNode): boolean {
  if (node.kind === "tensor") return node.attributes !== null;
  const isMutable = node instanceof ListValue || node instanceof DictValue || node instanceof InstanceValue;
  return isMutable || (node instanceof SetValue && !node.isFrozen);
}

function integer(value: bigint): Wire {
  const isExact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return isExact ? Number(value) : { i: value.toString(16) };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** JSON knows no NaN, no infinity and no negative zero. */
function floating(value: number): number | string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0.0" : value;
}

/** All names together: a deep chain of containers would otherwise cost the square of its length. */
const MOST_NAME_CHARACTERS = 32 * 1024 ** 2;
/** Where modules keep what they own: no part of the names that people know. */
const INNER = new Set(["_parameters", "_buffers", "_modules"]);

export type Named = TensorValue | StorageValue | NumpyArrayValue;

/** Every tensor of a description with a name for it: the path of keys that leads to it first. */
export function namedTensors(value: Value): { name: string; tensor: Named }[] {
  const found: { name: string; tensor: Named }[] = [];
  const seen = new Set<PickleNode>();
  const queue: { name: string; value: Value }[] = [{ name: "", value }];
  let nCharacters = 0;
  const below = (name: string, key: string): string => (name === "" ? key : `${name}.${key}`);
  while (queue.length > 0) {
    const { name, value: next } = queue.pop()!;
    if (next === null || typeof next !== "object" || next instanceof Uint8Array || seen.has(next)) continue;
    seen.add(next);
    const children: { name: string; value: Value }[] = [];
    if (next.kind === "tensor" || next.kind === "storage" || (next.kind === "ndarray" && next.type)) {
      nCharacters += name.length;
      if (nCharacters > MOST_NAME_CHARACTERS) throw tooDeep();
      found.push({ name: name || "(tensor)", tensor: next });
      continue;
    }
    if (next instanceof ListValue || next instanceof TupleValue || next instanceof SetValue) {
      next.items.forEach((item, index) => children.push({ name: below(name, String(index)), value: item }));
    } else if (next instanceof DictValue) {
      addPairs(next.pairs, name, children, below);
    } else if (next instanceof InstanceValue) {
      children.push({ name, value: next.args });
      for (const state of next.states) children.push({ name, value: state });
      next.items.forEach((item, index) => children.push({ name: below(name, String(index)), value: item }));
      addPairs(next.pairs, name, children, below);
    }
    // Last in, first out: reversed, so that names come in the order of the file.
    for (let i = children.length - 1; i >= 0; i--) queue.push(children[i]!);
  }
  return found;
}

function addPairs(
  pairs: readonly Value[],
  name: string,
  children: { name: string; value: Value }[],
  below: (name: string, key: string) => string,
): void {
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const key = pairs[i]!;
    const shown = typeof key === "string" ? key : typeof key === "object" ? `#${i / 2}` : String(key);
    children.push({ name: INNER.has(shown) ? name : below(name, shown), value: pairs[i + 1]! });
  }
}
