/** Reads the settings that settings.ts declares, with their types. */
import * as vscode from "vscode";
import { type SettingDeclaration, type Settings, settings } from "./settings.ts";

export function readSetting<Name extends keyof Settings>(name: Name): Settings[Name] {
  const value = vscode.workspace.getConfiguration("layerwise").get<Settings[Name]>(name);
  const declared = settings[name] as unknown as SettingDeclaration<Settings[Name]>;
  const { default: fallback, values, pattern } = declared;
  // settings.json may hold anything.
  if (typeof value !== typeof fallback || (values && !values.includes(value!))) return fallback;
  if (pattern && !new RegExp(pattern).test(String(value))) return fallback;
  return value!;
}

/** Writes where the setting is already set, else for the user. */
export async function writeSetting<Name extends keyof Settings>(name: Name, value: Settings[Name]): Promise<void> {
  const configuration = vscode.workspace.getConfiguration("layerwise");
  const isInWorkspace = configuration.inspect(name)?.workspaceValue !== undefined;
  const scope = isInWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await configuration.update(name, value, scope);
}

/** Writes for this workspace where there is one, else for the user. */
export async function rememberHere<Name extends keyof Settings>(name: Name, value: Settings[Name]): Promise<void> {
  const { ConfigurationTarget, workspace } = vscode;
  const scope = workspace.workspaceFolders?.length ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
  await workspace.getConfiguration("layerwise").update(name, value, scope);
}

export function onSettingChange(names: (keyof Settings)[], handler: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (names.some((name) => event.affectsConfiguration(`layerwise.${name}`))) handler();
  });
}
