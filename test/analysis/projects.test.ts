/**
 * Classes whose callers are in other files: projects as people lay them out. What is found comes from the callers, also when
 * these are edited, and nothing that a script would do is done.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { AnalysisRequest, TargetAnalysis } from "../../src/protocol/analysis.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";

const folder = join(import.meta.dirname, "fixtures/projects");

let host: RuntimeHost;
before(async () => {
  host = await RuntimeHost.start({ core: { metaOnly: true } });
});
after(async () => await host?.close());

async function analyse(project: string, file: string, more: Partial<AnalysisRequest> = {}): Promise<TargetAnalysis[]> {
  const workspace = project.startsWith("/") ? project : join(folder, project);
  const request = { target: join(workspace, file), workspace, budgetMs: 30_000, ...more };
  const result = await host.request("analyse", request);
  assert.equal(result.failure, undefined);
  return result.targets;
}

/** "width=48 heads=3" and where it was seen. */
function said({ setup: { init, inputs }, incomplete }: TargetAnalysis): string {
  assert.equal(incomplete, undefined);
  return [...init, ...inputs].map(({ name, value }) => `${name}=${value}`).join(" ");
}

const NET = "cfg=textnet.config.NetConfig(vocab=200, width=48, heads=3)";
const ARGS =
  "cfg=SimpleNamespace(arch='mixer', img_size=28, in_ch=1, patch=7, hidden=40, tok_mlp=24, ch_mlp=96, depth=3, " +
  "classes=10, lr=0.001, amp=False)";
const GROUP =
  "cfg=SimpleNamespace(arch='mixer', img_size=28, in_ch=1, patch=7, hidden=40, tok_mlp=24, ch_mlp=96, depth=3, classes=10)";

/** Project, file: what its classes are given. */
const PROJECTS: [project: string, file: string, targets: Record<string, string>][] = [
  [
    // Relative imports below src/; a script beside it trains.
    "src_layout",
    "src/textnet/blocks.py",
    {
      FeedForward: `${NET} h=float32[8,20,48]`,
      Block: `${NET} layer_idx=0 h=float32[8,20,48] rot=(float32[20,8], float32[20,8])`,
      Pooler: `${NET} out=7 h=float32[8,20,48] keep=bool[8,20]`,
    },
  ],
  [
    "src_layout",
    "src/textnet/attention.py",
    {
      Mixer: "width=48 heads=3 h=float32[8,20,48] rot=(float32[20,8], float32[20,8])",
      Rotations: "head_width=16 context=32 n=20",
    },
  ],
  [
    // Scripts side by side.
    "flat",
    "layers.py",
    {
      ConvUnit: "c_in=1 c_out=24 k=5 act=nn.ReLU() t=float32[2,1,32,32]",
      Gate: "c=24 emb=40 t=float32[2,24,32,32] e=float32[2,40]",
      Fuse: "parts=[24, 24, 1] maps=[float32[2,24,32,32], float32[2,24,32,32], float32[2,1,16,16]]",
      Step: "c=24 emb=40 norm=nn.BatchNorm2d state=(float32[2,24,32,32], []) e=float32[2,40]",
    },
  ],
  [
    // A package whose __init__ hands on what its files define.
    "reexported",
    "models/heads.py",
    { MaskHead: "width=16 n_cls=5 f=float32[2,16,16,16] prior=float32[2,1,32,32]" },
  ],
  // build_model(args) with the defaults of an argument parser.
  ["parsed", "nets/mixer.py", { MixNet: `${ARGS} img=float32[4,1,28,28]` }],
  ["parsed", "nets/parts.py", { Cell: `${ARGS} u=float32[2,40] carry=(float32[2,40], 0)` }],
  // build_model(cfg.model) with Hydra's files.
  ["hydra_conf", "nets/mixer.py", { MixNet: `${GROUP} img=float32[4,1,28,28]` }],
];

for (const [project, file, wanted] of PROJECTS) {
  test(`${project}/${file}`, async () => {
    const targets = await analyse(project, file);
    for (const [name, text] of Object.entries(wanted)) {
      assert.equal(said(targets.find((target) => target.name === name)!), text, name);
    }
  });
}

test("where it was seen is said with the file", async () => {
  const [target] = await analyse("flat", "layers.py", { only: ["Gate"] });
  assert.match(target!.setup.init[0]!.why!, /^as Net in model\.py:6 builds it$/);
  const [net] = await analyse("flat", "model.py", { only: ["Net"] });
  assert.match(net!.setup.init[0]!.why!, /^from the call in train\.py:9$/);
});

test("an edit of the caller is seen, in the file that it calls", async () => {
  const train = join(folder, "flat/train.py");
  const text = readFileSync(train, "utf8");
  const overlay = { [train]: text.replace("base=24", "base=20") };
  assert.match(said((await analyse("flat", "layers.py", { only: ["Gate"] }))[0]!), /^c=24 /);
  assert.match(said((await analyse("flat", "layers.py", { only: ["Gate"], overlay }))[0]!), /^c=20 /);
  // A caller that is broken for the moment is none.
  const broken = { [train]: text.replace("Net(in_ch", "Net((in_ch") };
  const [target] = await analyse("flat", "layers.py", { only: ["Gate"], overlay: broken });
  assert.doesNotMatch(JSON.stringify(target!.setup), /"c","value":"20"/);
});

test("a script is read for what it defines, and packages that nobody has loaded stay where they are", async () => {
  const place = mkdtempSync(join(tmpdir(), "layerwise-callers-"));
  try {
    const packages = join(place, "env/lib/python3.12/site-packages/slow");
    mkdirSync(packages, { recursive: true });
    writeFileSync(join(packages, "__init__.py"), "Loader = object\n");
    const project = join(place, "project");
    mkdirSync(project);
    const head = "import torch\nfrom torch import nn\n";
    writeFileSync(
      join(project, "part.py"),
      `${head}class Part(nn.Module):
    def __init__(self, gloop):
        super().__init__()
        self.f = nn.Linear(gloop, 3)
    def forward(self, x):
        return self.f(x)\n`,
    );
    const script = "from part import Part\nmodel = Part(gloop=11)\nfor step in range(10**12): raise SystemExit(step)\n";
    writeFileSync(join(project, "run_it.py"), script);
    const env = join(place, "env");
    const [target] = await analyse(project, "part.py", { env });
    assert.match(said(target!), /^gloop=11 x=float32\[.*11\]$/);
    writeFileSync(join(project, "run_it.py"), `def use():\n    return Part(gloop=12)\n`);
    writeFileSync(
      join(project, "user.py"),
      `import slow\nfrom part import Part\n\n\nclass Whole(nn.Module):\n    pass\n`,
    );
    writeFileSync(join(project, "whole.py"), "from user import Whole\nfrom part import Part\nmade = Part(gloop=13)\n");
    // whole.py would import user.py, and that the slow package: neither is imported, and the call is read all the same.
    const [again] = await analyse(project, "part.py", { env });
    assert.match(said(again!), /^gloop=13 /);
  } finally {
    rmSync(place, { recursive: true });
  }
});
