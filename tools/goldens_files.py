"""Write test/goldens/files: small files by the real torch, safetensors, numpy, onnx and gguf, and what they hold as text.

    python tools/goldens_files.py              writes them; run it under real PyTorch
    python tools/goldens_files.py --check DIR  opens what ours wrote into DIR (test/files/write.py) in the real libraries

The second compares every value and every bit with the objects of test/files/content.py.
"""

import io
import json
import pathlib
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "files"))

import numpy
import safetensors
import safetensors.torch
import torch
from content import CASES, DTYPES, LEGACY, PROTOCOLS, lazy, model, numbers
from show import show

FOLDER = ROOT / "test" / "goldens" / "files"


def write_checkpoints():
    shown = {}
    for name, make in CASES.items():
        value = make()
        torch.save(value, FOLDER / f"{name}.pt")
        shown[name] = show(torch.load(FOLDER / f"{name}.pt"))
        for protocol in PROTOCOLS.get(name, ()):
            torch.save(value, FOLDER / f"{name}.protocol{protocol}.pt", pickle_protocol=protocol)
        if name in LEGACY:
            torch.save(value, FOLDER / f"{name}.legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(lazy(), FOLDER / "lazy.pt")
    shown["lazy"] = [f"{name} {t.resolve_conj().resolve_neg().tolist()}" for name, t in torch.load(FOLDER / "lazy.pt").items()]
    (FOLDER / "shown.json").write_text(json.dumps(shown, indent=0) + "\n")


def write_safetensors():
    # safetensors has no complex128.
    tensors = {f"{name}.weight": numbers(name, 2, 3) for name in DTYPES[:-1]} | {"scalar": torch.tensor(4.0), "none": torch.zeros(0, 5)}
    safetensors.torch.save_file(tensors, FOLDER / "all.safetensors", metadata={"format": "pt"})
    safetensors.torch.save_file({"only": torch.arange(4)}, FOLDER / "plain.safetensors")


def write_shards():
    state = {name: t.clone() for name, t in model().state_dict().items()}
    names = list(state)
    for kind, save in (("safetensors", safetensors.torch.save_file), ("bin", torch.save)):
        stem = "model" if kind == "safetensors" else "pytorch_model"
        weight_map = {}
        for part, own in enumerate((names[:3], names[3:]), start=1):
            file = f"{stem}-0000{part}-of-00002.{kind}"
            save({name: state[name] for name in own}, FOLDER / file)
            weight_map |= {name: file for name in own}
        total = sum(t.numel() * t.element_size() for t in state.values())
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (FOLDER / f"{stem}.{kind}.index.json").write_text(json.dumps(index, indent=2) + "\n")


def write_arrays():
    arrays = {
        "float32": numpy.arange(6, dtype="f4").reshape(2, 3), "bool": numpy.array([True, False]), "zero_dim": numpy.array(2.5),
        "fortran": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)), "big_endian": numpy.arange(3, dtype=">i4"),
        "complex": numpy.array([1 + 2j]), "empty": numpy.zeros((0, 4), dtype="i2"), "long": numpy.arange(1000, dtype="i8"),
    }
    for name, array in arrays.items():
        numpy.save(FOLDER / f"{name}.npy", array)
    numpy.savez(FOLDER / "plain.npz", **arrays)
    numpy.savez_compressed(FOLDER / "packed.npz", **arrays)
    numpy.save(FOLDER / "objects.npy", numpy.array([{"a": 1}], dtype=object))


def write_onnx():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(numpy.arange(12, dtype="f4").reshape(3, 4), "weight")
    bias = helper.make_tensor("bias", TensorProto.FLOAT, [4], [0.5, 1.5, 2.5, 3.5])
    nodes = [
        helper.make_node("MatMul", ["x", "weight"], ["h"]),
        helper.make_node("Add", ["h", "bias"], ["s"]),
        helper.make_node("Relu", ["s"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])], [weight, bias],
    )
    written = helper.make_model(graph, producer_name="layerwise-goldens", opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(written)
    onnx.save(written, FOLDER / "small.onnx")
    # onnx appends to a file that is there.
    (FOLDER / "external.bin").unlink(missing_ok=True)
    onnx.save(
        written, FOLDER / "external.onnx", save_as_external_data=True, location="external.bin", size_threshold=0, convert_attribute=False,
    )


def write_gguf():
    import gguf

    path = FOLDER / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_token_list(["<s>", "</s>"] + [f"t{i}" for i in range(20)])
    writer.add_array("layerwise.numbers", [1, 2, 3])
    writer.add_tensor("token_embd.weight", numpy.arange(64, dtype="f4").reshape(2, 32))
    blocks = gguf.quantize(numpy.linspace(-1, 1, 64, dtype="f4").reshape(2, 32), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("blk.0.attn_q.weight", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_behaviour():
    """What test/files/behaviour.py prints under real PyTorch."""
    script = ROOT / "test" / "files" / "behaviour.py"
    done = subprocess.run([sys.executable, "-W", "ignore", script], cwd=FOLDER, check=True, capture_output=True, text=True)
    version = torch.__version__.partition("+")[0]
    (script.parent / "behaviour.out").write_text(f"# torch {version}\n{done.stdout}")


def check(folder):
    """Raises where the real libraries read anything else than what was written."""
    for name, make in CASES.items():
        expected = show(make())
        found = show(torch.load(folder / f"{name}.pt"))
        assert found == expected, (name, [pair for pair in zip(found, expected) if pair[0] != pair[1]][:3])
        with zipfile.ZipFile(folder / f"{name}.pt") as archive:
            assert archive.testzip() is None, name
    tensors = safetensors.torch.load_file(folder / "all.safetensors")
    for name in DTYPES[:-1]:
        assert torch.equal(tensors[f"{name}.weight"], numbers(name, 2, 3)), name
    arrays = torch.load(folder / "numpy.pt", weights_only=False)
    assert numpy.array_equal(arrays["array"], numpy.arange(6, dtype="float32").reshape(2, 3)) and arrays["scalar"] == 2.5
    torch.load(io.BytesIO((folder / "buffer.pt").read_bytes()))
    print(f"{len(CASES)} checkpoints and safetensors open in torch {torch.__version__}, "
          f"safetensors {safetensors.__version__}, bit for bit")


def main():
    if sys.argv[1:2] == ["--check"]:
        check(pathlib.Path(sys.argv[2]))
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_checkpoints()
    write_safetensors()
    write_shards()
    write_arrays()
    write_onnx()
    write_gguf()
    if (ROOT / "test" / "files" / "behaviour.py").exists():
        write_behaviour()
    total = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} files, {total} bytes")


if __name__ == "__main__":
    main()
