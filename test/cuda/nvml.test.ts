/**
 * What NVML tells of a GPU, from a stand-in that knows the emulated ones: readings by device number, torch.cuda's
 * functions, energy per repetition by the counter or by power over time; and one sentence where it is missing.
 */
import "./emulation.ts";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RuntimeClient } from "../../src/runtime/client.ts";
import type { DeviceState } from "../../src/protocol/rpc.ts";
import { EnergyMeter } from "../../src/runtime/cuda/energy.ts";
import type { GpuReadings } from "../../src/runtime/native/addon.ts";
import type { DevicesResult, ProfileResult } from "../../src/protocol/results.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const addon = process.env.LAYERWISE_CUDA_ADDON ?? path("../../native/bin/linux-x64/cuda.node");
const standIns = process.env.LAYERWISE_CUDA_LIBRARIES ?? path("../../native/bin/linux-x64/emulation");
process.env.LAYERWISE_CUDA_LIBRARIES = standIns;
const skip = existsSync(addon) && existsSync(`${standIns}/libnvidia-ml.so.1`) ? false : "the stand-in is not built";

function asked<Answer>(expression: string, environment: Record<string, string> = {}): Answer {
  const program = `const cuda = require(${JSON.stringify(addon)});
    console.log(JSON.stringify(${expression} ?? null));`;
  const env = { ...process.env, ...environment };
  return JSON.parse(execFileSync(process.execPath, ["-e", program], { env, encoding: "utf8" })) as Answer;
}

test("readings are those of the GPU with the driver's UUID; what is not told is absent", { skip }, () => {
  const two = { LAYERWISE_EMULATION_DEVICES: "2" };
  const [first, second, third] = asked<(GpuReadings | null)[]>("[0, 1, 2].map((i) => cuda.readings(i))", two);
  assert.equal(third, null, "there is no third");
  assert.equal(first!.utilization, 0.41);
  assert.equal(second!.utilization, 0.42);
  const { throttles, processes, ...numbers } = first!;
  assert.deepEqual(numbers, {
    utilization: 0.41,
    memoryUtilization: 0.12,
    usedBytes: 2 ** 29,
    totalBytes: 2 ** 31,
    temperatureC: 54,
    powerW: 250,
    powerLimitW: 700,
    clockMhz: 1410,
    maxClockMhz: 1980,
    memoryClockMhz: 2600,
  });
  assert.deepEqual(throttles, ["power limit", "temperature"]);
  assert.deepEqual(processes.slice(1), [{ pid: 1 }], "its memory is not told");
});

test("an NVML that does not start, or is not there, is one sentence", { skip }, () => {
  const reason = "cuda.aboutReadings().reason";
  assert.equal(asked(reason), "");
  assert.equal(asked(reason, { LAYERWISE_EMULATION_NVML: "broken" }), "NVML does not start: Driver Not Loaded");
  assert.match(asked(reason, { LAYERWISE_CUDA_LIBRARIES: "" }), /^NVML (was not found|does not know the emulated GPU)/);
  assert.equal(asked("cuda.readings(0)", { LAYERWISE_EMULATION_NVML: "broken" }), null);
});

test("energy: the counter's difference, else power over time, nothing for a moment", () => {
  const told = (values: { joules?: number; watts?: number }[]) => ({ meter: () => values.shift() });
  const counted = new EnergyMeter(told([{ joules: 10, watts: 5 }, { joules: 22 }]), 0, 0);
  counted.sample(100);
  assert.deepEqual(counted.finish(1000), { joules: 12, watts: 12, by: "counter" });

  const drawn = new EnergyMeter(told([{ watts: 100 }, { watts: 300 }, { watts: 300 }]), 0, 0);
  drawn.sample(10);
  drawn.sample(500);
  assert.deepEqual(drawn.finish(1000), { joules: 100 + 150, watts: 250, by: "power" });

  assert.equal(new EnergyMeter(told([{ joules: 1 }, { joules: 2 }]), 0, 0).finish(50), null, "too short to tell");
  assert.equal(new EnergyMeter(told([]), 0, 0).finish(1000), null, "no GPU that tells");
  assert.equal(new EnergyMeter(told([{ joules: 5 }, { joules: 5 }]), 0, 0).finish(1000), null, "it does not move");
});

const command = process.env.LAYERWISE_TEST_COMMAND?.split(" ") ?? ["bin/layerwise"];
function layerwise(words: string[], environment: Record<string, string> = {}): { status: number; out: string } {
  const [program, ...before] = command as [string, ...string[]];
  const env = { ...process.env, ...environment };
  const done = spawnSync(program, [...before, ...words], { cwd: path("../.."), env, encoding: "utf8" });
  return { status: done.status ?? -1, out: done.stdout + done.stderr };
}

const ATTENTION = ["profile", "examples/attention.py::MultiHeadAttention", "--device", "cuda"];

test("a profile counts joules per repetition: 250 W for the time of one", { skip }, () => {
  const { out } = layerwise([...ATTENTION, "--time", "1500", "--json"]);
  const { energyJ, energyBy, powerW, total } = JSON.parse(out) as ProfileResult;
  assert.equal(energyBy, "counter");
  assert.ok(Math.abs(powerW! - 250) < 5, `${powerW} W`);
  // The emulated GPU draws all the time, so a repetition takes 250 W for about its median.
  const expected = (total.medianUs / 1e6) * 250;
  assert.ok(energyJ! > expected / 2 && energyJ! < expected * 2, `${energyJ} J for ${total.medianUs} us`);
});

test("a profile as text says what measured and what it took, by power where nothing counts", { skip }, () => {
  const { out } = layerwise([...ATTENTION, "--time", "1500", "--top", "2"], { LAYERWISE_EMULATION_NVML: "poor" });
  assert.match(out, /^kernel times of cuda:0 by CUPTI$/m);
  assert.match(out, /^energy [\d.]+ m?J per repetition at 2[45]\d W, by its power draw over time$/m);
});

test("torch.cuda tells what NVML tells, in PyTorch's units", { skip }, () => {
  assert.equal(layerwise(["python", path("scripts/readings.py")]).out, "all of it holds\n");
  const broken = layerwise(["python", path("scripts/readings.py")], { LAYERWISE_EMULATION_NVML: "broken" });
  assert.match(broken.out, /RuntimeError: the GPU's readings are not available: NVML does not start/);
});

test(
  "devices: free memory and facts of a GPU that nobody opened, versions, ways to get what is missing",
  { skip },
  () => {
    const { devices } = JSON.parse(layerwise(["devices", "--json"]).out) as DevicesResult;
    const gpu = devices.find(({ id }) => id === "cuda:0")!;
    assert.equal(gpu.isEmulated, true);
    assert.equal(gpu.freeBytes, 1.5 * 2 ** 30);
    assert.deepEqual(gpu.facts, ["compute 8.0", "2 multiprocessors", "driver 580.00-emulated, CUDA 13.0"]);
    assert.equal(gpu.readings!.temperatureC, 54);
    assert.equal(devices.find(({ id }) => id === "CUPTI")!.libraryVersion, "13.0.1");
    for (const library of devices.filter(
      ({ kind, available, purpose }) => kind === "library" && !available && purpose,
    )) {
      assert.ok(
        library.get!.some(({ command }) => /^pip install nvidia-/.test(command ?? "")),
        library.id,
      );
      assert.ok(library.instead, library.id);
    }
    const none = JSON.parse(layerwise(["devices", "--json"], { LAYERWISE_CUDA_DRIVER: "libnothing.so" }).out);
    const driver = (none as DevicesResult).devices.find(({ id }) => id === "cuda")!;
    assert.ok(driver.get!.length >= 3);
  },
);

test("while something runs on a GPU the runtime process tells its memory and how it is doing", { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "layerwise-nvml-"));
  const file = join(folder, "busy.py");
  writeFileSync(
    file,
    'import time, torch\nx = torch.ones(1 << 18, device="cuda")\ntime.sleep(1.2)\nprint(x.sum().item())\n',
  );
  const told: DeviceState[] = [];
  const client = new RuntimeClient({
    file: path("../../src/runtime/process.ts"),
    onMemory: (state) => told.push(state),
  });
  try {
    const done = await client.request("python", { target: file, argv: [] });
    assert.equal(done.exitCode, 0);
  } finally {
    client.dispose();
    rmSync(folder, { recursive: true });
  }
  const busy = told.find(({ gpu }) => gpu)!;
  assert.equal(busy.device, "cuda:0");
  assert.ok(busy.allocatedBytes >= 1 << 20, `${busy.allocatedBytes} bytes`);
  assert.deepEqual(busy.gpu, {
    usedBytes: 2 ** 29,
    totalBytes: 2 ** 31,
    utilization: 0.41,
    temperatureC: 54,
    powerW: 250,
  });
});
