/**
 * Made-up but plausible results for the view tests: a six-layer GPT with its trace, profile and graph, and large
 * synthetic graphs with long edges. Everything follows from a seed; nothing here is a measurement.
 */
import type { Graph, GraphEdge, GraphGroup, GraphNode, GraphTensor } from "../../src/protocol/graph.ts";
import type { KernelRow, LineRow, MemorySummary, ModuleRow, ProfileResult } from "../../src/protocol/results.ts";
import type { SourceLocation } from "../../src/protocol/source.ts";
import type { MemoryKind, Phase, Trace } from "../../src/protocol/trace.ts";

export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

const FILE = "/home/ada/nanogpt/model.py";
const [B, T, C, H, V] = [8, 256, 384, 6, 50304];

/** The lines of the imagined model file that ops refer to. */
const text: Record<number, string> = {
  14: "class CausalSelfAttention(nn.Module):",
  24: "q, k, v = self.c_attn(x).split(self.n_embd, dim=2)",
  25: "q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)",
  28: "att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))",
  29: "att = att.masked_fill(mask == 0, float('-inf'))",
  30: "att = F.softmax(att, dim=-1)",
  31: "y = att @ v",
  32: "y = y.transpose(1, 2).contiguous().view(B, T, C)",
  33: "return self.resid_dropout(self.c_proj(y))",
  36: "class MLP(nn.Module):",
  44: "x = self.c_fc(x)",
  45: "x = F.gelu(x)",
  46: "return self.c_proj(x)",
  49: "class Block(nn.Module):",
  58: "x = x + self.attn(self.ln_1(x), mask)",
  59: "x = x + self.mlp(self.ln_2(x))",
  64: "class GPT(nn.Module):",
  88: "x = self.wte(idx) + self.wpe(pos)",
  91: "x = block(x, mask)",
  92: "x = self.ln_f(x)",
  93: "logits = self.lm_head(x)",
  95: "loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))",
};

interface OpPlan {
  name: string;
  kernel: string;
  module: string;
  line: number;
  out: number[];
  flops: number;
  bytes: number;
  gflops: number;
}

const bytesOf = (shape: number[]): number => shape.reduce((a, b) => a * b, 4);

function gptPlan(nLayers: number): { modules: ModulePlan[]; ops: OpPlan[] } {
  const modules: ModulePlan[] = [{ path: "", type: "GPT", parent: 0, line: 64, parameters: 0 }];
  const ops: OpPlan[] = [];
  const addModule = (path: string, type: string, line: number, parameters: number): void => {
    const parentPath = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
    const found = modules.findIndex((m) => m.path === parentPath);
    modules.push({ path, type, parent: found < 0 ? 0 : found, line, parameters });
  };
  const add = (name: string, kernel: string, module: string, line: number, out: number[], flops = 0): void => {
    const bytes = bytesOf(out) * 2.4;
    ops.push({ name, kernel, module, line, out, flops, bytes, gflops: flops > 1e8 ? 190 : 0 });
  };
  const x = [B, T, C];
  addModule("wte", "Embedding", 70, V * C);
  addModule("wpe", "Embedding", 71, T * C);
  add("embedding", "gather", "wte", 88, x);
  add("embedding", "gather", "wpe", 88, [T, C]);
  add("add", "pointwise[add]", "", 88, x, B * T * C);
  for (let i = 0; i < nLayers; i++) {
    const p = `h.${i}`;
    addModule(p, "Block", 49, 0);
    addModule(`${p}.ln_1`, "LayerNorm", 52, 2 * C);
    addModule(`${p}.attn`, "CausalSelfAttention", 14, 0);
    addModule(`${p}.attn.c_attn`, "Linear", 18, 3 * C * C + 3 * C);
    addModule(`${p}.attn.c_proj`, "Linear", 19, C * C + C);
    addModule(`${p}.attn.resid_dropout`, "Dropout", 20, 0);
    addModule(`${p}.ln_2`, "LayerNorm", 54, 2 * C);
    addModule(`${p}.mlp`, "MLP", 36, 0);
    addModule(`${p}.mlp.c_fc`, "Linear", 39, 4 * C * C + 4 * C);
    addModule(`${p}.mlp.c_proj`, "Linear", 40, 4 * C * C + C);
    const att = [B, H, T, T];
    const head = [B, H, T, C / H];
    add("layer_norm", "layer_norm", `${p}.ln_1`, 58, x, 8 * B * T * C);
    add("linear", "matmul[bias]", `${p}.attn.c_attn`, 24, [B, T, 3 * C], 2 * B * T * C * 3 * C);
    add("split", "copy", `${p}.attn`, 24, x);
    add("transpose", "copy[transpose]", `${p}.attn`, 25, head);
    add("matmul", "matmul[batched]", `${p}.attn`, 28, att, 2 * B * T * T * C);
    add("mul", "pointwise[mul, masked_fill]", `${p}.attn`, 28, att, B * H * T * T);
    add("masked_fill", "pointwise[mul, masked_fill]", `${p}.attn`, 29, att, B * H * T * T);
    add("softmax", "softmax", `${p}.attn`, 30, att, 5 * B * H * T * T);
    add("matmul", "matmul[batched]", `${p}.attn`, 31, head, 2 * B * T * T * C);
    add("contiguous", "copy[transpose]", `${p}.attn`, 32, x);
    add("linear", "matmul[bias]", `${p}.attn.c_proj`, 33, x, 2 * B * T * C * C);
    add("dropout", "pointwise[dropout]", `${p}.attn.resid_dropout`, 33, x, B * T * C);
    add("add", "pointwise[add]", p, 58, x, B * T * C);
    add("layer_norm", "layer_norm", `${p}.ln_2`, 59, x, 8 * B * T * C);
    add("linear", "matmul[bias]", `${p}.mlp.c_fc`, 44, [B, T, 4 * C], 2 * B * T * C * 4 * C);
    add("gelu", "pointwise[gelu]", `${p}.mlp`, 45, [B, T, 4 * C], 12 * B * T * 4 * C);
    add("linear", "matmul[bias]", `${p}.mlp.c_proj`, 46, x, 2 * B * T * C * 4 * C);
    add("add", "pointwise[add]", p, 59, x, B * T * C);
  }
  addModule("ln_f", "LayerNorm", 78, 2 * C);
  addModule("lm_head", "Linear", 80, V * C);
  add("layer_norm", "layer_norm", "ln_f", 92, x, 8 * B * T * C);
  add("linear", "matmul", "lm_head", 93, [B, T, V], 2 * B * T * C * V);
  add("cross_entropy", "softmax[log, nll]", "", 95, [1], 6 * B * T * V);
  return { modules, ops };
}

interface ModulePlan {
  path: string;
  type: string;
  parent: number;
  line: number;
  parameters: number;
}

class Interner {
  readonly list: string[] = [];
  private readonly at = new Map<string, number>();
  of(value: string): number {
    let index = this.at.get(value);
    if (index === undefined) {
      index = this.list.push(value) - 1;
      this.at.set(value, index);
    }
    return index;
  }
}

export interface GptOptions {
  nLayers?: number;
  nSteps?: number;
  device?: string;
  /** Replaces the class name of the model: hostile names come in here. */
  name?: string;
}

export function gptTrace(options: GptOptions = {}): Trace {
  const { nLayers = 6, nSteps = 2, device = "cpu", name = "GPT" } = options;
  const random = randomFrom(7);
  const plan = gptPlan(nLayers);
  const names = new Interner();
  const lines = [...new Set([...Object.keys(text).map(Number), ...plan.modules.map((m) => m.line)])];
  const sources: SourceLocation[] = lines.map((line) => ({ file: FILE, line }));
  const sourceOf = (line: number): number => lines.indexOf(line);
  const moduleOf = new Map(plan.modules.map((m, i) => [m.path, i + 1]));
  const trace: Trace = {
    version: 1,
    target: `${FILE}::${name}`,
    names: names.list,
    sources,
    modules: [
      { path: "", type: "", parent: -1, source: -1, parameters: 0, parameterBytes: 0 },
      ...plan.modules.map((m, i) => ({
        path: m.path,
        type: i === 0 ? name : m.type,
        parent: i === 0 ? -1 : m.parent + 1,
        source: sourceOf(m.line),
        parameters: totalParameters(plan.modules, m.path),
        parameterBytes: 4 * totalParameters(plan.modules, m.path),
      })),
    ],
    devices: [{ id: device, name: "AMD EPYC 9654, 2 threads, AVX-512", peakAllocatedBytes: 0, peakReservedBytes: 0 }],
    steps: [],
    ops: [],
    kernels: [],
    memory: [],
  };
  let hostUs = 0;
  let deviceUs = 0;
  let allocated = 0;
  let block = 0;
  const memory = (timeUs: number, sizeBytes: number, op: number, kind: MemoryKind, id = block++): number => {
    allocated += sizeBytes;
    const reservedBytes = Math.ceil(Math.max(allocated, trace.devices[0]!.peakReservedBytes * 0.9) / 2e6) * 2e6;
    trace.memory.push({ timeUs, device: 0, block: id, sizeBytes, allocatedBytes: allocated, reservedBytes, op, kind });
    trace.devices[0]!.peakAllocatedBytes = Math.max(trace.devices[0]!.peakAllocatedBytes, allocated);
    trace.devices[0]!.peakReservedBytes = Math.max(trace.devices[0]!.peakReservedBytes, reservedBytes);
    return id;
  };
  const run = (p: OpPlan, phase: Phase, step: number, weight: number, label: string, kernel: string): number => {
    const durationUs = weight * (p.gflops ? p.flops / p.gflops / 1e3 : p.bytes / 9e3) * (0.94 + 0.12 * random()) + 2;
    const op =
      trace.ops.push({
        name: names.of(label),
        module: moduleOf.get(p.module) ?? 1,
        source: sourceOf(p.line),
        phase,
        step,
        startUs: hostUs,
        durationUs: 3 + random(),
        inputs: [],
        outputs: [names.of(`float32[${p.out.join(",")}]`)],
        flops: p.flops * weight,
        bytes: p.bytes * weight,
      }) - 1;
    hostUs += 5;
    deviceUs = Math.max(deviceUs, hostUs);
    trace.kernels.push({
      name: names.of(kernel),
      op,
      device: 0,
      stream: 0,
      startUs: deviceUs,
      durationUs,
      flops: p.flops * weight,
      bytes: p.bytes * weight,
    });
    deviceUs += durationUs;
    return op;
  };
  for (const m of plan.modules) if (m.parameters) memory(0, m.parameters * 4, -1, "parameter");
  memory(0, bytesOf([B, T]) * 2, -1, "input");
  for (let step = 0; step < nSteps; step++) {
    const startUs = deviceUs;
    hostUs = deviceUs;
    const alive: { id: number; size: number }[] = [];
    for (const p of plan.ops) {
      const op = run(p, "forward", step, 1, p.name, p.kernel);
      const size = bytesOf(p.out);
      alive.push({ id: memory(deviceUs, size, op, "activation"), size });
    }
    const gradients: { id: number; size: number }[] = [];
    for (const p of [...plan.ops].reverse()) {
      const op = run(
        p,
        "backward",
        step,
        p.gflops ? 2 : 1.3,
        `${p.name}_backward`,
        p.kernel.replace("[", "_backward["),
      );
      const scratch = bytesOf(p.out) * 0.5;
      const id = memory(deviceUs - 3, scratch, op, "temporary");
      const module = plan.modules.find((m) => m.path === p.module);
      if (module?.parameters) {
        gradients.push({
          id: memory(deviceUs - 2, module.parameters * 4, op, "gradient"),
          size: module.parameters * 4,
        });
      }
      memory(deviceUs - 1, -scratch, op, "temporary", id);
      const dead = alive.pop();
      if (dead) memory(deviceUs, -dead.size, op, "activation", dead.id);
    }
    for (const g of gradients) memory(deviceUs, -g.size, -1, "gradient", g.id);
    trace.steps.push({ startUs, endUs: deviceUs });
    deviceUs += 400;
  }
  return trace;
}

function totalParameters(modules: ModulePlan[], path: string): number {
  const inside = modules.filter((m) => path === "" || m.path === path || m.path.startsWith(`${path}.`));
  return inside.reduce((sum, m) => sum + m.parameters, 0);
}

/** A profile whose tables add up to its trace. */
export function gptProfile(options: GptOptions = {}): ProfileResult {
  const trace = gptTrace(options);
  const nSteps = trace.steps.length;
  const totalUs = trace.kernels.reduce((sum, k) => sum + k.durationUs, 0) / nSteps;
  const rows = trace.modules.map((m) => {
    let depth = 0;
    for (let at = m.parent; at > 0; at = trace.modules[at]!.parent) depth++;
    const row: ModuleRow = {
      path: m.path,
      type: m.type,
      depth,
      calls: 1,
      totalUs: 0,
      selfUs: 0,
      forwardUs: 0,
      backwardUs: 0,
      share: 0,
      flops: 0,
      bytes: 0,
      parameters: m.parameters,
      parameterBytes: m.parameterBytes,
      activationBytes: 0,
      source: trace.sources[m.source],
    };
    return row;
  });
  const kernels = new Map<string, KernelRow>();
  const lines = new Map<number, LineRow>();
  for (const kernel of trace.kernels) {
    const op = trace.ops[kernel.op]!;
    const us = kernel.durationUs / nSteps;
    rows[op.module]!.selfUs += us;
    for (let at = op.module; at > 0; at = trace.modules[at]!.parent) {
      const row = rows[at]!;
      row.totalUs += us;
      row[op.phase === "forward" ? "forwardUs" : "backwardUs"] += us;
      row.share = row.totalUs / totalUs;
      row.flops += kernel.flops / nSteps;
      row.bytes += kernel.bytes / nSteps;
      if (op.phase === "forward") row.activationBytes += kernel.bytes / nSteps / 2.4;
    }
    const name = trace.names[kernel.name]!;
    const k = kernels.get(name) ?? {
      name,
      selfUs: 0,
      selfShare: 0,
      totalUs: 0,
      totalShare: 0,
      averageUs: 0,
      calls: 0,
      selfBytes: 0,
      flops: 0,
      ops: [],
    };
    k.selfUs += us;
    k.totalUs = k.selfUs;
    k.selfShare = k.selfUs / totalUs;
    k.totalShare = k.selfShare;
    k.calls += 1 / nSteps;
    k.averageUs = k.selfUs / k.calls;
    k.selfBytes += kernel.bytes / nSteps;
    k.flops += kernel.flops / nSteps;
    const opName = trace.names[op.name]!;
    if (!k.ops.includes(opName)) k.ops.push(opName);
    kernels.set(name, k);
    const source = trace.sources[op.source]!;
    const l = lines.get(op.source) ?? {
      source,
      text: text[source.line] ?? "",
      totalUs: 0,
      forwardUs: 0,
      backwardUs: 0,
      share: 0,
      flops: 0,
      bytes: 0,
      allocatedBytes: 0,
      calls: 0,
      hottest: opName,
    };
    l.totalUs += us;
    l[op.phase === "forward" ? "forwardUs" : "backwardUs"] += us;
    l.share = l.totalUs / totalUs;
    l.flops += kernel.flops / nSteps;
    l.bytes += kernel.bytes / nSteps;
    l.allocatedBytes += kernel.bytes / nSteps / 2.4;
    l.calls += 1 / nSteps;
    lines.set(op.source, l);
  }
  const forwardUs = rows[1]!.forwardUs;
  const timing = (us: number) => ({ medianUs: us, minUs: us * 0.97, maxUs: us * 1.09, spread: 0.021, repetitions: 24 });
  return {
    version: 1,
    verb: "profile",
    target: trace.target,
    ok: true,
    setup: {
      init: [{ name: "config", value: "GPTConfig()", from: "default", why: "from the default in line 66" }],
      inputs: [{ name: "idx", value: `int64[${B},${T}]`, from: "call", why: "from the call in line 112" }],
    },
    device: trace.devices[0]!.id,
    workload: "forward + backward",
    total: timing(totalUs),
    forward: timing(forwardUs),
    backward: timing(totalUs - forwardUs),
    modules: rows.slice(1),
    kernels: [...kernels.values()].sort((a, b) => b.selfUs - a.selfUs),
    lines: [...lines.values()].sort((a, b) => b.totalUs - a.totalUs),
    memory: [memorySummary(trace)],
    parameters: rows[1]!.parameters,
    parameterBytes: rows[1]!.parameterBytes,
    stdout: "",
    trace,
  };
}

function memorySummary(trace: Trace): MemorySummary {
  const held = { parameter: 0, gradient: 0, optimizer: 0, activation: 0, input: 0, temporary: 0 };
  let atPeak = { ...held };
  let peak = 0;
  let live = new Map<number, MemorySummary["largest"][number]>();
  let atPeakLive = [...live.values()];
  for (const event of trace.memory) {
    held[event.kind] += event.sizeBytes;
    const op = trace.ops[event.op];
    if (event.sizeBytes > 0) {
      live.set(event.block, {
        sizeBytes: event.sizeBytes,
        op: op ? trace.names[op.name]! : "parameter",
        module: trace.modules[op?.module ?? 1]!.path,
        source: trace.sources[op?.source ?? 0],
      });
    } else live.delete(event.block);
    if (event.allocatedBytes > peak) {
      peak = event.allocatedBytes;
      atPeak = { ...held };
      atPeakLive = [...live.values()];
    }
  }
  live = new Map();
  const allocations = trace.memory.filter((m) => m.sizeBytes > 0);
  return {
    device: trace.devices[0]!.id,
    peakAllocatedBytes: peak,
    peakReservedBytes: trace.devices[0]!.peakReservedBytes,
    atPeak,
    allocations: allocations.length,
    allocatedBytes: allocations.reduce((s, m) => s + m.sizeBytes, 0),
    largest: atPeakLive.sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 20),
  };
}

/** Builds graphs node by node; the tests below and the layout bench share it. */
export class GraphMaker {
  readonly graph: Graph;
  constructor(target: string, type: string) {
    const root: GraphGroup = { id: 0, parent: -1, label: type, path: "", type, parameters: 0, parameterBytes: 0 };
    this.graph = { version: 1, target, nodes: [], edges: [], groups: [root] };
  }
  group(parent: number, label: string, type: string, line = 1, parameters = 0): number {
    const { groups } = this.graph;
    const path = parent === 0 ? label : `${groups[parent]!.path}.${label}`;
    groups.push({
      id: groups.length,
      parent,
      label: label.slice(label.lastIndexOf(".") + 1),
      path,
      type,
      source: { file: FILE, line },
      parameters,
      parameterBytes: parameters * 4,
    });
    for (let at = parent; at >= 0; at = groups[at]!.parent) {
      groups[at]!.parameters += parameters;
      groups[at]!.parameterBytes += parameters * 4;
    }
    return groups.length - 1;
  }
  node(group: number, kind: GraphNode["kind"], label: string, shape: number[], more: Partial<GraphNode> = {}): number {
    const output: GraphTensor = { shape, dtype: "float32" };
    this.graph.nodes.push({
      id: this.graph.nodes.length,
      kind,
      label,
      group,
      outputs: [output],
      attributes: {},
      flops: 0,
      bytes: bytesOf(shape),
      ...more,
    });
    return this.graph.nodes.length - 1;
  }
  edge(from: number, to: number, output = 0): void {
    const edge: GraphEdge = { from, output, to };
    this.graph.edges.push(edge);
  }
  op(group: number, label: string, inputs: number[], shape: number[], more: Partial<GraphNode> = {}): number {
    const id = this.node(group, "op", label, shape, more);
    for (const input of inputs) this.edge(input, id);
    return id;
  }
}

export function gptGraph(options: { nLayers?: number; name?: string } = {}): Graph {
  const { nLayers = 6, name = "GPT" } = options;
  const m = new GraphMaker(`${FILE}::${name}`, name);
  const at = (line: number) => ({ source: { file: FILE, line } });
  const linear = (group: number, input: number, shape: number[], inner: number, line: number): number => {
    const out = shape.at(-1)!;
    const weight = m.node(group, "parameter", "weight", [out, inner]);
    const bias = m.node(group, "parameter", "bias", [out]);
    const flops = 2 * shape.reduce((a, b) => a * b, 1) * inner;
    return m.op(group, "linear", [input, weight, bias], shape, { flops, ...at(line) });
  };
  const norm = (group: number, input: number, shape: number[], line: number): number => {
    const weight = m.node(group, "parameter", "weight", [C]);
    const more = { attributes: { normalized_shape: `(${C},)`, eps: "1e-05" }, flops: 8 * B * T * C, ...at(line) };
    return m.op(group, "layer_norm", [input, weight], shape, more);
  };
  const shape = [B, T, C];
  const idx = m.node(0, "input", "idx", [B, T], { outputs: [{ shape: [B, T], dtype: "int64" }] });
  const mask = m.node(0, "input", "mask", [1, 1, T, T]);
  const wte = m.group(0, "wte", "Embedding", 70, V * C);
  const table = m.node(wte, "parameter", "weight", [V, C]);
  const token = m.op(wte, "embedding", [idx, table], shape, at(88));
  const wpe = m.group(0, "wpe", "Embedding", 71, T * C);
  const position = m.node(0, "constant", "pos", [T]);
  const positions = m.op(wpe, "embedding", [position], [T, C], at(88));
  let x = m.op(0, "add", [token, positions], shape, at(88));
  for (let i = 0; i < nLayers; i++) {
    const block = m.group(0, `h.${i}`, "Block", 49);
    const ln1 = m.group(block, "ln_1", "LayerNorm", 52, 2 * C);
    const attn = m.group(block, "attn", "CausalSelfAttention", 14);
    const cAttn = m.group(attn, "c_attn", "Linear", 18, 3 * C * C + 3 * C);
    const att = [B, H, T, T];
    const head = [B, H, T, C / H];
    const qkv = linear(cAttn, norm(ln1, x, shape, 58), [B, T, 3 * C], C, 24);
    const split = m.op(attn, "split", [qkv], shape, {
      outputs: [0, 1, 2].map(() => ({ shape, dtype: "float32" })),
      ...at(24),
    });
    const heads = [0, 1, 2].map((output) => {
      const id = m.node(attn, "op", "transpose", head, { attributes: { dim0: "1", dim1: "2" }, ...at(25) });
      m.edge(split, id, output);
      return id;
    });
    const scores = m.op(attn, "matmul", [heads[0]!, heads[1]!], att, { flops: 2 * B * T * T * C, ...at(28) });
    const scaled = m.op(attn, "mul", [scores], att, {
      attributes: { other: "0.125" },
      flops: B * H * T * T,
      ...at(28),
    });
    const masked = m.op(attn, "masked_fill", [scaled, mask], att, { attributes: { value: "-inf" }, ...at(29) });
    const soft = m.op(attn, "softmax", [masked], att, {
      attributes: { dim: "-1" },
      flops: 5 * B * H * T * T,
      ...at(30),
    });
    const mixed = m.op(attn, "matmul", [soft, heads[2]!], head, { flops: 2 * B * T * T * C, ...at(31) });
    const merged = m.op(attn, "contiguous", [mixed], shape, at(32));
    const cProj = m.group(attn, "c_proj", "Linear", 19, C * C + C);
    const projected = linear(cProj, merged, shape, C, 33);
    x = m.op(block, "add", [x, projected], shape, { flops: B * T * C, ...at(58) });
    const ln2 = m.group(block, "ln_2", "LayerNorm", 54, 2 * C);
    const mlp = m.group(block, "mlp", "MLP", 36);
    const fc = m.group(mlp, "c_fc", "Linear", 39, 4 * C * C + 4 * C);
    const up = linear(fc, norm(ln2, x, shape, 59), [B, T, 4 * C], C, 44);
    const gelu = m.op(mlp, "gelu", [up], [B, T, 4 * C], {
      attributes: { approximate: "tanh" },
      flops: 12 * B * T * 4 * C,
      ...at(45),
    });
    const down = m.group(mlp, "c_proj", "Linear", 40, 4 * C * C + C);
    x = m.op(block, "add", [x, linear(down, gelu, shape, 4 * C, 46)], shape, { flops: B * T * C, ...at(59) });
  }
  const lnF = m.group(0, "ln_f", "LayerNorm", 78, 2 * C);
  const head = m.group(0, "lm_head", "Linear", 80, V * C);
  const logits = linear(head, norm(lnF, x, shape, 92), [B, T, V], C, 93);
  const output = m.node(0, "output", "logits", [B, T, V]);
  m.edge(logits, output);
  return m.graph;
}

export interface SyntheticOptions {
  nNodes: number;
  /** Sources that every block reads, as masks and rotary tables are. */
  nShared?: number;
  /** Put every op into the root, as a file without modules would. */
  flat?: boolean;
  /** Vary the blocks so that they are not recognised as repeats. */
  varied?: boolean;
}

/** Residual blocks of 15 ops with three edges per block from shared sources: the case that layouts choke on. */
export function syntheticGraph(options: SyntheticOptions): Graph {
  const { nNodes, nShared = 3, flat = false, varied = false } = options;
  const m = new GraphMaker("synthetic.onnx", "Synthetic");
  const random = randomFrom(nNodes);
  const shape = [1, 128, 64];
  const shared = Array.from({ length: nShared }, (_, i) =>
    m.node(0, "input", ["mask", "cos", "sin"][i] ?? `s${i}`, shape),
  );
  let x = m.node(0, "input", "tokens", shape);
  for (let i = 0; m.graph.nodes.length < nNodes - 1; i++) {
    const block = flat ? 0 : m.group(0, `layers.${i}`, "Layer");
    const attn = flat ? 0 : m.group(block, "attn", "Attention");
    const mlp = flat ? 0 : m.group(block, "mlp", "MLP");
    const norm = m.op(block, "rms_norm", [x], shape);
    const qkv = ["q", "k", "v"].map((name) => m.op(attn, "linear", [norm], shape, { attributes: { name } }));
    const rotated = [0, 1].map((j) => m.op(attn, "rotary", [qkv[j]!, ...shared.slice(1)], shape));
    const scores = m.op(attn, "matmul", rotated, shape);
    const masked = m.op(attn, "add", shared[0] === undefined ? [scores] : [scores, shared[0]], shape);
    const mixed = m.op(attn, "matmul", [m.op(attn, "softmax", [masked], shape), qkv[2]!], shape);
    const residual = m.op(block, "add", [x, m.op(attn, "linear", [mixed], shape)], shape);
    let hidden = m.op(mlp, "linear", [m.op(block, "rms_norm", [residual], shape)], shape);
    if (varied && random() < 0.5) hidden = m.op(mlp, "dropout", [hidden], shape);
    x = m.op(block, "add", [residual, m.op(mlp, "linear", [m.op(mlp, "silu", [hidden], shape)], shape)], shape);
  }
  const output = m.node(0, "output", "logits", shape);
  m.edge(x, output);
  return m.graph;
}
