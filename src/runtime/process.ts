/**
 * The runtime as a process of its own, which the extension forks: RuntimeHost behind Node's IPC channel, speaking
 * src/protocol/rpc.ts. Says `ready` before it answers with Python; settles every request; ends when its parent does.
 */
import type { FromRuntime, ToRuntime } from "../protocol/rpc.ts";
import { RPC_VERSION } from "../protocol/rpc.ts";
import type { Failure } from "../protocol/source.ts";
import { GpuWatch } from "./host/gpu_watch.ts";
import { RequestFailed, RuntimeHost, type HostOptions } from "./host/host.ts";

const cancels = new Map<number, AbortController>();
/** How often memory is told while something runs. */
const MEMORY_EVERY_MS = 250;

function tell(message: FromRuntime): void {
  if (process.connected) process.send?.(message);
}

async function main(): Promise<void> {
  const host = RuntimeHost.begin(optionsFrom(process.env.LAYERWISE_RUNTIME_OPTIONS));
  process.on("message", (message: ToRuntime) => {
    if (message.type === "request") void serve(host, message);
    else if (message.type === "cancel") cancels.get(message.id)?.abort();
  });
  // An orderly end would wait for a call that nobody reads the result of.
  process.on("disconnect", () => (host.isHeldUp ? process.kill(process.pid, "SIGKILL") : process.exit(0)));
  await host.whenReady();
  watchMemory(host);
  tell({ type: "ready", version: RPC_VERSION, pid: process.pid, device: host.device });
}

/** The worker is busy while Python runs, so its memory is read from here. */
function watchMemory(host: RuntimeHost): void {
  const gpus = new GpuWatch();
  let last = "";
  const look = (): void => {
    const { device, allocatedBytes, reservedBytes, index } = host.memory;
    // While nothing runs, a GPU is left to sleep.
    const gpu = index === undefined || cancels.size === 0 ? undefined : gpus.read(index);
    const memory = { device, allocatedBytes, reservedBytes, ...(gpu ? { gpu } : {}) };
    const now = JSON.stringify(memory);
    if (now === last) return;
    last = now;
    tell({ type: "memory", ...memory });
  };
  setInterval(look, MEMORY_EVERY_MS).unref();
}

async function serve(host: RuntimeHost, message: Extract<ToRuntime, { type: "request" }>): Promise<void> {
  const { id, verb, request } = message;
  const cancel = new AbortController();
  cancels.set(id, cancel);
  try {
    const result = await host.request(verb, request, {
      signal: cancel.signal,
      onOutput: (stream, text) => tell({ type: "output", id, stream, text }),
      onProgress: (text, fraction) => tell({ type: "progress", id, message: text, fraction }),
    });
    tell({ type: "result", id, result });
  } catch (error) {
    tell({ type: "failure", id, failure: failureOf(error) });
  } finally {
    cancels.delete(id);
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof RequestFailed) return error.failure;
  return { kind: "bug", type: "runtime-error", message: String((error as Error).message ?? error).split("\n", 1)[0] };
}

/** The parent passes options as JSON in the environment, so that they are known before the first message. */
function optionsFrom(text: string | undefined): HostOptions {
  return text ? (JSON.parse(text) as HostOptions) : {};
}

main().catch((error: unknown) => {
  tell({ type: "failure", id: 0, failure: failureOf(error) });
  process.exitCode = 1;
  process.disconnect?.();
});
