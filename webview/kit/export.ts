/** Tables as text for the clipboard: Markdown for issues and chats, CSV for spreadsheets. It reads no screen state. */
export interface TextTable {
  columns: { label: string; align: "start" | "end" }[];
  rows: string[][];
}

export function toMarkdown({ columns, rows }: TextTable): string {
  const cell = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\|/g, "\\|").replace(/\s+/g, " ");
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map((c) => cell(c.label))),
    line(columns.map((c) => (c.align === "end" ? "---:" : "---"))),
    ...rows.map((row) => line(row.map(cell))),
    "",
  ].join("\n");
}

/** A field that a spreadsheet would take for a formula gets an apostrophe in front; names are hostile input. */
export function toCsv({ columns, rows }: TextTable): string {
  const field = (text: string): string => {
    const isFormula = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+(e[+-]?\d+)?$/i.test(text);
    const safe = isFormula ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  const lines = [columns.map((c) => c.label), ...rows].map((row) => row.map(field).join(","));
  return `${lines.join("\r\n")}\r\n`;
}
