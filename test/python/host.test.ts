/** The life of the worker: requests in turn, output, cancelling, death and replacement. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RequestFailed, RuntimeHost, type RequestOptions } from "../../src/runtime/host/host.ts";
import type { Failure } from "../../src/protocol/source.ts";
import { SignalWord } from "../../src/runtime/python/signal_word.ts";
import { msSince } from "../effort.ts";
import { cacheFolder, coreModule, packagesFolder, verbsModule, workspace } from "./fixtures/place.ts";

let host: RuntimeHost;
const deaths: Failure[] = [];
/** Nobody types, and nobody ends the input. */
let isSilent = false;
/** Long where a request is expected to listen, so that a busy machine is no reason to replace its worker. */
let graceMs: number | undefined;
const typed = [Buffer.from("seven\nand"), Buffer.from(" more\n")];

before(async () => {
  host = await RuntimeHost.start({
    packages: packagesFolder(),
    preload: ["faketorch"],
    cacheFolder,
    coreModule,
    verbsModule,
    memoryLimitBytes: 1024 ** 3,
    onDeath: (failure) => deaths.push(failure),
    get graceMs() {
      return graceMs;
    },
    readInput: () => (isSilent ? new Promise(() => {}) : Promise.resolve(typed.shift() ?? null)),
  });
});
after(() => host.close());

interface Ran {
  text: string;
  exitCode?: number;
  failure?: Failure;
}

/** Runs one script; a request that fails gives its failure, too. */
async function run(source: string, options: RequestOptions & { cancelAfterMs?: number } = {}): Promise<Ran> {
  const file = join(workspace({ "main.py": source }), "main.py");
  let text = "";
  const onOutput = (stream: string, part: string): void => {
    text += part;
    options.onOutput?.(stream as "stdout", part);
  };
  try {
    const result = await host.request("python", { target: file }, { ...options, onOutput });
    return { text, exitCode: result.exitCode, failure: result.failure };
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return { text, failure: error.failure };
  }
}

/** Waits until the script has said that it runs, then cancels. */
function cancelled(source: string): Promise<Ran> {
  let isRunning = false;
  return run(`print('go', flush=True)\n${source}`, {
    onOutput: () => {
      if (!isRunning) setTimeout(() => host.cancel(), 100);
      isRunning = true;
    },
  });
}

describe("requests", () => {
  test("run one after another and keep their output apart", async () => {
    const answers = await Promise.all(["a", "b", "c"].map((name) => run(`print('${name}' * 3)`)));
    assert.deepEqual(
      answers.map((answer) => answer.text),
      ["aaa\n", "bbb\n", "ccc\n"],
    );
  });

  test("show output while they run", async () => {
    // Only the cancel that its output brings about ends it.
    const { text, failure } = await cancelled("while True: pass");
    assert.equal(failure?.kind, "cancelled");
    assert.equal(text, "go\n");
  });

  test("report progress", async () => {
    const progress: unknown[] = [];
    await run("pass", { onProgress: (message, fraction) => progress.push([message, fraction]) });
    assert.deepEqual(progress, [["done", 1]]);
  });

  test("read what the user types", async () => {
    assert.equal((await run("print([input(), input()])")).text, "['seven', 'and more']\n");
    assert.equal((await run("input()")).failure?.type, "EOFError");
  });

  test("of a verb that throws fail as our bug, in one sentence", async () => {
    await assert.rejects(host.request("describe", { target: "x.py" }), (error: RequestFailed) => {
      assert.deepEqual([error.failure.kind, error.failure.message], ["bug", "this verb always fails"]);
      return true;
    });
  });

  test("for a file that is not there are refused", async () => {
    await assert.rejects(host.request("python", { target: "/nowhere/x.py" }), (error: RequestFailed) => {
      assert.deepEqual([error.failure.kind, error.failure.type], ["usage", "unknown-target"]);
      return true;
    });
  });

  test("flood without end is cut, with a note, and blocks nobody", async () => {
    let worst = 0;
    let last = process.threadCpuUsage();
    const timer = setInterval(() => {
      worst = Math.max(worst, msSince(last));
      last = process.threadCpuUsage();
    }, 5);
    const { text, exitCode } = await run("line = 'x' * 99\nfor _ in range(100_000): print(line)");
    clearInterval(timer);
    assert.equal(exitCode, 0);
    assert.match(text, /more than 50000 lines/);
    assert.ok(text.length < 6_000_000, `${text.length} characters were shown`);
    assert.ok(worst < 250, `the main thread was blocked for ${worst} ms`);
  });

  test("may pass on everything when asked to", async () => {
    const { text } = await run("for i in range(60_000): print(i)", {
      outputLimit: { bytes: Infinity, lines: Infinity },
    });
    assert.equal(text.split("\n").length, 60_001);
  });

  test("never split a character of the output", async () => {
    const { text } = await run("print('𝄞é漢' * 100_000)");
    assert.equal(text, `${"𝄞é漢".repeat(100_000)}\n`);
  });
});

describe("cancelling", () => {
  test("is not lost between Python's look at the word and its clearing of it", () => {
    const word = new Int32Array(new SharedArrayBuffer(4));
    const seen = new SignalWord(word);
    assert.equal(seen[0], 0);
    Atomics.store(word, 0, 2);
    seen[0] = 0;
    assert.deepEqual([seen[0], seen[0]], [2, 0]);
  });

  const gentle: Record<string, string> = {
    "an endless loop": "while True: pass",
    "a sleep": "import time; time.sleep(60)",
    "nested calls": "def f(n): return n and f(n - 1)\nwhile True: f(50)",
    "short core operations": "from _core import make\nwhile True: make(1)",
    "a polite core operation": "from _core import spin_politely; spin_politely(60_000)",
    "a regular expression": "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
  };
  for (const [name, source] of Object.entries(gentle)) {
    test(`ends ${name} as KeyboardInterrupt`, async () => {
      graceMs = 30_000;
      const { failure, exitCode } = await cancelled(source);
      graceMs = undefined;
      assert.equal(failure?.kind, "cancelled");
      assert.equal(exitCode, 130, "its worker listened");
    });
  }

  test("ends a wait for input as KeyboardInterrupt", async () => {
    isSilent = true;
    const { failure } = await cancelled("input()");
    isSilent = false;
    assert.equal(failure?.kind, "cancelled");
  });

  const hard: Record<string, string> = {
    "a sum in C": "sum(range(10**12))",
    "a loop that swallows the interrupt": "while True:\n  try:\n    while True: pass\n  except BaseException: pass",
    "a core operation that does not listen": "from _core import spin; spin(60_000)",
  };
  for (const [name, source] of Object.entries(hard)) {
    test(`ends ${name} with its worker`, async () => {
      const { failure } = await cancelled(source);
      assert.deepEqual([failure?.kind, failure?.message], ["cancelled", "the run was cancelled"]);
      assert.equal((await run("print('next')")).text, "next\n");
    });
  }

  test("lets a script clean up", async () => {
    const { text } = await cancelled(
      "import time\ntry:\n  time.sleep(60)\nexcept KeyboardInterrupt:\n  time.sleep(0.5)\n  print('saved')\n  raise SystemExit(3)",
    );
    assert.equal(text, "go\nsaved\n");
  });

  test("works by signal, also before a request has begun", async () => {
    const first = run("import time; time.sleep(0.5); print('first')");
    const control = new AbortController();
    const second = run("print('second')", { signal: control.signal });
    control.abort();
    assert.equal((await second).failure?.kind, "cancelled");
    assert.equal((await first).text, "first\n");
    assert.equal((await run("print(1)", { signal: AbortSignal.abort() })).failure?.kind, "cancelled");
  });
});

describe("death", () => {
  const cases: Record<string, [source: string, expected: RegExp]> = {
    "by posix._exit": ["import posix; posix._exit(3)", /ended the interpreter itself with exit code 3/],
    "by abort": ["import posix; posix.abort()", /aborted it/],
    "by a stack that is too deep": ["x = None\nfor _ in range(5_000_000): x = [x]\ndel x", /nested calls deeper/],
    "by a killed signal": ["import os, signal; os.kill(os.getpid(), signal.SIGKILL)", /./],
  };
  for (const [name, [source, expected]] of Object.entries(cases)) {
    test(`${name} is one clear failure, and the next run works`, async () => {
      const { failure } = await run(source);
      assert.match(failure?.message ?? "", expected);
      assert.equal((await run("print('next')")).text, "next\n");
    });
  }

  test("says which line of the user it was", async () => {
    const { failure } = await run("import posix\n\nposix.abort()");
    assert.equal(failure?.at?.line, 3);
    assert.match(failure?.at?.file ?? "", /main\.py$/);
  });

  const bombs: Record<string, [source: string, type: string]> = {
    "one huge list": ["[0] * 10**12", "OverflowError"],
    "one list beyond the limit": ["[0] * 10**9", "MemoryError"],
    "many small objects": ["kept = []\nwhile True: kept.append([None] * 1000)", "MemoryError"],
    "an endless file in memory": ["with open('/tmp/f', 'wb') as f:\n  while True: f.write(bytes(1 << 20))", "OSError"],
    "a file made long": ["open('/tmp/f', 'wb').truncate(10**13)", "OSError"],
    "deep recursion": ["def f(): f()\nf()", "RecursionError"],
    "recursion through C": [
      "class A:\n  def __eq__(s, o): return s == o\nimport sys; sys.setrecursionlimit(10**6)\nA() == A()",
      "RecursionError",
    ],
    "deep parentheses": ["compile('(' * 10_000, '', 'exec')", "SyntaxError"],
  };
  for (const [name, [source, type]] of Object.entries(bombs)) {
    test(`does not follow from ${name}`, async () => {
      const { failure } = await run(source);
      assert.equal(failure?.type, type);
      assert.equal((await run("print('next')")).text, "next\n");
    });
  }

  test("frees the memory it took", async () => {
    await run("kept = [bytearray(1 << 20) for _ in range(900)]");
    const limit = 700 * 1024 ** 2;
    for (let wait = 0; wait < 100 && process.memoryUsage().rss > limit; wait += 1) await sleep(50);
    assert.ok(process.memoryUsage().rss < limit, `${Math.round(process.memoryUsage().rss / 1024 ** 2)} MiB are in use`);
  });
});

test("a restart fails what runs and starts clean", async () => {
  const running = run("import time; time.sleep(60)");
  await sleep(200);
  await host.restart();
  assert.equal((await running).failure?.type, "restarted");
  assert.equal((await run("print('on')")).text, "on\n");
});

test("a core that cannot start is told once, and requests fail", async () => {
  const source = "export function createCore() { throw new Error('no device') }";
  const broken = RuntimeHost.start({ coreModule: `data:text/javascript,${source}` });
  await assert.rejects(broken, (error: RequestFailed) => {
    assert.match(error.failure.message, /no device/);
    return true;
  });
});

test("a thread inside of foreign code is not ended there, and nobody waits for it", async () => {
  const target = join(workspace(), "marker");
  const ended = (path: string): boolean => existsSync(`${target}.${path}`);
  const running = host.request("inspect", { file: target }, { onProgress: () => host.cancel() });
  await assert.rejects(running, /the run was cancelled/);
  assert.equal((await run("print(1)")).text, "1\n");
  assert.ok(!ended("end"));
  writeFileSync(`${target}.go`, "");
  while (!ended("end")) await sleep(5);
  while (host.isHeldUp) await sleep(5);
  assert.equal((await run("print(2)")).text, "2\n");
  assert.ok(!ended("after"), "the thread stayed where it came out");
});

test("a closed host answers that it is closed", async () => {
  const parts = { packages: packagesFolder(), preload: ["faketorch"], cacheFolder, coreModule, verbsModule };
  const other = await RuntimeHost.start(parts);
  await other.close();
  await assert.rejects(other.request("devices", {}), /closed/);
});
