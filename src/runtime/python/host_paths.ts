/**
 * Host paths and how Python sees them. On POSIX they are the same, so tracebacks and `__file__` are true; a Windows
 * path `C:\w\a.py` is `/c:/w/a.py` inside. Touches no file.
 */
import { resolve } from "node:path";
import process from "node:process";

const isWindows = process.platform === "win32";

export function toVirtualPath(hostPath: string): string {
  const absolute = resolve(hostPath);
  if (!isWindows) return absolute;
  const [drive, ...rest] = absolute.split("\\");
  return `/${drive.toLowerCase()}/${rest.join("/")}`.replace(/\/$/, "");
}
