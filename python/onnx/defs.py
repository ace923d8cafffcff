"""onnx.defs: which operators there are, by figures that tools/onnx_operators.py took from the real package. Knows counts and attributes,
no shapes and no texts."""

import json
import os


ONNX_DOMAIN = ""
ONNX_ML_DOMAIN = "ai.onnx.ml"
AI_ONNX_PREVIEW_TRAINING_DOMAIN = "ai.onnx.preview.training"
# The newest operator set that the ONNX Runtime of this extension has in full.
_NEWEST = {"": 26, "ai.onnx.ml": 5, "ai.onnx.preview.training": 1}

_table = None


class SchemaError(Exception):
    """There is no such operator."""


class Attribute:
    """An attribute of an operator."""

    def __init__(self, name, kind, required):
        self.name, self.type, self.required = name, kind, bool(required)


class OpSchema:
    """An operator as one version of it is."""

    def __init__(self, domain, name, row):
        self.domain, self.name = domain, name
        self.since_version = row[0]
        # -1: as many as one likes.
        self.min_input, self.max_input, self.min_output, self.max_output = [2**31 - 1 if n < 0 else n for n in row[1:5]]
        self.attributes = {key: Attribute(key, *rest) for key, rest in row[5].items()}
        self.deprecated = bool(row[6])

    def __repr__(self):
        return f"OpSchema({self.domain or 'ai.onnx'}.{self.name}, since_version={self.since_version})"


def _operators():
    global _table
    if _table is None:
        with open(os.path.join(os.path.dirname(__file__), "_operators.json")) as file:
            _table = json.load(file)
    return _table


def onnx_opset_version():
    return _NEWEST[""]


def onnx_ml_opset_version():
    return _NEWEST["ai.onnx.ml"]


def _find(op_type, version, domain):
    rows = _operators().get("" if domain == "ai.onnx" else domain, {}).get(op_type, ())
    row = next((row for row in reversed(rows) if row[0] <= version), None)
    return None if row is None else OpSchema(domain, op_type, row)


def has(op_type, domain="", max_inclusive_version=None):
    return _find(op_type, _NEWEST.get(domain, 0) if max_inclusive_version is None else max_inclusive_version, domain) is not None


def get_schema(op_type, max_inclusive_version=None, domain=""):
    """The operator as it is in this version of its set."""
    if isinstance(max_inclusive_version, str):
        domain, max_inclusive_version = max_inclusive_version, None
    version = _NEWEST.get(domain, 0) if max_inclusive_version is None else max_inclusive_version
    found = _find(op_type, version, domain)
    if found is None:
        raise SchemaError(f"No schema registered for '{op_type}' version '{version}' and domain '{domain}'!")
    return found


def get_all_schemas():
    """The newest version of every operator."""
    return [
        OpSchema(domain, name, rows[-1]) for domain, operators in _operators().items() for name, rows in operators.items()
    ]


def get_all_schemas_with_history():
    return [
        OpSchema(domain, name, row)
        for domain, operators in _operators().items()
        for name, rows in operators.items()
        for row in rows
    ]


