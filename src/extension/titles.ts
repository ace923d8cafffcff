/** What tabs are called: as short as tells them apart, as the editor does with files of one name. Pure. */
import { type Target, longLabel, targetKey, targetLabel } from "./target.ts";

/** By the keys of the targets: "Net", "net.py::Net" or "other/net.py::Net". `relative` shortens paths for people. */
export function tabTitles(targets: readonly Target[], relative: (file: string) => string): Map<string, string> {
  const fromRoot = (target: Target): string =>
    target.name === "" ? relative(target.file) : `${relative(target.file)}::${target.name}`;
  const titles = new Map<string, string>();
  for (const group of Map.groupBy(targets, targetLabel).values()) {
    const isTelling = (words: (target: Target) => string): boolean => new Set(group.map(words)).size === group.length;
    const words = [targetLabel, longLabel, fromRoot].find(isTelling) ?? targetKey;
    for (const target of group) titles.set(targetKey(target), words(target));
  }
  return titles;
}
