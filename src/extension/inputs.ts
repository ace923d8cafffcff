/** Which arguments the user chose for each target, remembered in the workspace. Checks no Python: the runtime does. */
import type { Setup } from "../protocol/results.ts";
import { type Target, targetKey } from "./target.ts";

/** Names to values as they were typed: { dim: "64" }, { x: "float32[2,16,64]" }. */
export interface Given {
  init: Record<string, string>;
  inputs: Record<string, string>;
}

/** The part of VS Code's Memento that is used here. */
export interface Memory {
  get<Value>(key: string): Value | undefined;
  update(key: string, value: unknown): PromiseLike<void>;
}

const KEY = "layerwise.inputs";
export const NOTHING_GIVEN: Given = { init: {}, inputs: {} };

export class InputMemory {
  private readonly memory: Memory;
  private readonly changed: () => void;

  constructor(memory: Memory, changed: () => void = () => {}) {
    this.memory = memory;
    this.changed = changed;
  }

  of(target: Target): Given {
    return this.all()[targetKey(target)] ?? NOTHING_GIVEN;
  }

  /** What was chosen for all targets, by their keys. */
  entries(): Record<string, Given> {
    return this.all();
  }

  /** An empty value goes back to what is inferred. */
  async set(target: Target, part: keyof Given, name: string, value: string): Promise<void> {
    const given = structuredClone(this.of(target));
    if (value.trim() === "") delete given[part][name];
    else given[part][name] = value.trim();
    await this.write(target, given);
  }

  async forget(target: Target): Promise<void> {
    await this.write(target, NOTHING_GIVEN);
  }

  private all(): Record<string, Given> {
    return this.memory.get<Record<string, Given>>(KEY) ?? {};
  }

  private async write(target: Target, given: Given): Promise<void> {
    const { [targetKey(target)]: _, ...others } = this.all();
    const isEmpty = Object.keys(given.init).length + Object.keys(given.inputs).length === 0;
    await this.memory.update(KEY, isEmpty ? others : { ...others, [targetKey(target)]: given });
    this.changed();
  }
}

/** The fields of a request: constructor arguments travel as Python keyword arguments, inputs by name. */
export function requestFields(given: Given): { init?: string; inputs?: Record<string, string> } {
  const init = Object.entries(given.init)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
  return {
    ...(init === "" ? {} : { init }),
    ...(Object.keys(given.inputs).length === 0 ? {} : { inputs: given.inputs }),
  };
}

export interface ArgumentRow {
  part: keyof Given;
  name: string;
  value: string;
  isGiven: boolean;
  /** Where the value comes from, for people. */
  origin: string;
}

/** What the user may edit: the choices of the last run or description, with what was typed since laid over them. */
export function argumentRows(setup: Setup, given: Given): ArgumentRow[] {
  const rows: ArgumentRow[] = [];
  for (const part of ["init", "inputs"] as const) {
    const typed = new Map(Object.entries(given[part]));
    for (const choice of setup[part]) {
      const value = typed.get(choice.name);
      typed.delete(choice.name);
      // What the runtime reports as given may have been forgotten since: then it will be inferred again.
      const origin =
        choice.from === "given" ? "inferred again" : (choice.why ?? originText[choice.from] ?? choice.from);
      rows.push({
        part,
        name: choice.name,
        value: value ?? choice.value,
        isGiven: value !== undefined,
        origin: value === undefined ? origin : "edited by you",
      });
    }
    for (const [name, value] of typed) rows.push({ part, name, value, isGiven: true, origin: "edited by you" });
  }
  return rows;
}

const originText: Record<string, string> = {
  annotation: "from the annotation",
  call: "from a call in the file",
  default: "the default",
  layers: "from the first layer it goes into",
  name: "from its name",
  remembered: "remembered",
};
