/** Between two runs of one process nothing of the first is left on the GPU: captures, streams, limits, switches, seeds. */
import "./emulation.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createCore } from "../../src/runtime/core.ts";
import { cuda } from "../../src/runtime/cuda/system.ts";
import { switches } from "../../src/runtime/cuda/switches.ts";
import { deviceById } from "../../src/runtime/device.ts";
import { float32 } from "../../src/runtime/dtype.ts";
import { readScalar } from "../../src/runtime/launch.ts";
import { full } from "../../src/runtime/ops/create.ts";
import { Stream } from "../../src/runtime/native/stream.ts";
import { Scope } from "../../src/runtime/tensor.ts";
import { isBuilt } from "./command.ts";

describe("a run leaves nothing behind", { skip: isBuilt ? false : "cuda.node is not built" }, () => {
  const core = createCore({ cudaAddon: process.env.LAYERWISE_CUDA_ADDON });
  after(() => core.close());
  const call = (name: string, ...args: unknown[]): unknown =>
    (core.functions[name] as (...a: unknown[]) => unknown)(...args);

  /** Runs on the GPU from making a tensor to reading it. */
  function computes(): void {
    const mark = Scope.enter();
    const x = full([3], 2, float32, deviceById(16));
    assert.equal(readScalar(x), 2);
    Scope.exit(mark);
  }

  /** What a run may do, and not undo. */
  function leaveThingsBehind(): void {
    const stream = call("cuda_new_stream", 0, 0) as number;
    call("cuda_use_stream", 0, stream);
    call("cuda_set_limit", 0, 1 << 30);
    call("cuda_set_switch", "matmulTf32", true);
    call("cuda_set_sync_debug", 0, 2);
    call("cuda_configure_allocator", "max_split_size_mb:32");
    const graph = call("cuda_new_graph", 0) as number;
    assert.equal(call("cuda_graph_begin", graph, 0), 1);
    assert.equal(call("cuda_is_capturing", 0), true);
  }

  function assertClean(): void {
    const [device] = cuda.opened;
    assert.equal(call("cuda_is_capturing", 0), false);
    assert.deepEqual([device!.currentStream, device!.allocator.stream, device!.allocator.capturing], [0, 0, 0]);
    assert.deepEqual([device!.allocator.limitBytes, device!.syncDebug, switches.matmulTf32], [Infinity, 0, false]);
    computes();
    assert.ok((device!.addon.takeError() ?? "") === "");
  }

  test("a capture that was never ended, another stream, a limit, a switch", () => {
    assert.equal(call("cuda_open"), 1);
    computes();
    leaveThingsBehind();
    core.reset();
    assertClean();
  });

  test("the same when the run was cancelled in the middle", () => {
    leaveThingsBehind();
    const [device] = cuda.opened;
    Atomics.store(device!.stream.control, Stream.cancelIndex, 1);
    device!.command("graph_end", 0);
    core.reset();
    assertClean();
  });

  test("a graph of the run before is gone, and its number may be used again", () => {
    const graph = call("cuda_new_graph", 0) as number;
    call("cuda_use_stream", 0, call("cuda_new_stream", 0, 0));
    call("cuda_graph_begin", graph, 0);
    assert.equal(call("cuda_graph_end", graph), 1);
    assert.equal(call("cuda_graph_replay", graph), 1);
    core.reset();
    assert.equal(call("cuda_graph_replay", graph), -1);
    assert.match(String(call("error_message")), /has been freed/);
    const next = call("cuda_new_graph", 0) as number;
    assert.equal(call("cuda_graph_replay", next), -1);
    assert.match(String(call("error_message")), /without a preceding successful capture/);
    core.reset();
    assertClean();
  });
});
