/**
 * `import onnx` and `import onnxruntime` in scripts: an exported model checked and run, quantized in every way, and the walls: nothing is read
 * outside of what the script may read. What the two print beside the real ones: test/packages/onnx*.py.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "layerwise-scripts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(script: string): { stdout: string; stderr: string; status: number | null } {
  writeFileSync(join(folder, "script.py"), script);
  return spawnSync(join(root, "bin", "layerwise"), ["python", "script.py"], { cwd: folder, encoding: "utf8" });
}

/** Each line of a script's output; the script must end well. */
function lines(script: string): string[] {
  const { stdout, stderr, status } = run(script);
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split("\n");
}

const NET = `import io, os
import numpy as np, onnx, onnxruntime as ort, torch
from torch import nn
torch.manual_seed(0)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.first = nn.Linear(8 * 8 * 8, 32)
        self.last = nn.Linear(32, 10)
    def forward(self, x):
        x = self.norm(self.conv(x)).relu()
        return self.last(self.first(x.flatten(1)).relu())

net = Net().eval()
x = torch.randn(4, 1, 8, 8)
`;
const EXPORT = `torch.onnx.export(net, (x,), "net.onnx", input_names=["image"], output_names=["scores"],
    dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}}, opset_version=17, dynamo=False)
`;

test("an exported model is loaded, checked and run, at every size of its batch", () => {
  const said = lines(`${NET}${EXPORT}
model = onnx.load("net.onnx")
onnx.checker.check_model(model, full_check=True)
session = ort.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
print(session.get_inputs()[0].name, session.get_inputs()[0].shape, session.get_outputs()[0].shape)
for batch in (1, 3, 16):
    given = torch.randn(batch, 1, 8, 8)
    found = session.run(None, {"image": given.numpy()})[0]
    np.testing.assert_allclose(found, net(given).detach().numpy(), rtol=1e-4, atol=1e-5)
    print(found.shape)
program = torch.onnx.export(net, (x,), dynamo=True)
print(type(program.model_proto) is onnx.ModelProto)
program.save("again.onnx")
print(onnx.load("again.onnx") == program.model_proto)
weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
print(np.array_equal(weights["conv.weight"], net.conv.weight.detach().numpy()))
model.graph.node[-1].output[0] = "renamed"
model.graph.output[0].name = "renamed"
print(ort.InferenceSession(model.SerializeToString()).get_outputs()[0].name)
`);
  assert.deepEqual(said, [
    "image ['batch', 1, 8, 8] ['batch', 10]",
    ...["(1, 10)", "(3, 10)", "(16, 10)"],
    ...["True", "True", "True", "renamed"],
  ]);
});

test("tensors are bound by the places of their numbers", () => {
  const said = lines(`${NET}${EXPORT}
session = ort.InferenceSession("net.onnx")
scores = torch.empty(4, 10)
binding = session.io_binding()
binding.bind_input("image", "cpu", 0, np.float32, tuple(x.shape), x.data_ptr())
binding.bind_output("scores", "cpu", 0, np.float32, tuple(scores.shape), scores.data_ptr())
session.run_with_iobinding(binding)
print(torch.allclose(scores, net(x), atol=1e-5))
try:
    binding.bind_input("image", "cpu", 0, np.float32, (4, 1, 8, 8), 12345)
except NotImplementedError as error:
    print(error)
`);
  assert.equal(said[0], "True");
  assert.match(said[1]!, /0x3039 is no tensor of this script/);
});

test("quantized models keep their outputs, as far as the form allows", () => {
  const said = lines(`${NET}${EXPORT}
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quant_pre_process
from onnxruntime.quantization import quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_4bits_quantizer import MatMul4BitsQuantizer

quant_pre_process("net.onnx", "ready.onnx")
data = np.random.default_rng(0).standard_normal((64, 1, 8, 8)).astype(np.float32)

class Reader(CalibrationDataReader):
    def __init__(self):
        self.batches = iter(np.split(data, 8))
    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"image": batch}

def outputs(path):
    return ort.InferenceSession(path).run(None, {"image": data})[0]

reference = outputs("ready.onnx")
def report(label):
    error = reference - outputs("small.onnx")
    model = onnx.load("small.onnx")
    operators = {node.op_type for node in model.graph.node}
    types = {onnx.TensorProto.DataType.Name(tensor.data_type) for tensor in model.graph.initializer}
    decibels = 10 * np.log10((reference**2).sum() / (error**2).sum())
    known = {"MatMulInteger", "QuantizeLinear", "MatMulNBits", "Conv"}
    print(label, round(float(decibels)), *sorted(operators & known), *sorted(types & {"INT8", "UINT8"}))

for kind in (QuantType.QInt8, QuantType.QUInt8):
    quantize_dynamic("ready.onnx", "small.onnx", weight_type=kind, per_channel=True)
    report(kind)
quantize_dynamic("ready.onnx", "small.onnx", reduce_range=True)
report("reduced")
for activations, weights in (("QInt8", "QInt8"), ("QUInt8", "QInt8"), ("QUInt8", "QUInt8")):
    quantize_static("ready.onnx", "small.onnx", Reader(), activation_type=QuantType[activations], weight_type=QuantType[weights], per_channel=True)
    report(f"{activations} {weights}")
for method in (CalibrationMethod.Entropy, CalibrationMethod.Percentile):
    quantize_static("ready.onnx", "small.onnx", Reader(), calibrate_method=method, op_types_to_quantize=["Gemm", "MatMul"])
    report(method)
product = onnx.helper.make_model(onnx.helper.make_graph(
    [onnx.helper.make_node("MatMul", ["image", "w"], ["scores"], name="product")], "g",
    [onnx.helper.make_tensor_value_info("image", 1, [None, 64])], [onnx.helper.make_tensor_value_info("scores", 1, [None, 32])],
    [onnx.numpy_helper.from_array(data[:32].reshape(32, 64).T.copy(), "w")]), opset_imports=[onnx.helper.make_opsetid("", 17)])
quantizer = MatMul4BitsQuantizer(product, block_size=32, is_symmetric=True)
quantizer.process()
print([(node.op_type, sorted((item.name, item.i) for item in node.attribute)) for node in quantizer.model.model.graph.node])
for call in (
    lambda: quantize_static("ready.onnx", "small.onnx", Reader(), quant_format=QuantFormat.QOperator),
    lambda: quantize_dynamic("ready.onnx", "small.onnx", op_types_to_quantize=["Conv"]),
    lambda: quantize_dynamic("ready.onnx", "small.onnx", weight_type=QuantType.QInt4),
    lambda: quantize_static("ready.onnx", "small.onnx", Reader(), extra_options={"SmoothQuant": True}),
):
    try:
        call()
    except NotImplementedError as error:
        print(str(error).split(" is not available")[0].rpartition(": ")[2])
`);
  // Decibels that each form had when this was written, less a few for other processors' ways of adding up.
  const least: [RegExp, number][] = [
    [/^QInt8 (\d+) Conv MatMulInteger INT8$/, 41],
    [/^QUInt8 (\d+) Conv MatMulInteger UINT8$/, 41],
    [/^reduced (\d+) Conv MatMulInteger INT8$/, 36],
    [/^QInt8 QInt8 (\d+) Conv QuantizeLinear INT8$/, 34],
    [/^QUInt8 QInt8 (\d+) Conv QuantizeLinear INT8 UINT8$/, 34],
    [/^QUInt8 QUInt8 (\d+) Conv QuantizeLinear UINT8$/, 34],
    [/^Entropy (\d+) Conv QuantizeLinear INT8$/, 34],
    [/^Percentile (\d+) Conv QuantizeLinear INT8$/, 32],
  ];
  least.forEach(([form, decibels], i) => {
    const match = form.exec(said[i]!.replace("CalibrationMethod.", "").replace("QuantType.", ""));
    assert.ok(match, said[i]);
    assert.ok(Number(match[1]) >= decibels, said[i]);
  });
  assert.deepEqual(said.slice(least.length), [
    "[('MatMulNBits', [('K', 64), ('N', 32), ('bits', 4), ('block_size', 32)])]",
    ...[
      "quant_format=QOperator",
      "op_types_to_quantize=['Conv']",
      "weight_type=QInt4",
      "extra_options['SmoothQuant']=True",
    ],
  ]);
});

test("nothing is read outside of the model's folder, whatever a model says", () => {
  writeFileSync(join(folder, "secret.bin"), Buffer.alloc(48));
  const outside = mkdtempSync(join(tmpdir(), "layerwise-outside-"));
  after(() => rmSync(outside, { recursive: true, force: true }));
  writeFileSync(join(outside, "weights.bin"), Buffer.alloc(48));
  for (const place of ["in", "in/*/_ORT_MEM_ADDR_"]) mkdirSync(join(folder, place), { recursive: true });
  writeFileSync(join(folder, "in/*/_ORT_MEM_ADDR_/*"), Buffer.alloc(48));
  symlinkSync(join(outside, "weights.bin"), join(folder, "in", "link.bin"));
  const said = lines(`import numpy as np, onnx, onnxruntime as ort
from onnx import helper, TensorProto

def model(location, where="initializer"):
    tensor = TensorProto(name="w", data_type=1, dims=[4, 3], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "48")):
        tensor.external_data.add(key=key, value=value)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    if where == "node":
        nodes.insert(0, helper.make_node("Constant", [], ["w"], value=tensor))
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", 1, [2, 4])], [helper.make_tensor_value_info("y", 1, [2, 3])],
                              [tensor] if where == "initializer" else [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

def attempt(location, where="initializer"):
    made = model(location, where)
    with open("in/model.onnx", "wb") as file:
        file.write(made.SerializeToString())
    for given in ("in/model.onnx", made.SerializeToString()):
        try:
            print("opened", ort.InferenceSession(given).run(None, {"x": np.ones((2, 4), np.float32)})[0].sum())
        except Exception as error:
            print(type(error).__name__, str(error).split("failed:")[-1].split(" : ")[-1])

np.ones((4, 3), np.float32).tofile("in/right.bin")
for location in ("right.bin", "../secret.bin", "/etc/passwd", "link.bin", "nothing.bin", "*/_ORT_MEM_ADDR_/*"):
    attempt(location)
attempt("right.bin", "node")
for path in ("/etc/passwd", "${outside}/weights.bin"):
    try:
        ort.InferenceSession(path)
    except Exception as error:
        print(type(error).__name__)
try:
    ort.SessionOptions().add_session_config_entry("session.model_external_initializers_file_folder_path", "/etc")
except NotImplementedError as error:
    print("refused")
`);
  const whole = "expected a model that is given by its path, or in one piece";
  const leaves = (name: string): string => `Fail '${name}' leads out of the folder of 'the model'`;
  assert.deepEqual(said, [
    ...["opened 24.0", `Fail initializers lie in 'right.bin': ${whole}`],
    ...[leaves("../secret.bin"), leaves("../secret.bin"), leaves("/etc/passwd"), leaves("/etc/passwd")],
    ...["Fail 'link.bin' is missing beside the model", `Fail initializers lie in 'link.bin': ${whole}`],
    ...["Fail 'nothing.bin' is missing beside the model", `Fail initializers lie in 'nothing.bin': ${whole}`],
    ...[leaves("*/_ORT_MEM_ADDR_/*"), leaves("*/_ORT_MEM_ADDR_/*")],
    ...["Fail the tensor 'w' lies in another file: expected that of initializers alone"],
    ...["Fail the tensor 'w' lies in another file: expected that of initializers alone"],
    ...["NoSuchFile", "NoSuchFile", "refused"],
  ]);
});

test("the release and the operators that Python says are those of the package", () => {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules/onnxruntime-node/package.json"), "utf8")) as {
    version: string;
  };
  const said = lines(`import onnx, onnxruntime as ort
print(ort.__version__, ort.get_version_string())
node = onnx.helper.make_node("Relu", ["x"], ["y"])
value = lambda name: onnx.helper.make_tensor_value_info(name, 1, [2])
model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [value("x")], [value("y")]))
options = ort.SessionOptions()
options.log_severity_level = 4
options.add_session_config_entry("session.allow_released_opsets_only", "1")
ort.InferenceSession(model.SerializeToString(), options)
print("made models run")
`);
  assert.deepEqual(said, [`${version} ${version}`, "made models run"]);
});
