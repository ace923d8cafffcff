/**
 * The analysis of files as the language server asks for it. Fixtures say in comments what each line must show:
 *
 *   x = self.a(x)  #> x: [B, T, 64]                      the hints behind the line, all of them
 *   y = self.b(x)  #! shape-clash 8-21: 64 met 512       a problem: its code, columns, and part of its message
 *   self.b = nn.Linear(512, 10)  #+ in_features=64       a fix that edits this line, and mends the file's problem
 *
 * A line without a mark has no problem; a line in a file with marks for hints has no hint.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { AnalysisRequest, AnalysisResult, LineHint, Problem } from "../../src/protocol/analysis.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";

const folder = join(import.meta.dirname, "fixtures");

let host: RuntimeHost;
before(async () => {
  host = await RuntimeHost.start({ core: { metaOnly: true } });
});
after(async () => await host?.close());

async function analyse(name: string, options: Partial<AnalysisRequest> = {}): Promise<AnalysisResult> {
  return await host.request("analyse", { target: join(folder, name), budgetMs: 20_000, ...options });
}

interface Marks {
  hints: Map<number, string>;
  problems: { line: number; code: string; columns: string; text: string }[];
  fixes: { line: number; title: string }[];
}

function marksOf(text: string): Marks {
  const marks: Marks = { hints: new Map(), problems: [], fixes: [] };
  text.split("\n").forEach((source, index) => {
    const line = index + 1;
    for (const [, kind, said] of source.matchAll(/#([>!+]) (.*?)(?=\s*#[>!+] |$)/g)) {
      if (kind === ">") marks.hints.set(line, said!);
      if (kind === "+") marks.fixes.push({ line, title: said! });
      if (kind !== "!") continue;
      const [, code, columns, message] = /^([\w-]+) (\d+-\d+): (.*)$/.exec(said!)!;
      marks.problems.push({ line, code: code!, columns: columns!, text: message! });
    }
  });
  return marks;
}

/** "x: [B, T, 64]", "mask: bool[4, 4]", "x: [8*N, 8] from [2*N, 8]". */
function shown(hint: LineHint): string {
  const dtype = hint.dtype === "float32" ? "" : hint.dtype;
  const first = hint.first ? ` from [${(hint.first.dims ?? hint.first.shape).join(", ")}]` : "";
  return `${hint.name}: ${dtype}[${(hint.dims ?? hint.shape).join(", ")}]${first}`;
}

/** Per line what its own target shows: a class around the line before a class that merely calls it. */
function hintsByLine(result: AnalysisResult, text: string): Map<number, string> {
  const lines = text.split("\n");
  const found = new Map<number, string[]>();
  const owners = new Map<number, string>();
  const ownerOf = (line: number): string => {
    for (let at = line - 1; at >= 0; at--) {
      const match = /^(?:class|def) (\w+)/.exec(lines[at]!);
      if (match) return match[1]!;
      if (at < line - 1 && /^\S/.test(lines[at]!)) return "";
    }
    return "";
  };
  for (const target of result.targets) {
    for (const hint of target.hints) {
      const line = hint.source.endLine ?? hint.source.line;
      const owner = ownerOf(hint.source.line);
      const isOwn = owner === target.name;
      const holder = owners.get(line);
      if (holder === target.name) found.get(line)!.push(shown(hint));
      else if (holder === undefined || isOwn) {
        owners.set(line, target.name);
        found.set(line, [shown(hint)]);
      }
    }
  }
  return new Map([...found].map(([line, texts]) => [line, texts.join(" ")]));
}

function problemsOf(result: AnalysisResult): Problem[] {
  return [...result.problems, ...result.targets.flatMap((target) => target.problems)];
}

function checkProblems(found: readonly Problem[], marks: Marks): void {
  for (const { line, code, columns, text } of marks.problems) {
    const problem = found.find(({ source, code: of }) => source.line === line && of === code);
    assert.ok(problem, `line ${line}: ${code} was not found`);
    assert.equal(`${problem.source.col}-${problem.source.endCol}`, columns, `line ${line}: columns of ${code}`);
    assert.ok(problem.message.includes(text), `line ${line}: ${problem.message}`);
  }
  const unmarked = found.filter(
    ({ source, code }) => !marks.problems.some((mark) => mark.line === source.line && mark.code === code),
  );
  assert.deepEqual(
    unmarked.map(({ source, code, message }) => `${source.line}: ${code}: ${message}`),
    [],
  );
}

function edited(text: string, problem: Problem, title: string): string {
  const fix = problem.fixes.find((each) => each.title.startsWith(title))!;
  const lines = text.split("\n");
  const edits = [...fix.edits].sort((a, b) => b.source.line - a.source.line || b.source.col! - a.source.col!);
  for (const { source, text: inserted } of edits) {
    const line = lines[source.line - 1]!;
    lines[source.line - 1] = line.slice(0, source.col) + inserted + line.slice(source.endCol);
  }
  return lines.join("\n");
}

for (const name of [
  "block.py",
  "statements.py",
  "images.py",
  "written.py",
  "doubtful.py",
  "factories.py",
  "sessions.py",
]) {
  test(`${name} shows what its comments say`, async () => {
    const text = readFileSync(join(folder, name), "utf8");
    const marks = marksOf(text);
    const result = await analyse(name, { symbols: true });
    assert.deepEqual(
      Object.fromEntries(hintsByLine(result, text)),
      Object.fromEntries(marks.hints),
      result.targets.map(({ name: of, incomplete }) => `${of}: ${incomplete ?? "done"}`).join("\n"),
    );
    checkProblems(problemsOf(result), marks);
  });
}

test("clashes.py: every problem stands where it is marked, and every fix mends it", async () => {
  const path = join(folder, "clashes.py");
  const text = readFileSync(path, "utf8");
  const marks = marksOf(text);
  const problems = problemsOf(await analyse("clashes.py", { symbols: true }));
  checkProblems(problems, marks);
  assert.equal(marks.fixes.length, 7);
  for (const { line, title } of marks.fixes) {
    const problem = problems.find(({ fixes, source }) =>
      fixes.some((fix) => fix.title.startsWith(title) && (fix.edits[0]!.source.line === line || source.line === line)),
    );
    assert.ok(problem, `line ${line}: nothing offers '${title}'`);
    const overlay = { [path]: edited(text, problem, title) };
    const after = problemsOf(await analyse("clashes.py", { overlay, symbols: true }));
    const remaining = after.filter(({ code, target }) => code === problem.code && target === problem.target);
    assert.deepEqual(
      remaining.map(({ message }) => message),
      [],
      `'${title}' does not mend line ${problem.source.line}`,
    );
  }
});

test("a hint names its statement, its name and its layer by exact columns", async () => {
  const result = await analyse("statements.py", { only: ["Naïve"] });
  const [hint] = result.targets[0]!.hints;
  const lines = readFileSync(join(folder, "statements.py"), "utf8").split("\n");
  assert.ok(hint?.at && hint.layer);
  const cut = ({ line, col, endCol }: NonNullable<LineHint["at"]>): string => lines[line - 1]!.slice(col, endCol);
  assert.equal(cut(hint.at), "y");
  assert.equal(cut(hint.source), "y = self.líneal(x)");
  assert.equal(cut(hint.layer), "nn.Linear(6, 3)");
});

describe("what a call of a module costs", () => {
  test("as numbers and as formulas", async () => {
    const { targets } = await analyse("block.py", { only: ["Block"], symbols: true });
    const { calls, summary } = targets[0]!;
    const call = calls.find(({ path }) => path === "attention.qkv")!;
    assert.equal(call.layer, "Linear(in_features=64, out_features=192, bias=True)");
    assert.equal(call.parameters, 64 * 192 + 192);
    // Two per multiply and add, one per added bias.
    assert.deepEqual(call.flops, { value: 2 * 16 * (2 * 64 * 192 + 192), formula: "24768·B·T" });
    assert.deepEqual(call.inputs[0]!.dims, ["B", "T", "64"]);
    assert.deepEqual(call.outputs[0]!.shape, [2, 16, 192]);
    // The layer keeps its input for the gradient of its weight.
    assert.deepEqual(call.activationBytes, { value: 4 * 2 * 16 * 64, formula: "256·B·T" });
    assert.ok(call.construction && call.backwardBytes.value > 0);
    const whole = calls.find(({ path }) => path === "attention")!;
    assert.equal(whole.definition?.line, 7);
    assert.ok(whole.flops.formula?.includes("B·T²"), whole.flops.formula);
    assert.ok(summary && summary.peakBytes.value > summary.parameterBytes);
    assert.equal(summary.parameters, 64 * 2 + (64 * 192 + 192) + (64 * 64 + 64) + (64 * 256 + 256) + (256 * 64 + 64));
  });
});

test("arguments come from functions that make models, where nothing else says them", async () => {
  const { targets } = await analyse("factories.py", { only: ["Block", "Pooled", "Quiet"] });
  const said = targets.map(({ setup: { init, inputs } }) =>
    [...init, ...inputs].map(({ name, value, why }) => `${name}=${value} ${why}`),
  );
  assert.deepEqual(said[0]!.slice(0, 3), [
    "cin=16 as small() builds it",
    "cout=16 as small() builds it",
    "conv=functools.partial(nn.Conv2d, bias=False) as small() builds it",
  ]);
  assert.deepEqual(said[1], ["self=small().head as small() builds it", "x=float32[2,16,32,32] as small() calls it"]);
  assert.equal(said[2]![0], "self=quiet() as quiet() builds it");
});

test("code that runs away costs its own target only", async () => {
  const result = await analyse("runaway.py", { symbols: true, budgetMs: 4000 });
  const by = Object.fromEntries(result.targets.map((target) => [target.name, target]));
  assert.match(by["Endless"]!.incomplete ?? "", /still running after/);
  assert.match(by["Recursive"]!.incomplete ?? "", /RecursionError/);
  assert.match(by["Hungry"]!.incomplete ?? "", /MemoryError/);
  assert.ok(by["Exits"]!.incomplete);
  assert.deepEqual(problemsOf(result), []);
  assert.equal(by["Fine"]!.hints.length, 1);
  const again = await analyse("runaway.py", { only: ["Endless", "Fine"] });
  assert.ok(again.targets[0]!.timeMs < 100, "what ran away is not tried again while its text is the same");
});

test("an endless loop while the file is imported ends with its budget", async () => {
  const target = join(folder, "block.py");
  const overlay = { [target]: "import torch\nx = 0\nwhile x == 0:\n    pass\nfor _ in iter(int, 1): pass\n" };
  const forever = { [target]: "import torch\nclass A(torch.nn.Module):\n  y = [i for i in iter(int, 1)]\n" };
  assert.equal((await analyse("block.py", { overlay })).ok, true);
  const { targets } = await analyse("block.py", { overlay: forever, budgetMs: 300 });
  assert.match(targets[0]!.incomplete ?? "", /did not come to an end/);
});

describe("between two requests", () => {
  const target = join(folder, "block.py");
  const text = readFileSync(target, "utf8");

  test("an edit that breaks a line is an error at once, and none once it is taken back", async () => {
    await analyse("block.py");
    const broken = { [target]: text.replace("self.out(y)", "self.out(y[..., :48])") };
    const [problem, ...more] = problemsOf(await analyse("block.py", { overlay: broken, only: ["Attention"] }));
    assert.equal(problem?.code, "shape-clash");
    assert.equal(problem.severity, "error");
    assert.deepEqual(more, []);
    // With as many rows as columns this would pass, so it is no error.
    const doubtful = { [target]: text.replace("self.out(y)", "self.out(y.mT)") };
    const [doubt, ...others] = problemsOf(await analyse("block.py", { overlay: doubtful, only: ["Attention"] }));
    assert.equal(doubt?.severity, "information");
    assert.match(doubt.message, /16 met 64.*with x as float32\[2,64,64\]/);
    assert.deepEqual(others, []);
    assert.deepEqual(problemsOf(await analyse("block.py", { only: ["Attention"] })), []);
  });

  test("what user code changed in torch is gone with the next one", async () => {
    const vandal = `import torch\ntorch.nn.Linear.forward = lambda self, x: x\ntorch.set_default_dtype(torch.float64)\n`;
    await analyse("block.py", { overlay: { [target]: vandal + text } });
    const { targets } = await analyse("block.py", { only: ["Block"] });
    const hint = targets[0]!.hints.find(({ name, source }) => name === "hidden" && source.line > 30)!;
    assert.deepEqual([hint.shape, hint.dtype], [[2, 16, 256], "float32"]);
  });

  test("modules of the workspace are read again when their text changes", async () => {
    const main = join(folder, "uses.py");
    const part = join(folder, "part.py");
    const overlay = (width: number): Record<string, string> => ({
      [main]:
        "import torch.nn as nn\nfrom part import make\n\nclass M(nn.Module):\n    def __init__(self):\n" +
        "        super().__init__()\n        self.a = make()\n    def forward(self, x):\n        return self.a(x)\n",
      [part]: `import torch.nn as nn\n\ndef make():\n    return nn.Linear(8, ${width})\n`,
    });
    for (const width of [3, 5, 5, 4]) {
      const { targets } = await analyse("uses.py", { overlay: overlay(width) });
      assert.deepEqual(targets[0]!.hints.at(-1)?.shape, [2, width], targets[0]!.incomplete);
    }
  });

  test("what registers itself by name is read as often as it is edited", async () => {
    const net = join(folder, "registered/net.py");
    const written = readFileSync(net, "utf8");
    for (const width of [3, 5, 5, 4]) {
      const overlay = { [net]: written.replace("nn.Linear(8, 3)", `nn.Linear(8, ${width})`) };
      const { targets } = await analyse("registered/net.py", { overlay, workspace: folder });
      assert.deepEqual(targets[0]!.hints.at(-1)?.shape, [2, width], targets[0]!.incomplete);
    }
  });

  test("arguments that somebody chose are used, and earlier ones are tried before any are looked for", async () => {
    const given = { Block: { init: "dim=32", inputs: { x: "float32[5,7,32]" } } };
    const { targets } = await analyse("block.py", { only: ["Block"], given });
    assert.deepEqual(targets[0]!.hints.find(({ name }) => name === "padded")!.shape, [5, 8, 32]);
    const { setup } = targets[0]!;
    const previous = { Block: { ...setup, inputs: [{ ...setup.inputs[0]!, value: "float32[3,4,32]" }] } };
    const unseen = { [join(folder, "unseen.py")]: text };
    const again = await analyse("unseen.py", { only: ["Block"], previous, overlay: unseen });
    assert.deepEqual(again.targets[0]!.setup.inputs[0]!.value, "float32[3,4,32]");
  });
});

test("a syntax error is a failure with its place, and says nothing of the rest", async () => {
  const target = join(folder, "block.py");
  const result = await analyse("block.py", { overlay: { [target]: "import torch\nx = (1,\n" } });
  assert.equal(result.ok, false);
  assert.equal(result.failure?.type, "SyntaxError");
  assert.deepEqual(result.targets, []);
});
