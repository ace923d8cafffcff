/** What a translator is given: one recorded call, its arguments by name, and the graph that grows. */
import { bool, type DType } from "../../dtype.ts";
import { Scalar } from "../../dtype.ts";
import type { GraphBuilder, Name } from "./builder.ts";
import type { RecordedCall, RecordedValue, ValueId } from "./record.ts";
import type { Body } from "./ops/bodies.ts";
import type { Packed } from "./ops/packed.ts";
import type { Parts } from "./parts.ts";
import type { SizedNumber, SizeOrNumber } from "./sizes.ts";

/** An op that cannot be exported: says which, and where it stands. */
export class NotExported extends Error {
  readonly place: number;
  constructor(message: string, place: number) {
    super(message);
    this.name = "NotExported";
    this.place = place;
  }
}

export interface Translation {
  /** What grows now: the model's graph, or a body in it. */
  readonly graph: GraphBuilder;
  values: readonly RecordedValue[];
  /** The name of a value; leaves are written out when they are first asked for. */
  nameOf(value: ValueId): Name;
  /** The two names of a complex value. */
  partsOf(value: ValueId): Parts;
  /** A leaf that never changes: a parameter or a constant. Its transposed or otherwise changed form can be written out. */
  isConstant(value: ValueId): boolean;
  /** In how many places of the recording it is an argument. */
  usesOf(value: ValueId): number;
  /** The bytes of such a leaf, contiguous. */
  bytesOf(value: ValueId): Uint8Array;
  /** Does it depend on an input? */
  varies(value: ValueId): boolean;
  /** Values that are packed sequences, or the sizes of their steps. */
  readonly packed: Map<ValueId, Packed>;
  /** From here on nodes go into a graph of its own with these inputs, which stand for the results of the call. */
  openBody(inputs: readonly Name[], recorded: RecordedCall): void;
  closeBody(outputs: readonly ValueId[]): void;
  /** The last body that was closed. */
  takeBody(): Body;
  /** Sizes of a value, by dimension: numbers, or what they are of the dynamic ones. */
  shapeOf(value: ValueId): readonly SizeOrNumber[];
}

/** Numbers of a call that depend on dynamic dimensions. */
export interface Varying {
  /** Sizes, by argument or argument and position in it: "dim", "shape.1". */
  sizes: ReadonlyMap<string, SizeOrNumber>;
  /** Operands, which need not be whole, by argument. */
  numbers: ReadonlyMap<string, SizedNumber>;
}

export type Translator = (call: Call) => Name | Name[];

export class Call {
  readonly graph: GraphBuilder;
  readonly recorded: RecordedCall;
  private readonly translation: Translation;
  private readonly varying: Varying;

  constructor(translation: Translation, recorded: RecordedCall, varying: Varying) {
    this.graph = translation.graph;
    this.translation = translation;
    this.recorded = recorded;
    this.varying = varying;
  }

  get op(): string {
    return this.recorded.record.name;
  }

  fail(why: string): never {
    throw new NotExported(`'${this.op.replace(/^_/, "")}' is not exported: ${why}`, this.recorded.place);
  }

  /** Is it given, in a call of an op that has it? */
  has(name: string): boolean {
    if (!this.knows(name)) return false;
    const argument = this.argument(name);
    return "value" in argument || "values" in argument || (argument.plain !== null && argument.plain !== undefined);
  }

  /** Has the op such an argument? */
  knows(name: string): boolean {
    return this.recorded.record.signature.arguments.some((argument) => argument.name === name);
  }

  varies(name: string): boolean {
    return this.translation.varies(this.id(name));
  }

  openBody(inputs: readonly Name[]): void {
    this.translation.openBody(inputs, this.recorded);
  }

  closeBody(outputs: readonly ValueId[]): void {
    this.translation.closeBody(outputs);
  }

  takeBody(): Body {
    return this.translation.takeBody();
  }

  packed(name: string): Packed {
    return this.translation.packed.get(this.id(name)) ?? this.fail(`${name} was not packed by pack_padded_sequence`);
  }

  markPacked(result: number, packed: Packed): void {
    this.translation.packed.set(this.recorded.results[result]!, packed);
  }

  isTensor(name: string): boolean {
    return "value" in this.argument(name);
  }

  id(name: string): ValueId {
    const argument = this.argument(name);
    if ("value" in argument) return argument.value;
    return this.fail(`${name} is no tensor`);
  }

  ids(name: string): ValueId[] {
    const argument = this.argument(name);
    if (!("values" in argument)) return this.fail(`${name} is no list of tensors`);
    return argument.values.filter((value) => value !== null);
  }

  /** Positions that hold no tensor stay null. */
  optionalIds(name: string): (ValueId | null)[] {
    const argument = this.argument(name);
    return "values" in argument ? argument.values : [];
  }

  tensor(name: string): Name {
    return this.nameOf(this.id(name));
  }

  optional(name: string): Name {
    return this.isTensor(name) ? this.tensor(name) : "";
  }

  nameOf(value: ValueId): Name {
    return this.translation.nameOf(value);
  }

  partsOf(value: ValueId): Parts {
    return this.translation.partsOf(value);
  }

  value(name: string): RecordedValue {
    return this.translation.values[this.id(name)]!;
  }

  valueOf(id: ValueId): RecordedValue {
    return this.translation.values[id]!;
  }

  isConstant(name: string): boolean {
    return this.isTensor(name) && this.translation.isConstant(this.id(name));
  }

  /** Is this the only place where it is read? */
  isAlone(name: string): boolean {
    return this.translation.usesOf(this.id(name)) === 1;
  }

  bytes(name: string): Uint8Array {
    return this.translation.bytesOf(this.id(name));
  }

  isFixed(id: ValueId): boolean {
    return this.translation.isConstant(id);
  }

  bytesOf(id: ValueId): Uint8Array {
    return this.translation.bytesOf(id);
  }

  get result(): RecordedValue {
    return this.translation.values[this.recorded.results[0]!]!;
  }

  shape(name: string): readonly SizeOrNumber[] {
    return this.translation.shapeOf(this.id(name));
  }

  shapeOf(id: ValueId): readonly SizeOrNumber[] {
    return this.translation.shapeOf(id);
  }

  get resultShape(): readonly SizeOrNumber[] {
    return this.translation.shapeOf(this.recorded.results[0]!);
  }

  rank(name: string): number {
    return this.value(name).shape.length;
  }

  /** A dimension's number, counted from the front. */
  axis(name: string, of = "input"): number {
    const dim = this.number(name);
    return dim < 0 ? dim + this.rank(of) : dim;
  }

  plain(name: string): unknown {
    const argument = this.argument(name);
    if ("plain" in argument) return argument.plain;
    return this.fail(`${name} is a tensor`);
  }

  /** A number that is the same whatever the inputs' sizes are. */
  number(name: string): number {
    const size = this.sizeOf(name);
    if (typeof size !== "number") return this.fail(`${name} depends on the size of an input`);
    return size;
  }

  optionalNumber(name: string): number | null {
    return this.has(name) ? this.number(name) : null;
  }

  /** A number that may depend on the inputs' sizes. */
  sizeOf(name: string): SizeOrNumber {
    const fitted = this.varying.sizes.get(name);
    if (fitted !== undefined) return fitted;
    const varying = this.varying.numbers.get(name);
    if (varying) {
      if (varying.form === "itself" && varying.divisor === 1) return varying.size;
      return this.fail(`${name} depends on the size of an input`);
    }
    const value = this.plain(name);
    if (value instanceof Scalar) return value.number;
    if (typeof value === "number") return value;
    if (typeof value === "boolean") return value ? 1 : 0;
    return this.fail(`${name} is no number`);
  }

  /** An operand that depends on the inputs' sizes; null where it is always the same. */
  sizedNumber(name: string): SizedNumber | null {
    return this.varying.numbers.get(name) ?? null;
  }

  /** Names of all such operands. */
  get sizedNumbers(): string[] {
    return [...this.varying.numbers.keys()];
  }

  sizes(name: string): SizeOrNumber[] {
    return (this.plain(name) as readonly number[]).map((value, i) => this.varying.sizes.get(`${name}.${i}`) ?? value);
  }

  numbers(name: string): number[] {
    return this.sizes(name).map((size) => {
      if (typeof size !== "number") return this.fail(`${name} depends on the size of an input`);
      return size;
    });
  }

  optionalNumbers(name: string): number[] | null {
    return this.has(name) ? this.numbers(name) : null;
  }

  flag(name: string): boolean {
    return this.plain(name) === true;
  }

  text(name: string): string {
    return String(this.plain(name));
  }

  /** Cast where the dtype is another one. */
  as(value: ValueId, dtype: DType): Name {
    const name = this.nameOf(value);
    return this.valueOf(value).dtype === dtype ? name : this.graph.cast(name, dtype);
  }

  asBool(value: ValueId): Name {
    return this.as(value, bool);
  }

  private argument(name: string): RecordedCall["arguments"][number] {
    const { record, arguments: given } = this.recorded;
    const position = record.signature.arguments.findIndex((argument) => argument.name === name);
    if (position < 0) throw new Error(`${record.name} has no argument ${name}`);
    return given[position] ?? { plain: null };
  }
}
