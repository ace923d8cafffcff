/** Does training on the GPU follow training on the CPU? The example GPT, and two small nets in three precisions. */
import { jsonLines, lastWords, oursRuns, run, scripts, type Setting } from "../programs.ts";
import type { Finding } from "../results.ts";

const TINY_GPT = ["--layers", "1", "--heads", "2", "--width", "16", "--batch-size", "2", "--block-size", "8"];

export async function train(setting: Setting): Promise<Finding[]> {
  return [await exampleGpt(setting), ...(await smallNets(setting))];
}

async function exampleGpt(setting: Setting): Promise<Finding> {
  const what = "examples/train_gpt.py: losses of the CPU";
  const sizes = setting.isEmulated ? [...TINY_GPT, "--steps", "4"] : ["--steps", "60"];
  const words = [...sizes, "--sample", "0", "--log-every", "1"];
  const losses: Record<string, number[]> = {};
  for (const device of ["cpu", "cuda"]) {
    const ended = await run(setting, oursRuns("examples/train_gpt.py", ...words, "--device", device), { limitS: 90 });
    if (ended.status !== 0) return { what, holds: false, detail: `on ${device}: ${lastWords(ended)}` };
    losses[device] = [...ended.out.matchAll(/^step \d+ loss (\S+)$/gm)].map((match) => Number(match[1]));
  }
  return compared(what, losses.cpu!, losses.cuda!, 0.01);
}

interface Trained {
  net: string;
  precision: "float32" | "bfloat16" | "scaled";
  cpu: number[];
  cuda?: number[];
  error?: string;
}

async function smallNets(setting: Setting): Promise<Finding[]> {
  const words = setting.isEmulated ? ["tiny"] : [];
  const ended = await run(setting, oursRuns(`${scripts}train_net.py`, ...words), { limitS: 80 });
  const findings = jsonLines<Trained>(ended.out).map(({ net, precision, cpu, cuda, error }): Finding => {
    const what = `a net of ${net}, ${precision === "scaled" ? "float16 with a GradScaler" : precision}`;
    if (!cuda) return { what, holds: false, detail: error ?? "" };
    return compared(what, cpu, cuda, precision === "float32" ? 0.01 : 0.05);
  });
  const expected = 6;
  if (findings.length < expected) findings.push({ what: "small nets", holds: false, detail: lastWords(ended) });
  return findings;
}

/** Losses in a row must differ by no more than a share of the first one, and fall. */
function compared(what: string, expected: readonly number[], losses: readonly number[], share: number): Finding {
  const differences = losses.map((loss, i) => Math.abs(loss - expected[i]!));
  const largest = Math.max(...differences);
  const falls = losses.at(-1)! < losses[0]!;
  const isClose = losses.length > 1 && largest <= share * expected[0]!;
  const curve = `${losses[0]?.toFixed(4)} to ${losses.at(-1)?.toFixed(4)} in ${losses.length} steps`;
  const detail = `${curve}, largest difference ${largest.toExponential(1)}${falls ? "" : "; it does not fall"}`;
  return { what, holds: isClose && falls, detail };
}
