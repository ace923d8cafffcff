/** From the words of a command line to operands and options. Throws `UsageError`; knows no verb. */
import { type Arguments, type Command, type OptionSpec, UsageError } from "./command.ts";
import { nearest } from "./nearest.ts";

export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const values = new Map<string, string[]>();
  const positional: string[] = [];
  let rest: string[] = [];
  let position = 0;
  let isOptions = true;
  while (position < words.length) {
    const word = words[position]!;
    position++;
    if (isOptions && word === "--") {
      isOptions = false;
    } else if (isOptions && word.startsWith("-") && word !== "-") {
      position = takeOption(command, words, position - 1, values);
    } else {
      positional.push(word);
      if (command.passesRest) {
        rest = words.slice(position);
        break;
      }
    }
  }
  if (values.has("help")) return result(positional, rest, values);
  checkOperands(command, positional);
  return result(positional, rest, values);
}

/** Takes the option at `position`; returns the position after it and its value. */
function takeOption(
  command: Command,
  words: readonly string[],
  position: number,
  values: Map<string, string[]>,
): number {
  const word = words[position]!;
  const equals = word.indexOf("=");
  const written = equals < 0 ? word : word.slice(0, equals);
  const name = written === "-h" ? "help" : written.replace(/^--/, "");
  const option = [...command.options, HELP].find(
    (candidate) => candidate.name === name && (written.startsWith("--") || name === "help"),
  );
  if (!option) throw unknownOption(command, written);
  if (option.value === undefined) {
    if (equals >= 0)
      throw new UsageError(`--${name} is a switch: it takes no value, but got '${word.slice(equals + 1)}'`);
    values.set(name, ["true"]);
    return position + 1;
  }
  const next = words[position + 1];
  // "-" is a file name of its own (standard output), and "--input" after "--trace" a forgotten value.
  const isMissing = equals < 0 && (next === undefined || (next.startsWith("--") && next !== "--"));
  if (isMissing) throw new UsageError(`--${name} needs a value: --${name} ${option.value}`);
  const value = equals < 0 ? next! : word.slice(equals + 1);
  checkValue(option, value);
  const before = values.get(name);
  if (before && !option.repeatable) throw new UsageError(`--${name} is given twice: '${before[0]}' and '${value}'`);
  values.set(name, [...(before ?? []), value]);
  return equals < 0 ? position + 2 : position + 1;
}

export const HELP: OptionSpec = { name: "help", help: "show this help" };

function unknownOption(command: Command, written: string): UsageError {
  const names = [...command.options.map((option) => option.name), "help"];
  const guess = nearest(written.replace(/^-+/, ""), names);
  const hint = guess ? `did you mean --${guess}?` : `'layerwise ${command.name} --help' lists the options`;
  return new UsageError(`unknown option ${written} for '${command.name}'`, hint);
}

function checkValue(option: OptionSpec, value: string): void {
  if (option.choices && !option.choices.includes(value)) {
    const guess = nearest(value, option.choices);
    throw new UsageError(
      `--${option.name} is '${value}': expected one of ${option.choices.join(", ")}`,
      guess && `did you mean ${guess}?`,
    );
  }
  if (option.atLeast !== undefined && !(/^\d+$/.test(value) && Number(value) >= option.atLeast)) {
    throw new UsageError(`--${option.name} is '${value}': expected a whole number, at least ${option.atLeast}`);
  }
}

function checkOperands(command: Command, positional: readonly string[]): void {
  const [least, most] = command.nOperands;
  if (positional.length < least) {
    throw new UsageError(`'${command.name}' needs ${command.operands}`, `such as: ${command.examples[0]}`);
  }
  if (positional.length > most) {
    throw new UsageError(
      `'${command.name}' takes ${most === 0 ? "no" : most} argument${most === 1 ? "" : "s"}, but got ${positional.length}: ${positional.join(" ")}`,
    );
  }
}

function result(positional: string[], rest: string[], values: Map<string, string[]>): Arguments {
  return {
    positional,
    rest,
    get: (option) => values.get(option)?.at(-1),
    all: (option) => values.get(option) ?? [],
    has: (option) => values.has(option),
    number: (option) => {
      const value = values.get(option)?.at(-1);
      return value === undefined ? undefined : Number(value);
    },
  };
}
