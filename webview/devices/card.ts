/** One device as a card: what it is, whose memory is held on it, how it is doing; or why there is none. */
import type { DeviceInfo, DeviceReadings } from "../../src/protocol/results.ts";
import type { DeviceState } from "../../src/protocol/rpc.ts";
import { h } from "../kit/dom.ts";
import type { Child } from "../kit/dom.ts";
import { formatBytes, formatShare } from "../kit/formats.ts";
import { icon } from "../kit/icons.ts";
import { note } from "../kit/notices.ts";
import { button } from "../kit/toolkit.ts";
import { waysToGet } from "./get.ts";
import { memoryParts } from "./memory_parts.ts";
import type { Actions } from "./view.ts";

export interface CardContext {
  /** The device that models run on. */
  chosen: string;
  live: DeviceState | null;
  isRunning: boolean;
}

export function deviceCard(device: DeviceInfo, context: CardContext, actions: Actions): HTMLElement {
  const isChosen = device.available && device.id === context.chosen;
  const titleId = `device-${device.id}`;
  return h(
    "article",
    {
      class: `lw-device${isChosen ? " lw-device-chosen" : ""}${device.available ? "" : " lw-device-missing"}`,
      attributes: { "aria-labelledby": titleId, "data-device": device.id },
    },
    h(
      "div",
      { class: "lw-device-head" },
      h("div", { class: "lw-device-icon" }, icon(device.id.startsWith("cuda") ? "gpu" : "cpu")),
      h(
        "div",
        { class: "lw-device-names" },
        h(
          "h2",
          { attributes: { id: titleId } },
          device.available ? device.id : "No GPU",
          device.isEmulated ? h("span", { class: "lw-device-badge" }, "emulated") : null,
        ),
        h("div", { class: "lw-muted lw-device-name" }, device.available ? (device.name ?? device.description) : "CUDA"),
      ),
      device.available ? place(device, isChosen, actions) : null,
    ),
    ...(device.available ? facts(device, context) : missing(device, actions)),
  );
}

function place(device: DeviceInfo, isChosen: boolean, actions: Actions): HTMLElement {
  if (isChosen) {
    return h("span", { class: "lw-device-here" }, icon("check"), "Models run here");
  }
  const run = button({ label: "Run here", onClick: () => actions.choose(device.id) });
  run.setAttribute("aria-label", `Run models on ${device.id}`);
  run.setAttribute("data-key", `choose ${device.id}`);
  return run;
}

function missing(device: DeviceInfo, actions: Actions): Child[] {
  return [
    h("p", { class: "lw-device-why" }, sentence(device.description)),
    h("p", { class: "lw-muted" }, "Everything runs on the CPU meanwhile."),
    device.get ? waysToGet("cuda", "How to get a driver", device.get, actions) : null,
  ];
}

function facts(device: DeviceInfo, { live, isRunning }: CardContext): Child[] {
  const own = live?.device === device.id ? live : null;
  return [
    device.facts?.length
      ? h("ul", { class: "lw-device-facts" }, ...device.facts.map((fact) => h("li", {}, fact)))
      : null,
    memory(device, own),
    device.readings ? readings(device.readings, isRunning && own ? own : null) : null,
    device.readings?.throttles.length ? throttled(device.readings.throttles) : null,
    device.readings ? processes(device.readings) : null,
  ];
}

function memory(device: DeviceInfo, own: DeviceState | null): HTMLElement | null {
  const found = memoryParts(device, own);
  if (!found) return null;
  const { parts, totalBytes } = found;
  const used = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const words = used > 0 ? `${formatBytes(used)} of ${formatBytes(totalBytes)}` : formatBytes(totalBytes);
  return h(
    "div",
    { class: "lw-device-memory" },
    h("div", { class: "lw-device-memory-head" }, h("span", { class: "lw-muted" }, "Memory"), h("span", {}, words)),
    h(
      "div",
      {
        class: "lw-bar lw-device-bar",
        attributes: {
          role: "meter",
          "aria-label": `Memory of ${device.id}`,
          "aria-valuemin": 0,
          "aria-valuemax": totalBytes,
          "aria-valuenow": used,
          "aria-valuetext": words,
        },
      },
      ...parts.map(({ bytes, colour }) =>
        h("i", { style: { width: `${(bytes / totalBytes) * 100}%`, background: colour, "min-width": "2px" } }),
      ),
    ),
    parts.length > 0
      ? h(
          "div",
          { class: "lw-device-legend" },
          ...parts.map(({ label, bytes, colour }) =>
            h(
              "span",
              {},
              h("i", { class: "lw-swatch", style: { background: colour } }),
              h("span", { class: "lw-muted" }, `${label} `),
              formatBytes(bytes),
            ),
          ),
        )
      : null,
  );
}

function readings(told: DeviceReadings, own: DeviceState | null): HTMLElement {
  const now = { ...told, ...own?.gpu };
  const cells: [string, string, string | null][] = [];
  if (now.utilization !== undefined) cells.push(["use", formatShare(now.utilization), null]);
  if (now.temperatureC !== undefined) cells.push(["temperature", `${Math.round(now.temperatureC)}\u202f°C`, null]);
  if (now.powerW !== undefined) {
    const limit = told.powerLimitW === undefined ? null : `of ${Math.round(told.powerLimitW)}\u202fW`;
    cells.push(["power", `${Math.round(now.powerW)}\u202fW`, limit]);
  }
  if (told.clockMhz !== undefined) {
    const most = told.maxClockMhz === undefined ? null : `of ${told.maxClockMhz}\u202fMHz`;
    cells.push(["clock", `${told.clockMhz}\u202fMHz`, most]);
  }
  return h(
    "dl",
    { class: "lw-device-readings" },
    ...cells.map(([label, value, more]) =>
      h(
        "div",
        {},
        h("dt", { class: "lw-muted" }, label),
        h("dd", {}, value, more ? h("span", { class: "lw-muted" }, ` ${more}`) : null),
      ),
    ),
  );
}

function throttled(reasons: readonly string[]): HTMLElement {
  return note({ tone: "warning" }, `Clocks are held down: ${reasons.join(", ")}.`);
}

function processes(told: DeviceReadings): HTMLElement | null {
  if (told.processes.length === 0) return null;
  const count = told.processes.length;
  return h(
    "details",
    { class: "lw-device-processes" },
    h("summary", {}, `${count} process${count === 1 ? "" : "es"} compute on it`),
    h(
      "ul",
      {},
      ...told.processes.map(({ pid, bytes }) =>
        h("li", {}, `process ${pid}`, h("span", { class: "lw-muted" }, bytes === undefined ? "" : formatBytes(bytes))),
      ),
    ),
  );
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
