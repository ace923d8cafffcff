/** The head of the profiler view: what was profiled, how long it took, and the few numbers one looks for first. */
import type { ProfileResult, Timing } from "../../src/protocol/results.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEnergy,
  formatFlops,
  formatRate,
  formatShare,
  formatTarget,
} from "../kit/formats.ts";
import { h } from "../kit/dom.ts";
import { tipOver } from "../kit/tooltip.ts";

/** Above this spread between quartiles a figure should not be trusted to two digits. */
const UNSTEADY = 0.1;

export type ProfileTables = Omit<ProfileResult, "trace">;

/** The part of the label behind the bar is left out where space is short: "peak| memory". */
function fact(label: string, value: string, detail: string): HTMLElement {
  const [short, more] = label.split("|");
  return h(
    "div",
    { class: "lw-fact", attributes: { title: detail } },
    h("div", { class: "lw-fact-value" }, value),
    h("div", { class: "lw-fact-label" }, short!, more ? h("span", { class: "lw-wide" }, more) : null),
  );
}

function rootFlops(profile: ProfileTables): number {
  const depth = Math.min(...profile.modules.map((row) => row.depth));
  return profile.modules.filter((row) => row.depth === depth).reduce((sum, row) => sum + row.flops, 0);
}

function timingText(timing: Timing): string {
  return `${formatDuration(timing.minUs)} to ${formatDuration(timing.maxUs)} over ${timing.repetitions} repetitions`;
}

/** Forward and backward as one bar with both times below it; forward alone needs no bar. */
function splitBar(profile: ProfileTables): HTMLElement | null {
  const { forward, backward } = profile;
  if (!backward) return null;
  const sum = forward.medianUs + backward.medianUs || 1;
  const parts = [
    { name: "Forward", timing: forward, colour: "var(--lw-forward)" },
    { name: "Backward", timing: backward, colour: "var(--lw-backward)" },
  ];
  const bar = h(
    "div",
    { class: "lw-split-bar" },
    ...parts.map(({ timing, colour }) =>
      h("i", { style: { "flex-grow": String(timing.medianUs / sum), background: colour } }),
    ),
  );
  tipOver(bar, () => ({
    title: "Forward and backward",
    lines: parts.map(({ name, timing, colour }) => ({ label: name, text: timingText(timing), colour })),
  }));
  return h(
    "div",
    { class: "lw-split" },
    bar,
    h(
      "div",
      { class: "lw-split-labels" },
      ...parts.map(({ name, timing, colour }) =>
        h(
          "span",
          { class: "lw-split-label" },
          h("i", { class: "lw-swatch", style: { background: colour } }),
          h("span", { class: "lw-muted" }, `${name} `),
          formatDuration(timing.medianUs),
          h("span", { class: "lw-muted" }, ` ${formatShare(timing.medianUs / sum)}`),
        ),
      ),
    ),
  );
}

function energyFact({ energyJ, powerW, energyBy }: ProfileTables): HTMLElement | null {
  if (energyJ === undefined) return null;
  const by = energyBy === "counter" ? "the GPU's own counter" : "its power draw over time";
  const power = powerW === undefined ? "" : ` at ${Math.round(powerW)} W`;
  return fact("energy", formatEnergy(energyJ), `What one repetition took from the GPU's supply${power}, by ${by}`);
}

/** How the figures of a GPU's kernels came about. */
function clockWords(profile: ProfileTables): HTMLElement | null {
  const times = profile.kernelTimes;
  if (!times?.length) return null;
  const isCupti = times.every(({ by }) => by === "cupti");
  const why = times.find(({ why: reason }) => reason)?.why;
  const title = isCupti
    ? "CUPTI told when each kernel began and ended on the GPU"
    : `Events around each launch were timed, which counts gaps between kernels too. ${why ?? ""}`.trim();
  return h("span", { attributes: { title } }, isCupti ? " · kernel times by CUPTI" : " · kernel times by events");
}

export function summary(profile: ProfileTables, actions: HTMLElement[]): HTMLElement {
  const peak = profile.memory.reduce((most, m) => Math.max(most, m.peakAllocatedBytes), 0);
  const reserved = profile.memory.reduce((most, m) => Math.max(most, m.peakReservedBytes), 0);
  const flops = rootFlops(profile);
  const { total } = profile;
  const repetitions = `${total.repetitions} repetition${total.repetitions === 1 ? "" : "s"}`;
  const rate = flops / (total.medianUs / 1e6 || 1);
  return h(
    "header",
    { class: "lw-summary" },
    h(
      "div",
      { class: "lw-summary-title" },
      h("h1", { class: "lw-clip", attributes: { title: profile.target } }, formatTarget(profile.target)),
      h("div", { class: "lw-actions" }, ...actions),
    ),
    h(
      "div",
      { class: "lw-muted lw-summary-what" },
      [profile.device, profile.workload, repetitions].join(" · "),
      clockWords(profile),
    ),
    h(
      "div",
      { class: "lw-summary-body" },
      h(
        "div",
        { class: "lw-total", attributes: { title: timingText(total) } },
        h("span", { class: "lw-total-value" }, formatDuration(total.medianUs)),
        h(
          "span",
          { class: total.spread > UNSTEADY ? "lw-unsteady" : "lw-muted" },
          `median ± ${formatShare(total.spread)}`,
        ),
      ),
      splitBar(profile),
      h(
        "div",
        { class: "lw-facts" },
        // What an engine does not tell is left out: no model needs no memory and does no work.
        peak > 0 &&
          fact(
            "peak| memory",
            formatBytes(peak),
            `Peak memory: ${formatBytes(peak)} in tensors, ${formatBytes(reserved)} reserved`,
          ),
        profile.parameters > 0 &&
          fact(
            "param|eters",
            formatCount(profile.parameters),
            `Parameters: ${profile.parameters.toLocaleString("en-US")} in ${formatBytes(profile.parameterBytes)}`,
          ),
        flops > 0 && fact("work", formatFlops(flops), "Floating-point operations of one repetition"),
        flops > 0 && fact("speed", formatRate(rate, "FLOP"), "Work divided by the median time"),
        energyFact(profile),
      ),
    ),
  );
}
