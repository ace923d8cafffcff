/** What a user does all day, in a real VS Code: run, profile, graph, edit, break things, cancel, lose the runtime. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../tools/steps.mjs";
import { openWorkbench, type Workbench } from "./kit.ts";

let workbench: Workbench;
const folder = mkdtempSync(join(tmpdir(), "layerwise-extension-"));
/** The first run of a version takes a snapshot of Python, on a machine that may be busy. */
const FIRST_RUN_MS = 90_000;

const model = `import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, dim: int = 8):
        super().__init__()
        self.up = nn.Linear(dim, 4 * dim)

    def forward(self, x: torch.Tensor):
        y = self.up(x)
        return y.relu()
`;

const endless = `import torch


def endless(x: torch.Tensor):
    while True:
        x = x + 1
`;
const SMALL = 5;
const UP = 11;
const ENDLESS = 4;

before(async () => {
  cpSync(join(root, "examples/attention.py"), join(folder, "attention.py"));
  writeFileSync(join(folder, "model.py"), model);
  writeFileSync(join(folder, "endless.py"), endless);
  workbench = await openWorkbench({ folder, width: 1720, height: 960, settings: { "editor.fontSize": 12 } });
});

after(async () => {
  await workbench?.close();
  rmSync(folder, { recursive: true });
});

/** Clicks the topmost lens with this text; the page lists them in no order, and draws them anew when one changes. */
async function clickLens(text: string): Promise<void> {
  await workbench.until(`a click on the lens '${text}'`, undefined, async () => {
    const links = await workbench.page.locator(".codelens-decoration a", { hasText: text }).elementHandles();
    const placed = await Promise.all(
      links.map(async (link) => ({ link, top: (await link.boundingBox())?.y ?? Infinity })),
    );
    const topmost = placed.toSorted((a, b) => a.top - b.top)[0];
    return topmost?.link.click({ timeout: 1000 }).then(
      () => true,
      () => undefined,
    );
  });
}

test("lenses stand above classes, functions and scripts", async () => {
  await workbench.openFile("attention.py");
  assert.deepEqual((await workbench.lensesWith("Run")).sort(), [
    "Export",
    "Graph",
    "Profile",
    "Profile",
    "Quantize",
    "Run",
    "Run",
  ]);
});

test("Run shows shape, time and memory beside the class", async () => {
  await clickLens("Run");
  const shown = await workbench.injectedAt(9, "float32", FIRST_RUN_MS);
  assert.match(shown, /→ float32\[2, 16, 64\] · [\d.]+ (µs|ms|s) · [\d.]+ KiB/);
  await workbench.lensesWith("x = float32[2,16,64]");
});

test("Profile shows modules in the view and time beside the lines", async () => {
  await clickLens("Profile");
  await workbench.injectedAt(22, /\d (µs|ms) · \d+\.\d%/);
  const view = await workbench.webview('#app[data-view="profiler"]');
  await view.getByText("qkv").first().waitFor();
  assert.match(await view.locator("#app").innerText(), /forward \+ backward[\s\S]*MultiHeadAttention[\s\S]*proj/);
});

test("Graph opens a tab whose nodes lead to their lines", async () => {
  await clickLens("Graph");
  const view = await workbench.webview('#app[data-view="graph"]');
  await workbench.until("a graph", undefined, async () => {
    return (await view.locator("#app").innerText()).includes("MultiHeadAttention") || undefined;
  });
  await workbench.screenshot("workbench");
  // A search selects a node without knowing where it is drawn; Enter on the graph opens its source.
  await view.locator(".lw-search input").fill("softmax");
  await workbench.page.keyboard.press("Enter");
  await view.locator('[aria-label^="Graph:"]').focus();
  await workbench.page.keyboard.press("Enter");
  await workbench.until("the cursor in line 30", undefined, async () => {
    return (await workbench.statusItems()).find((item) => /^Ln 30,/.test(item));
  });
});

test("views and results are there again after the window was reloaded", async () => {
  // A browser's workbench writes down its layout every five seconds.
  await workbench.page.waitForTimeout(7000);
  await workbench.reload();
  const graph = await workbench.webview('#app[data-view="graph"]');
  await workbench.until("the graph again", undefined, async () => {
    return (await graph.locator("#app").innerText()).includes("attention.py::MultiHeadAttention") || undefined;
  });
  const profiler = await workbench.webview('#app[data-view="profiler"]');
  await profiler.getByText("qkv").first().waitFor();
  await workbench.runCommand("View: Close All Editors");
  await workbench.openFile("attention.py", 9);
  await workbench.injectedAt(9, "float32[2, 16, 64]");
});

test("a change outside of the editor makes results stale, and taking it back makes them fresh", async () => {
  const file = join(folder, "attention.py");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, `${text}\n# changed\n`);
  await workbench.injectedAt(9, "(stale)");
  const view = await workbench.webview('#app[data-view="profiler"]');
  await view.getByText("attention.py was edited after this profile").waitFor();
  writeFileSync(file, text);
  await workbench.until("a fresh result", undefined, async () => {
    const shown = (await workbench.drawnLines()).find(({ line }) => line === 9)?.injected.join(" ") ?? "";
    return shown.includes("float32") && !shown.includes("stale") ? shown : undefined;
  });
});

test("unsaved text is what runs, and its error stands at its line", async () => {
  await workbench.openFile("model.py", UP);
  await clickLens("Run");
  await workbench.injectedAt(SMALL, "float32[");
  await workbench.typeAt("model.py", UP, "z = self.down(x); ");
  await workbench.injectedAt(SMALL, "(stale)");
  await clickLens("Run");
  await workbench.injectedAt(SMALL, "✗ AttributeError");
  assert.equal((await workbench.squiggles()).errors, 1);
  await workbench.runCommand("File: Revert File");
  await workbench.until("no squiggle", undefined, async () => {
    return (await workbench.squiggles()).errors === 0 || undefined;
  });
});

test("results follow the source when they are asked to", async () => {
  await workbench.runCommand("Layerwise: Toggle Run Again on Change");
  await workbench.typeAt("model.py", UP + 1, "y = y[:1]; ");
  await workbench.injectedAt(SMALL, /→ float32\[1, 32\](?!.*stale)/);
  await workbench.runCommand("Layerwise: Toggle Run Again on Change");
});

test("edited inputs are remembered and used", async () => {
  await workbench.openFile("model.py", SMALL);
  await workbench.runCommand("Layerwise: Edit Inputs");
  await workbench.answer("dim =");
  await workbench.page.waitForTimeout(300);
  await workbench.answer("16");
  await workbench.page.waitForTimeout(300);
  await workbench.answer("Run with these");
  await workbench.injectedAt(SMALL, ", 64]");
});

test("a cancelled run ends", async () => {
  await workbench.openFile("endless.py");
  await clickLens("Run");
  await workbench.lensesWith("Cancel");
  await clickLens("Cancel");
  await workbench.until("no run", undefined, async () => {
    return (await workbench.lenses()).every((lens) => lens !== "Cancel") || undefined;
  });
  assert.deepEqual(await workbench.notifications(), []);
});

test("a killed runtime costs one run: the editor says so, and the next run works", async () => {
  await clickLens("Run");
  await workbench.lensesWith("Cancel");
  const pid = await workbench.until("the runtime's process", undefined, async () => runtimePid());
  process.kill(pid, "SIGKILL");
  assert.match(await workbench.notification("SIGKILL"), /started again/);
  await workbench.injectedAt(ENDLESS, "✗ the runtime process ended");
  await workbench.openFile("model.py");
  await workbench.injectedAt(SMALL, ", 64] ·");
  await workbench.runCommand("Layerwise: Clear Results");
  await clickLens("Run");
  await workbench.injectedAt(SMALL, "→ float32", FIRST_RUN_MS);
});

/** The newest process that runs our bundle below this server. */
function runtimePid(): number | undefined {
  const processes = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, args]) => ({ pid: Number(pid), parent: Number(parent), args }));
  return processes.findLast(({ args }) => args.includes(workbench.server.profile) && args.includes("dist/runtime.mjs"))
    ?.pid;
}
