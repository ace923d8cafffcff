/** `layerwise python`: an unmodified script; output and exit code pass through, a traceback looks like CPython's. */
import { resolve } from "node:path";
import { request, stream } from "./ask.ts";
import { type Command, EXIT } from "./command.ts";
import { exitCode, failureText } from "./failure.ts";
import { DEVICE, ENV, THREADS, machine, outputFile } from "./options.ts";
import { parseTarget } from "./target.ts";
import { writeTrace } from "./files.ts";

export const python: Command = {
  name: "python",
  operands: "FILE.py [ARG...]",
  nOperands: [1, Infinity],
  passesRest: true,
  summary: "run a script; its output and exit code pass through",
  options: [
    DEVICE,
    THREADS,
    ENV,
    { name: "profile", value: "OUT.json", help: "write a trace that Perfetto and chrome://tracing open" },
  ],
  examples: ["layerwise python train.py --epochs 3", "layerwise python --profile train.json train.py"],
  async run(args, terminal) {
    const target = parseTarget(args.positional[0]!);
    const profile = outputFile(args, "profile");
    const asked = { target: target.text, workspace: resolve("."), argv: args.rest, writable: true, ...machine(args) };
    if (profile !== undefined) {
      const result = await request("profile", asked, terminal, stream(terminal));
      if (result.trace) await writeTrace(result.trace, profile, terminal);
      return finish(result, terminal);
    }
    const result = await request("python", asked, terminal, stream(terminal));
    if (result.failure && result.failure.kind !== "model") return finish(result, terminal);
    if (result.failure?.traceback) terminal.error(ended(result.failure.traceback));
    return result.exitCode;
  },
};

function finish(
  result: { failure?: Parameters<typeof failureText>[0] },
  terminal: Parameters<Command["run"]>[1],
): number {
  if (!result.failure) return EXIT.done;
  const { traceback } = result.failure;
  terminal.error(traceback ? ended(traceback) : failureText(result.failure, terminal.errorStyle));
  return exitCode(result.failure);
}

function ended(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
