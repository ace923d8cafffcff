"""Write python/onnx/_operators.json: which operators ONNX has, from which version on, with how many inputs and outputs and which attributes.

Run it under a Python that has onnx: python tools/onnx_operators.py. Figures alone are taken; what an operator means is not there."""

import json
import pathlib

import onnx

PLACE = pathlib.Path(__file__).resolve().parent.parent / "python" / "onnx" / "_operators.json"
# What the ONNX Runtime that the extension carries knows.
NEWEST = {"": 26, "ai.onnx.ml": 5, "ai.onnx.preview.training": 1}
# A number of inputs without a bound.
MANY = 2**31 - 1


def main():
    found = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.since_version > NEWEST.get(schema.domain, 0):
            continue
        attributes = {name: [a.type.value, int(a.required)] for name, a in sorted(schema.attributes.items())}
        counts = [schema.min_input, schema.max_input, schema.min_output, schema.max_output]
        row = [schema.since_version, *[-1 if n == MANY else n for n in counts], attributes, int(schema.deprecated)]
        found.setdefault(schema.domain, {}).setdefault(schema.name, []).append(row)
    lines = []
    for domain, operators in sorted(found.items()):
        rows = [f"  {json.dumps(name)}: {json.dumps(sorted(versions), separators=(',', ':'))}" for name, versions in sorted(operators.items())]
        lines.append(f" {json.dumps(domain)}: {{\n" + ",\n".join(rows) + "\n }")
    PLACE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{PLACE.name}: {sum(map(len, found.values()))} operators, {PLACE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
