/** Writes docs/ops.md: every op that Python can reach, from its record. */
import "../../src/runtime/ops/index.ts";
import { registry, type OpRecord } from "../../src/runtime/op.ts";
import type { GeneratedFile } from "../generate.ts";

const INTRO = `# Supported operations

Generated from the op records in \`src/runtime/ops\` by \`npm run generate\`; do not edit.

Names, arguments and results are PyTorch's. **Gradient**: *yes* can be differentiated again; *once* is differentiable, its
gradient is not (\`create_graph=True\` raises NotImplementedError); *composed* is made of other ops and differentiable as far as
they are; a dash has no gradient in PyTorch either. What is missing raises NotImplementedError and names itself; nothing is
answered by another computation. Modules, optimizers, schedulers, losses and data loading stand on these ops in plain Python
(\`python/torch\`).
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
  return [...own, ...aliases];
}

function gradient(record: OpRecord): string {
  const { spec } = record;
  if (spec.differentiable === false) return "–";
  if (!spec.backward) return record.tensorPositions.length ? "composed" : "–";
  return spec.once ? "once" : "yes";
}

export function opsPage(): GeneratedFile[] {
  const records = [...registry.values()]
    .map((o) => o.record)
    .filter((r) => visibleNames(r).length)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = records
    .filter((r) => !r.name.endsWith("_") || !registry.has(r.name.slice(0, -1)))
    .map((r) => {
      const hasInplace = registry.has(`${r.name}_`);
      const names =
        visibleNames(r)
          .map((n) => `\`${n}\``)
          .join(", ") + (hasInplace ? ", in place `_`" : "");
      return `| ${names} | ${r.spec.doc.replaceAll("|", "\\|")} | ${gradient(r)} |`;
    });
  const content = [INTRO, "| names | what | gradient |", "|---|---|---|", ...rows, ""].join("\n");
  return [{ path: "docs/ops.md", content }];
}
