/**
 * The one door of all npm scripts: sets up what is missing with whatever Node the system has, then hands over to the
 * named tool under the project's own Node. Without a name it only sets up.
 */
import { join } from "node:path";
import { findNode, setup } from "./setup.mjs";
import { SetupError, openly, root } from "./steps.mjs";

const tools = new Map([
  ["start", "start.ts"],
  ["test", "test.ts"],
  ["watch", "build.ts"],
  ["generate", "generate.ts"],
  ["package", "package.ts"],
]);

const [name, ...args] = process.argv.slice(2);
try {
  await setup({ needsBundles: name !== "watch" });
  if (name !== undefined) {
    const tool = tools.get(name);
    if (!tool) throw new SetupError(`'${name}' is no tool: expected one of ${[...tools.keys()].join(", ")}`);
    const extra = name === "watch" ? ["--watch"] : [];
    process.exitCode = await openly(/** @type {string} */ (findNode()), [join(root, "tools", tool), ...extra, ...args]);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
