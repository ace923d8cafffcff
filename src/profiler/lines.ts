/** Time, work and memory by the user's source line. Pure: the text of a line comes from the caller. */
import type { LineRow } from "../protocol/results.ts";
import type { SourceLocation } from "../protocol/source.ts";
import type { Trace } from "../protocol/trace.ts";
import {
  PHASES,
  StepSums,
  isOp,
  nameOf,
  phaseIndex,
  share,
  stepCount,
  stepOfKernel,
  stepOfMemory,
  stepOfOp,
} from "./steps.ts";

/** The text of a line, 1-based; undefined when the file cannot be read. */
export type ReadLine = (file: string, line: number) => string | undefined;

/** The row for time that belongs to no user line; its line is 0. */
export const NO_LINE: SourceLocation = { file: "<no line>", line: 0 };

interface Lines {
  places: SourceLocation[];
  ofOp(op: number): number;
}

/** Most time first. */
export function lines(trace: Trace, readLine: ReadLine = () => undefined): LineRow[] {
  const { places, ofOp } = linesOf(trace);
  const nSteps = stepCount(trace);
  const timeUs = new StepSums(places.length * PHASES.length, nSteps);
  const flops = new StepSums(places.length, nSteps);
  const bytes = new StepSums(places.length, nSteps);
  const allocated = new StepSums(places.length, nSteps);
  const calls = new StepSums(places.length, nSteps);
  const opTime = places.map(() => new Map<number, number>());

  trace.ops.forEach((op, index) => {
    const line = ofOp(index);
    const step = stepOfOp(trace, index);
    flops.add(line, step, op.flops);
    bytes.add(line, step, op.bytes);
    calls.add(line, step, 1);
    if (!opTime[line]!.has(op.name)) opTime[line]!.set(op.name, 0);
  });
  for (const kernel of trace.kernels) {
    const op = isOp(trace, kernel.op) ? trace.ops[kernel.op] : undefined;
    const line = ofOp(kernel.op);
    const phase = phaseIndex(op?.phase ?? "other");
    timeUs.add(line * PHASES.length + phase, stepOfKernel(trace, kernel), kernel.durationUs);
    if (op) opTime[line]!.set(op.name, (opTime[line]!.get(op.name) ?? 0) + kernel.durationUs);
  }
  for (const event of trace.memory) {
    if (event.sizeBytes > 0 && isOp(trace, event.op)) {
      allocated.add(ofOp(event.op), stepOfMemory(trace, event), event.sizeBytes);
    }
  }

  const rows = places.map((source, line): LineRow => {
    const time = PHASES.map((_, phase) => timeUs.perStep(line * PHASES.length + phase));
    const hottest = [...opTime[line]!].sort((a, b) => b[1] - a[1])[0];
    return {
      source,
      text: source.line > 0 ? (readLine(source.file, source.line) ?? "").trim() : "",
      totalUs: time.reduce((sum, value) => sum + value, 0),
      forwardUs: time[phaseIndex("forward")]!,
      backwardUs: time[phaseIndex("backward")]!,
      share: 0,
      flops: flops.perStep(line),
      bytes: bytes.perStep(line),
      allocatedBytes: allocated.perStep(line),
      calls: calls.perStep(line),
      hottest: hottest ? nameOf(trace, hottest[0]) : "",
    };
  });
  const allUs = rows.reduce((sum, row) => sum + row.totalUs, 0);
  for (const row of rows) row.share = share(row.totalUs, allUs);
  return rows
    .filter((row) => row.source.line > 0 || row.totalUs > 0)
    .sort(
      (a, b) => b.totalUs - a.totalUs || a.source.file.localeCompare(b.source.file) || a.source.line - b.source.line,
    );
}

/** Expressions of one line share its row; line 0 of the table is the row without a place. */
function linesOf(trace: Trace): Lines {
  const places: SourceLocation[] = [NO_LINE];
  const rowOfPlace = new Map<string, number>();
  const rowOfSource = trace.sources.map((source) => {
    const key = `${source.line} ${source.file}`;
    const known = rowOfPlace.get(key);
    if (known !== undefined) return known;
    rowOfPlace.set(key, places.length);
    places.push({ file: source.file, line: source.line });
    return places.length - 1;
  });
  const used = new Set([0]);
  for (const op of trace.ops) used.add(rowOfSource[op.source] ?? 0);
  const kept = [...used].sort((a, b) => a - b);
  const newRow = new Map(kept.map((row, index) => [row, index]));
  return {
    places: kept.map((row) => places[row]!),
    ofOp: (op) => (isOp(trace, op) ? newRow.get(rowOfSource[trace.ops[op]!.source] ?? 0)! : 0),
  };
}
