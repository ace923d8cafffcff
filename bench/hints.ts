/**
 * How long hints take: from a request of the language server to its answer, for files of several lengths, cold and after
 * an edit. Writes a table; asserts nothing, because times depend on the machine.
 *
 *   node bench/hints.ts [--rounds N]
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RuntimeHost } from "../src/runtime/host/host.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const ROUNDS = Number(values.rounds);
/** Typing has pauses; the interpreter tidies up in them. */
const PAUSE_MS = 60;

const folder = mkdtempSync(join(tmpdir(), "layerwise-hints-"));
const example = join(import.meta.dirname, "../examples/gpt.py");

/** A file of about so many lines: blocks of a transformer under names of their own. */
function long(lines: number): string {
  const head = ["import torch", "import torch.nn as nn", "import torch.nn.functional as F", "", ""];
  const parts: string[] = [];
  for (let n = 0; head.length + parts.length < lines; n++) parts.push(...block(n));
  return [...head, ...parts].join("\n");
}

function block(n: number): string[] {
  return [
    `class Block${n}(nn.Module):`,
    `    """Block ${n}: attention and a feed-forward network."""`,
    "",
    "    def __init__(self, dim=64, heads=4):",
    "        super().__init__()",
    "        self.heads = heads",
    "        self.norm_1 = nn.LayerNorm(dim)",
    "        self.qkv = nn.Linear(dim, 3 * dim)",
    "        self.out = nn.Linear(dim, dim)",
    "        self.norm_2 = nn.LayerNorm(dim)",
    "        self.up = nn.Linear(dim, 4 * dim)",
    "        self.down = nn.Linear(4 * dim, dim)",
    "",
    "    def forward(self, x):",
    "        B, T, C = x.shape",
    "        h = self.norm_1(x)",
    "        q, k, v = self.qkv(h).split(C, dim=-1)",
    "        q = q.view(B, T, self.heads, C // self.heads).transpose(1, 2)",
    "        k = k.view(B, T, self.heads, C // self.heads).transpose(1, 2)",
    "        v = v.view(B, T, self.heads, C // self.heads).transpose(1, 2)",
    "        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)",
    "        y = y.transpose(1, 2).reshape(B, T, C)",
    "        x = x + self.out(y)",
    "        h = F.gelu(self.up(self.norm_2(x)))",
    "        return x + self.down(h)",
    "",
    "",
  ];
}

interface Case {
  name: string;
  file: string;
  /** The targets that an editor asks for first; all of them when absent. */
  only?: string[];
}

const cases: Case[] = [{ name: "examples/gpt.py, block in view", file: "gpt.py", only: ["Block", "MLP"] }];
copyFileSync(example, join(folder, "gpt.py"));
cases.push({
  name: "examples/gpt.py, all classes",
  file: "gpt.py",
  only: ["CausalSelfAttention", "MLP", "Block", "GPT"],
});
for (const lines of [100, 500, 2000]) {
  const file = `lines_${lines}.py`;
  writeFileSync(join(folder, file), long(lines));
  cases.push({ name: `${lines} lines, two classes in view`, file, only: ["Block0", "Block1"] });
  if (lines < 2000) cases.push({ name: `${lines} lines, all classes`, file });
}

const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1]!;
const rest = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

const began = performance.now();
const host = await RuntimeHost.start({ core: { metaOnly: true } });
const startMs = performance.now() - began;
const rows: string[] = [];
for (const { name, file, only } of cases) {
  const target = join(folder, file);
  const text = readFileSync(target, "utf8");
  const ask = async (edited: string, symbols = false): Promise<number> => {
    const before = performance.now();
    const result = await host.request("analyse", { target, overlay: { [target]: edited }, only, symbols });
    const passed = performance.now() - before;
    const hints = result.targets.reduce((n, each) => n + each.hints.length, 0);
    if (!result.ok || hints === 0) throw new Error(`${name}: no hints`);
    await rest();
    return passed;
  };
  const first = await ask(text);
  const edits: number[] = [];
  const named: number[] = [];
  for (let n = 1; n <= ROUNDS; n++) {
    const edited = text.replace(/(def forward[^]*?)( {8}return )/, `$1        edit = ${n}\n$2`);
    edits.push(await ask(edited));
    if (n % 3 === 0) named.push(await ask(edited, true));
  }
  const fastest = Math.min(...edits);
  rows.push(
    `| ${name} | ${first.toFixed(0)} | ${median(edits).toFixed(1)} | ${fastest.toFixed(1)} | ${median(named).toFixed(0)} |`,
  );
  console.error(rows.at(-1));
}
await host.close();
rmSync(folder, { recursive: true });

console.log(`Machine: ${cpus()[0]?.model}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)}.`);
console.log(`Start of the hints process: ${startMs.toFixed(0)} ms. Milliseconds from request to answer:\n`);
console.log("| file | first | after an edit, median | fastest | with names of dimensions |");
console.log("|---|---:|---:|---:|---:|");
console.log(rows.join("\n"));
