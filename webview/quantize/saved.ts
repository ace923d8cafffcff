/** What was written: the file, what is inside, and how the check against ONNX Runtime went. */
import type { CompressedFile } from "../../src/protocol/compress.ts";
import { h } from "../kit/dom.ts";
import { baseName, formatBytes } from "../kit/formats.ts";
import { link, notice } from "../kit/notices.ts";
import { formatError } from "./words.ts";

function checkWords({ checks }: CompressedFile): string | null {
  if (checks.length === 0) return null;
  const largest = Math.max(...checks.flatMap(({ outputs }) => outputs.map(({ relative }) => relative)));
  const times = checks.length === 1 ? "once" : `at ${checks.length} sizes`;
  if (checks.every(({ ok }) => ok)) return `run in ONNX Runtime ${times}, largest difference ${formatError(largest)}`;
  return `ONNX Runtime gives other numbers: largest difference ${formatError(largest)}`;
}

export function savedStrip(file: CompressedFile, open: () => void): HTMLElement {
  const isGood = file.checks.every(({ ok }) => ok);
  const parts = [formatBytes(file.bytes), file.contents, checkWords(file)].filter((part) => part);
  const name = link(baseName(file.file), open);
  name.title = file.file;
  const strip = notice(
    { tone: isGood ? "plain" : "warning", ...(isGood ? { icon: "save" } : {}), role: "status" },
    "Wrote ",
    name,
    h("span", { class: "lw-muted" }, ` · ${parts.join(" · ")}`),
  );
  strip.classList.add("lw-saved");
  return strip;
}
