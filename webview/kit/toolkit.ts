/**
 * The only file that knows @vscode/webview-ui-toolkit. The toolkit is archived upstream; when it has to go, these few
 * functions are rewritten and nothing else changes. Labels go in as text, never as markup.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
} from "@vscode/webview-ui-toolkit";
import { icon } from "./icons.ts";
import type { IconName } from "./icons.ts";

provideVSCodeDesignSystem().register(
  vsCodeBadge(),
  vsCodeButton(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodeProgressRing(),
);

export interface ButtonOptions {
  label: string;
  icon?: IconName;
  /** "icon" shows the icon alone and keeps the label for readers and as a tooltip. */
  appearance?: "primary" | "secondary" | "icon";
  onClick(): void;
}

export function button(options: ButtonOptions): HTMLElement {
  const { label, appearance = "secondary" } = options;
  const element = document.createElement("vscode-button");
  element.setAttribute("appearance", appearance);
  element.setAttribute("aria-label", label);
  element.classList.add("lw-button");
  if (appearance === "icon") element.title = label;
  // The toolkit gives any slotted span the size of an icon, so the label goes in as bare text.
  if (options.icon) {
    const drawing = icon(options.icon);
    if (appearance !== "icon") drawing.setAttribute("slot", "start");
    element.append(drawing);
  }
  if (appearance !== "icon") element.append(label);
  element.addEventListener("click", () => options.onClick());
  return element;
}

export function badge(text: string): HTMLElement {
  const element = document.createElement("vscode-badge");
  element.classList.add("lw-badge");
  element.textContent = text;
  return element;
}

export interface DropdownOptions<Value extends string> {
  label: string;
  options: { value: Value; text: string }[];
  value: Value;
  onChange(value: Value): void;
}

export interface Dropdown<Value extends string> {
  element: HTMLElement;
  set(value: Value): void;
}

export function dropdown<Value extends string>(options: DropdownOptions<Value>): Dropdown<Value> {
  const element = document.createElement("vscode-dropdown") as HTMLElement & { value: string };
  element.classList.add("lw-dropdown");
  element.setAttribute("aria-label", options.label);
  element.title = options.label;
  for (const { value, text } of options.options) {
    const option = document.createElement("vscode-option") as HTMLElement & { selected: boolean };
    option.setAttribute("value", value);
    option.textContent = text;
    option.selected = value === options.value;
    if (option.selected) option.setAttribute("selected", "");
    element.append(option);
  }
  element.addEventListener("change", () => options.onChange(element.value as Value));
  return {
    element,
    set(value) {
      element.value = value;
    },
  };
}

export function progressRing(): HTMLElement {
  const element = document.createElement("vscode-progress-ring");
  element.classList.add("lw-ring");
  return element;
}
