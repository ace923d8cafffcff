/** The command line on the emulated GPU, for tests that run a script from there down to the kernels. */
import "./emulation.ts";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const addon = process.env.LAYERWISE_CUDA_ADDON ?? `${root}native/bin/linux-x64/cuda.node`;
/** LAYERWISE_TEST_COMMAND names another command. */
const command = process.env.LAYERWISE_TEST_COMMAND?.split(" ") ?? ["bin/layerwise"];

export const isBuilt = existsSync(addon);
export const script = (name: string): string => fileURLToPath(new URL(`scripts/${name}`, import.meta.url));

export function layerwise(words: string[], environment: Record<string, string> = {}): { status: number; out: string } {
  const [program, ...before] = command as [string, ...string[]];
  const env = { ...process.env, ...environment };
  const done = spawnSync(program, [...before, ...words], { cwd: root, env, encoding: "utf8", timeout: 120_000 });
  return { status: done.status ?? -1, out: done.stdout + done.stderr };
}
