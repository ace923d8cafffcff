/** What the language server and its client say to each other beyond the protocol. Plain data. */
import type { TargetKind } from "./outline/outline.ts";

/** Told once, when the server starts. */
export interface StartOptions {
  /** The runtime's bundle, of which the hints process is made. */
  runtimeFile: string;
  /** Folders that the hints process may read beside the workspace: the extension itself. */
  readable: string[];
  settings: HintSettings;
  arguments: GivenArguments;
}

/** The `layerwise.*` settings that the server reads, nested as VS Code nests them. */
export interface HintSettings {
  environment: string;
  hints: {
    enabled: boolean;
    assignments: boolean;
    returns: boolean;
    loops: boolean;
    names: boolean;
  };
  diagnostics: { enabled: boolean };
  hover: { enabled: boolean };
}

export const DEFAULT_SETTINGS: HintSettings = {
  environment: "",
  hints: { enabled: true, assignments: true, returns: true, loops: true, names: true },
  diagnostics: { enabled: true },
  hover: { enabled: true },
};

/** What the user chose for a target, by "/w/model.py::GPT". */
export type GivenArguments = Record<string, { init?: string; inputs?: Record<string, string> }>;

/** Client to server: the user edited or forgot arguments. */
export const ARGUMENTS_CHANGED = "layerwise/argumentsChanged";

/** Client to server: the newest shapes wanted now, waiting for them. For tests and commands: answers when all is known. */
export const WAIT_FOR_ANALYSIS = "layerwise/waitForAnalysis";

/** Server to client: what is being found out about a file, for the status item. */
export const ANALYSIS_STATE = "layerwise/analysisState";

export interface AnalysisState {
  uri: string;
  state: "working" | "done" | "partial";
  /** One sentence where there is less than asked for. */
  sentence?: string;
}

/** A lens stands above a target; what it says is the client's business. The command's only argument. */
export const TARGET_LENS = "layerwise.target";

export interface LensTarget {
  file: string;
  name: string;
  kind: TargetKind;
}
