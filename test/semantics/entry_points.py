"""The rest of the surface: testing, masked, distributed with one rank, jit, compile, backends, control flow, further functions."""

import operator
import warnings

import torch
import torch.distributed as dist
from show import case, fails, gradients, ramp, show
from torch import masked
from torch.testing import assert_close, make_tensor

warnings.simplefilter("ignore")
t = torch.tensor
x, y = ramp(2, 3), ramp(2, 3, seed=2)


def words(label, function):
    try:
        function()
        print(f"{label}: passed")
    except Exception as error:
        print(f"{label}: {type(error).__name__} {str(error)!r}")


# torch.testing

a, b = t([1.0, 2, 3]), t([1.0, 2, 4])
words("far", lambda: assert_close(a, b))
words("integers", lambda: assert_close(t([1, 2, 3]), t([1, 2, 4])))
words("bools", lambda: assert_close(t([True]), t([False])))
words("shape", lambda: assert_close(a, b[:2]))
words("dtype", lambda: assert_close(a, a.double()))
words("dtype unchecked", lambda: assert_close(a, a.double(), check_dtype=False))
words("stride", lambda: assert_close(t([[1.0, 2], [3, 4]]).t(), t([[1.0, 3], [2, 4]]), check_stride=True))
words("floats", lambda: assert_close(1.0, 2.0))
words("ints", lambda: assert_close(1, 2))
words("tolerant", lambda: assert_close(1, 2, rtol=1, atol=1))
words("booleans", lambda: assert_close(True, False))
words("in list", lambda: assert_close([a, t(1.0)], [a, t(2.0)]))
words("in dict", lambda: assert_close({"k": [a]}, {"k": [b]}))
words("keys", lambda: assert_close({"k": a}, {"l": a}))
words("lengths", lambda: assert_close([a], [a, a]))
words("none", lambda: assert_close(None, t(1.0)))
words("strings", lambda: assert_close("a", "a"))
words("nan", lambda: assert_close(t([float("nan")]), t([float("nan")])))
words("equal nan", lambda: assert_close(t([float("nan")]), t([float("nan")]), equal_nan=True))
words("message", lambda: assert_close(a, b, msg="mine"))
words("made message", lambda: assert_close(a, b, msg=lambda m: "see: " + m))
words("one tolerance", lambda: assert_close(a, b, rtol=1))
words("exact", lambda: assert_close(t([[1.0, 2], [3, 4]]), t([[1.0, 2], [3, 5]]), rtol=0, atol=0))
words("parameter", lambda: assert_close(torch.nn.Parameter(t(1.0)), t(1.0)))
words("no subclass", lambda: assert_close(torch.nn.Parameter(t(1.0)), t(1.0), allow_subclasses=False))
words("half", lambda: assert_close(t([1.0]).half(), t([1.01]).half()))
words("infinite", lambda: assert_close(t([1.0, float("inf")]), t([1.0, 2])))
torch.manual_seed(0)
case("make_tensor", lambda: [
    make_tensor((2, 3), dtype=torch.float32, device="cpu"), make_tensor(3, dtype=torch.int64, device="cpu", low=0, high=5),
    make_tensor((2,), dtype=torch.bool, device="cpu"), make_tensor((2, 2), dtype=torch.float64, device="cpu", noncontiguous=True),
])

# torch.masked

mask = t([[True, False, True], [False, True, True]])
for name in "sum mean prod amax amin argmax argmin var std norm logsumexp".split():
    function = getattr(masked, name)
    first = (2.0,) if name == "norm" else ()
    for dim in (0, 1) if name != "logsumexp" else (0, (0, 1)):
        case(f"masked.{name} {dim}", lambda: function(x, *first, dim, mask=mask))
        case(f"masked.{name} {dim} kept", lambda: function(x, *first, dim, keepdim=True, mask=mask))
    if name not in ("logsumexp",):
        case(f"masked.{name}", lambda: function(x, *first, mask=mask))
    case(f"masked.{name} unmasked", lambda: function(x, *first, 1))
for name in ("softmax", "log_softmax", "softmin", "cumsum", "cumprod"):
    case(f"masked.{name}", lambda: torch.where(mask, getattr(masked, name)(x, 1, mask=mask), torch.zeros(()).double()))
case("masked.normalize", lambda: masked.normalize(x, 2.0, 1, mask=mask) * mask)
case("masked.median", lambda: masked.median(x, 1, mask=mask))
case("masked.var biased", lambda: masked.var(x, 1, False, mask=mask))
gradients("masked.mean", lambda v: masked.mean(v, 1, mask=mask), x)
fails("masked.mean of integers", lambda: masked.mean(t([1, 2])))

# One rank

print(dist.is_available(), dist.is_initialized(), dist.is_gloo_available(), dist.is_mpi_available())
fails("no group", lambda: dist.get_rank())
fails("no group to reduce", lambda: dist.all_reduce(t(1.0)))
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
print(dist.is_initialized(), dist.get_rank(), dist.get_world_size(), dist.get_backend(), dist.get_process_group_ranks(dist.group.WORLD))
v = t([1.0, 2.0])
dist.all_reduce(v)
dist.broadcast(v, 0)
dist.reduce(v, 0, dist.ReduceOp.MAX)
print(show(v), dist.all_reduce(v, async_op=True).wait())
gathered = [torch.zeros(2)]
dist.all_gather(gathered, v)
into = torch.zeros(2)
dist.all_gather_into_tensor(into, v)
scattered = torch.zeros(2)
dist.scatter(scattered, [v + 1], 0)
part = torch.zeros(2)
dist.reduce_scatter(part, [v + 2])
print(show([gathered, into, scattered, part]))
objects = [None]
dist.all_gather_object(objects, {"k": 1})
dist.broadcast_object_list(objects, 0)
dist.barrier()
print(objects, dist.get_rank(dist.new_group([0])), dist.get_world_size(dist.new_group()))
fails("twice", lambda: dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1))
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
print(list(model.state_dict()))
with model.no_sync():
    model(v).sum().backward()
case("ddp gradient", lambda: model.module.weight.grad)
fails("ddp without parameters", lambda: torch.nn.parallel.DistributedDataParallel(torch.nn.ReLU()))
dist.destroy_process_group()
print(dist.is_initialized())

# Entry points without a compiler


@torch.compile
def compiled(p):
    return p * 2


@torch.no_grad()
def plain(p):
    return p + 1


print(torch.jit.is_scripting(), torch.jit.is_tracing(), torch.compiler.is_compiling(), torch._dynamo.is_compiling())
case("annotate", lambda: torch.jit.annotate(list, [1]))
case("fork", lambda: torch.jit.wait(torch.jit.fork(plain, v)))
with torch.backends.cudnn.flags(enabled=False, benchmark=True):
    print(torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark)
print(torch.backends.cudnn.enabled, torch.backends.cuda.is_built(), torch.backends.mps.is_available())
print(torch.accelerator.is_available(), torch.accelerator.current_accelerator(), torch.accelerator.device_count())
case("cond", lambda: torch.cond(t(True), lambda p: p + 1, lambda p: p - 1, (v,)))
fails("to sparse values", lambda: v.values())
fails("indices", lambda: v.indices())

# Further functions

case("gradient", lambda: torch.gradient(t([1.0, 4.0, 9.0, 16.0, 25.0])))
case("gradient spaced", lambda: torch.gradient(ramp(4, 5), spacing=2.0, dim=1))
case("gradient of dims", lambda: torch.gradient(ramp(3, 4), dim=(0, 1), edge_order=2))
case("gradient at places", lambda: torch.gradient(t([1.0, 4.0, 9.0, 16.0]), spacing=(t([0.0, 1.0, 3.0, 4.0]),)))
case("frexp", lambda: torch.frexp(t([1.0, -3.5, 0.0, 1e-3, 8.0, float("inf")])))
case("histogram", lambda: torch.histogram(t([1.0, 2.0, 1.0, 3.0, 4.0]), bins=4))
case("histogram in range", lambda: torch.histogram(t([1.0, 2.0, 1.0, 3.0]), bins=3, range=(0.0, 3.0), density=True))
case("histogram by edges", lambda: torch.histogram(t([1.0, 2.0, 1.0, 3.0]), t([0.0, 1.5, 2.5, 3.0]), weight=t([1.0, 2.0, 3.0, 4.0])))
for reduce in ("prod", "mean", "amax", "amin"):
    case(f"index_reduce {reduce}", lambda: x.index_reduce(0, t([1, 1, 0]), ramp(3, 3, seed=5), reduce))
    case(f"index_reduce {reduce} alone", lambda: x.index_reduce(0, t([1, 1, 0]), ramp(3, 3, seed=5), reduce, include_self=False))
for reduce in ("sum", "mean", "max", "min", "prod"):
    case(f"segment_reduce {reduce}", lambda: torch.segment_reduce(ramp(6), reduce, lengths=t([2, 3, 1])))
case("nonzero_static", lambda: torch.nonzero_static(t([[0, 1], [1, 1]]), size=4, fill_value=9))
case("as_strided_scatter", lambda: torch.as_strided_scatter(torch.zeros(3, 3), torch.ones(2, 2), (2, 2), (1, 2)))
case("copies", lambda: [torch.squeeze_copy(x[None]), torch.permute_copy(x, (1, 0)), torch.slice_copy(x, 1, 0, 2), torch.t_copy(x)])
case("in place", lambda: [torch.clamp_(x.clone(), 0, 1), torch.fill_(x.clone(), 2), torch.zero_(x.clone()), torch.round_(x.clone())])
case("fill", lambda: torch.fill(x, 3.0))
case("native_group_norm", lambda: torch.native_group_norm(ramp(2, 4, 3), None, None, 2, 4, 3, 2, 1e-5))
case("softmax backward", lambda: torch._softmax_backward_data(x, y.softmax(1), 1, torch.float64))
case("kl_div", lambda: torch.kl_div(x, y.softmax(1), 0))
case("margin", lambda: torch.margin_ranking_loss(x[0], x[1], t([1.0, -1.0, 1.0]), 0.5, 2))
case("lstm_cell", lambda: torch.lstm_cell(ramp(2, 3), (ramp(2, 2), ramp(2, 2, seed=1)), ramp(8, 3), ramp(8, 2), ramp(8), ramp(8)))
case("gru_cell", lambda: torch.gru_cell(ramp(2, 3), ramp(2, 2), ramp(6, 3), ramp(6, 2), ramp(6), ramp(6)))
case("rnn cells", lambda: [torch.rnn_tanh_cell(ramp(2, 3), ramp(2, 2), ramp(2, 3), ramp(2, 2)), torch.sym_int(2.7), torch.sym_max(1, 2)])
case("methods", lambda: [x.dim_order(), x.t().dim_order(), x.is_same_size(y), x.to_dense(), x.sparse_dim(), x.dense_dim(), x.name])
case("new_empty_strided", lambda: x.new_empty_strided((2, 2), (1, 2)).stride())
case("map_", lambda: t([1.0, 2.0]).map_(t([3.0, 4.0]), lambda p, q: p * q))
case("debug mode", lambda: (torch.set_deterministic_debug_mode("warn"), torch.get_deterministic_debug_mode()))
torch.set_deterministic_debug_mode(0)
print(torch.is_warn_always_enabled(), torch.legacy_contiguous_format is torch.contiguous_format, torch.torch is torch)
fails("index_reduce", lambda: x.index_reduce(0, t([0, 0, 0]), x, "sum"))

# Classes that see the calls on their tensors


class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ in ("relu", "matmul", "softmax"):
            print("  called", func.__name__, [k.__name__ for k in types])
        return super().__torch_function__(func, types, args, kwargs or {})


logged = x.as_subclass(Logged)
result = torch.relu(logged)
print(type(result).__name__, type(logged.softmax(1)).__name__, type(torch.nn.functional.relu(logged)).__name__)
print(type(torch.matmul(y, logged.t())).__name__, type(torch.relu(x)).__name__)


class Doubling(torch.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return result * 2 if func is torch.exp else result


with Doubling():
    case("mode", lambda: torch.exp(x))
case("mode left", lambda: torch.exp(x))
