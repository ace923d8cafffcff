/** The first minute, as the editor's Welcome page tells it: four steps, each with a button and a way to tell that it is done. Pure. */
import type { Command } from "./command.ts";

interface Step {
  id: string;
  title: string;
  text: string;
  /** Commands of ours that do it; the first is its button, each of them ends it. */
  commands: string[];
  /** Its picture, and what is to be seen there. */
  picture: [string, string];
}

const steps: Step[] = [
  {
    id: "run",
    title: "Run and profile it where it stands",
    text:
      "Above each class stand Run, Profile, Graph, Quantize and Export. What to feed the model is found in its defaults, its calls and " +
      "its layers; Edit Inputs changes it. Nothing has to be installed.",
    commands: ["profile", "run"],
    picture: ["profile", "The result of a run beside its class, and the time of each module"],
  },
  {
    id: "quantize",
    title: "See what fewer bits would cost",
    text:
      "Schemes stand side by side: size, time of a call and error of the outputs, and a verdict that says first what got worse. Layers " +
      "can be kept; nothing is written until you save. Prune and Distill are shown the same way.",
    commands: ["quantize", "prune", "distill"],
    picture: ["quantize", "Schemes with their size, time of one call and output error"],
  },
  {
    id: "export",
    title: "Take it along as ONNX",
    text:
      "Export writes the class and runs the file beside it in ONNX Runtime before it is called done. Files of models open as their graph, " +
      "and run, profile and quantize like a class.",
    commands: ["exportOnnx"],
    picture: ["export", "A model's file with what it takes, and its graph"],
  },
];

/** In the form that package.json wants; a step that names no command of ours does not compile into it. */
export function walkthrough(commands: Record<string, Command>): Record<string, unknown> {
  const button = (name: string): string => {
    const known = commands[name];
    if (!known) throw new Error(`the walkthrough names the command ${name}, which is none`);
    return `[${known.title}](command:layerwise.${name})`;
  };
  return {
    id: "start",
    title: "Get Started with Layerwise",
    description: "Shapes, profiles, graphs and quantization for the PyTorch file you already have.",
    steps: [
      {
        id: "open",
        title: "Open a PyTorch file",
        description:
          "Any Python file with an nn.Module: behind its lines stands the shape that each of them makes, as you type.\n" +
          "[Open Folder](command:vscode.openFolder)",
        media: picture("shapes", "Code with the shape of each line behind it"),
        completionEvents: ["onContext:layerwise.hasEditor"],
      },
      ...steps.map((step) => ({
        id: step.id,
        title: step.title,
        description: `${step.text}\n${button(step.commands[0]!)}`,
        media: picture(...step.picture),
        completionEvents: step.commands.map((name) => `onCommand:layerwise.${name}`),
      })),
    ],
  };
}

/** Drawings that take the colours of the theme. */
function picture(name: string, altText: string): { svg: string; altText: string } {
  return { svg: `media/walkthrough/${name}.svg`, altText };
}
