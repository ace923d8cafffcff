/** How a model is to be quantized: chosen once per target, remembered in the workspace, turned into a request. Pure. */
import type { QuantizeRequest, Scheme } from "../protocol/compress.ts";
import type { TargetRequest } from "../protocol/rpc.ts";
import { type Asked, DEFAULT_CHOICES, FILE_SCHEMES, type QuantizeChoices } from "../protocol/views/quantize.ts";
import type { Memory } from "./inputs.ts";
import { type Target, targetKey } from "./target.ts";

const KEY = "layerwise.quantizeChoices";

export class ChoiceMemory {
  private readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  of(target: Target): QuantizeChoices {
    return { ...defaultsOf(target), ...this.all()[targetKey(target)] };
  }

  /** Only what differs from the defaults is kept, so that better defaults reach everyone. */
  async change(target: Target, change: Partial<QuantizeChoices>): Promise<void> {
    const chosen = { ...this.of(target), ...change };
    const defaults = defaultsOf(target);
    const kept = Object.entries(chosen).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name as keyof QuantizeChoices]),
    );
    const { [targetKey(target)]: _, ...others } = this.all();
    const entry = kept.length === 0 ? {} : { [targetKey(target)]: Object.fromEntries(kept) };
    await this.memory.update(KEY, { ...others, ...entry });
  }

  private all(): Record<string, Partial<QuantizeChoices>> {
    return this.memory.get<Record<string, Partial<QuantizeChoices>>>(KEY) ?? {};
  }
}

function defaultsOf({ kind }: Target): QuantizeChoices {
  if (kind !== "model") return DEFAULT_CHOICES;
  const schemes = DEFAULT_CHOICES.schemes.filter((scheme) => FILE_SCHEMES.includes(scheme));
  return { ...DEFAULT_CHOICES, schemes };
}

export type QuantizeFields = Omit<QuantizeRequest, Exclude<keyof TargetRequest, "weights">>;

export interface QuantizeHow {
  /** One scheme alone. */
  only?: Scheme;
  sensitivity?: boolean;
  file?: string;
}

/** The data and the judge, which prunings and distillations take too. */
export function proofFields(choices: QuantizeChoices): Partial<QuantizeFields> {
  const { data, prepare, samples, metric, weights } = choices;
  return Object.fromEntries(
    Object.entries({ data, prepare, samples, metric, weights }).filter(([, value]) => value !== null),
  );
}

/**
 * The request of a pruning or a distillation. Views clear a field by nothing, "" or no steps: then it is left to the runtime.
 */
export function askedFields(asked: Asked, choices: QuantizeChoices): object {
  const isLeft = ([name, value]: [string, unknown]): boolean =>
    value === "" || value === false || (name === "steps" && value === 0);
  // 2:4 says by itself how many go.
  const isOfShares = !("pattern" in asked) || !asked.pattern.includes(":");
  const own = Object.entries(asked).filter((entry) => !isLeft(entry));
  const free = isOfShares ? own : own.filter(([name]) => name !== "amount" && name !== "global");
  return { ...Object.fromEntries(free), ...proofFields(choices) };
}

/** Of what a pruning or a distillation was made with, what its own settings say. */
export function askedOf(madeWith: object): Asked {
  const shared = new Set(["data", "prepare", "samples", "metric", "weights", "file"]);
  return Object.fromEntries(Object.entries(madeWith).filter(([name]) => !shared.has(name))) as unknown as Asked;
}

/** The part of a request that the choices decide; what is left to the runtime is left out. */
export function quantizeFields(choices: QuantizeChoices, how: QuantizeHow = {}): QuantizeFields {
  const { schemes, method, observer, perChannel, keep, keepAs, ...optional } = choices;
  const chosen = Object.entries(optional).filter(([, value]) => value !== null);
  return {
    schemes: how.only ? [how.only] : schemes,
    method,
    observer,
    perChannel,
    ...(Object.fromEntries(chosen) as Partial<QuantizeFields>),
    ...(keep.length === 0 ? {} : { keep }),
    ...(keepAs === "float32" ? {} : { keepAs }),
    ...(how.sensitivity ? { sensitivity: true } : {}),
    ...(how.file === undefined ? {} : { file: how.file }),
  };
}
