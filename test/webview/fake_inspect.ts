/** The host of the data file view in the test page; its file is made up. */
import type { InspectedTensor } from "../../src/protocol/inspect.ts";
import type { InspectResult } from "../../src/protocol/results.ts";
import type { Answers } from "../../src/protocol/views/port.ts";
import type { InspectHost, InspectState } from "../../src/protocol/views/inspect.ts";

const [C, V, LAYERS] = [384, 50304, 6];

function tensorsOf(rootName: string, hasStatistics: boolean): InspectedTensor[] {
  const shapes: [string, number[]][] = [
    [`${rootName}wte.weight`, [V, C]],
    ["lm_head.weight", [V, C]],
  ];
  for (let layer = 0; layer < LAYERS; layer++) {
    shapes.push(
      [`h.${layer}.attn.c_attn.weight`, [3 * C, C]],
      [`h.${layer}.attn.c_attn.bias`, [3 * C]],
      [`h.${layer}.mlp.c_fc.weight`, [4 * C, C]],
      [`h.${layer}.mlp.c_fc.bias`, [4 * C]],
    );
  }
  return shapes.map(([name, shape], index) => ({
    name,
    shape,
    dtype: "float32",
    sizeBytes: 4 * shape.reduce((a, b) => a * b, 1),
    ...(hasStatistics
      ? {
          statistics: {
            min: -0.31,
            max: 0.29,
            mean: 1.2e-5,
            std: 0.0201,
            nans: index === 4 ? 3 : 0,
            infs: 0,
            zeros: 0,
          },
        }
      : {}),
  }));
}

export function inspectAnswers(
  query: URLSearchParams,
  noted: (method: string) => (argument: unknown) => void,
  changed: () => void,
): Answers<InspectHost> {
  const file = "/home/ada/nanogpt/gpt.safetensors";
  const make = (hasStatistics: boolean): InspectResult => {
    const tensors = tensorsOf(query.has("name") ? `${query.get("name")}.` : "", hasStatistics);
    const sum = (of: (tensor: InspectedTensor) => number): number => tensors.reduce((all, each) => all + of(each), 0);
    return {
      version: 1,
      verb: "inspect",
      target: file,
      ok: true,
      format: "safetensors",
      description: "safetensors",
      fileBytes: 198_000_000,
      metadata: { format: "pt", made_by: "train_gpt.py" },
      tensors,
      totals: {
        tensors: tensors.length,
        elements: sum(({ sizeBytes }) => sizeBytes / 4),
        sizeBytes: sum((t) => t.sizeBytes),
      },
      notes: ["2 tensors share memory: wte.weight and lm_head.weight"],
    };
  };
  const states: Record<string, Partial<InspectState>> = {
    failed: {
      result: null,
      failure: { kind: "model", type: "bad-file", message: "gpt.safetensors: the header is cut off after 12 bytes" },
    },
    stale: { stale: "gpt.safetensors has changed since it was read" },
  };
  const state: InspectState = {
    file,
    result: make(false),
    stale: null,
    running: null,
    failure: null,
    ...states[query.get("state") ?? ""],
  };
  return {
    state: () => state,
    read: (how) => {
      noted("read")(how);
      state.result = make(how.statistics);
      changed();
    },
    cancel: noted("cancel"),
    copy: noted("copy"),
  };
}
