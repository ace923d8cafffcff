"""bitsandbytes.functional: numbers in four bits from a table of sixteen, in eight from one of 256, and int8 by rows.

Codes, scales and their order in memory are bitsandbytes': checkpoints are the same in both. Nothing here is asynchronous or
paged: what kernels of GPUs ask for beside the numbers is ignored.
"""

import json

import torch

from bitsandbytes import _maps
from torch._gen import functions as _ops

_DTYPES = (torch.float32, torch.float16, torch.bfloat16)
_PACKED = "bitsandbytes__"


def create_dynamic_map(signed=True, max_exponent_bits=7, total_bits=8):
    return _maps.dynamic(signed, max_exponent_bits, total_bits).clone()


def get_4bit_type(typename, device=None, blocksize=64):
    return _maps.of_type(typename).to(device or "cpu")


class QuantState:
    """What codes need to become numbers again: the largest number of each block, the table, shape and dtype.

    With double quantization the largest numbers are codes themselves: `state2` and `offset` give them back.
    """

    valid_quant_types = ("fp4", "nf4")

    def __init__(self, absmax, shape=None, code=None, blocksize=None, quant_type=None, dtype=None, offset=None, state2=None):
        self.absmax, self.shape, self.code, self.blocksize = absmax, shape, code, blocksize
        self.quant_type, self.dtype, self.offset, self.state2 = quant_type, dtype, offset, state2
        self.nested = state2 is not None
        self._scales = self._form = None

    def scales(self):
        """The largest number of each block, in float; found once."""
        if self._scales is None or self._scales.device != self.absmax.device:
            if self.nested:
                self._scales = dequantize_blockwise(self.absmax, self.state2) + self.offset
            else:
                self._scales = self.absmax.float()
        return self._scales

    def form(self, packed):
        """(codes [rows, bytes], scales [rows, blocks]) of a weight whose rows blocks fill; found once for each weight."""
        if self._form is None or self._form[0].data_ptr() != packed.data_ptr():
            rows, columns = self.shape
            flat = packed.detach().reshape(-1)
            flat = flat if flat.dtype == torch.uint8 else flat.view(torch.uint8)
            self._form = flat.view(rows, columns // 2), self.scales().view(rows, -1)
        return self._form

    def tensors(self):
        """What files hold beside the codes."""
        return [self.absmax, self.code, *(self.state2.tensors() if self.nested else ())]

    def to(self, device):
        if device is None:
            return
        self.absmax, self.code = self.absmax.to(device), self.code.to(device)
        self._scales = self._form = None
        if self.nested:
            self.offset = self.offset.to(device)
            self.state2.to(device)

    def as_dict(self, packed=False):
        """For files: tensors by name, and everything else as the bytes of a JSON text where it is packed."""
        plain = {
            "quant_type": self.quant_type, "blocksize": self.blocksize, "dtype": str(self.dtype).removeprefix("torch."),
            "shape": tuple(self.shape),
        }
        tensors = {"absmax": self.absmax, "quant_map": self.code}
        if self.nested:
            tensors |= {"nested_absmax": self.state2.absmax, "nested_quant_map": self.state2.code.clone()}
            plain |= {
                "nested_blocksize": self.state2.blocksize, "nested_dtype": str(self.state2.dtype).removeprefix("torch."),
                "nested_offset": self.offset.item(),
            }
        if not packed:
            return {**plain, **tensors}
        text = json.dumps(plain).encode()
        return {**tensors, f"quant_state.{_PACKED}{self.quant_type}": torch.tensor(list(text), dtype=torch.uint8)}

    @classmethod
    def from_dict(cls, qs_dict, device="cpu"):
        """The reverse; names may have anything before their last part."""
        found = dict(qs_dict)
        packed = [name for name, value in found.items() if "quant_state" in name and isinstance(value, torch.Tensor)]
        if len(packed) > 1 or (packed and packed[0].rpartition(".")[2].removeprefix(_PACKED) not in cls.valid_quant_types):
            raise ValueError(f"QuantState.from_dict got {packed}: expected one quant_state.{_PACKED}nf4 or quant_state.{_PACKED}fp4")
        if packed:
            found.update(json.loads(bytes(found.pop(packed[0]).tolist()).decode()))
        found = {name.rpartition(".")[2]: value for name, value in found.items()}
        if "quant_type" not in found:
            raise ValueError("QuantState.from_dict found no quant_type, nor a packed quant_state")
        offset = state2 = None
        if "nested_absmax" in found:
            offset = torch.tensor(float(found["nested_offset"])).to(device)
            state2 = cls(
                found["nested_absmax"].to(device), blocksize=found["nested_blocksize"], code=found["nested_quant_map"].to(device),
                dtype=getattr(torch, found["nested_dtype"]),
            )
        return cls(
            found["absmax"].to(device), torch.Size(found["shape"]), found["quant_map"].to(device), found["blocksize"],
            found["quant_type"], getattr(torch, found["dtype"]), offset, state2,
        )


def _scaled(flat, blocksize):
    """(numbers divided by the largest of their block, those): the last block may be shorter."""
    missing = -flat.numel() % blocksize
    blocks = torch.nn.functional.pad(flat, (0, missing)).view(-1, blocksize)
    largest = blocks.abs().amax(1)
    inverse = torch.where(largest > 0, 1 / largest, torch.zeros_like(largest))
    return (blocks * inverse[:, None]).clamp(-1, 1).view(-1)[: flat.numel()], largest


def quantize_4bit(
    A, absmax=None, out=None, blocksize=None, compress_statistics=False, quant_type="fp4", quant_storage=torch.uint8,
):
    """(codes, two in a byte, the first in the upper half [bytes, 1]; QuantState)."""
    blocksize = blocksize or 64
    if A.dtype not in _DTYPES:
        raise ValueError(f"Blockwise 4bit quantization only supports 16/32-bit floats, but got {A.dtype}")
    if blocksize not in (4096, 2048, 1024, 512, 256, 128, 64, 32):
        raise ValueError(f"blocksize is {blocksize}: expected a power of two from 32 to 4096")
    scaled, largest = _scaled(A.detach().reshape(-1).float(), blocksize)
    table = _maps.of_type(quant_type)
    codes = _maps.nearest(scaled, table)
    if codes.numel() % 2:
        codes = torch.nn.functional.pad(codes, (0, 1), value=7 if quant_type == "nf4" else 0)
    # Pairs turned around: our halves of a byte are the other way.
    packed = _ops._pack_int4(codes.view(-1, 2).flip(1).contiguous()).view(-1, 1)
    if quant_storage != torch.uint8:
        packed = packed.view(-1).view(quant_storage).unsqueeze(1)
    offset = state2 = None
    if compress_statistics:
        offset = largest.mean()
        largest, state2 = quantize_blockwise(largest - offset, blocksize=256)
    state = QuantState(largest, A.shape, table.to(A.device), blocksize, quant_type, A.dtype, offset, state2)
    if out is not None:
        packed = out.copy_(packed)
    if absmax is not None:
        state.absmax = absmax.copy_(state.absmax)
    return packed, state


def dequantize_4bit(A, quant_state=None, absmax=None, out=None, blocksize=None, quant_type="fp4"):
    """The numbers that codes stand for, in the shape and dtype that they had."""
    if quant_state is None:
        if absmax is None or out is None:
            raise ValueError("dequantize_4bit got no quant_state: expected it, or absmax and out")
        quant_state = QuantState(absmax, out.shape, _maps.of_type(quant_type), blocksize or 64, quant_type, out.dtype)
    count = quant_state.shape.numel()
    packed = A.reshape(-1).view(torch.uint8)
    codes = _ops._unpack_int4(packed).view(-1, 2).flip(1).reshape(-1)[:count]
    values = quant_state.code.to(codes.device)[codes.long()]
    numbers = _times(values, quant_state.scales(), quant_state.blocksize).view(quant_state.shape).to(quant_state.dtype)
    return numbers if out is None else out.copy_(numbers)


def _times(values, scales, blocksize):
    missing = -values.numel() % blocksize
    blocks = torch.nn.functional.pad(values, (0, missing)).view(-1, blocksize)
    return (blocks * scales.view(-1, 1)).view(-1)[: values.numel()]


def quantize_fp4(A, absmax=None, out=None, blocksize=None, compress_statistics=False, quant_storage=torch.uint8):
    return quantize_4bit(A, absmax, out, blocksize, compress_statistics, "fp4", quant_storage)


def quantize_nf4(A, absmax=None, out=None, blocksize=None, compress_statistics=False, quant_storage=torch.uint8):
    return quantize_4bit(A, absmax, out, blocksize, compress_statistics, "nf4", quant_storage)


def dequantize_fp4(A, quant_state=None, absmax=None, out=None, blocksize=None):
    return dequantize_4bit(A, quant_state, absmax, out, blocksize, "fp4")


def dequantize_nf4(A, quant_state=None, absmax=None, out=None, blocksize=None):
    return dequantize_4bit(A, quant_state, absmax, out, blocksize, "nf4")


def linear_4bit(x, packed, state, bias):
    """x @ weight^T + bias of a weight in four bits; the weight is not spelled out where blocks fill its rows."""
    rows, columns = state.shape
    if columns % state.blocksize:
        return torch.nn.functional.linear(x, dequantize_4bit(packed, state).to(x.dtype), bias)
    codes, scales = state.form(packed)
    # Neighbours of x change places, as the halves of a byte have.
    turned = x.reshape(*x.shape[:-1], columns // 2, 2).flip(-1).reshape(x.shape)
    return _ops._linear_low_bit(turned, codes, scales, None, state.code, bias, "float4", state.blocksize)


def quantize_blockwise(A, code=None, absmax=None, out=None, blocksize=4096, nested=False):
    """(codes of eight bits, QuantState): the nearest of 256 numbers, times the largest of each block."""
    code = _maps.dynamic() if code is None else code
    scaled, largest = _scaled(A.detach().reshape(-1).float(), blocksize)
    codes = _maps.nearest(scaled, code.cpu()).view(A.shape)
    offset = state2 = None
    if nested:
        offset = largest.mean()
        largest, state2 = quantize_blockwise(largest - offset, blocksize=blocksize)
    codes = codes if out is None else out.copy_(codes)
    largest = largest if absmax is None else absmax.copy_(largest)
    return codes, QuantState(largest, code=code.to(A.device), blocksize=blocksize, dtype=A.dtype, offset=offset, state2=state2)


def dequantize_blockwise(A, quant_state=None, absmax=None, code=None, out=None, blocksize=4096, nested=False):
    """The numbers that codes of eight bits stand for."""
    if quant_state is None:
        if absmax is None:
            raise ValueError("dequantize_blockwise got neither quant_state nor absmax: expected one of them")
        code = _maps.dynamic() if code is None else code
        quant_state = QuantState(absmax, code=code.to(A.device), blocksize=blocksize, dtype=torch.float32)
    values = quant_state.code.to(A.device)[A.reshape(-1).long()]
    numbers = _times(values, quant_state.scales(), quant_state.blocksize).view(A.shape).to(quant_state.dtype)
    return numbers if out is None else out.copy_(numbers)


def int8_vectorwise_quant(A, threshold=0.0):
    """(codes, the largest number of each row, columns with numbers of at least threshold): those columns have zeros as codes."""
    outliers = None
    rows = A.reshape(-1, A.shape[-1]).float()
    if threshold > 0:
        is_outlier = rows.abs() >= threshold
        outliers = is_outlier.any(0).nonzero().view(-1)
        rows = torch.where(is_outlier, 0.0, rows)
    largest = rows.abs().amax(1)
    inverse = torch.where(largest > 0, 127.0 / largest, torch.zeros_like(largest))
    codes = (rows * inverse[:, None]).round().to(torch.int8)
    if outliers is not None and rows.shape[0] > 1:
        codes[:, outliers] = 0
    return codes.view(A.shape), largest, outliers


def int8_vectorwise_dequant(A, stats):
    return A * (stats.view(-1, 1) * (1 / 127))


def int8_linear_matmul(A, B, out=None, dtype=torch.int32):
    result = torch._int_mm(A.reshape(-1, A.shape[-1]), B.t()).view(*A.shape[:-1], B.shape[0])
    return result if out is None else out.copy_(result)


def int8_mm_dequant(A, row_stats, col_stats, out=None, bias=None):
    result = A.float() * (row_stats.reshape(-1, 1) * col_stats.reshape(1, -1)) * (1 / 127**2)
    return result if bias is None else result + bias
