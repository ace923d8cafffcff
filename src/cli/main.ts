/** The command line: a table of verbs, help, and exit codes. Everything heavy is loaded by the verb that needs it. */
import { type Command, EXIT, UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { leaveIfHeldUp } from "./leave.ts";
import { nearest } from "./nearest.ts";
import { parseArguments } from "./parse.ts";
import { Terminal } from "./terminal.ts";
import { failureText } from "./failure.ts";
import { version } from "./version.ts";

export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const [verb, ...rest] = words;
  try {
    if (verb === undefined || verb === "--help" || verb === "-h" || verb === "help") {
      return help(rest[0], verb === undefined, terminal);
    }
    if (verb === "--version" || verb === "-V") {
      terminal.line(version());
      return EXIT.done;
    }
    const command = find(verb);
    const args = parseArguments(command, rest);
    if (args.has("help")) {
      terminal.out(commandHelp(command));
      return EXIT.done;
    }
    return await command.run(args, terminal);
  } catch (error) {
    return report(error, rest.includes("--json") ? verb : undefined, rest, terminal);
  }
}

function find(verb: string): Command {
  const command = COMMANDS.find((candidate) => candidate.name === verb);
  if (command) return command;
  const names = COMMANDS.map((candidate) => candidate.name);
  if (verb.includes(".py")) {
    throw new UsageError(`'${verb}' is no verb`, `did you mean 'layerwise run ${verb}'?`);
  }
  const guess = nearest(verb, names);
  throw new UsageError(`'${verb}' is no verb: expected one of ${names.join(", ")}`, guess && `did you mean ${guess}?`);
}

function help(verb: string | undefined, isMistake: boolean, terminal: Terminal): number {
  const text = verb === undefined ? generalHelp(COMMANDS) : commandHelp(find(verb));
  if (isMistake) terminal.error(text);
  else terminal.out(text);
  return isMistake ? EXIT.usage : EXIT.done;
}

/** Errors that no result carries: wrong words, and bugs. With --json they are a document as well. */
function report(error: unknown, jsonVerb: string | undefined, words: readonly string[], terminal: Terminal): number {
  const isUsage = error instanceof UsageError;
  const failure = isUsage
    ? { kind: "usage" as const, type: "usage", message: error.message, ...(error.hint ? { hint: error.hint } : {}) }
    : { kind: "bug" as const, type: nameOf(error), message: messageOf(error) };
  if (jsonVerb !== undefined) {
    const target = words.find((word) => !word.startsWith("-")) ?? "";
    terminal.line(JSON.stringify({ version: 1, verb: jsonVerb, target, ok: false, failure }));
  }
  terminal.error(failureText(failure, terminal.errorStyle));
  if (!isUsage && process.env["LAYERWISE_DEBUG"] && error instanceof Error) terminal.error(`${error.stack}\n`);
  return isUsage ? EXIT.usage : EXIT.bug;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function messageOf(error: unknown): string {
  // pyodide puts its whole source into some messages: the first line says what happened.
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.slice(0, 500);
}

if (import.meta.main) {
  // A reader that closes early (`| head`) is no error of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.bug));
  const terminal = new Terminal(process.stdout, process.stderr, process.env);
  process.exitCode = await main(process.argv.slice(2), terminal);
  leaveIfHeldUp();
}
