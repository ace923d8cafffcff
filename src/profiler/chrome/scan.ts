/**
 * Cuts the objects out of a `traceEvents` array while the file streams by. Keeps one object in memory, whatever the
 * size of the file, and knows only brackets and strings: what an object means is the caller's business.
 */

/** No event of a sane trace is longer; what is longer is dropped, so that a damaged file cannot fill memory. */
const LONGEST_EVENT = 4 * 1024 * 1024;

/** Only "traceEvents" has to be told from other keys. */
const LONGEST_KEY = 32;

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const COLON = 58;

export interface ScanHandlers {
  /** The text of one event. */
  event(text: string): void;
  problem(message: string): void;
}

/** Feed it text in any pieces, then call `end`. Accepts `{"traceEvents": [...]}` and the bare array. */
export class EventScanner {
  #handlers: ScanHandlers;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Depth of the events' array, -1 while it has not been found, -2 after its end. */
  #arrayDepth = -1;
  #key = "";
  #lastKey = "";
  #pending: string[] = [];
  #pendingLength = 0;
  #isSkipping = false;
  #started = false;

  constructor(handlers: ScanHandlers) {
    this.#handlers = handlers;
  }

  write(text: string): void {
    // Locals: this loop looks at every character of files of gigabytes.
    let start = this.#isInsideEvent() ? 0 : -1;
    let depth = this.#depth;
    let arrayDepth = this.#arrayDepth;
    let index = this.#inString ? this.#skipString(text, 0) : 0;
    for (; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code === QUOTE) {
        this.#inString = true;
        this.#depth = depth;
        this.#key = "";
        index = this.#skipString(text, index + 1) - 1;
      } else if (code === OPEN_BRACE) {
        depth++;
        this.#started = true;
        if (arrayDepth > 0 && depth === arrayDepth + 1) start = index;
      } else if (code === CLOSE_BRACE) {
        depth--;
        if (arrayDepth > 0 && depth === arrayDepth && start >= 0) {
          this.#emit(text.slice(start, index + 1));
          start = -1;
        }
      } else if (code === OPEN_BRACKET) {
        this.#depth = ++depth;
        this.#openArray();
        arrayDepth = this.#arrayDepth;
      } else if (code === CLOSE_BRACKET) {
        if (depth === arrayDepth) this.#arrayDepth = arrayDepth = -2;
        depth--;
      } else if (code === COLON && depth === 1) {
        this.#lastKey = this.#key;
      }
    }
    this.#depth = depth;
    if (start >= 0) this.#keep(text.slice(start));
  }

  end(): void {
    if (this.#isInsideEvent())
      this.#handlers.problem("the file ends inside an event: it was cut off while being written");
    else if (this.#arrayDepth === -1) this.#handlers.problem('no "traceEvents" array: not a Chrome trace');
    else if (this.#arrayDepth > 0) this.#handlers.problem("the list of events has no end: the file was cut off");
  }

  #isInsideEvent(): boolean {
    return this.#arrayDepth > 0 && this.#depth > this.#arrayDepth;
  }

  /** The position behind the string's closing quote, or the end of the text; keys of the outermost object are kept. */
  #skipString(text: string, from: number): number {
    let index = from;
    if (this.#escaped && index < text.length) {
      this.#escaped = false;
      index++;
    }
    // A backslash that was itself escaped escapes nothing.
    const begin = index;
    while (index < text.length) {
      const quote = text.indexOf('"', index);
      const end = quote < 0 ? text.length : quote;
      if (this.#depth === 1 && this.#key.length < LONGEST_KEY)
        this.#key += text.slice(index, Math.min(end, index + LONGEST_KEY));
      if (!this.#endsEscaped(text, begin, end)) {
        if (quote >= 0) this.#inString = false;
        return quote < 0 ? text.length : quote + 1;
      }
      if (quote < 0) {
        this.#escaped = true;
        return text.length;
      }
      index = quote + 1;
    }
    return text.length;
  }

  /** Is the character at `end` escaped: an odd number of backslashes before it? */
  #endsEscaped(text: string, from: number, end: number): boolean {
    let backslashes = 0;
    while (end - 1 - backslashes >= from && text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    return backslashes % 2 === 1;
  }

  /** The depth has been raised already. */
  #openArray(): void {
    const isBareArray = !this.#started;
    this.#started = true;
    const isEvents = isBareArray || (this.#depth === 2 && this.#lastKey === "traceEvents");
    if (this.#arrayDepth === -1 && isEvents) this.#arrayDepth = this.#depth;
  }

  #keep(text: string): void {
    this.#pendingLength += text.length;
    if (this.#pendingLength > LONGEST_EVENT) {
      this.#isSkipping = true;
      this.#pending = [];
      return;
    }
    if (!this.#isSkipping) this.#pending.push(text);
  }

  #emit(text: string): void {
    const isTooLong = this.#isSkipping || this.#pendingLength + text.length > LONGEST_EVENT;
    const whole = this.#pending.length > 0 ? this.#pending.join("") + text : text;
    this.#pending = [];
    this.#pendingLength = 0;
    this.#isSkipping = false;
    if (isTooLong) this.#handlers.problem(`an event is longer than ${LONGEST_EVENT} characters: skipped it`);
    else this.#handlers.event(whole);
  }
}
