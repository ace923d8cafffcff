"""Prints what a script found: a JSON line for each name."""

import json


def show(name, tensor):
    print(json.dumps([name, tensor.detach().double().flatten().tolist()]))
