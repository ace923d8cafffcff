/** The benchmark cases: how to start each under PyTorch and under Layerwise. Starts nothing. */

interface Programs {
  /** An interpreter that has PyTorch. */
  torch: string;
  /** Our launcher. */
  layerwise: string;
  /** Options of ours that go before the file. */
  flags: string[];
}

export interface Case {
  name: string;
  about: string;
  /** True where the time of the whole process is the result; otherwise the script prints one JSON line. */
  timesProcess: boolean;
  torch(programs: Programs): string[];
  ours(programs: Programs): string[];
}

function script(name: string, about: string, file: string, ...args: string[]): Case {
  return {
    name,
    about,
    timesProcess: false,
    torch: ({ torch }) => [torch, `bench/cases/${file}`, ...args],
    ours: ({ layerwise, flags }) => [layerwise, "python", ...flags, `bench/cases/${file}`, ...args],
  };
}

const FIRST_RESULT = [
  "import sys; sys.path.insert(0, 'examples')",
  "import torch",
  "from attention import MultiHeadAttention",
  "print(MultiHeadAttention()(torch.randn(1, 16, 64)).shape)",
].join("\n");

export const cases: Case[] = [
  {
    name: "start_run",
    about: "process start to the first result of an attention class",
    timesProcess: true,
    torch: ({ torch }) => [torch, "-c", FIRST_RESULT],
    ours: ({ layerwise }) => [layerwise, "run", "examples/attention.py::MultiHeadAttention"],
  },
  {
    name: "start_python",
    about: "process start to the end of a small script",
    timesProcess: true,
    torch: ({ torch }) => [torch, "examples/attention.py"],
    ours: ({ layerwise, flags }) => [layerwise, "python", ...flags, "examples/attention.py"],
  },
  script("op_overhead", "microseconds per call on 2 x 2 tensors", "op_overhead.py"),
  script("small_training", "microseconds of training steps of tiny models", "small_training.py"),
  script("mlp_step", "training step, 784-256-10, batch 64", "mlp_step.py"),
  script("gpt_step", "training step, 6 layers, 384 wide, 4 x 256 tokens", "gpt_step.py"),
  script("attention_forward", "attention, 512 wide, 8 heads, 4 x 512 tokens", "attention_forward.py"),
  script("resnet18_step_64", "training step, batch 8, 64 x 64", "resnet18_step.py", "64"),
  script("resnet18_step_224", "training step, batch 8, 224 x 224", "resnet18_step.py", "224"),
  script("bert_forward", "BERT-base, 8 x 128 tokens", "bert_forward.py"),
  script("memory_ops", "ops on tensors of 64 MiB", "memory_ops.py"),
];
