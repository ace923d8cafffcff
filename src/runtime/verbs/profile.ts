/**
 * Where time and memory go. First the clock alone, until the spread is small; then a few traced repetitions for the tables,
 * so that the figures people compare carry none of the tracing. A script is traced from its start to its end.
 */
import { kernels, lines, memory, modules, timing, FEWEST_REPETITIONS, STEADY_SPREAD } from "../../profiler/index.ts";
import type { ProfileResult, Timing } from "../../protocol/results.ts";
import type { ProfileRequest } from "../../protocol/rpc.ts";
import type { Failure, SourceLocation } from "../../protocol/source.ts";
import type { Trace } from "../../protocol/trace.ts";
import type { Report, Session, VerbHandler } from "../session.ts";
import { EnergyMeter } from "../cuda/energy.ts";
import { cuda } from "../cuda/system.ts";
import { coreFunctions, type VerbCore } from "./core.ts";
import { goesToOnnxRuntime } from "../onnx/target.ts";
import { profileOnnx } from "./onnx.ts";
import { lineReader } from "./read_lines.ts";
import { NO_SETUP, deviceOf, isScript, open, prepare, probe, targetText } from "./target.ts";

const MAX_REPETITIONS = 2000;
/** Of the time that a measurement may take, what goes to warming up; and never more calls than this. */
const WARM_UP_SHARE = 0.25;
const MOST_WARM_UP = 400;
/** How many of the newest repetitions a figure is made of. */
const WINDOW = 60;
const MAX_TIME_MS = 2000;
const MOST_TRACED = 5;
/** Traced repetitions end after this long: one of a slow model says enough. */
const TRACED_TIME_MS = 1000;

interface Measured {
  forwardUs: number;
  backwardUs: number;
  /** "" when nothing in the result has a gradient. */
  workload: string;
  failure?: Failure;
}

export const profile: VerbHandler<"profile", VerbCore> = (session, request, report) => {
  if (goesToOnnxRuntime(request)) return profileOnnx(request, report);
  const result: ProfileResult = {
    version: 1,
    verb: "profile",
    target: request.target,
    ok: false,
    setup: NO_SETUP,
    device: session.core.device,
    workload: "forward",
    total: timing([]),
    forward: timing([]),
    modules: [],
    kernels: [],
    lines: [],
    memory: [],
    parameters: 0,
    parameterBytes: 0,
    stdout: "",
  };
  const finish = (failure?: Failure): ProfileResult => ({
    ...result,
    ok: failure === undefined,
    stdout: report.stdout(),
    ...(failure ? { failure } : {}),
  });
  const target = open(session, request);
  const place = deviceOf(session, request);
  if ("failure" in place) return finish(place.failure);
  result.device = place.device;

  if (request.argv !== undefined || isScript(session, target)) {
    report.progress("running the script");
    const { trace, failure, timeUs } = traceScript(session, target.path, request);
    result.workload = "script";
    result.total = timing([timeUs]);
    result.forward = result.total;
    fill(result, trace);
    return finish(failure);
  }

  report.progress("finding arguments");
  const prepared = prepare(session, target, request, place.device);
  result.target = targetText(request, prepared);
  result.setup = prepared.setup ?? NO_SETUP;
  if (prepared.failure) return finish(prepared.failure);
  result.parameters = prepared.parameters ?? 0;
  result.parameterBytes = prepared.parameterBytes ?? 0;

  const measured = measure(session, request, report);
  if (measured.failure) return finish(measured.failure);
  Object.assign(result, measured.timings, measured.energy);
  result.workload = measured.workload;

  report.progress("tracing");
  const traced = traceTarget(session, request, result.target, measured.workload !== "forward");
  if (traced.failure) return finish(traced.failure);
  fill(result, traced.trace);
  return finish();
};

interface Measurement {
  timings: { total: Timing; forward: Timing; backward?: Timing };
  energy?: Pick<ProfileResult, "energyJ" | "powerW" | "energyBy">;
  workload: string;
  failure?: Failure;
}

/** Warm-up, then repetitions until the quartiles are close, or the time or the count is used up. */
function measure(session: Session<VerbCore>, request: ProfileRequest, report: Report): Measurement {
  const withBackward = request.backward ?? true;
  const maxTimeMs = request.maxTimeMs ?? MAX_TIME_MS;
  const maxRepetitions = request.maxRepetitions ?? MAX_REPETITIONS;
  let samples: Measured[] = [];
  const began = performance.now();
  const failed = (failure: Failure): Measurement => ({
    timings: { total: timing([]), forward: timing([]) },
    workload: "forward",
    failure,
  });
  report.progress("warming up", 0);
  let meter = energyMeter();
  const first = once(session, withBackward);
  if (first.failure) return failed(first.failure);
  const isSlow = first.forwardUs + first.backwardUs > maxTimeMs * 500;
  if (isSlow || maxRepetitions === 1) samples.push(first);
  // Two calls at least; short ones until the runtime's own code is compiled.
  for (let n = 1; !isSlow && n < maxRepetitions; n++) {
    const { failure } = once(session, withBackward);
    if (failure) return failed(failure);
    if (n >= MOST_WARM_UP || performance.now() - began > WARM_UP_SHARE * maxTimeMs) break;
  }
  // Of a slow call the first one counts, with its energy; else what follows the warming up.
  if (!isSlow) meter = energyMeter();
  let metered = isSlow ? 1 : 0;
  let meteredUs = isSlow ? first.forwardUs + first.backwardUs : 0;
  let count = 0;
  while (count < maxRepetitions && !isSlow) {
    const passedMs = performance.now() - began;
    if (count > 0 && passedMs > maxTimeMs) break;
    const sample = once(session, withBackward);
    if (sample.failure) return failed(sample.failure);
    samples.push(sample);
    count++;
    metered++;
    meteredUs += sample.forwardUs + sample.backwardUs;
    meter?.sample();
    // The newest ones count: a call that settles late is not held against its beginnings.
    if (samples.length > WINDOW) samples = samples.slice(-WINDOW);
    if (count % 4 !== 0) continue;
    if (samples.length >= FEWEST_REPETITIONS && timing(totals(samples)).spread < STEADY_SPREAD) break;
    report.progress("measuring", Math.min(1, Math.max(passedMs / maxTimeMs, count / maxRepetitions)));
  }
  // Steady too soon for the meter: a little more of the same, for it alone.
  while (meter?.isTooShort && !isSlow && metered < maxRepetitions && performance.now() - began < maxTimeMs) {
    const sample = once(session, withBackward);
    if (sample.failure) break;
    metered++;
    meteredUs += sample.forwardUs + sample.backwardUs;
    meter.sample();
  }
  const energy = meter?.finish();
  const hasBackward = withBackward && first.workload !== "";
  return {
    timings: {
      total: timing(totals(samples)),
      forward: timing(samples.map((sample) => sample.forwardUs)),
      ...(hasBackward ? { backward: timing(samples.map((sample) => sample.backwardUs)) } : {}),
    },
    ...(energy && metered > 0
      ? {
          energy: {
            // Mean power for a repetition's own time: between repetitions there is time that is ours.
            energyJ: (energy.watts * meteredUs) / 1e6 / metered,
            powerW: energy.watts,
            energyBy: energy.by,
          },
        }
      : {}),
    workload: hasBackward ? first.workload : "forward",
  };
}

function energyMeter(): EnergyMeter | null {
  return cuda.inUse && cuda.readings ? new EnergyMeter(cuda.readings, cuda.inUse.index) : null;
}

function totals(samples: readonly Measured[]): number[] {
  return samples.map((sample) => sample.forwardUs + sample.backwardUs);
}

/** The clock is Python's own, around the call alone. */
function once(session: Session<VerbCore>, withBackward: boolean): Measured {
  return probe<Measured>(session, "timed_step", withBackward);
}

function traceTarget(
  session: Session<VerbCore>,
  request: ProfileRequest,
  name: string,
  withBackward: boolean,
): { trace: Trace; failure?: Failure } {
  const { core } = session;
  const most = Math.min(MOST_TRACED, request.maxRepetitions ?? MOST_TRACED);
  const began = performance.now();
  let failure: Failure | undefined;
  let trace: Trace;
  core.trace.start();
  try {
    for (let step = 0; step < most && !failure; step++) {
      core.trace.step();
      failure = once(session, withBackward).failure;
      if (performance.now() - began > TRACED_TIME_MS) break;
    }
    coreFunctions(core).synchronize();
  } finally {
    trace = core.trace.stop(name);
  }
  probe(session, "clear_gradients");
  return { trace, ...(failure ? { failure } : {}) };
}

function traceScript(
  session: Session<VerbCore>,
  path: string,
  request: ProfileRequest,
): { trace: Trace; timeUs: number; failure?: Failure } {
  const { core } = session;
  core.trace.start();
  const began = performance.now();
  let answer: { exitCode: number; failure?: Failure };
  let trace: Trace;
  try {
    core.trace.step();
    answer = session.interpreter.call(
      "layerwise.runner:run_script",
      path,
      request.argv ?? [],
    ) as unknown as typeof answer;
    coreFunctions(core).synchronize();
  } finally {
    trace = core.trace.stop(request.target);
  }
  return { trace, timeUs: (performance.now() - began) * 1000, ...(answer.failure ? { failure: answer.failure } : {}) };
}

function fill(result: ProfileResult, recorded: Trace): void {
  // A recorder may know more of a place than the protocol has room for.
  const trace: Trace = { ...recorded, sources: recorded.sources.map(plainPlace) };
  result.modules = modules(trace);
  result.kernels = kernels(trace);
  result.lines = lines(trace, lineReader());
  result.memory = memory(trace);
  const gpus = trace.devices.flatMap(({ id, kernelTimes }) => (kernelTimes ? [{ device: id, ...kernelTimes }] : []));
  if (gpus.length > 0) result.kernelTimes = gpus;
  result.trace = trace;
}

function plainPlace({ file, line, endLine, col, endCol }: SourceLocation): SourceLocation {
  return {
    file,
    line,
    ...(endLine === undefined ? {} : { endLine }),
    ...(col === undefined ? {} : { col }),
    ...(endCol === undefined ? {} : { endCol }),
  };
}
