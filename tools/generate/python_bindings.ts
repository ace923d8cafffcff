/**
 * Writes python/torch/_gen from the op records: one thin Python function per op, which turns its arguments into the plain
 * numbers that src/runtime/binding.ts expects. It translates and never decides: what is odd about an op is in its record.
 */
import "../../src/runtime/ops/index.ts";
import { isBound } from "../../src/runtime/binding.ts";
import { isDirect } from "../../src/runtime/direct.ts";
import { registry, type OpRecord } from "../../src/runtime/op.ts";
import type { Argument } from "../../src/runtime/signature.ts";
import type { GeneratedFile } from "../generate.ts";

/** What Python passes for an argument, and what must be prepared before. */
interface Crossing {
  setup: string[];
  pass: string;
}

function cross({ name, type }: Argument): Crossing {
  const n = pythonName(name);
  switch (type) {
    case "Tensor":
      return { setup: [], pass: `${n}.h` };
    case "Tensor?":
      return { setup: [], pass: `0 if ${n} is None else ${n}.h` };
    case "Tensor[]":
    case "Tensor?[]":
      return { setup: [], pass: `_handles(${n})` };
    case "Scalar":
      return { setup: scalarSetup(n, "_number"), pass: `${n}, ${n}_kind` };
    case "Scalar?":
      return { setup: scalarSetup(n, "_number", true), pass: `${n}, ${n}_kind` };
    case "Operand":
      return { setup: scalarSetup(n, "_operand"), pass: `${n}_value, ${n}_kind` };
    case "Operand?":
      return { setup: scalarSetup(n, "_operand", true), pass: `${n}_value, ${n}_kind` };
    case "int[]":
      return { setup: [], pass: `_ints(${n})` };
    case "int[]?":
    case "float[]?":
      return { setup: [], pass: `-1 if ${n} is None else _ints(${n})` };
    case "Dtype":
      return { setup: [], pass: `${n}.id` };
    case "Dtype?":
      return { setup: [], pass: `-1 if ${n} is None else ${n}.id` };
    case "Device?":
      return { setup: [], pass: `-1 if ${n} is None else _device_id(${n})` };
    case "Generator?":
      return { setup: [], pass: `0 if ${n} is None else ${n}.id` };
    default:
      return { setup: [], pass: n };
  }
}

/** Python numbers carry their kind; anything else is looked at by a helper. */
function scalarSetup(n: string, helper: string, optional = false): string[] {
  const lines = [`${n}_kind = _kind_of(type(${n}))`];
  // The name of a tensor must go on standing for it: nobody else may hold it.
  const value = helper === "_operand" ? `${n}_value` : n;
  if (helper === "_operand") lines.push(`${value} = ${n}`);
  if (optional) lines.push(`if ${n} is None:`, `    ${value}, ${n}_kind = 0, -1`, `elif ${n}_kind is None:`);
  else lines.push(`if ${n}_kind is None:`);
  if (helper === "_operand") {
    lines.push(
      "    try:",
      `        ${value}, ${n}_kind = ${n}.h, 3`,
      "    except AttributeError:",
      `        ${value}, ${n}_kind = _operand(${n})`,
    );
  } else {
    lines.push(`    ${n}, ${n}_kind = ${helper}(${n})`);
  }
  return lines;
}

/** A dim that may be given as axis may be missing. */
const optionalDim = (args: readonly Argument[], extra: readonly string[]): Argument[] =>
  args.map((a, i) => {
    const mayBeMissing =
      a.name === "dim" && extra.includes("axis") && args.slice(i + 1).every((b) => b.default !== undefined);
    return mayBeMissing && a.default === undefined ? { ...a, default: "None" } : a;
  });

const keywords = new Set(["from", "lambda", "in", "is"]);
/** Python forbids a few of PyTorch's argument names; they can still be passed by position. */
const pythonName = (name: string): string => (keywords.has(name) ? `${name}_` : name);

function parameterList(args: readonly Argument[], extra: readonly string[]): string {
  const parts: string[] = [];
  let starred = false;
  for (const a of args) {
    if (a.keywordOnly && !starred) {
      starred = true;
      parts.push("*");
    }
    parts.push(a.default === undefined ? pythonName(a.name) : `${pythonName(a.name)}=${a.default}`);
  }
  if (extra.length > 0 && !starred) parts.push("*");
  return [...parts, ...extra.map((name) => `${name}=None`)].join(", ");
}

/** NumPy's names for dim and keepdim, which PyTorch takes too, and `out`. */
function otherNames({ signature, spec }: OpRecord): string[] {
  const names = new Set(signature.arguments.map((a) => a.name));
  const isPublic = /torch|special/.test(spec.in ?? "torch");
  if (!isPublic || spec.mutates) return [];
  return [
    ...(names.has("dim") ? ["axis"] : []),
    ...(names.has("keepdim") ? ["keepdims"] : []),
    ...(signature.returns === "Tensor" && !spec.view ? ["out"] : []),
  ];
}

/**
 * First the way without a proxy, which reads plain arguments by itself and answers NotImplemented for all others. It returns
 * what the way through numbers returns.
 */
function directLines(record: OpRecord, extra: readonly string[]): string[] {
  if (!isDirect(record)) return [];
  const { signature, name } = record;
  const passed = signature.arguments.map((a) => pythonName(a.name)).join(", ");
  const isNamed = signature.results.length > 0;
  const found = isNamed ? `_new_tuple(_${name.replace(/^_/, "")}_result, result)` : "result";
  const lines = [`result = _direct_${name}(${passed})`, "if result is not NotImplemented:", `    return ${found}`];
  return extra.includes("out") ? ["if out is None:", ...lines.map((l) => `    ${l}`)] : lines;
}

function pythonFunction(record: OpRecord): string {
  const { signature, spec, name } = record;
  const crossings = signature.arguments.map(cross);
  const call = `_core_${name}(${crossings.map((c) => c.pass).join(", ")})`;
  const extra = otherNames(record);
  const lines = crossings.flatMap((c) => c.setup);
  const renamed: string[] = [];
  if (extra.includes("axis")) renamed.push("if axis is not None:", "    dim = axis");
  if (extra.includes("keepdims")) renamed.push("if keepdims is not None:", "    keepdim = keepdims");
  const firstTensor = signature.arguments.find((a) => a.type === "Tensor");
  const isInplace = spec.mutates;
  let result: string;
  if (isInplace) {
    lines.push(`h = ${call}`, "if h == 0:", "    _raise()", "_core_drop(h)");
    result = pythonName(signature.arguments[0]!.name);
  } else if (signature.returns === "Tensor") {
    result = `_wrap(${call})`;
  } else if (signature.returns === "value") {
    result = call;
  } else {
    const named = signature.results.length ? `_${name.replace(/^_/, "")}_result` : "";
    result = named ? `_wrap_named(${named}, ${call})` : `_wrap_many(${call})`;
  }
  if (extra.includes("out")) lines.push("if out is not None:", `    return _write_out(out, ${result})`);
  const body = [...lines, `return ${result}`];
  const guarded = firstTensor
    ? [
        "try:",
        ...body.map((l) => `    ${l}`),
        "except AttributeError:",
        `    _check_tensors(${JSON.stringify(name)}, ${checked(signature.arguments, isInplace ? 0 : 1)})`,
        "    raise",
      ]
    : body;
  return [
    `def ${name}(${parameterList(optionalDim(signature.arguments, extra), extra)}):`,
    `    ${JSON.stringify(spec.doc)}`,
    ...[...renamed, ...directLines(record, extra)].map((l) => `    ${l}`),
    ...guarded.map((l) => `    ${l}`),
  ].join("\n");
}

/** The tensor arguments with their positions, for the message that names the one that is none. */
function checked(args: readonly Argument[], first: number): string {
  return `[${args.flatMap((a, i) => (a.type === "Tensor" ? [`("${a.name}", ${i + first}, ${pythonName(a.name)})`] : [])).join(", ")}]`;
}

const header = '"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""\n\n';

export function pythonBindings(): GeneratedFile[] {
  const records = [...registry.values()]
    .map((o) => o.record)
    .filter(isBound)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const named = records.filter((r) => r.signature.results.length);
  const functions = [
    header.trimEnd(),
    "",
    `from _core import (\n${records.map((r) => `    op_${r.name} as _core_${r.name},`).join("\n")}\n)`,
    `from _direct import (\n${records
      .filter(isDirect)
      .map((r) => `    ${r.name} as _direct_${r.name},`)
      .join("\n")}\n)`,
    "from torch._C import (",
    "    _check_tensors, _core_drop, _device_id, _handles, _ints, _kind_of, _named_result, _new_tuple, _number, _operand,",
    "    _raise, _wrap, _wrap_many, _wrap_named, _write_out,",
    ")",
    "",
    ...named.map(
      (r) =>
        `_${r.name.replace(/^_/, "")}_result = _named_result("${publicName(r.name)}", ${tuple(r.signature.results)})`,
    ),
    "",
    "",
    records.map(pythonFunction).join("\n\n\n"),
    "",
  ].join("\n");

  const places = new Map<string, [string, string][]>();
  const place = (where: string, publicName_: string, name: string): void => {
    if (!places.has(where)) places.set(where, []);
    places.get(where)!.push([publicName_, name]);
  };
  for (const r of records) {
    for (const where of (r.spec.in ?? "torch Tensor").split(" ")) if (where !== "_C") place(where, r.name, r.name);
    for (const alias of r.spec.aliases ?? []) {
      const cut = alias.lastIndexOf(".");
      place(alias.slice(0, cut), alias.slice(cut + 1), r.name);
    }
  }
  const files: GeneratedFile[] = [
    { path: "python/torch/_gen/__init__.py", content: header.trimEnd() + "\n" },
    { path: "python/torch/_gen/functions.py", content: functions },
  ];
  for (const [where, entries] of places) {
    entries.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    const module =
      where === "Tensor" ? "tensor_methods" : where === "torch" ? "torch_functions" : where.replaceAll(".", "_");
    const content = where === "Tensor" ? methodTable(entries) : moduleOf(entries);
    files.push({ path: `python/torch/_gen/${module}.py`, content });
  }
  return files;
}

/** [public name, function] of each entry. */
type Entries = readonly (readonly [string, string])[];
const importFunctions = `${header}from torch._gen import functions as _f\n\n`;

function methodTable(entries: Entries): string {
  return `${importFunctions}methods = {\n${entries.map(([p, n]) => `    "${p}": _f.${n},\n`).join("")}}\n`;
}

function moduleOf(entries: Entries): string {
  const assignments = entries.map(([p, n]) => `${p} = _f.${n}\n`).join("");
  return `${importFunctions}${assignments}\n__all__ = [\n${entries.map(([p]) => `    "${p}",\n`).join("")}]\n`;
}

const publicName = (name: string): string => name.replace(/^_/, "").replace(/_dim$/, "");
const tuple = (names: readonly string[]): string => `(${names.map((n) => `"${n}"`).join(", ")},)`;
