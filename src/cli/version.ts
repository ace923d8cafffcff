/** The version of the package, read when it is asked for. */
import { readFileSync } from "node:fs";

export function version(): string {
  // Found from the source (src/cli) and from the bundle (dist) alike.
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as {
        name: string;
        version: string;
      };
      if (found.name === "layerwise") return found.version;
    } catch {
      continue;
    }
  }
  return "unknown";
}
