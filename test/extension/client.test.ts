/** The runtime's client against a process that misbehaves on request: every question settles, whatever happens. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import {
  RestartBudget,
  RuntimeClient,
  RuntimeFailure,
  clearedEnvironment,
  type ClientOptions,
} from "../../src/runtime/client.ts";
import type { Failure } from "../../src/protocol/source.ts";
import { root } from "../../tools/steps.mjs";

const clients: RuntimeClient[] = [];
const deaths: { failure: Failure; isGivenUp: boolean }[] = [];

function makeClient(options: Partial<ClientOptions> = {}): RuntimeClient {
  const client = new RuntimeClient({
    file: join(root, "test/extension/fixtures/fake_runtime.ts"),
    onDeath: (failure, isGivenUp) => deaths.push({ failure, isGivenUp }),
    ...options,
  });
  clients.push(client);
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
  deaths.length = 0;
});

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => assert.fail("expected a failure"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RuntimeFailure, String(error));
  return error.failure;
}

test("nothing is started before the first question, which is answered with its progress and output", async () => {
  const told: unknown[] = [];
  const client = makeClient({
    options: () => ({ core: { threads: 3 }, memoryLimitBytes: 5 }),
    environment: { HOME: "/h", CUDA_VISIBLE_DEVICES: "0", SECRET_TOKEN: "x", NODE_OPTIONS: "--inspect" },
    onReady: ({ device }) => told.push(device),
    onMemory: ({ allocatedBytes }) => told.push(allocatedBytes),
  });
  assert.equal(client.isRunning, false);
  const result = (await client.request(
    "run",
    { target: "echo" },
    {
      onProgress: (message, fraction) => told.push([message, fraction]),
      onOutput: (stream, text) => told.push([stream, text]),
    },
  )) as unknown as { environment: string[]; argv: string[]; core: unknown; options: unknown };
  assert.deepEqual(told, ["cpu", ["working", 0.5], ["stdout", "printed"], 7]);
  assert.deepEqual([result.core, result.options], [{ threads: 3 }, { memoryLimitBytes: 5 }]);
  assert.ok(result.argv.includes("--disallow-code-generation-from-strings"));
  assert.deepEqual(
    result.environment.filter((name) => /SECRET|NODE_OPTIONS/.test(name)),
    [],
  );
  assert.ok(result.environment.includes("CUDA_VISIBLE_DEVICES"));
});

test("a refusal is the failure of its own question alone", async () => {
  const client = makeClient();
  const [failure, result] = await Promise.all([
    failureOf(client.request("run", { target: "refuse" })),
    client.request("run", { target: "echo" }),
  ]);
  assert.equal(failure.type, "unknown-target");
  assert.equal(result.ok, true);
});

test("a process that dies fails what was under way, and the next question is answered by a new one", async () => {
  const client = makeClient();
  const [hanging, dying] = await Promise.all([
    failureOf(client.request("run", { target: "hang" })),
    failureOf(client.request("run", { target: "die" })),
  ]);
  assert.match(hanging.message, /SIGKILL/);
  assert.equal(dying.type, "runtime-died");
  assert.equal((await client.request("run", { target: "echo" })).ok, true);
  assert.deepEqual(
    deaths.map(({ isGivenUp }) => isGivenUp),
    [false],
  );
});

test("after five restarts it gives up, until it is told to start again", async () => {
  const client = makeClient();
  for (let death = 0; death < 6; death++) await failureOf(client.request("run", { target: "die" }));
  assert.deepEqual(
    deaths.map(({ isGivenUp }) => isGivenUp),
    [false, false, false, false, false, true],
  );
  assert.equal((await failureOf(client.request("run", { target: "echo" }))).type, "runtime-given-up");
  await client.restart();
  assert.equal((await client.request("run", { target: "echo" })).ok, true);
});

test("the budget comes back with time", () => {
  const budget = new RestartBudget();
  const taken = [0, 1, 2, 3, 4, 5].map((second) => budget.take(second * 1000));
  assert.deepEqual(taken, [true, true, true, true, true, false]);
  assert.equal(budget.take(181_000), true);
});

test("a cancelled question ends as cancelled, also in a process that does not listen", async () => {
  const client = makeClient({ patienceMs: 100 });
  const cancel = new AbortController();
  const listening = failureOf(client.request("run", { target: "wait" }, { signal: cancel.signal }));
  const hanging = failureOf(client.request("run", { target: "hang" }, { signal: cancel.signal }));
  await client.request("run", { target: "echo" });
  const pid = client.pid;
  cancel.abort();
  assert.deepEqual(
    (await Promise.all([listening, hanging])).map(({ kind }) => kind),
    ["cancelled", "cancelled"],
  );
  assert.equal((await client.request("run", { target: "echo" })).ok, true);
  assert.notEqual(client.pid, pid);
  assert.deepEqual(deaths, []);
  assert.equal(
    (await failureOf(client.request("run", { target: "echo" }, { signal: cancel.signal }))).kind,
    "cancelled",
  );
});

test("a question that is cancelled before the process is ready ends at once and harms nobody", async () => {
  const client = makeClient();
  const cancel = new AbortController();
  const early = failureOf(client.request("run", { target: "echo" }, { signal: cancel.signal }));
  const other = client.request("run", { target: "echo" });
  const pid = client.pid;
  cancel.abort();
  assert.equal((await early).kind, "cancelled");
  assert.equal((await other).ok, true);
  assert.equal(client.pid, pid);
});

test("a process that cannot start says why", async () => {
  const client = makeClient({ environment: { LANG: "refuse-to-start" } });
  assert.equal((await failureOf(client.request("run", { target: "echo" }))).message, "Python could not be started");
  assert.equal(client.isRunning, false);
  assert.equal(deaths.length, 1);
});

test("a process that never becomes ready is ended", async () => {
  const client = makeClient({ environment: { LANG: "never-ready" }, startMs: 300 });
  assert.equal((await failureOf(client.request("run", { target: "echo" }))).type, "start-timeout");
});

test("another version of the conversation is refused", async () => {
  const client = makeClient({ environment: { LANG: "old" } });
  assert.equal((await failureOf(client.request("run", { target: "echo" }))).type, "rpc-version");
});

test("a closed client settles what was asked and takes nothing more", async () => {
  const client = makeClient();
  const waiting = failureOf(client.request("run", { target: "hang" }));
  await client.request("run", { target: "echo" });
  client.dispose();
  assert.equal((await waiting).kind, "cancelled");
  assert.equal((await failureOf(client.request("run", { target: "echo" }))).type, "closed");
  assert.deepEqual(deaths, []);
});

test("the environment keeps what the runtime needs", () => {
  const kept = clearedEnvironment({ PATH: "/bin", AWS_SECRET: "s", VSCODE_PID: "1", XDG_CACHE_HOME: "/c" });
  assert.deepEqual(Object.keys(kept).sort(), ["PATH", "XDG_CACHE_HOME"]);
});
