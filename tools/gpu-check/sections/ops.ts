/**
 * Do the kernels compute what they should on this GPU? The op goldens; the kernel tests; and kernels that no emulation can
 * model against their plain twins: wgmma, cuBLASLt, and elementwise kernels that NVRTC compiled.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { jsonLines, lastWords, oursRuns, root, run, scripts, secondsLeft, type Setting } from "../programs.ts";
import type { Finding } from "../results.ts";

const MOST_SHOWN = 25;
/** Tests of the emulation itself, or that need a compiler. */
const NOT_FOR_A_GPU = new Set(["cublaslt.test.ts"]);

export async function ops(setting: Setting): Promise<Finding[]> {
  const findings = await goldens(setting, "op goldens", [], {});
  if (!setting.isSmall) findings.push(...(await productTwins(setting)), ...(await compiledTwin(setting)));
  if (!setting.isEmulated) findings.push(...(await kernelTests(setting)));
  return findings;
}

function knownDifferences(): Set<string> {
  const keys = ["known.json", "known_cuda.json"].flatMap((name) => {
    const byReason = JSON.parse(readFileSync(`${root}test/ops/${name}`, "utf8")) as Record<string, string[]>;
    return Object.values(byReason).flat();
  });
  return new Set(keys);
}

/** The committed goldens, but for what is known to differ. */
async function goldens(
  setting: Setting,
  name: string,
  words: string[],
  environment: Record<string, string>,
): Promise<Finding[]> {
  const every = setting.isSmall ? ["--every", "40"] : [];
  const command = oursRuns("test/ops/run.py", "--device", "cuda", "--json", ...every, ...words);
  const ended = await run(setting, command, { limitS: 240, environment });
  const [outcome] = jsonLines<{ ran: number; failures: Record<string, string> }>(ended.out).slice(-1);
  if (!outcome) return [{ what: name, holds: false, detail: lastWords(ended) }];
  const known = knownDifferences();
  const unexpected = Object.entries(outcome.failures).filter(([key]) => !known.has(key));
  const nKnown = Object.keys(outcome.failures).length - unexpected.length;
  const detail = `${outcome.ran} cases in ${ended.seconds.toFixed(0)} s, ${unexpected.length} differ beyond the ${nKnown} known`;
  const shown = unexpected
    .slice(0, MOST_SHOWN)
    .map(([key, found]): Finding => ({ what: `golden ${key}`, holds: false, detail: found.slice(0, 300) }));
  return [{ what: name, holds: unexpected.length === 0 && outcome.ran > 0, detail }, ...shown];
}

/** The same products by each way to multiply, held against double precision. */
async function productTwins(setting: Setting): Promise<Finding[]> {
  const ways: [string, Record<string, string>][] = [
    ["products by cuBLASLt where it is found", {}],
    ["products by our kernels", { LAYERWISE_CUDA_MATMUL: "own" }],
    ["products by our kernels with wgmma", { LAYERWISE_CUDA_MATMUL: "own", LAYERWISE_CUDA_WGMMA: "1" }],
  ];
  const findings: Finding[] = [];
  for (const [what, environment] of ways) {
    const words = setting.isEmulated ? ["tiny"] : [];
    const ended = await run(setting, oursRuns(`${scripts}products.py`, ...words), { limitS: 60, environment });
    const cases = jsonLines<{ case: string; error: number | null }>(ended.out.replaceAll("Infinity", "null"));
    const wrong = cases.filter(({ error }) => error === null || error > 2);
    const worst = Math.max(0, ...cases.map(({ error }) => error ?? Infinity));
    const detail =
      ended.status === 0
        ? `${cases.length} products, largest error ${worst.toFixed(2)} of what rounding allows`
        : `${lastWords(ended)} after ${cases.at(-1)?.case ?? "nothing"}`;
    findings.push({ what, holds: ended.status === 0 && cases.length > 0 && wrong.length === 0, detail });
    for (const one of wrong.slice(0, 8)) {
      findings.push({ what: `${what}: ${one.case}`, holds: false, detail: `error ${one.error ?? "not a number"}` });
    }
  }
  return findings;
}

/** Elementwise families with every program compiled before its first launch, and with none compiled. */
async function compiledTwin(setting: Setting): Promise<Finding[]> {
  const families = ["unary", "binary", "activation"].flatMap((family) => ["--family", family]);
  const sample = setting.isSmall ? [] : ["--every", "5"];
  const words = [...families, ...sample];
  return [
    ...(await goldens(setting, "elementwise goldens, compiled at run time where NVRTC is found", words, {
      LAYERWISE_CUDA_COMPILE: "now",
    })),
    ...(await goldens(setting, "elementwise goldens, interpreted", words, { LAYERWISE_CUDA_COMPILE: "off" })),
  ];
}

/** The tests of single kernels against plain loops, which CI runs on the emulated driver, on the real one. */
async function kernelTests(setting: Setting): Promise<Finding[]> {
  const folder = `${root}test/cuda/kernels/`;
  if (!existsSync(folder)) return [{ what: "kernel tests", holds: null, detail: "not packed" }];
  const names = readdirSync(folder).filter((name) => name.endsWith(".test.ts") && !NOT_FOR_A_GPU.has(name));
  const files = [...names.map((name) => `${folder}${name}`), `${root}test/cuda/pointwise.test.ts`];
  const limitS = Math.min(120, secondsLeft(setting));
  const command = [process.execPath, "--test", "--test-concurrency=4", "--test-reporter=tap", ...files];
  const environment = { LAYERWISE_CUDA_DRIVER: "libcuda.so.1" };
  const ended = await run(setting, command, { limitS, environment });
  const count = (word: string): number => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(ended.out)?.[1] ?? 0);
  const [passed, failed] = [count("pass"), count("fail")];
  const detail =
    passed + failed > 0 ? `${passed} passed, ${failed} failed, ${count("skipped")} skipped` : lastWords(ended);
  const failures = [...ended.out.matchAll(/^ *not ok \d+ - (.*)$/gm)].map((match) => match[1]!);
  const shown = failures
    .slice(0, MOST_SHOWN)
    .map((what): Finding => ({ what: `kernel test: ${what}`, holds: false, detail: "" }));
  return [{ what: "kernel tests against plain loops", holds: passed > 0 && failed === 0, detail }, ...shown];
}
