/** Threads that are to end: at once, or as soon as they come out of code that nobody can interrupt. */
import type { Worker } from "node:worker_threads";
import { isInside, mayEnd, type ForeignWords } from "../foreign.ts";

/** How often a thread is asked whether it may. */
const LOOK_AGAIN_MS = 10;

export class Leaving {
  readonly #ended = new Map<ForeignWords, Promise<void>>();

  end(worker: Worker, foreign: ForeignWords): void {
    this.#ended.set(foreign, this.#end(worker, foreign));
  }

  async #end(worker: Worker, foreign: ForeignWords): Promise<void> {
    while (!mayEnd(foreign)) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    await worker.terminate();
    this.#ended.delete(foreign);
  }

  get isHeldUp(): boolean {
    return [...this.#ended.keys()].some(isInside);
  }

  async all(): Promise<void> {
    await Promise.all(this.#ended.values());
  }
}
