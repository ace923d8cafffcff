import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { UsageError } from "../../src/cli/command.ts";
import { distance, nearest } from "../../src/cli/nearest.ts";
import { parseArguments } from "../../src/cli/parse.ts";
import { parseInputs, parseTarget, splitTop } from "../../src/cli/target.ts";
import { FAILED, mistakes } from "../../src/cli/schema.ts";
import { Capture, cli } from "./capture.ts";

const folder = mkdtempSync(join(tmpdir(), "layerwise-cli-"));
const model = join(folder, "model.py");
writeFileSync(model, "import torch\n");
writeFileSync(join(folder, "notes.txt"), "");
after(() => rmSync(folder, { recursive: true }));

const command = (name: string) => COMMANDS.find((candidate) => candidate.name === name)!;
const refuses = (work: () => unknown, message: RegExp, hint?: RegExp): void => {
  assert.throws(work, (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, message);
    if (hint) assert.match(error.hint ?? "", hint);
    return true;
  });
};

test("help names every verb and every option", async () => {
  const general = await cli("--help");
  assert.equal(general.code, 0);
  for (const { name, options } of COMMANDS) {
    assert.match(general.out, new RegExp(`^  ${name} `, "m"));
    const own = await cli(name, "--help");
    assert.equal(own.code, 0);
    for (const option of options) assert.ok(own.out.includes(`--${option.name}`), `${name} --${option.name}`);
    assert.deepEqual(await cli("help", name), own);
  }
});

test("no verb prints the help on standard error and is a mistake", async () => {
  const { code, out, error } = await cli();
  assert.deepEqual([code, out], [2, ""]);
  assert.match(error, /^Usage: layerwise VERB/);
});

test("--version prints one version", async () => {
  assert.match((await cli("--version")).out, /^\d+\.\d+\.\d+\n$/);
});

test("unknown verbs and options suggest the nearest", async () => {
  assert.match((await cli("porfile", "x.py")).error, /'porfile' is no verb[^]*did you mean profile\?/);
  assert.match((await cli("model.py::GPT")).error, /did you mean 'layerwise run model\.py::GPT'\?/);
  refuses(
    () => parseArguments(command("run"), ["--jsno", "a.py"]),
    /unknown option --jsno for 'run'/,
    /did you mean --json\?/,
  );
  refuses(() => parseArguments(command("run"), ["-j", "a.py"]), /unknown option -j/);
  refuses(() => parseArguments(command("run"), ["--zzzzzz", "a.py"]), /unknown option/, /layerwise run --help/);
});

test("options take values as --name value and --name=value, and end at --", () => {
  const args = parseArguments(command("run"), [
    "--init",
    "dim=64",
    "--init=heads=4",
    "a.py",
    "--input",
    "x=int64[2]<3",
    "--json",
  ]);
  assert.deepEqual(args.positional, ["a.py"]);
  assert.deepEqual(args.all("init"), ["dim=64", "heads=4"]);
  assert.equal(args.get("input"), "x=int64[2]<3");
  assert.ok(args.has("json"));
  assert.deepEqual(parseArguments(command("run"), ["--", "--odd.py"]).positional, ["--odd.py"]);
  assert.equal(parseArguments(command("graph"), ["a.py", "--svg", "-"]).get("svg"), "-");
});

test("values are checked before anything runs", () => {
  const run =
    (...words: string[]) =>
    () =>
      parseArguments(command("run"), words);
  refuses(run("a.py", "--init"), /--init needs a value/);
  refuses(run("--init", "--json", "a.py"), /--init needs a value/);
  refuses(run("a.py", "--json=yes"), /--json is a switch/);
  refuses(run("a.py", "--threads", "0"), /--threads is '0': expected a whole number, at least 1/);
  refuses(run("a.py", "--threads", "two"), /expected a whole number/);
  refuses(run("a.py", "--device", "gpu"), /--device is 'gpu': expected one of cpu, cuda, auto/);
  refuses(run("a.py", "--device", "cpu", "--device", "cuda"), /--device is given twice: 'cpu' and 'cuda'/);
  refuses(run(), /'run' needs TARGET/, /such as: layerwise run/);
  refuses(run("a.py", "b.py"), /takes 1 argument, but got 2: a\.py b\.py/);
});

test("what follows the script's file belongs to the script", () => {
  const args = parseArguments(command("python"), ["--threads", "2", "train.py", "--threads", "9", "--help", "x"]);
  assert.equal(args.number("threads"), 2);
  assert.deepEqual(args.rest, ["--threads", "9", "--help", "x"]);
});

test("targets", () => {
  assert.deepEqual(parseTarget("model.py::GPT", folder), { file: model, name: "GPT", text: `${model}::GPT` });
  assert.deepEqual(parseTarget(model), { file: model, name: "", text: model });
  refuses(() => parseTarget("modle.py", folder), /no file modle\.py/, /did you mean .*model\.py/);
  refuses(() => parseTarget("nowhere/a.py", folder), /no file nowhere\/a\.py/, /there is no folder/);
  refuses(() => parseTarget("notes.txt", folder), /notes\.txt is no Python file/);
  refuses(() => parseTarget(folder), /is a folder/);
  refuses(() => parseTarget("model.py::", folder), /'' in 'model\.py::' is no Python name/);
  refuses(() => parseTarget("model.py::a b", folder), /'a b'/);
  refuses(() => parseTarget("::GPT", folder), /no file in '::GPT'/);
});

test("inputs by name, several in one word, commas inside of brackets and quotes stay", () => {
  assert.deepEqual(parseInputs(["x=float32[2,16,64], y = int64[2]<10", "mode='a,b'"]), {
    x: "float32[2,16,64]",
    y: "int64[2]<10",
    mode: "'a,b'",
  });
  assert.deepEqual(splitTop("a=(1,[2,3]), b={'x': 1}, "), ["a=(1,[2,3])", " b={'x': 1}"]);
  refuses(
    () => parseInputs(["float32[2,3]"]),
    /--input 'float32\[2,3\]' is not understood/,
    /expected NAME=DTYPE\[SIZES\]/,
  );
  refuses(() => parseInputs(["x==3"]), /is not understood at 'x==3'/);
  refuses(() => parseInputs([""]), /is not understood/);
});

test("with --json a mistake is a document too", async () => {
  const { code, out, error } = await cli("run", "--json", join(folder, "gone.py"));
  assert.equal(code, 2);
  const document: unknown = JSON.parse(out);
  assert.deepEqual(mistakes(FAILED, document), []);
  assert.equal((document as { failure: { kind: string } }).failure.kind, "usage");
  assert.match(error, /^error: no file/);
});

test("distance counts edits and swaps", () => {
  assert.equal(distance("profile", "porfile"), 1);
  assert.equal(distance("", "abc"), 3);
  assert.equal(distance("kitten", "sitting"), 3);
  assert.equal(nearest("GTP", ["GPT", "MLP", "Block"]), "GPT");
  assert.equal(nearest("zebra", ["GPT", "MLP"]), undefined);
});

test("colours and progress are for terminals", () => {
  const capture = new Capture();
  assert.equal(capture.terminal({ out: true }).style.color, true);
  assert.equal(capture.terminal({ out: true }, { NO_COLOR: "1" }).style.color, false);
  assert.equal(capture.terminal({ out: true }, { TERM: "dumb" }).style.color, false);
  assert.equal(capture.terminal({ out: false }).style.width, Infinity);
  capture.terminal().progress("working", 0.5);
  assert.equal(capture.error, "");
  const terminal = capture.terminal({ error: true });
  terminal.progress("working", 0.5);
  assert.match(capture.error, /working 50%/);
  terminal.line("done");
  assert.ok(capture.error.endsWith("\r\u001b[2K"), "the progress line is wiped before a result");
});
