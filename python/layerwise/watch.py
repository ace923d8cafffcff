"""What a class of the file gives to another one that it builds and calls: watched once, on the meta device."""

import inspect

import torch

from layerwise.evidence import write
from layerwise.plan import call, construct, on_device
from layerwise.specs import describe_tensor, evaluate, materialize, namespace_of, shapes_device


def watch(cls, owner):
    """What `owner` (a Plan) gives to the first instance of `cls` that it builds, and to its first call."""
    found = {}
    original_init, original_forward = cls.__init__, cls.forward

    def watched_init(self, *positional, **words):
        if "init" not in found and type(self) is cls:
            found["init"] = (positional, words)
        return original_init(self, *positional, **words)

    def watched_forward(self, *positional, **words):
        if "inputs" not in found:
            found["inputs"] = (positional, words)
        return original_forward(self, *positional, **words)

    known = {}
    try:
        cls.__init__, cls.forward = watched_init, watched_forward
        device = shapes_device()
        with on_device(device):
            space = namespace_of(owner.module)
            values = {
                name: evaluate(choice.text, space, name)
                for name, choice in owner.init.items()
                if choice.origin != "default"
            }
            known = {
                id(value): owner.init[name].text
                for name, value in values.items()
                if not isinstance(value, (int, float, str))
            }
            model = construct(owner.target, materialize(values, "", device))
            with torch.no_grad():
                call(model, owner.arguments(device))
    except Exception:
        # The owner may be broken; what was seen until then still counts.
        pass
    finally:
        cls.__init__, cls.forward = original_init, original_forward
    if "init" not in found:
        return None
    init = _written(inspect.signature(original_init), (None, *found["init"][0]), found["init"][1], known)
    if init is None:
        return None
    inputs = {}
    if "inputs" in found:
        try:
            bound = inspect.signature(original_forward).bind(None, *found["inputs"][0], **found["inputs"][1]).arguments
        except TypeError:
            bound = {}
        for name, value in list(bound.items())[1:]:
            if isinstance(value, torch.Tensor):
                inputs[name] = describe_tensor(value, _range_in(owner, value))
            elif write(value) is not None:
                inputs[name] = value
    return {"init": init, "inputs": inputs}


def _range_in(owner, tensor):
    for choice in owner.inputs.values():
        sizes = ",".join(str(size) for size in tensor.shape)
        if choice.text.startswith("int") and f"[{sizes}]<" in choice.text:
            return int(choice.text.rpartition("<")[2])
    return None


def _written(signature, positional, words, known):
    try:
        bound = signature.bind(*positional, **words).arguments
    except TypeError:
        return None
    texts = {}
    for name, value in list(bound.items())[1:]:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            continue
        text = write(value, known)
        if text is None or kind is inspect.Parameter.VAR_POSITIONAL:
            return None
        texts[name] = text
    return texts
