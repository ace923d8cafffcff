"""Write test/quantization/*.out: what the scripts of that folder print under real PyTorch, with its version in the first line.

Run it under real PyTorch: python tools/goldens_quantization.py [THEME ...].
"""

import pathlib
import subprocess
import sys

import torch

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "test" / "quantization"
HELPERS = {"show"}


def checkpoint():
    """test/quantization/pytorch.pt, which files.py reads."""
    sys.path.insert(0, str(FOLDER))
    import files

    files.make(files.PATH)


def main():
    if not sys.argv[1:] or "files" in sys.argv[1:]:
        checkpoint()
    themes = sys.argv[1:] or sorted(p.stem for p in FOLDER.glob("*.py") if p.stem not in HELPERS)
    for theme in themes:
        command = [sys.executable, "-W", "ignore", f"{theme}.py"]
        text = subprocess.run(command, cwd=FOLDER, check=True, capture_output=True, text=True).stdout
        # Addresses would differ from run to run: no script may print one.
        assert " at 0x" not in text, theme
        (FOLDER / f"{theme}.out").write_text(f"# torch {torch.__version__.partition('+')[0]}\n{text}")
        print(f"{theme}: {text.count(chr(10))} lines")


if __name__ == "__main__":
    main()
