"""Write test/packages/*.out: what the scripts of that folder print with the real numpy, Pillow, einops, yaml, regex, tqdm, onnx and onnxruntime.

Run it under a Python that has them and PyTorch: python tools/goldens_packages.py [SCRIPT ...]."""

import importlib.metadata
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "test" / "packages"
PACKAGES = {
    "onnx": "onnx", "onnxruntime": "onnxruntime", "numpy": "numpy", "pillow": "pillow", "einops": "einops", "yaml": "pyyaml",
    "regex": "regex", "tqdm": "tqdm",
}


def main():
    names = sys.argv[1:] or sorted(p.stem for p in FOLDER.glob("*.py"))
    for name in names:
        package = PACKAGES[name.partition("_")[0]]
        command = [sys.executable, "-W", "ignore", f"{name}.py"]
        text = subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, text=True).stdout
        # Addresses would differ from run to run: no script may print one.
        assert " at 0x" not in text, name
        (FOLDER / f"{name}.out").write_text(f"# {package} {importlib.metadata.version(package)}\n{text}")
        print(f"{name}: {text.count(chr(10))} lines")


if __name__ == "__main__":
    main()
