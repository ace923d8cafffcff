/** docs/cli.md: the parts that come from the verbs' own tables and schemas. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renewCliPage } from "../../src/cli/docs.ts";
import type { GeneratedFile } from "../generate.ts";
import { root } from "../steps.mjs";

const path = "docs/cli.md";

export function cliPage(): GeneratedFile[] {
  return [{ path, content: renewCliPage(readFileSync(join(root, path), "utf8")) }];
}
