/**
 * ONNX's operators know real numbers only: a complex value is two values of its graph, the real and the imaginary part. What
 * treats both alike is translated once for each, by a view of the recording in which every complex value is its part.
 */
import { realOf } from "../../ops/complex.ts";
import type { GraphBuilder, Name } from "./builder.ts";
import { Call, type Translation, type Translator, type Varying } from "./context.ts";
import type { RecordedCall, RecordedValue, ValueId } from "./record.ts";
import type { SizeOrNumber } from "./sizes.ts";

/** Real and imaginary part. */
export type Parts = readonly [Name, Name];
type Which = 0 | 1;

export const isComplexValue = ({ dtype }: RecordedValue): boolean => dtype.kind === "complex";

/** Every second number of these bytes, from the first or from the second on. */
export function partOfBytes(bytes: Uint8Array, size: number, which: Which): Uint8Array {
  const out = new Uint8Array(bytes.length / 2);
  for (let to = 0; to < out.length; to += size) {
    const from = 2 * to + which * size;
    out.set(bytes.subarray(from, from + size), to);
  }
  return out;
}

class PartTranslation implements Translation {
  readonly graph: GraphBuilder;
  readonly values: readonly RecordedValue[];
  readonly #whole: Translation;
  readonly #which: Which;
  /** Real values that take a complex one's place: their imaginary part is zero. */
  readonly #joining: ReadonlySet<ValueId>;

  constructor(whole: Translation, which: Which, { touched, joining }: Roles) {
    this.graph = whole.graph;
    this.#whole = whole;
    this.#which = which;
    this.#joining = joining;
    const values: RecordedValue[] = [];
    for (const id of touched) {
      const value = whole.values[id]!;
      values[id] = isComplexValue(value) ? { ...value, dtype: realOf(value.dtype) } : value;
    }
    this.values = values;
  }

  nameOf(id: ValueId): Name {
    if (isComplexValue(this.#whole.values[id]!)) return this.#whole.partsOf(id)[this.#which];
    const name = this.#whole.nameOf(id);
    if (this.#which === 0 || !this.#joining.has(id)) return name;
    const zero = this.graph.number(this.values[id]!.dtype, 0);
    return this.graph.add("Expand", [zero, this.graph.add("Shape", [name])]);
  }

  partsOf(id: ValueId): Parts {
    return this.#whole.partsOf(id);
  }

  isConstant(id: ValueId): boolean {
    return this.#whole.isConstant(id);
  }

  openBody(): never {
    throw new Error("no op does the same to both parts and opens a body");
  }

  closeBody(): never {
    return this.openBody();
  }

  takeBody(): never {
    return this.openBody();
  }

  get packed(): Translation["packed"] {
    return this.#whole.packed;
  }

  varies(id: ValueId): boolean {
    return this.#whole.varies(id);
  }

  usesOf(id: ValueId): number {
    return this.#whole.usesOf(id);
  }

  bytesOf(id: ValueId): Uint8Array {
    const bytes = this.#whole.bytesOf(id);
    const whole = this.#whole.values[id]!;
    return isComplexValue(whole) ? partOfBytes(bytes, whole.dtype.size / 2, this.#which) : bytes;
  }

  shapeOf(id: ValueId): readonly SizeOrNumber[] {
    return this.#whole.shapeOf(id);
  }
}

interface Roles {
  touched: ReadonlySet<ValueId>;
  joining: ReadonlySet<ValueId>;
}

/** Arguments that stand beside complex numbers, not indices or masks. */
const JOINING = new Set(["tensors", "src", "source", "values", "value"]);

function rolesOf({ record, arguments: given, results }: RecordedCall): Roles {
  const [touched, joining] = [new Set<ValueId>(results), new Set<ValueId>()];
  given.forEach((argument, position) => {
    const ids = "value" in argument ? [argument.value] : "values" in argument ? argument.values : [];
    for (const id of ids) {
      if (id === null) continue;
      touched.add(id);
      if (JOINING.has(record.signature.arguments[position]!.name)) joining.add(id);
    }
  });
  return { touched, joining };
}

/** The same for both parts: what comes out of a translator of real numbers, twice. */
export function forEachPart(
  translation: Translation,
  recorded: RecordedCall,
  varying: Varying,
  translator: Translator,
): Parts[] {
  const roles = rolesOf(recorded);
  const [re, im] = ([0, 1] as const).map((which) => {
    const made = translator(new Call(new PartTranslation(translation, which, roles), recorded, varying));
    return Array.isArray(made) ? made : [made];
  }) as [Name[], Name[]];
  return re.map((name, i) => [name, im[i]!]);
}
