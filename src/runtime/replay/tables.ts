/**
 * Functions of one tensor of codes, whatever steps they take, as one look at a table: 256 bytes, filled by running these steps on
 * every code that there is. So GELU between roundings, a dozen of operators in a file, is one pass over bytes, with the same bytes.
 */
import { int8, uint8, type DType } from "../dtype.ts";
import { writeBytes } from "../launch.ts";
import { bytesOf, isLast, mapInt8 } from "../ops/quantized_maps.ts";
import { sameShape } from "../shape.ts";
import { empty, type Tensor } from "../tensor.ts";
import { ElementwiseStep } from "./fuse.ts";
import { CallStep, type Step } from "./plan.ts";
import type { ValueId } from "./recorder.ts";

const isCode = (dtype: DType): boolean => dtype === int8 || dtype === uint8;

/** Ops besides elementwise ones that make each code of codes in the same place, and where they read something else. */
const OF_CODES: Record<string, readonly number[]> = { _add_int8: [], _mul_int8: [], _map_int8: [1] };

/** The codes that a value is computed from, and by which steps. */
interface Origin {
  codes: ValueId;
  steps: readonly Step[];
}

/** What the pass knows of values that are the same each time: small ones are read into tables. */
export interface Fixed {
  tensor(id: ValueId): Tensor | null;
  /** A table was computed from it. */
  use(id: ValueId): void;
  /** The number of a tensor that was made for good. */
  keep(t: Tensor): ValueId;
}

class TableStep implements Step {
  readonly name = "look_up";
  readonly reads: readonly ValueId[];
  readonly makes: readonly ValueId[];

  constructor(codes: ValueId, table: ValueId, made: ValueId) {
    this.reads = [codes, table];
    this.makes = [made];
  }

  run(values: readonly (Tensor | null)[]): readonly Tensor[] {
    return [mapInt8(values[this.reads[0]!]!, values[this.reads[1]!]!) as Tensor];
  }
}

export function lookUpFunctions(steps: readonly Step[], tensors: readonly Tensor[], fixed: Fixed): Step[] {
  const origins = new Map<ValueId, Origin>();
  const originOf = (id: ValueId): Origin | null => {
    const known = origins.get(id);
    if (known) return known;
    const t = tensors[id];
    return t && isCode(t.dtype) && !fixed.tensor(id) && isDense(t) ? { codes: id, steps: [] } : null;
  };
  return steps.map((step) => {
    const found = originOfStep(step, tensors, fixed, originOf);
    if (!found) return step;
    const made = step.makes[0]!;
    origins.set(made, found);
    const [from, to] = [tensors[found.codes]!, tensors[made]!];
    const isLong = found.steps.length > 1 || step instanceof ElementwiseStep;
    if (!isLong || from.dtype !== to.dtype || from.device.stream?.has("map_int8") !== true) return step;
    return new TableStep(found.codes, fixed.keep(tableOf(found, from, fixed)), made);
  });
}

const isDense = (t: Tensor): boolean => t.isContiguous || isLast(t);

/** Where each of its numbers hangs on one code in the same place. */
function originOfStep(
  step: Step,
  tensors: readonly Tensor[],
  fixed: Fixed,
  originOf: (id: ValueId) => Origin | null,
): Origin | null {
  const others = step instanceof CallStep ? OF_CODES[step.name] : step instanceof ElementwiseStep ? [] : undefined;
  const made = step.makes[0]!;
  if (!others || step.makes.length !== 1 || !tensors[made]) return null;
  let codes: ValueId | null = null;
  const before = new Set<Step>();
  for (const [i, id] of step.reads.entries()) {
    const constant = fixed.tensor(id);
    if (constant && (others.includes(i) || (step instanceof ElementwiseStep && constant.numel === 1))) continue;
    const origin = originOf(id);
    if (!origin || (codes ?? origin.codes) !== origin.codes) return null;
    if (!sameShape(tensors[id]!.shape, tensors[made].shape)) return null;
    codes = origin.codes;
    for (const each of origin.steps) before.add(each);
  }
  return codes === null ? null : { codes, steps: [...before, step] };
}

function tableOf({ codes, steps }: Origin, like: Tensor, fixed: Fixed): Tensor {
  const every = empty([256], uint8, like.device);
  writeBytes(
    every,
    Uint8Array.from({ length: 256 }, (_, byte) => byte),
  );
  const values: (Tensor | null)[] = [];
  values[codes] = bytesOf(every, like.dtype);
  for (const step of steps) {
    for (const id of step.reads) {
      const constant = fixed.tensor(id);
      if (!constant) continue;
      values[id] = constant;
      fixed.use(id);
    }
    values[step.makes[0]!] = step.run(values)[0]!;
  }
  return bytesOf(values[steps.at(-1)!.makes[0]!]!, uint8);
}
