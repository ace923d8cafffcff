/**
 * The process that runs the user's code for hints: a runtime without native code, on the meta device only, behind Node's
 * permission flags. It may read the workspace, write its own cache, and nothing else; it serves untrusted folders too.
 */
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
    const reads = [dirname(file), ...readable, cache];
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
        `--allow-fs-write=${cache}/*`,
      ],
      patienceMs: PATIENCE_MS,
      onLog,
    });
  }

  /** Throws TookTooLong, or RuntimeFailure. */
  async analyse(request: AnalysisRequest, signal: AbortSignal): Promise<AnalysisResult> {
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
