/** All verbs, in the order of the help. */
import type { Command } from "./command.ts";
import { devices } from "./devices.ts";
import { distill } from "./distill.ts";
import { exportCommand } from "./export.ts";
import { graph } from "./graph.ts";
import { inspect } from "./inspect.ts";
import { profile } from "./profile.ts";
import { python } from "./python.ts";
import { prune } from "./prune.ts";
import { quantize } from "./quantize.ts";
import { run } from "./run.ts";
import { shapes } from "./shapes.ts";

export const COMMANDS: readonly Command[] = [
  run,
  profile,
  shapes,
  graph,
  quantize,
  prune,
  distill,
  exportCommand,
  inspect,
  python,
  devices,
];
