/**
 * Hardens the JavaScript world of the worker in which Python lives: no code from strings, frozen built-ins, no
 * network. A second wall behind wall.ts: should user code ever hold a JavaScript object, nothing reachable from it
 * can run or change anything. Call it when everything is loaded. It cannot be undone.
 */
import process from "node:process";

/** Names that reach out of the process. Our own code imports what it needs from node: modules instead. */
const REMOVED_GLOBALS = [
  "require",
  "module",
  "exports",
  "fetch",
  "WebSocket",
  "EventSource",
  "XMLHttpRequest",
  "Request",
  "Response",
  "navigator",
  "localStorage",
  "sessionStorage",
  "BroadcastChannel",
];

/** Classes whose instances assign to inherited names: `this.name = …` in an error, `x.constructor = …`. */
const ASSIGNED_THROUGH = [
  Object,
  Function,
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
];

let isHardened = false;

/** True when `new Function` and `eval` of strings are switched off in this thread. */
export function isCodeGenerationOff(): boolean {
  try {
    return Boolean(new Function("return false")) && false;
  } catch {
    return true;
  }
}

/** Throws unless this thread was started with code generation switched off. */
export function hardenRealm(): void {
  if (isHardened) return;
  if (!isCodeGenerationOff()) {
    throw new Error(
      "[python] refusing to start: JavaScript in this thread can still be made from strings; " +
        "start Node with --disallow-code-generation-from-strings",
    );
  }
  isHardened = true;
  for (const name of REMOVED_GLOBALS) Reflect.deleteProperty(globalThis, name);
  replaceProcess();
  for (const constructor of ASSIGNED_THROUGH) allowOverriding(constructor.prototype);
  for (const value of intrinsics()) freezeIntrinsic(value);
}

/** Libraries ask `process` what platform they are on; nothing else of it is left. */
function replaceProcess(): void {
  const facts = Object.seal({
    platform: process.platform,
    arch: process.arch,
    version: process.version,
    versions: Object.freeze({ ...process.versions }),
    env: Object.freeze({}),
    argv: Object.freeze([]),
    execArgv: Object.freeze([]),
    pid: process.pid,
    hrtime: process.hrtime,
    nextTick: process.nextTick,
    emitWarning: () => {},
    // The interpreter notes its exit code here when it ends itself.
    exitCode: undefined,
  });
  Object.defineProperty(globalThis, "process", { value: facts, writable: false, configurable: false });
}

/** The language's own. Node's classes are left alone: touching them loads them, and Python can reach none of them. */
const INTRINSICS = [
  "Object",
  "Function",
  "Array",
  "String",
  "Number",
  "Boolean",
  "Symbol",
  "BigInt",
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "WeakRef",
  "Promise",
  "Error",
  "AggregateError",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "RegExp",
  "Date",
  "ArrayBuffer",
  "SharedArrayBuffer",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Iterator",
  "Proxy",
  "Reflect",
  "JSON",
  "Math",
  "Atomics",
  "Intl",
  "WebAssembly",
  "FinalizationRegistry",
];

function* intrinsics(): Generator<unknown> {
  for (const name of INTRINSICS) yield (globalThis as Record<string, unknown>)[name];
  for (const literal of [function* () {}, async function () {}, async function* () {}]) yield literal.constructor;
  yield Object.getPrototypeOf(Uint8Array);
  const of: typeof Symbol.iterator = Symbol.iterator;
  const iterators = [[][of](), new Map().entries(), new Set().values(), ""[of](), "".matchAll(/a/g)];
  for (const iterator of iterators) yield { prototype: Object.getPrototypeOf(iterator) };
}

function freezeIntrinsic(value: unknown): void {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  const prototype = (value as { prototype?: unknown }).prototype;
  // That of functions is one.
  if (prototype === Function.prototype) Object.freeze(prototype);
  else if (typeof prototype === "object" && prototype !== null) freezePrototype(prototype);
  if (value === Error) freezeErrorConstructor();
  else Object.freeze(value);
}

/**
 * Freezes it so that arrays stay fast. Where V8 finds what it calls frozen elements above an object, no store to an element
 * of that object is compiled any more, be it in arrays' own lists: each takes the long way, 50 ns instead of 1, which made
 * ops cost up to twice as much. An object of accessors is as frozen when it is sealed. One whose properties lie in a table,
 * as they do after a change of one of them, keeps its elements in a table, too; becoming a prototype again gives it back
 * the fast form of its properties. test/python/realm.test.ts asks V8.
 */
function freezePrototype(prototype: object): void {
  if (prototype === Object.prototype) {
    asPrototype(prototype);
    Object.seal(prototype);
    asPrototype(prototype);
    return;
  }
  if (prototype === Array.prototype) Object.defineProperty(prototype, "concat", { writable: false });
  Object.freeze(prototype);
  asPrototype(prototype);
}

const asPrototype = (object: object): unknown => Object.create(object);

/** Node raises and restores `Error.stackTraceLimit` around its own errors, so that one name must stay writable. */
function freezeErrorConstructor(): void {
  Object.defineProperty(Error, "prepareStackTrace", { value: undefined, writable: false, configurable: false });
  for (const name of Object.getOwnPropertyNames(Error)) {
    if (name === "stackTraceLimit") continue;
    Object.defineProperty(Error, name, { writable: false, configurable: false });
  }
  Object.preventExtensions(Error);
}

/**
 * A frozen prototype makes `instance.name = value` fail, because the inherited property is read-only. An accessor that
 * defines the name on the instance keeps such code working.
 */
function allowOverriding(prototype: object): void {
  for (const name of Reflect.ownKeys(prototype)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(prototype, name);
    if (!descriptor || !("value" in descriptor) || !descriptor.configurable) continue;
    const inherited: unknown = descriptor.value;
    Object.defineProperty(prototype, name, {
      get: () => inherited,
      set(this: unknown, value: unknown) {
        if (this === prototype) throw new TypeError(`${String(name)} of a built-in cannot be changed`);
        if ((typeof this !== "object" && typeof this !== "function") || this === null) return;
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      enumerable: descriptor.enumerable,
      configurable: false,
    });
  }
}
