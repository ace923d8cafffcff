import assert from "node:assert/strict";
import { test } from "node:test";
import { kernels, lines, memory, modules, readChrome, writeChrome } from "../../src/profiler/index.ts";
import { smallTrace } from "./synthetic.ts";

test("written and read back, a trace gives the same tables", async () => {
  const trace = smallTrace();
  const { trace: again, problems } = await readChrome(writeChrome(trace), trace.target);
  assert.deepEqual(problems, []);
  assert.deepEqual(kernels(again), kernels(trace));
  assert.deepEqual(
    lines(again).map(({ source, totalUs, flops, calls, hottest }) => ({ source, totalUs, flops, calls, hottest })),
    lines(trace).map(({ source, totalUs, flops, calls, hottest }) => ({ source, totalUs, flops, calls, hottest })),
  );
  const shape = (row: ReturnType<typeof modules>[0]): unknown => [
    row.path,
    row.type,
    row.totalUs,
    row.selfUs,
    row.backwardUs,
    row.calls,
  ];
  assert.deepEqual(modules(again).map(shape), modules(trace).map(shape));
  assert.equal(memory(again)[0]!.peakAllocatedBytes, memory(trace)[0]!.peakAllocatedBytes);
  assert.equal(again.devices[0]!.id, "cpu");
  assert.equal(again.devices[0]!.name, "test");
});

test("the file has tracks, nested module calls, counters and arrows", () => {
  const file = JSON.parse([...writeChrome(smallTrace())].join("")) as { traceEvents: Record<string, unknown>[] };
  const count = (test: (event: Record<string, unknown>) => boolean): number => file.traceEvents.filter(test).length;
  assert.equal(
    count((event) => event["cat"] === "cpu_op"),
    10,
  );
  assert.equal(
    count((event) => event["cat"] === "kernel"),
    10,
  );
  assert.equal(
    count((event) => event["ph"] === "s"),
    10,
  );
  assert.equal(
    count((event) => event["ph"] === "f"),
    10,
  );
  assert.equal(
    count((event) => event["ph"] === "C"),
    16,
  );
  assert.equal(
    count((event) => event["name"] === "nn.Module: Attention"),
    2,
  );
});

const KINETO = {
  schemaVersion: 1,
  deviceProperties: [{ id: 0, name: 'a device with "quotes" and [brackets] {braces}' }],
  traceEvents: [
    { ph: "M", name: "process_labels", pid: 7, tid: 0, ts: 0, args: { labels: "GPU 0" } },
    { ph: "X", cat: "user_annotation", name: "ProfilerStep#3", pid: 1, tid: 1, ts: 1000, dur: 100 },
    { ph: "X", cat: "python_function", name: "nn.Module: MLP_0", pid: 1, tid: 1, ts: 1001, dur: 60, args: {} },
    { ph: "X", cat: "python_function", name: "nn.Module: Linear_1", pid: 1, tid: 1, ts: 1005, dur: 30, args: {} },
    {
      ph: "X",
      cat: "cpu_op",
      name: "aten::linear",
      pid: 1,
      tid: 1,
      ts: 1010,
      dur: 20,
      args: { "External id": 5, "Input Dims": [[2, 8], [4, 8], []], "Input type": ["float", "float", ""] },
    },
    { ph: "X", cat: "cpu_op", name: "aten::addmm", pid: 1, tid: 1, ts: 1012, dur: 10, args: { "External id": 6 } },
    {
      ph: "X",
      cat: "cuda_runtime",
      name: "cudaLaunchKernel",
      pid: 1,
      tid: 1,
      ts: 1015,
      dur: 2,
      args: { correlation: 42 },
    },
    { ph: "X", cat: "kernel", name: "sgemm", pid: 7, tid: 7, ts: 1030, dur: 25, args: { stream: 7, correlation: 42 } },
    {
      ph: "i",
      name: "[memory]",
      pid: 7,
      tid: 0,
      ts: 1013,
      args: { "Total Allocated": 4096, "Total Reserved": 8192, Bytes: 4096, Addr: 77, "Device Type": 1 },
    },
    { ph: "X", cat: "cpu_op", name: "broken", pid: 1, tid: 1, ts: "soon", dur: 1 },
  ],
};

test("Kineto: kernels find their op by correlation, ops their module by time", async () => {
  const { trace, problems } = await readChrome([JSON.stringify(KINETO)], "kineto.json");
  assert.deepEqual(problems, ["an event lacks a name, a start or a duration: skipped it"]);
  assert.equal(trace.devices[0]!.id, "cuda:0");
  assert.equal(trace.names[trace.ops[trace.kernels[0]!.op]!.name], "aten::addmm");
  assert.deepEqual(
    modules(trace).map((row) => [row.path, row.type, row.totalUs]),
    [
      ["MLP_0", "MLP", 25],
      ["MLP_0.Linear_1", "Linear", 25],
    ],
  );
  assert.deepEqual(
    trace.ops[0]!.inputs.map((name) => trace.names[name]),
    ["float32[2,8]", "float32[4,8]"],
  );
  assert.equal(trace.steps.length, 1);
  assert.equal(memory(trace)[0]!.peakReservedBytes, 8192);
});

test("Kineto on a CPU: an op's own time stands in for a kernel", async () => {
  const cpuOnly = {
    traceEvents: KINETO.traceEvents.filter((event) => event.cat === "cpu_op" && event.name !== "broken"),
  };
  const { trace } = await readChrome([JSON.stringify(cpuOnly)], "cpu.json");
  assert.deepEqual(
    kernels(trace).map((row) => [row.name, row.selfUs]),
    [
      ["aten::addmm", 10],
      ["aten::linear", 10],
    ],
  );
});

test("the pieces may be cut anywhere, in bytes as well", async () => {
  const text = JSON.stringify({ note: '\\\\"\\"\\', ...KINETO, name: 'ä\\"€' });
  const whole = await readChrome([text], "t");
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 64, 1000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.slice(index * size, (index + 1) * size),
    );
    assert.deepEqual(await readChrome(pieces, "t"), whole, `pieces of ${size}`);
  }
});

test("a damaged file is a list of problems and what could be read", async () => {
  const text = JSON.stringify(KINETO);
  for (let cut = 0; cut < text.length; cut += 17) {
    const { problems } = await readChrome([text.slice(0, cut)], "t");
    assert.ok(problems.length > 0 || cut > text.lastIndexOf("]"), `cut at ${cut}`);
  }
  assert.deepEqual((await readChrome(["hello"], "t")).problems, ['no "traceEvents" array: not a Chrome trace']);
  assert.deepEqual((await readChrome(['{"traceEvents":[{"ph":}]}'], "t")).problems, [
    "an event is not valid JSON: skipped it",
  ]);
  assert.equal((await readChrome(['[{"ph":"X","cat":"cpu_op","name":"a","ts":1,"dur":2}]'], "t")).trace.ops.length, 1);
});

test("an unreadable source ends in a problem, not in an exception", async () => {
  async function* broken(): AsyncGenerator<string> {
    yield '{"traceEvents":[{"ph":"X","cat":"cpu_op","name":"a","ts":1,"dur":2},';
    throw new Error("unexpected end of file");
  }
  const { trace, problems } = await readChrome(broken(), "t");
  assert.equal(trace.ops.length, 1);
  assert.match(problems[0]!, /could not be read to its end: unexpected end of file/);
});
