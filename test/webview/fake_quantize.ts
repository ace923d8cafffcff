/** The host of the quantize view in the test page: remembers choices and runs nothing; its proofs are made up. */
import type { Scheme } from "../../src/protocol/compress.ts";
import type { Failure } from "../../src/protocol/source.ts";
import type { Answers } from "../../src/protocol/views/port.ts";
import { DEFAULT_CHOICES, mergeResults, resultRows } from "../../src/protocol/views/quantize.ts";
import type { Asked, CompressionResult, QuantizeHost, QuantizeState } from "../../src/protocol/views/quantize.ts";
import { speedOf } from "../../src/runtime/proof/speed.ts";
import { gptDistillation, gptPruning, gptQuantization } from "./quantize_fixtures.ts";

export interface QuantizePage {
  failure: Failure;
  running: NonNullable<QuantizeState["running"]>;
  noted(method: string): (argument: unknown) => void;
  changed(): void;
}

export function quantizeAnswers(query: URLSearchParams, page: QuantizePage): Answers<QuantizeHost> {
  const { failure, noted, changed } = page;
  const running = { ...page.running, message: "int4: layer 17 of 26" };
  const about = {
    name: query.get("name") ?? "GPT",
    nLayers: Number(query.get("layers") ?? 6),
    isRandom: query.has("random"),
  };
  const made: Record<string, () => CompressionResult> = {
    quantize: () => gptQuantization(about),
    one: () => gptQuantization({ ...about, schemes: ["int4"] }),
    worse: () => gptQuantization({ ...about, schemes: ["nf4", "fp8"] }),
    unranked: () => {
      const result = gptQuantization(about);
      for (const { layers } of result.reports) for (const layer of layers) delete layer.sensitivity;
      return result;
    },
    // Medians a seventh apart, times all over the place.
    jumpy: () => {
      const result = gptQuantization({ ...about, schemes: ["int8"] });
      const report = result.reports[0]!;
      for (const time of Object.values(report.latency)) Object.assign(time, { minUs: 90_000, spread: 0.4 });
      report.latency.after.medianUs = report.latency.before.medianUs * 1.15;
      report.speed = speedOf(report.latency);
      return result;
    },
    prune: gptPruning,
    distill: gptDistillation,
  };
  const states: Record<string, Partial<QuantizeState>> = {
    done: {},
    empty: { result: null },
    nothing: { result: null, suggestion: null },
    running: { result: null, running: { ...running, fraction: undefined } },
    rerunning: { running },
    stale: { stale: "model.py was edited after this comparison" },
    failed: { result: null, failure },
    failedAgain: { failure },
    unsaved: {
      failure: { kind: "usage", type: "file", message: "gpt.onnx cannot be written to /mnt: the folder is read-only" },
      unsaved: "int4",
    },
    saved: {
      saved: {
        report: "int4",
        file: {
          file: "/home/ada/nanogpt/gpt-int4.onnx",
          format: "onnx",
          bytes: 14_300_000,
          contents: "MatMulNBits for 24 layers, opset 21",
          checks: [{ sizes: {}, outputs: [{ name: "logits", shape: [], absolute: 2e-6, relative: 4e-7 }], ok: true }],
        },
      },
    },
  };
  const asked: Partial<Record<CompressionResult["verb"], Asked>> = {
    prune: { pattern: "channels", amount: 0.3 },
    distill: { teacher: "/home/ada/nanogpt/model.py::GPT", steps: 200 },
  };
  let result: CompressionResult = (made[query.get("result") ?? "quantize"] ?? made["quantize"]!)();
  const state: QuantizeState = {
    verb: result.verb,
    result: resultRows(result),
    choices: { ...DEFAULT_CHOICES, data: about.isRandom ? null : "/home/ada/nanogpt/val.npy" },
    asked: asked[result.verb] ?? null,
    otherwise: [],
    isNew: false,
    madeWith: {},
    stale: null,
    running: null,
    failure: null,
    suggestion: result.target,
    isFile: query.has("file"),
    root: "/home/ada/nanogpt",
    place: query.get("place"),
    saved: null,
    unsaved: null,
    ...states[query.get("state") ?? "done"],
  };
  if (result.verb === "quantize") state.choices.schemes = result.reports.map(({ name }) => name as Scheme);
  for (const { name } of result.reports) state.madeWith[name] = state.choices;

  // A run that lasts until the page is told that it has ended.
  const isSlow = query.has("slow");
  const end = (): void => {
    state.running = null;
    changed();
  };
  if (isSlow) addEventListener("run-ended", end);

  return {
    state: () => state,
    ranges: ({ report, path }) => {
      const found = result.reports.find(({ name }) => name === report);
      return found?.layers.find((layer) => layer.path === path)?.ranges ?? null;
    },
    choose: (change) => {
      noted("choose")(change);
      state.choices = { ...state.choices, ...change };
      changed();
    },
    quantize: ({ only, ...how }) => {
      noted("quantize")({ only, ...how });
      if (isSlow) {
        state.running = { ...running, message: "starting", fraction: undefined };
        changed();
        return;
      }
      if (result.verb === "prune" && state.asked && "pattern" in state.asked) {
        const { pattern } = state.asked;
        result = mergeResults<CompressionResult>(result, {
          ...result,
          reports: result.reports.slice(0, 1).map((report) => ({ ...report, name: pattern })),
        });
        state.result = resultRows(result);
        changed();
      }
      if (result.verb !== "quantize") return;
      const schemes: Scheme[] = only ? [only] : state.choices.schemes;
      result = mergeResults<CompressionResult>(
        only ? result : null,
        gptQuantization({ ...about, schemes, keep: state.choices.keep.map(({ path }) => path) }),
      );
      state.result = resultRows(result);
      for (const name of schemes) state.madeWith[name] = state.choices;
      changed();
    },
    ask: (change) => {
      noted("ask")(change);
      state.asked = { ...state.asked, ...change } as Asked;
      state.isNew = true;
      state.otherwise = result.reports.map(({ name }) => name);
      changed();
    },
    pickTeacher: noted("pickTeacher"),
    pickTeacherWeights: noted("pickTeacherWeights"),
    cancel: noted("cancel"),
    pickData: noted("pickData"),
    pickMetric: noted("pickMetric"),
    pickWeights: noted("pickWeights"),
    save: noted("save"),
    openSaved: noted("openSaved"),
    openSource: noted("openSource"),
    openGraph: noted("openGraph"),
    copy: noted("copy"),
    show: () => {},
    select: noted("select"),
  };
}
