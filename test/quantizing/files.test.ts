/** Data from files and functions, files that are written, and a cancel on the way. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { QuantizeRequest, Scheme } from "../../src/protocol/compress.ts";
import { RequestFailed } from "../../src/runtime/host/host.ts";
import { python } from "../models/command.ts";
import { close, decibels, done, fixtures, folder, quantize, report } from "./runtime.ts";

after(close);

const models = join(fixtures, "models.py");

/** Files of data, written by numpy, torch and safetensors of ours. */
const script = join(folder, "write.py");
writeFileSync(
  script,
  `
import sys, numpy, torch
from safetensors.torch import save_file
out = sys.argv[1]
x = torch.randn(10, 64)
numpy.save(out + "/x.npy", x.numpy())
numpy.save(out + "/double.npy", x.double().numpy())
numpy.save(out + "/bytes.npy", (x * 10).to(torch.uint8).numpy())
numpy.save(out + "/cube.npy", x.view(5, 2, 64).numpy())
numpy.save(out + "/deep.npy", x.view(1, 5, 2, 1, 64).numpy())
numpy.savez(out + "/named.npz", x=x.numpy(), labels=numpy.arange(10))
numpy.savez(out + "/wrong.npz", image=x.numpy())
save_file({"x": x}, out + "/x.safetensors")
torch.save(x, out + "/x.pt")
torch.save("text", out + "/text.pt")
model = torch.nn.ModuleDict({"up": torch.nn.Linear(64, 192), "down": torch.nn.Linear(192, 10, bias=False)})
torch.save(model.state_dict(), out + "/weights.pt")
torch.save({"model": model.state_dict()}, out + "/wrapped.pt")
torch.save({"other": x}, out + "/other.pt")
class Settings:
    pass
class Mine(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = model["up"], model["down"]
        self.register_buffer("seen", torch.ones(3), persistent=False)
settings = Settings()
settings.rate = 0.1
trained = {"module._orig_mod." + name: value for name, value in model.state_dict().items()}
optimizer = torch.optim.Adam(model.parameters())
torch.save({"epoch": 3, "config": settings, "optimizer": optimizer.state_dict(), "net": trained}, out + "/trained.pt")
torch.save(Mine(), out + "/whole.pt")
torch.save({**model.state_dict(), "up.weight": torch.ones(190, 64)}, out + "/sizes.pt")
`,
);
python(script, folder);
writeFileSync(join(folder, "cut.npy"), readFileSync(join(folder, "x.npy")).subarray(0, 700));
writeFileSync(join(folder, "words.txt"), "call me");
writeFileSync(join(folder, "words.npy"), "call me");
writeFileSync(join(folder, "raises.py"), "def go():\n    return 1 / 0\n");

const file = (name: string): string => join(folder, name);

async function failure(request: Partial<QuantizeRequest>): Promise<string> {
  try {
    const result = await quantize("Mlp", { schemes: ["int8"], ...request });
    assert.equal(result.ok, false);
    assert.match(result.failure!.kind, /usage|model/);
    return result.failure!.message;
  } catch (error) {
    if (error instanceof RequestFailed) return error.failure.message;
    throw error;
  }
}

test("samples of every kind of file, cut as the model takes them", async () => {
  for (const [name, samples] of [
    ["x.npy", 10],
    ["double.npy", 10],
    ["cube.npy", 5],
    ["named.npz", 10],
    ["x.safetensors", 10],
    ["x.pt", 10],
  ] as const) {
    const { data, reports } = await done("Mlp", { schemes: ["int8"], data: file(name) });
    assert.deepEqual([data.samples, data.isRandom, data.from], [samples, false, "given"], name);
    const names = reports[0]!.metrics.map((metric) => metric.name);
    assert.deepEqual(names, name === "named.npz" ? ["top-1 accuracy", "top-1 agreement"] : ["top-1 agreement"], name);
  }
  const few = await done("Mlp", { schemes: ["int8"], data: file("x.npy"), samples: 3 });
  assert.equal(few.data.samples, 3);
  const single = await done("Mlp", { schemes: ["static"], data: `${models}::labelled` });
  assert.equal(single.data.samples, 20);
  assert.ok(single.reports[0]!.metrics.some(({ name, samples }) => name === "top-1 accuracy" && samples === 20));
});

test("inputs that the data does not have are as inferred, and said", async () => {
  const inputs = { x: "float32[4,64]", mask: "float32[4,1]" };
  const { data } = await done("Masked", { schemes: ["int8"], data: file("x.npy"), inputs });
  assert.match(data.why!, /x\.npy, 10 samples; mask not in it: as inferred$/);
  assert.equal(data.samples, 10);
});

test("data that does not fit: a sentence each", async () => {
  const messages = {
    [file("nowhere.npy")]: /^--data: there is no file or folder .*nowhere\.npy$/,
    [file("words.txt")]: /words\.txt is no data that is read: expected pictures or a folder of them, \.npy/,
    [file("cut.npy")]: /cut\.npy cannot be read: /,
    [file("words.npy")]: /words\.npy cannot be read: it is no \.npy or \.npz file: it begins with b'call m'/,
    [file("bytes.npy")]: /bytes\.npy: x is uint8, but the model takes float32$/,
    [file("deep.npy")]: /deep\.npy: x has the shape \[1, 5, 2, 1, 64\], but the model was given \[2, 64\]/,
    [file("wrong.npz")]: /wrong\.npz holds 'image', but the inputs are x$/,
    [file("text.pt")]: /text\.pt holds str: expected a tensor/,
    [models]: /^--data '.*models\.py' names no function$/,
    [`${models}::wrong`]: /x is int64, but the model takes float32$/,
    [`${models}::nothing`]: /::nothing holds no sample$/,
    [`${models}::text`]: /holds str: expected a tensor/,
    [`${models}::missing`]: /::missing names no function of that file$/,
    [`${file("raises.py")}::go`]: /^division by zero$/,
  };
  for (const [data, wanted] of Object.entries(messages)) assert.match(await failure({ data }), wanted);
});

test("metrics of one's own", async () => {
  const own = await report("Mlp", { schemes: ["int8"], metric: `${models}::norm_of_output`, samples: 2 });
  const [{ name, before, after: later, better }] = own.metrics as [(typeof own.metrics)[0]];
  assert.deepEqual([name, better], ["norm_of_output", "higher"]);
  assert.ok(before > 0 && Math.abs(later / before - 1) < 0.05 && later !== before);
  assert.match(await failure({ metric: `${models}::says_text` }), /says_text returned str: expected a number$/);
  assert.match(await failure({ metric: models }), /names no function$/);
});

test("code of a model sees the files that were named, and nothing beside them", async () => {
  const asked = {
    schemes: ["int8"] as Scheme[],
    data: file("x.npy"),
    weights: file("weights.pt"),
    file: file("seen.pt"),
  };
  const before = readdirSync(folder).length;
  const seen = await report("Mlp", { ...asked, metric: `${models}::files_beside_data` });
  // What is to be written is not there yet.
  assert.deepEqual([seen.metrics[0]!.before, seen.metrics[0]!.after], [2, 2]);
  const written = await report("Mlp", { ...asked, metric: `${models}::writes` });
  assert.equal(written.metrics[0]!.before, 0);
  assert.equal(readdirSync(folder).length, before + 1);
});

test("weights lie beside a config and an optimizer, under the names of wrappers, or in a whole model", async () => {
  const asked = { schemes: ["int4"] as Scheme[], data: file("x.npy") };
  const plain = await report("Mlp", { ...asked, weights: file("weights.pt") });
  for (const name of ["trained.pt", "whole.pt"]) {
    assert.deepEqual((await report("Mlp", { ...asked, weights: file(name) })).output, plain.output, name);
  }
});

test("a graph and lists of tensors are one call each", async () => {
  const graph = await done("Graph", { schemes: ["int8"], data: `${models}::graph` });
  assert.equal(graph.data.samples, 12);
  assert.ok(graph.reports[0]!.output.sqnrDb! > 20);
  const bags = await done("Lists", { schemes: ["int8"], data: `${models}::lists` });
  assert.ok(bags.reports[0]!.output.sqnrDb! > 20);
});

test("of two sequences none is continued", async () => {
  const { reports } = await done("Translator", { schemes: ["int8"], data: `${models}::translations` });
  assert.deepEqual(
    reports[0]!.metrics.map(({ name }) => name),
    ["top-1 agreement"],
  );
});

test("weights come first, and have to fit", async () => {
  const plain = await report("Mlp", { schemes: ["int4"], weights: file("weights.pt"), data: file("x.npy") });
  const wrapped = await report("Mlp", { schemes: ["int4"], weights: file("wrapped.pt"), data: file("x.npy") });
  const fresh = await report("Mlp", { schemes: ["int4"], data: file("x.npy") });
  assert.deepEqual(plain.output, wrapped.output);
  assert.notEqual(decibels(plain), decibels(fresh));
  assert.match(await failure({ weights: file("other.pt") }), /other\.pt does not fit the model: .*up\.weight/);
  assert.match(
    await failure({ weights: file("sizes.pt") }),
    /: up\.weight is \[190, 64\] and was expected to be \[192, 64\]$/,
  );
  assert.match(await failure({ weights: file("x.pt") }), /x\.pt holds no tensors by name/);
  assert.match(await failure({ weights: file("cut.npy") }), /cut\.npy cannot be read: /);
});

test("what is written is read again: safetensors, checkpoint, ONNX", async () => {
  for (const [target, scheme, names] of [
    ["Mlp", "int4", ["a.safetensors", "a.pt", "a.onnx"]],
    ["Mlp", "static", ["b.safetensors", "b.onnx"]],
    ["Tied", "dynamic", ["c.safetensors", "c.pt", "c.onnx"]],
    ["ConvNet", "static", ["d.pt", "d.onnx"]],
    ["Recurrent", "nf4", ["e.safetensors"]],
    ["Mlp", "fp8", ["f.safetensors", "f.pt"]],
    ["Mlp", "fp8-e5m2", ["h.safetensors", "h.onnx"]],
    ["Tied", "fp8", ["g.onnx"]],
    ["Mlp", "int8", ["h.onnx"]],
  ] as const) {
    for (const name of names) {
      const { file: written, reports } = await done(target, { schemes: [scheme], file: file(name), samples: 2 });
      assert.ok(written && written.checks.length > 0 && written.checks.every(({ ok }) => ok), `${target} ${name}`);
      assert.equal(written.bytes, readFileSync(file(name)).length);
      assert.ok(written.bytes < reports[0]!.afterBytes + 12_000, `${name}: ${written.bytes}`);
      assert.equal(written.format, name.split(".")[1]);
    }
  }
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp") || name.endsWith(".part")),
    [],
  );
  assert.match(await failure({ file: file("x.bin") }), /x\.bin is not written: expected \.onnx, \.safetensors, \.pt$/);
  assert.match(await failure({ file: "/no/such/folder/x.pt" }), /^there is no folder \/no\/such\/folder/);
  // Known before anything is measured, and nothing is left behind.
  const before = readdirSync(folder).length;
  const long = `${"x".repeat(300)}.onnx`;
  assert.match(await failure({ file: file(long) }), /\.onnx cannot be written to .*: its name is too long$/);
  mkdirSync(file("folder.onnx"));
  assert.match(
    await failure({ file: file("folder.onnx") }),
    /folder\.onnx is a folder: nothing can be written over it$/,
  );
  rmdirSync(file("folder.onnx"));
  assert.equal(readdirSync(folder).length, before);
  assert.match(await failure({ schemes: ["int8", "int4"], file: file("x.pt") }), /^a file takes one scheme, not 2/);
});

test("a file loads into the class again in a script", async () => {
  writeFileSync(
    join(folder, "load.py"),
    `
import sys, torch
sys.path.insert(0, ${JSON.stringify(fixtures)})
sys.path.insert(0, ".")
from models_copy import Mlp, Tied
from layerwise.quantizing import load
torch.manual_seed(3)
model = load(Mlp(), "a.safetensors")
print(type(model.up).__name__, model.up.codes.dtype, list(model(torch.zeros(1, 64)).shape))
print(type(load(Tied(), "c.pt").embed).__name__)
for wrong in (lambda: load(Tied(), "a.safetensors"), lambda: load(Mlp(), "x.safetensors"), lambda: load(Mlp(), "weights.pt")):
    try:
        wrong()
    except ValueError as error:
        print(str(error))
`,
  );
  writeFileSync(join(folder, "models_copy.py"), readFileSync(models));
  const lines = python(join(folder, "load.py")).trimEnd().split("\n");
  assert.deepEqual(lines, [
    "LowBitLinear torch.uint8 [1, 10]",
    "LowBitEmbedding",
    "a.safetensors: this model has no layer up",
    "x.safetensors: its metadata has no layerwise_quantization",
    "weights.pt: the checkpoint has no layerwise_quantization",
  ]);
});

test("a cancel stops it, and what was written before is still there", async () => {
  writeFileSync(file("old.safetensors"), "old");
  const cancel = new AbortController();
  const told: string[] = [];
  const asked = quantize(
    "Sleeper",
    { schemes: ["static", "int8"], samples: 8, sensitivity: true },
    {
      signal: cancel.signal,
      onProgress: (message, fraction) => {
        told.push(message);
        if ((fraction ?? 0) > 0.1) cancel.abort();
      },
    },
  );
  const kind = await asked.then(
    (result) => result.failure?.kind,
    (error: unknown) => (error as RequestFailed).failure.kind,
  );
  assert.equal(kind, "cancelled");
  assert.ok(told.length > 1, told.join());
  assert.equal(readFileSync(file("old.safetensors"), "utf8"), "old");
  // The runtime goes on.
  assert.ok((await done("Mlp", { schemes: ["int8"], samples: 1 })).ok);
  assert.ok(!existsSync(file("nothing.safetensors")));
});
