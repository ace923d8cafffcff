/**
 * A table for a terminal: columns as wide as their content, numbers to the right, one column that gives way when the
 * terminal is narrow. Colours only when the caller asks for them. Refuses nothing: an empty table is its header.
 */

export interface Column<Row> {
  title: string;
  cell(row: Row): string;
  /** "right" for numbers; default "left". */
  align?: "left" | "right";
  /** Shortened first when the table is too wide; the end is kept when `keepEnd`. */
  flexible?: boolean;
  keepEnd?: boolean;
}

export interface TextStyle {
  /** Columns of the terminal; Infinity for a file or a pipe. */
  width: number;
  color: boolean;
}

export const PLAIN: TextStyle = { width: Infinity, color: false };

const LEAST_FLEXIBLE = 12;
const GAP = "  ";

export const paint = {
  bold: (text: string, style: TextStyle): string => escape(text, style, 1, 22),
  dim: (text: string, style: TextStyle): string => escape(text, style, 2, 22),
  red: (text: string, style: TextStyle): string => escape(text, style, 31, 39),
  yellow: (text: string, style: TextStyle): string => escape(text, style, 33, 39),
  cyan: (text: string, style: TextStyle): string => escape(text, style, 36, 39),
};

function escape(text: string, style: TextStyle, on: number, off: number): string {
  return style.color ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/** Lines without line ends; `footer` is a last row under a rule of its own, such as a sum. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: TextStyle,
  footer?: string[],
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const all = [columns.map((column) => column.title), ...cells, ...(footer ? [footer] : [])];
  const widths = fit(
    columns,
    columns.map((_, index) => Math.max(...all.map((line) => displayWidth(line[index] ?? "")))),
    style,
  );
  const line = (texts: readonly string[]): string =>
    columns
      .map((column, index) => pad(texts[index] ?? "", widths[index]!, column))
      .join(GAP)
      .trimEnd();
  const rule = paint.dim(widths.map((width) => "─".repeat(width)).join(GAP), style);
  return [
    paint.bold(line(all[0]!), style),
    rule,
    ...cells.map(line),
    ...(footer ? [paint.dim(line(footer), style)] : []),
  ];
}

function fit<Row>(columns: readonly Column<Row>[], wanted: number[], style: TextStyle): number[] {
  const widths = [...wanted];
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  let excess = total() - style.width;
  while (excess > 0) {
    const widest = columns
      .map((column, index) => ({ index, room: column.flexible ? widths[index]! - LEAST_FLEXIBLE : 0 }))
      .sort((a, b) => b.room - a.room)[0];
    if (!widest || widest.room <= 0) break;
    widths[widest.index]!--;
    excess--;
  }
  return widths;
}

function pad<Row>(text: string, width: number, column: Column<Row>): string {
  const cut = shorten(text, width, column.keepEnd ?? false);
  const space = " ".repeat(Math.max(0, width - displayWidth(cut)));
  return column.align === "right" ? space + cut : cut + space;
}

export function shorten(text: string, width: number, keepEnd = false): string {
  if (displayWidth(text) <= width) return text;
  const characters = [...text];
  if (width <= 1) return "…";
  const kept: string[] = [];
  let used = 1;
  for (const character of keepEnd ? characters.reverse() : characters) {
    const next = displayWidth(character);
    if (used + next > width) break;
    used += next;
    kept.push(character);
  }
  return keepEnd ? `…${kept.reverse().join("")}` : `${kept.join("")}…`;
}

/** Terminal columns of a text: East Asian wide characters and emoji take two. */
export function displayWidth(text: string): number {
  // Nearly all cells are ASCII: they are as wide as they are long.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) return 0;
  const wide =
    /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
  return wide.test(character) || /\p{Extended_Pictographic}/u.test(character) ? 2 : 1;
}
