/**
 * Starts the pinned pyodide build: CPython compiled to WebAssembly. Does by itself what pyodide's own loader does,
 * because that one brings network, child processes and package downloads along, and none of them may be near user
 * code. The names below are private to pyodide 314.0.7; a test fails when another version is installed.
 */
import { constants } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Gate } from "./wall.ts";
import { closeImports } from "./wall.ts";

export const PYODIDE_VERSION = "314.0.7";

/** A JavaScript handle on a Python object. Whoever gets one destroys it. */
export interface PyProxy {
  (...positional: unknown[]): unknown;
  destroy(): void;
  copy(): PyProxy;
}

/** What a snapshot remembers of JavaScript: names of the objects that Python held, by slot of its reference table. */
export interface ReferenceTable {
  hiwireKeys: ({ serialized: string } | { path: string[] } | { API: true } | { abortSignalAny: true } | null)[];
  immortalKeys: string[];
}

export interface PyodideApi {
  version: string;
  PythonError: Function;
  config: { jsglobals: object; _makeSnapshot?: boolean };
  public_api: PublicApi;
  sys: { path: { insert(at: number, item: string): void } };
  _pyodide: { set_excepthook(): void };
  on_fatal?: (error: unknown) => void;
  serializeHiwireState(serialize: (value: object) => string): ReferenceTable;
  finalizeBootstrap(table?: ReferenceTable, deserialize?: (name: string) => unknown): PublicApi;
  initializeStreams(stdin: () => null, stdout: (text: string) => void, stderr: (text: string) => void): void;
}

export interface PublicApi {
  runPython(source: string, options?: { globals?: PyProxy; filename?: string }): unknown;
  registerJsModule(name: string, module: object): void;
  setInterruptBuffer(buffer: { 0: number }): void;
  checkInterrupt(): void;
  setStdin(device: { read(buffer: Uint8Array): number; isatty: boolean }): void;
  setStdout(device: { write(buffer: Uint8Array): number; isatty: boolean }): void;
  setStderr(device: { write(buffer: Uint8Array): number; isatty: boolean }): void;
}

/** A file or folder in Emscripten's virtual file system. */
export interface FsNode {
  id: number;
  name: string;
  mode: number;
  parent: FsNode;
  mount: { opts: unknown; root: FsNode };
  contents?: Record<string, FsNode> | Uint8Array;
  usedBytes?: number;
  node_ops: NodeOps;
  stream_ops: StreamOps;
}

export interface FsAttributes {
  dev: number;
  ino: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  atime: Date;
  mtime: Date;
  ctime: Date;
  blksize: number;
  blocks: number;
}

export interface FsStream {
  node: FsNode;
  flags: number;
  position: number;
  fd: number;
  [extra: string]: unknown;
}

export type AttributeChange = { mode?: number; size?: number; atime?: number; mtime?: number; timestamp?: number };

export interface NodeOps {
  getattr?(node: FsNode): FsAttributes;
  setattr?(node: FsNode, change: AttributeChange): void;
  lookup?(parent: FsNode, name: string): FsNode;
  mknod?(parent: FsNode, name: string, mode: number, device: number): FsNode;
  rename?(node: FsNode, parent: FsNode, name: string): void;
  unlink?(parent: FsNode, name: string): void;
  rmdir?(parent: FsNode, name: string): void;
  readdir?(node: FsNode): string[];
  symlink?(parent: FsNode, name: string, target: string): FsNode;
  readlink?(node: FsNode): string;
}

export interface StreamOps {
  open?(stream: FsStream): void;
  close?(stream: FsStream): void;
  read?(stream: FsStream, buffer: Uint8Array, offset: number, length: number, position: number): number;
  write?(stream: FsStream, buffer: Uint8Array, offset: number, length: number, position: number): number;
  llseek?(stream: FsStream, offset: number, whence: number): number;
  mmap?(stream: FsStream, length: number, position: number): { ptr: number; allocated: boolean };
  msync?(stream: FsStream): number;
  fsync?(stream: FsStream): number;
}

export interface MemoryFileSystem {
  ops_table: { dir: { node: Required<NodeOps> }; file: { node: NodeOps; stream: Required<StreamOps> } };
  expandFileStorage(node: FsNode, capacity: number): void;
  resizeFileStorage(node: FsNode, size: number): void;
}

export interface VirtualFs {
  root: FsNode;
  streams: (FsStream | null | undefined)[];
  filesystems: { MEMFS: MemoryFileSystem };
  ErrnoError: new (errno: number) => Error & { errno: number };
  createNode(parent: FsNode | null, name: string, mode: number, device: number): FsNode;
  mount(type: { mount(mount: unknown): FsNode }, options: object, mountpoint: string): FsNode;
  unmount(mountpoint: string): void;
  mkdirTree(path: string): void;
  lookupPath(path: string, options?: { follow?: boolean }): { node: FsNode; path: string };
  analyzePath(path: string): { exists: boolean; object: FsNode | null };
  chmod(path: string, mode: number): void;
  chdir(path: string): void;
  cwd(): string;
  close(stream: FsStream): void;
  rmdir(path: string): void;
  unlink(path: string): void;
  isDir(mode: number): boolean;
  isFile(mode: number): boolean;
  isMountpoint(node: FsNode): boolean;
}

export interface EmscriptenModule {
  HEAP8: Int8Array;
  HEAPU8: Uint8Array;
  HEAP16: Int16Array;
  HEAPU16: Uint16Array;
  HEAP32: Int32Array;
  HEAPU32: Uint32Array;
  HEAPF32: Float32Array;
  HEAPF64: Float64Array;
  HEAP64: BigInt64Array;
  FS: VirtualFs;
  API: PyodideApi;
  ERRNO_CODES: Record<string, number>;
  /** What a function called from WebAssembly returns when it has set a Python exception. */
  error: unknown;
  Py_EmscriptenSignalBuffer?: ArrayBufferView;
  growMemory(bytes: number): void;
  _PropagatePythonError: Function;
  stringToNewUTF8(text: string): number;
  _free(address: number): void;
  _PyErr_SetString(type: number, text: number): void;
  handle_js_error(error: unknown): void;
  __hiwire_set(slot: number, value: unknown): number;
}

export interface StartOptions {
  /** Folder of the pyodide build. */
  folder: string;
  /** The compiled pyodide.asm.wasm, with its memory limit patched in. */
  program: WebAssembly.Module;
  /** Called before Python starts, to provide /lib. */
  mountLibrary(module: EmscriptenModule): void;
  /** Python's own start is skipped: memory comes from a snapshot. */
  fromSnapshot: boolean;
  /** Decides what WebAssembly may ask of JavaScript; absent only in tests that prove the wall is needed. */
  gate: Gate | null;
}

type ReceiveProgram = (instance: WebAssembly.Instance, program: WebAssembly.Module) => void;

/** Instantiates the interpreter. Python is not usable before `finalizeBootstrap`. */
export async function startPyodide(options: StartOptions): Promise<EmscriptenModule> {
  const url = pathToFileURL(join(options.folder, "pyodide.asm.mjs")).href;
  const { default: create } = (await import(url)) as { default: (settings: object) => Promise<EmscriptenModule> };
  const silent = (): void => {};
  const api = {
    config: {
      jsglobals: Object.freeze(Object.create(null)),
      _makeSnapshot: !options.fromSnapshot,
      env: {},
      args: [],
      packages: [],
      enableRunUntilComplete: false,
    },
    runtimeEnv: {
      IN_NODE: true,
      IN_NODE_ESM: true,
      IN_NODE_COMMONJS: false,
      IN_BUN: false,
      IN_DENO: false,
      IN_BROWSER: false,
      IN_BROWSER_MAIN_THREAD: false,
      IN_BROWSER_WEB_WORKER: false,
      IN_SAFARI: false,
      IN_SHELL: false,
      IN_WORKERD: false,
    },
  };
  let failed: unknown;
  const settings = {
    API: api,
    noInitialRun: options.fromSnapshot,
    noImageDecoding: true,
    noAudioDecoding: true,
    noWasmDecoding: true,
    arguments: [],
    thisProgram: "python",
    print: silent,
    printErr: silent,
    onExit: silent,
    preRun: [
      (module: EmscriptenModule & { ENV: Record<string, string> }) => {
        options.mountLibrary(module);
        Object.assign(module.ENV, ENVIRONMENT);
        module.FS.mkdirTree(HOME);
        module.FS.mkdirTree("/var/tmp");
        module.FS.chdir(HOME);
      },
    ],
    locateFile: (name: string): string => {
      throw new Error(`[python] nothing may be loaded at run time, asked for ${name}`);
    },
    instantiateWasm: (imports: WebAssembly.Imports, receive: ReceiveProgram) => {
      try {
        Object.assign(imports.env, errorMarker());
        if (options.gate) closeImports(imports.env, options.program, options.gate);
        receive(new WebAssembly.Instance(options.program, imports), options.program);
      } catch (error) {
        failed = error;
        throw error;
      }
      return {};
    },
  };
  const module = await withFileConstants(() => create(settings));
  if (failed) throw failed;
  if (module.API.version !== PYODIDE_VERSION) {
    throw new Error(`[python] found pyodide ${module.API.version}, expected exactly ${PYODIDE_VERSION}`);
  }
  return module;
}

/**
 * Emscripten asks an old internal door of Node for the numbers of open(); under Node's permission model that door is
 * shut.
 */
async function withFileConstants<T>(action: () => Promise<T>): Promise<T> {
  const host = process as unknown as { binding: (name: string) => unknown };
  const original = host.binding;
  host.binding = (name) => {
    if (name === "constants") return { fs: constants };
    throw new Error(`[python] process.binding("${name}") is not available`);
  };
  try {
    return await action();
  } finally {
    host.binding = original;
  }
}

export const HOME = "/home/layerwise";

/** Nothing of the host's environment reaches Python. */
const ENVIRONMENT = {
  HOME,
  USER: "layerwise",
  LOGNAME: "layerwise",
  PATH: "",
  PWD: HOME,
  LANG: "C.UTF-8",
  PYTHONINSPECT: "1",
  PYTHONDONTWRITEBYTECODE: "1",
};

/** pyodide marks a failed call by returning one special object and asks whether a result is that object. */
function errorMarker(): Record<string, Function> {
  const marker = Object.freeze({ error: true });
  return {
    Jsv_GetError_import: () => marker,
    JsvError_Check: (value: unknown) => (value === marker ? 1 : 0),
  };
}
