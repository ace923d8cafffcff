/** CUDA graphs from Python down to the driver's capture: at once, and as late and as shuffled as may be. */
import "./emulation.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isBuilt, layerwise, script } from "./command.ts";

const skip = isBuilt ? false : "native/bin/linux-x64/cuda.node is not built";

test("a profile counts each replay as one piece of work, and goes on after a capture", { skip }, () => {
  const { status, out } = layerwise(["profile", script("replayed.py"), "--json"]);
  assert.equal(status, 0, out);
  const { kernels } = JSON.parse(out) as { kernels: { name: string; calls: number }[] };
  const calls = (name: string): number => kernels.find((k) => k.name === name)?.calls ?? 0;
  assert.deepEqual([calls("graph_launch"), calls("matmul"), calls("reduce")], [3, 1, 1]);
});

for (const [how, environment] of [
  ["at once, in order", {}],
  ["as late as may be, shuffled", { LAYERWISE_EMULATION_DEFER: "1", LAYERWISE_EMULATION_ORDER: "4" }],
] as const) {
  test(
    `capture, replay, pools, random numbers, training steps, callables, refusals: kernels run ${how}`,
    { skip },
    () => {
      const { status, out } = layerwise(["python", script("graphs.py")], environment);
      assert.equal(out, "all of it holds\n");
      assert.equal(status, 0);
    },
  );
}
