/**
 * Functions that Python calls without a proxy: built-in functions of CPython whose code is one JavaScript function in the
 * program's table, told apart by the number that each was made with. What they do with their arguments is the core's.
 */
import type { EmscriptenModule } from "./pyodide.ts";
import type { Gate } from "./wall.ts";

/** The part of the core that is called directly. Whatever it is handed may be forged: it answers or throws, nothing else. */
export interface DirectCalls {
  names(): readonly string[];
  /** `args` is the address of `n` pointers to objects; a reference for Python to own, 0 when an exception is set. */
  call(index: number, args: number, n: number): number;
  /** The last words of an object whose class was given them by `end_of`. */
  end(object: number): void;
  makePlainInt(descriptor: number): void;
}

/** CPython's functions that are used here, and Emscripten's. */
interface Machine {
  HEAPU32: Uint32Array;
  addFunction(target: Function, signature: string): number;
  stringToNewUTF8(text: string): number;
  _malloc(bytes: number): number;
  _PyImport_AddModule(name: number): number;
  _PyLong_FromLong(value: number): number;
  _PyCFunction_NewEx(method: number, self: number, module: number): number;
  _PyObject_SetAttrString(object: number, name: number, value: number): number;
  _PyDescr_NewWrapper(type: number, base: number, wrapped: number): number;
}

/** Where the two functions lie in the program's table: memory names them by these numbers. */
export type DirectSlots = readonly [call: number, end: number];

const MODULE = "_direct";
/** Before the core's: what shapes the class of tensors. */
const OWN = ["make_plain_int", "end_of"];
const METH_FASTCALL = 0x80;
/** The words of an int's digits and of a slot wrapper's definition. */
const DIGITS = 3;
const WRAPPER_BASE = 5;

export const directNames = (direct: DirectCalls): string[] => [...OWN, ...direct.names()];

/** Puts the functions into the table. To be called at the same moment of every start, so that the numbers stay the same. */
export function placeDirectCalls(module: EmscriptenModule, direct: DirectCalls, gate: Gate | null): DirectSlots {
  const machine = module as unknown as Machine;
  const failed = (error: unknown): number => {
    if (gate) gate.raise(error);
    else module.handle_js_error(error);
    return 0;
  };
  const own = (index: number, args: number): number => {
    const [first, second] = [machine.HEAPU32[args >>> 2]!, machine.HEAPU32[(args >>> 2) + 1]!];
    if (index === 1) {
      return machine._PyDescr_NewWrapper(first, machine.HEAPU32[(second >>> 2) + WRAPPER_BASE]!, slots[1]);
    }
    direct.makePlainInt(first);
    return machine._PyLong_FromLong(0);
  };
  // Memory that grows takes the old view's buffer away. Among the program's thousands of names a look for the new one is slow.
  let words = machine.HEAPU32;
  const call = (self: number, args: number, n: number): number => {
    try {
      if (words.length === 0) words = machine.HEAPU32;
      const index = words[(self >>> 2) + DIGITS]!;
      return index < OWN.length ? own(index, args) : direct.call(index - OWN.length, args, n);
    } catch (error) {
      return failed(error);
    }
  };
  const end = (object: number): void => {
    try {
      direct.end(object);
    } catch {
      // Nobody is there to be told: the object was forged or its run is over.
    }
  };
  const slots = [machine.addFunction(call, "iiii"), machine.addFunction(end, "vi")] as const;
  return slots;
}

/** Makes the module `_direct`. Its memory is part of a snapshot: only a fresh start needs this. */
export function defineDirectModule(module: EmscriptenModule, direct: DirectCalls, [call]: DirectSlots): void {
  const machine = module as unknown as Machine;
  const target = machine._PyImport_AddModule(machine.stringToNewUTF8(MODULE));
  directNames(direct).forEach((name, index) => {
    const text = machine.stringToNewUTF8(name);
    const method = machine._malloc(16);
    machine.HEAPU32.set([text, call, METH_FASTCALL, 0], method >>> 2);
    const made = machine._PyCFunction_NewEx(method, machine._PyLong_FromLong(index), 0);
    machine._PyObject_SetAttrString(target, text, made);
  });
}
