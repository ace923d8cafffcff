import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renewCliPage } from "../../src/cli/docs.ts";
import { DOCUMENTS, FAILED, type Infer, mistakes } from "../../src/cli/schema.ts";
import type {
  DevicesResult,
  ExportResult,
  GraphResult,
  InspectResult,
  ProfileResult,
  RunResult,
  ShapesResult,
} from "../../src/protocol/results.ts";
import type { DistillResult, PruneResult, QuantizeResult } from "../../src/protocol/compress.ts";
import { kernels, lines, memory, modules, timing } from "../../src/profiler/index.ts";
import { smallTrace } from "../profiler/synthetic.ts";

// The compiler compares the schemas with the protocol: a field that only one of them has does not compile.
type Same<A, B> = A extends B
  ? B extends A
    ? keyof A extends keyof B
      ? keyof B extends keyof A
        ? true
        : never
      : never
    : never
  : never;
const agree: {
  run: Same<Infer<typeof DOCUMENTS.run>, RunResult>;
  profile: Same<Infer<typeof DOCUMENTS.profile>, ProfileResult>;
  graph: Same<Infer<typeof DOCUMENTS.graph>, GraphResult>;
  shapes: Same<Infer<typeof DOCUMENTS.shapes>, ShapesResult>;
  devices: Same<Infer<typeof DOCUMENTS.devices>, DevicesResult>;
  export: Same<Infer<typeof DOCUMENTS.export>, ExportResult>;
  inspect: Same<Infer<typeof DOCUMENTS.inspect>, InspectResult>;
  quantize: Same<Infer<typeof DOCUMENTS.quantize>, QuantizeResult>;
  prune: Same<Infer<typeof DOCUMENTS.prune>, PruneResult>;
  distill: Same<Infer<typeof DOCUMENTS.distill>, DistillResult>;
} = {
  run: true,
  profile: true,
  graph: true,
  shapes: true,
  devices: true,
  export: true,
  inspect: true,
  quantize: true,
  prune: true,
  distill: true,
};

test("the schemas agree with the protocol", () => {
  assert.deepEqual(Object.keys(agree).sort(), Object.keys(DOCUMENTS).sort());
});

test("a document made from a trace fits its schema", () => {
  const trace = smallTrace();
  const result: ProfileResult = {
    version: 1,
    verb: "profile",
    target: "m.py::GPT",
    ok: true,
    setup: { init: [], inputs: [] },
    device: "cpu",
    workload: "forward + backward",
    total: timing([1]),
    forward: timing([1]),
    backward: timing([1]),
    modules: modules(trace),
    kernels: kernels(trace),
    lines: lines(trace),
    memory: memory(trace),
    parameters: 1,
    parameterBytes: 4,
    stdout: "",
    trace,
  };
  assert.deepEqual(mistakes(DOCUMENTS.profile, JSON.parse(JSON.stringify(result))), []);
});

test("mistakes are found: missing, unknown, wrong type, wrong word", () => {
  const good = { version: 1, verb: "devices", target: "", ok: true, devices: [] };
  assert.deepEqual(mistakes(DOCUMENTS.devices, good), []);
  assert.deepEqual(mistakes(DOCUMENTS.devices, { ...good, devices: undefined }), ["$.devices is missing"]);
  assert.deepEqual(mistakes(DOCUMENTS.devices, { ...good, extra: 1 }), ["$.extra is not in the schema"]);
  assert.deepEqual(mistakes(DOCUMENTS.devices, { ...good, ok: "yes" }), ["$.ok is a string: expected a boolean"]);
  assert.deepEqual(mistakes(DOCUMENTS.devices, { ...good, version: 2 }), ["$.version is 2: expected 1"]);
  assert.deepEqual(mistakes(FAILED, { ...good, failure: { kind: "odd", type: "t", message: "m" } }), [
    "$.devices is not in the schema",
    '$.failure.kind is "odd": expected model or usage or machine or cancelled or bug',
  ]);
});

test("docs/cli.md is fresh", () => {
  const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
  assert.ok(renewCliPage(page) === page, "docs/cli.md is stale: run `npm run generate`");
});
