/**
 * Files that another file names: shards of a checkpoint, external data of an ONNX model. They must lie in the folder of
 * the file that names them; links and ways out of the folder are refused before anything is opened.
 */
import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { FileFormatError, HostSource, quoted } from "./source.ts";

/** Opens `name`, written in `owner`, or says why not. */
export function openCompanion(owner: string, name: string): HostSource {
  const path = companionPath(owner, name);
  const source = new HostSource(path, { followLinks: isCacheOfHub(owner) });
  // A folder may have become a link since it was looked at.
  const place = source.place();
  const isExpected = place === null || place === path || (isCacheOfHub(owner) && isInside(blobs(dirname(path)), place));
  if (!isExpected) {
    source.close();
    throw new FileFormatError(`${quoted(name)} leads out of the folder of ${quoted(basename(owner))}`);
  }
  return source;
}

/** The parts of a path that stays in its folder, whatever the folder is. */
export function requirePlainName(name: string, owner: string): string[] {
  const parts = name.split(/[\\/]/);
  const isPlain =
    name !== "" && !name.includes("\0") && parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPlain || /^[a-zA-Z]:/.test(name) || name.includes("://")) {
    throw new FileFormatError(`${quoted(name)} leads out of the folder of ${quoted(owner)}`);
  }
  return parts;
}

export function companionPath(owner: string, name: string): string {
  const parts = requirePlainName(name, basename(owner));
  const folder = realpathSync(dirname(resolve(owner)));
  const path = join(folder, ...parts);
  let at = folder;
  for (const part of parts) {
    at = join(at, part);
    let isLink: boolean;
    try {
      isLink = lstatSync(at).isSymbolicLink();
    } catch {
      throw new FileFormatError(`${quoted(name)} is missing beside ${quoted(basename(owner))}`);
    }
    if (isLink && !(isCacheOfHub(owner) && isInside(blobs(folder), realpathSync(at)))) {
      throw new FileFormatError(
        `${quoted(name)} is a link: expected a file in the folder of ${quoted(basename(owner))}`,
      );
    }
  }
  return path;
}

/**
 * The model cache of Hugging Face keeps files in `blobs` and links to them from `snapshots/REVISION`: the one kind of
 * link that is followed, and only there.
 */
function isCacheOfHub(owner: string): boolean {
  return basename(dirname(realpathSync(dirname(resolve(owner))))) === "snapshots";
}

const blobs = (folder: string): string => join(dirname(dirname(folder)), "blobs");

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder + sep);
}
