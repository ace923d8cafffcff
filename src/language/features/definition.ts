/** From `self.layer(x)` to the line that constructs the layer. */
import type { Location, Position } from "vscode-languageserver";
import type { OpenFile } from "../documents.ts";
import { attributeAt, layersAround } from "./layers.ts";

export function definition(file: OpenFile, position: Position): Location | null {
  const name = attributeAt(file, position);
  const layer = name && layersAround(file, position.line).find((other) => other.name === name);
  // On the construction itself there is nowhere to go.
  if (!layer || layer.range.start.line === position.line) return null;
  return { uri: file.uri, range: layer.range };
}
