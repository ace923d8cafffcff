/**
 * Backward: runs the tape from the roots to the leaves in one loop, never through Python except for hooks. Gradients that
 * are still in flight are owned by the loop; each node runs in a scope of its own, so its temporaries go at once.
 */
import { RuntimeError } from "../errors.ts";
import { observer } from "../observer.ts";
import { formatShape, sameShape } from "../shape.ts";
import { Scope, Tensor } from "../tensor.ts";
import { gradMode } from "./mode.ts";
import { anomaly } from "./watched.ts";
import { AccumulateGrad, Node, accumulation, gradientEdge } from "./node.ts";

/** Computations that the loop needs, set by ops/index.ts: autograd stands below the ops. */
export const arithmetic = {
  add: (_a: Tensor, _b: Tensor): Tensor => {
    throw new Error("ops are not loaded");
  },
  addInto: (_target: Tensor, _value: Tensor): void => {},
  clone: (t: Tensor): Tensor => t,
  detach: (t: Tensor): Tensor => t,
  sumTo: (t: Tensor, _shape: readonly number[]): Tensor => t,
  cast: (t: Tensor, _dtype: Tensor["dtype"]): Tensor => t,
  onesLike: (t: Tensor): Tensor => t,
};

/** Runs a Python hook: the gradient in, a replacement or null out. Set by the binding. */
export const python = { runHook: (_id: number, _grad: Tensor): Tensor | null => null };

export interface BackwardOptions {
  retainGraph: boolean;
  createGraph: boolean;
  /** Return gradients of these instead of adding them into `.grad`. */
  inputs?: readonly Tensor[];
  /** With `inputs`: also accumulate into `.grad` of those leaves (backward(inputs=...)). */
  accumulate?: boolean;
}

/** A binary heap of nodes, latest first. */
class ReadyQueue {
  readonly #heap: Node[] = [];
  get size(): number {
    return this.#heap.length;
  }
  push(node: Node): void {
    const heap = this.#heap;
    let i = heap.push(node) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.order >= node.order) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = node;
  }
  pop(): Node {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.order > heap[child]!.order) child++;
      if (heap[child]!.order <= last.order) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

function countDependencies(roots: readonly Node[]): Map<Node, number> {
  const dependencies = new Map<Node, number>();
  const stack = [...new Set(roots)];
  const seen = new Set<Node>(stack);
  while (stack.length) {
    for (const edge of stack.pop()!.edges) {
      if (!edge) continue;
      dependencies.set(edge.node, (dependencies.get(edge.node) ?? 0) + 1);
      if (!seen.has(edge.node)) {
        seen.add(edge.node);
        stack.push(edge.node);
      }
    }
  }
  return dependencies;
}

/** Which nodes lead to one of the wanted ones; the rest need not run. */
function needed(roots: readonly Node[], wanted: ReadonlySet<Node>): Set<Node> {
  const result = new Set<Node>(wanted);
  const state = new Map<Node, "open" | "done">();
  const stack = [...roots];
  while (stack.length) {
    const node = stack[stack.length - 1]!;
    const seen = state.get(node);
    if (seen === undefined) {
      state.set(node, "open");
      for (const edge of node.edges) if (edge && !state.has(edge.node)) stack.push(edge.node);
      continue;
    }
    stack.pop();
    if (seen === "open") {
      state.set(node, "done");
      if (node.edges.some((edge) => edge && result.has(edge.node))) result.add(node);
    }
  }
  return result;
}

export function runBackward(
  roots: readonly Tensor[],
  grads: readonly (Tensor | null)[],
  options: BackwardOptions,
): (Tensor | null)[] {
  const { retainGraph, createGraph, inputs } = options;
  const buffers = new Map<Node, (Tensor | null)[]>();
  const capture = new Map<Node, { output: number; slot: number }[]>();
  const captured = new Array<Tensor | null>(inputs?.length ?? 0).fill(null);
  const rootNodes: Node[] = [];

  const accumulate = (node: Node, index: number, grad: Tensor) => {
    let buffer = buffers.get(node);
    if (!buffer) buffers.set(node, (buffer = []));
    const held = buffer[index];
    if (!held) {
      buffer[index] = grad.retain();
      return;
    }
    const sum = arithmetic.add(held, grad).retain();
    held.release();
    buffer[index] = sum;
  };

  roots.forEach((root, i) => {
    if (!root.requiresGrad) {
      throw new RuntimeError(`element ${i} of tensors does not require grad and does not have a grad_fn`);
    }
    const given = grads[i];
    if (!given && root.dtype.kind === "complex") {
      throw new RuntimeError(
        `grad can be implicitly created only for real scalar outputs but got torch.${root.dtype.name}`,
      );
    }
    if (!given && root.numel !== 1) throw new RuntimeError("grad can be implicitly created only for scalar outputs");
    if (given && !sameShape(given.shape, root.shape)) {
      throw new RuntimeError(
        `Mismatch in shape: grad_output[${i}] has a shape of ` +
          `torch.Size(${formatShape(given.shape)}) and output[${i}] has a shape of torch.Size(${formatShape(root.shape)}).`,
      );
    }
    const edge = gradientEdge(root);
    rootNodes.push(edge.node);
    accumulate(edge.node, edge.index, given ?? arithmetic.onesLike(root));
  });
  inputs?.forEach((t, slot) => {
    if (!t.requiresGrad) {
      throw new RuntimeError("One of the differentiated Tensors does not require grad");
    }
    const edge = gradientEdge(t);
    const list = capture.get(edge.node);
    if (list) list.push({ output: edge.index, slot });
    else capture.set(edge.node, [{ output: edge.index, slot }]);
  });
  const relevant = inputs ? needed(rootNodes, new Set(capture.keys())) : null;
  const dependencies = countDependencies(rootNodes);
  const ready = new ReadyQueue();
  for (const node of new Set(rootNodes)) if (!dependencies.get(node)) ready.push(node);

  const before = gradMode.set(createGraph);
  try {
    while (ready.size) {
      const node = ready.pop();
      const buffer = buffers.get(node) ?? [];
      buffers.delete(node);
      const mark = Scope.enter();
      try {
        runNode(node, buffer);
      } finally {
        for (const grad of buffer) grad?.release();
        Scope.exit(mark);
      }
    }
  } finally {
    gradMode.set(before);
    for (const buffer of buffers.values()) for (const grad of buffer) grad?.release();
  }
  return captured;

  function runNode(node: Node, buffer: (Tensor | null)[]): void {
    runHooks(node, buffer);
    if (inputs) {
      for (const { output, slot } of capture.get(node) ?? []) {
        const grad = buffer[output] ?? null;
        captured[slot] = grad ? grad.retain() : null;
      }
    }
    const runs =
      buffer.some(Boolean) &&
      (!relevant ||
        node.edges.some((edge) => edge && relevant.has(edge.node)) ||
        (node instanceof AccumulateGrad && options.accumulate === true && capture.has(node)));
    const edges = node.edges;
    let results: (Tensor | null)[] = [];
    if (runs && !(inputs && node instanceof AccumulateGrad && !options.accumulate)) {
      const watching = observer.current;
      watching?.beginBackward(node.origin, node.name);
      try {
        results = anomaly.isOn ? watchedApply(node, buffer) : node.apply(buffer);
      } finally {
        watching?.endBackward(buffer, results);
      }
    }
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i];
      if (!edge) continue;
      const grad = results[i];
      if (grad) accumulate(edge.node, edge.index, conform(node, i, edge.node, edge.index, grad));
      const left = dependencies.get(edge.node)! - 1;
      dependencies.set(edge.node, left);
      if (left === 0) ready.push(edge.node);
    }
    if (!retainGraph && !(node instanceof AccumulateGrad)) node.releaseSaved();
  }
}

/** In anomaly mode: a failure is reported with the line of the forward pass that it belongs to, NaNs are failures. */
function watchedApply(node: Node, buffer: (Tensor | null)[]): (Tensor | null)[] {
  try {
    const results = node.apply(buffer);
    if (anomaly.checksNan) anomaly.check(node.name, results);
    return results;
  } catch (error) {
    anomaly.report(node.name, node.traceback);
    throw error;
  }
}

/** Undo broadcasting and casts, so that no gradient rule has to. */
function conform(node: Node, i: number, target: Node, index: number, grad: Tensor): Tensor {
  const expected = target.outputs[index];
  if (!expected) return grad;
  let g = grad;
  if (!sameShape(g.shape, expected.shape)) {
    g = arithmetic.sumTo(g, expected.shape);
    if (!sameShape(g.shape, expected.shape)) {
      throw new RuntimeError(
        `Function ${node.name} returned an invalid gradient at index ${i} - got ` +
          `${formatShape(grad.shape)} but expected shape compatible with ${formatShape(expected.shape)}`,
      );
    }
  }
  return g.dtype === expected.dtype ? g : arithmetic.cast(g, expected.dtype);
}

function runHooks(node: Node, buffer: (Tensor | null)[]): void {
  const isLeaf = node instanceof AccumulateGrad;
  if (isLeaf ? node.variable.hooks === null : node.hooks === null && node.retained === null) return;
  const hooks = isLeaf ? (node.variable.hooks ?? []).map((id) => ({ output: 0, id })) : (node.hooks ?? []);
  for (const { output, id } of hooks) {
    const grad = buffer[output];
    if (!grad) continue;
    const replaced = python.runHook(id, grad);
    if (!replaced || replaced === grad) continue;
    buffer[output] = replaced.retain();
    grad.release();
  }
  for (const { output, tensor } of node.retained ?? []) {
    const grad = buffer[output];
    if (grad) accumulation.add(tensor, grad);
  }
}

accumulation.add = (variable, grad) => {
  const previous = variable.grad;
  if (!previous) {
    // Ours alone (the loop's buffer is the only owner): keep it instead of copying.
    const isOurs = grad.refs === 1 && !grad.base && grad.isContiguous && grad.storage.refs === 1;
    if (gradMode.enabled) variable.setGrad(grad);
    else variable.setGrad(isOurs ? grad : arithmetic.clone(grad));
  } else if (gradMode.enabled) {
    variable.setGrad(arithmetic.add(previous, grad));
  } else {
    arithmetic.addInto(previous, grad);
  }
};

accumulation.runHook = (id, variable) => void python.runHook(id, variable);
