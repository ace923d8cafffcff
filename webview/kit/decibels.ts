/** Signal over noise in decibels: how it is written, and how bad it is on the one scale that all views share. */
const SPACE = "\u202f";
/** As wide as a plus, where a hyphen is half of it. */
const MINUS = "\u2212";

/** null and infinity are an exact copy. */
export function formatDb(db: number | null | undefined): string {
  if (db === undefined || Number.isNaN(db)) return "–";
  if (db === null || db === Infinity) return "exact";
  const text = db.toFixed(Math.abs(db) >= 99.95 ? 0 : 1).replace("-", MINUS);
  return `${text}${SPACE}dB`;
}

/** The ends of the scale: nobody sees the first, and little is left of a model at the second. */
export const HARMLESS_DB = 60;
export const RUINED_DB = 5;

/** 0 where there is nothing to be seen, 1 where there is as much noise as signal. */
export function severity(db: number | null): number {
  if (db === null) return 0;
  return Math.max(0, Math.min(1, (HARMLESS_DB - db) / (HARMLESS_DB - RUINED_DB)));
}

/** The heat colours of the theme, for cells and bars; the graph's boxes use the same. */
export function severityColour(db: number | null): string {
  const at = severity(db) * 3;
  const low = Math.min(2, Math.floor(at));
  const share = Math.round((at - low) * 100);
  return `color-mix(in srgb, var(--lw-heat-${low + 1}) ${share}%, var(--lw-heat-${low}))`;
}
