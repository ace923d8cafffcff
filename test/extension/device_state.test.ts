/** What the editor learns of devices while something runs: which GPU is in use, its readings, the words of the status item. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { statusText, statusTooltip, type StatusFacts } from "../../src/extension/status_words.ts";
import { automatic, chosenDevice } from "../../src/protocol/views/devices.ts";
import type { GpuReadings } from "../../src/runtime/native/addon.ts";
import { gpuInUse, GpuWatch } from "../../src/runtime/host/gpu_watch.ts";
import { memoryParts } from "../../webview/devices/memory_parts.ts";

const GIB = 2 ** 30;

test("the GPU in use is the open one that holds most", () => {
  assert.equal(gpuInUse(null), null);
  assert.equal(gpuInUse(new Float64Array(9)), null);
  const words = new Float64Array([0, 0, 1, 100, 300, 1, 500, 900, 0]);
  assert.deepEqual(gpuInUse(words), { device: "cuda:1", index: 1, allocatedBytes: 100, reservedBytes: 300 });
});

test("readings are asked once a second, and what is not told is absent", () => {
  const asked: number[] = [];
  const told: GpuReadings = { utilization: 0.5, powerW: 200, clockMhz: 1, throttles: [], processes: [] };
  const watch = new GpuWatch({
    readings: (index) => {
      asked.push(index);
      return index < 2 ? told : undefined;
    },
  });
  assert.deepEqual(watch.read(0, 0), { utilization: 0.5, powerW: 200 });
  watch.read(0, 900);
  assert.deepEqual(asked, [0]);
  watch.read(0, 1100);
  watch.read(1, 1200);
  assert.deepEqual(asked, [0, 0, 1]);
  assert.equal(watch.read(2, 9000), undefined);
  assert.equal(new GpuWatch(null).read(0), undefined);
});

const facts: StatusFacts = {
  device: "cpu",
  pid: 7,
  memory: null,
  isGivenUp: false,
  job: null,
  running: [],
  lastPeakBytes: 0,
  choice: "auto",
  isTrusted: true,
};
const gpu = {
  device: "cuda:0",
  allocatedBytes: 3 * GIB,
  reservedBytes: 4 * GIB,
  gpu: { usedBytes: 44 * GIB, totalBytes: 140 * GIB, utilization: 0.97, temperatureC: 61.4, powerW: 640.2 },
};

test("the status item names the device and its memory, and while something runs on a GPU used and total", () => {
  assert.equal(statusText({ ...facts, device: null, pid: null }), "$(layers) Layerwise");
  assert.equal(statusText({ ...facts, lastPeakBytes: 2048 }), "$(layers) cpu · 2.00 KiB");
  const job = { label: "GPT", fraction: 0.451 };
  assert.equal(statusText({ ...facts, job }), "$(sync~spin) GPT 45%");
  assert.equal(statusText({ ...facts, job, memory: gpu }), "$(sync~spin) GPT 45% · cuda:0 44.0 GiB of 140 GiB");
  const blind = { ...gpu, gpu: {} };
  assert.equal(statusText({ ...facts, job, memory: blind }), "$(sync~spin) GPT 45% · cuda:0 3.00 GiB");
  assert.equal(statusText({ ...facts, memory: gpu }), "$(layers) cuda:0 · 3.00 GiB");
  assert.equal(statusText({ ...facts, isGivenUp: true, job }), "$(error) Layerwise stopped");
});

test("its tooltip has use, temperature and power, and a setting that is not the default", () => {
  const tooltip = statusTooltip({
    ...facts,
    memory: gpu,
    running: ["profile model.py::GPT: measuring"],
    choice: "cuda:0",
  });
  assert.deepEqual(tooltip.split("\n"), [
    "Layerwise runs on cuda:0 (process 7)",
    "3.00 GiB of tensors, 4.00 GiB reserved",
    "cuda:0: 44.0 GiB of 140 GiB taken, by all processes",
    "cuda:0: 97.0% in use, 61 °C, 640 W",
    "profile model.py::GPT: measuring",
    "the setting layerwise.device says cuda:0",
    "Click to see the devices",
  ]);
});

test("automatic is the first GPU that is there; `cuda` is the first one", () => {
  const device = (id: string, available = true) => ({ id, kind: "device" as const, available, description: "" });
  assert.equal(automatic([]), "cpu");
  assert.equal(automatic([device("cpu"), device("cuda", false)]), "cpu");
  assert.equal(automatic([device("cpu"), device("cuda:0"), device("cuda:1")]), "cuda:0");
  assert.equal(chosenDevice("auto", "cuda:0"), "cuda:0");
  assert.equal(chosenDevice("cuda", "cpu"), "cuda:0");
  assert.equal(chosenDevice("cuda:1", "cpu"), "cuda:1");
});

test("a device's memory is parted: our tensors, what we keep, everybody else", () => {
  const card = {
    id: "cuda:0",
    kind: "device" as const,
    available: true,
    description: "",
    totalBytes: 100,
    freeBytes: 40,
  };
  const parts = (own: Parameters<typeof memoryParts>[1]) => memoryParts(card, own)!.parts.map(({ bytes }) => bytes);
  assert.deepEqual(parts(null), [60]);
  assert.deepEqual(parts({ device: "cuda:0", allocatedBytes: 10, reservedBytes: 25 }), [10, 15, 35]);
  assert.deepEqual(
    parts({ device: "cuda:0", allocatedBytes: 10, reservedBytes: 10, gpu: { usedBytes: 90 } }),
    [10, 80],
  );
  assert.equal(memoryParts({ ...card, totalBytes: 0 }, null), null);
});

test("in a folder that is not trusted the item says why nothing runs", () => {
  assert.match(statusText({ ...facts, isTrusted: false }), /shapes only$/);
  assert.match(
    statusTooltip({ ...facts, isTrusted: false }),
    /^Layerwise runs nothing, because the folder is not trusted/,
  );
});
