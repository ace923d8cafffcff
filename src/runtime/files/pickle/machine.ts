/**
 * A pickle machine that can only describe: its instructions build inert values, and every name, call and persistent id
 * goes through the rules of the caller, which know what is data and refuse the rest by name. It never imports, calls or
 * constructs anything.
 */
import { FileFormatError, text } from "../source.ts";
import {
  BytearrayValue,
  describeValue,
  DictValue,
  GlobalValue,
  InstanceValue,
  ListValue,
  SetValue,
  TupleValue,
  type Value,
} from "./values.ts";
import { buildNumpy } from "./numpy.ts";
import { OPCODES, opcodeName } from "./opcodes.ts";

export interface PickleRules {
  /** The value that a name stands for. Throws when it is not data. */
  global(module: string, name: string): Value;
  call(callee: GlobalValue, args: TupleValue): Value;
  create(type: GlobalValue, args: TupleValue): Value;
  persistent(id: Value): Value;
}

/** Everything a pickle of some size can hold is bounded: each object costs far more memory than its one byte. */
const MOST_OBJECTS = 4_000_000;
const LONGEST_NAME = 1024;
/** What CPython converts at most, for the same reason: the time grows with the square. */
const MOST_DIGITS = 4300;
const MOST_INTEGER_BYTES = 65_536;

const MARK = Symbol("mark");
type Entry = Value | typeof MARK;

export function unpickle(bytes: Uint8Array, rules: PickleRules, start = 0): { value: Value; end: number } {
  return new Machine(bytes, rules, start).run();
}

class Machine {
  private readonly bytes: Uint8Array;
  private readonly words: DataView;
  private readonly rules: PickleRules;
  private readonly memo = new Map<number, Value>();
  private stack: Entry[] = [];
  private at: number;
  private nObjects = 0;

  constructor(bytes: Uint8Array, rules: PickleRules, start: number) {
    this.bytes = bytes;
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.rules = rules;
    this.at = start;
  }

  run(): { value: Value; end: number } {
    for (;;) {
      const opcode = this.byte();
      if (opcode === OPCODES.STOP) break;
      this.step(opcode);
    }
    const value = this.pop();
    if (this.stack.length > 0) throw new FileFormatError("the pickle ends with values left over");
    return { value, end: this.at };
  }

  private step(opcode: number): void {
    switch (opcode) {
      case OPCODES.PROTO: {
        const version = this.byte();
        if (version > 5) throw new FileFormatError(`the pickle has protocol ${version}: expected at most 5`);
        return;
      }
      case OPCODES.FRAME:
        this.requireRoom(this.wide());
        return;
      case OPCODES.MARK:
        this.stack.push(MARK);
        return;
      case OPCODES.POP:
        if (this.stack.pop() === undefined) throw underflow();
        return;
      case OPCODES.POP_MARK:
        this.sinceMark();
        return;
      case OPCODES.DUP:
        this.push(this.top());
        return;
      case OPCODES.NONE:
        return this.push(null);
      case OPCODES.NEWTRUE:
        return this.push(true);
      case OPCODES.NEWFALSE:
        return this.push(false);
      case OPCODES.INT:
        return this.push(this.decimal(true));
      case OPCODES.LONG:
        return this.push(this.decimal(false));
      case OPCODES.BININT:
        return this.push(BigInt(this.words.getInt32(this.take(4), true)));
      case OPCODES.BININT1:
        return this.push(BigInt(this.byte()));
      case OPCODES.BININT2:
        return this.push(BigInt(this.words.getUint16(this.take(2), true)));
      case OPCODES.LONG1:
        return this.push(this.integer(this.byte()));
      case OPCODES.LONG4:
        return this.push(this.integer(this.size4()));
      case OPCODES.FLOAT:
        return this.push(this.decimalFloat());
      case OPCODES.BINFLOAT:
        return this.push(this.words.getFloat64(this.take(8), false));
      case OPCODES.UNICODE:
        return this.push(unescaped(this.line()));
      case OPCODES.BINUNICODE:
        return this.push(this.unicode(this.size4()));
      case OPCODES.SHORT_BINUNICODE:
        return this.push(this.unicode(this.byte()));
      case OPCODES.BINUNICODE8:
        return this.push(this.unicode(this.size8()));
      case OPCODES.BINSTRING:
        return this.push(this.unicode(this.size4()));
      case OPCODES.SHORT_BINSTRING:
        return this.push(this.unicode(this.byte()));
      case OPCODES.BINBYTES:
        return this.push(this.data(this.size4()));
      case OPCODES.SHORT_BINBYTES:
        return this.push(this.data(this.byte()));
      case OPCODES.BINBYTES8:
        return this.push(this.data(this.size8()));
      case OPCODES.BYTEARRAY8:
        return this.push(new BytearrayValue(this.data(this.size8())));
      default:
        this.container(opcode);
    }
  }

  private container(opcode: number): void {
    switch (opcode) {
      case OPCODES.EMPTY_LIST:
        return this.push(new ListValue());
      case OPCODES.EMPTY_DICT:
        return this.push(new DictValue());
      case OPCODES.EMPTY_SET:
        return this.push(new SetValue([], false));
      case OPCODES.EMPTY_TUPLE:
        return this.push(new TupleValue([]));
      case OPCODES.TUPLE1:
        return this.push(new TupleValue(this.last(1)));
      case OPCODES.TUPLE2:
        return this.push(new TupleValue(this.last(2)));
      case OPCODES.TUPLE3:
        return this.push(new TupleValue(this.last(3)));
      case OPCODES.TUPLE:
        return this.push(new TupleValue(this.sinceMark()));
      case OPCODES.LIST:
        return this.push(new ListValue(this.sinceMark()));
      case OPCODES.FROZENSET:
        return this.push(new SetValue(this.sinceMark(), true));
      case OPCODES.DICT: {
        const dict = new DictValue();
        this.addPairs(dict, this.sinceMark());
        return this.push(dict);
      }
      case OPCODES.APPEND:
        return this.addItems(this.last(1));
      case OPCODES.APPENDS:
      case OPCODES.ADDITEMS:
        return this.addItems(this.sinceMark());
      case OPCODES.SETITEM: {
        const pair = this.last(2);
        return this.addPairs(this.top(), pair);
      }
      case OPCODES.SETITEMS: {
        const pairs = this.sinceMark();
        return this.addPairs(this.top(), pairs);
      }
      case OPCODES.PUT:
        return this.keep(Number(this.decimal(true)));
      case OPCODES.BINPUT:
        return this.keep(this.byte());
      case OPCODES.LONG_BINPUT:
        return this.keep(this.size4());
      case OPCODES.MEMOIZE:
        return this.keep(this.memo.size);
      case OPCODES.GET:
        return this.push(this.recall(Number(this.decimal(true))));
      case OPCODES.BINGET:
        return this.push(this.recall(this.byte()));
      case OPCODES.LONG_BINGET:
        return this.push(this.recall(this.size4()));
      default:
        this.object(opcode);
    }
  }

  private object(opcode: number): void {
    switch (opcode) {
      case OPCODES.GLOBAL: {
        const module = this.line();
        return this.push(this.rules.global(module, this.line()));
      }
      case OPCODES.STACK_GLOBAL: {
        const [module, name] = this.last(2);
        if (typeof module !== "string" || typeof name !== "string") {
          throw new FileFormatError("a name in the pickle is no text");
        }
        return this.push(this.rules.global(module, name));
      }
      case OPCODES.REDUCE: {
        const [callee, args] = this.last(2);
        return this.push(this.rules.call(requireGlobal(callee!), requireTuple(args!)));
      }
      case OPCODES.NEWOBJ: {
        const [type, args] = this.last(2);
        return this.push(this.rules.create(requireGlobal(type!), requireTuple(args!)));
      }
      case OPCODES.NEWOBJ_EX: {
        const [type, args, keywords] = this.last(3);
        if (!(keywords instanceof DictValue) || keywords.pairs.length > 0) {
          throw new FileFormatError(`${describeValue(type!)} is made with keyword arguments, which are not supported`);
        }
        return this.push(this.rules.create(requireGlobal(type!), requireTuple(args!)));
      }
      case OPCODES.BUILD: {
        const [state] = this.last(1);
        return build(this.top(), state!);
      }
      case OPCODES.BINPERSID: {
        const [id] = this.last(1);
        return this.push(this.rules.persistent(id!));
      }
      case OPCODES.PERSID:
        return this.push(this.rules.persistent(this.line()));
      default:
        throw new FileFormatError(
          `Unsupported operand ${opcode} (${opcodeName(opcode)}) at byte ${this.at - 1} of the pickle`,
        );
    }
  }

  // The stack

  private push(value: Value): void {
    if (++this.nObjects > MOST_OBJECTS) throw new FileFormatError(`the pickle holds more than ${MOST_OBJECTS} objects`);
    this.stack.push(value);
  }

  private pop(): Value {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw underflow();
    return value;
  }

  private top(): Value {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK) throw underflow();
    return value;
  }

  private last(count: number): Value[] {
    const values = this.stack.splice(Math.max(0, this.stack.length - count));
    if (values.length < count || values.includes(MARK)) throw underflow();
    return values as Value[];
  }

  private sinceMark(): Value[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw new FileFormatError("the pickle ends a group that was not begun");
    const values = this.stack.splice(mark);
    values.shift();
    return values as Value[];
  }

  private keep(index: number): void {
    this.memo.set(index, this.top());
  }

  private recall(index: number): Value {
    const value = this.memo.get(index);
    if (value === undefined) throw new FileFormatError(`the pickle refers to object ${index}, which it never kept`);
    return value;
  }

  private addItems(items: Value[]): void {
    const target = this.top();
    const isAble = target instanceof ListValue || target instanceof InstanceValue || target instanceof SetValue;
    if (!isAble || (target instanceof SetValue && target.isFrozen)) {
      throw new FileFormatError(`Can only append to lists, but got ${describeValue(target)}`);
    }
    for (const item of items) target.items.push(item);
  }

  private addPairs(target: Value, pairs: Value[]): void {
    if (pairs.length % 2 !== 0) throw new FileFormatError("a dict in the pickle has a key without a value");
    if (!(target instanceof DictValue || target instanceof InstanceValue)) {
      throw new FileFormatError(`Can only set items of dicts, but got ${describeValue(target)}`);
    }
    for (const value of pairs) target.pairs.push(value);
  }

  // The bytes

  private take(count: number): number {
    const from = this.at;
    this.requireRoom(BigInt(count));
    this.at += count;
    return from;
  }

  private requireRoom(count: bigint): void {
    if (BigInt(this.at) + count > BigInt(this.bytes.length)) throw new FileFormatError("the pickle ends early");
  }

  private byte(): number {
    return this.bytes[this.take(1)]!;
  }

  private size4(): number {
    return this.words.getUint32(this.take(4), true);
  }

  private wide(): bigint {
    return this.words.getBigUint64(this.take(8), true);
  }

  private size8(): number {
    const size = this.wide();
    this.requireRoom(size);
    return Number(size);
  }

  private data(count: number): Uint8Array {
    const from = this.take(count);
    return this.bytes.slice(from, from + count);
  }

  private unicode(count: number): string {
    const from = this.take(count);
    return decoded(this.bytes.subarray(from, from + count));
  }

  private line(): string {
    const end = this.bytes.subarray(this.at, this.at + LONGEST_NAME).indexOf(10);
    if (end < 0) throw new FileFormatError("a line of the pickle does not end");
    const line = this.bytes.subarray(this.at, this.at + end);
    this.at += end + 1;
    return text(line, "a name in the pickle");
  }

  private integer(count: number): bigint {
    if (count > MOST_INTEGER_BYTES) throw new FileFormatError(`an integer in the pickle has ${count} bytes`);
    const from = this.take(count);
    if (count === 0) return 0n;
    const digits = Buffer.from(this.bytes.subarray(from, from + count))
      .reverse()
      .toString("hex");
    return BigInt.asIntN(8 * count, BigInt(`0x${digits}`));
  }

  private decimal(isShort: boolean): bigint | boolean {
    const line = this.line();
    // Protocol 0 writes True and False so.
    if (isShort && line === "00") return false;
    if (isShort && line === "01") return true;
    const digits = line.replace(/L$/, "");
    if (!/^[+-]?\d+$/.test(digits) || digits.length > MOST_DIGITS) {
      throw new FileFormatError(`'${line.slice(0, 40)}' in the pickle is no integer`);
    }
    return BigInt(digits.replace(/^\+/, ""));
  }

  private decimalFloat(): number {
    const line = this.line();
    const special = { nan: NaN, inf: Infinity, "-inf": -Infinity }[line];
    const value = special ?? (/^[-+\d.eE]+$/.test(line) ? Number(line) : NaN);
    if (special === undefined && Number.isNaN(value)) {
      throw new FileFormatError(`'${line.slice(0, 40)}' in the pickle is no number`);
    }
    return value;
  }
}

function build(target: Value, state: Value): void {
  if (target instanceof DictValue && target.type === "OrderedDict" && state instanceof DictValue) {
    target.attributes = state;
  } else if (target instanceof InstanceValue) target.states.push(state);
  else if (!buildNumpy(target, state))
    throw new FileFormatError(`Can only build objects that were allowed, but got ${describeValue(target)}`);
}

function requireGlobal(value: Value): GlobalValue {
  if (value instanceof GlobalValue) return value;
  throw new FileFormatError(`the pickle calls ${describeValue(value)}: expected a function or a class`);
}

function requireTuple(value: Value): TupleValue {
  if (value instanceof TupleValue) return value;
  throw new FileFormatError(`the pickle passes ${describeValue(value)} as arguments: expected a tuple`);
}

const underflow = (): FileFormatError => new FileFormatError("the pickle takes more values than it has");

/** The text of protocol 0: escapes \uXXXX and \UXXXXXXXX. */
function unescaped(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, short?: string, long?: string) => {
    const point = Number.parseInt(short ?? long ?? "", 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 as Python pickles it: halves of surrogate pairs may stand alone. */
function decoded(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return withSurrogates(bytes);
  }
}

function withSurrogates(bytes: Uint8Array): string {
  let result = "";
  let from = 0;
  for (let i = 0; i + 2 < bytes.length; i++) {
    const isSurrogate =
      bytes[i] === 0xed && bytes[i + 1]! >= 0xa0 && bytes[i + 1]! <= 0xbf && (bytes[i + 2]! & 0xc0) === 0x80;
    if (!isSurrogate) continue;
    result += text(bytes.subarray(from, i), "a text in the pickle");
    result += String.fromCharCode(0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f));
    from = i + 3;
    i += 2;
  }
  return result + text(bytes.subarray(from), "a text in the pickle");
}
