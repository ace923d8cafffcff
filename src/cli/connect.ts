/**
 * The command line's own runtime: started in this process, asked once, ended. A request that came to nothing becomes a
 * result with its failure, so that callers see one kind of answer.
 */
import type { Verb, Verbs } from "../protocol/rpc.ts";
import type { Failure } from "../protocol/source.ts";
import { leaveBy } from "./leave.ts";
import type { RuntimeHost as Host } from "../runtime/host/host.ts";

export interface Listeners {
  output(stream: "stdout" | "stderr", text: string): void;
  progress(message: string, fraction?: number): void;
  signal: AbortSignal;
}

const SOON_MS = 500;
/** A script may print as much as it likes: the limits of the host are for views. */
const UNLIMITED = { bytes: Infinity, lines: Infinity };

export async function connect<V extends Verb>(
  verb: V,
  asked: Verbs[V]["request"],
  listeners: Listeners,
): Promise<Verbs[V]["result"]> {
  const { RequestFailed, RuntimeHost } = await import("../runtime/host/host.ts");
  const keyboard = verb === "python" || verb === "run" || verb === "profile" ? new Keyboard() : null;
  const threads = "threads" in asked && asked.threads !== undefined ? { threads: asked.threads } : {};
  let host: Host | undefined;
  try {
    host = RuntimeHost.begin({
      core: threads,
      isLazy: true,
      isTerminal: {
        stdin: Boolean(process.stdin.isTTY),
        stdout: Boolean(process.stdout.isTTY),
        stderr: Boolean(process.stderr.isTTY),
      },
      ...(keyboard ? { readInput: () => keyboard.read() } : {}),
      ...(process.env["LAYERWISE_DEBUG"]
        ? { onNotice: (sentence: string) => listeners.output("stderr", `${sentence}\n`) }
        : {}),
    });
    return await host.request(verb, asked, {
      onOutput: (stream, text) => listeners.output(stream, text),
      onProgress: (message, fraction) => listeners.progress(message, fraction),
      signal: listeners.signal,
      outputLimit: UNLIMITED,
    });
  } catch (error) {
    if (error instanceof RequestFailed) return failed(verb, asked, error.failure);
    throw error;
  } finally {
    keyboard?.close();
    const closed = host?.close();
    if (!listeners.signal.aborted) await closed;
    else if (host?.isHeldUp || !(await isSoon(closed))) leaveBy(listeners.signal.reason as NodeJS.Signals);
  }
}

/** What was cancelled while it starts, or inside of code that cannot be interrupted, is waited for by nobody. */
async function isSoon(ended: Promise<void> | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, SOON_MS, false)));
  const isDone = await Promise.race([ended?.then(() => true) ?? true, late]);
  clearTimeout(timer);
  return isDone;
}

function failed<V extends Verb>(verb: V, asked: Verbs[V]["request"], failure: Failure): Verbs[V]["result"] {
  const target = "target" in asked ? asked.target : "";
  // Only the head of a result is promised where `ok` is false.
  return { version: 1, verb, target, ok: false, failure } as unknown as Verbs[V]["result"];
}

/** Standard input, read only when a script asks for it, so that nothing keeps the process alive. */
class Keyboard {
  #chunks: AsyncIterator<Buffer> | null = null;

  async read(): Promise<Uint8Array | null> {
    this.#chunks ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const { value, done } = await this.#chunks.next();
    return done ? null : value;
  }

  close(): void {
    if (this.#chunks) process.stdin.destroy();
  }
}
