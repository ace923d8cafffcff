/**
 * The runtime as its own process: ready first, every request settles, cancel by number, death survived, end with the
 * parent.
 */
import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FromRuntime, ToRuntime } from "../../src/protocol/rpc.ts";
import { processFile } from "../../src/runtime/paths.ts";
import { cacheFolder, coreModule, packagesFolder, verbsModule, workspace } from "./fixtures/place.ts";

let child: ChildProcess;
const heard: FromRuntime[] = [];
let wake = (): void => {};
let nextId = 1;

function startChild(): ChildProcess {
  const options = { packages: packagesFolder(), preload: ["faketorch"], cacheFolder, coreModule, verbsModule };
  const started = fork(processFile, [], {
    serialization: "advanced",
    execArgv: ["--disallow-code-generation-from-strings"],
    env: { LAYERWISE_RUNTIME_OPTIONS: JSON.stringify(options) },
  });
  started.on("message", (message: FromRuntime) => {
    heard.push(message);
    wake();
  });
  return started;
}

async function hear<T extends FromRuntime>(matches: (message: FromRuntime) => message is T): Promise<T> {
  for (;;) {
    const found = heard.find(matches);
    if (found) return found;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

type Settled = Extract<FromRuntime, { type: "result" | "failure" }>;
const settled =
  (id: number) =>
  (message: FromRuntime): message is Settled =>
    (message.type === "result" || message.type === "failure") && message.id === id;

function ask(source: string): number {
  const id = nextId++;
  const target = join(workspace({ "main.py": source }), "main.py");
  child.send({ type: "request", id, verb: "python", request: { target } } satisfies ToRuntime);
  return id;
}

before(() => {
  child = startChild();
});
after(() => child.kill("SIGKILL"));

describe("the runtime process", () => {
  test("says ready before anything else", async () => {
    await hear((message): message is FromRuntime => true);
    const [first] = heard;
    assert.deepEqual([first.type, first.type === "ready" && first.pid], ["ready", child.pid]);
  });

  test("answers with output, progress and a result", async () => {
    const id = ask("print('hello')");
    const answer = await hear(settled(id));
    assert.equal(answer.type, "result");
    const kinds = heard.filter((message) => "id" in message && message.id === id).map((message) => message.type);
    assert.deepEqual(kinds.sort(), ["output", "progress", "result"]);
  });

  test("cancels by number", async () => {
    const id = ask("while True: pass");
    setTimeout(() => child.send({ type: "cancel", id } satisfies ToRuntime), 300);
    const answer = await hear(settled(id));
    // On a busy machine the worker may have to be replaced: then the request fails, for the same reason.
    const failure =
      answer.type === "result" ? answer.result.failure : answer.type === "failure" ? answer.failure : null;
    assert.equal(failure?.kind, "cancelled");
  });

  test("fails the request that killed Python and serves the next", async () => {
    const dead = await hear(settled(ask("import posix; posix.abort()")));
    assert.equal(dead.type === "failure" && dead.failure.type, "InterpreterDied");
    const next = await hear(settled(ask("print(1)")));
    assert.equal(next.type, "result");
  });

  test("ends when its parent is gone", async () => {
    const other = startChild();
    await new Promise((resolve) => other.once("message", resolve));
    const ended = new Promise((resolve) => other.once("exit", resolve));
    other.disconnect();
    assert.equal(await ended, 0);
  });
});
