/** Models that were trained on a real text, a GPT and a convolutional net, through every scheme: what is left of them. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { CompressionReport, QuantizeRequest } from "../../src/protocol/compress.ts";
import { python } from "../models/command.ts";
import { close, done, fixtures, folder, root } from "./runtime.ts";

after(close);

const STEPS = "150";
const gpt = `${join(folder, "gpt.py")}::GPT`;
const conv = `${join(folder, "letters.py")}::Letters`;
const data = `${join(folder, "letters.py")}::held_out`;
const GPT_INIT = "GPTConfig(vocab_size=96, n_layer=2, n_embd=64)";

before(() => {
  copyFileSync(join(fixtures, "letters.py"), join(folder, "letters.py"));
  copyFileSync(join(root, "examples/gpt.py"), join(folder, "gpt.py"));
  copyFileSync(join(root, "examples/data/moby_dick.txt"), join(folder, "text.txt"));
  for (const kind of ["gpt", "conv"]) {
    const loss = Number(python(join(folder, "letters.py"), kind, join(folder, "text.txt"), weights(kind), STEPS));
    assert.ok(loss < 3, `${kind} has not learned: ${loss}`);
  }
});

function weights(kind: string): string {
  return join(folder, `${kind}.pt`);
}

async function reports(kind: "gpt" | "conv", request: Omit<QuantizeRequest, "target">): Promise<CompressionReport[]> {
  const init = kind === "gpt" ? { init: `config=${GPT_INIT}` } : {};
  const target = kind === "gpt" ? gpt : conv;
  return (await done(target, { ...init, weights: weights(kind), data, ...request })).reports;
}

function metric({ metrics }: CompressionReport, name: string): { before: number; after: number } {
  const found = metrics.find((each) => each.name === name);
  assert.ok(found, `no ${name} among ${metrics.map((each) => each.name).join(", ")}`);
  return found;
}

for (const kind of ["gpt", "conv"] as const) {
  test(`${kind} through every scheme: perplexity on text that it has not seen`, async () => {
    const schemes = ["dynamic", "static", "int8", "int4", "nf4", "fp4", "fp8", "fp16", "bf16"] as const;
    for (const made of await reports(kind, { schemes: [...schemes] })) {
      const perplexity = metric(made, "perplexity");
      assert.ok(perplexity.before < 25, `${perplexity.before}`);
      const loss = perplexity.after / perplexity.before - 1;
      assert.ok(Math.abs(loss) < (/4/.test(made.name) ? 0.15 : 0.02), `${made.name} loses ${loss}`);
      assert.ok(metric(made, "top-1 agreement").after > (/4/.test(made.name) ? 0.75 : 0.93), made.name);
      assert.ok(made.afterBytes < made.beforeBytes * (made.name.endsWith("16") ? 0.6 : 0.4), made.name);
      assert.ok(made.output.sqnrDb! > 12, `${made.name} ${made.output.sqnrDb}`);
    }
  });

  test(`${kind}: GPTQ is nearer than nearest, on inputs it was not made with`, async () => {
    const [nearest] = await reports(kind, { schemes: ["int4"], group: 0, symmetric: true });
    const [gptq] = await reports(kind, { schemes: ["int4"], group: 0, symmetric: true, method: "gptq" });
    assert.ok(gptq!.output.sqnrDb! > nearest!.output.sqnrDb!, `${gptq!.output.sqnrDb} ${nearest!.output.sqnrDb}`);
  });

  test(`${kind}: training with rounding`, async () => {
    const [made] = await reports(kind, { schemes: ["qat"], steps: 24 });
    assert.equal(made!.losses!.length, 24);
    const [early, late] = [made!.losses!.slice(0, 8), made!.losses!.slice(16)].map(mean) as [number, number];
    assert.ok(late < early, `${early} to ${late}`);
    const perplexity = metric(made!, "perplexity");
    assert.ok(perplexity.after < perplexity.before, JSON.stringify(perplexity));
    // The model itself was not trained: its own figure is that of the other schemes.
    const [untouched] = await reports(kind, { schemes: ["int8"] });
    assert.equal(metric(untouched!, "perplexity").before, perplexity.before);
  });
}

test("train_gpt.py saves what it trained, and says what its own held-out text is", async () => {
  copyFileSync(join(root, "examples/train_gpt.py"), join(folder, "train_gpt.py"));
  mkdirSync(join(folder, "data"));
  copyFileSync(join(root, "examples/data/moby_dick.txt"), join(folder, "data/moby_dick.txt"));
  const small = ["--layers", "1", "--width", "32", "--sample", "0", "--steps", "60", "--lr", "5e-3"];
  const said = python(join(folder, "train_gpt.py"), ...small, "--hold-out", "--out", join(folder, "own.pt"));
  const config = /weights of GPT\((GPTConfig\(.*\))\) are in/.exec(said)?.[1];
  assert.ok(config, said);
  const { reports } = await done(gpt, {
    init: `config=${config}`,
    weights: join(folder, "own.pt"),
    data: `${join(folder, "train_gpt.py")}::held_out`,
    schemes: ["int8"],
  });
  const { before, after } = metric(reports[0]!, "perplexity");
  assert.ok(before < 25 && Math.abs(after / before - 1) < 0.01, `${before} to ${after}`);
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
