/**
 * The device page: where models run, how the devices are doing, what was found that helps them and how to get what was
 * not. It pulls its state from the host, redraws the parts that changed, and measures nothing itself.
 */
import type { DeviceInfo } from "../../src/protocol/results.ts";
import type { DevicesHost, DevicesNews, DevicesState } from "../../src/protocol/views/devices.ts";
import { chosenDevice } from "../../src/protocol/views/devices.ts";
import { h } from "../kit/dom.ts";
import { shownBy } from "../kit/start.ts";
import type { Mounted } from "../kit/start.ts";
import type { Asked, Memory } from "../kit/port.ts";
import { noticeBoard } from "../kit/notices.ts";
import { button, dropdown, progressRing } from "../kit/toolkit.ts";
import { deviceCard } from "./card.ts";
import { libraryRow } from "./library.ts";

/** What survives hiding and showing the page: which "how to get it" are open. */
export interface DevicesMemory {
  open: string[];
}

export type DevicesView = Mounted<DevicesNews>;

/** What cards and rows may do. */
export interface Actions {
  choose(choice: string): void;
  copy(text: string): void;
  openLink(url: string): void;
  isOpen(id: string): boolean;
  setOpen(id: string, isOpen: boolean): void;
}

export function mountDevices(
  root: HTMLElement,
  options: { host: Asked<DevicesHost>; memory: Memory<DevicesMemory> },
): DevicesView {
  const { host, memory } = options;
  const picker = h("div", { class: "lw-device-picker" });
  const cards = h("div", { class: "lw-device-cards" });
  const libraries = h("ul", { class: "lw-libraries" });
  const librariesTitle = h("h2", { attributes: { id: "libraries" } }, "Libraries");
  const librariesNote = h("p", { class: "lw-muted lw-section-note" });
  const librarySection = h(
    "section",
    { attributes: { "aria-labelledby": "libraries", hidden: true } },
    librariesTitle,
    librariesNote,
    libraries,
  );
  const ignore = shownBy((message) => notices.problem(message));
  const notices = noticeBoard({
    openSource: null,
    copy: (text) => ignore(host.copy(text)),
    retry: () => ignore(host.look()),
  });
  root.classList.add("lw-devices");
  root.replaceChildren(
    notices.element,
    h(
      "main",
      { class: "lw-devices-page" },
      h("header", { class: "lw-devices-head" }, h("h1", {}, "Devices"), picker),
      h("section", { attributes: { "aria-label": "Devices" } }, cards),
      librarySection,
    ),
  );
  const shown = new Map<HTMLElement, string>();

  const actions: Actions = {
    choose: (choice) => ignore(host.choose(choice)),
    copy(text) {
      ignore(host.copy(text));
      notices.say(`Copied: ${text}`);
    },
    openLink: (url) => ignore(host.openLink(url)),
    isOpen: (id) => (memory.read().open ?? []).includes(id),
    setOpen(id, isOpen) {
      const others = (memory.read().open ?? []).filter((one) => one !== id);
      memory.write({ open: isOpen ? [...others, id] : others });
    },
  };

  /** Parts are made anew only when what they show has changed: focus and open parts stay. */
  function redraw(place: HTMLElement, what: unknown, make: () => HTMLElement[]): void {
    const text = JSON.stringify(what);
    if (shown.get(place) === text) return;
    shown.set(place, text);
    const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    place.replaceChildren(...make());
    if (focused) place.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  async function refresh(): Promise<void> {
    const state = await host.state();
    notices.draw({ failure: state.failure, hasContent: state.devices !== null });
    redraw(picker, [state.choice, state.auto, ids(state.devices), state.isLooking], () => pickerParts(state));
    if (!state.devices) {
      redraw(cards, "looking", () => (state.failure ? [] : [looking()]));
      return;
    }
    const chosen = chosenDevice(state.choice, state.auto);
    const devices = state.devices.filter(({ kind }) => kind === "device");
    redraw(cards, [devices, chosen, state.choice, state.live, state.isRunning], () =>
      devices.map((device) => deviceCard(device, { chosen, live: state.live, isRunning: state.isRunning }, actions)),
    );
    const found = state.devices.filter(({ kind }) => kind === "library");
    librarySection.hidden = found.length === 0;
    librariesNote.textContent = libraryNote(found);
    redraw(libraries, found, () => found.map((library) => libraryRow(library, actions)));
  }

  function pickerParts(state: DevicesState): HTMLElement[] {
    const places = (state.devices ?? []).filter(({ kind, available }) => kind === "device" && available);
    const choices = [
      { value: "auto", text: state.devices ? `Automatic (${state.auto})` : "Automatic" },
      ...places.map(({ id, name }) => ({ value: id, text: name && id !== "cpu" ? `${id} · ${name}` : id })),
    ];
    const current = state.choice === "cuda" ? "cuda:0" : state.choice;
    if (!choices.some(({ value }) => value === current)) choices.push({ value: current, text: `${current} (missing)` });
    const list = dropdown({
      label: "Models run on",
      options: choices,
      value: current,
      onChange: (choice) => actions.choose(choice),
    });
    list.element.setAttribute("data-key", "choice");
    const again = button({
      label: "Look again",
      icon: "refresh",
      appearance: "icon",
      onClick: () => ignore(host.look()),
    });
    again.setAttribute("data-key", "look");
    return [
      h("span", { class: "lw-muted lw-picker-label", attributes: { "aria-hidden": "true" } }, "Models run on"),
      list.element,
      state.isLooking ? progressRing() : again,
    ];
  }

  return { news: { changed: () => ignore(refresh()) }, refresh, showProblem: (message) => notices.problem(message) };
}

function ids(devices: DeviceInfo[] | null): string[] {
  return (devices ?? []).map(({ id, available }) => `${id} ${available}`);
}

function looking(): HTMLElement {
  return h(
    "div",
    { class: "lw-state lw-looking" },
    progressRing(),
    h("p", { class: "lw-muted" }, "Looking for GPUs and libraries"),
  );
}

function libraryNote(libraries: readonly DeviceInfo[]): string {
  const missing = libraries.filter(({ available }) => !available).length;
  const rest = "Layerwise computes without any of them; what is there makes it faster or tells more.";
  return missing === 0 ? `All were found. ${rest}` : rest;
}
