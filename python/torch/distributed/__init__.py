"""torch.distributed for one process: groups of one rank, whose collectives move nothing. More ranks need other processes, which user
code cannot have here; asking for them is an error that says so.
"""

import datetime
import os

import torch

_NOT_READY = "Default process group has not been initialized, please make sure to call init_process_group."


class Backend(str):
    UNDEFINED = "undefined"
    GLOO = "gloo"
    NCCL = "nccl"
    MPI = "mpi"
    UCC = "ucc"

    def __new__(cls, name):
        return str.__new__(cls, name.lower())


class _RedOpType(int):
    def __new__(cls, value, name):
        self = int.__new__(cls, value)
        self.name = name
        return self

    def __repr__(self):
        return f"<RedOpType.{self.name}: {int(self)}>"


class ReduceOp:
    """How ranks' values are put together; with one rank all of them give that rank's value."""

    RedOpType = _RedOpType


for _number, _name in enumerate("SUM AVG PRODUCT MIN MAX BAND BOR BXOR PREMUL_SUM".split()):
    setattr(ReduceOp, _name, _RedOpType(_number, _name))


reduce_op = ReduceOp


class Work:
    """A collective that is done already."""

    def __init__(self, result=()):
        self._result = result

    def wait(self, timeout=None):
        return True

    def is_completed(self):
        return True

    def is_success(self):
        return True

    def result(self):
        return list(self._result)

    def get_future(self):
        return torch.jit.Future(list(self._result))


class ProcessGroup:
    """The ranks that take part: this one, or none of them."""

    def __init__(self, backend, ranks, name):
        self._backend = Backend(backend)
        self._ranks = list(ranks)
        self.group_name = name
        self.bound_device_id = None

    def rank(self):
        return self._ranks.index(0) if 0 in self._ranks else -1

    def size(self):
        return len(self._ranks)

    def name(self):
        return str(self._backend)


class GroupMember:
    """What new_group gives to a rank that is not in it."""

    WORLD = None
    NON_GROUP_MEMBER = -100


class _GroupNames(type):
    @property
    def WORLD(cls):
        return GroupMember.WORLD


class group(metaclass=_GroupNames):
    """`group.WORLD`: all ranks."""


_n_groups = 0


def is_available():
    return True


def is_initialized():
    return GroupMember.WORLD is not None


def is_gloo_available():
    return True


def is_nccl_available():
    return False


def is_mpi_available():
    return False


def is_ucc_available():
    return False


def is_xccl_available():
    return False


def is_backend_available(backend):
    return backend.lower() == "gloo"


def is_torchelastic_launched():
    return "TORCHELASTIC_RUN_ID" in os.environ


def init_process_group(
    backend=None, init_method=None, timeout=None, world_size=-1, rank=-1, store=None, group_name="", pg_options=None, device_id=None
):
    if is_initialized():
        raise ValueError("trying to initialize the default process group twice!")
    backend = Backend(backend or "gloo")
    if "nccl" in backend and ":" not in backend and not torch.cuda.is_available():
        raise RuntimeError("ProcessGroupNCCL is only supported with GPUs, no GPUs found!")
    size = world_size if world_size > 0 else int(os.environ.get("WORLD_SIZE", 1))
    if size != 1:
        raise NotImplementedError(
            f"init_process_group: a world of {size} processes needs processes of one's own, which user code does not have here; run the "
            "script with WORLD_SIZE=1, or with real PyTorch under torchrun"
        )
    if rank > 0:
        raise ValueError(f"rank {rank} is outside of a world of 1")
    GroupMember.WORLD = ProcessGroup(backend, [0], "0")


def destroy_process_group(group=None):
    if group is None or group is GroupMember.WORLD:
        if not is_initialized():
            raise AssertionError("Process group cannot be None")
        GroupMember.WORLD = None


def _world():
    if GroupMember.WORLD is None:
        raise ValueError(_NOT_READY)
    return GroupMember.WORLD


def _member(group):
    """The group of a call; None for a rank that takes no part."""
    world = _world()
    if group is None:
        return world
    return None if group == GroupMember.NON_GROUP_MEMBER else group


def new_group(ranks=None, timeout=None, backend=None, pg_options=None, use_local_synchronization=False, group_desc=None, device_id=None):
    global _n_groups
    world = _world()
    ranks = [0] if ranks is None else sorted(ranks)
    if len(ranks) > 1 or any(r > 0 for r in ranks):
        if len(ranks) > 1:
            raise ValueError("the new group's world size should be less or equal to the world size set by init_process_group")
        raise ValueError("The new group's rank should be within the world_size set by init_process_group")
    _n_groups += 1
    return ProcessGroup(backend or world._backend, ranks, str(_n_groups)) if 0 in ranks else GroupMember.NON_GROUP_MEMBER


def new_subgroups(group_size=None, group=None, timeout=None, backend=None, pg_options=None, group_desc=None):
    made = new_group([0], backend=backend)
    return made, [made]


def split_group(parent_pg=None, split_ranks=None, timeout=None, pg_options=None, group_desc=None):
    return new_group([0])


def get_rank(group=None):
    found = _member(group)
    return -1 if found is None else found.rank()


def get_world_size(group=None):
    found = _member(group)
    return -1 if found is None else found.size()


def get_backend(group=None):
    found = _member(group)
    if found is None:
        raise ValueError("Invalid process group specified")
    return found._backend


def get_backend_config(group=None):
    return f"cpu:{get_backend(group)}"


def get_process_group_ranks(group=None):
    return list(_member(group)._ranks)


def get_global_rank(group, group_rank):
    return _member(group)._ranks[group_rank]


def get_group_rank(group, global_rank):
    return _member(group)._ranks.index(global_rank)


def get_node_local_rank(fallback_rank=None):
    if "LOCAL_RANK" in os.environ:
        return int(os.environ["LOCAL_RANK"])
    if fallback_rank is not None:
        return int(fallback_rank)
    raise RuntimeError(
        "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow `get_node_local_rank` to work, assuming you are "
        "not running in a multi-device context and want the code to run locally instead."
    )


def _done(async_op, *results):
    return Work(results) if async_op else None


def _copy_into(targets, sources):
    with torch.no_grad():
        for target, source in zip(targets, sources):
            target.copy_(source)


def _tensor(value, name):
    if not isinstance(value, torch.Tensor):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type torch.Tensor\n             but got {type(value)} instead."
        )


def _tensors(values, name):
    if not isinstance(values, list) or not all(isinstance(v, torch.Tensor) for v in values):
        kinds = [type(v) for v in values] if isinstance(values, list) else None
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type List[torch.Tensor]\n             but got {type(values)} "
            f"with elements of type {kinds}."
        )


def all_reduce(tensor, op=ReduceOp.SUM, group=None, async_op=False):
    _tensor(tensor, "tensor")
    _member(group)
    return _done(async_op, tensor)


def reduce(tensor, dst=None, op=ReduceOp.SUM, group=None, async_op=False, group_dst=None):
    return all_reduce(tensor, op, group, async_op)


def broadcast(tensor, src=None, group=None, async_op=False, group_src=None):
    return all_reduce(tensor, ReduceOp.SUM, group, async_op)


def all_gather(tensor_list, tensor, group=None, async_op=False):
    _tensors(tensor_list, "tensor_list")
    _tensor(tensor, "tensor")
    if _member(group) is not None:
        _copy_into(tensor_list, [tensor])
    return _done(async_op, *tensor_list)


def all_gather_into_tensor(output_tensor, input_tensor, group=None, async_op=False):
    _tensor(output_tensor, "output_tensor")
    _tensor(input_tensor, "input_tensor")
    if _member(group) is not None:
        _copy_into([output_tensor], [input_tensor.reshape(output_tensor.shape)])
    return _done(async_op, output_tensor)


_all_gather_base = all_gather_into_tensor


def reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None, async_op=False):
    _tensor(output, "output")
    _tensors(input_list, "input_list")
    if _member(group) is not None:
        _copy_into([output], input_list[:1])
    return _done(async_op, output)


def reduce_scatter_tensor(output, input, op=ReduceOp.SUM, group=None, async_op=False):
    return all_gather_into_tensor(output, input, group, async_op)


_reduce_scatter_base = reduce_scatter_tensor


def gather(tensor, gather_list=None, dst=None, group=None, async_op=False, group_dst=None):
    _tensor(tensor, "tensor")
    if _member(group) is not None and gather_list is not None:
        _copy_into(gather_list, [tensor])
    return _done(async_op, tensor)


def scatter(tensor, scatter_list=None, src=None, group=None, async_op=False, group_src=None):
    _tensor(tensor, "tensor")
    if _member(group) is not None and scatter_list:
        _copy_into([tensor], scatter_list[:1])
    return _done(async_op, tensor)


def all_to_all(output_tensor_list, input_tensor_list, group=None, async_op=False):
    if _member(group) is not None:
        _copy_into(output_tensor_list, input_tensor_list)
    return _done(async_op, *output_tensor_list)


def all_to_all_single(output, input, output_split_sizes=None, input_split_sizes=None, group=None, async_op=False):
    return all_gather_into_tensor(output, input, group, async_op)


def barrier(group=None, async_op=False, device_ids=None):
    _member(group)
    return _done(async_op)


def monitored_barrier(group=None, timeout=None, wait_all_ranks=False):
    _member(group)


def all_gather_object(object_list, obj, group=None):
    if _member(group) is not None:
        object_list[0] = obj


def gather_object(obj, object_gather_list=None, dst=None, group=None, group_dst=None):
    if _member(group) is not None and object_gather_list is not None:
        object_gather_list[0] = obj


def broadcast_object_list(object_list, src=None, group=None, device=None, group_src=None):
    _member(group)


def scatter_object_list(scatter_object_output_list, scatter_object_input_list=None, src=None, group=None, group_src=None):
    if _member(group) is not None and scatter_object_input_list:
        scatter_object_output_list[0] = scatter_object_input_list[0]


def _no_peer(*args, **kwargs):
    _world()
    raise ValueError("Invalid destination rank: destination rank should not be the same as the rank of the current process.")


send = recv = isend = irecv = send_object_list = recv_object_list = _no_peer


class P2POp:
    def __init__(self, op, tensor, peer=None, group=None, tag=0, group_peer=None):
        _no_peer()


def batch_isend_irecv(p2p_op_list):
    return []


class Store:
    """Keys and values of a rendezvous; with one process a dictionary."""

    def __init__(self, *args, **kwargs):
        self._values = {}

    def set(self, key, value):
        self._values[key] = value.encode() if isinstance(value, str) else bytes(value)

    def get(self, key):
        if key not in self._values:
            raise torch.distributed.DistStoreError(f"wait timeout after 300000ms, keys: /{key}")
        return self._values[key]

    def add(self, key, amount):
        total = int(self._values.get(key, b"0")) + amount
        self._values[key] = str(total).encode()
        return total

    def check(self, keys):
        return all(k in self._values for k in keys)

    def delete_key(self, key):
        return self._values.pop(key, None) is not None

    def num_keys(self):
        return len(self._values)

    def wait(self, keys, timeout=None):
        for key in keys:
            self.get(key)


class HashStore(Store):
    pass


class TCPStore(Store):
    pass


class FileStore(Store):
    pass


class PrefixStore(Store):
    pass


class DistError(RuntimeError):
    pass


class DistBackendError(DistError):
    pass


class DistNetworkError(DistError):
    pass


class DistStoreError(DistError):
    pass


default_pg_timeout = datetime.timedelta(minutes=30)


def __getattr__(name):
    import importlib

    if name in ("nn", "tensor", "fsdp", "device_mesh", "checkpoint", "algorithms", "optim", "elastic", "distributed_c10d"):
        return importlib.import_module(f"torch.distributed.{name}")
    if name in ("DeviceMesh", "init_device_mesh"):
        return getattr(importlib.import_module("torch.distributed.device_mesh"), name)
    raise AttributeError(f"module 'torch.distributed' has no attribute {name!r}")
