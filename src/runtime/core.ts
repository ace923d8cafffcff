/** The core: devices, ops and the functions behind the Python module `_core`. One per worker. */
import { cpus } from "node:os";
import { join } from "node:path";
import { runBackward, python as hooks } from "./autograd/engine.ts";
import { functionNodes } from "./autograd/function.ts";
import { forgetNodes, nodeFunctions } from "./autograd/inspect.ts";
import { gradMode } from "./autograd/mode.ts";
import { forgetWatching, watchingFunctions } from "./autograd/python_side.ts";
import { gradientEdge, postAccumulateHooks } from "./autograd/node.ts";
import { boundOps, generators } from "./binding.ts";
import * as bridge from "./bridge.ts";
import { directCalls } from "./direct.ts";
import { CudaGenerator, defaultCudaGenerator, resetCudaGenerators, seedCuda } from "./cuda/generator.ts";
import { cudaFunctions } from "./cuda/functions.ts";
import { forgetGraphs, graphFunctions } from "./cuda/graph_functions.ts";
import { cuda } from "./cuda/system.ts";
import {
  type ComputeDevice,
  cpuDevice,
  CpuDevice,
  deviceById,
  META,
  PINNED_POOL,
  overrideDevice,
  registerDevice,
} from "./device.ts";
import { DryDevice } from "./dry_device.ts";
import { closeAllFiles, fileFunctions } from "./files/door.ts";
import {
  dtypeById,
  getDefaultDtype,
  isDifferentiable,
  promoteTypes,
  resultType,
  Scalar,
  setDefaultDtype,
  type Kind,
} from "./dtype.ts";
import { IndexError, NotImplementedError, RuntimeError } from "./errors.ts";
import { drop, dropAll, get, getOrNull, liveHandles, put } from "./handles.ts";
import { readBytes, readScalar, writeBytes } from "./launch.ts";
import { imageFunctions } from "./images/door.ts";
import { loadCpuAddon } from "./native/addon.ts";
import { Stream } from "./native/stream.ts";
import { writeOnnx } from "./onnx/export/door.ts";
import { exportFunctions, forgetRecordings } from "./onnx/export/recordings.ts";
import { forgetModels, importFunctions } from "./onnx/import/door.ts";
import { messageFunctions } from "./onnx/scripts/messages.ts";
import { quantizeFunctions } from "./onnx/scripts/quantize.ts";
import { forbidSessions, forgetSessions, sessionFunctions } from "./onnx/scripts/sessions.ts";
import { contiguousOf } from "./ops/copy.ts";
import "./ops/index.ts";
import { basicIndex } from "./ops/basic_index.ts";
import { forgetObjects } from "./objects.ts";
import { observer } from "./observer.ts";
import { forgetPlans, planFunctions } from "./replay/functions.ts";
import { nativeFolder } from "./paths.ts";
import { analysisFunctions, forgetAnalysis } from "./trace/analysis.ts";
import { GraphRecorder } from "./trace/graph.ts";
import { TraceRecorder } from "./trace/recorder.ts";
import { scopes } from "./trace/scopes.ts";
import { defaultGenerator, Generator, resetDefaultGenerator } from "./random.ts";
import type { Graph } from "../protocol/graph.ts";
import type { Trace } from "../protocol/trace.ts";
import { isContiguous } from "./shape.ts";
import { alias, deadHooks, empty, Scope } from "./tensor.ts";

export interface CoreOptions {
  /** Kernel threads; default: the machine's. */
  threads?: number;
  /** "cpu", "meta": where tensors live unless they say otherwise. */
  device?: string;
  /** Another cuda.node than the product's own. */
  cudaAddon?: string;
  /** What PYTORCH_CUDA_ALLOC_CONF says. */
  cudaAllocator?: string;
  /** Where what is compiled for a GPU is kept; null: nowhere. */
  cacheFolder?: string | null;
  /** Do without native code: shapes only. */
  metaOnly?: boolean;
}

export interface Core {
  functions: Record<string, (...args: never[]) => unknown>;
  direct: typeof directCalls;
  attach(python: bridge.PythonSide): void;
  reset(): void;
  close(): void;
  device: string;
  cancelWords: { words: Int32Array<SharedArrayBuffer>; index: number }[];
  /** Allocated and reserved bytes of tensor memory, readable from other threads; null without native code. */
  memory: Float64Array<SharedArrayBuffer> | null;
  /** NVIDIA's libraries may lie in this folder too. */
  useEnvironment(sitePackages: string): void;
  /** The same of GPUs: src/runtime/cuda/gauges.ts. */
  gpus: Float64Array<SharedArrayBuffer> | null;
  /** null where the core was made without native code. */
  cpu: CpuDevice | null;
  trace: { start(): void; step(): void; stop(target: string): Trace };
  graph: { start(): void; stop(target: string): Graph };
}

const traces = { current: null as TraceRecorder | null };
const graphs = { current: null as GraphRecorder | null };

function recording(cpu: CpuDevice | null): Pick<Core, "trace" | "graph"> {
  return {
    trace: {
      start() {
        if (!cpu) throw new Error("there is nothing to time without native code");
        traces.current = new TraceRecorder(cpu, cuda.opened);
        cuda.onOpen = (gpu) => traces.current?.addDevice(gpu);
        traces.current.start();
      },
      step: () => traces.current?.step(),
      stop(target) {
        const recorder = traces.current!;
        traces.current = null;
        return recorder.stop(target);
      },
    },
    graph: {
      start() {
        graphs.current = new GraphRecorder();
        graphs.current.start();
      },
      stop(target) {
        const recorder = graphs.current!;
        graphs.current = null;
        return recorder.stop(target);
      },
    },
  };
}

/** Wrap a function of plain values: errors become the marker, temporaries go. */
function guarded<A extends unknown[], R>(body: (...args: A) => R, onError: unknown = 0): (...args: A) => unknown {
  return (...args) => {
    const mark = Scope.enter();
    try {
      return body(...args);
    } catch (error) {
      bridge.fail(error);
      return onError;
    } finally {
      Scope.exit(mark);
    }
  };
}

/** By Python's numbers for them; 3 stands for a tensor elsewhere. */
const kinds: Kind[] = ["bool", "int", "float", "float", "complex"];

function tensorFunctions(): Record<string, (...args: never[]) => unknown> {
  return {
    // Metadata
    shape: (h: number) => bridge.writeScratch(get(h).shape),
    strides: (h: number) => bridge.writeScratch(get(h).strides),
    storage_offset: (h: number) => get(h).offset,
    dtype: (h: number) => get(h).dtype.id,
    data_ptr: (h: number) => get(h).pointer,
    storage_ptr: (h: number) => get(h).storage.pointer,
    storage_bytes: (h: number) => get(h).storage.sizeBytes,
    is_contiguous: (h: number) => get(h).isContiguous,
    is_channels_last: (h: number) => {
      const t = get(h);
      if (t.rank !== 4) return false;
      const order = [0, 2, 3, 1];
      return isContiguous(
        order.map((d) => t.shape[d]!),
        order.map((d) => t.strides[d]!),
      );
    },
    is_pinned: (h: number) => get(h).device.type === "cpu" && get(h).storage.block?.pool === PINNED_POOL,
    same_storage: (a: number, b: number) => get(a).storage === get(b).storage,
    version: (h: number) => get(h).storage.version,
    increment_version: (h: number) => void get(h).storage.version++,
    is_view: (h: number) => get(h).base !== null,
    base: (h: number) => {
      const { base } = get(h);
      return base ? put(base) : 0;
    },
    share: (h: number) => put(get(h)),
    /** The same of the handles in the scratch block. */
    share_written: (n: number) => {
      for (const h of bridge.readScratch(n)) if (h !== 0) put(get(h));
    },
    live_handles: () => liveHandles(),
    free: (n: number) => {
      for (const h of bridge.readScratch(n, 64)) drop(h);
      return deadHooks.length;
    },
    /** Ids of hooks that can be forgotten, written to the scratch block from word 64 on. */
    take_dead_hooks: () => {
      const ids = deadHooks.splice(0, 4096);
      const { heap, at } = bridge.scratch();
      ids.forEach((id, i) => (heap[at + 64 + i] = id));
      return ids.length;
    },

    // Values
    item: guarded((h: number) => {
      const t = get(h);
      if (t.numel !== 1) {
        throw new RuntimeError(`a Tensor with ${t.numel} elements cannot be converted to Scalar`);
      }
      observer.current?.readValue?.(t);
      return readScalar(t);
    }, ""),
    /** As `item`, for a check that can only raise: an exporter need not mind it. */
    checked_item: guarded((h: number) => readScalar(get(h), true), ""),
    from_memory: guarded((address: number, sizeId: number, dtypeId: number, deviceId: number) => {
      const t = empty(bridge.internedList(sizeId), dtypeById(dtypeId), deviceById(deviceId));
      writeBytes(t, bridge.python().module.HEAPU8.subarray(address, address + t.nbytes));
      observer.current?.filled?.(t);
      return put(t);
    }),
    to_memory: guarded((h: number, address: number) => {
      observer.current?.readValue?.(get(h));
      const t = contiguousOf(get(h));
      readBytes(t, bridge.python().module.HEAPU8.subarray(address, address + t.nbytes));
      return 1;
    }),
    basic_index: guarded((h: number, n: number) => put(basicIndex(get(h), bridge.readScratch(4 * n), n))),
    element_at: guarded((h: number, index: number) => {
      const t = get(h);
      if (t.rank === 0)
        throw new IndexError(
          "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a number",
        );
      return put(basicIndex(t, [0, index, 0, 0], 1));
    }),

    // Promotion
    result_type: guarded((n: number) => {
      // Pairs (handle or kind, is tensor).
      const words = bridge.readScratch(2 * n);
      const participants = Array.from({ length: n }, (_, i) =>
        words[2 * i + 1] ? get(words[2 * i]!) : new Scalar(1, kinds[words[2 * i]!]!),
      );
      return resultType(participants).id;
    }, -1),
    promote_types: (a: number, b: number) => promoteTypes(dtypeById(a), dtypeById(b)).id,
    set_default_dtype: (id: number) => setDefaultDtype(dtypeById(id)),
    default_dtype: () => getDefaultDtype().id,
  };
}

function autogradFunctions(): Record<string, (...args: never[]) => unknown> {
  return {
    set_requires_grad: guarded((h: number, on: boolean) => {
      const t = get(h);
      if (!on && !t.isLeaf) {
        throw new RuntimeError(
          "you can only change requires_grad flags of leaf variables. If you want to use a computed " +
            "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach().",
        );
      }
      if (on && !isDifferentiable(t.dtype)) {
        throw new RuntimeError("only Tensors of floating point and complex dtype can require gradients");
      }
      t.requiresGrad = on;
      return 1;
    }),
    grad_fn_name: (h: number) => {
      const t = get(h);
      if (!t.requiresGrad || (t.isLeaf && !t.base)) return "";
      const { node } = gradientEdge(t);
      return t.node ? node.name : "";
    },
    retain_grad: guarded((h: number) => {
      const t = get(h);
      if (!t.requiresGrad) throw new RuntimeError("can't retain_grad on Tensor that has requires_grad=False");
      if (t.isLeaf || t.retainsGrad) return 1;
      t.retainsGrad = true;
      (gradientEdge(t).node.retained ??= []).push({ output: t.outputIndex, tensor: t });
      return 1;
    }),
    retains_grad: (h: number) => get(h).retainsGrad,
    add_hook: guarded((h: number, id: number) => {
      const t = get(h);
      if (!t.requiresGrad) throw new RuntimeError("cannot register a hook on a tensor that doesn't require gradient");
      if (t.isLeaf) (t.hooks ??= []).push(id);
      else (gradientEdge(t).node.hooks ??= []).push({ output: t.outputIndex, id });
      return 1;
    }),
    add_post_hook: (h: number, id: number) => {
      const t = get(h);
      postAccumulateHooks.set(t, [...(postAccumulateHooks.get(t) ?? []), id]);
    },
    remove_hook: (h: number, id: number) => {
      const t = get(h);
      postAccumulateHooks.set(
        t,
        (postAccumulateHooks.get(t) ?? []).filter((k) => k !== id),
      );
      if (t.hooks) t.hooks = t.hooks.filter((k) => k !== id);
      if (t.node?.hooks) t.node.hooks = t.node.hooks.filter((hook) => hook.id !== id);
    },
    grad_enabled: () => gradMode.enabled,
    set_grad_enabled: (on: boolean) => gradMode.set(on),
    /** Scratch: roots, their gradients (0: ones), then inputs. Returns how many gradients stand in the scratch block. */
    backward: guarded(
      (nRoots: number, nInputs: number, retainGraph: boolean, createGraph: boolean, accumulate: boolean) => {
        const words = bridge.readScratch(2 * nRoots + nInputs);
        const roots = words.slice(0, nRoots).map(get);
        const grads = words.slice(nRoots, 2 * nRoots).map(getOrNull);
        const inputs = words.slice(2 * nRoots).map(get);
        const results = runBackward(roots, grads, {
          retainGraph,
          createGraph,
          inputs: nInputs ? inputs : undefined,
          accumulate,
        });
        const count = bridge.writeScratch(results.map((t) => (t ? put(t) : 0)));
        for (const t of results) t?.release();
        return count;
      },
      -1,
    ),
    /** Let `h` be what its own view is: shape, strides and history. */
    restride: guarded((h: number, view: number) => {
      const t = get(h);
      const v = get(view);
      if (t.base && (t.requiresGrad || v.node)) throw new NotImplementedError("changing the shape of a view in place");
      t.shape = v.shape;
      t.strides = v.strides;
      t.offset = v.offset;
      if (v.node) t.setNode(v.node, v.outputIndex);
      return 1;
    }),
    /** Outside of the tape from now on. */
    detach_in_place: guarded((h: number) => {
      const t = get(h);
      if (t.base) {
        throw new RuntimeError(
          "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel " +
            "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence " +
            "detach_() cannot be called on these gradients. To fix this error, please refer to the Optimizer.zero_grad() function.",
        );
      }
      t.setNode(null, 0);
      t.requiresGrad = false;
      return 1;
    }),
    /** The memory of `source` under `h`: `.data = ...`. */
    set_data: guarded((h: number, source: number) => {
      const t = get(h);
      const s = get(source);
      s.storage.refs++;
      t.storage.release();
      t.storage = s.storage;
      t.shape = s.shape;
      t.strides = s.strides;
      t.offset = s.offset;
      t.dtype = s.dtype;
      t.numel = s.numel;
      return 1;
    }),
    /** Another tensor over the same memory that is a leaf of its own: Parameter(data). */
    make_leaf: guarded((h: number, requiresGrad: boolean) => {
      const source = get(h);
      if (requiresGrad && !isDifferentiable(source.dtype)) {
        throw new RuntimeError("Only Tensors of floating point and complex dtype can require gradients");
      }
      const t = alias(source);
      t.requiresGrad = requiresGrad;
      return put(t);
    }),
    ...functionNodes,
    ...nodeFunctions,
    ...watchingFunctions,
  };
}

function randomFunctions(): Record<string, (...args: never[]) => unknown> {
  const generatorOf = (id: number): Generator | CudaGenerator => generators[id] ?? defaultGenerator();
  return {
    /** 0: the CPU's; 16 and above: of a GPU. */
    new_generator: (device: number) =>
      generators.push(device >= 16 ? new CudaGenerator(device - 16) : new Generator(cpuDevice())) - 1,
    cuda_default_generator: (index: number) => {
      const generator = defaultCudaGenerator(index);
      const known = generators.indexOf(generator);
      return known > 0 ? known : generators.push(generator) - 1;
    },
    cuda_manual_seed: (index: number, seed: number | bigint) => seedCuda(index, BigInt(seed)),
    cuda_rng_offset: (id: number) => (generators[id] as CudaGenerator).offset,
    cuda_set_rng_offset: (id: number, offset: number | bigint) => {
      (generators[id] as CudaGenerator).offset = Number(offset);
    },
    manual_seed: guarded((id: number, seed: number | bigint) => {
      generatorOf(id).seed(BigInt(seed));
      return 1;
    }),
    initial_seed: (id: number) => generatorOf(id).initialSeed,
  };
}

export function createCore(options: CoreOptions = {}): Core {
  let cpu: CpuDevice | null = null;
  let dry: DryDevice | null = null;
  if (!options.metaOnly) {
    const addon = loadCpuAddon(join(nativeFolder, `${process.platform}-${process.arch}`, "cpu.node"));
    if (options.threads) addon.setThreads(options.threads);
    cpu = new CpuDevice(addon);
    registerDevice(cpu, true);
    cuda.isEnabled = true;
    cuda.addonPath = options.cudaAddon ?? null;
    cuda.allocatorConfiguration = options.cudaAllocator ?? "";
    cuda.cacheFolder = options.cacheFolder ?? null;
  } else {
    forbidSessions();
    dry = new DryDevice("cpu", 0, 0);
    registerDevice(dry, true);
    registerDevice(new DryDevice("cuda", 0, 16));
  }
  if (options.device === "meta") overrideDevice(META);
  /** Whose memory the verbs ask about: of the device that the request runs on. */
  const counted = (): ComputeDevice | null => cuda.inUse ?? cpu;
  let threads = options.threads ?? cpus().length;
  hooks.runHook = (id, grad) => {
    const result = bridge.python().callPython("torch._C:_run_hook", id, put(grad)) as number;
    if (!result) return null;
    const replacement = get(result);
    drop(result);
    return replacement;
  };

  const functions: Core["functions"] = Object.assign(Object.create(null), {
    ...Object.fromEntries(boundOps()),
    ...tensorFunctions(),
    ...autogradFunctions(),
    ...randomFunctions(),
    ...fileFunctions,
    ...imageFunctions,
    ...importFunctions,
    ...planFunctions,
    ...messageFunctions,
    ...quantizeFunctions,
    ...sessionFunctions,
    ...cudaFunctions,
    ...graphFunctions,
    ...analysisFunctions,
    set_scratch: bridge.setScratch,
    intern: bridge.internList,
    clear_interned: bridge.clearLists,
    error_type: bridge.errorType,
    error_message: bridge.errorMessage,
    synchronize: guarded(() => {
      cpu?.stream.waitAll();
      for (const gpu of cuda.opened) gpu.stream.waitAll();
      return 1;
    }),
    get_threads: () => threads,
    set_threads: (n: number) => {
      threads = n;
      cpu?.addon.setThreads(n);
    },
    scope_enter: (module: number) => scopes.enter(module),
    scope_exit: () => scopes.exit(),
    name_input: (h: number, name: string) => graphs.current?.nameInput(get(h), name),
    name_output: (h: number, name: string) => graphs.current?.nameOutput(get(h), name),
    export_begin: guarded(exportFunctions.export_begin),
    export_input: guarded(exportFunctions.export_input),
    export_output: guarded(exportFunctions.export_output),
    export_doubt: guarded(exportFunctions.export_doubt),
    export_open_step: guarded(exportFunctions.export_open_step),
    export_close_step: guarded(exportFunctions.export_close_step),
    export_open_body: guarded(exportFunctions.export_open_body),
    export_close_body: guarded(exportFunctions.export_close_body),
    export_end: guarded(exportFunctions.export_end),
    export_forget: guarded(exportFunctions.export_forget),
    onnx_write: guarded(writeOnnx),
    use_meta: (on: boolean) => overrideDevice(on ? META : null),
    /** False where there is no native code: all devices are dry then. */
    computes: () => cpu !== null,
    memory_allocated: () => counted()?.allocator.statistics.allocatedBytes ?? dry?.allocatedBytes ?? 0,
    memory_peak: () => counted()?.allocator.statistics.peakAllocatedBytes ?? dry?.peakBytes ?? 0,
    memory_reserved: () => counted()?.allocator.statistics.reservedBytes ?? 0,
    memory_peak_reserved: () => counted()?.allocator.statistics.peakReservedBytes ?? 0,
    memory_reset_peaks: () => (cpu ? counted()!.allocator.resetPeaks() : dry?.resetPeak()),
    memory_empty_cache: () => counted()?.allocator.emptyCache(),
  });

  return {
    functions,
    direct: directCalls,
    attach: (python) => {
      bridge.attachPython(python);
      forgetObjects();
      cpu?.stream.clearCancel();
      cuda.clearCancel();
    },
    reset() {
      observer.current = null;
      scopes.listener = null;
      forgetAnalysis();
      traces.current = null;
      graphs.current = null;
      forgetRecordings();
      forgetModels();
      forgetPlans();
      forgetSessions();
      dropAll();
      closeAllFiles();
      forgetNodes();
      forgetWatching();
      bridge.clearLists();
      resetDefaultGenerator();
      resetCudaGenerators();
      cuda.clearCancel();
      forgetGraphs();
      cuda.reset();
      generators.length = 1;
      gradMode.set(true);
      setDefaultDtype(dtypeById(6));
      overrideDevice(options.device === "meta" ? META : null);
      cpu?.allocator.resetPeaks();
    },
    close() {
      forgetSessions();
      dropAll();
      cuda.close();
      cpu?.addon.close();
    },
    device: options.metaOnly ? "meta" : "cpu",
    cancelWords: cpu
      ? [{ words: cpu.stream.control as Int32Array<SharedArrayBuffer>, index: Stream.cancelIndex }, ...cuda.cancelWords]
      : [],
    memory: (cpu?.allocator.shared as Float64Array<SharedArrayBuffer> | undefined) ?? null,
    gpus: cpu ? cuda.gauges : null,
    useEnvironment: (sitePackages) => cuda.lookIn(sitePackages),
    cpu,
    ...recording(cpu),
  };
}
