/** Where the command line writes: standard output and error, their width, and whether colours are wanted. */
import { PLAIN, type TextStyle } from "../profiler/text/table.ts";

export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export class Terminal {
  /** For tables and results. */
  readonly style: TextStyle;
  readonly errorStyle: TextStyle;
  #out: Stream;
  #error: Stream;
  #hasProgress = false;

  constructor(out: Stream, error: Stream, environment: Record<string, string | undefined> = {}) {
    this.#out = out;
    this.#error = error;
    this.style = styleOf(out, environment);
    this.errorStyle = styleOf(error, environment);
  }

  out(text: string): void {
    this.clearProgress();
    this.#out.write(text);
  }

  line(text = ""): void {
    this.out(`${text}\n`);
  }

  error(text: string): void {
    this.clearProgress();
    this.#error.write(text);
  }

  /** One line that is replaced by the next; nothing where nobody watches. */
  progress(message: string, fraction?: number): void {
    if (!this.#error.isTTY) return;
    const share = fraction === undefined ? "" : ` ${Math.round(fraction * 100)}%`;
    const width = (this.#error.columns ?? 80) - 1;
    this.#error.write(`\r\u001b[2K${`${message}${share}`.slice(0, width)}`);
    this.#hasProgress = true;
  }

  clearProgress(): void {
    if (!this.#hasProgress) return;
    this.#error.write("\r\u001b[2K");
    this.#hasProgress = false;
  }
}

/** Colours on a terminal only, and never against NO_COLOR (no-color.org: any value that is not empty). */
function styleOf(stream: Stream, environment: Record<string, string | undefined>): TextStyle {
  if (!stream.isTTY) return PLAIN;
  const color = !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
  return { width: stream.columns ?? 80, color };
}
