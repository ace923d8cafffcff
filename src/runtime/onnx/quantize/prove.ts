/** Runs models in ONNX Runtime beside each other: outputs over all samples, layers one by one, times. Changes no model. */
import type { Difference, Observer } from "../../../protocol/compress.ts";
import { FEWEST_REPETITIONS, STEADY_SPREAD, timing } from "../../../profiler/index.ts";
import { numbers } from "../compare.ts";
import type { Name } from "../export/builder.ts";
import { createSession, type OrtSession, type PlainTensor } from "../run.ts";
import { modelMessage, type ModelProto } from "../schema.ts";
import { encode } from "../wire.ts";
import type { Moments } from "./codes.ts";
import { DifferenceSums } from "./difference.ts";
import { RangeObserver, type Range } from "./ranges.ts";

export type Sample = Record<string, PlainTensor>;

/** The classes that should come out of each sample, where the data says so, and how many it knows, where that is said. */
export interface Labels {
  classes?: number;
  ofSamples: readonly (PlainTensor | null)[];
}

/** What models are judged on, and who may end it. */
export interface Trial {
  samples: readonly Sample[];
  labels?: Labels;
  /** Asked between two runs: throws when the person has cancelled. */
  check(): void;
}

const WARM_UP = 2;
const MOST_REPETITIONS = 200;

/** Sessions live as long as `body` runs. */
export function withSessions<T>(
  models: readonly (ModelProto | string)[],
  options: Parameters<typeof createSession>[1],
  body: (sessions: OrtSession[]) => T,
): T {
  const sessions: OrtSession[] = [];
  try {
    for (const model of models) {
      sessions.push(createSession(typeof model === "string" ? model : encode(model, modelMessage), options));
    }
    return body(sessions);
  } finally {
    for (const session of sessions) session.release();
  }
}

/** Values without fusions: what stands between two nodes must be there. */
const OPEN = { graphOptimizationLevel: "basic" } as const;
/** Outputs are judged as people get them: fusions choose other kernels, and those may round more. */
const AS_RUN = {};

export const floatsOf = (tensor: PlainTensor): ArrayLike<number> =>
  tensor.dtype === "int64" || tensor.dtype === "uint64"
    ? Float64Array.from(numbers(tensor) as ArrayLike<bigint>, Number)
    : (numbers(tensor) as ArrayLike<number>);

const isReal = ({ dtype }: PlainTensor): boolean => dtype.startsWith("float");

/** Ranges of values over all samples. */
export function rangesOf(
  model: ModelProto,
  values: readonly Name[],
  { samples, check }: Trial,
  observer: Observer,
  tell: (share: number) => void,
): Map<Name, Range> {
  const observers = new Map(values.map((name) => [name, new RangeObserver(observer)]));
  const isCounted = observers.values().next().value?.needsCounts ?? false;
  const passes = isCounted ? 2 : 1;
  withSessions([model], OPEN, ([session]) => {
    for (let pass = 0; pass < passes; pass++) {
      for (const [i, sample] of samples.entries()) {
        check();
        const found = { ...sample, ...session!.run(sample) };
        for (const [name, watcher] of observers) {
          const tensor = found[name];
          if (!tensor) continue;
          if (pass === 0) watcher.see(floatsOf(tensor));
          else watcher.count(floatsOf(tensor));
        }
        tell((pass * samples.length + i + 1) / (passes * samples.length));
      }
    }
  });
  return new Map([...observers].map(([name, watcher]) => [name, watcher.range()]));
}

/** Mean and variance of each column (of the last dimension) of values over all samples. */
export function momentsOf(
  model: ModelProto,
  values: readonly Name[],
  { samples, check }: Trial,
  tell: (share: number) => void,
): Map<Name, Moments> {
  const sums = new Map<Name, { rows: number; first: Float64Array; second: Float64Array }>();
  withSessions([model], OPEN, ([session]) => {
    for (const [i, sample] of samples.entries()) {
      check();
      const found = { ...sample, ...session!.run(sample) };
      for (const name of values) {
        const tensor = found[name];
        const width = tensor?.dims.at(-1) ?? 0;
        if (!tensor || width === 0) continue;
        let known = sums.get(name);
        if (!known)
          sums.set(name, (known = { rows: 0, first: new Float64Array(width), second: new Float64Array(width) }));
        const numbers = floatsOf(tensor);
        // A last dimension of another size is not the columns of one weight.
        if (width !== known.first.length) continue;
        known.rows += numbers.length / width;
        for (let at = 0; at < numbers.length; at++) {
          const value = numbers[at]!;
          if (!Number.isFinite(value)) continue;
          known.first[at % width]! += value;
          known.second[at % width]! += value * value;
        }
      }
      tell((i + 1) / samples.length);
    }
  });
  return new Map(
    [...sums].map(([name, { rows, first, second }]) => {
      const means = first.map((sum) => sum / rows);
      return [name, { means, variances: second.map((sum, k) => Math.max(0, sum / rows - means[k]! ** 2)) }];
    }),
  );
}

export interface Compared {
  output: Difference;
  /** Share of samples (rows of the last dimension) whose largest output stayed the same; null where outputs are no scores. */
  agreement: { share: number; rows: number } | null;
  /** Shares of rows whose largest output is the right one; null where the data does not say for all, or speaks of other classes. */
  accuracy: { before: number; after: number; rows: number } | null;
}

/** What a model gives for every sample: kept, because many others are compared with it. */
export function outputsOf(model: ModelProto, { samples, check }: Trial): Record<string, PlainTensor>[] {
  return withSessions([model], AS_RUN, ([session]) => {
    const found: Record<string, PlainTensor>[] = [];
    for (const sample of samples) {
      check();
      found.push(session!.run(sample));
    }
    return found;
  });
}

/** Outputs of a model beside what they were, over all samples. */
export function compareOutputs(
  before: readonly Record<string, PlainTensor>[],
  after: ModelProto,
  outputs: readonly Name[],
  { samples, labels, check }: Trial,
): Compared {
  const sums = new DifferenceSums();
  const agreement = { same: 0, rows: 0, isKnown: true };
  const correct = { before: 0, after: 0, rows: 0 };
  withSessions([after], AS_RUN, ([session]) => {
    for (const [i, sample] of samples.entries()) {
      check();
      const [was, is] = [before[i]!, session!.run(sample)];
      for (const name of outputs) {
        if (was[name] && is[name] && isReal(was[name])) sums.add(floatsOf(was[name]), floatsOf(is[name]));
      }
      const scores = outputs[0] === undefined ? undefined : was[outputs[0]];
      if (!scores || !isReal(scores) || !is[outputs[0]!]) continue;
      countSame(scores, is[outputs[0]!]!, agreement);
      const label = labels?.ofSamples[i];
      const isOfModel = labels?.classes === undefined || labels.classes === scores.dims.at(-1);
      if (label && agreement.isKnown && isOfModel) countCorrect(scores, is[outputs[0]!]!, label, correct);
    }
  });
  const isKnown = agreement.isKnown && agreement.rows > 0;
  return {
    output: sums.plain(),
    agreement: isKnown ? { share: agreement.same / agreement.rows, rows: agreement.rows } : null,
    accuracy:
      isKnown && correct.rows === agreement.rows
        ? { before: correct.before / correct.rows, after: correct.after / correct.rows, rows: correct.rows }
        : null,
  };
}

/** Values inside two models, over all samples. */
export function compareInside(
  before: ModelProto,
  after: ModelProto,
  names: readonly Name[],
  { samples, check }: Trial,
): Map<Name, Difference> {
  const places = new Map(names.map((name) => [name, new DifferenceSums()]));
  withSessions([before, after], OPEN, ([first, second]) => {
    for (const sample of samples) {
      check();
      const [was, is] = [first!.run(sample), second!.run(sample)];
      for (const [name, difference] of places) {
        if (was[name] && is[name]) difference.add(floatsOf(was[name]), floatsOf(is[name]));
      }
    }
  });
  return new Map([...places].map(([name, difference]) => [name, difference.plain()]));
}

/** Scores of classes stand in rows of two or more; images have rows too, but more dimensions. */
function countSame(was: PlainTensor, is: PlainTensor, found: { same: number; rows: number; isKnown: boolean }): void {
  const { dims } = was;
  const width = dims.at(-1) ?? 0;
  if (dims.length < 2 || dims.length > 3 || width < 2) {
    found.isKnown = false;
    return;
  }
  const [a, b] = [floatsOf(was), floatsOf(is)];
  for (let start = 0; start < a.length; start += width) {
    found.rows++;
    if (largest(a, start, width) === largest(b, start, width)) found.same++;
  }
}

/** One label for each row of scores; labels of another shape say something else. */
function countCorrect(
  was: PlainTensor,
  is: PlainTensor,
  label: PlainTensor,
  found: { before: number; after: number; rows: number },
): void {
  const rows = was.dims.slice(0, -1);
  if (label.dims.length !== rows.length || rows.some((size, i) => size !== label.dims[i])) return;
  const width = was.dims.at(-1)!;
  const [a, b, wanted] = [floatsOf(was), floatsOf(is), floatsOf(label)];
  for (let row = 0; row < wanted.length; row++) {
    found.rows++;
    if (largest(a, row * width, width) === wanted[row]) found.before++;
    if (largest(b, row * width, width) === wanted[row]) found.after++;
  }
}

function largest(values: ArrayLike<number>, start: number, width: number): number {
  let best = start;
  for (let i = start + 1; i < start + width; i++) if (values[i]! > values[best]!) best = i;
  return best - start;
}

/** Each layer's output beside what it is in fewer bits, given the same numbers. */
export function compareLayers(
  model: ModelProto,
  pairs: ReadonlyMap<string, readonly [Name, Name]>,
  { samples, check }: Trial,
): Map<string, Difference> {
  const sums = new Map([...pairs.keys()].map((path) => [path, new DifferenceSums()]));
  withSessions([model], OPEN, ([session]) => {
    for (const sample of samples) {
      check();
      const found = session!.run(sample);
      for (const [path, [was, is]] of pairs) {
        if (found[was] && found[is]) sums.get(path)!.add(floatsOf(found[was]), floatsOf(found[is]));
      }
    }
  });
  return new Map([...sums].map(([path, difference]) => [path, difference.plain()]));
}

/** One call on the first sample, both models in turn, until the figures are steady or the time is used up. */
export function interleaved(
  before: ModelProto | string,
  after: ModelProto | string,
  { samples, check }: Trial,
  options: Parameters<typeof createSession>[1],
  mostMs: number,
): { before: number[]; after: number[] } {
  const times = { before: [] as number[], after: [] as number[] };
  const sample = samples[0]!;
  withSessions([before, after], options, ([first, second]) => {
    for (let n = 0; n < WARM_UP; n++) {
      first!.run(sample);
      second!.run(sample);
    }
    const began = performance.now();
    while (times.before.length < MOST_REPETITIONS && performance.now() - began < mostMs) {
      for (const [session, list] of [
        [first!, times.before],
        [second!, times.after],
      ] as const) {
        check();
        const start = performance.now();
        session.run(sample);
        list.push((performance.now() - start) * 1000);
      }
      if (times.before.length < FEWEST_REPETITIONS) continue;
      if (timing(times.before).spread < STEADY_SPREAD && timing(times.after).spread < STEADY_SPREAD) break;
    }
  });
  return times;
}
