/**
 * In-place writes under the tape. Writing to a tensor replaces its history; writing to a view replaces the history of its
 * base too (the written slice comes from the new node, the rest from the old), and every other view of that base finds
 * out when its history is next asked for.
 */
import { NotImplementedError, RuntimeError } from "../errors.ts";
import { isContiguous } from "../shape.ts";
import { empty, Tensor } from "../tensor.ts";
import { gradMode } from "./mode.ts";
import { Node, gradientEdge, viewHistory, type Edge } from "./node.ts";

/** Set by ops/copy.ts and ops/create.ts: the two computations needed here, without importing ops from below them. */
export const primitives = {
  copyInto: (_target: Tensor, _source: Tensor): void => {},
  zero: (_target: Tensor): void => {},
};

/** The same as ops on the tape, for gradients that are differentiated again. Set by ops/view.ts. */
export const recorded = {
  /** The elements of a contiguous tensor at a geometry. */
  pick: (_t: Tensor, _at: Geometry): Tensor => unset(),
  /** Zeros in the shape of `like`, with `part` at a geometry. */
  place: (_part: Tensor, _like: Tensor, _at: Geometry): Tensor => unset(),
  /** a - b + c, without c a - b. */
  replace: (_a: Tensor, _b: Tensor, _c: Tensor | null): Tensor => unset(),
  contiguous: (_t: Tensor): Tensor => unset(),
};
const unset = (): never => {
  throw new Error("ops are not loaded");
};

/** A tensor like the base, for its geometry alone; second gradients are there for contiguous bases. */
function contiguousBase(base: Geometry, like: Tensor): Tensor {
  if (!isContiguous(base.shape, base.strides)) {
    throw new NotImplementedError("the second derivative of a write into a view of a tensor that is not contiguous");
  }
  return empty(base.shape, like.dtype, like.device);
}
const within = (base: Geometry, view: Geometry): Geometry => ({ ...view, offset: view.offset - base.offset });

export function checkInplace(self: Tensor): void {
  if (!self.requiresGrad) return;
  if (self.isLeaf && !self.base) {
    throw new RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.");
  }
  if (self.base?.isLeaf) {
    throw new RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.");
  }
}

export interface Geometry {
  shape: readonly number[];
  strides: readonly number[];
  offset: number;
}

/** `node` has just overwritten `self`: make it (or, through a view, its base) the history. */
export function rebaseHistory(self: Tensor, node: Node): void {
  node.describeOutput(self, 0);
  const base = self.base;
  if (!base) {
    self.setNode(node, 0);
    return;
  }
  base.setNode(new CopySlices(base, self, node), 0);
  attachView(self);
}

/** The gradient of a view, as a slice of the gradient of its base. */
class SliceOfBase extends Node {
  readonly name = "AsStridedBackward0";
  readonly #base: Geometry & Pick<Tensor, "dtype" | "device">;
  readonly #view: Geometry;

  constructor(base: Tensor, view: Tensor) {
    super();
    this.#base = {
      shape: base.shape,
      strides: base.strides,
      offset: base.offset,
      dtype: base.dtype,
      device: base.device,
    };
    this.#view = { shape: view.shape, strides: view.strides, offset: view.offset };
    this.connect([base]);
    this.describeOutput(view, 0);
  }
  apply(grads: (Tensor | null)[]): (Tensor | null)[] {
    if (!grads[0]) return [null];
    if (gradMode.enabled) {
      return [recorded.place(grads[0], contiguousBase(this.#base, grads[0]), within(this.#base, this.#view))];
    }
    const full = empty(this.#base.shape, this.#base.dtype, this.#base.device, this.#base.strides);
    primitives.zero(full);
    primitives.copyInto(slice(full, this.#base, this.#view), grads[0]);
    return [full];
  }
  releaseSaved(): void {}
}

/** After `view` of `base` was written by `inner`: the slice's gradient goes through `inner`, the rest to the old history. */
class CopySlices extends Node {
  readonly name = "CopySlices";
  readonly #inner: Node;
  readonly #base: Geometry;
  readonly #view: Geometry;

  constructor(base: Tensor, view: Tensor, inner: Node) {
    super();
    this.#inner = inner.retain();
    this.#base = { shape: base.shape, strides: base.strides, offset: base.offset };
    this.#view = { shape: view.shape, strides: view.strides, offset: view.offset };
    const baseEdge = base.requiresGrad ? gradientEdge(base) : null;
    baseEdge?.node.retain();
    // The first edge of `inner` led to the view's old history: replaced by the base's. The others are taken over.
    const others: (Edge | null)[] = inner.edges.slice(1);
    for (const edge of others) edge?.node.retain();
    this.edges = [baseEdge, ...others];
    this.describeOutput(base, 0);
  }
  apply(grads: (Tensor | null)[]): (Tensor | null)[] {
    const dy = grads[0];
    if (!dy) return this.edges.map(() => null);
    if (gradMode.enabled) return this.#applyRecorded(dy);
    const full = empty(this.#base.shape, dy.dtype, dy.device, this.#base.strides);
    primitives.copyInto(full, dy);
    const part = slice(full, this.#base, this.#view);
    const partCopy = empty(part.shape, part.dtype, part.device);
    primitives.copyInto(partCopy, part);
    const inner = this.#inner.apply([partCopy]);
    if (inner[0]) primitives.copyInto(part, inner[0]);
    else primitives.zero(part);
    return [full, ...inner.slice(1)];
  }

  #applyRecorded(dy: Tensor): (Tensor | null)[] {
    const like = contiguousBase(this.#base, dy);
    const at = within(this.#base, this.#view);
    const part = recorded.pick(recorded.contiguous(dy), at);
    const inner = this.#inner.apply([part]);
    const own = recorded.place(part, like, at);
    const given = inner[0] ? recorded.place(inner[0], like, at) : null;
    return [recorded.replace(dy, own, given), ...inner.slice(1)];
  }

  releaseSaved(): void {
    if (this.released) return;
    this.released = true;
    this.#inner.releaseSaved();
    this.#inner.release();
  }
}

function slice(full: Tensor, base: Geometry, view: Geometry): Tensor {
  return new Tensor(full.storage, view.shape, view.strides, view.offset - base.offset, full.dtype);
}

function attachView(view: Tensor): void {
  const base = view.base!;
  view.setNode(new SliceOfBase(base, view), 0);
  view.viewNode = base.node;
}

viewHistory.refresh = (view) => {
  if (view.base?.requiresGrad) attachView(view);
};
