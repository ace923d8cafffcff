/** Files that lie, each in its own way: every one gets one sentence, none is believed, and the odd but legal are opened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openCheckpoint } from "../../src/runtime/files/open.ts";
import { describe } from "../../src/runtime/files/pickle/describe.ts";
import { inspectBytes } from "../../src/runtime/files/inspect.ts";
import { readNpyHeader } from "../../src/runtime/files/npy.ts";
import { readOnnx } from "../../src/runtime/files/onnx.ts";
import { readGguf } from "../../src/runtime/files/gguf.ts";
import { readSafetensors } from "../../src/runtime/files/safetensors.ts";
import { FileFormatError, MemorySource } from "../../src/runtime/files/source.ts";
import { readZip } from "../../src/runtime/files/zip.ts";
import * as craft from "./craft.ts";

const { bytesOf, u16, u32, u64 } = craft;

function refuses(name: string, open: () => unknown, sentence: RegExp): void {
  test(name, () => {
    assert.throws(open, (error) => {
      assert.ok(error instanceof FileFormatError, String((error as Error).stack));
      assert.match(error.message, sentence);
      return true;
    });
  });
}

// safetensors

const entry = (shape: unknown, offsets: unknown, dtype: unknown = "F32"): object => ({
  dtype,
  shape,
  data_offsets: offsets,
});
const safe = (header: string | object, dataBytes: number): (() => unknown) => {
  const bytes = craft.safetensors(header, dataBytes);
  return () => readSafetensors(new MemorySource(bytes));
};
const bad: [string, () => unknown, RegExp][] = [
  ["shorter than its length", () => readSafetensors(craft.source("abc")), /at least 8 bytes, this one 3/],
  ["header beyond the file", () => readSafetensors(craft.source(u64(100), "{}")), /should take 100 bytes/],
  [
    "header of 2^63 bytes",
    () => readSafetensors(craft.source(u64(2n ** 63n), "{}")),
    /claims 9223372036854775808 bytes/,
  ],
  ["header of zero bytes", () => readSafetensors(craft.source(u64(0))), /does not begin with '\{'/],
  ["header no JSON", safe("{abc}", 0), /no valid JSON/],
  ["header a list", safe("[1]", 0), /does not begin with '\{'/],
  ["header with blanks before", safe(" {}", 0), /does not begin with '\{'/],
  ["header not UTF-8", () => readSafetensors(craft.source(u64(5), '{"', [0xff], '":')), /not valid UTF-8/],
  ["text behind the header", safe("{} {}", 0), /goes on after its end/],
  ["nested beyond reason", safe(`{"a":${"[".repeat(5000)}`, 0), /nests deeper than 64/],
  [
    "a name twice",
    safe(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ),
    /'a' twice/,
  ],
  ["a field twice", safe('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), /'dtype' twice/],
  ["an unknown field", safe({ a: { ...entry([1], [0, 4]), code: "x" } }, 4), /unknown field 'code'/],
  ["an unknown dtype", safe({ a: entry([1], [0, 4], "F99") }, 4), /unknown dtype 'F99'/],
  ["a dtype that is no text", safe({ a: entry([1], [0, 4], 3) }, 4), /unknown dtype '3'/],
  ["a negative size", safe({ a: entry([-1], [0, 4]) }, 4), /holds -1/],
  ["a size with a fraction", safe({ a: entry([1.5], [0, 4]) }, 4), /holds 1.5/],
  ["a size of 1e3", safe('{"a":{"dtype":"U8","shape":[1e3],"data_offsets":[0,1000]}}', 1000), /holds 1000/],
  [
    "sizes whose product overflows 64 bits",
    safe({ a: entry([4294967296, 4294967296, 2], [0, 0]) }, 0),
    /needs 147573952589676412928 bytes/,
  ],
  ["offsets the wrong way round", safe({ a: entry([1], [4, 0]) }, 4), /data_offsets \[4, 0\]/],
  ["one offset", safe({ a: entry([1], [0]) }, 4), /data_offsets \[0\]/],
  ["more data than its shape", safe({ a: entry([1], [0, 8]) }, 8), /needs 4 bytes, but its data_offsets give 8/],
  ["data beyond the file", safe({ a: entry([2], [0, 8]) }, 4), /but the file has/],
  ["tensors that overlap", safe({ a: entry([2], [0, 8]), b: entry([2], [4, 12]) }, 12), /'a' and 'b' overlap/],
  [
    "a hole between tensors",
    safe({ a: entry([1], [0, 4]), b: entry([1], [8, 12]) }, 12),
    /4 bytes before tensor 'b' belong to no tensor/,
  ],
  ["a hole at the start", safe({ a: entry([1], [4, 8]) }, 8), /4 bytes before tensor 'a'/],
  ["bytes behind the last tensor", safe({ a: entry([1], [0, 4]) }, 9), /5 bytes at the end belong to no tensor/],
  ["metadata that is no object", safe({ __metadata__: [] }, 0), /__metadata__ is no JSON object/],
  ["metadata that is no text", safe({ __metadata__: { a: 1 } }, 0), /metadata 'a' is no text/],
  ["a tensor that is a number", safe({ a: 3 }, 0), /tensor 'a' is no JSON object/],
  [
    "a number of 1000 digits",
    safe(`{"a":{"dtype":"U8","shape":[${"9".repeat(1000)}],"data_offsets":[0,1]}}`, 1),
    /number that is no valid JSON/,
  ],
];
for (const [name, open, sentence] of bad) refuses(`safetensors: ${name}`, open, sentence);

test("safetensors: odd but legal files are opened", () => {
  const odd = [
    craft.safetensors("{}   ", 0),
    craft.safetensors({ a: entry([], [0, 4]), e: entry([0, 3], [4, 4]), f: entry([0], [4, 4]) }, 4),
    craft.safetensors({ __proto__x: entry([1], [0, 4]), constructor: entry([1], [4, 8]), "": entry([1], [8, 12]) }, 12),
    craft.safetensors('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
    craft.safetensors('{"\\u0061\\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1),
    craft.safetensors({ b: entry([1], [4, 8]), a: entry([1], [0, 4]) }, 8),
  ];
  const names = odd.map((bytes) => readSafetensors(new MemorySource(bytes)).tensors.map(({ name }) => name));
  assert.deepEqual(names, [[], ["a", "e", "f"], ["__proto__x", "constructor", ""], ["__proto__"], ["a\n"], ["a", "b"]]);
});

// Archives

const some = new Uint8Array([1, 2, 3, 4]);
const zip = (members: craft.Member[], lies = {}): (() => unknown) => {
  const bytes = craft.anyZip(members, lies);
  return () => readZip(new MemorySource(bytes));
};
refuses(
  "zip: no end",
  () => readZip(craft.source("PK\x03\x04", new Uint8Array(100))),
  /failed finding central directory/,
);
refuses(
  "zip: a name twice",
  zip([
    { name: "a", data: some },
    { name: "a", data: some },
  ]),
  /holds 'a' twice/,
);
refuses("zip: compressed", zip([{ name: "a", data: some, method: 8 }]), /compressed with method 8/);
refuses("zip: an unknown method", zip([{ name: "a", data: some, method: 99 }]), /method 99/);
refuses("zip: encrypted", zip([{ name: "a", data: some, flags: 1 }]), /encrypted/);
refuses(
  "zip: another name in its head",
  zip([{ name: "a", data: some, localName: "b" }]),
  /head of 'a' does not agree/,
);
refuses("zip: two sizes", zip([{ name: "a", data: some, claimed: 9 }]), /two sizes, 9 and 4/);
refuses(
  "zip: heads elsewhere",
  zip(
    [
      { name: "a", data: some },
      { name: "b", data: some },
    ],
    { shift: 3 },
  ),
  /does not agree|not there|should take/,
);
refuses("zip: more members than there are", zip([{ name: "a", data: some }], { count: 2 }), /cannot hold 2 members/);
refuses(
  "zip: fewer members than there are",
  zip(
    [
      { name: "a", data: some },
      { name: "b", data: some },
    ],
    { count: 1 },
  ),
  /longer than its members/,
);
refuses(
  "zip: a directory beyond the file",
  zip([{ name: "a", data: some }], { size: 1 << 30 }),
  /should take 1073741824 bytes/,
);
refuses("zip: a name with NUL", zip([{ name: "a\0b", data: some }]), /is named/);
refuses("zip: no name", zip([{ name: "", data: some }]), /is named/);
refuses(
  "zip: members that overlap",
  () => {
    // The second entry of the directory points at the first member once more, under its own name in a nested head.
    const inner = craft.anyZip([{ name: "b", data: some }]).subarray(0, 31 + 4);
    const outer = craft.anyZip([
      { name: "a", data: inner },
      { name: "b", data: some },
    ]);
    const at = Buffer.from(outer).lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    outer.set(u32(31), at + 42);
    return readZip(new MemorySource(outer));
  },
  /'a' and 'b' overlap/,
);
test("zip: a wrong checksum is noticed when the data is read", () => {
  const bytes = craft.checkpoint("\x80\x02K\x01.");
  bytes[Buffer.from(bytes).indexOf("K\x01.") + 1] = 2;
  assert.throws(() => openCheckpoint(new MemorySource(bytes)), /'a\/data.pkl' is damaged: its checksum is/);
});
refuses(
  "npz: an array that unpacks to far more than the archive",
  () =>
    inspectBytes(
      new MemorySource(craft.anyZip([{ name: "a.npy", data: new Uint8Array(80 * 1024 ** 2), method: 8 }])),
      "x.npz",
    ),
  /unpacks to 83886080 bytes/,
);
refuses(
  "npz: an array that unpacks to more than it says",
  () =>
    inspectBytes(
      new MemorySource(craft.anyZip([{ name: "a.npy", data: new Uint8Array(4096), method: 8, claimed: 100 }])),
      "x.npz",
    ),
  /cannot be unpacked/,
);

// Pickles

const pickle = (text: string, storages: Record<string, number> = {}): (() => unknown) => {
  const bytes = craft.checkpoint(`\x80\x02${text}`, storages);
  return () => describe(openCheckpoint(new MemorySource(bytes)).value);
};
const STORAGE = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02tQ";
const rebuild = (rest: string): string => `ctorch._utils\n_rebuild_tensor_v2\n(${STORAGE}${rest}tR.`;
const HOOKS = "ccollections\nOrderedDict\n)R";

for (const [module, name] of [
  ["posix", "system"],
  ["os", "system"],
  ["builtins", "eval"],
  ["builtins", "exec"],
  ["subprocess", "Popen"],
  ["sys", "exit"],
  ["nt", "system"],
  ["__builtin__", "__import__"],
] as const) {
  refuses(
    `pickle: ${module}.${name}`,
    pickle(`c${module}\n${name}\nX\x01\x00\x00\x00x\x85R.`),
    /Trying to load unsupported GLOBAL \S+ whose module \S+ is blocked/,
  );
}
for (const path of [
  "torch.serialization os.system",
  "torch.hub load",
  "numpy.core.multiarray scalar",
  "builtins getattr",
  "runpy run_path",
  "torch.storage _load_from_bytes",
  "torch.nn.modules.linear Linear",
  "functools partial",
  "pickle loads",
  "torch._utils _rebuild_sparse_tensor",
  "copyreg __newobj__",
  "operator attrgetter",
  "torch float32x",
  "collections namedtuple",
  "builtins.x int",
]) {
  const [module, name] = path.split(" ") as [string, string];
  refuses(`pickle: ${path}`, pickle(`c${module}\n${name}\n)R.`), /was not an allowed global by default|is blocked/);
}
refuses("pickle: a name from the stack", pickle("\x8c\x05posix\x8c\x06system\x93."), /posix is blocked/);
refuses("pickle: an instance by INST", pickle("(iposix\nsystem\n."), /Unsupported operand 105 \(INST\)/);
refuses("pickle: an object by OBJ", pickle("(cposix\nsystem\no."), /is blocked|Unsupported operand/);
refuses("pickle: an extension code", pickle("\x82\x01."), /Unsupported operand 130 \(EXT1\)/);
refuses("pickle: a buffer from outside", pickle("\x97."), /Unsupported operand 151 \(NEXT_BUFFER\)/);
refuses("pickle: protocol 99", () => openCheckpoint(new MemorySource(craft.checkpoint("\x80\x63N."))), /protocol 99/);
refuses("pickle: values left over", pickle("NN."), /values left over/);
refuses("pickle: nothing at all", pickle("."), /takes more values than it has/);
refuses("pickle: no end", pickle("N"), /ends early/);
refuses("pickle: goes on", pickle("N.N."), /goes on after its end/);
refuses("pickle: a mark as value", pickle("(."), /takes more values/);
refuses("pickle: an object never kept", pickle("h\x05."), /refers to object 5/);
refuses("pickle: a call of a list", pickle("])R."), /calls a list/);
refuses("pickle: a call of a dtype", pickle("ctorch\nfloat32\n)R."), /GLOBAL torch.float32/);
refuses("pickle: arguments in a list", pickle("ctorch\ndevice\n]R."), /passes a list as arguments/);
refuses("pickle: items of a tuple", pickle(")K\x01a."), /Can only append to lists, but got a tuple/);
refuses("pickle: keys of a list", pickle("]K\x01K\x02s."), /Can only set items of dicts/);
refuses("pickle: state of a dict", pickle("}}b."), /Can only build objects/);
refuses("pickle: a key without a value", pickle("}(K\x01u."), /a key without a value/);
refuses("pickle: text of 2^32 - 1 bytes", pickle("X\xff\xff\xff\xffab."), /ends early/);
refuses("pickle: bytes of 2^63 bytes", pickle("\x8e\xff\xff\xff\xff\xff\xff\xff\x7fab."), /ends early/);
refuses("pickle: an integer of a million digits", pickle(`I${"9".repeat(1_000_000)}\n.`), /does not end|no integer/);
refuses(
  "pickle: an integer of 100,000 bytes",
  pickle(`\x8b\xa0\x86\x01\x00${"a".repeat(100_000)}.`),
  /an integer in the pickle has 100000 bytes/,
);
refuses("pickle: no storage", pickle("Q."), /takes more values/);
refuses("pickle: a storage without data", pickle(`${STORAGE}.`), /no data for storage '0'/);
refuses(
  "pickle: a storage longer than its data",
  pickle(`${STORAGE}.`, { "0": 4 }),
  /should have 8 bytes, but its data has 4/,
);
refuses(
  "pickle: a storage of a class that is none",
  pickle("(X\x07\x00\x00\x00storagectorch\nTensor\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02tQ.", { "0": 8 }),
  /no class of storages/,
);
refuses(
  "pickle: a storage whose key leads away",
  pickle(STORAGE.replace("X\x01\x00\x00\x000", "X\x04\x00\x00\x00../x") + ".", { "0": 8 }),
  /no data for storage '..\/x'/,
);
refuses(
  "tensor: beyond its storage",
  pickle(rebuild(`K\x00K\x03\x85K\x01\x85\x89${HOOKS}`), { "0": 8 }),
  /storage size of 12 are out of bounds for storage of size 8/,
);
refuses(
  "tensor: begins beyond its storage",
  pickle(rebuild(`K\x02K\x01\x85K\x01\x85\x89${HOOKS}`), { "0": 8 }),
  /out of bounds/,
);
refuses(
  "tensor: negative offset",
  pickle(rebuild(`J\xff\xff\xff\xffK\x01\x85K\x01\x85\x89${HOOKS}`), { "0": 8 }),
  /out of bounds/,
);
refuses(
  "tensor: negative stride",
  pickle(rebuild(`K\x01K\x02\x85J\xff\xff\xff\xff\x85\x89${HOOKS}`), { "0": 8 }),
  /a size or stride is -1/,
);
refuses(
  "tensor: strides that overflow",
  pickle(rebuild(`K\x00K\x02\x85\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85\x89${HOOKS}`), { "0": 8 }),
  /a size or stride is 9223372036854775807|out of bounds/,
);
refuses(
  "tensor: more sizes than strides",
  pickle(rebuild(`K\x00K\x01K\x01\x86K\x01\x85\x89${HOOKS}`), { "0": 8 }),
  /2 sizes and 1 strides/,
);
refuses(
  "tensor: a shape of texts",
  pickle(rebuild(`K\x00X\x01\x00\x00\x00a\x85K\x01\x85\x89${HOOKS}`), { "0": 8 }),
  /a str in a shape/,
);
refuses("pickle: tuples nested 100,000 deep", pickle(`)${"\x85".repeat(100_000)}.`), /nests more than 500 objects/);
test("pickle: lists nested 100,000 deep are only long", () => {
  const bytes = craft.checkpoint(`\x80\x02${"]".repeat(100_000)}${"a".repeat(99_999)}.`);
  const { steps } = describe(openCheckpoint(new MemorySource(bytes)).value);
  assert.equal(steps.length, 199_999);
});
test("pickle: a billion laughs stay 40 lists", () => {
  const letter = (index: number): string => String.fromCharCode(index);
  const twice = (index: number): string => `](h${letter(index)}h${letter(index)}eq${letter(index + 1)}`;
  const laughs = `]q\x00${Array.from({ length: 40 }, (_, index) => twice(index)).join("")}`;
  const bytes = craft.checkpoint(`\x80\x02(${laughs}l.`);
  assert.ok(describe(openCheckpoint(new MemorySource(bytes)).value).steps.length < 200);
  assert.equal(inspectBytes(new MemorySource(bytes), "x.pt").tensors.length, 0);
});
refuses(
  "a TorchScript archive",
  () =>
    openCheckpoint(new MemorySource(craft.archive({ "m/data.pkl": bytesOf("N."), "m/constants.pkl": bytesOf("N.") }))),
  /TorchScript archive/,
);
refuses(
  "an archive without a pickle",
  () => openCheckpoint(new MemorySource(craft.archive({ "m/other": some }))),
  /no checkpoint: it holds no data.pkl/,
);
refuses("a pickle alone", () => inspectBytes(craft.source("\x80\x04N."), "x.pkl"), /a pickle, but no checkpoint/);

// npy

const npy = (header: string, data = 0, version = 1): (() => unknown) => {
  const bytes = bytesOf([0x93], "NUMPY", [version, 0], u16(header.length), header, new Uint8Array(data));
  return () => readNpyHeader(new MemorySource(bytes));
};
const plain = (fields: string): string => `{${fields}}\n`;
refuses("npy: no magic", () => readNpyHeader(craft.source("hello, this is no array")), /no .npy file/);
refuses("npy: version 9", npy(plain(""), 0, 9), /version 9.0/);
refuses(
  "npy: header beyond the file",
  () => readNpyHeader(craft.source([0x93], "NUMPY", [1, 0], u16(500), "{")),
  /should take 500 bytes/,
);
refuses(
  "npy: header of 2^32 - 1 bytes",
  () => readNpyHeader(craft.source([0x93], "NUMPY", [2, 0], u32(0xffffffff), "{")),
  /header has 4294967295 bytes/,
);
refuses("npy: a program as header", npy("__import__('os').system('x')"), /no dict/);
refuses(
  "npy: a program as value",
  npy(plain("'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)")),
  /cannot be read/,
);
refuses(
  "npy: objects",
  npy(plain("'descr': '|O', 'fortran_order': False, 'shape': (1,)"), 8),
  /would have to be unpickled/,
);
refuses(
  "npy: records",
  npy(plain("'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)"), 4),
  /expected numbers or bools/,
);
refuses(
  "npy: texts",
  npy(plain("'descr': '<U5', 'fortran_order': False, 'shape': (1,)"), 20),
  /expected numbers or bools/,
);
refuses(
  "npy: a field missing",
  npy(plain("'descr': '<f4', 'shape': (1,)"), 4),
  /expected descr, fortran_order and shape/,
);
refuses(
  "npy: a field twice",
  npy(plain("'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)"), 4),
  /'descr' twice/,
);
refuses(
  "npy: a negative size",
  npy(plain("'descr': '<f4', 'fortran_order': False, 'shape': (-1,)"), 4),
  /cannot be read|the shape is/,
);
refuses(
  "npy: sizes that overflow",
  npy(plain("'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)"), 4),
  /needs 295147905179352825856 bytes/,
);
refuses(
  "npy: too little data",
  npy(plain("'descr': '<f4', 'fortran_order': False, 'shape': (3,)"), 4),
  /needs 12 bytes of data, but the file has 4/,
);
refuses(
  "npy: too much data",
  npy(plain("'descr': '<f4', 'fortran_order': False, 'shape': (3,)"), 16),
  /needs 12 bytes of data, but the file has 16/,
);
refuses(
  "npy: a shape of 2^20 sizes",
  npy(plain(`'descr': '<f4', 'fortran_order': False, 'shape': (${"1,".repeat(4000)})`), 4),
  /4000 dimensions/,
);

// GGUF

const tensor = craft.ggufTensor;
const gguf = (...given: Parameters<typeof craft.gguf>): (() => unknown) => {
  const bytes = craft.gguf(...given);
  return () => readGguf(new MemorySource(bytes));
};
const value = (key: string, type: number, content: Uint8Array): Uint8Array =>
  bytesOf(craft.text(key), u32(type), content);
refuses("gguf: version 1", () => readGguf(craft.source("GGUF", u32(1), u64(0), u64(0))), /version 1 of GGUF/);
refuses("gguf: 2^60 tensors", gguf([], [], 0, { tensors: 2n ** 60n }), /cannot stand in a file/);
refuses("gguf: 2^63 values", gguf([], [], 0, { values: 2n ** 63n }), /cannot stand in a file/);
refuses("gguf: a key twice", gguf([value("a", 7, bytesOf([1])), value("a", 7, bytesOf([1]))], [], 64), /'a' twice/);
refuses("gguf: an unknown type of value", gguf([value("a", 77, u64(0))], [], 64), /unknown type 77/);
refuses(
  "gguf: a list of 2^62 items",
  gguf([value("a", 9, bytesOf(u32(4), u64(2n ** 62n)))], [], 64),
  /more than the file can hold/,
);
refuses(
  "gguf: lists in lists in lists",
  gguf([value("a", 9, bytesOf(...Array.from({ length: 9 }, () => bytesOf(u32(9), u64(1))), u32(4), u64(0)))], [], 64),
  /nests too deeply/,
);
refuses("gguf: a text of 2^62 bytes", gguf([value("a", 8, u64(2n ** 62n))], [], 64), /expected at most/);
refuses("gguf: an alignment of 3", gguf([value("general.alignment", 4, u32(3))], [], 64), /expected a power of two/);
refuses("gguf: an alignment of 0", gguf([value("general.alignment", 4, u32(0))], [], 64), /expected a power of two/);
refuses("gguf: a tensor twice", gguf([], [tensor("a", [8], 0, 0), tensor("a", [8], 0, 32)], 64), /'a' is listed twice/);
refuses("gguf: five dimensions", gguf([], [tensor("a", [1, 1, 1, 1, 1], 0, 0)], 64), /5 dimensions/);
refuses("gguf: an unknown type of tensor", gguf([], [tensor("a", [8], 99, 0)], 64), /unknown type 99/);
refuses("gguf: half a block", gguf([], [tensor("a", [33], 8, 0)], 64), /do not fit into blocks of 32/);
refuses("gguf: sizes that overflow", gguf([], [tensor("a", [2n ** 40n, 2n ** 40n], 0, 0)], 64), /ends at byte/);
refuses("gguf: an odd offset", gguf([], [tensor("a", [8], 0, 4)], 64), /no multiple of 32/);
refuses("gguf: an offset near 2^64", gguf([], [tensor("a", [8], 0, 2n ** 64n - 32n)], 64), /but the file has/);
refuses(
  "gguf: tensors that overlap",
  gguf([], [tensor("a", [16], 0, 0), tensor("b", [8], 0, 32)], 64),
  /'a' and 'b' overlap/,
);
refuses("gguf: data beyond the file", gguf([], [tensor("a", [64], 0, 0)], 64), /but the file has/);

// ONNX

const { field, numberField } = craft;
const model = (...graph: Uint8Array[]): (() => unknown) => {
  const bytes = bytesOf(numberField(1, 8), field(7, bytesOf(...graph)));
  return () => readOnnx(new MemorySource(bytes));
};
const initializer = (name: string, dims: (number | bigint)[], type: number, raw: number): Uint8Array =>
  field(
    5,
    bytesOf(
      ...dims.map((size) => numberField(1, size)),
      numberField(2, type),
      field(8, name),
      field(9, new Uint8Array(raw)),
    ),
  );
refuses("onnx: no graph", () => readOnnx(craft.source(numberField(1, 8))), /no ONNX model/);
refuses("onnx: some text", () => readOnnx(craft.source("hello, this is no model at all")), /./);
refuses(
  "onnx: a length beyond the file",
  () => readOnnx(craft.source([0x3a], craft.varint(2n ** 62n))),
  /are not there/,
);
refuses(
  "onnx: a number of eleven bytes",
  () => readOnnx(craft.source([0x08], new Uint8Array(11).fill(0xff))),
  /more than ten bytes/,
);
refuses("onnx: a negative size", model(initializer("w", [-1n], 1, 4)), /a size of 'w' is|needs/);
refuses(
  "onnx: sizes that overflow",
  model(initializer("w", [2n ** 40n, 2n ** 40n], 1, 4)),
  /needs \d+ bytes, but has 4/,
);
refuses("onnx: data of another size", model(initializer("w", [3], 1, 4)), /needs 12 bytes, but has 4/);
refuses("onnx: an unknown element type", model(initializer("w", [1], 200, 4)), /unknown element type 200/);
refuses(
  "onnx: an initializer twice",
  model(initializer("w", [1], 1, 4), initializer("w", [1], 1, 4)),
  /'w' occurs twice/,
);
refuses(
  "onnx: data in another file, of bytes alone",
  () =>
    inspectBytes(
      craft.source(
        numberField(1, 8),
        field(
          7,
          field(
            5,
            bytesOf(
              numberField(2, 1),
              field(8, "w"),
              numberField(14, 1),
              field(13, bytesOf(field(1, "location"), field(2, "w.bin"))),
            ),
          ),
        ),
      ),
      "m.onnx",
    ),
  /'w' lies in 'w.bin', which is not at hand/,
);

refuses("an empty file", () => inspectBytes(craft.source(""), "x.pt"), /the file is empty/);
refuses("a file of no kind", () => inspectBytes(craft.source("just a text"), "notes.txt"), /no kind that is known/);
