/** What a verb works with: one interpreter, one core, and the run at hand. Knows no verb. */
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import type { TargetRequest, Verb, Verbs } from "../protocol/rpc.ts";
import type { Failure } from "../protocol/source.ts";
import type { CoreSide, Interpreter } from "./python/interpreter.ts";
import { toVirtualPath } from "./python/host_paths.ts";
import { aboveItsPackage } from "./paths.ts";
import { findSitePackages } from "./python/environments.ts";

/** A request that cannot be carried out: the answer is its failure. */
export class RequestRefused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A target, parsed, with its file visible to Python. */
export interface OpenTarget {
  /** Absolute path on the host. */
  file: string;
  /** The same file as Python sees it. */
  path: string;
  /** "GPT" of "model.py::GPT"; "" for the file itself. */
  name: string;
  /** The import root as Python sees it. */
  root: string;
}

/** How a verb tells what it is doing while it works. */
export interface Report {
  progress(message: string, fraction?: number): void;
  /** What user code has printed to standard output in this request, at most a mebibyte of it. */
  stdout(): string;
}

export interface Session<C extends CoreSide = CoreSide> {
  readonly core: C;
  readonly interpreter: Interpreter;
  /** Where saved starts and other caches are kept; null: nowhere. */
  readonly cacheFolder: string | null;
  /**
   * A clean interpreter that sees the request's workspace and environment. Each verb that runs user code begins with
   * it.
   */
  open(request: TargetRequest): OpenTarget;
  /**
   * The same workspace again without a reset, for verbs that tidy up after themselves; a clean interpreter where the last
   * one did not keep it tidy, or another workspace or environment is asked for.
   */
  reopen(request: TargetRequest): OpenTarget;
  /** Told by a verb before it ends: does it leave an interpreter that `reopen` may go on with? */
  keep(isTidy: boolean): void;
  /** What a verb leaves to be done once its answer is on its way. */
  afterwards: (() => void) | null;
}

export type VerbHandler<V extends Verb = Verb, C extends CoreSide = CoreSide> = (
  session: Session<C>,
  request: Verbs[V]["request"],
  report: Report,
) => Promise<Verbs[V]["result"]> | Verbs[V]["result"];

export type VerbTable<C extends CoreSide = CoreSide> = { [V in Verb]?: VerbHandler<V, C> };

/** Splits "model.py::GPT". A Windows drive keeps its single colon. */
export function splitTarget(target: string): { file: string; name: string } {
  const cut = target.indexOf("::");
  return cut < 0 ? { file: target, name: "" } : { file: target.slice(0, cut), name: target.slice(cut + 2) };
}

export class PythonSession<C extends CoreSide = CoreSide> implements Session<C> {
  readonly core: C;
  readonly interpreter: Interpreter;
  readonly cacheFolder: string | null;
  afterwards: (() => void) | null = null;
  /** A fresh interpreter needs no reset before its first run. */
  private isClean = true;
  /** What the interpreter shows, when it may be used again as it is. */
  private kept = "";
  private shown = "";

  constructor(core: C, interpreter: Interpreter, cacheFolder: string | null) {
    this.core = core;
    this.interpreter = interpreter;
    this.cacheFolder = cacheFolder;
  }

  open(request: TargetRequest): OpenTarget {
    const target = this.locate(request);
    if (!this.isClean) this.interpreter.reset();
    this.isClean = false;
    this.kept = "";
    const { root } = target;
    const environment = findSitePackages(request.env, root, dirname(target.file));
    this.interpreter.mountWorkspace({ root, writable: request.writable ?? false, overlay: request.overlay });
    this.interpreter.setEnvironment(environment);
    if (environment !== null) this.core.useEnvironment?.(environment);
    this.interpreter.call("layerwise.runner:use_root", toVirtualPath(root));
    this.shown = JSON.stringify([root, environment, request.writable ?? false]);
    return inside(target);
  }

  reopen(request: TargetRequest): OpenTarget {
    const target = this.locate(request);
    const environment = findSitePackages(request.env, target.root, dirname(target.file));
    const wanted = [target.root, environment, request.writable ?? false];
    const isSame = this.kept !== "" && this.kept === JSON.stringify(wanted);
    this.kept = "";
    if (!isSame) return this.open(request);
    this.interpreter.setOverlay(request.overlay);
    return inside(target);
  }

  keep(isTidy: boolean): void {
    this.kept = isTidy ? this.shown : "";
  }

  /** Where the target lies on the host. */
  private locate(request: TargetRequest): { file: string; name: string; root: string } {
    const { file: named, name } = splitTarget(request.target);
    const file = resolve(named);
    const isUnsaved = Object.hasOwn(request.overlay ?? {}, file);
    if (!isUnsaved && !existsSync(file)) {
      const hint = "Give the path of a Python file, relative to the current folder";
      throw refusal("unknown-target", `${named} does not exist`, hint);
    }
    if (!isUnsaved && !statSync(file).isFile()) throw refusal("unknown-target", `${named} is not a file`);
    return { file, name, root: workspaceOf(request, file) };
  }
}

function inside({ file, name, root }: { file: string; name: string; root: string }): OpenTarget {
  return { file, path: toVirtualPath(file), name, root: toVirtualPath(root) };
}

/** The named workspace when the file lies in it, otherwise the file's own folder, or the one that holds its package. */
function workspaceOf(request: TargetRequest, file: string): string {
  const root = request.workspace === undefined ? "" : resolve(request.workspace);
  if (root !== "" && dirname(root) !== root && contains(root, file)) return root;
  return aboveItsPackage(dirname(file));
}

function contains(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

function refusal(type: string, message: string, hint?: string): RequestRefused {
  return new RequestRefused({ kind: "usage", type, message, ...(hint ? { hint } : {}) });
}
