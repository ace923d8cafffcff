/** Writes docs/ops.md and a page per family below docs/ops: every op that Python can reach, from its record and the goldens. */
import "../../src/runtime/ops/index.ts";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { registry, type OpRecord } from "../../src/runtime/op.ts";
import type { GeneratedFile } from "../generate.ts";
import { differing, goldenIndex, type GoldenName } from "../coverage/goldens.ts";
import { root } from "../steps.mjs";

const INTRO = `# Supported operations

Generated from the op records in \`src/runtime/ops\` and from the golden cases in \`test/ops\` by \`npm run generate\`; do
not edit.

Names, arguments and results are PyTorch's. What is missing raises NotImplementedError and names itself; nothing is answered
by another computation. Modules, optimizers, schedulers, losses and data loading stand on these ops in plain Python
(\`python/torch\`). [coverage](ops/coverage.md) goes through the symbols that published model files use.

In the pages of the families:

- **gradient**: *yes* can be differentiated again; *once* is differentiable, its gradient is not (\`create_graph=True\` raises
  NotImplementedError); *composed* is made of other ops and differentiable as far as they are; a dash has no gradient in
  PyTorch either.
- **goldens**: how many calls of it are compared with real PyTorch (values, dtype, shape, strides, gradients, errors); behind
  it, in how many of those some detail still differs. \`test/ops/known.json\` lists each of them with its reason.
- **dtypes**: those of the golden calls that give a result. A dash: no golden calls it by this name.
- Every op runs on \`cpu\` and, as shapes alone, on \`meta\`; on \`cuda\` those whose kernels the CUDA addon holds
  (\`layerwise devices\` says whether it is there).
`;

/** Where a record is visible: ["torch.softmax", "Tensor.softmax"]. */
function visibleNames(record: OpRecord): string[] {
  const { name, spec } = record;
  const own = (spec.in ?? "torch Tensor")
    .split(" ")
    .filter((place) => place && place !== "_C")
    .map((place) => (place === "torch" || place === "Tensor" ? `${place}.${name}` : `torch.${place}.${name}`));
  const aliases = (spec.aliases ?? []).map((alias) =>
    alias.startsWith("torch.") || alias.startsWith("Tensor.") ? alias : `torch.${alias}`,
  );
  return [...new Set([...own, ...aliases])];
}

function gradient(record: OpRecord): string {
  const { spec } = record;
  if (spec.differentiable === false) return "–";
  if (!spec.backward) return record.tensorPositions.length ? "composed" : "–";
  return spec.once ? "once" : "yes";
}

/** The file that declares an op: where its name stands in a signature, or in the list that signatures are made from. */
export function familyOf(name: string, sources: ReadonlyMap<string, string>): string | undefined {
  const plain = name.replace(/_$/, "");
  const patterns = [
    (n: string) => new RegExp(`["'\`]${n}\\(`),
    (n: string) => new RegExp(`["'\`]${n}["'\`]`),
    (n: string) => new RegExp(`\\b${n}\\b`),
  ];
  for (const candidate of [name, plain, plain.replace(/\d/, "${n}").replaceAll("$", "\\$").replaceAll("{", "\\{")]) {
    for (const pattern of patterns) {
      for (const [file, text] of sources) if (pattern(candidate).test(text)) return file;
    }
  }
  return undefined;
}

export function familySources(): Map<string, string> {
  const folder = join(root, "src/runtime/ops");
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && file !== "index.ts");
  return new Map(files.sort().map((file) => [basename(file, ".ts"), readFileSync(join(folder, file), "utf8")]));
}

interface Row {
  record: OpRecord;
  names: string[];
  goldens: number;
  differing: number;
  dtypes: string[];
}

function rowOf(record: OpRecord, goldens: ReadonlyMap<string, GoldenName>, known: ReadonlyMap<string, number>): Row {
  const hasInplace = registry.has(`${record.name}_`);
  const names = visibleNames(record);
  const counted = [...names, ...(hasInplace ? names.map((n) => `${n}_`) : [])];
  const found = counted.flatMap((n) => goldens.get(n) ?? []);
  const order = [...new Set(found.flatMap((g) => g.dtypes))];
  return {
    record,
    names,
    goldens: found.reduce((sum, g) => sum + g.cases, 0),
    differing: (known.get(record.name) ?? 0) + (known.get(`${record.name}_`) ?? 0),
    dtypes: order,
  };
}

function line({ record, names, goldens, differing: nDiffering, dtypes }: Row): string {
  const hasInplace = registry.has(`${record.name}_`);
  const shown = names.map((n) => `\`${n}\``).join(", ") + (hasInplace ? ", in place `_`" : "");
  const doc = record.spec.doc.replaceAll("|", "\\|");
  const status = goldens === 0 ? "–" : nDiffering > 0 ? `${goldens} (${nDiffering} differ)` : `${goldens}`;
  return `| ${shown} | ${doc} | ${gradient(record)} | ${status} | ${dtypes.join(" ") || "–"} |`;
}

export function opsPage(): GeneratedFile[] {
  const { torch, nCases, names: goldens } = goldenIndex();
  const known = differing();
  const sources = familySources();
  const families = new Map<string, Row[]>();
  const records = [...registry.values()].map((o) => o.record).filter((r) => visibleNames(r).length);
  for (const record of records.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (record.name.endsWith("_") && registry.has(record.name.slice(0, -1))) continue;
    const family = familyOf(record.name, sources);
    if (!family) throw new Error(`no file of src/runtime/ops names the op '${record.name}'`);
    families.set(family, [...(families.get(family) ?? []), rowOf(record, goldens, known)]);
  }
  const sorted = [...families].sort(([a], [b]) => (a < b ? -1 : 1));
  const summary = sorted.map(([family, rows]) => {
    const tested = rows.filter((row) => row.goldens > 0).length;
    const shown = rows.map((row) => `\`${row.record.name}\``).join(" ");
    return `| [${family}](ops/${family}.md) | ${rows.length} | ${tested} | ${shown} |`;
  });
  const index = [
    INTRO,
    `${nCases} golden calls, written by PyTorch ${torch}.\n`,
    "| family | ops | with goldens of their own name | |",
    "|---|---|---|---|",
    ...summary,
    "",
    "[Functions and methods written in Python](ops/python.md) over these, with their goldens.",
    "",
  ].join("\n");
  const pages = sorted.map(([family, rows]) => ({
    path: `docs/ops/${family}.md`,
    content: [
      `# Operations: ${family}`,
      "",
      `Generated from \`src/runtime/ops/${family}.ts\` by \`npm run generate\`; do not edit. [All families](../ops.md).`,
      "",
      "| names | what | gradient | goldens | dtypes |",
      "|---|---|---|---|---|",
      ...rows.map(line),
      "",
    ].join("\n"),
  }));
  return [{ path: "docs/ops.md", content: index }, ...pages, pythonPage(goldens)];
}

/** Public functions that are written in Python over the records, as far as goldens call them. */
function pythonPage(goldens: ReadonlyMap<string, GoldenName>): GeneratedFile {
  const own = new Set([...registry.values()].flatMap((o) => visibleNames(o.record).flatMap((n) => [n, `${n}_`])));
  const places =
    /^(Tensor|torch|torch\.nn\.functional|torch\.linalg|torch\.special|torch\.fft|torch\.nn\.init)\.[a-z]\w*$/;
  const rows = [...goldens]
    .filter(([name]) => !own.has(name) && places.test(name))
    .map(([name, { cases, dtypes }]) => `| \`${name}\` | ${cases} | ${dtypes.join(" ") || "–"} |`);
  const content = [
    "# Operations written in Python",
    "",
    "Generated from the golden cases by `npm run generate`; do not edit. [All families](../ops.md).",
    "",
    "Functions and methods of \`python/torch\` that stand on the ops of the other pages: several forms of arguments, or a",
    "composition. They are differentiable as far as what they stand on.",
    "",
    "| name | goldens | dtypes |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
  return { path: "docs/ops/python.md", content: content.replaceAll("\\`", "`") };
}
