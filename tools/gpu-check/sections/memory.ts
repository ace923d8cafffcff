/** PyTorch's promises about its memory of a GPU, held by ours; and by PyTorch itself, which shows that they are its promises. */
import { jsonLines, lastWords, oursRuns, run, scripts, type Setting } from "../programs.ts";
import type { Finding } from "../results.ts";

interface Rule {
  rule: string;
  holds: boolean;
  detail: string;
}

export async function memory(setting: Setting): Promise<Finding[]> {
  const script = `${scripts}memory_rules.py`;
  const words = setting.isEmulated ? ["tiny"] : [];
  const ended = await run(setting, oursRuns(script, ...words), { limitS: 60 });
  const rules = jsonLines<Rule>(ended.out);
  const findings = rules.map(({ rule, holds, detail }): Finding => ({ what: rule, holds, detail }));
  if (ended.status !== 0 || rules.length === 0)
    findings.push({ what: "the rules", holds: false, detail: lastWords(ended) });
  if (setting.python && !setting.isEmulated) findings.push(await theirs(setting, script));
  return findings;
}

async function theirs(setting: Setting, script: string): Promise<Finding> {
  const ended = await run(setting, [setting.python!, script], { limitS: 60 });
  const broken = jsonLines<Rule>(ended.out).filter(({ holds }) => !holds);
  const detail = broken.map(({ rule, detail: found }) => `${rule} (${found})`).join("; ");
  return { what: "rules that PyTorch itself does not keep", holds: null, detail: detail || lastWords(ended) };
}
