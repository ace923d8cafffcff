/** docs/cli.md: its written text stays, the parts between markers are made from the tables of verbs and schemas. */
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { optionUsage, sentence, usage } from "./help.ts";
import { DOCUMENTS, definitions } from "./schema.ts";

const BEGIN = (part: string): string => `<!-- begin ${part} (generated) -->`;
const END = "<!-- end -->";

/** The page with its generated parts renewed. Throws when a marker is missing: a part would silently go stale. */
export function renewCliPage(page: string): string {
  return replacePart(replacePart(page, "verbs", verbsText()), "schemas", schemasText());
}

function replacePart(page: string, part: string, content: string): string {
  const start = page.indexOf(BEGIN(part));
  const end = page.indexOf(END, start);
  if (start < 0 || end < 0) throw new Error(`docs/cli.md has no markers for '${part}'`);
  return `${page.slice(0, start)}${BEGIN(part)}\n\n${content}\n${page.slice(end)}`;
}

function verbsText(): string {
  return COMMANDS.map(verbText).join("\n");
}

function verbText(command: Command): string {
  const rows = command.options.map(
    (option) => `| \`${optionUsage(option).replaceAll("|", "\\|")}\` | ${option.help} |`,
  );
  return [
    `### ${command.name}`,
    "",
    sentence(command.summary),
    "",
    "```",
    usage(command),
    "```",
    "",
    ...(rows.length > 0 ? ["| option | meaning |", "|---|---|", ...rows, ""] : []),
    "```sh",
    ...command.examples,
    "```",
    "",
  ].join("\n");
}

function schemasText(): string {
  const known = new Map<string, string>();
  for (const schema of Object.values(DOCUMENTS)) {
    for (const [name, text] of definitions(schema)) known.set(name, text);
  }
  return ["```ts", [...known.values()].join("\n\n"), "```", ""].join("\n");
}
