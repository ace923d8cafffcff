"""Write test/torchao/*.json: what torchao's and bitsandbytes' rules give under real PyTorch (test/torchao/reference.py).

Run it under real PyTorch: python tools/goldens_torchao.py [THEME ...].
"""

import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "test" / "torchao"
sys.path.insert(0, str(FOLDER))

import reference

for theme in sys.argv[1:] or reference.THEMES:
    reference.write(FOLDER, theme)
    print(theme)
