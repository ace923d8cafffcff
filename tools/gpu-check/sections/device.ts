/** What the machine has: GPU, driver, clocks as found, NVIDIA's libraries, and what the Python next to us brings. */
import { lastWords, layerwise, run, type Setting } from "../programs.ts";
import type { Finding } from "../results.ts";

interface Device {
  id: string;
  kind: string;
  available: boolean;
  description: string;
}

const ASKED = ["name", "driver_version", "memory.total", "memory.used", "clocks.sm", "clocks.max.sm", "clocks.mem"];
const MORE = ["power.limit", "temperature.gpu", "utilization.gpu", "mig.mode.current"];

const ABOUT_PYTHON = `
import sys
print(sys.version.split()[0])
for name in ("torch", "triton", "torchvision"):
    try: print(name, __import__(name).__version__)
    except Exception as error: print(name, "none:", type(error).__name__)
`;

export async function device(setting: Setting, machine: Record<string, string>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const fields = [...ASKED, ...MORE];
  const asked = await run(setting, ["nvidia-smi", `--query-gpu=${fields.join(",")}`, "--format=csv,noheader"], {
    limitS: 20,
  });
  if (asked.status === 0) {
    const values = asked.out.split("\n")[0]!.split(",");
    fields.forEach((field, i) => (machine[field] = values[i]?.trim() ?? ""));
  } else machine["nvidia-smi"] = lastWords(asked);

  const ours = await run(setting, layerwise("devices", "--json"), { limitS: 60 });
  const { devices } = (ours.status === 0 ? JSON.parse(ours.out) : { devices: [] }) as { devices: Device[] };
  const gpu = devices.find(({ id }) => id === "cuda:0");
  const detail = gpu?.description ?? devices.find(({ id }) => id === "cuda")?.description ?? lastWords(ours);
  findings.push({ what: "Layerwise sees the GPU", holds: gpu?.available === true, detail });
  machine["seen by Layerwise"] = detail;
  for (const { id, kind, available, description } of devices) {
    if (kind === "library")
      findings.push({ what: id, holds: null, detail: `${available ? "found" : "missing"}: ${description}` });
    if (id === "cpu") machine.processor = description;
  }
  if (setting.python) {
    const about = await run(setting, [setting.python, "-c", ABOUT_PYTHON], { limitS: 120 });
    machine.python = about.status === 0 ? about.out.trim().split("\n").join(", ") : lastWords(about);
  }
  return findings;
}
