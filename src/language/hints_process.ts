/**
 * The process that runs the user's code for hints: a runtime without native code, on the meta device only, behind Node's
 * permission flags. It may read the workspace, write its own cache, and nothing else; it serves untrusted folders too.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { AnalysisRequest, AnalysisResult } from "../protocol/analysis.ts";
import { RuntimeClient, RuntimeFailure } from "../runtime/client.ts";
import { defaultCacheFolder } from "../runtime/paths.ts";

/** Python's own memory; tensors of the meta device have none. */
const MEMORY_BYTES = 1024 ** 3;
/** JavaScript's memory: shapes, tapes and graphs. */
const HEAP_MIB = 1024;
/** A request that does not keep to its own budget is cancelled after so much more, and its process replaced. */
const GRACE_MS = 1500;
const PATIENCE_MS = 1000;

export interface HintsOptions {
  /** The runtime's bundle. */
  file: string;
  readable: string[];
  onLog(line: string): void;
}

/** The whole request took too long, and the process had to be stopped. */
export class TookTooLong extends Error {}

export class HintsProcess {
  private readonly client: RuntimeClient;

  constructor({ file, readable, onLog }: HintsOptions) {
    const cache = defaultCacheFolder();
    // The process itself may not: its rights begin inside.
    mkdirSync(cache, { recursive: true });
    // Rights are given to real places: an extension may be installed as a link, a workspace lie behind one.
    const reads = [...new Set([dirname(file), ...readable, cache].flatMap((folder) => [folder, realOf(folder)]))];
    this.client = new RuntimeClient({
      file,
      options: () => ({ core: { metaOnly: true }, memoryLimitBytes: MEMORY_BYTES }),
      flags: [
        "--permission",
        "--allow-worker",
        // What --permission says about workers on every start is meant for people at a terminal.
        "--disable-warning=SecurityWarning",
        `--max-old-space-size=${HEAP_MIB}`,
        // Where an opened file really lies is read here, so that no link leads out of the workspace.
        ...[...reads, "/proc/self/fd"].map((folder) => `--allow-fs-read=${folder}/*`),
        ...new Set([`--allow-fs-write=${cache}/*`, `--allow-fs-write=${realOf(cache)}/*`]),
      ],
      patienceMs: PATIENCE_MS,
      onLog,
    });
  }

  /** Starts ahead of the first request; why it failed is told to that one. */
  warmUp(): void {
    this.client.whenReady().catch(() => {});
  }

  /** Throws TookTooLong, or RuntimeFailure. */
  async analyse(request: AnalysisRequest, signal: AbortSignal): Promise<AnalysisResult> {
    await this.client.whenReady();
    const late = AbortSignal.timeout((request.budgetMs ?? 0) + GRACE_MS);
    try {
      return await this.client.request("analyse", request, { signal: AbortSignal.any([signal, late]) });
    } catch (error) {
      if (late.aborted && !signal.aborted && error instanceof RuntimeFailure) throw new TookTooLong();
      throw error;
    }
  }

  dispose(): void {
    this.client.dispose();
  }
}

function realOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // A workspace folder that was deleted meanwhile.
    return folder;
  }
}
