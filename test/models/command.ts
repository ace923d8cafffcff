/**
 * Runs a Python script the way a user does. LAYERWISE_TEST_PYTHON names another command (real PyTorch's interpreter, to
 * see that the tests hold for the original); without it, it is this project's `bin/layerwise python`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export function python(file: string, ...args: string[]): string {
  const command = process.env.LAYERWISE_TEST_PYTHON?.split(" ") ?? ["bin/layerwise", "python"];
  const [program, ...before] = command as [string, ...string[]];
  const options = { cwd: root, encoding: "utf8", maxBuffer: 1 << 28, timeout: 600_000 } as const;
  const done = spawnSync(program, [...before, file, ...args], options);
  if (done.error) throw done.error;
  if (done.status !== 0) {
    const line = [...command, file, ...args].join(" ");
    throw new Error(`${line} exited with ${done.status ?? done.signal}:\n${done.stderr}`);
  }
  return done.stdout;
}

export const golden = (name: string): URL => new URL(`../goldens/models/${name}`, import.meta.url);
