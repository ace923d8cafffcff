/** Numbers as people read them: three significant digits and a unit. Text only; knows no columns and no colours. */

/** 3 significant digits, never in exponent form below 1000: 12.3, 1.23, 123. */
function digits3(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let size = value;
  let unit = 0;
  // 999.5 would round to "1000" of the smaller unit.
  while (Math.abs(size) >= step - 0.5 && unit < units.length - 1) {
    size /= step;
    unit++;
  }
  const isCount = unit === 0 && Number.isInteger(value) && units[0] !== "us";
  return `${isCount ? size : digits3(size)} ${units[unit]}`;
}

/** "12.3 us", "1.23 ms", "4.50 s". */
export function duration(us: number): string {
  if (!Number.isFinite(us)) return "-";
  if (us === 0) return "0";
  return scaled(us, 1000, ["us", "ms", "s"]);
}

/** Powers of 1024: "512 B", "1.50 MiB". */
export function bytes(count: number): string {
  return count === 0 ? "0" : scaled(count, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
}

/** "3.20 J", "412 mJ". */
export function energy(joules: number): string {
  return joules === 0 ? "0" : scaled(joules * 1e6, 1000, ["uJ", "mJ", "J", "kJ"]);
}

/** "12.6 MFLOP". */
export function flops(count: number): string {
  return count === 0 ? "0" : scaled(count, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"]);
}

/** "7.04 M". */
export function count(value: number): string {
  if (Math.abs(value) < 10_000) return Number.isInteger(value) ? String(value) : value.toFixed(1);
  return scaled(value, 1000, ["", "k", "M", "G", "T"]);
}

/** "42.1%", "<0.1%". */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return "<0.1%";
  return `${(share * 100).toFixed(1)}%`;
}

/** "217 GFLOP/s"; "-" without a time. */
export function rate(amount: number, us: number): string {
  if (us <= 0 || amount === 0) return "-";
  return `${flops((amount / us) * 1e6)}/s`;
}
