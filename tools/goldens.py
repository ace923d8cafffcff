"""Write the goldens of test/models: what the example models and the random functions give under real PyTorch.

Run it under real PyTorch: python tools/goldens.py [MODEL ...]. It runs the same driver files that the tests run under
Layerwise, and packs what they print: numbers as float32 in NAME.f32, everything else in NAME.json.
"""

import json
import pathlib
import re
import subprocess
import sys
from array import array

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent
DRIVERS = ROOT / "test" / "models"
TARGET = ROOT / "test" / "goldens" / "models"
MODELS = ["attention", "mlp", "gpt", "bert", "lstm", "resnet", "vit"]
TRAIN_GPT = ["--steps", "50", "--log-every", "1", "--sample", "0"]


def run(file, *args):
    command = [sys.executable, str(file), *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write_json(path, document):
    # One line per entry of the outer two levels: readable in review, and no larger than need be.
    lines = []
    for key, value in document.items():
        if isinstance(value, dict):
            entries = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
            lines.append(f"{json.dumps(key)}: {{\n{entries}\n}}")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def model_goldens(name):
    document = json.loads(run(DRIVERS / "drive.py", name))
    values = array("f")
    for tensor in document["tensors"].values():
        sample = tensor.pop("values")
        tensor["at"] = len(values)
        tensor["count"] = len(sample)
        values.extend(sample)
    packed = TARGET / f"{name}.f32"
    packed.write_bytes(values.tobytes())
    print(f"{packed.relative_to(ROOT)}: {packed.stat().st_size} bytes")
    write_json(TARGET / f"{name}.json", document)


def train_gpt_goldens():
    output = run(ROOT / "examples" / "train_gpt.py", *TRAIN_GPT)
    losses = [float(loss) for loss in re.findall(r"^step \d+ loss (\S+)$", output, re.MULTILINE)]
    write_json(TARGET / "train_gpt.json", {"torch": torch.__version__, "args": TRAIN_GPT, "losses": losses})


def random_goldens():
    document = {"torch": torch.__version__, "results": json.loads(run(DRIVERS / "random_numbers.py"))}
    write_json(TARGET / "random_numbers.json", document)


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:] or [*MODELS, "train_gpt", "random_numbers"]
    for name in wanted:
        if name == "train_gpt":
            train_gpt_goldens()
        elif name == "random_numbers":
            random_goldens()
        else:
            model_goldens(name)


if __name__ == "__main__":
    main()
