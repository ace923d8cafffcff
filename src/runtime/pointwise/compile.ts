/** Expressions to native programs: number the values, reuse temporaries whose last reader has passed, write the words. */
import { topological, type Expr, type Opcode } from "./expr.ts";

export type Compute = "float32" | "float64" | "int64";
const computeIds: Record<Compute, number> = { float32: 0, float64: 1, int64: 2 };

export interface Program {
  /** The words that `define` takes; see native/cpu/pointwise.h. */
  words: Float64Array;
  /** Constants to append to the params at each launch. */
  constants: number[];
  /** Arithmetic per element: the unit of the cost rule. */
  flopsPerElement: number;
  nInputs: number;
  nParams: number;
}

/** Weights for the cost rule, in the field's usual counting: one per arithmetic instruction. */
const free = new Set<Opcode>(["mov", "iota"]);

export function compile(
  roots: readonly Expr[],
  compute: Compute,
  nInputs: number,
  nParams: number,
  opcodes: ReadonlyMap<string, number>,
): Program {
  const order = topological(roots);
  const constants: number[] = [];
  const valueOf = new Map<Expr, number>();
  for (const node of order) {
    if (node.kind === "input") valueOf.set(node, node.index);
    else if (node.kind === "param") valueOf.set(node, nInputs + node.index);
    else if (node.kind === "const") valueOf.set(node, nInputs + nParams + constants.push(node.value) - 1);
  }
  const firstTemporary = nInputs + nParams + constants.length;

  const lastUse = new Map<Expr, number>();
  order.forEach((node, i) => {
    if (node.kind === "call") for (const arg of node.args) lastUse.set(arg, i);
  });
  for (const root of roots) lastUse.set(root, Infinity);

  const instructions: number[] = [];
  const unused: number[] = [];
  let temporaries = 0;
  let flopsPerElement = 0;
  order.forEach((node, i) => {
    if (node.kind !== "call") return;
    const code = opcodes.get(node.op);
    if (code === undefined) throw new Error(`the native addon has no pointwise opcode '${node.op}': rebuild it`);
    const args = [0, 0, 0];
    node.args.forEach((arg, k) => (args[k] = valueOf.get(arg)!));
    // A temporary may be overwritten by the instruction that reads it last: each block is read before it is written.
    for (const arg of new Set(node.args)) {
      if (arg.kind === "call" && lastUse.get(arg) === i) unused.push(valueOf.get(arg)!);
    }
    const destination = unused.length ? unused.pop()! : firstTemporary + temporaries++;
    valueOf.set(node, destination);
    instructions.push(code, destination, args[0]!, args[1]!, args[2]!);
    if (!free.has(node.op)) flopsPerElement++;
  });
  const words = [
    computeIds[compute],
    nInputs,
    nParams + constants.length,
    temporaries,
    instructions.length / 5,
    roots.length,
    ...instructions,
    ...roots.map((root) => valueOf.get(root)!),
  ];
  return { words: new Float64Array(words), constants, flopsPerElement, nInputs, nParams };
}
