/**
 * Imported first by the kernel tests: threads of the emulation run in a shuffled order, and warps fall behind, so that a
 * missing barrier shows. LAYERWISE_EMULATION_ORDER chooses another order: 0 forward, 1 backward, else a seed.
 */
import "../emulation.ts";

process.env.LAYERWISE_EMULATION_ORDER ??= "7";
