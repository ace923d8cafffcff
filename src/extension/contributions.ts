/** The parts of package.json that follow from what is declared in code. Pure: tools/generate writes them. */
import { type Command, conditions } from "./command.ts";
import { type SettingDeclaration, settings } from "./settings.ts";
import { walkthrough } from "./walkthrough.ts";
import {
  compressionView,
  CONTAINER_ID,
  DEVICES_VIEW,
  DATA_EDITOR,
  DATA_FILES,
  GRAPH_VIEW,
  MODEL_EDITOR,
  PROFILER_VIEW,
} from "./views/names.ts";

const SUBMENU = "layerwise.editorMenu";
const EXPLORER = "layerwise.explorerMenu";
const panels = [GRAPH_VIEW, DEVICES_VIEW, ...(["quantize", "prune", "distill"] as const).map(compressionView)];
const ICON = "media/layerwise.svg";

export function manifestParts(commands: Record<string, Command>): Record<string, unknown> {
  const all = Object.entries(commands).map(([name, declared]) => ({ id: `layerwise.${name}`, ...declared }));
  const withMenu = all.filter(({ editorMenu }) => editorMenu !== undefined);
  return {
    activationEvents: [
      "onLanguage:python",
      ...[MODEL_EDITOR, DATA_EDITOR].map((id) => `onCustomEditor:${id}`),
      ...panels.map((id) => `onWebviewPanel:${id}`),
    ],
    capabilities: {
      untrustedWorkspaces: {
        supported: "limited",
        description:
          "In an untrusted folder nothing is run, profiled, graphed or quantized. Shapes are still shown: they come from a sandbox. " +
          "Files of tensors still open: nothing in them is run.",
        restrictedConfigurations: Object.entries(settings as Record<string, SettingDeclaration<unknown>>)
          .filter(([, { isRestricted }]) => isRestricted)
          .map(([name]) => `layerwise.${name}`),
      },
      virtualWorkspaces: {
        supported: false,
        description: "Models run on this machine: their files have to be on one of its disks.",
      },
    },
    contributes: {
      customEditors: [
        {
          viewType: MODEL_EDITOR,
          displayName: "Layerwise Model",
          selector: [{ filenamePattern: "*.onnx" }],
          priority: "default",
        },
        {
          viewType: DATA_EDITOR,
          displayName: "Layerwise Tensors",
          selector: DATA_FILES.map((ending) => ({ filenamePattern: `*.${ending}` })),
          priority: "default",
        },
      ],
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
        "explorer/context": [
          {
            submenu: EXPLORER,
            when: "resourceExtname =~ /^\\.(py|onnx)$/ && isWorkspaceTrusted",
            group: "z_layerwise",
          },
        ],
        [EXPLORER]: all.flatMap(({ id, explorerMenu: menu }) =>
          menu
            ? [
                {
                  command: id,
                  group: `1_run@${menu.order}`,
                  when: `resourceExtname =~ /^\\.(${menu.extensions.join("|")})$/`,
                },
              ]
            : [],
        ),
        [SUBMENU]: withMenu.map(({ id, editorMenu }) => ({ command: id, group: `1_run@${editorMenu}` })),
      },
      submenus: [SUBMENU, EXPLORER].map((id) => ({ id, label: "Layerwise" })),
      views: { [CONTAINER_ID]: [{ type: "webview", id: PROFILER_VIEW, name: "Profiler", icon: ICON }] },
      walkthroughs: [walkthrough(commands)],
      viewsContainers: { activitybar: [{ id: CONTAINER_ID, title: "Layerwise", icon: ICON }] },
    },
  };
}

function property([name, declared]: [string, SettingDeclaration<unknown>]): [string, Record<string, unknown>] {
  const { type, scope, description, values, valueDescriptions, pattern, patternMessage, minimum, maximum } = declared;
  return [
    `layerwise.${name}`,
    {
      type,
      default: declared.default,
      description,
      scope,
      ...(values ? { enum: values, enumDescriptions: valueDescriptions } : {}),
      ...(pattern ? { pattern, patternErrorMessage: patternMessage } : {}),
      ...(minimum === undefined ? {} : { minimum }),
      ...(maximum === undefined ? {} : { maximum }),
    },
  ];
}
