/** Build the target, call it once after a warm-up, summarise what came out. A file without classes is a script. */
import type { RunResult, TensorSummary } from "../../protocol/results.ts";
import type { Failure } from "../../protocol/source.ts";
import type { VerbHandler } from "../session.ts";
import { coreFunctions, type VerbCore } from "./core.ts";
import { goesToOnnxRuntime } from "../onnx/target.ts";
import { runOnnx } from "./onnx.ts";
import { NO_SETUP, deviceOf, isScript, open, prepare, probe, targetText } from "./target.ts";

/** After a first call of this length nobody wants to wait for a second one. */
const SLOW_FIRST_CALL_US = 1_000_000;

export const run: VerbHandler<"run", VerbCore> = (session, request, report) => {
  if (goesToOnnxRuntime(request)) return runOnnx(request, report);
  const result: RunResult = {
    version: 1,
    verb: "run",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: session.core.device,
    outputs: [],
    timeUs: 0,
    peakBytes: 0,
    parameters: 0,
    parameterBytes: 0,
    stdout: "",
  };
  const finish = (failure?: Failure): RunResult => ({
    ...result,
    ok: failure === undefined,
    stdout: report.stdout(),
    ...(failure ? { failure } : {}),
  });
  const target = open(session, request);
  const place = deviceOf(session, request);
  if ("failure" in place) return finish(place.failure);
  result.device = place.device;
  const functions = coreFunctions(session.core);

  if (isScript(session, target)) {
    const began = performance.now();
    const answer = session.interpreter.call("layerwise.runner:run_script", target.path, request.argv ?? []);
    functions.synchronize();
    result.timeUs = (performance.now() - began) * 1000;
    result.peakBytes = functions.memory_peak();
    const { exitCode, failure } = answer as unknown as { exitCode: number; failure?: Failure };
    return finish(failure ?? (exitCode === 0 ? undefined : exited(exitCode)));
  }

  report.progress("finding arguments");
  const prepared = prepare(session, target, request, place.device);
  result.target = targetText(request, prepared);
  result.setup = prepared.setup ?? NO_SETUP;
  if (prepared.failure) return finish(prepared.failure);
  result.parameters = prepared.parameters ?? 0;
  result.parameterBytes = prepared.parameterBytes ?? 0;

  report.progress("running");
  const call = (): { failure?: Failure; timeUs?: number } => probe(session, "timed_call");
  const first = call();
  if (first.failure) return finish(first.failure);
  result.timeUs = first.timeUs ?? 0;
  if (result.timeUs < SLOW_FIRST_CALL_US && prepared.kind === "class") {
    // The first call pays for compiled code, page faults and prepared programs.
    probe(session, "clear_gradients");
    functions.memory_reset_peaks();
    const before = functions.memory_allocated();
    const second = call();
    if (second.failure) return finish(second.failure);
    result.timeUs = second.timeUs ?? 0;
    result.peakBytes = Math.max(0, functions.memory_peak() - before);
  } else {
    result.peakBytes = functions.memory_peak();
  }
  const shown = probe<{ outputs?: TensorSummary[]; value?: string; failure?: Failure }>(session, "outputs");
  if (shown.failure) return finish(shown.failure);
  result.outputs = shown.outputs ?? [];
  if (shown.value !== undefined) result.value = shown.value;
  return finish();
};

function exited(exitCode: number): Failure {
  return { kind: "model", type: "SystemExit", message: `the script ended with exit code ${exitCode}` };
}
