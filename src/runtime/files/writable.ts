/** Whether a file can be written where it was asked for, known before any work is done for it. It leaves nothing behind. */
import { closeSync, existsSync, openSync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";

/** What the system says, in words that stand behind "cannot be written". */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "writing there is not allowed",
  EPERM: "writing there is not allowed",
  EROFS: "the folder is read-only",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "its name is too long",
};

/** One sentence where it cannot; the file that may stand there is not touched. */
export function unwritable(file: string): string | null {
  const folder = dirname(file);
  if (!existsSync(folder)) return `there is no folder ${folder} to write into`;
  // Rights alone do not tell: a disk may be read-only or full, and an administrator has all rights.
  const trial = `${file}.${process.pid}.trial`;
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      return `${file} is a folder: nothing can be written over it`;
    }
    closeSync(openSync(trial, "wx"));
    rmSync(trial);
    return null;
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return `${basename(file)} cannot be written to ${folder}: ${reasons[code] ?? message}`;
  }
}
