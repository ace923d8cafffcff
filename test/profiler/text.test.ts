import assert from "node:assert/strict";
import { test } from "node:test";
import { kernels, lines, memory, modules } from "../../src/profiler/index.ts";
import { kernelsText, linesText, memoryText, modulesText } from "../../src/profiler/text/profile.ts";
import { PLAIN, displayWidth, shorten, table } from "../../src/profiler/text/table.ts";
import { bytes, count, duration, flops, percent, rate } from "../../src/profiler/text/units.ts";
import { smallTrace } from "./synthetic.ts";

test("units keep three digits", () => {
  assert.deepEqual([0, 0.5, 1.234, 12.34, 999.4, 999.6, 1500, 2_500_000].map(duration), [
    "0",
    "0.50 us",
    "1.23 us",
    "12.3 us",
    "999 us",
    "1.00 ms",
    "1.50 ms",
    "2.50 s",
  ]);
  assert.deepEqual([0, 512, 1024, 1536, 5 * 1024 ** 3].map(bytes), ["0", "512 B", "1.00 KiB", "1.50 KiB", "5.00 GiB"]);
  assert.deepEqual([0, 12, 12_600_000].map(flops), ["0", "12 FLOP", "12.6 MFLOP"]);
  assert.deepEqual([7, 2.5, 7_040_000].map(count), ["7", "2.5", "7.04 M"]);
  assert.deepEqual([0, 0.0001, 0.421, 1].map(percent), ["0.0%", "<0.1%", "42.1%", "100.0%"]);
  assert.equal(rate(217_000, 1), "217 GFLOP/s");
});

test("numbers stand to the right, the flexible column gives way", () => {
  const rows = [
    { name: "a_very_long_kernel_name", us: 1 },
    { name: "b", us: 1000 },
  ];
  const columns = [
    { title: "Kernel", cell: (row: (typeof rows)[0]) => row.name, flexible: true },
    { title: "Self", align: "right" as const, cell: (row: (typeof rows)[0]) => String(row.us) },
  ];
  assert.deepEqual(table(rows, columns, { width: 20, color: false }), [
    "Kernel          Self",
    "──────────────  ────",
    "a_very_long_k…     1",
    "b               1000",
  ]);
});

test("wide characters take two columns", () => {
  assert.equal(displayWidth("模型"), 4);
  assert.equal(displayWidth("é"), 1);
  assert.equal(shorten("模型模型", 5), "模型…");
  assert.equal(shorten("abcdef", 4, true), "…def");
});

test("colours only when asked for", () => {
  const text = (color: boolean): string => kernelsText(kernels(smallTrace()), { width: 80, color }, 5).join("\n");
  assert.doesNotMatch(text(false), /\u001b/);
  assert.match(text(true), /\u001b\[1m/);
});

test("rows beyond the top are summed", () => {
  const text = kernelsText(kernels(smallTrace()), PLAIN, 1);
  assert.match(text.at(-1)!, /^\(2 more\)\s+10\.5 us\s+18\.9%\s+3$/);
});

test("tables of a trace", () => {
  const trace = smallTrace();
  assert.match(modulesText(modules(trace), PLAIN, 10).join("\n"), /^ {2}attn\s+Attention\s+51\.0 us\s+91\.9%/m);
  assert.match(linesText(lines(trace), PLAIN, { top: 10, folder: "/w" }).join("\n"), /^model\.py:10\s+48\.0 us/m);
  assert.match(
    memoryText(memory(trace)[0]!, PLAIN).join("\n"),
    /at the peak: activation 1\.56 KiB, parameter 400 B, gradient 300 B/,
  );
  for (const line of modulesText(modules(trace), { width: 90, color: false }, 10)) assert.ok(line.length <= 120);
});
