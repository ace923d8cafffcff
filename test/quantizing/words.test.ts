/** Verdicts, the text for a terminal, and what the command line takes: figures in, words out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compressionText } from "../../src/cli/compression_text.ts";
import { mistakes, DOCUMENTS } from "../../src/cli/schema.ts";
import { timing } from "../../src/profiler/index.ts";
import type { CompressionReport, QuantizeResult } from "../../src/protocol/compress.ts";
import { PLAIN } from "../../src/profiler/text/table.ts";
import { distilledVerdict } from "../../src/runtime/proof/distilled.ts";
import { reportOf } from "../../src/runtime/proof/report.ts";
import { speedOf } from "../../src/runtime/proof/speed.ts";
import { type Figures, verdict } from "../../src/runtime/proof/verdict.ts";
import { cli } from "../cli/capture.ts";

const times = (us: number): number[] => [us, us * 1.01, us * 0.99, us, us];

function figures(change: {
  times?: [number, number];
  bytes?: [number, number];
  db?: number | null;
  broken?: number;
  metrics?: Figures["metrics"];
  changed?: number;
  kept?: string[];
  budgetDb?: number;
}): Figures {
  const [before, after] = change.times ?? [100, 80];
  const [beforeBytes, afterBytes] = change.bytes ?? [4000, 1000];
  return {
    beforeBytes,
    afterBytes,
    speed: speedOf({ before: timing(times(before)), after: timing(times(after)) }),
    output: {
      sqnrDb: change.db === undefined ? 40 : change.db,
      cosine: 1,
      maxError: 0.1,
      relativeError: 0.01,
      ...(change.broken === undefined ? {} : { broken: change.broken }),
    },
    metrics: change.metrics ?? [],
    changed: change.changed ?? 3,
    ...(change.kept === undefined ? {} : { keptForBudget: change.kept }),
    ...(change.budgetDb === undefined ? {} : { budgetDb: change.budgetDb }),
  };
}

const lower = (before: number, after: number): Figures["metrics"] => [
  { name: "perplexity", before, after, better: "lower", samples: 9 },
];
const agreed = (after: number): Figures["metrics"] => [
  { name: "top-1 agreement", before: 1, after, better: "higher", samples: 9 },
];

test("verdicts, the bad news first", () => {
  const cases: [Figures, boolean, string][] = [
    [figures({}), true, "4.0x smaller, faster (1.3x); outputs at 40.0 dB."],
    [figures({ times: [100, 101] }), true, "4.0x smaller, as fast; outputs at 40.0 dB."],
    [figures({ times: [100, 130] }), true, "Slower (1.3x), but 4.0x smaller; outputs at 40.0 dB."],
    [figures({ times: [100, 130], bytes: [4000, 4000] }), false, "Slower (1.3x) and no smaller: not worth keeping."],
    [figures({ times: [100, 100], bytes: [4000, 4100] }), false, "No faster and no smaller: not worth keeping."],
    [figures({ times: [100, 50], bytes: [4000, 4100] }), true, "Larger, faster (2.0x); outputs at 40.0 dB."],
    [figures({ times: [100, 250] }), false, "Slower (2.5x) for 4.0x smaller: not worth keeping."],
    [figures({ db: 4.23 }), false, "The outputs are mostly noise (outputs at 4.2 dB): not worth keeping."],
    [figures({ broken: 7 }), false, "7 values of the outputs became NaN or infinite: not worth keeping."],
    [figures({ db: null }), true, "4.0x smaller, faster (1.3x); outputs are the same."],
    [
      figures({ metrics: lower(12, 12.1) }),
      true,
      "4.0x smaller, faster (1.3x); outputs at 40.0 dB, perplexity 12 to 12.1.",
    ],
    [figures({ metrics: lower(12, 13) }), false, "Perplexity went from 12 to 13: not worth keeping."],
    [
      figures({ metrics: agreed(0.5) }),
      true,
      "4.0x smaller, faster (1.3x); outputs at 40.0 dB, the same answer in 50.0%.",
    ],
    [figures({ changed: 0 }), false, "Nothing was changed: no layer could be."],
    [
      figures({ changed: 0, kept: ["a"], budgetDb: 60 }),
      false,
      "Nothing was changed: the budget of 60 dB holds only with every layer kept.",
    ],
    [
      figures({ budgetDb: 50 }),
      true,
      "4.0x smaller, faster (1.3x); outputs at 40.0 dB, the budget of 50 dB does not hold.",
    ],
  ];
  for (const [given, worthKeeping, sentence] of cases)
    assert.deepEqual(verdict(given), { verdict: sentence, worthKeeping });
});

test("an output that is further off than the others is named", () => {
  const found = figures({});
  found.output.weakest = { name: "output.logvar", sqnrDb: 21.27 };
  assert.match(verdict(found).verdict, /; outputs at 40\.0 dB \(output\.logvar at 21\.3\)\.$/);
});

test("a student that nothing else judges has to come near its teacher", () => {
  const student = (db: number | null): { verdict: string; worthKeeping: boolean } =>
    distilledVerdict({ ...figures({ db }), losses: [3, 1] });
  assert.deepEqual(student(-8), {
    verdict: "Loss 3 to 1, but the outputs are not yet the teacher's (-8.0 dB): not worth keeping.",
    worthKeeping: false,
  });
  assert.match(student(4).verdict, /^Loss 3 to 1, outputs at 4\.0 dB; 4\.0x smaller/);
  assert.ok(student(4).worthKeeping);
  // The person's own metric says more.
  const judged = { ...figures({ db: -8, metrics: lower(9, 4) }), losses: [3, 1] };
  assert.match(distilledVerdict(judged).verdict, /^Perplexity 9 to 4;/);
});

test("times that jump about are not called slower", () => {
  const noisy = figures({});
  noisy.speed = speedOf({ before: timing([80, 100, 120, 90, 110]), after: timing([88, 108, 130, 96, 120]) });
  assert.match(verdict(noisy).verdict, /as fast/);
  // One side was measured while something else ran.
  const disturbed = figures({});
  disturbed.speed = speedOf({ before: timing([100, 101, 100, 102, 100]), after: timing([95, 230, 240, 260, 235]) });
  assert.match(verdict(disturbed).verdict, /as fast/);
});

function result(us: [number[], number[]] = [times(100), times(80)]): QuantizeResult {
  const difference = { sqnrDb: 30.25, cosine: 0.999, maxError: 0.02, relativeError: 0.01 };
  const { speed: _, changed: __, ...rest } = figures({ metrics: agreed(0.975) });
  const report: CompressionReport = reportOf({
    ...rest,
    name: "int4",
    description: "int4, groups of 32",
    times: { before: us[0], after: us[1] },
    changed: 1,
    layers: [
      {
        path: "up",
        type: "Linear",
        became: "int4 group 32",
        parameters: 1000,
        beforeBytes: 4000,
        afterBytes: 700,
        weight: difference,
        output: difference,
        inPlace: { ...difference, sqnrDb: null },
        beforeUs: 12,
        afterUs: 10,
      },
      {
        path: "norm",
        type: "LayerNorm",
        became: "float32",
        why: "norms stay in float",
        parameters: 2,
        beforeBytes: 8,
        afterBytes: 8,
      },
    ],
    keptForBudget: ["head"],
    losses: [2, 1],
  });
  return {
    version: 1,
    verb: "quantize",
    target: "m.py::M",
    ok: true,
    setup: { init: [], inputs: [] },
    device: "cpu",
    data: { name: "data", value: "x.npy", from: "given", why: "x.npy, 9 samples", samples: 9, isRandom: false },
    reports: [report],
    notes: ["The model gives other outputs for the same inputs."],
    file: {
      file: "/w/a.pt",
      format: "pt",
      bytes: 900,
      contents: "int4; 1 layer",
      checks: [{ sizes: {}, outputs: [], ok: true }],
    },
    stdout: "",
  };
}

test("several schemes: sensitivities stand side by side", () => {
  const [one] = result().reports;
  const alone = (sqnrDb: number | null): CompressionReport["layers"] => [
    { ...one!.layers[0]!, sensitivity: { sqnrDb, cosine: 1, maxError: 0, relativeError: 0 } },
    one!.layers[1]!,
  ];
  const reports = [
    { ...one!, layers: alone(22.04) },
    { ...one!, name: "int8", layers: alone(null) },
  ];
  const text = compressionText({ ...result(), reports }, PLAIN);
  assert.match(text, /^Layer alone +int4 +int8$/m);
  assert.match(text, /^up +22\.0 dB +exact$/m);
});

test("the text: data, verdict, overview, layers, what stayed and why, the file", () => {
  assert.deepEqual(mistakes(DOCUMENTS.quantize, JSON.parse(JSON.stringify(result()))), []);
  const text = compressionText(result(), PLAIN);
  for (const wanted of [
    /^data  x\.npy, 9 samples$/m,
    /^note  The model gives other outputs/m,
    /^int4  4\.0x smaller, faster \(1\.3x\); outputs at 40\.0 dB, the same answer in 97\.5%\.$/m,
    /^int4 +1000 B +4\.00x +80\.0 us +1\.3x faster +40\.0 dB +1\.00000 +0\.9750$/m,
    /^up +Linear +int4 group 32 +3\.91 KiB +700 B +30\.3 dB +30\.3 dB +exact +0\.02000 +12\.0 us > 10\.0 us$/m,
    /^as before: norm: norms stay in float$/m,
    /^kept for the budget: head$/m,
    /^loss 2 to 1 in 2 steps$/m,
    /^wrote \/w\/a\.pt  900 B, int4; 1 layer; read again, largest difference 0\.0e\+0$/m,
  ]) {
    assert.match(text, wanted);
  }
  assert.ok(text.indexOf("4.0x smaller") < text.indexOf("Layer"));
});

test("the row of a scheme judges its time as the verdict does", () => {
  const jumpy = result([
    [80, 100, 120, 90, 110],
    [88, 115, 130, 96, 120],
  ]);
  const { speed, verdict: sentence } = jumpy.reports[0]!;
  assert.deepEqual([speed.change, speed.factor], ["same", 1]);
  assert.match(sentence, /as fast/);
  assert.match(compressionText(jumpy, PLAIN), /^int4 +1000 B +4\.00x +115 us +as fast +40\.0 dB/m);
});

test("the command line refuses what makes no sense before anything runs", async () => {
  const target = "examples/attention.py::MultiHeadAttention";
  const cases: [string[], RegExp][] = [
    [["--scheme", "int3"], /there is no scheme 'int3'/],
    [["--scheme", ","], /--scheme names none/],
    [["--group", "ten"], /--group 'ten' is no whole number/],
    [["--budget", "much"], /--budget 'much' is no number/],
    [["--method", "magic"], /magic/],
    [["--symmetric", "maybe"], /maybe/],
    [["--out", ""], /--out needs the name of a file/],
    [["--data", "::f"], /--data needs the name of a file/],
  ];
  for (const [words, wanted] of cases) {
    const { code, error } = await cli("quantize", target, ...words);
    assert.equal(code, 2, words.join(" "));
    assert.match(error, wanted);
  }
});
