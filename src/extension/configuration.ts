/** Reads the settings that settings.ts declares, with their types. */
import * as vscode from "vscode";
import { type SettingDeclaration, type Settings, settings } from "./settings.ts";

export function readSetting<Name extends keyof Settings>(name: Name): Settings[Name] {
  const value = vscode.workspace.getConfiguration("layerwise").get<Settings[Name]>(name);
  const { default: fallback, values } = settings[name] as unknown as SettingDeclaration<Settings[Name]>;
  // settings.json may hold anything.
  if (typeof value !== typeof fallback || (values && !values.includes(value!))) return fallback;
  return value!;
}

/** Writes where the setting is already set, else for the user. */
export async function writeSetting<Name extends keyof Settings>(name: Name, value: Settings[Name]): Promise<void> {
  const configuration = vscode.workspace.getConfiguration("layerwise");
  const isInWorkspace = configuration.inspect(name)?.workspaceValue !== undefined;
  const scope = isInWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await configuration.update(name, value, scope);
}

export function onSettingChange(names: (keyof Settings)[], handler: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (names.some((name) => event.affectsConfiguration(`layerwise.${name}`))) handler();
  });
}
