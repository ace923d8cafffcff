/** `layerwise export`: a model as an ONNX file, run in ONNX Runtime beside the runtime itself before it is called done. */
import { resolve } from "node:path";
import { bytes, count } from "../profiler/text/units.ts";
import { ask } from "./ask.ts";
import { UsageError, type Command } from "./command.ts";
import { TARGET_OPTIONS, targetRequest } from "./options.ts";

export const exportCommand: Command = {
  name: "export",
  operands: "TARGET",
  nOperands: [1, 1],
  summary: "write a model as ONNX, and check it in ONNX Runtime",
  options: [
    ...TARGET_OPTIONS.filter(({ name }) => name !== "engine"),
    { name: "out", value: "FILE", help: "where to write: a path that ends in .onnx" },
    { name: "opset", value: "N", atLeast: 1, help: "version of ONNX's operators, 17 to 25; default 18" },
    {
      name: "dynamic",
      value: "NAME=AXES",
      repeatable: true,
      help: "names for dimensions of an input that may vary: 'x=batch,seq'; '_' leaves one fixed",
    },
  ],
  examples: [
    "layerwise export model.py::GPT --out gpt.onnx",
    "layerwise export model.py::GPT --out gpt.onnx --dynamic 'idx=batch,seq' --opset 20",
  ],
  async run(args, terminal) {
    const out = args.get("out");
    if (out === undefined) throw new UsageError("export needs --out FILE", "such as --out model.onnx");
    const request = {
      ...targetRequest(args),
      file: resolve(out),
      dynamic: dynamicAxes(args.all("dynamic")),
      ...(args.has("opset") ? { opset: args.number("opset") } : {}),
    };
    return await ask("export", request, args, terminal, async (result) => {
      if (args.has("json")) return;
      const shape = ({ name, dtype, shape: dims }: (typeof result.inputs)[number]): string =>
        `${name} ${dtype}[${dims.join(", ")}]`;
      const lines = [
        `${result.file}  ${bytes(result.bytes)}, opset ${result.opset}, ${result.nodes} nodes, ${count(result.parameters)} parameters`,
        `  in   ${result.inputs.map(shape).join("  ")}`,
        `  out  ${result.outputs.map(shape).join("  ")}`,
        "",
        ...result.checks.map(({ sizes, outputs, ok }) => {
          const named = Object.entries(sizes).map(([name, size]) => `${name}=${size}`);
          const worst = Math.max(...outputs.map(({ relative }) => relative));
          const verdict = `${ok ? "same" : "DIFFERS"} in ONNX Runtime, largest difference ${worst.toExponential(1)}`;
          return `  ${verdict}${named.length > 0 ? `  (${named.join(", ")})` : ""}`;
        }),
      ];
      terminal.out(`${lines.join("\n")}\n`);
    });
  },
};

/** ["x=batch,seq", "mask=batch"] names axes by input and axis. */
function dynamicAxes(given: readonly string[]): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const text of given) {
    const cut = text.indexOf("=");
    if (cut <= 0) throw new UsageError(`--dynamic '${text}' names no axes`, "such as --dynamic 'x=batch,seq'");
    const axes: Record<string, string> = {};
    text
      .slice(cut + 1)
      .split(",")
      .forEach((name, axis) => {
        const plain = name.trim();
        if (plain === "_" || plain === "") return;
        if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(plain)) throw new UsageError(`'${plain}' is no name for a dimension`);
        axes[String(axis)] = plain;
      });
    found[text.slice(0, cut).trim()] = axes;
  }
  return found;
}
