"""Collectives with gradients: for one rank each is the identity, on the tape."""

from torch.distributed import ReduceOp, _member

__all__ = ["all_gather", "all_reduce", "all_to_all", "all_to_all_single", "broadcast", "gather", "reduce", "reduce_scatter", "scatter"]


def _same(tensor, group):
    _member(group)
    return tensor.view_as(tensor)


def all_gather(tensor, group=None):
    return (_same(tensor, group),)


def all_reduce(tensor, op=ReduceOp.SUM, group=None):
    return _same(tensor, group)


def broadcast(tensor, src, group=None):
    return _same(tensor, group)


def reduce(tensor, dst, op=ReduceOp.SUM, group=None):
    return _same(tensor, group)


def gather(tensor, dst=0, group=None):
    return (_same(tensor, group),)


def scatter(tensors, src=0, group=None):
    return _same(tensors[0], group)


def reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None):
    return _same(input_list[0], group)


def all_to_all(output_tensor_list, input_tensor_list, group=None):
    return tuple(_same(t, group) for t in input_tensor_list)


def all_to_all_single(output, input, output_split_sizes=None, input_split_sizes=None, group=None):
    return _same(input, group)
