/** Formulas such as "24·B·T·64² + 4·B·T²": sums of products of numbers and the names of dimensions. Pure. */

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** The value for given sizes; null where the formula holds something else. */
export function evaluate(formula: string, sizes: Record<string, number>): number | null {
  let sum = 0;
  for (const product of formula.split(" + ")) {
    let value = 1;
    for (const factor of product.split("·")) {
      const found = factorOf(factor.trim(), sizes);
      if (found === null) return null;
      value *= found;
    }
    sum += value;
  }
  return sum;
}

function factorOf(text: string, sizes: Record<string, number>): number | null {
  const [, base, power] = /^([\p{L}_][\p{L}\p{Nd}_]*|\d+(?:\.\d+)?)([⁰¹²³⁴-⁹]*)$/u.exec(text) ?? [];
  if (base === undefined) return null;
  const value = /^\d/.test(base) ? Number(base) : sizes[base];
  if (value === undefined) return null;
  const exponent = power === "" ? 1 : Number([...power].map((sign) => SUPERSCRIPTS.indexOf(sign)).join(""));
  return value ** exponent;
}
