/** Copies beside computing: right with the waits that PyTorch asks for, and shown to be wrong without them. */
import "./emulation.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isBuilt, layerwise, script } from "./command.ts";

const skip = isBuilt ? false : "native/bin/linux-x64/cuda.node is not built";
const LATE = { LAYERWISE_EMULATION_DEFER: "1" };
const AHEAD = { LAYERWISE_EMULATION_DEFER: "2" };

for (const [how, environment] of [
  ["at once", {}],
  ["as late as may be", LATE],
  ["as late as may be, shuffled", { ...LATE, LAYERWISE_EMULATION_ORDER: "6" }],
  ["ahead of what computes", AHEAD],
] as const) {
  test(`a prefetcher, pinned batches, results into pinned memory: copies happen ${how}`, { skip }, () => {
    const { status, out } = layerwise(["python", script("overlap.py")], environment);
    assert.equal(out, "all of it holds\n");
    assert.equal(status, 0);
  });
}

for (const [left, environment] of [
  ["wait", LATE],
  ["record", AHEAD],
] as const) {
  test(`without '${left}' the program is wrong, and the emulated GPU shows it`, { skip }, () => {
    const { status, out } = layerwise(["python", script("overlap.py"), left], environment);
    assert.equal(status, 1);
    assert.match(out, /AssertionError: batch \d/);
  });
}
