/** The one hook by which calls of ops are watched: traces, graphs and shape hints. null costs a single comparison. */
import type { OpRecord } from "./op.ts";
import type { Tensor } from "./tensor.ts";

export interface Observer {
  /** Returns a token for `endOp`; only outermost calls count, what an op calls inside belongs to it. */
  beginOp(record: OpRecord, args: readonly unknown[]): number;
  endOp(call: number, record: OpRecord, args: readonly unknown[], result: unknown): void;
  abortOp(call: number, record: OpRecord, args: readonly unknown[]): void;
  /** What to remember in a tape node, so that its backward is attributed to the same module and line. */
  origin(): number;
  /** The tape runs the node with this origin, until `endBackward`. */
  beginBackward(origin: number, name: string): void;
  endBackward(incoming: readonly (Tensor | null)[], outgoing: readonly (Tensor | null)[]): void;
  /** Python looks at the numbers of a tensor: whatever it does next may hang on them. */
  readValue?(t: Tensor): void;
  /** Bytes of a tensor came to the host, for Python or for an op whose result hangs on them; a check that can only raise is none. */
  readBytes?(t: Tensor, bytes: Uint8Array): void;
  /** A fresh tensor was filled with Python's own numbers. */
  filled?(t: Tensor): void;
}

export const observer: { current: Observer | null } = { current: null };
