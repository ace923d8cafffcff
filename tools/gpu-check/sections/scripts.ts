/** The scripts of test/cuda on this GPU: torch.cuda's surface, graphs, copies beside computing, what runs as one kernel. */
import { lastWords, oursRuns, root, run, type Setting } from "../programs.ts";
import type { Finding } from "../results.ts";

const SCRIPTS = ["quantized", "surface", "choices", "fused", "graphs", "overlap", "on_host"];

export async function scripts(setting: Setting): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of setting.isSmall ? SCRIPTS.slice(-2) : SCRIPTS) {
    const ended = await run(setting, oursRuns(`${root}test/cuda/scripts/${name}.py`), { limitS: 40 });
    const holds = ended.status === 0 && ended.out === "all of it holds\n";
    const detail = holds ? `in ${ended.seconds.toFixed(1)} s` : lastWords(ended);
    findings.push({ what: `test/cuda/scripts/${name}.py`, holds, detail });
  }
  return findings;
}
