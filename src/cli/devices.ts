/** `layerwise devices`: what can be computed on here, what cannot and why, one line each. */
import type { DevicesResult } from "../protocol/results.ts";
import { type TextStyle, paint, table } from "../profiler/text/table.ts";
import { bytes } from "../profiler/text/units.ts";
import { ask } from "./ask.ts";
import type { Command } from "./command.ts";
import { JSON_OPTION } from "./options.ts";

export const devices: Command = {
  name: "devices",
  operands: "",
  nOperands: [0, 0],
  summary: "say which devices and libraries were found, and why others were not",
  options: [JSON_OPTION],
  examples: ["layerwise devices"],
  run: (args, terminal) =>
    ask("devices", {}, args, terminal, (result) => {
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
