/**
 * Starts the programs that a check compares: Layerwise, and a Python that has PyTorch. Gives what they wrote and how they
 * ended; never throws because a program failed.
 */
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder with bin/, dist/, native/ and tools/: a checkout, or what pack.ts gathered. */
export const root = fileURLToPath(new URL("../../", import.meta.url));
export const scripts = `${root}tools/gpu-check/python/`;

export interface Ended {
  status: number;
  out: string;
  err: string;
  seconds: number;
  isTimedOut: boolean;
}

export interface Setting {
  /** An interpreter with PyTorch, or null. */
  python: string | null;
  isEmulated: boolean;
  /** Few cases, small sizes: proves that everything can run. */
  isSmall: boolean;
  /** Names of the cases to measure. */
  cases: RegExp;
  logFile: string;
  environment: NodeJS.ProcessEnv;
  /** performance.now() after which nothing new begins. */
  deadline: number;
}

export const secondsLeft = (setting: Setting): number => (setting.deadline - performance.now()) / 1000;

/** What a failing program is known by: the last thing it said. */
export function lastWords(ended: Ended): string {
  const lines = (ended.err.trim() || ended.out.trim()).split("\n");
  const end = ended.isTimedOut ? `stopped after ${ended.seconds.toFixed(0)} s` : `exit ${ended.status}`;
  return `${end}: ${lines.at(-1)!.slice(0, 300)}`;
}

/** Runs one program to its end; a program that outlives its time is killed with its children. */
export function run(
  setting: Setting,
  command: readonly string[],
  options: { limitS: number; environment?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const start = performance.now();
  const env = { ...setting.environment, ...options.environment };
  const child = spawn(command[0]!, command.slice(1), {
    cwd: root,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const limitMs = Math.max(1, Math.min(options.limitS, secondsLeft(setting))) * 1000;
  let out = "";
  let err = "";
  let isTimedOut = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const timer = setTimeout(() => {
    isTimedOut = true;
    killWithChildren(child.pid);
  }, limitMs);
  return new Promise((resolve) => {
    let isSettled = false;
    const settle = (status: number, why = ""): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      const seconds = (performance.now() - start) / 1000;
      const ended = { status, out, err: err + why, seconds, isTimedOut };
      log(setting, `$ ${command.join(" ")}\n${out}${ended.err}[${lastWords(ended)}]\n`);
      resolve(ended);
    };
    child.on("error", (error) => settle(-1, error.message));
    child.on("close", (status) => settle(status ?? -1));
  });
}

export function killWithChildren(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

export function log(setting: Setting, text: string): void {
  appendFileSync(setting.logFile, text);
}

export const layerwise = (...words: string[]): string[] => [`${root}bin/layerwise`, ...words];
export const oursRuns = (script: string, ...words: string[]): string[] => layerwise("python", script, ...words);

/** The JSON lines of an output, in order; other lines are somebody's prose. */
export function jsonLines<T>(text: string): T[] {
  const found: T[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("{")) continue;
    try {
      found.push(JSON.parse(line) as T);
    } catch {
      // A line that was cut off by the end of its program.
    }
  }
  return found;
}
