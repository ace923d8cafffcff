/**
 * What an editor waits for: from opening a file to lenses and to the first hints, with a process that starts for it, and
 * from an edit to hints that know of it. Through the protocol, as an editor asks. Writes a table; asserts nothing.
 *
 *   node bench/language_server.ts [--rounds N]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { TestClient } from "../test/language/client.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" } } });
const ROUNDS = Number(values.rounds);
const POLL_MS = 1;
/** Typing has pauses; the interpreter tidies up in them. */
const PAUSE_MS = 100;

const folder = mkdtempSync(join(tmpdir(), "layerwise-server-"));
const file = join(folder, "gpt.py");
const text = readFileSync(join(import.meta.dirname, "../examples/gpt.py"), "utf8");

async function until(isDone: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  return performance.now() - began;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const median = (samples: number[]): number => samples.toSorted((a, b) => a - b)[samples.length >> 1]!;

const rows: Record<string, number[]> = {
  "server started": [],
  "file opened: lenses": [],
  "file opened: first hints": [],
  "file opened: everything, names too": [],
  "lenses again": [],
  "edit: hints of the edited block": [],
};

/** Adds a line that makes a tensor of one more dimension each time, and waits for its hint. */
async function edits(client: TestClient): Promise<number[]> {
  const samples: number[] = [];
  let before = "        return self.dropout(self.c_proj(";
  if (!text.includes(before)) before = /^ {8}return .*$/m.exec(text.slice(text.indexOf("class ")))![0];
  for (let round = 0; round < ROUNDS; round++) {
    const name = `probe_${round}`;
    const added = `        ${name} = x.unsqueeze(0)\n${before}`;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const began = performance.now();
    await client.edit(file, before, added);
    await until(async () => {
      const hints = await client.hints(file);
      const line = client
        .text(file)
        .split("\n")
        .findIndex((content) => content.includes(`${name} =`));
      return hints.some(({ position }) => position.line === line);
    });
    samples.push(performance.now() - began);
    await client.whenDone(file);
    await client.edit(file, `        ${name} = x.unsqueeze(0)\n`, "");
    await client.whenDone(file);
  }
  return samples;
}

for (let round = 0; round < ROUNDS; round++) {
  writeFileSync(file, text);
  const client = new TestClient();
  rows["server started"]!.push(await timed(() => client.start(folder)));
  const opened = performance.now();
  await client.open(file, text);
  await client.lenses(file);
  rows["file opened: lenses"]!.push(performance.now() - opened);
  await until(async () => (await client.hints(file)).length > 0);
  rows["file opened: first hints"]!.push(performance.now() - opened);
  await client.whenDone(file);
  rows["file opened: everything, names too"]!.push(performance.now() - opened);
  rows["lenses again"]!.push(await timed(() => client.lenses(file)));
  if (round === ROUNDS - 1) rows["edit: hints of the edited block"] = await edits(client);
  await client.stop();
}
rmSync(folder, { recursive: true });

console.log(`Machine: ${cpus()[0]!.model.trim()}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)}.`);
console.log(`examples/gpt.py, ${ROUNDS} rounds, milliseconds:\n`);
console.log("| | median | fastest | slowest |\n|---|---:|---:|---:|");
for (const [name, samples] of Object.entries(rows)) {
  const cells = [median(samples), Math.min(...samples), Math.max(...samples)].map((ms) => ms.toFixed(1));
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}
