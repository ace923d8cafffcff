/** `torch.autograd.Function`: nodes of the tape whose backward is Python. */
import { isDifferentiable } from "../dtype.ts";
import { python, readScratch, writeScratch, fail } from "../bridge.ts";
import { drop, get, getOrNull, put } from "../handles.ts";
import { NotImplementedError } from "../errors.ts";
import { observer } from "../observer.ts";
import { alias, Scope, type Tensor } from "../tensor.ts";
import { rebaseHistory } from "./inplace.ts";
import { gradMode } from "./mode.ts";
import { Node } from "./node.ts";

class FunctionNode extends Node {
  readonly name: string;
  readonly #context: number;

  constructor(name: string, context: number, inputs: readonly (Tensor | null)[]) {
    super();
    this.name = name;
    this.#context = context;
    if (observer.current) this.origin = observer.current.origin();
    this.connect(inputs);
  }

  apply(grads: (Tensor | null)[]): (Tensor | null)[] {
    // Outputs that nobody used leave holes.
    writeScratch(Array.from({ length: this.nOutputs }, (_, i) => (grads[i] ? put(grads[i]) : 0)));
    const n = python().callPython("torch._C:_run_function", this.#context, this.nOutputs, gradMode.enabled) as number;
    return readScratch(n).map((handle) => {
      if (handle === 0) return null;
      const grad = get(handle);
      // Python has handed it over.
      drop(handle);
      return grad;
    });
  }

  releaseSaved(): void {
    if (this.released) return;
    this.released = true;
    python().callPython("torch._C:_release_function", this.#context);
  }
}

export const functionNodes = {
  /**
   * Record a call. Scratch: inputs (0: not a tensor), then outputs, then for each output 1 where it is an input that was
   * written to. Other outputs that are inputs handed through become aliases, so the handles to use stand in the scratch
   * block afterwards.
   */
  record_function: (name: string, context: number, nInputs: number, nOutputs: number): number => {
    const mark = Scope.enter();
    try {
      const words = readScratch(nInputs + 2 * nOutputs);
      const inputs = words.slice(0, nInputs).map(getOrNull);
      const node = new FunctionNode(name, context, inputs);
      node.nOutputs = nOutputs;
      const outputs = words.slice(nInputs, nInputs + nOutputs).map((h, i) => {
        const given = get(h);
        if (words[nInputs + nOutputs + i]) {
          given.storage.version++;
          if (nOutputs > 1 && given.base) throw new NotImplementedError("a written view among several outputs");
          if (nOutputs > 1) {
            node.describeOutput(given, i);
            given.setNode(node, i);
          } else rebaseHistory(given, node);
          return given;
        }
        const t = inputs.includes(given) || given.requiresGrad ? alias(given) : given;
        node.describeOutput(t, i);
        if (isDifferentiable(t.dtype)) t.setNode(node, i);
        return t;
      });
      return writeScratch(outputs.map(put));
    } catch (error) {
      fail(error);
      return -1;
    } finally {
      Scope.exit(mark);
    }
  },
};
