/** Arguments found without any help: typical model code, the sources of each choice, and what is said when it cannot be done. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ArgumentChoice, DescribeResult, RunResult } from "../../src/protocol/results.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");

/** Shapes alone are enough to find arguments; running with them needs the real thing. */
let host: RuntimeHost;
let shapesHost: RuntimeHost;
before(async () => {
  shapesHost = await RuntimeHost.start({ core: { metaOnly: true } });
  host = await RuntimeHost.start();
});
after(async () => {
  await shapesHost?.close();
  await host?.close();
});

async function describe(file: string): Promise<DescribeResult> {
  return await shapesHost.request("describe", { target: join(root, file), full: true });
}

/** "x=float32[2,16,64] (call)" for each argument. */
function texts(choices: readonly ArgumentChoice[]): string {
  return choices
    .filter((choice) => choice.from !== "default")
    .map(({ name, value, from }) => `${name}=${value} (${from})`)
    .join(", ");
}

/** A package with relative imports; functions of it make models, and one lies ready in it. */
const PROJECT = "test/cli/fixtures/project/nets/models.py";
const TAGS = "tokens=int64[2,16]<50 (layers), token_lengths=torch.tensor([16, 12]) (name)";

/** File, target, constructor arguments, inputs: all that is promised about them. */
const CASES: [file: string, name: string, init: string, inputs: string][] = [
  ["test/cli/fixtures/lenet.py", "Net", "", "x=float32[2,1,28,28] (layers)"],
  // No usual size of an image: what its pools leave over says it.
  ["examples/digits.py", "DigitNet", "", "x=float32[2,1,8,8] (layers)"],
  ["test/cli/fixtures/unet.py", "UNet", "", "x=float32[2,3,32,32] (layers), timesteps=float32[2] (name)"],
  [
    "test/cli/fixtures/unet.py",
    "ResidualBlock",
    "in_channels=32 (call), out_channels=64 (call), time_dim=64 (call)",
    "x=float32[2,32,16,16] (call), emb=float32[2,64] (call)",
  ],
  [
    "test/cli/fixtures/seq2seq.py",
    "MultiHeadedAttention",
    "h=4 (call), d_model=64 (call)",
    "query=float32[2,16,64] (layers), key=float32[2,16,64] (layers), value=float32[2,16,64] (layers)",
  ],
  [
    "test/cli/fixtures/seq2seq.py",
    "EncoderLayer",
    "size=64 (call), self_attn=MultiHeadedAttention(4, 64) (call), feed_forward=PositionwiseFeedForward(64, 128, 0.1) (call), dropout=0.1 (call)",
    "x=float32[2,16,64] (layers), mask=None (name)",
  ],
  [PROJECT, "Tagger", "cfg=TaggerConfig() (annotation)", TAGS],
  [PROJECT, "build_tagger", "cfg=TaggerConfig() (annotation)", TAGS],
  [PROJECT, "Reader", "width=24 (call)", "x=float32[2,16,24] (call), lengths=torch.tensor([16, 12]) (name)"],
  // What may be left out, and is handed on as it came, is no evidence for None.
  [PROJECT, "Pooled", "width=16 (call)", "input_ids=int64[2,16]<30 (call)"],
  [
    PROJECT,
    "GraphLayer",
    "in_dim=64 (name), out_dim=64 (name)",
    "x=float32[16,64] (layers), edge_index=int64[2,32]<16 (name)",
  ],
  [PROJECT, "Keyed", "", "batch={'picture': float32[2,1,32,32]} (layers)"],
  [PROJECT, "small", "", "input=float32[2,8] (layers)"],
  ["test/cli/fixtures/vision.py", "VisionTransformer", "", "x=float32[2,3,224,224] (layers)"],
  [
    "test/cli/fixtures/vision.py",
    "PatchEmbed",
    "img_size=224 (call), patch_size=16 (call), in_chans=3 (call), embed_dim=192 (call)",
    "x=float32[2,3,224,224] (call)",
  ],
  [
    "test/cli/fixtures/vision.py",
    "Stages",
    "block=InvertedResidual (name), layers=[2, 2, 2, 2] (name)",
    "x=float32[2,3,32,32] (layers)",
  ],
  [
    "test/cli/fixtures/many.py",
    "TwoTower",
    "num_users=64 (name), num_items=64 (name)",
    "user=int64[2,16]<64 (layers), item=int64[2,16]<64 (layers)",
  ],
  [
    "test/cli/fixtures/many.py",
    "FromConfig",
    "config=SimpleNamespace(vocab_size=1000, n_embd=64, block_size=64) (name)",
    "idx=int64[2,16]<1000 (layers)",
  ],
  [
    "test/cli/fixtures/many.py",
    "Llamaish",
    "params=ModelArgs() (annotation)",
    "tokens=int64[2,16]<128 (layers), start_pos=0 (annotation)",
  ],
  ["test/cli/fixtures/many.py", "Autoencoder", "latent_dim=32 (name)", "x=float32[2,1,28,28] (annotation)"],
  ["test/cli/fixtures/many.py", "Flat", "", "x=float32[2,784] (layers)"],
  [
    "test/cli/fixtures/many.py",
    "Tagger",
    "vocab_size=1000 (name), hidden_size=64 (name), num_layers=2 (name), num_classes=10 (name)",
    "x=int64[2,16]<1000 (layers)",
  ],
  ["test/cli/fixtures/many.py", "Annotated", "d=64 (name)", "x=float32[2,16,64] (annotation)"],
  [
    "test/cli/fixtures/many.py",
    "Critic",
    "state_dim=32 (name), action_dim=32 (name), max_action=1.0 (name)",
    "state=float32[2,32] (name), action=float32[2,32] (name)",
  ],
  ["test/cli/fixtures/many.py", "Gated", "width=32 (name), mystery=64 (name)", "inputs=float32[2,32] (layers)"],
  [
    "test/cli/fixtures/groups.py",
    "Siamese",
    "",
    "pair=Pair(left=float32[2,3,32,32], right=float32[2,3,32,32]) (layers)",
  ],
  [
    "test/cli/fixtures/groups.py",
    "Graph",
    "",
    "data=SimpleNamespace(x=float32[16,7], edge_index=int64[2,32]<16) (layers)",
  ],
  [
    "test/cli/fixtures/groups.py",
    "Whole",
    "",
    "batch={'tokens': int64[2,16]<50, 'mask': bool[2,16], 'prices': float32[2,2,5]} (layers)",
  ],
  ["test/cli/fixtures/groups.py", "Typed", "", "inputs={'image': float32[2,1,32,32], 'weight': float32[2]} (layers)"],
  [
    "test/cli/fixtures/groups.py",
    "Rec",
    "",
    "f=Feats(user=int64[2,16]<100, item=int64[2,16]<200, dense=float32[2,16,13]) (layers)",
  ],
  ["test/cli/fixtures/many.py", "Frames", "", "audio=float32[2,16,40] (annotation)"],
];

test("describe without full runs nothing and lists targets", async () => {
  const result = await shapesHost.request("describe", { target: join(here, "fixtures/many.py") });
  const names = result.targets.map((target) => target.name);
  assert.ok(names.includes("TwoTower") && names.includes("cosine"));
  assert.ok(!names.includes("ModelArgs"), "a dataclass is no target");
  assert.ok(result.targets.every((target) => target.setup.inputs.length === 0));
});

const described = new Map<string, Promise<DescribeResult>>();
for (const [file, name, init, inputs] of CASES) {
  test(`${file}::${name}`, async () => {
    if (!described.has(file)) described.set(file, describe(file));
    const { targets } = await described.get(file)!;
    const target = targets.find((candidate) => candidate.name === name);
    assert.ok(target, `${name} is a target`);
    assert.equal(texts(target.setup.init), init);
    assert.equal(texts(target.setup.inputs), inputs);
    assert.ok(
      [...target.setup.init, ...target.setup.inputs].every((choice) => choice.why),
      "each choice has its reason",
    );
  });
}

for (const [file, name] of CASES) {
  test(`${file}::${name} runs with what was found`, async () => {
    const result: RunResult = await host.request("run", { target: `${join(root, file)}::${name}` });
    assert.ok(result.ok, result.failure?.message);
    assert.ok(result.outputs.length > 0);
  });
}

test("a model that the file holds is a target, and stays as it is", async () => {
  const result: RunResult = await host.request("run", { target: `${join(root, PROJECT)}::ready` });
  assert.ok(result.ok, result.failure?.message);
  assert.equal(texts(result.setup.inputs), "input=float32[2,1,32,32] (layers)");
  assert.deepEqual(result.outputs[0]?.shape, [2, 4, 30, 30]);
});

test("a function that makes no model stays a function", async () => {
  const result: RunResult = await host.request("run", { target: `${join(root, PROJECT)}::widths` });
  assert.equal(result.value, "[64, 128]");
});

test("arguments of a function that makes a model are given by --init", async () => {
  const target = `${join(root, PROJECT)}::build_tagger`;
  const result: RunResult = await host.request("run", { target, init: "cfg=TaggerConfig(n_tags=7)" });
  assert.deepEqual(result.outputs[0]?.shape, [2, 16, 7], result.failure?.message);
  const refused: RunResult = await host.request("run", {
    target: target.replace("build_tagger", "widths"),
    init: "model_width=3",
  });
  assert.match(refused.failure?.message ?? "", /^widths returns no nn\.Module: --init gives arguments of a class/);
});

test("every class of the examples runs without help", async () => {
  for (const file of ["attention", "bert", "gpt", "lstm", "mlp", "resnet", "vit"]) {
    const path = join(root, "examples", `${file}.py`);
    const { targets } = await shapesHost.request("describe", { target: path });
    for (const { name, kind } of targets) {
      if (kind !== "class") continue;
      const result: RunResult = await host.request("run", { target: `${path}::${name}` });
      assert.ok(result.ok, `${file}.py::${name}: ${result.failure?.message}`);
    }
  }
});

test("an argument that nobody can know is asked for in one sentence", async () => {
  const text = [
    "import torch",
    "class Odd(torch.nn.Module):",
    "    def __init__(self, thing):",
    "        super().__init__()",
    "        self.n = thing.secret_number()",
    "    def forward(self, x):",
    "        return x",
    "",
  ].join("\n");
  const target = join(here, "fixtures/odd.py");
  const result = await host.request("run", { target: `${target}::Odd`, overlay: { [target]: text } });
  assert.equal(result.failure?.kind, "usage");
  assert.match(
    result.failure!.message,
    /^cannot find a value for the argument 'thing' of Odd .*give it with --init 'thing=\.\.\.'$/,
  );
});

test("targets survive a syntax error", async () => {
  const text =
    "import torch\nimport torch.nn as nn\nclass A(nn.Module):\n    def forward(self, x):\n        return x\n" +
    "class B(nn.Module):\n    def forward(self, x:\n        return x\ndef step(x):\n    return torch.relu(x)\n";
  const target = join(here, "fixtures/broken.py");
  const result = await shapesHost.request("describe", { target, overlay: { [target]: text } });
  assert.deepEqual(
    result.targets.map(({ name, kind, source }) => [name, kind, source.line]),
    [
      ["A", "class", 3],
      ["B", "class", 6],
      ["step", "function", 9],
    ],
  );
});
