/**
 * A reporter for node:test: one line per test file; detail and printed text for what failed only. Leaves the
 * counts in the file that LAYERWISE_TEST_COUNTS names, for the runner to add up.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { inspect } from "node:util";

/** @param {string} text @param {string} indent */
const indented = (text, indent) =>
  text
    .split("\n")
    .map((line) => indent + line)
    .join("\n");

/** @param {AsyncIterable<import("node:test/reporters").TestEvent>} source */
export default async function* reporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** What each file printed: shown when something in it failed. @type {Map<string | undefined, string[]>} */
  const printed = new Map();
  for await (const event of source) {
    if (event.type === "test:fail") {
      const { name, file, line, details } = event.data;
      // A suite, or a test around others, fails when one inside it does, and that one is shown already.
      const error = /** @type {Error & {failureType?: string}} */ (details.error);
      const isEcho = error.failureType === "subtestsFailed";
      if (!isEcho) {
        const place = file ? `${relative(process.cwd(), file)}:${line}` : "";
        const cause = error.cause ?? error;
        const text = cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
        yield `\n  FAILED ${name}  ${place}\n${indented(text, "    ")}\n\n`;
      }
    } else if (event.type === "test:stdout" || event.type === "test:stderr") {
      const { file, message } = event.data;
      printed.set(file, [...(printed.get(file) ?? []), message]);
    } else if (event.type === "test:summary") {
      const { file, counts: c, duration_ms: durationMs } = event.data;
      const failed = c.tests - c.passed - c.skipped - c.todo;
      if (file) {
        const name = relative(process.cwd(), file);
        const output = (printed.get(file) ?? []).join("").trimEnd();
        if (failed > 0 && output !== "") yield `${indented(output, "    | ")}\n`;
        printed.delete(file);
        const skipped = c.skipped > 0 ? `, ${c.skipped} skipped` : "";
        const verdict = failed > 0 ? `${c.passed} passed, ${failed} FAILED${skipped}` : `${c.passed} passed${skipped}`;
        yield `  ${name}: ${verdict} (${(durationMs / 1000).toFixed(1)} s)\n`;
      } else {
        Object.assign(counts, { passed: c.passed, failed, skipped: c.skipped });
      }
    }
  }
  const target = process.env.LAYERWISE_TEST_COUNTS;
  if (target) writeFileSync(target, JSON.stringify(counts));
}
