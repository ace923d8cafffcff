"""Any value of a checkpoint as lines of text: types, values, strides, and which objects are the same one."""

import struct

import torch


class Shower:
    def __init__(self):
        self.seen = {}
        self.storages = {}
        # Objects must stay alive while their identity counts.
        self.kept = []
        self.lines = []

    def line(self, depth, text):
        self.lines.append("  " * depth + text)

    def show(self, value, depth=0, name=""):
        head = f"{name}: " if name else ""
        if isinstance(value, (list, dict, set, bytearray, torch.Tensor)):
            number = self.seen.get(id(value))
            if number is not None:
                return self.line(depth, f"{head}same as #{number}")
            number = self.seen[id(value)] = len(self.seen)
            self.kept.append(value)
            head += f"#{number} "
        if isinstance(value, torch.Tensor):
            return self.tensor(value, depth, head)
        kind = type(value).__name__
        if isinstance(value, dict):
            extra = f" attributes {sorted(vars(value))}" if getattr(value, "__dict__", None) else ""
            self.line(depth, f"{head}{kind} of {len(value)}{extra}")
            for key, item in value.items():
                self.show(item, depth + 1, repr(key))
            if extra:
                for key in sorted(vars(value)):
                    self.show(vars(value)[key], depth + 1, key)
            return None
        if isinstance(value, torch.Size) or kind in ("dtype", "device", "layout"):
            return self.line(depth, f"{head}{kind} {value}")
        if isinstance(value, (list, tuple)):
            self.line(depth, f"{head}{kind} of {len(value)}")
            for index, item in enumerate(value):
                self.show(item, depth + 1, str(index))
            return None
        if isinstance(value, (set, frozenset)):
            return self.line(depth, f"{head}{kind} {sorted(value)}")
        if torch.is_storage(value):
            return self.line(depth, f"{head}storage {list(value)}")
        if isinstance(value, float):
            return self.line(depth, f"{head}float {struct.pack('>d', value).hex()}")
        return self.line(depth, f"{head}{kind} {value!r}")

    def tensor(self, t, depth, head):
        kind = "Parameter" if isinstance(t, torch.nn.Parameter) else "tensor"
        text = f"{head}{kind} {t.dtype} {tuple(t.shape)} strides {t.stride()} offset {t.storage_offset()} grad {t.requires_grad}"
        if t.is_meta:
            return self.line(depth, f"{text} meta")
        storage = t.untyped_storage()
        self.kept.append(storage)
        key = storage._cdata
        number = self.storages.setdefault(key, len(self.storages))
        self.line(depth, f"{text} storage {number} of {storage.nbytes()} bytes on {t.device}")
        if t.numel():
            flat = t.detach().contiguous().view(-1).view(torch.uint8) if t.dim() else t.detach().reshape(1).view(torch.uint8)
            self.line(depth + 1, bytes(flat.tolist()).hex())
        for name in sorted(vars(t)):
            if name != "_grad":
                self.show(vars(t)[name], depth + 1, name)
        return None


def show(value):
    shower = Shower()
    shower.show(value)
    return shower.lines
