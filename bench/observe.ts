/**
 * Runs a program and reports its time, its largest resident set with all its children, and how busy others kept the
 * machine meanwhile. Reads /proc, so memory and business are known on Linux alone (elsewhere NaN and 0).
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Observation {
  status: number | string;
  stdout: string;
  stderr: string;
  wallMs: number;
  peakMiB: number;
  otherCores: number;
}

const POLL_MS = 25;
/** USER_HZ: the unit of times in /proc is a hundredth of a second on every Linux that matters. */
const TICK_MS = 10;

export function observe(command: string[], folder: string, environment: NodeJS.ProcessEnv): Promise<Observation> {
  return new Promise((resolve, reject) => {
    const machineBefore = machineBusyMs();
    const start = performance.now();
    const [program, ...args] = command as [string, ...string[]];
    const child = spawn(program, args, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    const peaks = new Map<number, number>();
    const busy = new Map<number, number>();
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const poll = () => {
      for (const pid of familyOf(child.pid!)) {
        peaks.set(pid, Math.max(peaks.get(pid) ?? 0, peakMiBOf(pid)));
        busy.set(pid, Math.max(busy.get(pid) ?? 0, busyMsOf(pid)));
      }
    };
    const timer = setInterval(poll, POLL_MS);
    child.on("error", (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearInterval(timer);
      const wallMs = performance.now() - start;
      const othersMs = machineBusyMs() - machineBefore - sum(busy.values());
      const otherCores = Math.max(0, othersMs / wallMs);
      const peakMiB = sum(peaks.values()) || NaN;
      resolve({ status: code ?? signal ?? "?", stdout, stderr, wallMs, peakMiB, otherCores });
    });
  });
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The text of a /proc file; empty when the process is gone or there is no /proc. */
function proc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return "";
  }
}

function familyOf(pid: number): number[] {
  const children = proc(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

function peakMiBOf(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(proc(`${pid}/status`));
  return match ? Number(match[1]) / 1024 : 0;
}

function busyMsOf(pid: number): number {
  const fields = proc(`${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
}

/** Time that all processors together have been at work since the start of the machine. */
export function machineBusyMs(): number {
  const [user = 0, nice = 0, system = 0] = proc("stat").split("\n")[0]!.split(/\s+/).slice(1).map(Number);
  return (user + nice + system) * TICK_MS;
}
