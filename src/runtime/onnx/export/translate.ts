/**
 * From recordings of one model to an ONNX graph. With several recordings of different input sizes, every number that
 * differs between them is written as what it is of the inputs' sizes; what fits no such form is refused with its line.
 */
import { contiguousStrides } from "../../shape.ts";
import type { TracedSource } from "../../trace/places.ts";
import type { DataType, GraphProto, NodeProto, ValueInfo } from "../schema.ts";
import { dataTypeNumber } from "../schema.ts";
import { GraphBuilder, type Name } from "./builder.ts";
import { bytesOfValue, constantOfSizes, differ } from "./constants.ts";
import { Call, NotExported, type Translation, type Translator, type Varying } from "./context.ts";
import type { RecordedCall, RecordedValue, Recording, ValueId } from "./record.ts";
import {
  type DynamicDimension,
  fitNumber,
  fitSize,
  isDynamic,
  plainDimension,
  sizeText,
  type SizedNumber,
  type SizeOrNumber,
} from "./sizes.ts";
import { Scalar } from "../../dtype.ts";
import { realOf } from "../../ops/complex.ts";
import { alikeForParts, complexElementwise, complexOps } from "./ops/complex.ts";
import { fourierOps } from "./ops/fourier.ts";
import { forEachPart, isComplexValue, partOfBytes, type Parts } from "./parts.ts";
import { type Body, bodyOps, looseInfo } from "./ops/bodies.ts";
import { elementwise, elementwiseOps } from "./ops/elementwise.ts";
import { indexOps } from "./ops/index_ops.ts";
import { layerOps } from "./ops/layers.ts";
import { lowBitOps } from "./ops/low_bit.ts";
import { isPackedStep, type Packed, packedOps, passedOn } from "./ops/packed.ts";
import { quantizedOps } from "./ops/quantized.ts";
import { quantizedStepOps } from "./ops/quantized_steps.ts";
import { recurrentOps } from "./ops/recurrent.ts";
import { reduceOps } from "./ops/reduce.ts";
import { shapeOps } from "./ops/shape.ts";

const translators: Record<string, Translator> = {
  ...elementwiseOps,
  ...shapeOps,
  ...reduceOps,
  ...recurrentOps,
  ...packedOps,
  ...bodyOps,
  ...layerOps,
  ...indexOps,
  ...quantizedOps,
  ...quantizedStepOps,
  ...lowBitOps,
};

const complexTranslators = { ...complexOps, ...fourierOps };

export interface ExportRequest {
  opset: number;
  /** Of each recording, in the order of the recordings. */
  dimensions: DynamicDimension[];
  /** The first has the usual sizes. */
  recordings: Recording[];
  name: string;
}

export interface ExportedGraph {
  graph: GraphProto;
  /** The line of each node, by the node's name. */
  places: Map<string, TracedSource>;
  /** What calls made, by its name in the graph. */
  named: Map<Name, ValueId>;
  /** Initializers that are no parameters. */
  buffers: Name[];
}

export function exportGraph(request: ExportRequest): ExportedGraph {
  return new Exporter(request).run();
}

type Fitter<T> = (values: readonly number[], dimensions: readonly DynamicDimension[]) => T | null;

class Exporter implements Translation {
  graph: GraphBuilder;
  readonly values: readonly RecordedValue[];
  readonly #request: ExportRequest;
  readonly #first: Recording;
  readonly #others: Recording[];
  readonly #names = new Map<ValueId, Name>();
  /** Of complex values. */
  readonly #parts = new Map<ValueId, Parts>();
  readonly #shapes = new Map<ValueId, SizeOrNumber[]>();
  readonly #inputs: ValueInfo[] = [];
  readonly #places = new Map<string, TracedSource>();
  readonly #buffers = new Set<Name>();
  readonly packed = new Map<ValueId, Packed>();
  /** Graphs around the body that grows now, innermost last, with the inputs of that body. */
  readonly #around: { graph: GraphBuilder; inputs: ValueInfo[] }[] = [];
  readonly #bodies: Body[] = [];
  /** What depends on an input. */
  readonly #varies = new Set<ValueId>();
  #uses: Map<ValueId, number> | null = null;
  /** The value that each name first stood for: names are handed on where a result is its input. */
  readonly #made = new Map<Name, ValueId>();
  /** What the memory of a storage holds, as one flat value, after a write into a part of it. */
  readonly #memory = new Map<number, Name>();

  /** The value that was written last into a storage. */
  readonly #written = new Map<number, ValueId>();
  readonly #ofSizes = new Map<ValueId, boolean>();

  constructor(request: ExportRequest) {
    this.#request = request;
    [this.#first, ...this.#others] = request.recordings as [Recording, ...Recording[]];
    this.values = this.#first.values;
    this.graph = new GraphBuilder(request.opset, request.dimensions);
  }

  run(): ExportedGraph {
    this.#compare();
    this.#requireUnseen();
    for (const value of this.values) if (value.leaf?.kind === "input") this.#input(value);
    this.#first.calls.forEach((call, index) => {
      const { graph } = this;
      const before = graph.nodes.length;
      const source = this.#first.sources[call.place];
      this.graph.place = {
        scope: call.module.replaceAll(".", "/"),
        source: source ? `${source.file}:${source.line}` : "",
      };
      this.#translate(call, index);
      if (source) for (const { name } of graph.nodes.slice(before)) this.#places.set(name!, source);
    });
    this.graph.place = { scope: "", source: "" };
    this.#refresh(this.#first.calls.length, -1);
    const shown = this.#first.outputs.map(({ name, value }) => ({ name: this.#output(name, value), value }));
    const counted = countedValues(this.graph.nodes);
    const outputs = shown.map(({ name, value }) => this.#valueInfo(name, value, counted.has(name)));
    const named = new Map(
      this.#first.calls.flatMap(({ results }) => results.map((id) => [this.#names.get(id) ?? "", id] as const)),
    );
    named.delete("");
    const graph = this.graph.graph(this.#request.name, this.#inputs, outputs, this.#inner(outputs, counted));
    return { graph, places: this.#places, named, buffers: [...this.#buffers] };
  }

  nameOf(id: ValueId): Name {
    const known = this.#names.get(id);
    if (known !== undefined) {
      if (known === "") throw new NotExported("a result that ONNX has not is used", -1);
      return known;
    }
    const value = this.values[id]!;
    if (value.leaf && value.tensor.storage.version !== value.version) {
      throw new NotExported(`it writes into ${value.leaf.name}, which would be the same in every call`, -1);
    }
    if (!value.leaf && !this.#isFixed(id)) throw new Error(`value ${id} is used before it is made`);
    if (value.leaf?.kind === "constant" && this.#isOfSizes(id)) {
      const made = constantOfSizes(this.graph, this.#request.dimensions, this.#ofAllRecordings(id));
      // Inside of a body it is known there alone.
      if (this.#around.length === 0) this.#names.set(id, made);
      return made;
    }
    const dtype = value.dtype.name as DataType;
    const bytes = this.bytesOf(id);
    const isWeight = value.leaf?.kind === "parameter";
    const wish = value.leaf?.name ?? "constant";
    const name = isWeight
      ? this.graph.weight(dtype, value.shape, bytes, wish)
      : this.graph.constant(dtype, value.shape, bytes, wish);
    if (!isWeight) this.#buffers.add(name);
    this.#names.set(id, name);
    return name;
  }

  /** A leaf's parts are two initializers: .real and .imag. */
  partsOf(id: ValueId): Parts {
    const known = this.#parts.get(id);
    if (known !== undefined) return known;
    const value = this.values[id]!;
    if (!value.leaf && !this.#isFixed(id)) throw new Error(`value ${id} is used before it is made`);
    const bytes = this.bytesOf(id);
    const dtype = realOf(value.dtype);
    const parts = ([0, 1] as const).map((which) => {
      const wish = `${value.leaf?.name ?? "constant"}.${which === 0 ? "real" : "imag"}`;
      const own = partOfBytes(bytes, dtype.size, which);
      if (value.leaf?.kind === "parameter") return this.graph.weight(dtype.name as DataType, value.shape, own, wish);
      const name = this.graph.constant(dtype.name as DataType, value.shape, own, wish);
      this.#buffers.add(name);
      return name;
    }) as [Name, Name];
    this.#parts.set(id, parts);
    return parts;
  }

  isConstant(id: ValueId): boolean {
    const { leaf } = this.values[id]!;
    if (leaf?.kind === "constant") return !this.#isOfSizes(id);
    return leaf?.kind === "parameter";
  }

  usesOf(id: ValueId): number {
    if (!this.#uses) {
      this.#uses = new Map();
      for (const call of this.#first.calls) {
        for (const argument of call.arguments) {
          const read = "value" in argument ? [argument.value] : "values" in argument ? argument.values : [];
          for (const value of read) if (value !== null) this.#uses.set(value, (this.#uses.get(value) ?? 0) + 1);
        }
      }
    }
    return this.#uses.get(id) ?? 0;
  }

  bytesOf(id: ValueId): Uint8Array {
    return bytesOfValue(this.values[id]!);
  }

  #ofAllRecordings(id: ValueId): RecordedValue[] {
    return this.#request.recordings.map(({ values }) => values[id]!);
  }

  /** A tensor that Python makes of the inputs' sizes: another one in other recordings. */
  #isOfSizes(id: ValueId): boolean {
    const known = this.#ofSizes.get(id) ?? differ(this.#ofAllRecordings(id));
    this.#ofSizes.set(id, known);
    return known;
  }

  openBody(names: readonly Name[], { results }: RecordedCall): void {
    const inputs = names.map((name, i) => looseInfo(name, this.values[results[i]!]!));
    this.#around.push({ graph: this.graph, inputs });
    this.graph = this.graph.body();
  }

  closeBody(outputs: readonly ValueId[]): void {
    const inner = this.graph;
    const shown = outputs.map((id) => inner.add("Identity", [this.nameOf(id)]));
    const { graph, inputs } = this.#around.pop()!;
    this.graph = graph;
    const values = outputs.map((id) => this.values[id]!);
    this.#bodies.push({
      inputs,
      outputs: shown.map((name, i) => looseInfo(name, values[i]!)),
      values,
      graph: (name, from, to) => ({ ...inner.graph(graph.fresh(name), from, to), initializer: [] }),
    });
  }

  takeBody(): Body {
    return this.#bodies.pop()!;
  }

  varies(id: ValueId): boolean {
    return this.#varies.has(id);
  }

  shapeOf(id: ValueId): readonly SizeOrNumber[] {
    let shape = this.#shapes.get(id);
    if (!shape) {
      shape = this.values[id]!.shape.map((_, axis) => {
        const sizes = this.#request.recordings.map(({ values }) => values[id]!.shape[axis]!);
        const fitted = fitSize(sizes, this.#request.dimensions);
        if (fitted === null) throw new NotExported(`a size is ${sizes.join(", ")} for the inputs' sizes tried`, -1);
        return fitted;
      });
      this.#shapes.set(id, shape);
    }
    return shape;
  }

  /** A result that depends on numbers alone: it was computed when it was recorded. */
  #isFixed(id: ValueId): boolean {
    const call = this.#first.calls.find(({ results }) => results.includes(id));
    return call !== undefined && call.arguments.every((argument) => "plain" in argument);
  }

  /** All recordings must be of the same calls: code that branches on sizes has no one graph. */
  #compare(): void {
    const { calls } = this.#first;
    for (const other of this.#others) {
      const at = calls.findIndex((call, i) => call.record !== other.calls[i]?.record);
      if (at >= 0 || other.calls.length !== calls.length) {
        const call = calls[Math.max(0, at)];
        throw new NotExported("the model takes another path for other input sizes", call?.place ?? -1);
      }
    }
  }

  /** What the model does after a look at a number that an input decides, it may do otherwise for another input. */
  #requireUnseen(): void {
    const varying = this.#varies;
    for (const { id, leaf } of this.values) if (leaf?.kind === "input") varying.add(id);
    for (const call of this.#first.calls) {
      const reads = call.arguments.flatMap((a) => ("value" in a ? [a.value] : "values" in a ? a.values : []));
      if (reads.some((id) => id !== null && varying.has(id))) for (const id of call.results) varying.add(id);
    }
    const look = this.#first.looks.find(({ value }) => varying.has(value));
    if (look) {
      throw new NotExported(
        "the model looks at a value that depends on an input, and may take another path",
        look.place,
      );
    }
  }

  #translate(call: RecordedCall, index: number): void {
    this.#refresh(index, call.place);
    if (this.#touchesComplex(call)) {
      this.#translateComplex(call, index);
      return;
    }
    const name = call.record.name;
    // The in-place form computes what the other does.
    const translator =
      translators[name] ??
      (call.mutates ? translators[name.replace(/_$/, "")] : undefined) ??
      (call.record.spec.expression ? elementwise : undefined);
    const passed = isPackedStep(name) ? null : passedOn(call, this.values, this.packed);
    if (!translator && this.#isUnused(call)) return;
    if (!translator) {
      throw new NotExported(`'${name.replace(/^_/, "")}' has no counterpart in ONNX that is known here`, call.place);
    }
    let made: Name | Name[];
    try {
      made = translator(new Call(this, call, this.#varying(call, index)));
    } catch (error) {
      if (error instanceof NotExported && error.place < 0) throw new NotExported(error.message, call.place);
      throw error;
    }
    const names = Array.isArray(made) ? made : [made];
    call.results.forEach((id, i) => {
      this.#names.set(id, names[i]!);
      if (passed) this.packed.set(id, passed);
      // It has another shape in the graph.
      if (this.packed.has(id)) return;
      if (!this.#made.has(names[i]!)) this.#made.set(names[i]!, id);
    });
    if (call.mutates) this.#wrote(call.results[0]!, call.place);
  }

  #touchesComplex(call: RecordedCall): boolean {
    const reads = call.arguments.flatMap((a) => ("value" in a ? [a.value] : "values" in a ? a.values : []));
    return [...reads, ...call.results].some((id) => id !== null && isComplexValue(this.values[id]!));
  }

  #translateComplex(call: RecordedCall, index: number): void {
    const name = call.record.name;
    const plain = call.mutates && !complexTranslators[name] && !alikeForParts.has(name) ? name.replace(/_$/, "") : name;
    const own = complexTranslators[plain] ?? (call.record.spec.expression ? complexElementwise : undefined);
    if (!own && !alikeForParts.has(plain)) {
      if (this.#isUnused(call)) return;
      const shown = name.replace(/^_/, "");
      throw new NotExported(`'${shown}' of complex numbers has no counterpart in ONNX that is known here`, call.place);
    }
    const varying = this.#varying(call, index);
    try {
      const made = own ? [own(new Call(this, call, varying))] : forEachPart(this, call, varying, translators[plain]!);
      call.results.forEach((id, i) => {
        const found = made[i]!;
        if (typeof found === "string") {
          this.#names.set(id, found);
          if (!this.#made.has(found)) this.#made.set(found, id);
        } else this.#parts.set(id, found);
      });
    } catch (error) {
      if (error instanceof NotExported && error.place < 0) throw new NotExported(error.message, call.place);
      throw error;
    }
  }

  /** Drawn or computed, and never looked at. */
  #isUnused({ results }: RecordedCall): boolean {
    const isOutput = (id: ValueId): boolean => this.#first.outputs.some(({ value }) => value === id);
    return results.every((id) => this.usesOf(id) === 0 && !isOutput(id));
  }

  /** What a call reads through a view that was written past. */
  #refresh(index: number, place: number): void {
    for (const { call, value } of this.#first.stale) {
      if (call === index) this.#names.set(value, this.#reread(value, place));
    }
  }

  /** Numbers of a call that differ between the recordings, as what they are of the sizes. */
  #varying(call: RecordedCall, index: number): Varying {
    const [sizes, numbers] = [new Map<string, SizeOrNumber>(), new Map<string, SizedNumber>()];
    const { dimensions } = this.#request;
    const fit = <T>(name: string, values: readonly number[], found: Map<string, T>, by: Fitter<T>): void => {
      if (values.every((value) => Object.is(value, values[0]))) return;
      const fitted = by(values, dimensions);
      if (fitted === null) {
        const shown = values.slice(0, 4).join(", ");
        throw new NotExported(
          `${name} of '${call.record.name}' is ${shown} for the sizes tried: no formula fits`,
          call.place,
        );
      }
      found.set(name, fitted);
    };
    call.arguments.forEach((argument, position) => {
      if (!("plain" in argument)) return;
      const { name } = call.record.signature.arguments[position]!;
      const given = this.#request.recordings.map(({ calls }) => {
        const other = calls[index]!.arguments[position]!;
        return "plain" in other ? other.plain : null;
      });
      if (given.every((value) => value instanceof Scalar)) {
        fit(
          name,
          given.map(({ number }) => number),
          numbers,
          fitNumber,
        );
        return;
      }
      const all = given.map(numeric);
      if (all.every((value) => typeof value === "number")) fit(name, all, sizes, fitSize);
      else if (all.every((value) => Array.isArray(value))) {
        all[0]!.forEach((_, i) =>
          fit(
            `${name}.${i}`,
            all.map((values) => values[i]!),
            sizes,
            fitSize,
          ),
        );
      }
    });
    return { sizes, numbers };
  }

  #input(value: RecordedValue): void {
    if (isComplexValue(value)) {
      const what = `the input '${value.leaf!.name}' is complex, which ONNX has no numbers for`;
      throw new NotExported(`${what}: expected torch.view_as_real of it, and view_as_complex in the model`, -1);
    }
    const name = this.graph.fresh(value.leaf!.name);
    this.#names.set(value.id, name);
    this.#inputs.push(this.#valueInfo(name, value.id));
    // What sizes are computed from is the input under its name in the graph.
    for (const dimension of this.#request.dimensions) if (dimension.input === value.leaf!.name) dimension.input = name;
  }

  #output(name: string, id: ValueId): Name {
    const place = this.#first.calls.find(({ results }) => results.includes(id))?.place ?? -1;
    if (isComplexValue(this.values[id]!)) {
      const what = `the output '${name}' is complex, which ONNX has no numbers for`;
      throw new NotExported(`${what}: expected torch.view_as_real of it`, place);
    }
    if (this.packed.has(id)) {
      throw new NotExported(`the output '${name}' is a packed sequence: expected pad_packed_sequence of it`, place);
    }
    const shown = this.graph.fresh(name);
    this.graph.nodes.push({
      input: [this.nameOf(id)],
      output: [shown],
      name: this.graph.fresh(`Identity_${shown}`),
      opType: "Identity",
      attribute: [],
      metadata: [],
    });
    return shown;
  }

  #valueInfo(name: Name, id: ValueId, isCounted = false): ValueInfo {
    const dim = this.shapeOf(id).map((size) => {
      if (isCounted) return {};
      if (!isDynamic(size)) return { value: size };
      const plain = plainDimension(size);
      return {
        parameter: plain === null ? sizeText(size, this.#request.dimensions) : this.#request.dimensions[plain]!.name,
      };
    });
    const elemType = dataTypeNumber(this.values[id]!.dtype.name as DataType);
    return { name, type: { tensorType: { elemType, shape: { dim } } } };
  }

  /** Dtypes and sizes of what calls made, for whoever draws the file. A size that fits no formula says nothing. */
  #inner(outputs: readonly ValueInfo[], counted: ReadonlySet<Name>): ValueInfo[] {
    const isShown = new Set([...this.#inputs, ...outputs].map(({ name }) => name));
    return this.graph.nodes.flatMap(({ output }) =>
      output.flatMap((name) => {
        const id = this.#made.get(name);
        if (id === undefined || isShown.has(name)) return [];
        try {
          return [this.#valueInfo(name, id, counted.has(name))];
        } catch (error) {
          if (error instanceof NotExported) return [];
          throw error;
        }
      }),
    );
  }

  /** After a write through a part of some memory, the whole of it is kept as one flat value. */
  #wrote(id: ValueId, place: number): void {
    const value = this.values[id]!;
    this.#written.set(value.storage, id);
    if (this.#isWrittenWhole(value)) return;
    if (this.#around.length > 0) throw new NotExported("it writes through a view inside of a branch or a loop", place);
    const name = this.nameOf(id);
    const flat = this.graph.add("Reshape", [name, this.graph.int64([-1])]);
    if (value.shape.reduce((a, b) => a * b, 1) === value.storageElements && isWhole(value)) {
      this.#memory.set(value.storage, flat);
      return;
    }
    const memory = this.#memory.get(value.storage) ?? this.#wholeBefore(value, place);
    const index = this.#elements(id, place);
    const points = this.graph.add("Unsqueeze", [index, this.graph.int64([1])]);
    this.#memory.set(value.storage, this.graph.add("ScatterND", [memory, points, flat]));
  }

  /** Does nobody see its memory but through the same elements? Then the last value that was written is all there is. */
  #isWrittenWhole({ storage }: RecordedValue): boolean {
    const stale = this.#first.stale
      .map(({ value }) => this.values[value]!)
      .filter((other) => other.storage === storage);
    const written = this.#first.writes.map(({ value }) => this.values[value]!);
    const own = written.filter((other) => other.storage === storage);
    return stale.length === 0 || [...stale, ...own].every((other) => isSamePlace(other, own[0]!));
  }

  /** The memory as it was before its first write: some value that covers all of it. */
  #wholeBefore(written: RecordedValue, place: number): Name {
    const whole = this.values.findLast(
      (value) =>
        value.storage === written.storage &&
        value.version < written.version &&
        isWhole(value) &&
        (value.leaf || this.#names.has(value.id)),
    );
    if (!whole) throw new NotExported("it writes into a part of memory of which the rest is not known", place);
    return this.graph.add("Reshape", [this.nameOf(whole.id), this.graph.int64([-1])]);
  }

  #reread(id: ValueId, place: number): Name {
    const value = this.values[id]!;
    if (this.values.some((other) => other.storage === value.storage && isComplexValue(other))) {
      throw new NotExported("it reads complex numbers that were written through another view", place);
    }
    const written = this.#written.get(value.storage);
    if (written !== undefined && this.#isWrittenWhole(value)) return this.nameOf(written);
    if (this.#around.length > 0) throw new NotExported("it reads what was written through a view", place);
    const memory = this.#memory.get(value.storage);
    if (memory === undefined) throw new NotExported("it reads memory that was written through another view", place);
    const gathered = this.graph.add("Gather", [memory, this.#elements(id, place)], { axis: 0 });
    return this.graph.add("Reshape", [gathered, this.graph.int64(value.shape)]);
  }

  /** The positions of a view's elements in its memory. */
  #elements(id: ValueId, place: number): Name {
    if (this.shapeOf(id).some(isDynamic)) {
      throw new NotExported(
        "a view whose size depends on the size of an input is written through, or read after that",
        place,
      );
    }
    const { shape, strides, offset } = this.values[id]!;
    let found = [offset];
    shape.forEach((size, axis) => {
      found = found.flatMap((base) => Array.from({ length: size }, (_, i) => base + i * strides[axis]!));
    });
    return this.graph.int64(found);
  }
}

/** What is as long as there are numbers that are not zero has another size in each call, though it was recorded with one. */
function countedValues(nodes: readonly NodeProto[]): Set<Name> {
  const found = new Set<Name>();
  for (const { opType = "", input, output } of nodes) {
    // These are as large as what they write into.
    const read = opType.startsWith("Scatter") ? input.slice(0, 1) : input;
    if (opType === "NonZero" || read.some((name) => found.has(name))) for (const name of output) found.add(name);
  }
  return found;
}

function isWhole({ shape, strides, offset, storageElements }: RecordedValue): boolean {
  const isPlain = strides.join() === contiguousStrides(shape).join();
  return isPlain && offset === 0 && shape.reduce((a, b) => a * b, 1) === storageElements;
}

/** The same elements of the same memory. */
function isSamePlace(a: RecordedValue, b: RecordedValue): boolean {
  return a.offset === b.offset && a.shape.join() === b.shape.join() && a.strides.join() === b.strides.join();
}

function numeric(value: unknown): number | readonly number[] | null {
  if (typeof value === "number") return value;
  if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value;
  return null;
}
