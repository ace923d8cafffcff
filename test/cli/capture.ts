/** A terminal that keeps what is written to it. */
import { main } from "../../src/cli/main.ts";
import { Terminal } from "../../src/cli/terminal.ts";

export interface Written {
  code: number;
  out: string;
  error: string;
}

export class Capture {
  out = "";
  error = "";

  terminal(
    tty: { out?: boolean; error?: boolean; columns?: number } = {},
    environment: Record<string, string> = {},
  ): Terminal {
    const columns = tty.columns ?? 80;
    return new Terminal(
      { write: (text) => (this.out += text), isTTY: tty.out ?? false, columns },
      { write: (text) => (this.error += text), isTTY: tty.error ?? false, columns },
      environment,
    );
  }
}

/** Runs the command line in this process; for what ends before the runtime is needed. */
export async function cli(...words: string[]): Promise<Written> {
  const capture = new Capture();
  const code = await main(words, capture.terminal());
  return { code, out: capture.out, error: capture.error };
}
