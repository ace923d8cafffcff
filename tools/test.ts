/**
 * Runs every check of the project and ends with one line, "N passed, N failed". With words as arguments it runs only
 * the test files whose path contains one of them. Each type-checked project counts as one test.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setupBrowser, setupWorkbench } from "./setup.mjs";
import { SetupError, environment, filesUnder, root } from "./steps.mjs";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const workbenchFolder = "test/workbench/";
/** Tests that need the packages of test/workbench. */
const browserFolders = [workbenchFolder, "test/webview/"];
const typedProjects = ["tsconfig.json", "tsconfig.webview.json", "test/workbench/tsconfig.json"];
const unitTimeoutMs = 10 * 60_000;

function checkTypes(project: string): Counts {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-p", project], { cwd: root, stdio: "inherit" });
  console.log(`  types of ${project}: ${status === 0 ? "1 passed" : "1 FAILED"}`);
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** A run that leaves no counts, because it crashed or was killed, counts as one failure. */
function runFiles(files: string[], nParallel: number): Counts {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const folder = mkdtempSync(join(tmpdir(), "layerwise-test-"));
  const countsFile = join(folder, "counts.json");
  const options = [
    "--test",
    `--test-concurrency=${nParallel}`,
    `--test-timeout=${unitTimeoutMs}`,
    `--test-reporter=${join(root, "tools/reporter.mjs")}`,
    "--test-reporter-destination=stdout",
  ];
  const env = { ...environment(), LAYERWISE_TEST_COUNTS: countsFile };
  try {
    spawnSync(process.execPath, [...options, ...files], { cwd: root, env, stdio: "inherit" });
    return JSON.parse(readFileSync(countsFile, "utf8")) as Counts;
  } catch (error) {
    console.log(`  the test run left no counts: ${(error as Error).message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(patterns: string[]): Promise<boolean> {
  const isWanted = (file: string) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern));
  const files = filesUnder(["test"]).filter((file) => file.endsWith(".test.ts") && isWanted(file));
  const workbenchFiles = files.filter((file) => file.startsWith(workbenchFolder));
  const otherFiles = files.filter((file) => !file.startsWith(workbenchFolder));
  const results: Counts[] = [];
  if (files.length === 0) {
    console.log(`  no test file has '${patterns.join("' or '")}' in its path`);
    results.push({ passed: 0, failed: 1, skipped: 0 });
  }
  if (files.some((file) => browserFolders.some((folder) => file.startsWith(folder)))) {
    await setupBrowser();
    await setupWorkbench();
  }
  if (patterns.length === 0) results.push(...typedProjects.map(checkTypes));
  results.push(runFiles(otherFiles, 2));
  results.push(runFiles(workbenchFiles, 1));

  const total = (key: keyof Counts) => results.reduce((sum, counts) => sum + counts[key], 0);
  if (total("skipped") > 0) console.log(`${total("skipped")} skipped`);
  console.log(`${total("passed")} passed, ${total("failed")} failed`);
  return total("failed") === 0;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  console.log("0 passed, 1 failed");
  process.exitCode = 1;
}
