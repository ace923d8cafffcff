/**
 * The end of a process whose worker is inside of code that cannot be interrupted, a call of ONNX Runtime for one: by the signal that
 * it was sent, as if it had never listened. An orderly end would wait for that call.
 */

let heldUpBy: NodeJS.Signals | null = null;

/** Once everything is said there is nothing to wait for. */
export function leaveBy(signal: NodeJS.Signals): void {
  heldUpBy = signal;
}

export function leaveIfHeldUp(): void {
  if (heldUpBy) leave(heldUpBy);
}

export function leave(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
