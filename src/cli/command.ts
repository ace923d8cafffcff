/** What a verb of the command line is: its words, its options, and what it does. Parses nothing and prints nothing. */
import type { Terminal } from "./terminal.ts";

export interface OptionSpec {
  /** Without dashes: "input". */
  name: string;
  /** What stands after it in the help: "FILE". A flag has none. */
  value?: string;
  /** May be given several times; the values are kept in order. */
  repeatable?: boolean;
  /** Only one of these is accepted. */
  choices?: readonly string[];
  /** A whole number, at least this. */
  atLeast?: number;
  /** One sentence, lower case, no full stop. */
  help: string;
}

/** Options as given: a flag is "true", a repeatable option a list. */
export interface Arguments {
  positional: string[];
  /** What followed the file, for verbs that hand it on. */
  rest: string[];
  get(option: string): string | undefined;
  all(option: string): string[];
  has(option: string): boolean;
  number(option: string): number | undefined;
}

export interface Command {
  name: string;
  /** Positional arguments as the help shows them: "TARGET". */
  operands: string;
  /** Fewest and most positional arguments. */
  nOperands: readonly [least: number, most: number];
  /** Everything after the first operand belongs to the user's script. */
  passesRest?: boolean;
  summary: string;
  options: readonly OptionSpec[];
  examples: readonly string[];
  /** The exit code. Throws `UsageError` for what only it can see. */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}

/** The caller's mistake: exit code 2, one sentence, and a hint when there is one. */
export class UsageError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = "UsageError";
    this.hint = hint;
  }
}

export const EXIT = { done: 0, modelFailed: 1, usage: 2, bug: 3, cancelled: 130 } as const;
