/**
 * Enforces the arrows between folders, the tidiness of sources and the freshness of generated files. Reads source text
 * only; runs nothing of what it checks.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { generated, isFresh } from "../tools/generate.ts";
import { filesUnder, root } from "../tools/steps.mjs";

/** The folders a folder may import from, itself always included. */
const arrows: Record<string, string[]> = {
  "src/protocol": [],
  "src/profiler": ["src/protocol"],
  "src/runtime": ["src/protocol", "src/profiler"],
  "src/language": ["src/protocol", "src/runtime"],
  "src/extension": [
    // Of the language server: what it says, and the outline of a text, which is pure.
    ...["src/protocol", "src/profiler", "src/language/messages", "src/language/outline", "src/runtime/client"],
    // The pure writer of a report's HTML.
    "webview/report/html",
  ],
  // The two pure writers of files: a report's HTML and a graph's SVG.
  "src/cli": ["src/protocol", "src/profiler", "src/runtime", "webview/report/html", "webview/graph/svg"],
  webview: ["src/protocol"],
};

/** The packages a folder may import; "node" stands for all of Node's own modules. */
const packages: Record<string, string[]> = {
  "src/protocol": [],
  "src/profiler": [],
  "src/runtime": ["node", "pyodide", "onnxruntime-node"],
  "src/language": ["node", "vscode-languageserver", "vscode-languageserver-textdocument"],
  "src/extension": ["node", "vscode", "vscode-languageclient", "chokidar"],
  "src/cli": ["node"],
  webview: ["d3", "@vscode/webview-ui-toolkit"],
};

/** Files that may import a package which the rest of their folder may not. */
const exceptions: Record<string, string[]> = {
  // Writes the report's page for the command line, with the hashes that its security policy needs.
  "webview/report/html.ts": ["node"],
};

/** The house writes 120 columns; this is where a test steps in. */
const longestLine = 150;
const mostLines = 600;
/** The signature of an op is a literal that the compiler parses: it stands on one line however long. */
const isTooLong = (line: string): boolean =>
  line.length > longestLine && !/^\s*(signature: )?["'`]\w*.*\) -> /.test(line);

interface Import {
  file: string;
  line: number;
  specifier: string;
}

/** Static and dynamic imports and re-exports with a literal specifier; comments are blanked first, lines kept. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) =>
    comment.replace(/[^\n]/g, " "),
  );
  const quoted = /["']([^"']+)["']/.source;
  const fromClause = `^\\s*(?:import|export)\\s[^;"'\`]*?from\\s*${quoted}`;
  const pattern = new RegExp(`${fromClause}|^\\s*import\\s*${quoted}|\\bimport\\(\\s*${quoted}\\s*\\)`, "gm");
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    line: text.slice(0, match.index + match[0].length).split("\n").length,
    specifier: match[1] ?? match[2] ?? match[3],
  }));
}

function folderOf(file: string): string | undefined {
  return Object.keys(arrows).find((folder) => file.startsWith(`${folder}/`));
}

function packageOf(specifier: string): string {
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return "node";
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Why an import breaks the table, or undefined when it keeps to it. */
function complaint({ file, line, specifier }: Import): string | undefined {
  const folder = folderOf(file)!;
  const place = `${file}:${line} imports ${specifier}`;
  if (!specifier.startsWith(".")) {
    const allowed = [...packages[folder], ...(exceptions[file] ?? [])];
    return allowed.includes(packageOf(specifier)) ? undefined : `${place}: ${folder} may import only [${allowed}]`;
  }
  const target = normalize(join(dirname(file), specifier.replace(/\?worker$/, "")));
  if (!existsSync(join(root, target))) return `${place}: there is no such file`;
  const isAllowed = [folder, ...arrows[folder]].some(
    (allowed) => target.startsWith(`${allowed}/`) || target === `${allowed}.ts`,
  );
  return isAllowed ? undefined : `${place}: ${folder} may reach only [${arrows[folder]}]`;
}

/** What ships; webview/build.ts is a tool of the build that lives with what it bundles. */
const sources = filesUnder(["src", "webview"]).filter((file) => /\.ts$/.test(file) && file !== "webview/build.ts");

/** Files that are or will be committed: git's list where there is git, else the folders that hold sources. */
function projectFiles(): string[] {
  if (existsSync(join(root, ".git"))) {
    const list = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" });
    return list.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
  }
  return filesUnder([
    ...["src", "webview", "native", "python", "test", "tools", "bench", "examples", "docs", "bin", ".ci"],
    ...["package.json", "package-lock.json", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"],
  ]);
}

function textOf(file: string): string | undefined {
  const content = readFileSync(join(root, file));
  return content.includes(0) ? undefined : content.toString("utf8");
}

test("every folder under src stands in the table of arrows", () => {
  const unknown = sources.filter((file) => folderOf(file) === undefined);
  assert.deepEqual(unknown, []);
});

test("imports keep to the arrows", () => {
  const complaints = sources
    .flatMap(importsOf)
    .map(complaint)
    .filter((text) => text !== undefined);
  assert.deepEqual(complaints, []);
});

test("the table of arrows can say no", () => {
  const refused = [
    { file: "src/protocol/trace.ts", line: 1, specifier: "node:fs" },
    { file: "src/profiler/lines.ts", line: 1, specifier: "vscode" },
    { file: "src/profiler/lines.ts", line: 1, specifier: "../runtime/dtype.ts" },
    { file: "webview/kit/theme.ts", line: 1, specifier: "../../src/profiler/lines.ts" },
  ];
  for (const wrong of refused) assert.ok(complaint(wrong), JSON.stringify(wrong));
});

test("nothing that ships imports tests or tools", () => {
  const reaching = sources.flatMap(importsOf).filter(({ specifier }) => /(^|\/)(test|tools)\//.test(specifier));
  assert.deepEqual(reaching, []);
});

test("no file names a path of a developer's machine or a package registry's host", () => {
  // Written in pieces, so that this file does not name them either.
  const machine = ["work/main", "work/shared", "opt/node", "opt/oracle", "root/", "tmp/brief"];
  const hosts = `registry\\.${"npmjs"}|deb\\.${"debian"}\\.org`;
  const pattern = new RegExp(`(^|[\\s"'\`(=:])/(${machine.join("|")})|${hosts}`, "m");
  const offenders: string[] = [];
  for (const file of projectFiles()) {
    const found = textOf(file)?.match(pattern);
    if (found) offenders.push(`${file}: ${found[0].trim()}`);
  }
  assert.deepEqual(offenders, []);
});

test("lines and files stay within what can be read", () => {
  const offenders: string[] = [];
  for (const file of projectFiles()) {
    if (!/\.(ts|mjs|css|cc|cu|h|py)$/.test(file) || /(\.gen\.ts|_gen\.py|\.cases\.ts|\/_gen\/.*)$/.test(file)) continue;
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    if (lines.length > mostLines) offenders.push(`${file}: ${lines.length} lines, expected at most ${mostLines}`);
    const tooLong = lines.flatMap((line, index) => (isTooLong(line) ? [index + 1] : []));
    if (tooLong.length > 0) offenders.push(`${file}: lines ${tooLong} have more than ${longestLine} columns`);
  }
  assert.deepEqual(offenders, []);
});

test("generated files are fresh", async () => {
  const stale = (await generated()).filter((file) => !isFresh(file)).map(({ path }) => path);
  assert.deepEqual(stale, [], "run 'npm run generate'");
});

test("lock files carry no addresses of a registry", () => {
  for (const file of ["package-lock.json", "test/workbench/package-lock.json"]) {
    assert.doesNotMatch(readFileSync(join(root, file), "utf8"), /"resolved": "https?:/, file);
  }
});

/** What a Python file imports at once; with `everywhere` also inside of functions. */
function pythonImports(text: string, everywhere: boolean): { from: string | null; names: string[] }[] {
  // Texts in three quotes hold examples.
  const plain = text.replace(/("""|''')[\s\S]*?\1/g, "").replace(/#.*$/gm, "");
  const found = [...plain.matchAll(/^( *)(?:from +([.\w]+) +import +(\([^)]*\)|[^\n]+)|import +([^\n]+))/gm)];
  return found
    .filter((match) => everywhere || match[1] === "" || isAtTop(plain, match.index, match[1]!.length))
    .map(([, , from, names, plainNames]) => ({
      from: from ?? null,
      names: (names ?? plainNames!)
        .replace(/[()\\]/g, " ")
        .split(",")
        .map((name) => name.trim().split(/\s+/)[0]!)
        .filter((name) => name !== ""),
    }));
}

/** Is an indented statement within `if` and `try` alone? */
function isAtTop(text: string, index: number, indent: number): boolean {
  let least = indent;
  for (const line of text.slice(0, index).split("\n").toReversed()) {
    const own = line.search(/\S/);
    if (own < 0 || own >= least) continue;
    if (!/^\s*(if|elif|else|try|except|finally)\b/.test(line)) return false;
    least = own;
    if (own === 0) return true;
  }
  return true;
}

/**
 * Which modules each of our Python modules imports at once, those of `layerwise` also later on. A package that holds the
 * importing module hands on names and does not count.
 */
function pythonArrows(): Map<string, Set<string>> {
  const nameOf = (file: string): string =>
    file
      .slice("python/".length, -".py".length)
      .replaceAll("/", ".")
      .replace(/\.__init__$/, "");
  const files = new Map(
    filesUnder(["python"])
      .filter((file) => file.endsWith(".py"))
      .map((file) => [nameOf(file), file]),
  );
  const arrowsOf = (name: string, file: string): Set<string> => {
    const home = file.endsWith("/__init__.py") ? name : name.replace(/\.?[^.]+$/, "");
    const found = new Set<string>();
    const text = readFileSync(join(root, file), "utf8");
    for (const { from, names } of pythonImports(text, name.startsWith("layerwise."))) {
      const dots = /^\.*/.exec(from ?? "")![0].length;
      const above = home.split(".").slice(0, home.split(".").length - Math.max(0, dots - 1));
      const base = [...(dots > 0 ? above : []), ...(from ?? "").slice(dots).split(".")]
        .filter((part) => part !== "")
        .join(".");
      for (const each of names) {
        const whole = from === null ? each : `${base}.${each}`;
        const target = files.has(whole) ? whole : base;
        if (files.has(target) && target !== name && !name.startsWith(`${target}.`)) found.add(target);
      }
    }
    return found;
  };
  return new Map([...files].map(([name, file]) => [name, arrowsOf(name, file)]));
}

/** A way from a module back to itself, or undefined. */
function circle(graph: Map<string, Set<string>>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    done.add(name);
    path.push(name);
    for (const next of graph.get(name) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    path.pop();
    return undefined;
  };
  for (const name of graph.keys()) {
    const found = visit(name);
    if (found) return found;
  }
  return undefined;
}

test("Python modules import each other in one direction", () => {
  const graph = pythonArrows();
  assert.ok(graph.get("layerwise.pruning.channels")!.has("layerwise.pruning.follow"), "imports are found");
  assert.equal(circle(graph)?.join(" -> "), undefined);
  // And the test can say no.
  graph.get("layerwise.pruning.follow")!.add("layerwise.pruning.channels");
  assert.match(circle(graph)!.join(" "), /pruning/);
});
