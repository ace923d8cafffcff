/**
 * No attempt to escape may succeed: no file, process, connection or JavaScript object of the host. Each runs in a
 * child process, and this one looks for traces. The same attempts without walls do succeed, which shows that the
 * traces are found.
 */
import assert from "node:assert/strict";
import { execFileSync, fork, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { attempts, type Attempt } from "./fixtures/attempts.ts";
import type { Attempted } from "./fixtures/prison.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "layerwise-escapes-")));
after(() => rmSync(base, { recursive: true, force: true }));

let connections = 0;
const server = createServer((socket) => {
  connections += 1;
  socket.destroy();
});
before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
after(() => server.close());

/** One child process with its own places, so that its traces are its own. */
class Prison {
  private readonly child: ChildProcess;
  private readonly place: string;
  private readonly waiting = new Map<number, (done: Attempted | null) => void>();
  private nextId = 1;
  exitCode: number | null = null;

  constructor(name: string, isBare: boolean) {
    this.place = join(base, name);
    for (const folder of ["mark", "outside", "ws"]) mkdirSync(join(this.place, folder), { recursive: true });
    writeFileSync(join(this.place, "outside", "secret.txt"), "TOPSECRET");
    writeFileSync(join(this.place, "outside", "secret_module.py"), "text = 'TOPSECRET'");
    this.child = fork(new URL("./fixtures/prison.ts", import.meta.url), [isBare ? "bare" : "walled"], {
      execArgv: isBare ? [] : ["--disallow-code-generation-from-strings"],
      env: { ...process.env, SECRET_ENV: "TOPSECRET", NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.child.on("message", ({ id, done }: { id: number; done: Attempted }) => {
      this.waiting.get(id)?.(done);
      this.waiting.delete(id);
    });
    this.child.on("exit", (code) => {
      this.exitCode = code;
      for (const resolve of this.waiting.values()) resolve(null);
      this.waiting.clear();
    });
  }

  get workspace(): string {
    return join(this.place, "ws");
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Runs one attempt and gives what it achieved, in words; empty when it achieved nothing. */
  async judge(attempt: Attempt): Promise<string[]> {
    if (this.exitCode !== null) return ["the process had ended before"];
    this.furnish();
    const before = this.describeWorkspace();
    connections = 0;
    const stop = attempt.code.includes("flip") ? this.flipLinks() : () => {};
    const done = await this.run(attempt);
    stop();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const evidence: string[] = [];
    if (!done) return [`the process ended with code ${this.exitCode}`];
    // What is planted may show in the run that planted it, and in no other.
    const printed = done.text.replaceAll("PLANTED", "planted") + done.nextText;
    if (printed.includes(`PID${this.pid}`)) evidence.push("it held the process object");
    for (const word of ["TOPSECRET", "root:", "REACHED", "CHANGED", "PLANTED"]) {
      if (printed.includes(word)) evidence.push(`it printed ${word}: ${printed.slice(0, 200)}`);
    }
    if (done.damage.length > 0) evidence.push(`it changed JavaScript: ${done.damage.join(", ")}`);
    const marks = readdirSync(join(this.place, "mark"));
    if (marks.length > 0) evidence.push(`it left ${marks.join(", ")}`);
    if (readdirSync(join(this.place, "outside")).length !== 2) evidence.push("it wrote outside");
    const secret = readFileSync(join(this.place, "outside", "secret.txt"), "utf8");
    if (secret !== "TOPSECRET") evidence.push("it changed the secret");
    if (connections > 0) evidence.push("it connected");
    if (!attempt.writable && this.describeWorkspace() !== before) evidence.push("it changed the workspace");
    return evidence;
  }

  private run(attempt: Attempt): Promise<Attempted | null> {
    const fill = (code: string): string =>
      code
        .replaceAll("{MARK}", join(this.place, "mark"))
        .replaceAll("{OUTSIDE}", join(this.place, "outside"))
        .replaceAll("{OUTNAME}", "outside")
        .replaceAll("{WS}", this.workspace)
        .replaceAll("{PORT}", String((server.address() as { port: number }).port))
        .replaceAll("{PID}", String(this.pid));
    const file = join(this.workspace, "attempt.py");
    const nextFile = join(this.workspace, "next.py");
    writeFileSync(file, fill(attempt.code));
    writeFileSync(nextFile, fill(attempt.next ?? "print('next')"));
    const id = this.nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.child.kill("SIGKILL");
        resolve(null);
      }, 20_000);
      this.waiting.set(id, (done) => {
        clearTimeout(timer);
        resolve(done);
      });
      const writable = attempt.writable ?? false;
      this.child.send({ id, root: this.workspace, file, nextFile: attempt.next ? nextFile : null, writable });
    });
  }

  private furnish(): void {
    rmSync(this.workspace, { recursive: true, force: true });
    rmSync(join(this.place, "mark"), { recursive: true, force: true });
    mkdirSync(join(this.place, "mark"));
    mkdirSync(join(this.workspace, "sub"), { recursive: true });
    writeFileSync(join(this.workspace, "a.py"), "ORIGINAL");
    writeFileSync(join(this.workspace, "attempt.py"), "");
    writeFileSync(join(this.workspace, "next.py"), "");
    writeFileSync(join(this.workspace, "flip"), "plain");
    symlinkSync("/", join(this.workspace, "link"));
    symlinkSync("../outside", join(this.workspace, "out"));
    symlinkSync("../outside/secret.txt", join(this.workspace, "rel"));
    symlinkSync("../../outside/new", join(this.workspace, "dangling"));
    // Points inside from here, outside once it is moved one folder up.
    symlinkSync("../outside/secret.txt", join(this.workspace, "sub", "inner"));
    execFileSync("mkfifo", [join(this.workspace, "pipe")]);
    writeFileSync(join(this.workspace, "huge.bin"), "");
    truncateSync(join(this.workspace, "huge.bin"), 20 * 1024 ** 3);
  }

  private describeWorkspace(): string {
    const names = readdirSync(this.workspace).filter((name) => name !== "attempt.py" && name !== "next.py");
    const file = statSync(join(this.workspace, "a.py"), { throwIfNoEntry: false });
    const text = existsSync(join(this.workspace, "a.py")) ? readFileSync(join(this.workspace, "a.py"), "utf8") : "";
    return JSON.stringify([names.sort(), file?.mode, file?.mtimeMs, file?.uid, text]);
  }

  /** Swaps a file and a link to the secret as fast as it can, while the attempt opens it. */
  private flipLinks(): () => void {
    const [flip, spare] = [join(this.workspace, "flip"), join(this.workspace, "spare")];
    let isStopped = false;
    const turn = (): void => {
      if (isStopped) return;
      for (let i = 0; i < 50; i += 1) {
        symlinkSync("../outside/secret.txt", spare);
        renameSync(spare, flip);
        writeFileSync(spare, "plain");
        renameSync(spare, flip);
      }
      setImmediate(turn);
    };
    turn();
    return () => {
      isStopped = true;
    };
  }

  close(): void {
    this.child.kill("SIGKILL");
  }
}

describe("walls hold against", () => {
  const prison = new Prison("walled", false);
  after(() => prison.close());
  for (const attempt of attempts) {
    test(attempt.name, async () => {
      assert.deepEqual(await prison.judge(attempt), []);
    });
  }
});

describe("without walls the same attempts escape", () => {
  const prison = new Prison("bare", true);
  after(() => prison.close());
  for (const attempt of attempts.filter((each) => each.escapesBare)) {
    test(attempt.name, async () => {
      assert.notDeepEqual(await prison.judge(attempt), []);
    });
  }
});

test(`the list has ${attempts.length} attempts, each under its own name`, () => {
  assert.equal(new Set(attempts.map((attempt) => attempt.name)).size, attempts.length);
  assert.ok(attempts.length >= 62);
});
