/**
 * How numbers are written everywhere in Layerwise's views: three significant digits at most, a unit that keeps the
 * number between 1 and 1000, a thin space between. It rounds for reading; exports carry the same text.
 */
const SPACE = "\u202f";

function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return trimZeros(value.toFixed(1));
  return trimZeros(value.toFixed(2));
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return "–";
  let unit = 0;
  let shown = value;
  while (Math.abs(shown) >= base * 0.9995 && unit < units.length - 1) {
    shown /= base;
    unit++;
  }
  return `${threeDigits(shown)}${SPACE}${units[unit]}`.trim();
}

/** 0.4 µs, 812 µs, 1.24 ms, 2.31 s, 3 min 20 s. */
export function formatDuration(us: number): string {
  if (!Number.isFinite(us)) return "–";
  if (us === 0) return "0";
  if (Math.abs(us) >= 60e6) {
    const seconds = Math.round(us / 1e6);
    return `${Math.floor(seconds / 60)}${SPACE}min ${seconds % 60}${SPACE}s`;
  }
  return scaled(us, 1000, ["µs", "ms", "s"]);
}

export function formatBytes(bytes: number): string {
  return bytes === 0 ? "0" : scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
}

export function formatFlops(flops: number): string {
  return flops === 0 ? "0" : scaled(flops, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"]);
}

/** 412 mJ, 3.2 J. */
export function formatEnergy(joules: number): string {
  return joules === 0 ? "0" : scaled(joules * 1e6, 1000, ["µJ", "mJ", "J", "kJ"]);
}

export function formatRate(perSecond: number, unit: string): string {
  return scaled(
    perSecond,
    1000,
    ["", "k", "M", "G", "T"].map((prefix) => `${prefix}${unit}/s`),
  );
}

/** 1,204 in full, 124M when shortened. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return "–";
  if (Math.abs(count) < 1e4) return Math.round(count).toLocaleString("en-US");
  return scaled(count, 1000, ["", "k", "M", "B", "T"]).replace(SPACE, "");
}

export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return "–";
  if (share > 0 && share < 0.0005) return `<0.1${SPACE}%`;
  return `${trimZeros((share * 100).toFixed(1))}${SPACE}%`;
}

/** "2×16×64"; a scalar is "scalar", and a size that is not known before a run is "?". */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.map((size) => (size < 0 ? "?" : size)).join("×");
}

/** The path as it reads below a folder; other paths keep their last two parts. */
export function formatFile(file: string, root: string): string {
  const folder = root && !root.endsWith("/") ? `${root}/` : root;
  if (folder && file.startsWith(folder)) return file.slice(folder.length);
  return file.split(/[\\/]/).slice(-2).join("/");
}

/** Just the file's name. */
export function baseName(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}

/** "model.py::GPT" of "/home/ada/model.py::GPT". */
export function formatTarget(target: string): string {
  const [file = "", ...rest] = target.split("::");
  return [baseName(file), ...rest].join("::");
}

/** For buttons, which stand beside the file anyway: "GPT", or the file's name where it is what runs. */
export function targetName(target: string): string {
  const [file = "", ...rest] = target.split("::");
  return rest.at(-1) ?? baseName(file);
}
