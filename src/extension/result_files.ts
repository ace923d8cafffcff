/**
 * Results on disk, so that a reloaded window shows what it showed before. Holds a limited number; whatever cannot be
 * read is as good as absent. The files are the extension's own and are written whole or not at all.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Trace } from "../protocol/trace.ts";
import { type Kept, type Kind } from "./results.ts";
import { targetKey } from "./target.ts";

/** Raised when the form of what is kept changes. */
const VERSION = 2;
const MOST_FILES = 80;

export class ResultFiles {
  private readonly folder: string;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.folder = folder;
  }

  write(kept: Kept): Promise<void> {
    return this.put(this.path(kept.kind, targetKey(kept.target)), kept);
  }

  writeTrace(key: string, trace: Trace | undefined): Promise<void> {
    const path = this.path("trace", key);
    return trace ? this.put(path, trace) : this.inTurn(() => rm(path, { force: true }));
  }

  readTrace(key: string): Promise<Trace | undefined> {
    return this.inTurn(() => read<Trace>(this.path("trace", key)));
  }

  /** Oldest first. */
  readAll(): Promise<Kept[]> {
    return this.inTurn(async () => {
      const names = (await this.namesByAge()).filter((name) => !name.startsWith("trace-"));
      const all = await Promise.all(names.map((name) => read<Kept>(join(this.folder, name))));
      return all.filter((kept) => kept !== undefined);
    });
  }

  remove(kind: Kind, key: string): Promise<void> {
    return this.inTurn(async () => {
      await rm(this.path(kind, key), { force: true });
      if (kind === "profile") await rm(this.path("trace", key), { force: true });
    });
  }

  clear(): Promise<void> {
    return this.inTurn(() => rm(this.folder, { recursive: true, force: true }));
  }

  private path(kind: Kind | "trace", key: string): string {
    return join(this.folder, `${kind}-${createHash("sha1").update(key).digest("hex")}.bin`);
  }

  private put(path: string, value: unknown): Promise<void> {
    return this.inTurn(async () => {
      await mkdir(this.folder, { recursive: true });
      await writeFile(`${path}.new`, serialize({ version: VERSION, value }));
      await rename(`${path}.new`, path);
      const names = await this.namesByAge();
      for (const name of names.slice(0, Math.max(0, names.length - MOST_FILES))) {
        await rm(join(this.folder, name), { force: true });
      }
    });
  }

  private async namesByAge(): Promise<string[]> {
    const names = (await readdir(this.folder).catch(() => [])).filter((name) => name.endsWith(".bin"));
    const ages = await Promise.all(
      names.map(async (name) => ({ name, ms: (await stat(join(this.folder, name)).catch(() => null))?.mtimeMs ?? 0 })),
    );
    return ages.sort((a, b) => a.ms - b.ms).map(({ name }) => name);
  }

  /** One after another: a later write must not be overtaken by an earlier one. */
  private inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => {});
    return result;
  }
}

async function read<Value>(path: string): Promise<Value | undefined> {
  try {
    const { version, value } = deserialize(await readFile(path)) as { version: number; value: Value };
    return version === VERSION ? value : undefined;
  } catch {
    return undefined;
  }
}
