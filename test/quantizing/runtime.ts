/** One runtime for the tests of quantizing, and a folder of their own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DOCUMENTS, mistakes } from "../../src/cli/schema.ts";
import type { CompressionReport, LayerReport, QuantizeRequest, QuantizeResult } from "../../src/protocol/compress.ts";
import { type RequestOptions, RuntimeHost } from "../../src/runtime/host/host.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const fixtures = fileURLToPath(new URL("fixtures/", import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), "layerwise-quantizing-"));

let host: Promise<RuntimeHost> | undefined;

export async function close(): Promise<void> {
  await (await host)?.close();
  rmSync(folder, { recursive: true, force: true });
}

/** The result for "Class" of the fixtures, or for "FILE::Class"; its document fits the schema. */
export async function quantize(
  target: string,
  request: Omit<QuantizeRequest, "target">,
  options: RequestOptions = {},
): Promise<QuantizeResult> {
  host ??= RuntimeHost.start();
  const named = target.includes("::") ? target : `${join(fixtures, "models.py")}::${target}`;
  const result = await (await host).request("quantize", { target: named, maxTimeMs: 20, ...request }, options);
  const wrong = result.ok ? mistakes(DOCUMENTS.quantize, JSON.parse(JSON.stringify(result))) : [];
  if (wrong.length > 0) throw new Error(wrong.slice(0, 5).join("\n"));
  return result;
}

/** The same where it has to go well. */
export async function done(target: string, request: Omit<QuantizeRequest, "target">): Promise<QuantizeResult> {
  const result = await quantize(target, request);
  if (!result.ok) throw new Error(`${result.failure?.type}: ${result.failure?.traceback ?? result.failure?.message}`);
  return result;
}

/** The one report of a request for one scheme. */
export async function report(target: string, request: Omit<QuantizeRequest, "target">): Promise<CompressionReport> {
  return (await done(target, request)).reports[0]!;
}

export function layer({ layers }: CompressionReport, path: string): LayerReport {
  const found = layers.find((row) => row.path === path);
  if (!found) throw new Error(`no layer ${path}: there are ${layers.map((row) => row.path).join(", ")}`);
  return found;
}

export const decibels = (row: { output?: { sqnrDb: number | null } }): number => row.output?.sqnrDb ?? Infinity;
