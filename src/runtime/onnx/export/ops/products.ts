/** The ops that multiply two matrices or vectors: what each calls the two, of real numbers and complex ones alike. */
const FACTORS = {
  mm: ["input", "mat2"],
  bmm: ["input", "mat2"],
  _bmm: ["input", "mat2"],
  matmul: ["input", "other"],
  mv: ["input", "vec"],
  dot: ["input", "tensor"],
} as const;

/** Each of them, made from the names of its two factors. */
export function productsBy<T>(product: (left: string, right: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(FACTORS).map(([op, [left, right]]) => [op, product(left, right)]));
}
