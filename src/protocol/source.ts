/** Where things stand in the user's source. Plain data that crosses processes; nothing here imports anything. */

/** A range in a file. Lines are 1-based, columns 0-based UTF-16 units (what editors count), ends exclusive. */
export interface SourceLocation {
  /** Absolute path on the host, or a name in angle brackets where there is no file ("<stdin>"). */
  file: string;
  line: number;
  endLine?: number;
  col?: number;
  endCol?: number;
}

/** One frame of a Python traceback, outermost first in a list. */
export interface StackFrame extends SourceLocation {
  function: string;
  /** False for frames inside torch, the standard library and site-packages. */
  isUser: boolean;
}

/** Kinds of failure that are ours, as a reader knows them; "" where the sentence says it all. */
const OWN_TYPES: Readonly<Record<string, string>> = { FileFormat: "", OnnxRuntime: "ONNX Runtime" };

/**
 * What stands in front of a failure's sentence. An exception's class says something about the model; names of our own for what the
 * user asked wrongly say nothing.
 */
export function failureTitle({ kind, type }: Failure): string {
  if (kind === "usage" || !/^[A-Z]/.test(type)) return "";
  return OWN_TYPES[type] ?? type;
}

/** What went wrong, in the form every verb, view and message uses. */
export interface Failure {
  /** Who must act: the model's author, the caller of the command, the machine, or us. */
  kind: "model" | "usage" | "machine" | "cancelled" | "bug";
  /** Python's exception class ("RuntimeError"), or our own code ("unknown-target"). */
  type: string;
  /** One sentence without the class name: where, what came, what was expected. */
  message: string;
  /** The innermost user frame, when there is one. */
  at?: SourceLocation;
  frames?: StackFrame[];
  /** CPython's own traceback text, for models that failed. */
  traceback?: string;
  /** What would help, when we know. */
  hint?: string;
}
