/**
 * What WebAssembly may ask of JavaScript. Python can call the functions it was handed and nothing else: no attribute
 * of a JavaScript object, no construction, no method, no library, no socket, no shell. This is the wall that holds
 * even when user code has taken over the interpreter's own memory, so it knows nothing of Python.
 */
import type { EmscriptenModule } from "./pyodide.ts";

/** Open while we load or reset the interpreter, shut while user code runs. */
export class Gate {
  isOpen = true;
  /** The functions that Python may call. */
  readonly callable = new Set<unknown>();
  /** The last error of ours that reached Python, with the stack that Python must not see. */
  lastError: { message: string; stack: string } | null = null;
  /** Set while an exception is being described for JavaScript: what Python prints then is the description. */
  captured: Uint8Array[] | null = null;
  /** Which reference stands for a JavaScript object; void once memory is restored. */
  readonly references = new Map<unknown, number>();
  private module: EmscriptenModule | null = null;
  private readonly interrupt: Int32Array | undefined;

  constructor(interrupt: Int32Array | undefined) {
    this.interrupt = interrupt;
  }

  /** From now on every JavaScript error on its way to Python passes here: Python gets exceptions, never an object. */
  attach(module: EmscriptenModule): void {
    this.module = module;
    const original = module.handle_js_error.bind(module);
    module.handle_js_error = (error) => this.translate(module, error, original);
  }

  /** Raises in Python and gives what the caller in WebAssembly expects of a failed call. */
  refuse(): unknown {
    return this.raise(new ErrorForPython("RuntimeError", "JavaScript objects are out of reach here"));
  }

  raise(error: unknown): unknown {
    const { module } = this;
    if (!module) throw error;
    module.handle_js_error(error);
    return module.error;
  }

  /** What a question for an attribute gets: there is none, and that is no exception yet. */
  missing(): unknown {
    return this.module?.error;
  }

  private translate(module: EmscriptenModule, error: unknown, original: (error: unknown) => void): void {
    if (error instanceof Interrupted) {
      // Cleared, as Python does itself: the main thread sees that the request to stop was noticed.
      if (this.interrupt) Atomics.store(this.interrupt, 0, 0);
      setException(module, "KeyboardInterrupt", "");
      return;
    }
    if (!(error instanceof Error)) {
      original(error);
      return;
    }
    const { name, message, stack = "", type } = error as Error & { type?: unknown };
    if (isInternal(module, error)) {
      error.stack = `${name}: ${message}`;
      original(error);
      return;
    }
    this.lastError = { message, stack };
    const isTyped = typeof type === "string" && setException(module, type, message);
    if (!isTyped) setException(module, "SystemError", `${message} (a bug in Layerwise, please report it)`);
  }
}

/** An error that arrives in Python as the exception class it names. Errors of the core with a `type` do the same. */
export class ErrorForPython extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Thrown inside a core function when the user has cancelled; arrives in Python as KeyboardInterrupt. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
  }
}

/** False when Python has no exception class of this name built in. */
function setException(module: EmscriptenModule, type: string, message: string): boolean {
  const address = (module as unknown as Record<string, unknown>)[`_PyExc_${type}`];
  if (typeof address !== "number") return false;
  const text = module.stringToNewUTF8(message);
  module._PyErr_SetString(module.HEAPU32[address >>> 2], text);
  module._free(text);
  return true;
}

/** pyodide's own signals: an exception of Python on its way back, one that is set already, a fatal error. */
function isInternal(module: EmscriptenModule, error: Error): boolean {
  if (Reflect.has(error, "pyodide_fatal_error")) return true;
  return error instanceof module.API.PythonError || error instanceof module._PropagatePythonError;
}

type Import = Function & { sig?: string };

// Emscripten's numbers for EACCES, ENOSYS.
const NO_ACCESS = -2;
const NO_SUCH_CALL = -52;

/** System calls that answer with an error: there is no network, no pipe and no second process behind them. */
const CLOSED_CALLS: Record<string, number> = {
  __syscall_accept4: NO_ACCESS,
  __syscall_bind: NO_ACCESS,
  __syscall_connect: NO_ACCESS,
  __syscall_getpeername: NO_ACCESS,
  __syscall_getsockname: NO_ACCESS,
  __syscall_getsockopt: NO_ACCESS,
  __syscall_listen: NO_ACCESS,
  __syscall_pipe: NO_SUCH_CALL,
  __syscall_recvfrom: NO_ACCESS,
  __syscall_recvmsg: NO_ACCESS,
  __syscall_sendmsg: NO_ACCESS,
  __syscall_sendto: NO_ACCESS,
  __syscall_socket: NO_ACCESS,
  _setitimer_js: NO_SUCH_CALL,
  // What a shell answers when it cannot find the command, as wait() encodes it.
  _emscripten_system: 127 * 256,
  _dlopen_js: 0,
  _dlsym_js: 0,
  getaddrinfo: -2,
  getnameinfo: -2,
  getprotobyname: 0,
  emscripten_debugger: 0,
  emscripten_log_impl_js: 0,
  _emscripten_log_formatted: 0,
  emscripten_set_up_async_input_device_js: 0,
};

/** Used by pyodide while it starts; afterwards they answer as a failed call does. */
const CLOSED_AFTER_START = [
  "JsException_new_helper",
  "JsMap_GetIter_js",
  "JsMap_clear_js",
  "JsModule_GetAll_js",
  "JsObjMap_GetIter_js",
  "JsObjMap_ass_subscript_js",
  "JsObjMap_contains_js",
  "JsObjMap_length_js",
  "JsObjMap_subscript_js",
  "JsProxy_DelAttr_js",
  "JsProxy_Dir_js",
  "JsProxy_GetAsyncIter_js",
  "JsProxy_GetAttr_js",
  "JsProxy_GetIter_js",
  "JsProxy_SetAttr_js",
  "JsProxy_aexit_js",
  "JsProxy_exit_js",
  "JsProxy_subscript_js",
  "JsProxy_to_weakref_js",
  "JsArray_count_js",
  "JsArray_index_js",
  "JsArray_inplace_repeat_js",
  "JsArray_repeat_js",
  "JsArray_reverse_js",
  "JsArray_reversed_iterator",
  "JsBuffer_DecodeString_js",
  "JsBuffer_get_info",
  "JsvArray_Delete",
  "JsvArray_Extend",
  "JsvArray_Insert",
  "JsvArray_Set",
  "JsvArray_slice",
  "JsvArray_slice_assign",
  "JsvBuffer_assignFromPtr",
  "JsvBuffer_assignToPtr",
  "JsvBuffer_intoFile",
  "JsvBuffer_readFromFile",
  "JsvBuffer_writeToFile",
  "JsvFunction_Call_OneArg",
  "JsvFunction_Construct",
  "JsvMap_Set",
  "JsvObject_CallMethod",
  "JsvObject_CallMethod_NoArgs",
  "JsvObject_CallMethod_OneArg",
  "JsvObject_CallMethod_TwoArgs",
  "JsvObject_Entries",
  "JsvObject_Keys",
  "JsvObject_SetAttr",
  "JsvObject_Values",
  "JsvPromise_Resolve",
  "JsvSet_Add",
  "JsvSet_New",
  "_JsArray_PostProcess_helper",
  "_JsArray_PushEntry_helper",
  "_JsObject_Set_js",
  "_agen_handle_result_js",
  "_python2js_buffer_inner",
  "array_to_js",
  "create_once_callable",
  "create_promise_handles",
  "emscripten_asm_const_int",
  "emscripten_promise_create",
  "emscripten_promise_resolve",
  "get_async_js_call_done_callback",
  "handle_next_result_js",
  "jslib_init_buffers_js",
  "jslib_init_js",
  "my_dict_converter",
  "pyodide_js_init",
  "raw_call_js",
  "set_pyodide_module",
  "set_suspender",
  "syncifyHandler",
  "wrap_async_generator",
  "wrap_generator",
];

/** Ways to run code or reach files that no start-up needs: always shut. An attempt ends the interpreter. */
const NEVER = ["ffi_call_js", "ffi_prep_closure_loc_js", "ffi_closure_alloc_js", "_emscripten_dlopen_js"];

/** Replaces, in the table that WebAssembly is about to import, everything that reaches beyond the interpreter. */
export function closeImports(table: WebAssembly.ModuleImports, program: WebAssembly.Module, gate: Gate): void {
  const imports = table as Record<string, Import>;
  const needed = new Set<string>();
  for (const item of WebAssembly.Module.imports(program)) {
    if (item.module === "env" || item.module === "wasi_snapshot_preview1") needed.add(item.name);
  }
  const unavailable = withSignature(() => 0, "v");
  for (const [name, original] of Object.entries(imports)) {
    // Functions the program does not import are there for libraries loaded later, and none ever is.
    if (typeof original === "function" && !needed.has(name)) imports[name] = unavailable;
  }
  for (const [name, answer] of Object.entries(CLOSED_CALLS)) {
    replace(imports, name, () => answer);
  }
  for (const name of NEVER) {
    replace(imports, name, () => {
      throw new Error(`[python] ${name} is not available`);
    });
  }
  // pyodide keeps this table outside of the memory that a reset restores: old references would be taken for living ones.
  replace(imports, "__hiwire_deduplicate_get", (_: unknown, value: unknown) => gate.references.get(value) ?? 0);
  replace(imports, "__hiwire_deduplicate_set", (_: unknown, value: unknown, reference: number) => {
    gate.references.set(value, reference);
  });
  replace(imports, "__hiwire_deduplicate_delete", (_: unknown, value: unknown) => gate.references.delete(value));
  // pyodide would swap the device behind file descriptor 2 for each exception that reaches JavaScript.
  replace(imports, "capture_stderr", () => {
    gate.captured = [];
  });
  replace(imports, "restore_stderr", () => {
    const text = new TextDecoder().decode(Buffer.concat(gate.captured ?? []));
    gate.captured = null;
    return text;
  });
  for (const name of CLOSED_AFTER_START) closeAfterStart(imports, name, gate);
  replace(imports, "JsvFunction_CallBound", (callee: Function, _self: unknown, positional: unknown[]) => {
    if (!gate.isOpen && !gate.callable.has(callee)) return gate.refuse();
    try {
      return Reflect.apply(callee, undefined, positional);
    } catch (error) {
      return gate.raise(error);
    }
  });
}

function closeAfterStart(imports: Record<string, Import>, name: string, gate: Gate): void {
  const original = imports[name];
  if (!original) throw new Error(`[python] this pyodide has no import ${name}: the wall must be checked against it`);
  const givesObject = original.sig?.startsWith("e") ?? false;
  replace(imports, name, (...passed: unknown[]) => {
    if (gate.isOpen) return Reflect.apply(original, undefined, passed);
    // A missing attribute is an everyday question; everything else is a refusal worth a message.
    if (name === "JsProxy_GetAttr_js") return gate.missing();
    const failure = gate.refuse();
    return givesObject ? failure : -1;
  });
}

function replace(imports: Record<string, Import>, name: string, replacement: Import): void {
  const original = imports[name];
  if (!original) throw new Error(`[python] this pyodide has no import ${name}: the wall must be checked against it`);
  imports[name] = withSignature(replacement, original.sig);
}

function withSignature(target: Import, signature: string | undefined): Import {
  if (signature) target.sig = signature;
  return target;
}
