/**
 * JSON for headers of files that nobody vouches for: a key twice is an error, integers are exact, nesting is shallow.
 * Objects are maps, so that no key means anything to JavaScript.
 */
import { FileFormatError, quoted } from "./source.ts";

export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | Map<string, JsonValue>;

const DEEPEST = 64;
const LONGEST_NUMBER = 400;

export function parseStrictJson(source: string, what: string): JsonValue {
  const parser = new Parser(source, what);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  private readonly source: string;
  private readonly what: string;
  private at = 0;

  constructor(source: string, what: string) {
    this.source = source;
    this.what = what;
  }

  value(depth: number): JsonValue {
    if (depth > DEEPEST) throw this.wrong(`nests deeper than ${DEEPEST}`);
    this.space();
    const next = this.source[this.at];
    if (next === "{") return this.object(depth);
    if (next === "[") return this.list(depth);
    if (next === '"') return this.string();
    if (next === "-" || (next !== undefined && next >= "0" && next <= "9")) return this.number();
    for (const [word, value] of WORDS) {
      if (this.source.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    throw this.wrong("is no valid JSON");
  }

  end(): void {
    this.space();
    if (this.at !== this.source.length) throw this.wrong("goes on after its end");
  }

  private object(depth: number): Map<string, JsonValue> {
    const result = new Map<string, JsonValue>();
    this.at++;
    if (this.takes("}")) return result;
    do {
      this.space();
      if (this.source[this.at] !== '"') throw this.wrong("is no valid JSON");
      const key = this.string();
      if (result.has(key)) throw this.wrong(`has the name ${quoted(key)} twice`);
      this.expect(":");
      result.set(key, this.value(depth + 1));
    } while (this.takes(","));
    this.expect("}");
    return result;
  }

  private list(depth: number): JsonValue[] {
    const result: JsonValue[] = [];
    this.at++;
    if (this.takes("]")) return result;
    do result.push(this.value(depth + 1));
    while (this.takes(","));
    this.expect("]");
    return result;
  }

  private string(): string {
    let end = this.at + 1;
    while (end < this.source.length && this.source[end] !== '"') end += this.source[end] === "\\" ? 2 : 1;
    const written = this.source.slice(this.at, end + 1);
    try {
      const value: unknown = JSON.parse(written);
      this.at = end + 1;
      return value as string;
    } catch {
      throw this.wrong("holds a text that is no valid JSON");
    }
  }

  private number(): number | bigint {
    NUMBER.lastIndex = this.at;
    const written = NUMBER.exec(this.source)?.[0];
    if (written === undefined || written.length > LONGEST_NUMBER)
      throw this.wrong("holds a number that is no valid JSON");
    this.at += written.length;
    return /^-?\d+$/.test(written) ? BigInt(written) : Number(written);
  }

  private space(): void {
    while (this.at < this.source.length && " \t\n\r".includes(this.source[this.at]!)) this.at++;
  }

  private takes(sign: string): boolean {
    this.space();
    if (this.source[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private expect(sign: string): void {
    if (!this.takes(sign)) throw this.wrong("is no valid JSON");
  }

  private wrong(problem: string): FileFormatError {
    return new FileFormatError(`${this.what} ${problem} (at character ${this.at})`);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORDS: readonly [string, JsonValue][] = [
  ["true", true],
  ["false", false],
  ["null", null],
];
