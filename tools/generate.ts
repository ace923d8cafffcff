/**
 * Every file that is derived from others and committed: who makes it and what it must contain. Run as a program it
 * writes those that are stale; a test in test/architecture.test.ts fails while one is.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cliPage } from "./generate/cli_page.ts";
import { contributes } from "./generate/contributes.ts";
import { onnxMessages } from "./generate/onnx_messages.ts";
import { opsPage } from "./generate/ops_page.ts";
import { pythonBindings } from "./generate/python_bindings.ts";
import { root } from "./steps.mjs";

export interface GeneratedFile {
  /** Relative to the root. */
  path: string;
  content: string;
}

type Generator = () => GeneratedFile[] | Promise<GeneratedFile[]>;

/** Sorted by name; each reads sources and returns files, and writes nothing itself. */
export const generators: Record<string, Generator> = {
  cliPage,
  contributes,
  onnxMessages,
  opsPage,
  pythonBindings,
};

export async function generated(): Promise<GeneratedFile[]> {
  const files = await Promise.all(Object.values(generators).map((generator) => generator()));
  return files.flat();
}

export function isFresh({ path, content }: GeneratedFile): boolean {
  const file = join(root, path);
  return existsSync(file) && readFileSync(file, "utf8") === content;
}

if (import.meta.main) {
  for (const file of await generated()) {
    if (isFresh(file)) continue;
    const target = join(root, file.path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, file.content);
    console.log(`wrote ${file.path}`);
  }
}
