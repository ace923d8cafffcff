/** Devices in a real VS Code, with the emulated GPU: the page, choosing where models run, what the status item says. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "../../tools/steps.mjs";
import { openWorkbench, type Workbench } from "./kit.ts";

const native = join(root, "native/bin/linux-x64");
const skip = existsSync(join(native, "emulation/libnvidia-ml.so.1")) ? false : "the emulated GPU is not built";

describe("devices", { skip }, () => {
  let workbench: Workbench;
  const folder = mkdtempSync(join(tmpdir(), "layerwise-devices-"));
  /** The first request takes a snapshot of Python, on a machine that may be busy. */
  const firstMs = 90_000;

  before(async () => {
    cpSync(join(root, "examples/attention.py"), join(folder, "attention.py"));
    process.env.LAYERWISE_CUDA_DRIVER = join(native, "libcuda-emulation.so");
    process.env.LAYERWISE_CUDA_LIBRARIES = join(native, "emulation");
    workbench = await openWorkbench({ folder, settings: { "layerwise.device": "cpu" } });
  });
  after(async () => {
    delete process.env.LAYERWISE_CUDA_DRIVER;
    delete process.env.LAYERWISE_CUDA_LIBRARIES;
    await workbench?.close();
    rmSync(folder, { recursive: true });
  });

  const settings = (): Record<string, unknown> => {
    const file = join(folder, ".vscode/settings.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
  };

  test("the page shows the GPU, marked as emulated, and the libraries with ways to get what is missing", async () => {
    await workbench.openFile("attention.py");
    await workbench.runCommand("Layerwise: Show Devices");
    const page = await workbench.webview("[data-device='cuda:0']", firstMs);
    const card = await page.locator("[data-device='cuda:0']").innerText();
    assert.match(card, /emulated/);
    assert.match(card, /512\sMiB of 2\sGiB/);
    assert.match(card, /54\s°C/);
    await page.locator("[data-device=cpu] .lw-device-here").waitFor();
    await page.locator("[data-library=NCCL] summary").click();
    await page.locator("[data-library=NCCL] .lw-get-copy").first().waitFor();
    await workbench.screenshot("devices");
  });

  test("a click moves models to the GPU, for this folder; a run goes there", async () => {
    const page = await workbench.webview("[data-device='cuda:0']");
    await page.locator("vscode-button[aria-label='Run models on cuda:0']").click();
    await page.locator("[data-device='cuda:0'].lw-device-chosen").waitFor();
    assert.equal(settings()["layerwise.device"], "cuda:0");
    await workbench.openFile("attention.py");
    await workbench.lensesWith("Run");
    await workbench.clickLens("Run");
    const item = await workbench.until("the status item to name the GPU", firstMs, async () =>
      (await workbench.statusItems()).find((text) => text.includes("cuda:0 ·")),
    );
    assert.match(item, /cuda:0 · [\d.]+ [KM]iB/);
  });

  test("the picker lists what there is and remembers the choice", async () => {
    await workbench.runCommand("Layerwise: Select Device");
    const rows = workbench.page.locator(".quick-input-widget .monaco-list-row");
    await rows.first().waitFor();
    // The list of commands stands there for a moment.
    const texts = await workbench.until("the devices", undefined, async () => {
      const all = (await rows.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, " ").trim());
      return all[0]?.startsWith("Automatic") && all.length === 4 ? all : undefined;
    });
    assert.match(texts[0]!, /^Automatic.*cuda:0 at present/);
    assert.ok(
      texts.some((text) => /cuda:0 ?Emulated GPU \(emulated\) .*free of 2\.00 GiB/.test(text)),
      texts.join("\n"),
    );
    await rows.first().click();
    await workbench.until("the setting", undefined, async () => settings()["layerwise.device"] === "auto" || undefined);
  });
});
