/** Folders of pictures as data: of classes and of .onnx files, from inside the workspace and from elsewhere; what cannot be used is said. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { QuantizeRequest } from "../../src/protocol/compress.ts";
import { RuntimeHost } from "../../src/runtime/host/host.ts";
import { python } from "../models/command.ts";
import { close, done, fixtures, folder, quantize, root } from "./runtime.ts";

after(close);

const model = (name: string): string => `${join(fixtures, "colours.py")}::${name}`;
const place = (name: string): string => join(folder, name);

/** A .bmp of one colour, with a pixel of another in its corner. */
function write(file: string, [r, g, b]: readonly [number, number, number], side = 6): void {
  const rowBytes = Math.ceil((side * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + rowBytes * side);
  bytes.write("BM");
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(side, 18);
  bytes.writeInt32LE(side, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) bytes.set(x + y === 0 ? [9, 9, 9] : [b, g, r], 54 + y * rowBytes + 3 * x);
  }
  writeFileSync(file, bytes);
}

const BLUE = [20, 90, 200] as const;
const RED = [220, 80, 30] as const;
for (const [name, colour, count] of [
  ["blue", BLUE, 5],
  ["red", RED, 3],
] as const) {
  mkdirSync(place(`sorted/${name}/deeper`), { recursive: true });
  for (let i = 0; i < count; i++) write(place(`sorted/${name}/${i === 1 ? "deeper/" : ""}${i}.bmp`), colour, 5 + i);
}
writeFileSync(place("sorted/notes.txt"), "no picture");
mkdirSync(place("sorted/none"));
mkdirSync(place("plain"));
for (const name of ["j420.jpg", "progressive.jpg", "rgba.png", "lossy.webp", "palette.gif"]) {
  cpSync(join(root, "test/packages/pictures", name), place(`plain/${name}`));
}

test("pictures become what the model takes, as by hand with PIL", () => {
  const lines = python("test/quantizing/pictures.py").trimEnd().split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("FAIL")),
    [],
  );
  assert.match(lines.at(-1)!, /^\d\d checked$/);
});

const accuracy = ({ reports: [made] }: Awaited<ReturnType<typeof quantize>>): unknown =>
  made!.metrics.find(({ name }) => name === "top-1 accuracy");

test("folders in a folder are classes, and the model is right about them", async () => {
  const inputs = { x: "float32[2,3,8,8]" };
  const result = await done(model("Colours"), { schemes: ["static"], data: place("sorted"), inputs });
  assert.equal(result.data.samples, 8);
  assert.match(result.data.why!, /8 samples: 2 classes by folder \(blue = 0, red = 1\); resized to 8 x 8, 0 to 1$/);
  assert.deepEqual(accuracy(result), { name: "top-1 accuracy", before: 1, after: 1, better: "higher", samples: 8 });

  // A function that turns red into blue has the model be wrong about everything.
  const prepare = `${join(fixtures, "colours.py")}::turned`;
  const wrong = await done(model("Colours"), { schemes: ["int8"], data: place("sorted"), inputs, prepare });
  assert.deepEqual(accuracy(wrong), { name: "top-1 accuracy", before: 0, after: 0, better: "higher", samples: 8 });
  assert.match(wrong.data.why!, /prepared by your function$/);

  // Some of each class, however few.
  const few = { schemes: ["int8"] as ["int8"], data: place("sorted"), inputs, samples: 2, prepare: "imagenet" };
  const two = await done(model("Late"), { ...few, inputs: { x: "float32[1,8,8,3]" } });
  assert.deepEqual(accuracy(two), { name: "top-1 accuracy", before: 1, after: 1, better: "higher", samples: 2 });
  assert.match(two.data.why!, /ImageNet's mean and deviation$/);
});

test("a model of other classes is not judged by the folders, pictures without folders are no classes", async () => {
  const inputs = { x: "float32[1,3,8,8]" };
  const other = await done(model("Colours"), { schemes: ["int8"], init: "classes=5", data: place("sorted"), inputs });
  assert.equal(accuracy(other), undefined);
  assert.deepEqual(other.notes, [
    "The 2 folders are not the classes of the model, which tells 5 apart: how often it is right is not counted.",
  ]);
  const plain = await done(model("Colours"), { schemes: ["int8"], data: place("plain"), inputs });
  assert.match(plain.data.why!, /5 samples: resized to 8 x 8, 0 to 1$/);
  const one = await done(model("Colours"), { schemes: ["int8"], data: place("plain/j420.jpg"), inputs });
  assert.match(one.data.why!, /1 sample: resized/);
});

test("an .onnx file takes pictures in ONNX Runtime and on our own engine", async () => {
  const host = await RuntimeHost.start();
  try {
    const target = place("colours.onnx");
    const dynamic = { x: { "0": "batch" } };
    const asked = { target: model("Colours"), inputs: { x: "float32[1,3,8,8]" }, file: target, dynamic };
    const exported = await host.request("export", asked);
    assert.ok(exported.ok, exported.failure?.message);
    for (const engine of [undefined, "layerwise"] as const) {
      const more = engine ? { engine } : {};
      const result = await host.request("quantize", {
        target,
        schemes: ["static"],
        data: place("sorted"),
        maxTimeMs: 20,
        ...more,
      });
      assert.ok(result.ok, result.failure?.message);
      assert.match(result.data.why!, /2 classes by folder \(blue = 0, red = 1\); resized to 8 x 8/);
      const found = accuracy(result) as { before: number; after: number };
      assert.deepEqual([found.before, found.after], [1, 1], engine);
    }
  } finally {
    await host.close();
  }
});

const REFUSED: [more: Partial<QuantizeRequest>, words: RegExp][] = [
  [{ data: place("nowhere") }, /^--data: there is no file or folder .*nowhere$/],
  [{ data: place("sorted/none") }, /none holds no picture: expected \.jpg/],
  [{ data: place("sorted/notes.txt") }, /notes\.txt is no data that is read: expected pictures or a folder of them/],
  [{ data: place("plain"), prepare: "much" }, /--prepare 'much' is not understood: expected imagenet, MEAN\/DEVIATION/],
  [{ data: place("plain"), prepare: `${join(fixtures, "colours.py")}::flat` }, /made a tensor of \[7\] of .*j420\.jpg/],
  [{ data: place("plain"), prepare: `${join(fixtures, "colours.py")}::gone` }, /names no function of that file/],
  [
    { data: `${join(fixtures, "colours.py")}::turned`, prepare: "imagenet" },
    /--prepare says how pictures become inputs/,
  ],
];

test("what cannot be used is said in a sentence", async () => {
  for (const [more, words] of REFUSED) {
    const asked = { schemes: ["int8"] as ["int8"], inputs: { x: "float32[1,3,8,8]" }, ...more };
    const said = await quantize(model("Colours"), asked).then(
      ({ failure }) => failure?.message ?? "nothing",
      (error: Error) => error.message,
    );
    assert.match(said, words);
  }
});
