/** package.json's contributions, activation and capabilities, from what is declared in code. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import type { Command } from "../../src/extension/command.ts";
import { manifestParts } from "../../src/extension/contributions.ts";
import type { GeneratedFile } from "../generate.ts";
import { root } from "../steps.mjs";

const path = "package.json";
const standIn = "stand-in:vscode";

/** Commands import the editor, which exists inside of it alone; their declarations do without. */
async function declaredCommands(): Promise<Record<string, Command>> {
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      name === "vscode" ? { url: standIn, format: "module", shortCircuit: true } : next(name, context),
    load: (url, context, next) =>
      url === standIn ? { format: "module", source: "export {};", shortCircuit: true } : next(url, context),
  });
  try {
    return { ...((await import("../../src/extension/commands/index.ts")) as Record<string, Command>) };
  } finally {
    hooks.deregister();
  }
}

export async function contributes(): Promise<GeneratedFile[]> {
  const manifest = JSON.parse(readFileSync(join(root, path), "utf8")) as Record<string, unknown>;
  // Keys that are there keep their place; only their values are ours.
  const renewed = { ...manifest, ...manifestParts(await declaredCommands()) };
  return [{ path, content: `${JSON.stringify(renewed, null, 2)}\n` }];
}
