"""Checkpoints in several files: read real ones, write our own and read them back. Prints nothing; fails loudly: shards.py GOLDENS OUT."""

import json
import pathlib
import sys

import torch
from content import model
from layerwise.checkpoints import load_state_dict, read_index, save_state_dict

goldens, out = map(pathlib.Path, sys.argv[1:])
expected = model().state_dict()


def same(state):
    assert set(state) == set(expected), sorted(state)
    for name, tensor in expected.items():
        assert torch.equal(state[name], tensor), name


same(load_state_dict(goldens / "model.safetensors.index.json"))
same(load_state_dict(goldens / "pytorch_model.bin.index.json"))

state = {name: tensor.clone() for name, tensor in expected.items()}
index = save_state_dict(state, out, max_shard_bytes=150)
assert len(read_index(index)) > 2
same(load_state_dict(index))
assert json.loads(pathlib.Path(index).read_text())["metadata"]["total_size"] == 440
one = save_state_dict(state, out, name="single")
same(load_state_dict(one))

for way in ("../x.safetensors", "/x.safetensors", "a/../../x", "C:\\x", ".."):
    bad = out / "bad.safetensors.index.json"
    bad.write_text(json.dumps({"weight_map": {"w": way}}))
    try:
        load_state_dict(bad)
    except ValueError as error:
        assert "leads out of the folder" in str(error), error
    else:
        raise AssertionError(way)
bad.write_text(json.dumps({"weight_map": {"other": pathlib.Path(one).name}}))
try:
    load_state_dict(bad)
except KeyError as error:
    assert "does not hold other" in str(error), error
else:
    raise AssertionError("a tensor that is not there")
