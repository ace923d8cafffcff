/** The bars that the project set itself, held against what was measured. Pure: rows in, verdicts out. */
import { medianMs, type Bar, type Row } from "./results.ts";

/** `copyGbps` is what PyTorch's own copy reached on this machine in this run. */
export type Judge = (row: Row, copyGbps: number) => Bar[];

function ratioBar(bar: string, ratio: number, least: number): Bar {
  const measured = Number.isFinite(ratio) ? ratio.toFixed(2) : "not measured";
  return { bar, measured, holds: Number.isFinite(ratio) ? ratio >= least : null };
}

/** Above 1: ours is faster. */
export const speedAgainst = (row: Row, other: "torch" | "compiled"): number =>
  medianMs(row.sides[other]) / medianMs(row.sides.ours);

export const matmulBars: Judge = (row) => [ratioBar("at least 0.95 of PyTorch", speedAgainst(row, "torch"), 0.95)];

export const attentionBars: Judge = (row) => [ratioBar("at least 0.8 of PyTorch", speedAgainst(row, "torch"), 0.8)];

export const elementwiseBars: Judge = (row, copyGbps) => {
  const ours = row.bytes / medianMs(row.sides.ours) / 1e6;
  return [ratioBar("at least 0.9 of the bandwidth of PyTorch's copy", ours / copyGbps, 0.9)];
};

export const trainingBars: Judge = (row) => {
  const [theirs, ours] = [row.sides.torch?.peakBytes ?? 0, row.sides.ours?.peakBytes ?? 0];
  const isKnown = theirs > 0 && ours > 0;
  return [
    ratioBar("no slower than torch.compile", speedAgainst(row, "compiled"), 1),
    {
      bar: "peak memory no higher than PyTorch's",
      measured: isKnown ? `${(ours / theirs).toFixed(2)} of it` : "not measured",
      holds: isKnown ? ours <= theirs : null,
    },
  ];
};
