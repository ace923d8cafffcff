/**
 * Plays the editor inside the test page: gives the view its `acquireVsCodeApi`, answers from the fixtures and writes
 * down what was asked. Tests steer it through `window.layerwiseTest`.
 */
import type { Failure } from "../../src/protocol/source.ts";
import { makeTimeline, memoryCurve } from "../../src/protocol/views/columns.ts";
import type { DevicesHost, DevicesNews } from "../../src/protocol/views/devices.ts";
import type { GraphHost, GraphNews, GraphState } from "../../src/protocol/views/graph.ts";
import type { ToView } from "../../src/protocol/views/port.ts";
import type { InspectHost, InspectNews } from "../../src/protocol/views/inspect.ts";
import type { QuantizeHost, QuantizeNews } from "../../src/protocol/views/quantize.ts";
import type { ProfilerHost, ProfilerNews, ProfilerState } from "../../src/protocol/views/profiler.ts";
import { graphErrors, graphOverlay, relatedTo } from "../../src/protocol/views/related.ts";
import { servePort } from "../../src/protocol/views/serve.ts";
import type { ServedPort } from "../../src/protocol/views/serve.ts";
import { gptGraph, gptProfile, syntheticGraph } from "./fixtures.ts";
import { gptQuantization } from "./quantize_fixtures.ts";
import { devicesAnswers } from "./fake_devices.ts";
import { inspectAnswers } from "./fake_inspect.ts";
import { quantizeAnswers } from "./fake_quantize.ts";

interface TestPage {
  calls: { method: string; argument: unknown }[];
  problems: string[];
  state: Record<string, unknown>;
  tell(news: { type: string }): void;
  post(message: unknown): void;
}

declare global {
  interface Window {
    layerwiseTest: TestPage;
    acquireVsCodeApi(): unknown;
  }
}

const query = new URLSearchParams(location.search);
const name = query.get("name") ?? "GPT";
const profile = gptProfile({ name, nLayers: Number(query.get("layers") ?? 6) });
const { trace, ...tables } = profile;
const calls: TestPage["calls"] = [];
const problems: string[] = [];
const noted =
  (method: string) =>
  (argument: unknown): void =>
    void calls.push({ method, argument });

const failure: Failure = {
  kind: "model",
  type: "RuntimeError",
  message: "mat1 and mat2 shapes cannot be multiplied (2048x384 and 512x1536)",
  at: { file: "/home/ada/nanogpt/model.py", line: 44 },
  hint: "self.c_fc should take 384 features",
  traceback: [
    "Traceback (most recent call last):",
    '  File "model.py", line 44, in forward',
    "    x = self.c_fc(x)",
    "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2048x384 and 512x1536)",
  ].join("\n"),
};
const running = { target: tables.target, message: "repetition 7 of about 24", fraction: 0.29 };

const profilerStates: Record<string, Partial<ProfilerState>> = {
  done: {},
  notrace: { hasTrace: false },
  empty: { profile: null, hasTrace: false },
  nothing: { profile: null, hasTrace: false, suggestion: null },
  running: {
    profile: null,
    hasTrace: false,
    running: { ...running, message: "starting the runtime", fraction: undefined },
  },
  rerunning: { running },
  stale: { stale: "model.py was edited after this profile" },
  failed: { profile: null, hasTrace: false, failure },
  failedAgain: { failure },
  gpu: {
    profile: {
      ...tables,
      device: "cuda:0",
      kernelTimes: [{ device: "cuda:0", by: "events", why: "CUPTI was not found" }],
      energyJ: 0.412,
      powerW: 640.4,
      energyBy: "counter",
    },
  },
};
const profilerState: ProfilerState = {
  profile: tables,
  hasTrace: true,
  stale: null,
  running: null,
  failure: null,
  suggestion: tables.target,
  root: "/home/ada/nanogpt",
  ...profilerStates[query.get("state") ?? "done"],
};

function graphOf(kind: string) {
  if (kind.startsWith("synthetic"))
    return syntheticGraph({ nNodes: Number(kind.slice("synthetic".length)), varied: true });
  if (kind.startsWith("flat")) return syntheticGraph({ nNodes: Number(kind.slice("flat".length)), flat: true });
  return gptGraph({ name, nLayers: Number(query.get("layers") ?? 6) });
}

const graphStates: Record<string, Partial<GraphState>> = {
  done: {},
  plain: { overlay: null, errors: null },
  empty: { graph: null, overlay: null },
  running: { graph: null, overlay: null, running },
  failed: { graph: null, overlay: null, failure },
  stale: { stale: "model.py was edited after this graph" },
  opening: { graph: null, overlay: null },
  untrusted: { graph: null, overlay: null, isTrusted: false },
  unreadable: {
    graph: null,
    overlay: null,
    failure: { kind: "model", type: "FileFormat", message: "this is no ONNX model: it is empty" },
  },
};

const MODEL_FILE: GraphState["model"] = {
  facts: { opset: "20", nodes: 1204, fileBytes: 13_000_000, producer: "layerwise 0.1" },
  problem: null,
  isOpening: query.get("state") === "opening",
  inputs: [{ name: "idx", dtype: "int64", shape: ["batch", "length"] }],
  outputs: [{ name: "logits", dtype: "float32", shape: ["batch", "length", "50304"] }],
  run: {
    inputs: [{ name: "idx", value: "int64[1,8]", from: "default" }],
    outputs: [{ name: "logits", shape: [1, 8, 50304], dtype: "float32", device: "cpu", preview: "[0.1, -0.23, ...]" }],
    timeUs: 8120,
    device: "cpu",
    stale: null,
  },
  isRunning: false,
  isOptimized: false,
};

let served: ServedPort<ProfilerNews | GraphNews | QuantizeNews>;
const post = (message: ToView): void => {
  setTimeout(() => window.postMessage(message, "*"), 0);
};
const options = { post, problem: (message: string) => void problems.push(message) };

if (document.getElementById("app")!.dataset["view"] === "profiler") {
  const timeline = trace && makeTimeline(trace);
  served = servePort<ProfilerHost, ProfilerNews>({
    view: "profiler",
    ...options,
    answers: {
      state: () => profilerState,
      outline: () => timeline!.outline,
      slices: (range) => timeline!.slices(range),
      memory: (range) => memoryCurve(trace!, range),
      related: (selection) => relatedTo(trace!, selection),
      select: noted("select"),
      openSource: noted("openSource"),
      copy: noted("copy"),
      profile: noted("profile"),
      cancel: noted("cancel"),
      openGraph: noted("openGraph"),
      saveReport: noted("saveReport"),
    },
  }) as unknown as typeof served;
} else if (document.getElementById("app")!.dataset["view"] === "inspect") {
  const answers = inspectAnswers(query, noted, () => served.tell({ type: "changed" }));
  served = servePort<InspectHost, InspectNews>({ view: "inspect", ...options, answers }) as unknown as typeof served;
} else if (document.getElementById("app")!.dataset["view"] === "quantize") {
  const answers = quantizeAnswers(query, { failure, running, noted, changed: () => served.tell({ type: "changed" }) });
  served = servePort<QuantizeHost, QuantizeNews>({ view: "quantize", ...options, answers }) as unknown as typeof served;
} else if (document.getElementById("app")!.dataset["view"] === "devices") {
  const answers = devicesAnswers(query, { failure, noted, changed: () => served.tell({ type: "changed" }) });
  served = servePort<DevicesHost, DevicesNews>({ view: "devices", ...options, answers }) as unknown as typeof served;
} else {
  const graphState: GraphState = {
    graph: graphOf(query.get("graph") ?? "gpt"),
    model: query.has("model") ? MODEL_FILE : null,
    overlay: graphOverlay(profile),
    errors: graphErrors(gptQuantization({ name, schemes: ["int4"] }).reports[0]!),
    stale: null,
    running: null,
    failure: null,
    suggestion: tables.target,
    root: "/home/ada/nanogpt",
    isTrusted: true,
    ...graphStates[query.get("state") ?? "done"],
  };
  served = servePort<GraphHost, GraphNews>({
    view: "graph",
    ...options,
    answers: {
      state: () => graphState,
      openSource: noted("openSource"),
      copy: noted("copy"),
      saveSvg: noted("saveSvg"),
      graph: noted("graph"),
      run: noted("run"),
      editInputs: noted("editInputs"),
      optimize: noted("optimize"),
      profile: noted("profile"),
      quantize: noted("quantize"),
      cancel: noted("cancel"),
      manageTrust: noted("manageTrust"),
      select: noted("select"),
    },
  }) as unknown as typeof served;
}

let stored: unknown;
window.layerwiseTest = {
  calls,
  problems,
  state: profilerState as unknown as Record<string, unknown>,
  tell: (news) => served.tell(news as ProfilerNews),
  post: (message) => post(message as ToView),
};
window.acquireVsCodeApi = () => ({
  postMessage: (message: unknown) => served.receive(structuredClone(message)),
  getState: () => stored,
  setState: (state: unknown) => {
    stored = structuredClone(state);
  },
});
