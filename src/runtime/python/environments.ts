/** Finds the site-packages folder of a virtual environment. Looks only where it is told to; starts nothing. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The packages of the environment that the request names, else of the nearest `.venv` from the file's folder up to the
 * workspace. A folder that is itself a site-packages folder counts too. null when there is none.
 */
export function findSitePackages(named: string | undefined, workspace: string, folder = workspace): string | null {
  if (named) return sitePackagesIn(named) ?? (existsSync(named) && looksLikePackages(named) ? named : null);
  for (let place = folder; ; place = dirname(place)) {
    const found = sitePackagesIn(join(place, ".venv"));
    if (found !== null || place === workspace || dirname(place) === place) return found;
  }
}

function sitePackagesIn(environment: string): string | null {
  for (const lib of ["lib", "lib64"]) {
    const versions = list(join(environment, lib)).filter((name) => /^python3(\.\d+)?$/.test(name));
    for (const version of versions.sort().reverse()) {
      const folder = join(environment, lib, version, "site-packages");
      if (existsSync(folder)) return folder;
    }
  }
  const windows = join(environment, "Lib", "site-packages");
  return existsSync(windows) ? windows : null;
}

function looksLikePackages(folder: string): boolean {
  return list(folder).some((name) => name.endsWith(".dist-info") || name.endsWith(".py"));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
