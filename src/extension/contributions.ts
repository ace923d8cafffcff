/** The parts of package.json that follow from what is declared in code. Pure: tools/generate writes them. */
import { type Command, conditions } from "./command.ts";
import { type SettingDeclaration, settings } from "./settings.ts";
import { CONTAINER_ID, GRAPH_VIEW, PROFILER_VIEW } from "./views/names.ts";

const SUBMENU = "layerwise.editorMenu";
const ICON = "media/layerwise.svg";

export function manifestParts(commands: Record<string, Command>): Record<string, unknown> {
  const all = Object.entries(commands).map(([name, declared]) => ({ id: `layerwise.${name}`, ...declared }));
  const withMenu = all.filter(({ editorMenu }) => editorMenu !== undefined);
  return {
    activationEvents: ["onLanguage:python", `onWebviewPanel:${GRAPH_VIEW}`],
    capabilities: {
      untrustedWorkspaces: {
        supported: "limited",
        description:
          "In an untrusted folder nothing is run, profiled or graphed. Shapes are still shown: they come from a sandbox.",
        restrictedConfigurations: Object.entries(settings as Record<string, SettingDeclaration<unknown>>)
          .filter(([, { isRestricted }]) => isRestricted)
          .map(([name]) => `layerwise.${name}`),
      },
      virtualWorkspaces: false,
    },
    contributes: {
      commands: all.map(({ id, title, icon }) => ({
        command: id,
        title,
        category: "Layerwise",
        ...(icon ? { icon: `$(${icon})` } : {}),
      })),
      configuration: { title: "Layerwise", properties: Object.fromEntries(Object.entries(settings).map(property)) },
      menus: {
        commandPalette: all
          .filter(({ when }) => when !== undefined && when !== "always")
          .map(({ id, when }) => ({ command: id, when: conditions[when!] })),
        "editor/context": [{ submenu: SUBMENU, when: conditions.editingTrustedPython, group: "z_layerwise" }],
        [SUBMENU]: withMenu.map(({ id, editorMenu }) => ({ command: id, group: `1_run@${editorMenu}` })),
      },
      submenus: [{ id: SUBMENU, label: "Layerwise" }],
      views: { [CONTAINER_ID]: [{ type: "webview", id: PROFILER_VIEW, name: "Profiler", icon: ICON }] },
      viewsContainers: { activitybar: [{ id: CONTAINER_ID, title: "Layerwise", icon: ICON }] },
    },
  };
}

function property([name, declared]: [string, SettingDeclaration<unknown>]): [string, Record<string, unknown>] {
  const { type, scope, description, values, valueDescriptions, minimum, maximum } = declared;
  return [
    `layerwise.${name}`,
    {
      type,
      default: declared.default,
      description,
      scope,
      ...(values ? { enum: values, enumDescriptions: valueDescriptions } : {}),
      ...(minimum === undefined ? {} : { minimum }),
      ...(maximum === undefined ? {} : { maximum }),
    },
  ];
}
