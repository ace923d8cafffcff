/**
 * Sizes that depend on dynamic dimensions: what a number of a recording is in terms of the inputs' sizes, found by
 * comparing recordings that were made with different sizes. Refuses to guess: what fits no form is an error.
 */

/** In the place of an axis: the largest number in the input, as what is padded to the longest of several lengths has it. */
export const LARGEST = -1;

/** A dynamic dimension: which input, which axis or LARGEST, and how large it was in each recording. */
export interface DynamicDimension {
  name: string;
  input: string;
  axis: number;
  sizes: number[];
}

/** A dimension as it was recorded: every place where it stands, as input and axis. */
export interface RecordedDimension {
  name: string;
  places: [string, number][];
  sizes: number[];
}

/** One place is enough to compute with. */
export function dimensionsOf(recorded: readonly RecordedDimension[]): DynamicDimension[] {
  return recorded.map(({ name, places, sizes }) => {
    const [input, axis] = places[0]!;
    return { name, input, axis, sizes };
  });
}

/** numerator of products of dimensions, divided and rounded down: (Σ factor·Π dims·Π sizes + constant) // divisor. */
export interface Size {
  terms: { factor: number; dims: number[]; sizes?: Size[] }[];
  constant: number;
  divisor: number;
}

export type SizeOrNumber = number | Size;

export const isDynamic = (size: SizeOrNumber): size is Size => typeof size !== "number";

export const plainDimension = (size: SizeOrNumber): number | null => {
  if (!isDynamic(size) || size.constant !== 0 || size.divisor !== 1 || size.terms.length !== 1) return null;
  const [{ factor, dims, sizes = [] }] = size.terms as [Size["terms"][number]];
  return factor === 1 && dims.length === 1 && sizes.length === 0 ? dims[0]! : null;
};

/** A number that follows from a size: of `size / divisor` itself, its reciprocal, its root, ... */
export interface SizedNumber {
  size: Size;
  divisor: number;
  form: "itself" | "reciprocal" | "root" | "reciprocal root" | "logarithm";
}

/** What turns a number of each form back into a size. */
const UNDO: Record<SizedNumber["form"], (value: number) => number> = {
  itself: (value) => value,
  reciprocal: (value) => 1 / value,
  root: (value) => value ** 2,
  "reciprocal root": (value) => value ** -2,
  logarithm: Math.exp,
};

const DIVISORS = [1, 2, 3, 4, 8, 16];

const MOST_DIVISOR = 64;
/** What people write divides a size itself, or is three halves of it: other fractions fit by chance. */
const isLikely = (factor: number, divisor: number): boolean => factor === 1 || (factor > 0 && divisor <= 4);

/**
 * What these values are, one per recording; the dimensions' sizes are in the same order. The first recording has the
 * usual sizes; each dimension was changed alone at least twice, and all of them together at least once.
 */
export function fitSize(values: readonly number[], dimensions: readonly DynamicDimension[]): SizeOrNumber | null {
  const first = values[0]!;
  if (values.every((value) => value === first)) return first;
  for (const candidate of candidates(values, dimensions, involvedIn(values, dimensions))) {
    if (values.every((value, run) => evaluate(candidate, dimensions, run) === value)) return candidate;
  }
  return null;
}

/** Every likely formula of one dimension that fits, quotients among them; those that are the same everywhere once. */
export function fittingFormulas(
  values: readonly number[],
  dimensions: readonly DynamicDimension[],
  dimension: number,
): Size[] {
  const found = new Map<string, Size>();
  for (const candidate of candidates(values, dimensions, [dimension])) {
    if (!values.every((value, run) => evaluate(candidate, dimensions, run) === value)) continue;
    const isMultiple = candidate.terms[0]!.sizes !== undefined;
    // Exact over all that was seen: no quotient is meant.
    if (candidate.divisor === 1 && !isMultiple) return [candidate];
    if (isMultiple || !isLikely(candidate.terms[0]!.factor, candidate.divisor)) continue;
    const base = dimensions[dimension]!.sizes[0]!;
    const key = Array.from({ length: MOST_DIVISOR * 4 }, (_, i) => evaluateAt(candidate, base + i)).join();
    if (!found.has(key)) found.set(key, candidate);
  }
  const factor = commonFactor(values);
  if (found.size > 0 || factor < 2) return [...found.values()];
  return fittingFormulas(
    values.map((value) => value / factor),
    dimensions,
    dimension,
  );
}

/** The first recording and those in which this dimension alone has another size. */
export function runsAlone(dimensions: readonly DynamicDimension[], dimension: number): number[] {
  return [...dimensions[0]!.sizes.keys()].filter((run) =>
    dimensions.every(({ sizes }, other) => other === dimension || sizes[run] === sizes[0]),
  );
}

/** What a formula of one dimension is at some size of it. */
export function evaluateAt({ terms, constant, divisor }: Size, size: number): number {
  return Math.floor(terms.reduce((sum, { factor }) => sum + factor * size, constant) / divisor);
}

/** Dimensions that, changed alone, change the value. */
export function involvedIn(values: readonly number[], dimensions: readonly DynamicDimension[]): number[] {
  return dimensions.flatMap((_, index) => (dependsOn(values, dimensions, index) ? [index] : []));
}

/** The same for numbers that need not be whole: a mean's divisor, 1 / sqrt(n); null where none of the forms fits. */
export function fitNumber(
  values: readonly number[],
  dimensions: readonly DynamicDimension[],
  tolerance = 1e-9,
): SizedNumber | null {
  for (const [form, undo] of Object.entries(UNDO) as [SizedNumber["form"], (value: number) => number][]) {
    for (const divisor of DIVISORS) {
      const whole = values.map((value) => undo(value) * divisor);
      const rounded = whole.map(Math.round);
      if (!whole.every((value, i) => Math.abs(value - rounded[i]!) <= tolerance * Math.abs(value))) continue;
      const size = fitSize(rounded, dimensions);
      if (size !== null && isDynamic(size)) return { size, divisor, form };
    }
  }
  return null;
}

export function evaluate(size: SizeOrNumber, dimensions: readonly DynamicDimension[], run: number): number {
  if (!isDynamic(size)) return size;
  let sum = size.constant;
  for (const { factor, dims, sizes = [] } of size.terms) {
    const product = dims.reduce((n, d) => n * dimensions[d]!.sizes[run]!, factor);
    sum += sizes.reduce((n, part) => n * evaluate(part, dimensions, run), product);
  }
  return Math.floor(sum / size.divisor);
}

/** Does the value change in a recording where this dimension alone has another size? */
function dependsOn(values: readonly number[], dimensions: readonly DynamicDimension[], index: number): boolean {
  return values.some((value, run) => {
    const isAlone = dimensions.every(({ sizes }, other) => (sizes[run] !== sizes[0]) === (other === index));
    return isAlone && value !== values[0];
  });
}

/** From the simplest on: c·a, a + k, (c·a + k) // m, (a // m)·(b // n), (c·a·b + k) // m, a + b + k. */
function* candidates(
  values: readonly number[],
  dimensions: readonly DynamicDimension[],
  involved: readonly number[],
): Generator<Size> {
  if (involved.length === 0) return;
  const product = (run: number): number => involved.reduce((n, d) => n * dimensions[d]!.sizes[run]!, 1);
  const slope = slopeOf(values, product);
  if (slope !== null) {
    const constant = values[0]! - slope * product(0);
    if (Number.isInteger(slope)) yield { terms: [{ factor: slope, dims: [...involved] }], constant, divisor: 1 };
    if (involved.length === 2) yield* productsOfTwo(values, dimensions, involved as [number, number]);
    const found = quotients(values[0]!, product(0), slope, [...involved]);
    yield* found.likely;
    yield* multiples(values, dimensions);
    yield* found.others;
  }
  const terms = involved.map((d) => {
    const own = slopeOf(
      values,
      (run) => dimensions[d]!.sizes[run]!,
      (run) => dimensions.every(({ sizes }, other) => other === d || sizes[run] === sizes[0]),
    );
    return { factor: own ?? NaN, dims: [d] };
  });
  if (terms.every(({ factor }) => Number.isInteger(factor))) {
    const sum = terms.reduce((n, { factor, dims }) => n + factor * dimensions[dims[0]!]!.sizes[0]!, 0);
    yield { terms, constant: values[0]! - sum, divisor: 1 };
  }
  yield* multiples(values, dimensions);
}

/** What all values are multiples of, times a formula: channels times pixels. */
function* multiples(values: readonly number[], dimensions: readonly DynamicDimension[]): Generator<Size> {
  const factor = commonFactor(values);
  if (factor < 2) return;
  const found = fitSize(
    values.map((value) => value / factor),
    dimensions,
  );
  if (found === null || !isDynamic(found)) return;
  yield { terms: [{ factor, dims: [], sizes: [found] }], constant: 0, divisor: 1 };
}

function commonFactor(values: readonly number[]): number {
  return values.reduce((a, b) => {
    while (b !== 0) [a, b] = [b, a % b];
    return Math.abs(a);
  }, 0);
}

/** Of a formula of one dimension by one of the other, such as the pixels of a smaller image; where it can be, of the same formula. */
function* productsOfTwo(
  values: readonly number[],
  dimensions: readonly DynamicDimension[],
  [a, b]: [number, number],
): Generator<Size> {
  const whole = values[0]!;
  const found: [Size, Size][] = [];
  for (let own = 1; own <= whole; own++) {
    if (whole % own !== 0) continue;
    const first = fitAlone(values, dimensions, a, own / whole);
    const second = first && fitAlone(values, dimensions, b, 1 / own);
    if (second) found.push([first, second]);
  }
  const law = ({ terms, constant, divisor }: Size): string =>
    JSON.stringify([terms.map(({ factor }) => factor), constant, divisor]);
  const isAlike = ([first, second]: [Size, Size]): boolean => law(first) === law(second);
  for (const sizes of [...found.filter(isAlike), ...found.filter((pair) => !isAlike(pair))]) {
    yield { terms: [{ factor: 1, dims: [], sizes }], constant: 0, divisor: 1 };
  }
}

/** What `scale` times the value is of one dimension, by the recordings where it alone was changed. */
function fitAlone(
  values: readonly number[],
  dimensions: readonly DynamicDimension[],
  dimension: number,
  scale: number,
): Size | null {
  const runs = runsAlone(dimensions, dimension);
  const scaled = runs.map((run) => values[run]! * scale);
  const rounded = scaled.map(Math.round);
  if (scaled.some((value, i) => Math.abs(value - rounded[i]!) > 1e-9)) return null;
  const { sizes, ...place } = dimensions[dimension]!;
  const found = fitSize(rounded, [{ ...place, sizes: runs.map((run) => sizes[run]!) }]);
  if (found === null || !isDynamic(found)) return null;
  return { ...found, terms: found.terms.map((term) => ({ ...term, dims: term.dims.map(() => dimension) })) };
}

/**
 * (factor * product + constant) // divisor, where rounding leaves the slope known only roughly: n // m first and what counts
 * the rest as one more, then other likely ones, then all others.
 */
function quotients(value: number, product: number, slope: number, dims: number[]): Record<"likely" | "others", Size[]> {
  const [simple, likely, others]: [Size[], Size[], Size[]] = [[], [], []];
  for (let divisor = 2; divisor <= MOST_DIVISOR; divisor++) {
    const rough = slope * divisor;
    for (const factor of new Set([Math.round(rough), Math.floor(rough), Math.ceil(rough)])) {
      if (factor === 0) continue;
      const base = value * divisor - factor * product;
      for (let constant = base; constant < base + divisor; constant++) {
        const size: Size = { terms: [{ factor, dims }], constant, divisor };
        const isSimple = constant === 0 || constant === divisor - 1;
        (!isLikely(factor, divisor) ? others : isSimple ? simple : likely).push(size);
      }
    }
  }
  return { likely: [...simple, ...likely], others };
}

/** Between the first recording and the one in which `of` differs most from it. */
function slopeOf(
  values: readonly number[],
  of: (run: number) => number,
  isWanted: (run: number) => boolean = () => true,
): number | null {
  let best: number | null = null;
  let distance = 0;
  values.forEach((value, run) => {
    const change = of(run) - of(0);
    if (!isWanted(run) || Math.abs(change) <= distance) return;
    distance = Math.abs(change);
    best = (value - values[0]!) / change;
  });
  return best;
}

/** As the name of a dimension: "2*batch + 1", "(h // 4)*(w // 4)". */
export function sizeText(size: SizeOrNumber, dimensions: readonly DynamicDimension[]): string {
  if (!isDynamic(size)) return String(size);
  const parts = size.terms.map(({ factor, dims, sizes = [] }) => {
    const plain = dims.map((d) => dimensions[d]!.name);
    const names = [...plain, ...sizes.map((part) => factorText(part, dimensions))].join("*");
    return factor === 1 ? names : `${factor}*${names}`;
  });
  if (size.constant !== 0) parts.push(String(size.constant));
  const sum = parts.join(" + ");
  return size.divisor === 1 ? sum : `(${sum}) // ${size.divisor}`;
}

function factorText(size: Size, dimensions: readonly DynamicDimension[]): string {
  const text = sizeText(size, dimensions);
  return plainDimension(size) === null ? `(${text})` : text;
}
