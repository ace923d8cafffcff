/**
 * What a stretch of work took from the GPU's supply: by the GPU's own counter, else by its power draw over time. Counts
 * the whole board, also what it takes while it idles; answers nothing where the stretch was too short to tell.
 */
import type { CudaAddon } from "../native/addon.ts";

/** The counter moves every 20 to 100 ms: shorter stretches would be mostly rounding. */
const SHORTEST_MS = 200;
/** Power changes slowly, and asking for it takes the driver up to a millisecond. */
const SAMPLE_EVERY_MS = 20;

export interface Energy {
  joules: number;
  watts: number;
  by: "counter" | "power";
}

export class EnergyMeter {
  readonly #addon: Pick<CudaAddon, "meter">;
  readonly #index: number;
  readonly #beganMs: number;
  readonly #beganJoules: number | undefined;
  #lastMs: number;
  #lastWatts: number | undefined;
  #joulesByPower = 0;

  constructor(addon: Pick<CudaAddon, "meter">, index: number, nowMs = performance.now()) {
    this.#addon = addon;
    this.#index = index;
    const first = addon.meter(index);
    this.#beganMs = this.#lastMs = nowMs;
    this.#beganJoules = first?.joules;
    this.#lastWatts = first?.watts;
  }

  /** Now and then during the work; needed only where there is no counter. */
  sample(nowMs = performance.now()): void {
    if (this.#beganJoules !== undefined || this.#lastWatts === undefined) return;
    if (nowMs - this.#lastMs < SAMPLE_EVERY_MS) return;
    this.#addPower(nowMs, this.#addon.meter(this.#index)?.watts);
  }

  /** Would it answer nothing yet, though it could after a while? */
  get isTooShort(): boolean {
    const isBlind = this.#beganJoules === undefined && this.#lastWatts === undefined;
    return !isBlind && performance.now() - this.#beganMs < SHORTEST_MS;
  }

  finish(nowMs = performance.now()): Energy | null {
    const ms = nowMs - this.#beganMs;
    if (ms < SHORTEST_MS) return null;
    const last = this.#addon.meter(this.#index);
    if (this.#beganJoules !== undefined && last?.joules !== undefined) {
      const joules = last.joules - this.#beganJoules;
      return joules > 0 ? { joules, watts: joules / (ms / 1000), by: "counter" } : null;
    }
    if (this.#lastWatts === undefined) return null;
    this.#addPower(nowMs, last?.watts);
    return { joules: this.#joulesByPower, watts: this.#joulesByPower / (ms / 1000), by: "power" };
  }

  #addPower(nowMs: number, watts = this.#lastWatts!): void {
    this.#joulesByPower += ((this.#lastWatts! + watts) / 2) * ((nowMs - this.#lastMs) / 1000);
    this.#lastMs = nowMs;
    this.#lastWatts = watts;
  }
}
