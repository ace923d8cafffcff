/**
 * Our numpy, PIL, einops, yaml, regex and tqdm print what the real ones print: each script of this folder against its .out
 * file (tools/goldens_packages.py). And which package wins where an environment has one too.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { python } from "../models/command.ts";

const folder = new URL("./", import.meta.url);
const root = fileURLToPath(new URL("../../", folder));
const MOST_SHOWN = 12;

const scripts = readdirSync(folder)
  .filter((name) => name.endsWith(".py"))
  .map((name) => name.slice(0, -3));

for (const script of scripts) {
  test(`${script} prints what the real package prints`, () => {
    const [header, ...expected] = readFileSync(new URL(`${script}.out`, folder), "utf8").split("\n");
    assert.match(header!, /^# \w+ \d/);
    const actual = python(`test/packages/${script}.py`).split("\n");
    const problems: string[] = [];
    for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
      if (actual[i] === expected[i]) continue;
      problems.push(`line ${i + 2}:\n  expected ${expected[i] ?? "nothing"}\n  got      ${actual[i] ?? "nothing"}`);
    }
    assert.equal(problems.length, 0, `${problems.length} differences\n${problems.slice(0, MOST_SHOWN).join("\n")}`);
  });
}

// An environment of our own making: two pure packages, one of which we have too, and compiled ones.
const place = mkdtempSync(join(tmpdir(), "layerwise-packages-"));
after(() => rmSync(place, { recursive: true, force: true }));
const packages = join(place, "env", "lib", "python3.12", "site-packages");
for (const [file, text] of Object.entries({
  "pure/__init__.py": "value = 7\n",
  "einops/__init__.py": "origin = 'environment'\n",
  "numpy/__init__.py": "origin = 'environment'\n",
  "numpy/_core/_multiarray.cpython-312-x86_64-linux-gnu.so": "",
  "native/__init__.py": "from native import _part\n",
  "native/_part.cpython-312-x86_64-linux-gnu.so": "",
  "torchvision/_C.so": "",
  "torchvision/image.so": "",
  "torchvision/__init__.py": "import torch\ntorch.ops.load_library(__file__.replace('__init__.py', '_C.so'))\n",
  "other/__init__.py": "import torch\ntorch.ops.load_library(__file__.replace('__init__.py', '_C.so'))\n",
})) {
  mkdirSync(dirname(join(packages, file)), { recursive: true });
  writeFileSync(join(packages, file), text);
}

function run(script: string, ...options: string[]): { status: number | null; stdout: string; stderr: string } {
  writeFileSync(join(place, "script.py"), script);
  return spawnSync(join(root, "bin", "layerwise"), ["python", ...options, "script.py"], {
    cwd: place,
    encoding: "utf8",
  });
}

const environment = ["--env", join(place, "env")];

test("an environment's pure packages are used, and come before our small ones", () => {
  const done = run("import pure, einops\nprint(pure.value, einops.origin)\n", ...environment);
  assert.equal(done.stdout, "7 environment\n", done.stderr);
});

test("without an environment our einops, tqdm and yaml serve", () => {
  const done = run("import einops, tqdm, yaml\nprint(yaml.safe_load('a: [1, 2]'), einops.rearrange is not None)\n");
  assert.equal(done.stdout, "{'a': [1, 2]} True\n", done.stderr);
});

test("our numpy serves although the environment has a compiled one", () => {
  const done = run("import numpy\nprint(hasattr(numpy, 'origin'), numpy.arange(3).sum())\n", ...environment);
  assert.equal(done.stdout, "False 3\n", done.stderr);
});

test("a compiled package does not exist for those who only ask, and says why to those who import it", () => {
  const done = run(
    "import importlib.util\nprint(importlib.util.find_spec('native'), importlib.util.find_spec('scipy'))\nimport native\n",
    ...environment,
  );
  assert.equal(done.stdout, "None None\n");
  assert.match(done.stderr, /ModuleNotFoundError: 'native' has parts compiled for your machine \(native\/_part/);
});

test("torchao and bitsandbytes are there for scripts that import them, and not for libraries that ask", () => {
  const done = run(
    "import importlib.util\nprint(importlib.util.find_spec('torchao'), importlib.util.find_spec('bitsandbytes.nn'))\n" +
      "import torchao, bitsandbytes.nn\nprint(torchao.quantize_.__name__, bitsandbytes.nn.Linear4bit.__name__)\n",
  );
  assert.equal(done.stdout, "None None\nquantize_ Linear4bit\n", done.stderr);
});

test("torchvision's compiled operators are served, others are refused", () => {
  const script = `import torch, torchvision
boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
print(torch.ops.torchvision.nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5).tolist())
features = torch.arange(32.0).reshape(1, 2, 4, 4).requires_grad_()
pooled = torch.ops.torchvision.roi_align(features, torch.tensor([[0.0, 0, 0, 3, 3]]), 1.0, 2, 2, 2, True)
pooled.sum().backward()
print(pooled.tolist(), features.grad.sum().item())
import other
`;
  const done = run(script, ...environment);
  assert.equal(done.stdout, "[1, 2]\n[[[[1.5625, 3.0], [7.3125, 8.75]], [[17.5625, 19.0], [23.3125, 24.75]]]] 8.0\n");
  assert.match(done.stderr, /OSError: .*other\/_C\.so: compiled operators cannot be loaded/);
});

test("torchvision's readers of pictures are served by our PIL", () => {
  for (const name of ["turned.jpg", "sixteen.png", "palette4.png"]) {
    cpSync(join(root, "test/packages/pictures", name), join(place, name));
  }
  const script = `import numpy as np, torch, torchvision
from PIL import Image, ImageOps
torch.ops.load_library(torchvision.__file__.replace("__init__.py", "image.so"))
image = torch.ops.image
data = image.read_file("turned.jpg")
def same(tensor, picture):
    array = torch.from_numpy(np.array(picture))
    return torch.equal(tensor, array[None] if array.dim() == 2 else array.permute(2, 0, 1))
opened = Image.open("turned.jpg")
print(same(image.decode_jpeg(data, 0, False), opened), same(image.decode_image(data, 3, True), ImageOps.exif_transpose(opened)))
grey = Image.open("turned.jpg")
grey.draft("L", None)
print(same(image.decode_jpeg(data, 1, False), grey), image.decode_jpeg(data, 1, False).shape)
print(same(image.decode_png(image.read_file("palette4.png"), 4, False), Image.open("palette4.png").convert("RGBA")))
print(image.decode_png(image.read_file("sixteen.png"), 1, False).dtype)
pixels = torch.arange(60, dtype=torch.uint8).reshape(3, 4, 5)
print(torch.equal(image.decode_png(image.encode_png(pixels, 6), 3, False), pixels))
print((image.decode_jpeg(image.encode_jpeg(pixels, 100), 3, False).int() - pixels.int()).abs().max().item() < 60)
for call in (lambda: image.decode_png(data, 0, False), lambda: image.decode_jpeg(data, 4, False), lambda: image.encode_jpegs_cuda([pixels], 75)):
    try:
        call()
    except (RuntimeError, NotImplementedError) as error:
        print(type(error).__name__, error)
`;
  const done = run(script, ...environment);
  assert.equal(
    done.stdout,
    [
      "True True",
      "True torch.Size([1, 29, 37])",
      "True",
      "torch.uint8",
      "True",
      "True",
      "RuntimeError the data is no PNG picture that can be decoded",
      "RuntimeError The provided mode is not supported for JPEG files",
      "NotImplementedError image::encode_jpegs_cuda is not supported: pictures are read and written on the CPU",
      "",
    ].join("\n"),
    done.stderr,
  );
});

test("damaged pictures raise what unreadable pictures raise, and nothing else", () => {
  const script = `import io, os, random, warnings
from PIL import Image
warnings.simplefilter("ignore")
random.seed(5)
names = sorted(os.listdir("pictures"))
counts = {"read": 0, "refused": 0}
for turn in range(600):
    name = names[turn % len(names)]
    data = bytearray(open(f"pictures/{name}", "rb").read())
    for _ in range(random.choice((1, 2, 5, 30))):
        if not data:
            break
        place = random.randrange(len(data))
        kind = random.random()
        if kind < 0.6:
            data[place] = random.randrange(256)
        elif kind < 0.8:
            del data[place : place + random.randrange(1, 20)]
        else:
            data[place:place] = bytes(random.randrange(256) for _ in range(random.randrange(1, 9)))
    try:
        image = Image.open(io.BytesIO(data))
        # Larger ones are allowed to cost what their size costs.
        if image.width * image.height < 1_000_000:
            image.load()
            image.convert("RGB").resize((5, 5))
            image.getexif()
        counts["read"] += 1
    except (OSError, Image.DecompressionBombError):
        counts["refused"] += 1
    except Exception as error:
        print(turn, name, type(error).__name__, error)
print(counts["read"] > 50, counts["refused"] > 200)
`;
  cpSync(join(root, "test/packages/pictures"), join(place, "pictures"), { recursive: true });
  const done = run(script);
  assert.equal(done.stdout, "True True\n", done.stderr);
});

test("what our packages do not have is refused by name", () => {
  const script = `import numpy as np, PIL.Image, tokenizers
for call in ("np.array(['a'])", "np.ma.array([1])", "np.random.weibull(1)", "PIL.Image.effect_noise((9, 9), 1)", "tokenizers.Tokenizer()"):
    try:
        eval(call)
    except NotImplementedError as error:
        print(call, "|", str(error).split(":")[0])
`;
  const done = run(script);
  assert.equal(
    done.stdout,
    [
      "np.array(['a']) | numpy arrays of strings are not available",
      "np.ma.array([1]) | numpy.ma is not available in Layerwise's numpy, which has the part that model code uses",
      "np.random.weibull(1) | numpy.random.weibull is not available in Layerwise's numpy",
      "PIL.Image.effect_noise((9, 9), 1) | PIL.Image.effect_noise is not available in Layerwise's PIL, which reads, converts and resizes pictures",
      "tokenizers.Tokenizer() | tokenizers.Tokenizer is not available",
      "",
    ].join("\n"),
    done.stderr,
  );
});
