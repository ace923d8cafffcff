/** Lines of source files, for tables that show them. */
import { readFileSync } from "node:fs";

/** Each file is read once; a file that cannot be read has no lines. */
export function lineReader(): (file: string, line: number) => string | undefined {
  const files = new Map<string, string[]>();
  return (file, line) => {
    let text = files.get(file);
    if (!text) {
      try {
        text = readFileSync(file, "utf8").split(/\r?\n/);
      } catch {
        text = [];
      }
      files.set(file, text);
    }
    return text[line - 1];
  };
}
