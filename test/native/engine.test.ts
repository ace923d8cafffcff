/**
 * The command ring, the engine's thread, cancel, errors, events and teardown, on the real addon. What kernels compute
 * is tested elsewhere.
 */
import assert from "node:assert/strict";
import { test, describe, after } from "node:test";
import { readdirSync } from "node:fs";
import { Worker } from "node:worker_threads";
import {
  ASLEEP,
  CANCEL,
  DONE,
  ERROR,
  HEAD,
  Machine,
  RECORD,
  SUBMITTED,
  TAIL,
  addonPath,
  loadAddon,
  open,
  randomSource,
  whyMissing,
  type Tensor,
} from "./harness.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A product that keeps one thread busy for some tens of milliseconds. */
function longProduct(machine: Machine, n = 1200): () => number {
  const a = machine.allocate(n * n * 4);
  const c = machine.allocate(n * n * 4);
  machine.launch("fill_zero", a, n * n * 4);
  machine.sync();
  return () => machine.submit("matmul", [6, 0, n, n, n, 1, 0, a, n, 1, a, n, 1, c, n, 0]);
}

function addOne(machine: Machine): (x: Tensor) => number {
  const program = machine.define({
    compute: "float32",
    inputs: 1,
    constants: 1,
    temporaries: 1,
    code: [["add", 2, 0, 1]],
    outputs: [2],
  });
  return (x) => machine.pointwise(program, [x], [x], [1]);
}

async function until(condition: () => boolean, what: string, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) assert.fail(`${what} did not happen within ${limitMs} ms`);
    await sleep(1);
  }
}

describe("engine", { skip: whyMissing }, () => {
  const machine = whyMissing ? (undefined as unknown as Machine) : open(1 << 12);
  after(() => machine?.close());

  test("info, kernels and opcodes describe the build", () => {
    const info = machine.addon.info();
    assert.match(info.isa, /^v[234]$/);
    assert.ok(info.threads >= 1);
    assert.ok(info.physicalBytes > 1e8);
    const kernels = machine.addon.kernels();
    assert.equal(kernels[0], "skip");
    assert.equal(new Set(kernels).size, kernels.length);
    for (const name of ["pointwise", "matmul", "copy_bytes", "fill_zero"]) assert.ok(kernels.includes(name), name);
    assert.equal(machine.addon.opcodes()[0], "mov");
  });

  test("copies and clears memory", () => {
    for (const bytes of [0, 1, 63, 64, 65, 4097, 1_000_003]) {
      const source = new Uint8Array(bytes).map((_, i) => (i * 7) & 255);
      const from = machine.allocate(bytes);
      const to = machine.allocate(bytes);
      machine.addon.write(from, source);
      machine.launch("copy_bytes", to, from, bytes);
      assert.deepEqual(machine.readBytes(to, bytes), source);
      machine.launch("fill_zero", to, bytes);
      assert.deepEqual(machine.readBytes(to, bytes), new Uint8Array(bytes));
    }
    machine.releaseAll();
  });

  test("one command waits for the one before it", () => {
    const x = machine.tensor([0, 0, 0], "float32");
    const increment = addOne(machine);
    for (let i = 0; i < 1000; i++) increment(x);
    assert.deepEqual(machine.read(x), [1000, 1000, 1000]);
    assert.equal(machine.control[DONE], machine.submitted);
    assert.equal(machine.control[HEAD], machine.control[TAIL]);
    assert.equal(machine.control[SUBMITTED], machine.submitted);
  });

  test("the engine's thread works while JavaScript goes on", async () => {
    const x = machine.tensor([0], "float32");
    const increment = addOne(machine);
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 50; i++) increment(x);
      machine.kick();
      if (round % 3 === 0) await sleep(2);
    }
    await until(() => machine.control[DONE] === machine.submitted, "the last command");
    assert.deepEqual(machine.read(x), [1000]);
    await until(() => machine.control[ASLEEP] === 1, "falling asleep");
  });

  test("wait for a command in the middle leaves the rest to the engine's thread", async () => {
    const x = machine.tensor([0], "float32");
    const increment = addOne(machine);
    const first = increment(x);
    for (let i = 0; i < 99; i++) increment(x);
    assert.equal(machine.addon.wait(first), true);
    await until(() => machine.control[DONE] === machine.submitted, "the rest");
    assert.deepEqual(machine.read(x), [100]);
  });

  test("waiting for a command that was never submitted is an error, not a hang", () => {
    assert.equal(machine.addon.wait(machine.submitted + 1), false);
    assert.match(machine.addon.takeError() ?? "", /never submitted/);
    assert.equal(machine.addon.wait(machine.submitted), true);
  });

  test("a second engine in one thread is refused", () => {
    assert.throws(() => machine.addon.open(64), /already open/);
  });

  test("the door refuses arguments that would harm", () => {
    const { addon } = machine;
    assert.throws(() => addon.read(0, [] as unknown as Uint8Array), /Uint8Array/);
    assert.throws(() => addon.write("x" as unknown as number, new Uint8Array(1)), /not a number/);
    assert.throws(() => addon.release(4096, 1), /no such block/);
    const block = addon.allocate(100);
    assert.throws(() => addon.release(block, 99), /another size/);
    addon.release(block, 100);
    assert.throws(() => addon.setThreads(0), /1 to 1024/);
    assert.equal(addon.allocate(2 ** 52), 0);
  });

  test("blocks are aligned: 64 bytes, 2 MiB from 1 MiB on", () => {
    for (const bytes of [0, 1, 100, 5000, (1 << 20) - 1]) {
      const block = machine.addon.allocate(bytes);
      assert.equal(block % 64, 0);
      machine.addon.release(block, bytes);
    }
    for (const bytes of [1 << 20, 3_000_001, 1 << 26]) {
      const block = machine.addon.allocate(bytes);
      assert.equal(block % (1 << 21), 0);
      machine.addon.release(block, bytes);
    }
  });

  test("checkIndices finds the first index outside", () => {
    const { addon } = machine;
    for (const [dtype, number] of [
      ["uint8", 0],
      ["int8", 1],
      ["int16", 2],
      ["int32", 3],
      ["int64", 4],
    ] as const) {
      const t = machine.tensor([0, 3, 5, 2, 7], dtype);
      assert.equal(addon.checkIndices(t.pointer, number, 5, 0, 8), -1);
      assert.equal(addon.checkIndices(t.pointer, number, 5, 0, 5), 2);
      assert.equal(addon.checkIndices(t.pointer, number, 5, 1, 8), 0);
    }
    const wide = machine.tensor([1n << 62n, -(1n << 62n)], "int64");
    assert.equal(addon.checkIndices(wide.pointer, 4, 2, -4, 4), 0);
    assert.throws(() => addon.checkIndices(wide.pointer, 6, 1, 0, 1), /integers/);
    machine.releaseAll();
  });

  test("a failing kernel reports itself once and what follows still runs", () => {
    const x = machine.tensor([1], "float32");
    const increment = addOne(machine);
    increment(x);
    const bad = machine.submit("matmul", [11, 0, 1, 1, 1, 1, 0, x.pointer, 1, 1, x.pointer, 1, 1, x.pointer, 1, 0]);
    const worse = machine.submit("matmul", [11, 0, 2, 1, 1, 1, 0, x.pointer, 1, 1, x.pointer, 1, 1, x.pointer, 1, 0]);
    const last = increment(x);
    assert.equal(machine.addon.wait(last), false);
    assert.equal(machine.control[ERROR], bad);
    assert.ok(worse > bad);
    assert.match(machine.addon.takeError() ?? "", /\[matmul\] not defined for bool/);
    assert.equal(machine.addon.takeError(), undefined);
    assert.equal(machine.control[ERROR], 0);
    assert.deepEqual(machine.read(x), [3]);
  });

  test("programs that make no sense are refused with a reason", () => {
    const define =
      (...words: number[]) =>
      () =>
        machine.addon.define(Float64Array.from(words));
    assert.throws(define(), /head of the program/);
    assert.throws(define(3, 1, 0, 1, 0, 1, 0), /head of the program/);
    assert.throws(define(0, 1, 0, 1, 1, 1), /cut off/);
    assert.throws(define(0, 1, 0, 1, 1, 1, 999, 1, 0, 0, 0, 1), /opcode/);
    assert.throws(define(0, 1, 0, 1, 1, 1, 2, 0, 0, 0, 0, 1), /writes to an input/);
    assert.throws(define(0, 1, 0, 1, 1, 1, 2, 1, 0, 1, 0, 1), /not computed before/);
    assert.throws(define(0, 1, 0, 1, 1, 1, 2, 1, 0, 0, 0, 1, 7), /words after/);
    assert.throws(define(0, 1, 0, 0, 0, 0), /without outputs/);
    assert.throws(define(2, 1, 0, 1, 1, 1, machine.opcode("exp"), 1, 0, 0, 0, 1), /int64/);
    assert.throws(define(0, 1, 0, 1, 0, 1, 1), /never computed/);
  });

  test("events tell command, start, duration and threads", () => {
    const x = machine.tensor([1, 2], "float32");
    const increment = addOne(machine);
    increment(x);
    machine.sync();
    const before = machine.addon.now();
    machine.control[RECORD] = 1;
    const first = increment(x);
    for (let i = 0; i < 9; i++) increment(x);
    machine.sync();
    machine.control[RECORD] = 0;
    const after = machine.addon.now();
    increment(x);
    machine.sync();
    const few = new Float64Array(4 * 4 + 3);
    assert.equal(machine.addon.events(few), 4);
    const rest = new Float64Array(100);
    assert.equal(machine.addon.events(rest), 6);
    assert.equal(machine.addon.events(rest), 0);
    assert.equal(few[0], first);
    let end = before;
    for (const [command, start, duration, threads] of [...Array(4).keys()].map((i) => few.subarray(4 * i, 4 * i + 4))) {
      assert.ok(command! >= first && command! < first + 4);
      assert.ok(start! >= end && duration! >= 0);
      assert.equal(threads, 1);
      end = start! + duration!;
    }
    assert.ok(end <= after);
  });

  test("cancel leaves out what has not begun, and clearing it makes the engine fit again", () => {
    const x = machine.tensor([0], "float32");
    const increment = addOne(machine);
    increment(x);
    machine.sync();
    machine.control[CANCEL] = 1;
    for (let i = 0; i < 10; i++) increment(x);
    // A command that would fail if it were begun.
    machine.submit("matmul", [11, 0, 1, 1, 1, 1, 0, x.pointer, 1, 1, x.pointer, 1, 1, x.pointer, 1, 0]);
    assert.equal(machine.addon.wait(machine.submitted), false);
    assert.equal(machine.addon.takeError(), undefined);
    machine.control[CANCEL] = 0;
    assert.equal(machine.addon.wait(machine.submitted), true);
    increment(x);
    assert.deepEqual(machine.read(x), [2]);
  });

  test("cancel from another thread ends a long queue early", async () => {
    const submit = longProduct(machine);
    const started = performance.now();
    submit();
    machine.sync();
    const oneMs = performance.now() - started;
    const count = Math.ceil(4000 / oneMs) + 5;
    const source = `
      const { workerData } = require("node:worker_threads");
      setTimeout(() => Atomics.store(workerData, ${CANCEL}, 1), 50);`;
    const worker = new Worker(source, { eval: true, workerData: machine.control });
    for (let i = 0; i < count; i++) submit();
    const begin = performance.now();
    assert.equal(machine.addon.wait(machine.submitted), false);
    const tookMs = performance.now() - begin;
    assert.ok(tookMs < 0.7 * count * oneMs, `cancelled after ${tookMs} ms of ${count * oneMs} ms`);
    await worker.terminate();
    machine.control[CANCEL] = 0;
    machine.sync();
    machine.releaseAll();
  });

  test("any number of threads gives the same result", () => {
    const random = randomSource(7);
    const n = 300_000;
    const values = Float32Array.from({ length: n }, () => random() - 0.5);
    const program = machine.define({
      compute: "float32",
      inputs: 1,
      constants: 1,
      temporaries: 2,
      code: [
        ["mul", 2, 0, 1],
        ["add", 3, 2, 0],
      ],
      outputs: [3],
    });
    let expected: number[] | undefined;
    for (const threads of [1, 2, 3, 8, 2]) {
      machine.addon.setThreads(threads);
      const x = machine.tensor(values, "float32");
      const y = machine.empty("float32", [n]);
      machine.pointwise(program, [x], [y], [3]);
      const got = machine.read(y);
      expected ??= got;
      assert.deepEqual(got, expected);
      machine.releaseAll();
    }
    assert.notDeepEqual(expected!.slice(0, 3), [0, 0, 0]);
  });

  test("on two threads the one that waits helps the one that works, and no third is started", () => {
    const nThreads = (): number => readdirSync("/proc/self/task").length;
    const submit = longProduct(machine);
    machine.addon.setThreads(1);
    submit();
    machine.addon.wake();
    machine.sync();
    const before = nThreads();
    machine.addon.setThreads(2);
    machine.control[RECORD] = 1;
    const target = new Float64Array(400);
    let hands = 0;
    // On a busy machine the second thread may come too late for one product.
    for (let round = 0; round < 20 && hands < 2; round++) {
      submit();
      machine.addon.wake();
      machine.sync();
      const nEvents = machine.addon.events(target);
      for (let i = 0; i < nEvents; i++) hands = Math.max(hands, target[4 * i + 3]!);
    }
    machine.control[RECORD] = 0;
    assert.equal(hands, 2);
    assert.equal(nThreads(), before);
    machine.addon.setThreads(4);
    submit();
    machine.sync();
    assert.equal(nThreads(), before + 2);
    machine.addon.setThreads(2);
    assert.equal(nThreads(), before);
    machine.releaseAll();
  });

  test("a million small commands, in batches of random size", () => {
    const x = machine.tensor([0, 0, 0, 0], "float32");
    const increment = addOne(machine);
    const random = randomSource(3);
    const total = 1_000_000;
    let sent = 0;
    while (sent < total) {
      const batch = Math.min(total - sent, 1 + Math.floor(random() * 3000));
      for (let i = 0; i < batch; i++) increment(x);
      sent += batch;
      const what = random();
      if (what < 0.3) machine.kick();
      else if (what < 0.6) machine.sync();
    }
    assert.deepEqual(machine.read(x), [total, total, total, total]);
    machine.releaseAll();
  });

  test("random cancels never hang and never corrupt the stream", async () => {
    const increment = addOne(machine);
    const random = randomSource(11);
    const source = `
      const { workerData } = require("node:worker_threads");
      let seed = 5;
      setInterval(() => {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        if (seed % 3) Atomics.store(workerData, ${CANCEL}, 1);
      }, 1);`;
    const worker = new Worker(source, { eval: true, workerData: machine.control });
    const x = machine.tensor(new Float32Array(100_000), "float32");
    const end = performance.now() + 1500;
    let cancelled = 0;
    while (performance.now() < end) {
      for (let i = 0; i < 20; i++) increment(x);
      if (random() < 0.5) machine.kick();
      if (!machine.addon.wait(machine.submitted)) cancelled++;
      Atomics.store(machine.control, CANCEL, 0);
      if (random() < 0.1) await sleep(0);
    }
    await worker.terminate();
    Atomics.store(machine.control, CANCEL, 0);
    assert.ok(cancelled > 0, "the other thread never got to cancel");
    machine.addon.wait(machine.submitted);
    const y = machine.tensor([5], "float32");
    increment(y);
    assert.deepEqual(machine.read(y), [6]);
    machine.releaseAll();
  });
});

/** Runs `body` in a worker with the harness as `h`; what it returns comes back. */
function inWorker(body: string): { worker: Worker; result: Promise<unknown> } {
  const harness = JSON.stringify(new URL("./harness.ts", import.meta.url).href);
  const source = `
    const { parentPort } = require("node:worker_threads");
    import(${harness}).then(async (h) => { parentPort.postMessage(await (async () => { ${body} })()); });`;
  const worker = new Worker(source, { eval: true, env: { ...process.env, LAYERWISE_CPU_ADDON: addonPath } });
  const result = new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return { worker, result };
}

describe("several environments", { skip: whyMissing }, () => {
  const sums = `
    const machine = h.open(256);
    const program = machine.define({
      compute: "float32", inputs: 1, constants: 1, temporaries: 1, code: [["add", 2, 0, 1]], outputs: [2] });
    const x = machine.tensor([0, 0], "float32");
    for (let i = 0; i < 20000; i++) {
      machine.pointwise(program, [x], [x], [1]);
      if (i % 97 === 0) machine.kick();
    }
    const got = machine.read(x);
    machine.close();
    return got;`;

  test("two workers compute side by side", async () => {
    const workers = [inWorker(sums), inWorker(sums)];
    const results = await Promise.all(workers.map(({ result }) => result));
    assert.deepEqual(results, [
      [20000, 20000],
      [20000, 20000],
    ]);
    await Promise.all(workers.map(({ worker }) => worker.terminate()));
  });

  test("a worker that is terminated while commands run ends soon and harms nobody", async () => {
    for (let round = 0; round < 6; round++) {
      const { worker, result } = inWorker(`
        const machine = h.open(1 << 14);
        const n = 700;
        const a = machine.allocate(n * n * 4), c = machine.allocate(n * n * 4);
        for (let i = 0; i < 400; i++) machine.submit("matmul", [6, 0, n, n, n, 1, 0, a, n, 1, a, n, 1, c, n, 0]);
        machine.kick();
        return "running";`);
      assert.equal(await result, "running");
      await sleep(round * 7);
      const begin = performance.now();
      await worker.terminate();
      const tookMs = performance.now() - begin;
      assert.ok(tookMs < 5000, `terminating took ${tookMs} ms`);
    }
  });

  test("a worker that never closes gives its memory back", async () => {
    const leak = `
      const machine = h.open(256);
      const block = machine.addon.allocate(1 << 28);
      machine.launch("fill_zero", block, 1 << 28);
      machine.sync();
      return 1;`;
    const rounds = 6;
    const before = process.memoryUsage().rss;
    for (let round = 0; round < rounds; round++) {
      const { worker, result } = inWorker(leak);
      await result;
      await worker.terminate();
    }
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < (rounds - 3) * (1 << 28), `resident memory grew by ${grown} bytes`);
  });

  test("a corrupt ring is an error, not a crash or a hang", async () => {
    const { worker, result } = inWorker(`
      const machine = h.open(256);
      const texts = [];
      machine.ring[0] = 1;
      machine.ring[1] = 1000;
      machine.control[h.SUBMITTED] = 1;
      machine.control[h.TAIL] = 4;
      texts.push(machine.addon.wait(1), machine.addon.takeError());
      machine.ring[4] = 12345;
      machine.ring[5] = 2;
      machine.control[h.SUBMITTED] = 2;
      machine.control[h.TAIL] = 6;
      texts.push(machine.addon.wait(2), machine.addon.takeError());
      machine.addon.close();
      return texts;`);
    const [first, why, second, whyAgain] = (await result) as [boolean, string, boolean, string];
    assert.equal(first, false);
    assert.match(why, /length of a command/);
    assert.equal(second, false);
    assert.match(whyAgain, /kernel that does not exist/);
    await worker.terminate();
  });

  test("the addon can be opened again after close", () => {
    for (let round = 0; round < 3; round++) {
      const machine = new Machine(loadAddon(), 256);
      const x = machine.tensor([round], "float32");
      addOne(machine)(x);
      machine.kick();
      assert.deepEqual(machine.read(x), [round + 1]);
      machine.close();
    }
  });
});
