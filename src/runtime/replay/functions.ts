/** What Python can ask of plans: to record a pass, to run one again, to let it go. Python decides when a pass may be repeated. */
import * as bridge from "../bridge.ts";
import { allTensors, get, put } from "../handles.ts";
import { observer } from "../observer.ts";
import { gradMode } from "../autograd/mode.ts";
import { Scope } from "../tensor.ts";
import { OtherNumbers, Plan } from "./plan.ts";
import { PassRecorder, release } from "./recorder.ts";

const plans = new Map<number, Plan>();
let nextPlan = 1;
let recorder: PassRecorder | null = null;
/** Why the last pass became no plan. */
let reason = "";

/** The interpreter is gone, and its tensors with it. */
export function forgetPlans(): void {
  if (recorder) release(recorder.stop());
  recorder = null;
  for (const plan of plans.values()) plan.release();
  plans.clear();
}

/** Scratch: handles of the inputs. 0 where somebody else is watching already. */
function begin(n: number): number {
  if (observer.current !== null) return 0;
  recorder = new PassRecorder(bridge.readScratch(n).map(get), new Set(allTensors()));
  return 1;
}

/** Scratch: handles of the outputs, n of them; below 0 where the pass failed. The number of the plan, or 0. */
function end(n: number): number {
  const pass = recorder!;
  recorder = null;
  const outputs = n < 0 ? [] : bridge.readScratch(n).map((h) => pass.output(get(h)));
  const recording = pass.stop();
  try {
    reason = n < 0 ? "the pass failed" : pass.why;
    if (reason) return 0;
    const wantsGradients = gradMode.enabled && recording.tensors.some((t) => t.requiresGrad);
    const plan = new Plan(recording, outputs, !wantsGradients);
    if (plan.givesAway) {
      plan.release();
      reason = "an output is the same in every pass";
      return 0;
    }
    plans.set(nextPlan, plan);
    return nextPlan++;
  } finally {
    release(recording);
  }
}

/**
 * Scratch: handles of the inputs, then of the outputs. How many; -1 for an error, -2 where the plan does not fit any more, -3 where
 * it is not the one for these numbers.
 */
function run(id: number, n: number): number {
  const plan = plans.get(id);
  const inputs = bridge.readScratch(n).map(get);
  if (!plan || observer.current !== null || plan.isStale || (plan.isFused && plan.wantsGradients(inputs))) return -2;
  const mark = Scope.enter();
  try {
    const outputs = plan.run(inputs);
    const count = bridge.writeScratch(outputs.map(put));
    for (const t of outputs) t.release();
    return count;
  } catch (error) {
    if (error instanceof OtherNumbers) return -3;
    bridge.fail(error);
    return -1;
  } finally {
    Scope.exit(mark);
  }
}

export const planFunctions: Record<string, (...args: never[]) => unknown> = {
  plan_begin: begin,
  plan_end: (n: number) => {
    try {
      return end(n);
    } catch (error) {
      // The pass itself is done, and can be done again as ever.
      reason = String(error);
      return 0;
    }
  },
  plan_run: run,
  plan_why: () => reason,
  /** The names of its steps, in order. */
  plan_steps: (id: number) =>
    JSON.stringify(plans.get(id)?.steps.map(({ name, reads, makes }) => [name, reads, makes]) ?? []),
  plan_drop: (id: number) => {
    plans.get(id)?.release();
    return plans.delete(id) ? 1 : 0;
  },
};
