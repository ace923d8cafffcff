/**
 * The WebAssembly program of the interpreter, compiled once per process with its memory limit written in. The
 * program declares its own memory, so the limit is a number in the binary; nothing else in it is touched.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const PAGE_BYTES = 65536;
const MEMORY_SECTION = 5;

/** Compiles in the background. The result can be posted to workers, which then share the compiled code. */
export function compileProgram(folder: string, memoryLimitBytes: number): Promise<WebAssembly.Module> {
  const binary = readFileSync(join(folder, "pyodide.asm.wasm"));
  limitMemory(binary, Math.floor(memoryLimitBytes / PAGE_BYTES));
  return WebAssembly.compile(binary);
}

/** Writes `pages` as the maximum of the program's memory, in place. */
export function limitMemory(binary: Uint8Array, pages: number): void {
  let at = 8;
  const number = (): { value: number; start: number; length: number } => {
    const start = at;
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = binary[at];
      at += 1;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return { value, start, length: at - start };
    }
  };
  while (at < binary.length) {
    const section = binary[at];
    at += 1;
    const size = number().value;
    if (section !== MEMORY_SECTION) {
      at += size;
      continue;
    }
    number();
    const hasMaximum = (binary[at] & 1) === 1;
    at += 1;
    const minimum = number().value;
    if (!hasMaximum) break;
    const maximum = number();
    let rest = Math.min(Math.max(pages, minimum + 1024), maximum.value);
    for (let i = 0; i < maximum.length; i += 1) {
      const more = i < maximum.length - 1 ? 128 : 0;
      binary[maximum.start + i] = (rest % 128) | more;
      rest = Math.floor(rest / 128);
    }
    return;
  }
  throw new Error("[python] the interpreter's program declares no memory with a maximum");
}
