/**
 * The crossing between Python and the ops: plain numbers both ways. Lists travel through one scratch block of doubles in
 * Python's memory; constant lists (shapes, dims) are interned once and passed as an id. An error is the handle 0, its
 * class and text wait here to be asked for: throwing through WebAssembly would cost a hundred times more.
 */
import { PythonError } from "./errors.ts";

export interface PythonSide {
  module: { HEAPU8: Uint8Array; HEAPF64: Float64Array };
  callPython(target: string, ...positional: unknown[]): unknown;
  checkInterrupt(): void;
}

let side: PythonSide | null = null;
let scratchIndex = 0;

export function attachPython(python: PythonSide): void {
  side = python;
  // A restored memory does not run torch's import again: the address is asked for when it is first needed.
  scratchIndex = 0;
}

export function python(): PythonSide {
  if (!side) throw new Error("no Python is attached");
  return side;
}

/** What a Python function without arguments answers; undefined where no Python runs. */
export const ask = (target: string): unknown => side?.callPython(target);

/** Have Python give back the tensors that it no longer holds. */
export function returnDropped(): void {
  if (side) side.callPython("torch._C:_return_dead");
}

export function setScratch(address: number): void {
  scratchIndex = address / 8;
}

/** The scratch block, valid until Python's memory grows: fetch it anew in each call. */
export function scratch(): { heap: Float64Array; at: number } {
  if (scratchIndex === 0) setScratch(python().callPython("torch._C:_scratch_address") as number);
  return { heap: python().module.HEAPF64, at: scratchIndex };
}

export function readScratch(n: number, from = 0): number[] {
  const { heap, at } = scratch();
  const out = new Array<number>(n);
  for (let i = 0; i < n; i++) out[i] = heap[at + from + i]!;
  return out;
}

export function writeScratch(values: readonly number[]): number {
  const { heap, at } = scratch();
  for (let i = 0; i < values.length; i++) heap[at + i] = values[i]!;
  return values.length;
}

// Interned lists

const lists: (readonly number[])[] = [];

/** Keep the first n scratch values as a list with an id. */
export const internList = (n: number): number => lists.push(readScratch(n)) - 1;
export const internedList = (id: number): readonly number[] => lists[id]!;
export function clearLists(): void {
  lists.length = 0;
}

// Errors

let lastType = "";
let lastMessage = "";

/** Remember an error for Python to raise; returns what stands for it. */
export function fail(error: unknown): 0 {
  if (error instanceof PythonError) {
    lastType = error.type;
    lastMessage = error.message;
  } else if (error instanceof Error && isForeign(error)) {
    // An exception of Python's own on its way through: hand it back untouched.
    throw error;
  } else {
    lastType = "layerwise.Bug";
    lastMessage = error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error);
  }
  return 0;
}

const isForeign = (error: Error): boolean => error.constructor.name === "PythonError" || error.name === "PythonError";

export const errorType = (): string => lastType;
export const errorMessage = (): string => lastMessage;
