/** "file.py::Class" from the command line: split, made absolute, and checked as far as the file system can tell. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { UsageError } from "./command.ts";
import { nearest } from "./nearest.ts";

export interface Target {
  /** Absolute. */
  file: string;
  /** "" for the file as a whole. */
  name: string;
  /** What the runtime is asked for: "/w/model.py::GPT". */
  text: string;
}

export function parseTarget(written: string, folder: string = process.cwd()): Target {
  const split = written.indexOf("::");
  const path = split < 0 ? written : written.slice(0, split);
  const name = split < 0 ? "" : written.slice(split + 2);
  if (path === "")
    throw new UsageError(`no file in '${written}'`, "expected FILE.py, FILE.py::Class or FILE.py::function");
  if (split >= 0 && !/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name)) {
    throw new UsageError(`'${name}' in '${written}' is no Python name`, "expected FILE.py::Class or FILE.py::function");
  }
  const file = resolve(folder, path);
  if (split >= 0 && isOnnx(file)) throw new UsageError(`${path} is one model: expected no name behind it`);
  checkFile(file, path);
  return { file, name, text: name === "" ? file : `${file}::${name}` };
}

const isOnnx = (file: string): boolean => extname(file).toLowerCase() === ".onnx";

function checkFile(file: string, written: string): void {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw new UsageError(`no file ${written}`, similarFile(file));
  if (stat.isDirectory()) throw new UsageError(`${written} is a folder: expected a .py or .onnx file`);
  if (extname(file) !== ".py" && !isOnnx(file))
    throw new UsageError(`${written} is no Python file: expected a name that ends in .py, or an .onnx file`);
}

function similarFile(file: string): string | undefined {
  try {
    const names = readdirSync(dirname(file)).filter((name) => name.endsWith(".py"));
    const guess = nearest(basename(file), names);
    return guess && `did you mean ${relative(process.cwd(), join(dirname(file), guess))}?`;
  } catch {
    return `there is no folder ${dirname(file)}`;
  }
}

/** --input 'x=float32[2,16], y=int64[2]<10', once or several times, as names and values. */
export function parseInputs(written: readonly string[]): Record<string, string> {
  const inputs: Record<string, string> = {};
  for (const text of written) {
    for (const part of splitTop(text)) {
      const match = /^\s*([\p{L}_][\p{L}\p{N}_]*)\s*=(?!=)\s*(.+?)\s*$/su.exec(part);
      if (!match) {
        throw new UsageError(
          `--input '${text}' is not understood at '${part.trim()}'`,
          "expected NAME=DTYPE[SIZES], such as --input 'x=float32[2,16,64]' or --input 'tokens=int64[2,16]<100'",
        );
      }
      inputs[match[1]!] = match[2]!;
    }
  }
  return inputs;
}

/** Splits at commas that stand outside of brackets and quotes. */
export function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (quote !== "") {
      if (character === "\\") index++;
      else if (character === quote) quote = "";
    } else if (character === '"' || character === "'") {
      quote = character;
    } else if ("([{".includes(character)) {
      depth++;
    } else if (")]}".includes(character)) {
      depth--;
    } else if (character === "," && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  const last = text.slice(start);
  return last.trim() === "" && parts.length > 0 ? parts : [...parts, last];
}
