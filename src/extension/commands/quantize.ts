/** Compare what each way of quantizing a model costs and gives, layer by layer, before anything is written. */
import { askTarget } from "../ask_target.ts";
import { command } from "../command.ts";
import { targetKey } from "../target.ts";
import { requireTrust } from "../trust.ts";

export const quantize = command({
  title: "Quantize",
  icon: "fold-down",
  when: "editingModel",
  editorMenu: 4,
  explorerMenu: { order: 4, extensions: ["py", "onnx"] },
  async run(app, given) {
    if (!requireTrust("Quantize")) return;
    const target = await askTarget(app, given, "quantize", ["class", "model"]);
    if (!target) return;
    await app.quantize.open(target);
    // A comparison takes a while: the one that is there and still fits is shown, and run again from its view.
    const kept = app.results.get("quantize", targetKey(target));
    if (!kept?.result || kept.stale || kept.failure) await app.quantize.quantize(target);
  },
});
