/** The lenses above a class, function or script, from left to right. */
import type { Lens } from "../lens.ts";
import { exportOnnx } from "./export.ts";
import { graph } from "./graph.ts";
import { inputs } from "./inputs.ts";
import { profile } from "./profile.ts";
import { quantize } from "./quantize.ts";
import { run } from "./run.ts";

export const lenses: readonly Lens[] = [run, profile, graph, quantize, exportOnnx, inputs];
