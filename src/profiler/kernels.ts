/** Kernel time by kernel name, with the columns of `torch.profiler`'s `key_averages().table()`. Pure. */
import type { KernelRow } from "../protocol/results.ts";
import type { Trace } from "../protocol/trace.ts";
import { StepSums, isOp, nameOf, share, stepCount, stepOfKernel } from "./steps.ts";

/** Most time first. Kernels never nest, so total and self agree; both stay, because that is where people look. */
export function kernels(trace: Trace): KernelRow[] {
  const cells = new Map<number, number>();
  for (const kernel of trace.kernels) {
    if (!cells.has(kernel.name)) cells.set(kernel.name, cells.size);
  }
  const nSteps = stepCount(trace);
  const timeUs = new StepSums(cells.size, nSteps);
  const calls = new StepSums(cells.size, nSteps);
  const bytes = new StepSums(cells.size, nSteps);
  const flops = new StepSums(cells.size, nSteps);
  const opTime = [...cells].map(() => new Map<string, number>());
  for (const kernel of trace.kernels) {
    const cell = cells.get(kernel.name)!;
    const step = stepOfKernel(trace, kernel);
    timeUs.add(cell, step, kernel.durationUs);
    calls.add(cell, step, 1);
    bytes.add(cell, step, kernel.bytes);
    flops.add(cell, step, kernel.flops);
    const op = isOp(trace, kernel.op) ? nameOf(trace, trace.ops[kernel.op]!.name) : "(no op)";
    opTime[cell]!.set(op, (opTime[cell]!.get(op) ?? 0) + kernel.durationUs);
  }
  const rows = [...cells].map(([name, cell]): KernelRow => {
    const selfUs = timeUs.perStep(cell);
    const nCalls = calls.perStep(cell);
    return {
      name: nameOf(trace, name),
      selfUs,
      selfShare: 0,
      totalUs: selfUs,
      totalShare: 0,
      averageUs: nCalls > 0 ? selfUs / nCalls : 0,
      calls: nCalls,
      selfBytes: bytes.perStep(cell),
      flops: flops.perStep(cell),
      ops: [...opTime[cell]!].sort((a, b) => b[1] - a[1]).map(([op]) => op),
    };
  });
  const allUs = rows.reduce((sum, row) => sum + row.selfUs, 0);
  for (const row of rows) {
    row.selfShare = share(row.selfUs, allUs);
    row.totalShare = row.selfShare;
  }
  return rows.sort((a, b) => b.selfUs - a.selfUs || a.name.localeCompare(b.name));
}
