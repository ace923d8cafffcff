/** The kernels of linear algebra and of Fourier transforms, on every instruction set that the machine has: residuals.py. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { python } from "../models/command.ts";

for (const isa of ["2", "3", "4"]) {
  test(`factorizations multiply back, transforms invert: instruction set v${isa}`, () => {
    process.env.LAYERWISE_ISA = isa;
    try {
      const lines = python("test/linalg/residuals.py").trimEnd().split("\n");
      assert.deepEqual(
        lines.filter((line) => line.startsWith("FAIL")),
        [],
      );
      assert.match(lines.at(-1)!, /^\d{4,} checked$/);
    } finally {
      delete process.env.LAYERWISE_ISA;
    }
  });
}
