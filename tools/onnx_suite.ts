/**
 * Models with recorded outputs, run on our own runtime by tools/onnx_suite.py: ONNX's own node tests (written out by
 * tools/goldens_onnx.py --suite FOLDER), or whatever a test has put into a folder in their layout.
 *
 *     node tools/onnx_suite.ts FOLDER [WORD ...]       counts, refusals, failures
 *     node tools/onnx_suite.ts FOLDER --write          and the table in docs/onnx.md
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { RuntimeHost } from "../src/runtime/host/host.ts";

export interface SuiteResult {
  passed: string[];
  /** Name and reason. */
  refused: Record<string, string>;
  failed: Record<string, string>;
}

const script = fileURLToPath(new URL("onnx_suite.py", import.meta.url));
const page = fileURLToPath(new URL("../docs/onnx.md", import.meta.url));

/** Runs every folder in `folder` that holds a model. */
export async function runSuite(host: RuntimeHost, folder: string, words: readonly string[] = []): Promise<SuiteResult> {
  // The folder is all that the script sees; it stands in it without being written there.
  const place = join(resolve(folder), "onnx_suite.py");
  let printed = "";
  const result = await host.request(
    "python",
    {
      target: place,
      workspace: resolve(folder),
      overlay: { [place]: readFileSync(script, "utf8") },
      argv: [resolve(folder), ...words],
    },
    { onOutput: (stream, text) => void (stream === "stdout" && (printed += text)) },
  );
  if (!result.ok) throw new Error(result.failure?.message ?? `the suite ended with exit code ${result.exitCode}`);
  return JSON.parse(printed) as SuiteResult;
}

const BEGIN = "<!-- suite -->";
const END = "<!-- end of suite -->";

/** The counts as a table, refusals by their reason. */
export function tableOf({ passed, refused, failed }: SuiteResult, version: string): string {
  const reasons = new Map<string, number>();
  for (const why of Object.values(refused)) {
    const plain = why.replace(/ \(node '.*'\)$/, "").replace(/ is not supported yet;.*$/, " are not there");
    reasons.set(plain, (reasons.get(plain) ?? 0) + 1);
  }
  const rows = [...reasons].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const total = passed.length + Object.keys(refused).length + Object.keys(failed).length;
  return [
    `The ${total} node tests of onnx ${version}: **${passed.length} pass**, ${Object.keys(refused).length} are refused by`,
    `name, ${Object.keys(failed).length} fail.`,
    "",
    "| refused because | tests |",
    "|---|---|",
    ...rows.map(([why, count]) => `| ${why} | ${count} |`),
  ].join("\n");
}

async function main(): Promise<void> {
  const [folder, ...rest] = process.argv.slice(2);
  if (folder === undefined) throw new Error("expected a folder of models");
  const isWriting = rest.includes("--write");
  const host = await RuntimeHost.start();
  try {
    const result = await runSuite(
      host,
      folder,
      rest.filter((word) => word !== "--write"),
    );
    const counts = [result.passed, Object.keys(result.refused), Object.keys(result.failed)].map(({ length }) => length);
    console.log(`${counts[0]} passed, ${counts[1]} refused, ${counts[2]} failed`);
    for (const [name, why] of Object.entries(result.failed)) console.log(`failed ${name}: ${why}`);
    if (isWriting) {
      const version = /"onnx":"([^"]+)"/.exec(readFileSync(join(folder, "version.json"), "utf8"))?.[1] ?? "?";
      const text = readFileSync(page, "utf8");
      const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
      if (before < 0 || after < 0) throw new Error(`docs/onnx.md has no ${BEGIN}`);
      const table = tableOf(result, version);
      writeFileSync(page, `${text.slice(0, before + BEGIN.length)}\n\n${table}\n\n${text.slice(after)}`);
    }
    process.exitCode = counts[2] === 0 ? 0 : 1;
  } finally {
    await host.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
