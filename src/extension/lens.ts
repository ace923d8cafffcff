/** What a lens is: one file under lenses/, declared here. */
import type { App } from "./app.ts";
import type { Settings } from "./settings.ts";
import type { Target } from "./target.ts";

export interface Lens {
  /** Its own switch. */
  setting: keyof Settings & `lenses.${string}`;
  /** Null where it makes no sense. Runs in the extension host on every keystroke: cheap lookups only. */
  show(app: App, target: Target): { title: string; command: string; tooltip: string } | null;
}

export function lens(declaration: Lens): Lens {
  return declaration;
}
