/** A thing that can be run, as the extension passes it around: plain data, so that it can be a command's argument. */
import { basename } from "node:path";
import type { TargetKind } from "../language/outline/outline.ts";

export interface Target {
  /** Absolute path. */
  file: string;
  /** "" for the file as a script. */
  name: string;
  /** "model": a file such as .onnx that is itself what runs. */
  kind: TargetKind | "model";
}

export function modelTarget(file: string): Target {
  return { file, name: "", kind: "model" };
}

/** Results are kept by this: "/w/model.py::GPT". It is also what the runtime is asked for. */
export function targetKey(target: Target): string {
  return target.name === "" ? target.file : `${target.file}::${target.name}`;
}

/** For people: "GPT", "train.py". */
export function targetLabel(target: Target): string {
  return target.name === "" ? basename(target.file) : target.name;
}

/** For people who need to know which file: "model.py::GPT". */
export function longLabel(target: Target): string {
  return target.name === "" ? basename(target.file) : `${basename(target.file)}::${target.name}`;
}

/** Arguments of commands come from outside; anything that is no target is none. */
export function asTarget(value: unknown): Target | undefined {
  const { file, name, kind } = (value ?? {}) as Partial<Target>;
  const isTarget =
    typeof file === "string" &&
    typeof name === "string" &&
    (kind === "class" || kind === "function" || kind === "script" || kind === "model");
  return isTarget ? { file, name, kind } : undefined;
}
