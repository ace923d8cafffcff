/** The CUDA engine on the emulated driver: order, errors, memory, streams and events, cancelling, copies of any size. */
import "./emulation.ts";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CudaAddon, CudaEngine } from "../../src/runtime/native/addon.ts";
import { CANCEL, DONE, ERROR, HEAD, loadAddon, Machine, RECORD, whyMissing, type Addon } from "../native/harness.ts";

describe("the CUDA engine", { skip: whyMissing }, () => {
  const engine = (whyMissing ? undefined : loadAddon()) as unknown as CudaEngine;
  const m = whyMissing ? (undefined as unknown as Machine) : new Machine(engine as unknown as Addon, 1 << 12);
  after(() => m?.close());
  const MUL = { compute: "float32", inputs: 2, constants: 0, temporaries: 1, code: [["mul", 2, 0, 1]], outputs: [2] };

  test("commands run in order, also around the end of the ring", () => {
    const x = m.tensor([1], "float32");
    const two = m.tensor([1.001], "float32");
    const program = m.define(MUL as never);
    for (let i = 0; i < 1000; i++) m.pointwise(program, [x, two], [x]);
    assert.ok(Math.abs(m.read(x)[0]! - 1.001 ** 1000) < 1e-3);
    assert.equal(Atomics.load(m.control, DONE), m.submitted);
    m.releaseAll();
  });

  test("issuing hands commands over without waiting for them", () => {
    const x = m.tensor([3], "float32");
    m.launch("fill_zero", x.pointer, 4);
    assert.equal(engine.issue(m.submitted), true);
    assert.notEqual(Atomics.load(m.control, HEAD), 0);
    assert.deepEqual(m.read(x), [0]);
    m.releaseAll();
  });

  test("copies larger than the pinned chunks, both ways", () => {
    const n = (9 << 20) + 3;
    const sent = new Uint8Array(n).map((_, i) => (i * 7919) >> 3);
    const pointer = m.allocate(n);
    engine.write(pointer, sent);
    const got = m.readBytes(pointer, n);
    assert.ok(Buffer.compare(sent, got) === 0);
    m.releaseAll();
  });

  test("a copy beyond its block is an error of the driver, in words", () => {
    const block = engine.allocate(1024);
    assert.equal(engine.write(block, new Uint8Array(2048)), false);
    assert.match(
      engine.takeError()!,
      /^CUDA error: CUDA_ERROR_INVALID_VALUE: invalid argument \(while copying to the GPU\)$/,
    );
    assert.equal(Atomics.load(m.control, ERROR), 0);
    engine.release(block, 1024);
  });

  test("an error names the command; what comes behind it still runs", () => {
    const x = m.tensor([5], "float32");
    const program = m.define(MUL as never);
    m.submit("pointwise", [program, 1, 1, 0, 1, x.pointer, 6, 1]);
    const failed = m.submitted;
    m.launch("fill_zero", x.pointer, 4);
    assert.equal(engine.wait(m.submitted), false);
    assert.equal(Atomics.load(m.control, ERROR), failed);
    assert.match(engine.takeError()!, /disagree/);
    assert.deepEqual(m.read(x), [0]);
    m.releaseAll();
  });

  test("an index out of bounds is reported when somebody waits, once", () => {
    const index = m.tensor([0n, 3n, -1n, 7n], "int64");
    m.launch("check_indices", index.pointer, 4, 4, -4, 8);
    m.sync();
    m.launch("check_indices", index.pointer, 4, 4, 0, 8);
    assert.throws(() => m.sync(), /^Error: IndexError: index -1 is out of bounds: expected 0 <= index < 8$/);
    m.sync();
    m.releaseAll();
  });

  test("a cancelled engine skips what waits, and goes on when the word is cleared", () => {
    const x = m.tensor([5], "float32");
    Atomics.store(m.control, CANCEL, 1);
    m.launch("fill_zero", x.pointer, 4);
    assert.equal(engine.wait(m.submitted), false);
    Atomics.store(m.control, CANCEL, 0);
    assert.deepEqual(m.read(x), [5]);
    m.releaseAll();
  });

  test("memory: figures, the end of it, blocks of another size", () => {
    const before = engine.memoryInfo();
    const block = engine.allocate(100 << 20);
    assert.equal(before.freeBytes - engine.memoryInfo().freeBytes, 100 << 20);
    assert.throws(() => engine.release(block, 1), /another size/);
    engine.release(block, 100 << 20);
    assert.equal(engine.allocate(before.totalBytes + 1), 0);
    assert.equal(engine.takeError(), undefined);
    const host = engine.allocateHost(1 << 20);
    assert.ok(host > 0);
    engine.releaseHost(host, 1 << 20);
  });

  test("streams and events", () => {
    const x = m.tensor([2], "float32");
    const second = engine.createStream(0);
    const [start, end] = [engine.createEvent(), engine.createEvent()];
    m.launch("event_record", start);
    m.launch("stream_use", second);
    m.launch("event_wait", start);
    m.launch("fill_zero", x.pointer, 4);
    m.launch("event_record", end);
    m.launch("stream_use", 0);
    m.launch("event_wait", end);
    m.sync();
    assert.ok(engine.queryEvent(end) && engine.queryStream(second));
    assert.ok(engine.elapsedMs(start, end) >= 0);
    assert.deepEqual(m.read(x), [0]);
    engine.destroyEvent(start);
    assert.equal(engine.createEvent(), start, "the number is used again");
    m.launch("stream_use", 99);
    assert.throws(() => m.sync(), /no such stream/);
    m.releaseAll();
  });

  test("events of launches while recording, in order and on the host's clock", () => {
    const x = m.tensor([2], "float32");
    Atomics.store(m.control, RECORD, 1);
    const before = engine.now();
    const first = m.launch("fill_zero", x.pointer, 4);
    m.launch("fill_zero", x.pointer, 4);
    m.sync();
    const words = new Float64Array(40);
    assert.equal(engine.events(words), 2);
    Atomics.store(m.control, RECORD, 0);
    assert.deepEqual([words[0], words[4]], [first, first + 1]);
    assert.ok(words[1]! >= before - 1000 && words[1]! <= engine.now() + 1000);
    assert.ok(words[2]! >= 0 && words[5]! >= words[1]!);
    m.releaseAll();
  });

  test("two engines in one process are apart", () => {
    const path = process.env.LAYERWISE_CUDA_ADDON ?? "../../native/bin/linux-x64/cuda.node";
    const resolved = path.startsWith("/") ? path : fileURLToPath(new URL(path, import.meta.url));
    const addon = createRequire(import.meta.url)(resolved) as CudaAddon;
    const other = new Machine(addon.device(0) as unknown as Addon, 1 << 10);
    const y = other.tensor([4], "float32");
    const program = other.define({ ...MUL, inputs: 1, code: [["square", 1, 0]], outputs: [1] } as never);
    other.pointwise(program, [y], [y]);
    assert.deepEqual(other.read(y), [16]);
    other.close();
    assert.throws(() => addon.device(7), /no GPU of this number/);
  });
});
