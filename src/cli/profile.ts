/** `layerwise profile`: where time and memory go, by module, kernel and source line. */
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ProfileRequest } from "../protocol/rpc.ts";
import type { ProfileResult } from "../protocol/results.ts";
import { profileText } from "../profiler/text/profile.ts";
import { ask, request, silent } from "./ask.ts";
import type { Arguments, Command } from "./command.ts";
import { writeTrace } from "./files.ts";
import { TARGET_OPTIONS, outputFile, targetRequest } from "./options.ts";
import { setupLines } from "./run.ts";
import type { Terminal } from "./terminal.ts";

const TOP = 15;

export const profile: Command = {
  name: "profile",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "measure forward and backward by module, kernel and source line",
  options: [
    ...TARGET_OPTIONS,
    { name: "top", value: "N", atLeast: 1, help: `rows per table (default ${TOP}); the rest is summed` },
    { name: "repeat", value: "N", atLeast: 1, help: "most repetitions (default: until the spread is under 5%)" },
    { name: "time", value: "MS", atLeast: 1, help: "most time for repetitions, in milliseconds (default 2000)" },
    { name: "no-backward", help: "measure forward alone" },
    {
      name: "trace",
      value: "FILE",
      help: "write the events for Perfetto and chrome://tracing; '-' puts them into --json",
    },
    { name: "html", value: "FILE", help: "write a report with profile and graph that opens in any browser" },
  ],
  examples: ["layerwise profile model.py::GPT", "layerwise profile model.py::GPT --trace gpt.json --html gpt.html"],
  async run(args, terminal) {
    const asked = profileRequest(args);
    const trace = outputFile(args, "trace");
    const html = outputFile(args, "html");
    const keepsTrace = trace === "-" && args.has("json");
    return await ask("profile", asked, args, terminal, async (result) => {
      if (result.trace && trace !== undefined && !keepsTrace) await writeTrace(result.trace, trace, terminal);
      if (html !== undefined) await writeReport(result, asked, html, terminal);
      if (!keepsTrace) delete result.trace;
      if (!args.has("json") && trace !== "-") terminal.out(profileReport(result, args, terminal));
    });
  },
};

function profileRequest(args: Arguments): ProfileRequest {
  const maxRepetitions = args.number("repeat");
  const maxTimeMs = args.number("time");
  return {
    ...targetRequest(args),
    ...(args.has("no-backward") ? { backward: false } : {}),
    ...(maxRepetitions === undefined ? {} : { maxRepetitions }),
    ...(maxTimeMs === undefined ? {} : { maxTimeMs }),
  };
}

function profileReport(result: ProfileResult, args: Arguments, terminal: Terminal): string {
  const setup = setupLines(result.setup.init, result.setup.inputs, terminal.style);
  const folder = dirname(result.target.split("::")[0]!);
  const text = profileText(result, terminal.style, { top: args.number("top") ?? TOP, folder });
  return `${[...setup, ...(setup.length > 0 ? [""] : []), text].join("\n")}\n`;
}

/** The report holds the graph too, where the target has one. */
async function writeReport(
  result: ProfileResult,
  asked: ProfileRequest,
  file: string,
  terminal: Terminal,
): Promise<void> {
  const { makeReport } = await import("./report.ts");
  const { target, init, inputs, env } = asked;
  const graphRequest = { target, ...(init && { init }), ...(inputs && { inputs }), ...(env && { env }) };
  const graph = await request("graph", graphRequest, terminal, silent);
  const folder = dirname(result.target.split("::")[0]!);
  writeFileSync(file, makeReport({ profile: result, graph: graph.ok ? graph.graph : null, root: folder }));
  terminal.error(`wrote ${file}\n`);
}
