/** The command line as people use it: bin/layerwise on the examples and on files that are broken in every usual way. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DOCUMENTS, FAILED, mistakes } from "../../src/cli/schema.ts";
import { readChrome } from "../../src/profiler/index.ts";
import { GraphBuilder } from "../../src/runtime/onnx/export/builder.ts";
import { ATTRIBUTE, dataTypeNumber, modelMessage, type DataType } from "../../src/runtime/onnx/schema.ts";
import { encode } from "../../src/runtime/onnx/wire.ts";
import { modelOf } from "../../src/runtime/onnx/write.ts";
import type { GraphResult, ProfileResult, RunResult, ShapesResult } from "../../src/protocol/results.ts";

const { signals } = constants;
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = mkdtempSync(join(tmpdir(), "layerwise-end-"));
after(() => rmSync(folder, { recursive: true }));

const ATTENTION = "examples/attention.py::MultiHeadAttention";

interface Finished {
  code: number | null;
  out: string;
  error: string;
}

interface Options {
  cwd?: string;
  input?: string;
  /** Sends SIGINT when standard output holds this. */
  interruptAt?: string;
}

function layerwise(words: string[], { cwd = root, input, interruptAt }: Options = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, "bin/layerwise"), words, { cwd, stdio: "pipe" });
    const finished: Finished = { code: null, out: "", error: "" };
    child.stdout.on("data", (data: Buffer) => {
      finished.out += data.toString();
      if (interruptAt !== undefined && finished.out.includes(interruptAt)) child.kill("SIGINT");
    });
    child.stderr.on("data", (data: Buffer) => (finished.error += data.toString()));
    child.on("error", reject);
    // As a shell counts it.
    child.on("close", (code, signal) => resolve({ ...finished, code: signal === null ? code : 128 + signals[signal] }));
    child.stdin.end(input ?? "");
  });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function json<Result>(words: string[], schema: keyof typeof DOCUMENTS): Promise<Result> {
  const { code, out, error } = await layerwise([...words, "--json"]);
  assert.equal(code, 0, error);
  const document: unknown = JSON.parse(out);
  assert.deepEqual(mistakes(DOCUMENTS[schema], document), []);
  return document as Result;
}

async function failed(
  words: string[],
  code: number,
): Promise<{ document: { failure: Record<string, unknown> }; error: string }> {
  const result = await layerwise([...words, "--json"]);
  assert.equal(result.code, code, result.error);
  const document = JSON.parse(result.out) as { ok: boolean; failure: Record<string, unknown> };
  assert.equal(document.ok, false);
  const { failure, ...head } = document as unknown as Record<string, unknown>;
  const least = { version: head["version"], verb: head["verb"], target: head["target"], ok: head["ok"], failure };
  assert.deepEqual(mistakes(FAILED, least), []);
  return { document, error: result.error };
}

test("run: an attention layer without any help", async () => {
  const { code, out, error } = await layerwise(["run", ATTENTION]);
  assert.equal(code, 0, error);
  assert.match(out, /^output +float32\[2, 16, 64\]/m);
  assert.match(out, /time .* memory .* parameters .* device cpu/);
});

test("run --json: outputs, statistics, parameters and reasons", async () => {
  const result = await json<RunResult>(["run", ATTENTION], "run");
  assert.deepEqual(result.outputs[0]!.shape, [2, 16, 64]);
  assert.equal(result.outputs[0]!.statistics!.nans, 0);
  assert.ok(result.parameters > 0 && result.timeUs > 0 && result.peakBytes > 0);
  assert.ok(result.setup.inputs.every((choice) => choice.why));
});

test("run: given arguments win, and are evaluated in the file's own module", async () => {
  const words = [
    "run",
    "examples/gpt.py::GPT",
    "--init",
    "config=GPTConfig(n_layer=1)",
    "--input",
    "idx=int64[3,8]<50",
  ];
  const result = await json<RunResult>(words, "run");
  assert.deepEqual(result.outputs[0]!.shape.slice(0, 2), [3, 8]);
  assert.equal(result.setup.inputs[0]!.from, "given");
});

test("run: the two passes of one seed agree", async () => {
  const [first, second] = [
    await json<RunResult>(["run", ATTENTION], "run"),
    await json<RunResult>(["run", ATTENTION], "run"),
  ];
  assert.deepEqual(first.outputs[0]!.statistics, second.outputs[0]!.statistics);
});

test("profile --json: tables agree with each other", async () => {
  const result = await json<ProfileResult>(["profile", ATTENTION, "--time", "500"], "profile");
  assert.match(result.workload, /forward \+ backward/);
  assert.ok(result.backward!.medianUs > 0);
  const close = (value: number): void => assert.ok(Math.abs(value - 1) < 1e-6, String(value));
  close(result.kernels.reduce((sum, row) => sum + row.selfShare, 0));
  close(result.lines.reduce((sum, row) => sum + row.share, 0));
  const [top] = result.modules.filter((row) => row.type === "MultiHeadAttention");
  assert.ok(top!.forwardUs > 0 && top!.backwardUs > 0, "both phases belong to the module");
  assert.ok(
    result.lines.some((row) => row.source.file.endsWith("attention.py") && row.text !== ""),
    "lines carry their text",
  );
  assert.equal(result.trace, undefined);
});

test("profile --json --trace -: the events are in the document", async () => {
  const result = await json<ProfileResult>(["profile", ATTENTION, "--repeat", "3", "--trace", "-"], "profile");
  assert.equal(result.trace!.steps.length, 3);
  assert.ok(result.trace!.kernels.length > 0);
});

test("python --profile: a trace of the whole script, beside its own output", async () => {
  const trace = join(folder, "script.json");
  const script = file("traced.py", "import torch\nx = torch.ones(8, 8)\nprint((x @ x).sum().item())\n");
  const { code, out, error } = await layerwise(["python", "--profile", trace, script]);
  assert.deepEqual([code, out], [0, "512.0\n"], error);
  const { trace: again, problems } = await readChrome([readFileSync(trace, "utf8")], "t");
  assert.deepEqual(problems, []);
  assert.ok(again.ops.some((op) => again.names[op.name] === "matmul"));
});

test("profile: tables as text, and a trace that can be read back", async () => {
  const trace = join(folder, "trace.json");
  const { code, out, error } = await layerwise(["profile", ATTENTION, "--trace", trace, "--top", "3", "--repeat", "5"]);
  assert.equal(code, 0, error);
  for (const title of ["By module", "By kernel", "By line", "Memory of cpu"]) assert.ok(out.includes(title), title);
  const { trace: again, problems } = await readChrome([readFileSync(trace, "utf8")], "t");
  assert.deepEqual(problems, []);
  assert.ok(again.kernels.length > 0 && again.ops.length > 0);
});

test("profile --html: one file that holds its data", async () => {
  const html = join(folder, "report.html");
  const { code, error } = await layerwise(["profile", ATTENTION, "--html", html, "--repeat", "5"]);
  assert.equal(code, 0, error);
  assert.match(readFileSync(html, "utf8"), /^<!DOCTYPE html>[^]*MultiHeadAttention/);
});

test("shapes: a shape behind each line of forward", async () => {
  const { code, out, error } = await layerwise(["shapes", ATTENTION]);
  assert.equal(code, 0, error);
  assert.match(out, /return .* return: \[2, 16, 64\]/);
  const result = await json<ShapesResult>(["shapes", ATTENTION], "shapes");
  assert.ok(result.hints.length > 3);
});

test("graph: modules as groups, ops as nodes, and a picture", async () => {
  const result = await json<GraphResult>(["graph", ATTENTION], "graph");
  assert.ok(result.graph.nodes.some((node) => node.kind === "op"));
  assert.ok(result.graph.groups.length > 1);
  for (const edge of result.graph.edges) assert.ok(result.graph.nodes[edge.from] && result.graph.nodes[edge.to]);
  const svg = join(folder, "graph.svg");
  const { code, error } = await layerwise(["graph", ATTENTION, "--svg", svg]);
  assert.equal(code, 0, error);
  assert.match(readFileSync(svg, "utf8"), /^<svg[^]*<\/svg>\s*$/);
});

test("devices: the CPU is there, every line says why", async () => {
  const { code, out } = await layerwise(["devices"]);
  assert.equal(code, 0);
  assert.match(out, /^cpu +yes/m);
  assert.match(out, /^cuda +(yes|no) +\S/m);
});

test("python: output, arguments, standard input and exit code pass through", async () => {
  const script = file(
    "script.py",
    [
      "import sys",
      "import torch",
      "print(torch.ones(2).sum().item(), sys.argv[1:])",
      "print(input())",
      "print('oops', file=sys.stderr)",
      "sys.exit(7)",
      "",
    ].join("\n"),
  );
  const { code, out, error } = await layerwise(["python", script, "--json", "-x"], { input: "hello\n" });
  assert.deepEqual([code, out, error], [7, "2.0 ['--json', '-x']\nhello\n", "oops\n"]);
});

test("python: a traceback like CPython's", async () => {
  const script = file("fails.py", "import torch\ndef f():\n    return torch.ones(2, 3) @ torch.ones(2, 3)\nf()\n");
  const { code, out, error } = await layerwise(["python", script]);
  assert.deepEqual([code, out], [1, ""]);
  assert.match(error, /^Traceback \(most recent call last\):\n {2}File ".*fails\.py", line 4, in <module>\n {4}f\(\)/);
  assert.match(error, /\nRuntimeError: mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\)\n$/);
});

test("a file of a package runs with its relative imports, from above it and from inside", async () => {
  const folder = join(root, "test/cli/fixtures/project");
  for (const [cwd, target] of [
    [root, "test/cli/fixtures/project/nets/models.py::Tagger"],
    [folder, "nets/models.py::Tagger"],
    [join(folder, "nets"), "models.py::Tagger"],
  ] as const) {
    const { code, out, error } = await layerwise(["run", target], { cwd });
    assert.equal(code, 0, error);
    assert.match(out, /cfg +TaggerConfig\(\)/);
  }
});

test("a syntax error is shown where it stands", async () => {
  const { document, error } = await failed(
    ["run", file("syntax.py", "import torch.nn as nn\nclass A(nn.Module:\n    pass\n")],
    1,
  );
  assert.equal(document.failure["type"], "SyntaxError");
  assert.match(error, /syntax\.py:2: SyntaxError: /);
});

test("a shape clash names the line and the shapes", async () => {
  const text = [
    "import torch",
    "from torch import nn",
    "class Net(nn.Module):",
    "    def __init__(self):",
    "        super().__init__()",
    "        self.a = nn.Linear(8, 16)",
    "        self.b = nn.Linear(32, 4)",
    "    def forward(self, x):",
    "        return self.b(self.a(x))",
    "",
  ].join("\n");
  const { document, error } = await failed(["run", file("clash.py", text)], 1);
  assert.equal(document.failure["kind"], "model");
  assert.match(error, /clash\.py:9: RuntimeError: mat1 and mat2 shapes cannot be multiplied \(\d+x16 and 32x4\)/);
  assert.match(error, /return self\.b\(self\.a\(x\)\)/);
});

test("a missing import says what is missing", async () => {
  const { document, error } = await failed(
    ["run", file("missing.py", "import torch\nimport not_there_at_all\n\nclass A(torch.nn.Module):\n    pass\n")],
    1,
  );
  assert.equal(document.failure["type"], "ModuleNotFoundError");
  assert.match(error, /missing\.py:2: ModuleNotFoundError: No module named 'not_there_at_all'/);
});

test("an unknown class lists those that exist, the nearest first", async () => {
  const { error } = await failed(["run", "examples/gpt.py::GTP"], 2);
  assert.match(error, /gpt\.py has no 'GTP': it has GPT, /);
  assert.match(error, /hint: did you mean gpt\.py::GPT\?/);
});

test("wrong arguments say what came and what was expected", async () => {
  assert.match(
    (await failed(["run", ATTENTION, "--input", "x=float32[2,"], 2)).error,
    /x.*'float32\[2,'.*expected DTYPE\[SIZES\]/,
  );
  assert.match(
    (await failed(["run", ATTENTION, "--input", "y=float32[2]"], 2)).error,
    /MultiHeadAttention has no input 'y': it takes x/,
  );
  assert.match((await failed(["run", ATTENTION, "--init", "dims=3"], 2)).error, /has no argument 'dims': it takes /);
  assert.match((await failed(["run", ATTENTION, "--init", "dim="], 2)).error, /--init 'dim=' is not understood/);
});

test("Ctrl-C ends an endless loop", async () => {
  const script = file("endless.py", "print('started', flush=True)\nwhile True:\n    pass\n");
  const { code } = await layerwise(["python", script], { interruptAt: "started" });
  assert.equal(code, 130);
});

test("Ctrl-C ends a run, too", async () => {
  const text = [
    "import torch",
    "class A(torch.nn.Module):",
    "    def forward(self, x):",
    "        print('started', flush=True)",
    "        while True:",
    "            x = x + 1",
    "",
  ].join("\n");
  const { code, error } = await layerwise(["run", file("loop.py", text), "--input", "x=float32[2]"], {
    interruptAt: "started",
  });
  assert.equal(code, 130, error);
  assert.match(error, /cancelled/);
});

test("Ctrl-C ends a run inside of ONNX Runtime at once, and says no more than that", async () => {
  const graph = new GraphBuilder(18, []);
  const body = graph.inside();
  const [step, goes, x] = ["step", "goes", "x"].map((name) => body.fresh(name)) as [string, string, string];
  const value = (name: string, type: DataType, dims: number[]) => ({
    name,
    type: { tensorType: { elemType: dataTypeNumber(type), shape: { dim: dims.map((size) => ({ value: size })) } } },
  });
  const next = [body.add("Identity", [goes]), body.add("Tanh", [x])] as const;
  const inner = body.graph(
    "body",
    [value(step, "int64", []), value(goes, "bool", []), value(x, "float32", [64])],
    [value(next[0], "bool", []), value(next[1], "float32", [64])],
  );
  // Hours.
  const loop = graph.add("Loop", [graph.int64([2 ** 50], true), "", "input"]);
  const lists = { floats: [], ints: [], strings: [], tensors: [], graphs: [] };
  graph.nodes.at(-1)!.attribute.push({ name: "body", type: ATTRIBUTE.graph, g: inner, ...lists });
  const whole = graph.graph("endless", [value("input", "float32", [64])], [value(loop, "float32", [64])]);
  const path = join(folder, "endless.onnx");
  writeFileSync(path, encode(modelOf(whole, 18), modelMessage));
  const child = spawn(join(root, "bin/layerwise"), ["run", path], { cwd: root, stdio: "pipe" });
  let error = "";
  child.stderr.on("data", (data: Buffer) => (error += data.toString()));
  // On a machine that has not come so far by then it is cancelled earlier, which is as good.
  setTimeout(() => child.kill("SIGINT"), 2000);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  assert.ok(code === 130 || signal === "SIGINT", `${code} ${signal}`);
  assert.equal(error, "cancelled\n");
});

test("a script that prints and a model that prints keep --json clean", async () => {
  const text = [
    "import torch",
    "print('at import')",
    "class A(torch.nn.Module):",
    "    def forward(self, x):",
    "        print('in forward')",
    "        return x",
    "",
  ].join("\n");
  const result = await json<RunResult>(["run", file("prints.py", text)], "run");
  assert.match(result.stdout, /at import[^]*in forward/);
});
