/** Help, from the tables of the verbs: the same words stand in docs/cli.md. */
import type { Command, OptionSpec } from "./command.ts";
import { HELP } from "./parse.ts";

export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map((command) => [`${command.name} ${command.operands}`.trim(), command.summary] as const);
  return [
    "Usage: layerwise VERB [OPTIONS]",
    "",
    "Develop PyTorch models: shapes, runs, profiles and graphs of the file you have, with no set-up.",
    "TARGET is FILE.py, FILE.py::Class or FILE.py::function.",
    "",
    ...columns(rows),
    "",
    "  layerwise VERB --help    the options of a verb",
    "  layerwise --version",
    "",
    "Exit codes: 0 done, 1 the model failed, 2 wrong usage, 3 a bug of ours, 130 cancelled.",
    "",
  ].join("\n");
}

export function commandHelp(command: Command): string {
  return [
    `Usage: ${usage(command)}`,
    "",
    `${sentence(command.summary)}`,
    "",
    ...columns([...command.options, HELP].map((option) => [optionUsage(option), option.help] as const)),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

export function usage(command: Command): string {
  return `layerwise ${command.name} [OPTIONS] ${command.operands}`.trim();
}

export function optionUsage(option: OptionSpec): string {
  return option.value === undefined ? `--${option.name}` : `--${option.name} ${option.value}`;
}

export function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(32, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n  ${" ".repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
  );
}
