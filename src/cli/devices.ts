/** `layerwise devices`: what can be computed on here, what cannot and why, one line each. */
import { resolve } from "node:path";
import type { DevicesResult } from "../protocol/results.ts";
import { type TextStyle, paint, table } from "../profiler/text/table.ts";
import { bytes } from "../profiler/text/units.ts";
import { ask } from "./ask.ts";
import type { Command } from "./command.ts";
import { ENV, JSON_OPTION, machine } from "./options.ts";

const LIBRARIES_OF = { ...ENV, help: "virtual environment whose NVIDIA libraries may be used (default: .venv here)" };

export const devices: Command = {
  name: "devices",
  operands: "",
  nOperands: [0, 0],
  summary: "say which devices and libraries were found, and why others were not",
  options: [LIBRARIES_OF, JSON_OPTION],
  examples: ["layerwise devices"],
  run: (args, terminal) =>
    ask("devices", { workspace: resolve("."), ...machine(args) }, args, terminal, (result) => {
      terminal.out(devicesText(result, terminal.style));
    }),
};

export function devicesText(result: DevicesResult, style: TextStyle): string {
  const lines = table(
    result.devices,
    [
      { title: "Name", cell: (device) => device.id },
      { title: "Found", cell: (device) => (device.available ? "yes" : "no") },
      { title: "Memory", align: "right", cell: (device) => memoryText(device.freeBytes, device.totalBytes) },
      { title: "", cell: (device) => device.description },
    ],
    { ...style, width: Infinity },
  );
  return `${lines
    .slice(2)
    .map((line, index) => (result.devices[index]!.available ? line : paint.dim(line, style)))
    .join("\n")}\n`;
}

function memoryText(free: number | undefined, total: number | undefined): string {
  if (total === undefined) return "";
  return free === undefined ? bytes(total) : `${bytes(free)} of ${bytes(total)}`;
}
