/**
 * Exports the models of the zoo to ONNX and runs each in ONNX Runtime beside the runtime's own outputs; with --page the table in
 * docs/zoo-exports.md is written. Files are removed as soon as they are compared.
 *
 * node tools/zoo/exports.ts --env VENV [--page] [KEY or PACKAGE ...]; what was exported before stands in exports.json beside this.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { difference } from "../../src/runtime/onnx/compare.ts";
import { createSession, type PlainTensor } from "../../src/runtime/onnx/run.ts";
import type { DataType } from "../../src/runtime/onnx/schema.ts";
import { HostSource } from "../../src/runtime/files/source.ts";
import { readSafetensors } from "../../src/runtime/files/safetensors.ts";
import { root } from "../steps.mjs";

const FOLDER = join(root, "tools/zoo/exported");
const RESULTS = join(root, "tools/zoo/exports.json");
const PAGE = join(root, "docs/zoo-exports.md");
const BOUND = 1e-4;
/** One interpreter runs this many models: importing the packages is dear, and so is memory. */
const PER_PROCESS = 12;

interface Outcome {
  key: string;
  parameters?: number;
  bytes?: number;
  /** Largest difference over the largest value of an output. */
  relative?: number;
  error?: string;
}

const known = (): Record<string, Outcome> => {
  try {
    return JSON.parse(readFileSync(RESULTS, "utf8")) as Record<string, Outcome>;
  } catch {
    return {};
  }
};

function readTensors(file: string): PlainTensor[] {
  const source = new HostSource(file);
  // A Buffer's slices share its memory; an array's do not.
  const bytes = new Uint8Array(readFileSync(file));
  const found = readSafetensors(source).tensors.map(({ name, dtype, shape, position, sizeBytes }) => ({
    place: Number(name),
    tensor: { dtype: dtype as DataType, dims: shape, bytes: bytes.subarray(position, position + sizeBytes) },
  }));
  return found.sort((a, b) => a.place - b.place).map(({ tensor }) => tensor);
}

async function compared(key: string): Promise<Pick<Outcome, "relative" | "error" | "bytes">> {
  const stem = join(FOLDER, key.replaceAll("/", "__"));
  try {
    const given = readTensors(`${stem}.inputs.safetensors`);
    const expected = readTensors(`${stem}.outputs.safetensors`);
    const session = createSession(`${stem}.onnx`);
    const inputs = Object.fromEntries(session.inputs.map(({ name }, i) => [name, given[i]!]));
    const outputs = session.run(inputs);
    session.release();
    let relative = 0;
    const names = session.outputNames;
    if (names.length !== expected.length) return { error: `${names.length} outputs instead of ${expected.length}` };
    for (const [i, name] of names.entries()) {
      const actual = outputs[name]!;
      const isSameShape = actual.dims.join() === expected[i]!.dims.join();
      if (!isSameShape)
        return { error: `output ${name} is [${actual.dims.join(", ")}] instead of [${expected[i]!.dims.join(", ")}]` };
      relative = Math.max(relative, difference(actual, expected[i]!).relative);
    }
    return { relative, bytes: statSync(`${stem}.onnx`).size };
  } catch (error) {
    return { error: `ONNX Runtime: ${(error as Error).message.replaceAll(/\s+/g, " ").slice(0, 300)}` };
  } finally {
    for (const end of [".onnx", ".onnx.data", ".inputs.safetensors", ".outputs.safetensors"])
      rmSync(stem + end, { force: true });
  }
}

/** Exports these in one interpreter; what it did not come to is left out of the answer. */
async function exportAll(keys: readonly string[], env: string): Promise<Outcome[]> {
  const command = [
    join(root, "bin/layerwise"),
    "python",
    "--env",
    env,
    "tools/zoo/export.py",
    "tools/zoo/exported",
    ...keys,
  ];
  const child = spawn(command[0]!, command.slice(1), { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const found: Outcome[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const outcome = JSON.parse(line) as Outcome;
    if (!outcome.error) Object.assign(outcome, await compared(outcome.key));
    found.push(outcome);
    const shown =
      outcome.error ?? `${(outcome.relative ?? 0).toExponential(1)}${outcome.relative! > BOUND ? " DIFFERS" : ""}`;
    console.log(`${outcome.key.padEnd(60)} ${shown}`);
    child.stdin.write("\n");
  }
  return found;
}

/** Without the place, which is this tool's own call, and the class of the error. */
const reasonOf = (error: string): string => error.replaceAll(/ \(.*line \d+\)/g, "").replace(/^\w+Error: /, "");

function page(all: readonly Outcome[]): string {
  const exported = all.filter(({ error }) => error === undefined);
  const same = exported.filter(({ relative = Infinity }) => relative <= BOUND);
  const reasons = new Map<string, string[]>();
  for (const { key, error } of all) {
    if (error === undefined) continue;
    const reason = reasonOf(error);
    reasons.set(reason, [...(reasons.get(reason) ?? []), key]);
  }
  const rows = all.map(({ key, parameters, relative, error }) => {
    const size = parameters === undefined ? "" : `${(parameters / 1e6).toFixed(2)} M`;
    return `| ${key} | ${size} | ${relative === undefined ? "" : relative.toExponential(1)} | ${error ? reasonOf(error) : ""} |`;
  });
  return [
    "# The zoo in ONNX",
    "",
    "Each model of the [zoo](zoo.md), exported by `torch.onnx.export` and run in ONNX Runtime on the same inputs. Written by",
    "`tools/zoo/exports.ts`.",
    "",
    `**${all.length} models: ${same.length} give the runtime's outputs within ${BOUND} of the largest value, ` +
      `${exported.length - same.length} differ by more, ${all.length - exported.length} are not exported.**`,
    "",
    ...(reasons.size > 0 ? ["| reason | models |", "|---|---|"] : []),
    ...[...reasons].map(([reason, keys]) => `| ${reason} | ${keys.join(", ")} |`),
    "",
    "| model | parameters | largest difference | reason |",
    "|---|---:|---:|---|",
    ...rows,
    "",
  ].join("\n");
}

const words = process.argv.slice(2);
const at = words.indexOf("--env");
const env = at >= 0 ? words.splice(at, 2)[1]! : "";
const isPage = words.includes("--page");
const wanted = words.filter((word) => word !== "--page");
mkdirSync(FOLDER, { recursive: true });
const listing = spawn(join(root, "bin/layerwise"), ["python", "tools/zoo/models.py"], { cwd: root });
let listed = "";
for await (const piece of listing.stdout) listed += piece;
const keys = listed.split("\n").filter((key) => key.includes("/"));
const results = known();
const chosen = keys.filter((key) =>
  wanted.length > 0 ? wanted.some((word) => key === word || key.startsWith(`${word}/`)) : true,
);
const packages = [...new Set(chosen.map((key) => key.split("/")[0]!))];
for (const name of packages) {
  let left = chosen.filter((key) => key.startsWith(`${name}/`));
  while (left.length > 0) {
    const part = left.slice(0, PER_PROCESS);
    const found = await exportAll(part, env);
    // A process that ended early is told by the model that it was at.
    if (found.length < part.length) found.push({ key: part[found.length]!, error: "the process ended" });
    for (const outcome of found) results[outcome.key] = outcome;
    left = left.filter((key) => !found.some((outcome) => outcome.key === key));
    writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
  }
}
const all = keys.flatMap((key) => (results[key] ? [results[key]] : []));
if (isPage) writeFileSync(PAGE, page(all));
const failed = all.filter(({ error, relative = Infinity }) => error !== undefined || relative > BOUND);
console.log(`${all.length} models, ${failed.length} not the same`);
