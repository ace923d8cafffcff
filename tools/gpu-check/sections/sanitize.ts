/** NVIDIA's compute-sanitizer over a program that touches every family of kernels: memory, races, uninitialised reads. */
import { lastWords, oursRuns, run, scripts, type Setting } from "../programs.ts";
import { Skipped, type Finding } from "../results.ts";

const TOOLS = ["memcheck", "racecheck", "initcheck", "synccheck"];

export async function sanitize(setting: Setting): Promise<Finding[]> {
  const script = `${scripts}touch_kernels.py`;
  const plain = await run(setting, oursRuns(script), { limitS: 60 });
  const families = plain.out.trim().split("\n").length;
  const detail = plain.status === 0 ? `${families} families in ${plain.seconds.toFixed(1)} s` : lastWords(plain);
  const findings: Finding[] = [{ what: "the sample runs by itself", holds: plain.status === 0, detail }];
  if (setting.isEmulated) return findings;
  const found = await run(setting, ["compute-sanitizer", "--version"], { limitS: 20 });
  if (found.status !== 0) throw new Skipped(`compute-sanitizer is not on the path (${lastWords(found)})`);
  for (const tool of TOOLS) {
    const options = ["--tool", tool, "--error-exitcode", "9", "--print-limit", "30", "--target-processes", "all"];
    const ended = await run(setting, ["compute-sanitizer", ...options, ...oursRuns(script)], { limitS: 90 });
    const summary = /ERROR SUMMARY: (.*)|RACECHECK SUMMARY: (.*)/.exec(ended.out + ended.err);
    const told = (summary?.[1] ?? summary?.[2] ?? lastWords(ended)).trim();
    const reached = ended.out.split("\n").filter((line) => /^[a-z_]+$/.test(line)).length;
    const isClean = ended.status === 0 && reached === families;
    findings.push({
      what: `compute-sanitizer ${tool}`,
      holds: isClean,
      detail: `${told}; ${reached} of ${families} families, ${ended.seconds.toFixed(0)} s`,
    });
    if (!isClean)
      findings.push({ what: `${tool}: first report`, holds: null, detail: firstReport(ended.out + ended.err) });
  }
  return findings;
}

function firstReport(text: string): string {
  const lines = text.split("\n").filter((line) => line.startsWith("=========") && !line.includes("COMPUTE-SANITIZER"));
  return lines
    .slice(0, 12)
    .map((line) => line.replace(/^=+ ?/, "").trim())
    .filter(Boolean)
    .join(" | ")
    .slice(0, 900);
}
