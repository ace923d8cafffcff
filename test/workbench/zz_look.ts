import { openWorkbench } from "./kit.ts";
import { cpSync, mkdtempSync } from "node:fs";
const folder = mkdtempSync("/tmp/lw-look-"); cpSync("/work/main/examples", folder, { recursive: true });
const t0 = performance.now(); const lap = (s: string) => console.log(Math.round(performance.now() - t0), s);
const w = await openWorkbench({ folder, width: 1500, height: 900 });
try {
  lap("open"); await w.openFile("attention.py"); lap("file");
  console.log(await w.lensesWith("Run")); lap("lenses");
  await w.clickLens("Run"); 
  console.log(await w.injectedAt(9, "float32")); lap("run"); await w.page.waitForTimeout(500);
  await w.screenshot("look-run");
  await w.clickLens("Profile"); lap("profile clicked");
  const f = await w.webview("#app", 20000); lap("webview");
  await w.injectedAt(22, "%", 30000); lap("line notes"); await w.page.waitForTimeout(1500);
  await w.screenshot("look-profile");
  console.log((await f.locator("#app").innerText()).slice(0, 600));
  await w.clickLens("Graph"); await w.page.waitForTimeout(4000); lap("graph");
  await w.screenshot("look-graph");
  await w.runCommand("Layerwise: Show Shapes"); await w.page.waitForTimeout(2500);
  await w.screenshot("look-shapes");
  console.log(await w.notifications(), await w.statusItems());
} catch (e) { console.log(e); await w.screenshot("look-error"); }
console.log(w.server.logs().split("\n").filter((l) => /layerwise/i.test(l) && /error|warn/i.test(l)).slice(0, 20).join("\n"));
await w.close();
