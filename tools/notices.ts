/**
 * Writes down whose work the package carries: every npm package that went into a bundle, with the text of its licence,
 * and what comes inside pyodide. Refuses a package whose licence is not on the list below.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SetupError, root } from "./steps.mjs";

const acceptedLicences = [
  "MIT",
  "BlueOak-1.0.0",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "MPL-2.0",
];

/** Compiled into pyodide.asm.wasm or packed into python_stdlib.zip; the npm package does not list them. */
const insidePyodide = [
  ["CPython 3.14, interpreter and standard library", "PSF-2.0", "https://www.python.org"],
  ["Emscripten runtime and musl", "MIT", "https://emscripten.org"],
  ["libffi", "MIT", "https://github.com/libffi/libffi"],
  ["Expat", "MIT", "https://libexpat.github.io"],
  ["HACL*", "MIT", "https://github.com/hacl-star/hacl-star"],
  ["libmpdec", "BSD-2-Clause", "https://www.bytereef.org/mpdecimal"],
  ["zlib", "Zlib", "https://zlib.net"],
  ["bzip2", "bzip2-1.0.6", "https://sourceware.org/bzip2"],
];

/** Linked into libonnxruntime.so; its ThirdPartyNotices.txt has them all. */
const insideOnnxruntime = [
  ["ONNX", "Apache-2.0", "https://onnx.ai"],
  ["Protocol Buffers", "BSD-3-Clause", "https://protobuf.dev"],
  ["Abseil", "Apache-2.0", "https://abseil.io"],
  ["FlatBuffers", "Apache-2.0", "https://flatbuffers.dev"],
  ["Eigen", "MPL-2.0", "https://eigen.tuxfamily.org"],
  ["RE2", "BSD-3-Clause", "https://github.com/google/re2"],
  ["cpuinfo", "BSD-2-Clause", "https://github.com/pytorch/cpuinfo"],
  ["JSON for Modern C++", "MIT", "https://json.nlohmann.me"],
  ["SafeInt", "MIT", "https://github.com/dcleblanc/SafeInt"],
  ["GSL", "MIT", "https://github.com/microsoft/GSL"],
  ["date", "MIT", "https://github.com/HowardHinnant/date"],
  ["mp11", "BSL-1.0", "https://www.boost.org/libs/mp11"],
];

interface ShippedPackage {
  name: string;
  version: string;
  licence: string;
  homepage: string;
  text: string;
}

/** The packages among the bundles' sources, sorted, without repeats. */
function packagesIn(inputs: Iterable<string>): string[] {
  const pattern = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//;
  const folders = new Set<string>();
  for (const input of inputs) {
    const match = input.match(pattern);
    if (match) folders.add(match[0].slice(0, -1));
  }
  return [...folders].sort();
}

function readPackage(folder: string): ShippedPackage {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const licence: string = manifest.license ?? "none";
  if (!acceptedLicences.includes(licence)) {
    const expected = `expected one of ${acceptedLicences.join(", ")}`;
    throw new SetupError(`${manifest.name} has the licence '${licence}': ${expected}`);
  }
  const file = readdirSync(join(root, folder)).find((name) => /^licen[sc]e/i.test(name));
  const own = join(root, "tools/licences", `${licence}.txt`);
  let text = `${manifest.name} carries no text of its licence; ${licence} is named in its package.json.`;
  if (file) text = readFileSync(join(root, folder, file), "utf8");
  else if (existsSync(own)) text = readFileSync(own, "utf8");
  return { name: manifest.name, version: manifest.version, licence, homepage: manifest.homepage ?? "", text };
}

/** The notices as one text. The inputs are the source files that went into the bundles, relative to the root. */
export function notices(inputs: Iterable<string>): string {
  const folders = [
    ...packagesIn(inputs),
    "node_modules/pyodide",
    "node_modules/@cwasm/jpeg-turbo",
    "node_modules/@cwasm/webp",
  ];
  const packages = folders.map(readPackage);
  const line = "=".repeat(80);
  const parts = ["Layerwise carries the work of others. Each part is used under its own licence, given below."];
  for (const { name, version, licence, homepage, text } of packages) {
    parts.push(`${line}\n${name} ${version} (${licence})\n${homepage}\n${line}`, text.trim());
  }
  const listed = (rows: string[][]): string =>
    rows.map(([name, licence, home]) => `  ${name} (${licence}) ${home}`).join("\n");
  const python = readFileSync(join(root, "tools/licences/PSF-2.0.txt"), "utf8");
  parts.push(
    `${line}\nInside pyodide\n${line}`,
    `pyodide is shipped unchanged; its source is at https://github.com/pyodide/pyodide under MPL-2.0.\n` +
      `It contains:\n${listed(insidePyodide)}`,
    `${line}\nInside ONNX Runtime\n${line}`,
    "ONNX Runtime is shipped unchanged, as libonnxruntime.so.1; its source is at " +
      `https://github.com/microsoft/onnxruntime under MIT. It contains:\n${listed(insideOnnxruntime)}`,
    `${line}\nInside the decoders of images\n${line}`,
    readFileSync(join(root, "tools/licences/image-codecs.txt"), "utf8").trim(),
    `${line}\nPython\n${line}`,
    python.trim(),
  );
  return `${parts.join("\n\n")}\n`;
}
