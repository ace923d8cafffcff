/** The steps that verbs share: open a target, choose its device, have Python build it. Knows no verb. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Setup } from "../../protocol/results.ts";
import type { TargetRequest } from "../../protocol/rpc.ts";
import type { Failure } from "../../protocol/source.ts";
import { cuda } from "../cuda/system.ts";
import { toVirtualPath } from "../python/host_paths.ts";
import type { Json } from "../python/interpreter.ts";
import { failureOf, isOnnxTarget, otherInputs, writtenInputs } from "../onnx/target.ts";
import { type OpenTarget, RequestRefused, type Session, splitTarget } from "../session.ts";
import { coreFunctions, type VerbCore } from "./core.ts";

export const NO_SETUP: Setup = { init: [], inputs: [] };

/** What `layerwise.probe:prepare` answers. */
export interface Prepared {
  setup?: Setup;
  name?: string;
  kind?: "class" | "function";
  parameters?: number;
  parameterBytes?: number;
  failure?: Failure;
}

/** Every function of layerwise.probe answers plain data, or a failure in it. */
export function probe<Answer extends { failure?: Failure }>(
  session: Session,
  name: string,
  ...positional: Json[]
): Answer {
  return session.interpreter.call(`layerwise.probe:${name}`, ...positional) as unknown as Answer;
}

export function open(session: Session<VerbCore>, request: TargetRequest, how: "open" | "reopen" = "open"): OpenTarget {
  const target = session[how](request);
  if (request.threads !== undefined) coreFunctions(session.core).set_threads(request.threads);
  return target;
}

/** A file without a class is a script; a file with one stands for its class. */
export function isScript(session: Session, target: OpenTarget): boolean {
  return (
    probe<{ kind: string; failure?: Failure }>(session, "script_or_target", target.path, target.name).kind === "script"
  );
}

/** "auto" takes a GPU where there is one, nothing leaves it to the program; a device that is not there is the machine's failure. */
export function deviceOf(
  session: Session<VerbCore>,
  request: TargetRequest,
): { device: string } | { failure: Failure } {
  const { device } = session.core;
  cuda.choose(undefined);
  const wanted = request.device === "auto" && cuda.count > 0 ? "cuda:0" : (request.device ?? device);
  if (wanted === "auto") return { device };
  if (wanted === "cpu" || wanted === device) {
    cuda.choose(request.device);
    return { device: wanted };
  }
  if (session.core.cpu && cuda.count > 0) cuda.choose(wanted);
  const answer = probe<{ device?: string; failure?: Failure }>(session, "find_device", wanted);
  if (answer.device !== undefined) return { device: answer.device };
  return { failure: answer.failure ?? { kind: "machine", type: "no-device", message: `no device ${wanted}` } };
}

export function prepare(
  session: Session<VerbCore>,
  target: OpenTarget,
  request: TargetRequest,
  device: string,
): Prepared {
  if (isOnnxTarget(request.target)) {
    try {
      return probe<Prepared>(
        session,
        "prepare_onnx",
        target.path,
        writtenInputs(request),
        otherInputs(request),
        device,
      );
    } catch (error) {
      return { failure: failureOf(error) };
    }
  }
  const prepared = probe<Prepared>(
    session,
    "prepare",
    target.path,
    target.name,
    request.init ?? "",
    request.inputs ?? {},
    device,
    target.root,
  );
  if (prepared.failure || request.weights === undefined) return prepared;
  const { failure } = probe(session, "load_weights", shown(session, request.weights, target.root, "weights"));
  return failure ? { ...prepared, failure } : prepared;
}

/** "FILE", "FILE.py::function" or, of data, a folder of pictures, as {path, shown, function, root}. */
export function shown(session: Session<VerbCore>, named: string, root: string, option: string): Json {
  const { file, name } = splitTarget(named);
  const path = resolve(file);
  const status = statSync(path, { throwIfNoEntry: false });
  const isFolder = option === "data" && name === "" && status?.isDirectory() === true;
  if (!isFolder && !status?.isFile()) {
    const what = option === "data" && name === "" ? "file or folder" : "file";
    const message = `--${option}: there is no ${what} ${file}`;
    throw new RequestRefused({ kind: "usage", type: "unknown-file", message });
  }
  const isPython = /\.py$/i.test(path);
  if ((option === "metric" || option === "prepare" || isPython) && (name === "" || !isPython)) {
    const hint = `such as --${option} ${option}.py::${option}`;
    throw new RequestRefused({
      kind: "usage",
      type: option,
      message: `--${option} '${named}' names no function`,
      hint,
    });
  }
  const inside = toVirtualPath(path);
  const isInside = inside === root || inside.startsWith(`${root}/`);
  const show = (): string => (isFolder ? session.interpreter.showFolder(path) : session.interpreter.showFile(path));
  const seen = isInside ? inside : show();
  return { path: seen, shown: named, function: name, root: isInside ? root : dirname(seen) };
}

/** "/w/model.py::GPT", also when the person named the file alone. */
export function targetText(request: TargetRequest, prepared: Prepared): string {
  return request.target.includes("::") || !prepared.name ? request.target : `${request.target}::${prepared.name}`;
}
