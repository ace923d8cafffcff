/** The verbs of the runtime: one file each. */
import type { VerbTable } from "../session.ts";
import { analyse } from "./analyse.ts";
import { describe } from "./describe.ts";
import { devices } from "./devices.ts";
import { distill } from "./distill.ts";
import { exportModel } from "./export.ts";
import { graph } from "./graph.ts";
import { inspect } from "./inspect.ts";
import { profile } from "./profile.ts";
import { prune } from "./prune.ts";
import { python } from "./python.ts";
import { quantize } from "./quantize.ts";
import { run } from "./run.ts";
import { shapes } from "./shapes.ts";
import type { VerbCore } from "./core.ts";

export const verbs: VerbTable<VerbCore> = {
  analyse,
  describe,
  devices,
  distill,
  export: exportModel,
  graph,
  inspect,
  profile,
  prune,
  python,
  quantize,
  run,
  shapes,
};
