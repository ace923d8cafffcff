/** Talks with python/worker.py in one program: a question, an answer, each a JSON line. A program that dies is replaced. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { killWithChildren, log, root, scripts, type Setting } from "./programs.ts";

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

export class Conversation {
  readonly #setting: Setting;
  readonly #command: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;
  #waiting: Waiting | null = null;
  #lastError = "";

  /** `command` runs Python scripts, for example ["python3"]. */
  constructor(setting: Setting, command: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#setting = setting;
    this.#command = command;
    this.#environment = { ...setting.environment, ...environment };
  }

  async ask<T>(question: object, limitS: number): Promise<T> {
    const child = (this.#child ??= this.#start());
    const answered = new Promise<unknown>((resolve, reject) => (this.#waiting = { resolve, reject }));
    const timer = setTimeout(() => {
      this.#settle(new Error(`no answer within ${limitS} s`));
      this.close();
    }, limitS * 1000);
    try {
      child.stdin!.write(`${JSON.stringify(question)}\n`);
      return (await answered) as T;
    } finally {
      clearTimeout(timer);
    }
  }

  /** False before the first question and after the program died. */
  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Ends the program; the next question starts another. What it had prepared is gone. */
  close(): void {
    const child = this.#child;
    this.#child = null;
    killWithChildren(child?.pid);
  }

  #start(): ChildProcess {
    const [program, ...words] = this.#command as [string, ...string[]];
    const options = { cwd: root, env: this.#environment, detached: true } as const;
    const child = spawn(program, [...words, `${scripts}worker.py`], options);
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (child === this.#child) this.#hear(line);
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      log(this.#setting, text);
      this.#lastError = text.trim().split("\n").at(-1) ?? "";
    });
    child.stdin!.on("error", () => undefined);
    child.on("error", (error) => this.#end(child, error.message));
    child.on("close", (status, signal) => this.#end(child, `ended with ${signal ?? status}: ${this.#lastError}`));
    return child;
  }

  #hear(line: string): void {
    let answer: { ok?: unknown; error?: string; trace?: string[] };
    try {
      answer = JSON.parse(line) as typeof answer;
    } catch {
      return log(this.#setting, `${line}\n`);
    }
    if (answer.error !== undefined) log(this.#setting, `${answer.error}\n${(answer.trace ?? []).join("\n")}\n`);
    this.#settle(answer.error === undefined ? answer.ok : new Error(answer.error));
  }

  #end(child: ChildProcess, why: string): void {
    if (child !== this.#child) return;
    this.#child = null;
    this.#settle(new Error(`${this.#command[0]} ${why}`));
  }

  #settle(answer: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (answer instanceof Error) waiting?.reject(answer);
    else waiting?.resolve(answer);
  }
}
