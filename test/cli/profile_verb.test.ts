/** The profile verb over an interpreter and a core that only play their parts: when it stops, what it traces, what it says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProfileResult } from "../../src/protocol/results.ts";
import type { ProfileRequest } from "../../src/protocol/rpc.ts";
import type { Failure } from "../../src/protocol/source.ts";
import type { Session } from "../../src/runtime/session.ts";
import type { VerbCore } from "../../src/runtime/verbs/core.ts";
import { profile } from "../../src/runtime/verbs/profile.ts";
import { smallTrace } from "../profiler/synthetic.ts";

interface Play {
  /** Duration of the n-th repetition's forward pass; its backward pass takes twice as long. */
  forwardUs(repetition: number): number;
  workload?: string;
  failAt?: number;
  kind?: "target" | "script";
}

interface Played {
  result: ProfileResult;
  calls: string[];
  steps: number;
  isTracing: boolean;
}

const FAILURE: Failure = { kind: "model", type: "RuntimeError", message: "no" };

async function play(part: Play, request: Partial<ProfileRequest> = {}): Promise<Played> {
  const calls: string[] = [];
  let repetition = 0;
  let steps = 0;
  let isTracing = false;
  const answers: Record<string, (...positional: unknown[]) => unknown> = {
    "layerwise.probe:script_or_target": () => ({ kind: part.kind ?? "target" }),
    "layerwise.probe:prepare": () => ({
      setup: { init: [], inputs: [] },
      name: "GPT",
      kind: "class",
      parameters: 7,
      parameterBytes: 28,
    }),
    "layerwise.probe:timed_step": (withBackward) => {
      const at = repetition++;
      if (at === part.failAt) return { failure: FAILURE };
      const forwardUs = part.forwardUs(at);
      const workload = withBackward ? (part.workload ?? "forward + backward") : "";
      return { forwardUs, backwardUs: workload ? 2 * forwardUs : 0, workload };
    },
    "layerwise.probe:clear_gradients": () => ({}),
    "layerwise.runner:run_script": () => ({ exitCode: 0 }),
  };
  const session = {
    cacheFolder: null,
    core: {
      device: "cpu",
      functions: { synchronize: () => {} },
      trace: {
        start: () => (isTracing = true),
        step: () => steps++,
        stop: () => {
          isTracing = false;
          return smallTrace();
        },
      },
    },
    interpreter: {
      call(name: string, ...positional: unknown[]) {
        calls.push(name.split(":")[1]!);
        return answers[name]!(...positional);
      },
    },
    open: () => ({ file: "/w/model.py", path: "/w/model.py", name: "", root: "/w" }),
  } as unknown as Session<VerbCore>;
  const report = { progress: () => {}, stdout: () => "printed" };
  const result = await profile(session, { target: "/w/model.py", ...request }, report);
  return { result, calls, steps, isTracing };
}

test("steady repetitions end soon, warm-up is not among them", async () => {
  const { result, steps } = await play({ forwardUs: (repetition) => (repetition < 2 ? 9000 : 100) });
  assert.ok(result.ok);
  assert.equal(result.forward.medianUs, 100);
  assert.equal(result.backward!.medianUs, 200);
  assert.equal(result.total.medianUs, 300);
  assert.equal(result.total.maxUs, 300, "the slow first calls do not count");
  assert.equal(result.total.repetitions, 8);
  assert.equal(result.target, "/w/model.py::GPT");
  assert.equal(result.workload, "forward + backward");
  assert.equal(result.stdout, "printed");
  assert.equal(steps, 5);
  assert.ok(result.trace && result.modules.length > 0 && result.kernels.length > 0 && result.lines.length > 0);
});

test("unsteady repetitions go on up to the given number", async () => {
  const { result } = await play({ forwardUs: (repetition) => (repetition % 2 ? 100 : 300) }, { maxRepetitions: 30 });
  assert.equal(result.total.repetitions, 30);
  assert.ok(result.total.spread > 0.5);
});

test("a slow model is measured once", async () => {
  const { result, steps } = await play({ forwardUs: () => 5e6 }, { maxRepetitions: 50, maxTimeMs: 1000 });
  assert.equal(result.total.repetitions, 1);
  assert.ok(steps >= 1);
});

test("without gradients there is no backward", async () => {
  const { result } = await play({ forwardUs: () => 100, workload: "" });
  assert.equal(result.workload, "forward");
  assert.equal(result.backward, undefined);
  const wanted = await play({ forwardUs: () => 100 }, { backward: false });
  assert.equal(wanted.result.backward, undefined);
});

test("a failure ends the profile, in the clock as in the trace", async () => {
  for (const failAt of [0, 3, 11]) {
    const { result, isTracing } = await play({ forwardUs: () => 100, failAt });
    assert.deepEqual([result.ok, result.failure?.message], [false, "no"], `at ${failAt}`);
    assert.equal(isTracing, false, "the trace is stopped");
  }
});

test("a script is traced from start to end", async () => {
  const { result, calls } = await play({ forwardUs: () => 1, kind: "script" });
  assert.equal(result.workload, "script");
  assert.deepEqual(calls, ["script_or_target", "run_script"]);
  assert.ok(result.ok && result.trace);
});
