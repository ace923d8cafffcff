"""CUDA graphs: work that is captured once and launched as a whole from then on. The driver captures; here are PyTorch's classes
around it, and callables whose forward and backward are graphs."""

import importlib

import _core
import torch
from torch import _device
from torch._C import _raise, _return_dead
from torch.cuda._guards import index_of
from torch.cuda.streams import Stream, current_stream
from torch.cuda.streams import stream as _stream_context

__all__ = ["CUDAGraph", "graph", "graph_pool_handle", "is_current_stream_capturing", "make_graphed_callables"]

_WARMUPS = 3
_MODES = ("global", "thread_local", "relaxed")


def _done(result):
    if result is not True and result is not False and result < 0:
        _raise()
    return result


def _pytree():
    # Not while torch is being imported.
    return importlib.import_module("torch.utils._pytree")


def is_current_stream_capturing():
    return bool(_core.cuda_is_capturing(_device.current_cuda))


def graph_pool_handle():
    """A name for a pool of memory that several graphs may share."""
    return (0, int(_done(_core.cuda_new_graph_pool(index_of()))))


class CUDAGraph:
    """Wrapper around a CUDA graph: what is asked of the GPU between capture_begin and capture_end, to be run by replay."""

    def __init__(self, keep_graph=False):
        self._index = index_of()
        self._id = _done(_core.cuda_new_graph(self._index))

    def capture_begin(self, pool=None, capture_error_mode="global"):
        if capture_error_mode not in _MODES:
            raise RuntimeError(
                f"Unknown capture error mode. Expected `global`, `thread_local`, or `relaxed`, got {capture_error_mode}"
            )
        _return_dead()
        _done(_core.cuda_graph_begin(self._id, 0 if pool is None else pool[1]))

    def capture_end(self):
        _return_dead()
        _done(_core.cuda_graph_end(self._id))

    def instantiate(self):
        """The driver has made it launchable when the capture ended."""

    def replay(self):
        _done(_core.cuda_graph_replay(self._id))

    def reset(self):
        _done(_core.cuda_graph_reset(self._id))

    def pool(self):
        return (0, int(_core.cuda_graph_pool(self._id)))

    def register_generator_state(self, generator):
        _done(_core.cuda_graph_register(self._id, generator.id))

    def enable_debug_mode(self):
        """Kept for scripts that call it before debug_dump."""

    def debug_dump(self, debug_path):
        raise NotImplementedError("CUDAGraph.debug_dump: a captured graph cannot be drawn")

    def raw_cuda_graph(self):
        raise NotImplementedError("CUDAGraph.raw_cuda_graph: the driver's handle does not leave the runtime")

    raw_cuda_graph_exec = raw_cuda_graph

    def __del__(self):
        if hasattr(self, "_id"):
            _core.cuda_free_graph(self._id)


class graph:
    """with torch.cuda.graph(g): what is asked of the GPU is captured into g, on a stream of its own."""

    default_capture_stream = None

    def __init__(self, cuda_graph, pool=None, stream=None, capture_error_mode="global", **unused):
        if stream is None:
            # One for all captures, so that their memory can be shared.
            if graph.default_capture_stream is None:
                graph.default_capture_stream = Stream()
            stream = graph.default_capture_stream
        self.pool = pool
        self.capture_stream = stream
        self.stream_ctx = _stream_context(stream)
        self.cuda_graph = cuda_graph
        self.capture_error_mode = capture_error_mode

    def __enter__(self):
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        self.stream_ctx.__enter__()
        try:
            self.cuda_graph.capture_begin(self.pool, capture_error_mode=self.capture_error_mode)
        except BaseException:
            self.stream_ctx.__exit__()
            raise

    def __exit__(self, *exc):
        try:
            self.cuda_graph.capture_end()
        finally:
            self.stream_ctx.__exit__(*exc)
        return False


# Callables


def make_graphed_callables(callables, sample_args, num_warmup_iters=_WARMUPS, allow_unused_input=False, pool=None):
    """Functions or modules whose forward is one graph, and whose backward is another. They take tensors of the samples' shapes,
    and their results are overwritten by their next call."""
    if torch.is_autocast_enabled() and torch.is_autocast_cache_enabled():
        raise RuntimeError("make_graphed_callables does not support the autocast caching. Please set `cache_enabled=False`.")
    is_single = not isinstance(callables, tuple)
    if is_single:
        callables, sample_args = (callables,), (sample_args,)
    parts = [_Part(function, args) for function, args in zip(callables, sample_args, strict=True)]
    torch.cuda.synchronize()
    with _stream_context(Stream()):
        for part in parts:
            for _ in range(num_warmup_iters):
                part.warm_up(allow_unused_input)
    torch.cuda.synchronize()
    # Memory of the forward graphs is used by the backward ones: captured in the order in which they will run.
    pool = graph_pool_handle() if pool is None else pool
    for part in parts:
        part.capture_forward(pool)
    for part in reversed(parts):
        part.capture_backward(pool, allow_unused_input)
    graphed = tuple(part.wrapped() for part in parts)
    return graphed[0] if is_single else graphed


class _Part:
    """One callable: its graphs, and the tensors that they read and write."""

    def __init__(self, function, args):
        self.function = function
        self.module = function if isinstance(function, torch.nn.Module) else None
        if self.module is not None:
            _check_module(self.module)
        self.args = args
        self.inputs, self.spec = _pytree().tree_flatten(args)
        if not all(isinstance(value, torch.Tensor) for value in self.inputs):
            raise TypeError(
                "In the beta API, sample_args for each callable must contain only Tensors. Other types are not allowed."
            )
        self.parameters = tuple(self.module.parameters()) if self.module is not None else ()
        self.surface = (*self.inputs, *self.parameters)
        self.wanted = [t for t in self.surface if t.requires_grad]

    def warm_up(self, allow_unused):
        outputs = [o for o in _pytree().tree_leaves(self.function(*self.args)) if o.requires_grad]
        if outputs and self.wanted:
            torch.autograd.grad(outputs, self.wanted, [torch.empty_like(o) for o in outputs], allow_unused=allow_unused)

    def capture_forward(self, pool):
        self.forward_graph = CUDAGraph()
        with graph(self.forward_graph, pool=pool):
            outputs = self.function(*self.args)
        self.outputs, self.output_spec = _pytree().tree_flatten(outputs)

    def capture_backward(self, pool, allow_unused):
        self.output_gradients = [torch.empty_like(o) if o.requires_grad else None for o in self.outputs]
        outputs = [o for o in self.outputs if o.requires_grad]
        self.backward_graph = None
        found = ()
        if outputs and self.wanted:
            self.backward_graph = CUDAGraph()
            with graph(self.backward_graph, pool=pool):
                found = torch.autograd.grad(
                    outputs, self.wanted, [g for g in self.output_gradients if g is not None], allow_unused=allow_unused
                )
        in_order = iter(found)
        self.gradients = [next(in_order, None) if t.requires_grad else None for t in self.surface]

    def run_forward(self, inputs):
        for static, given in zip(self.inputs, inputs):
            if static.data_ptr() != given.data_ptr():
                static.copy_(given)
        self.forward_graph.replay()
        return tuple(o.detach() for o in self.outputs)

    def run_backward(self, gradients):
        for static, given in zip(self.output_gradients, gradients):
            if static is not None and static.data_ptr() != given.data_ptr():
                static.copy_(given)
        # A gradient that is kept lies where the graph is about to write.
        for parameter, static in zip(self.surface, self.gradients):
            kept = parameter.grad if parameter.is_leaf else None
            if static is not None and kept is not None and kept.data_ptr() == static.data_ptr():
                parameter.grad = kept.clone()
        self.backward_graph.replay()
        return tuple(None if g is None else g.detach() for g in self.gradients)

    def wrapped(self):
        part = self

        class Graphed(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *surface):
                return part.run_forward(surface[: len(part.inputs)])

            @staticmethod
            def backward(ctx, *gradients):
                return part.run_backward(gradients)

        def call(*args):
            flat = _pytree().tree_leaves(args)
            outputs = Graphed.apply(*flat, *part.parameters)
            return _pytree().tree_unflatten(outputs, part.output_spec)

        if self.module is None:
            return call
        module, plain, was_training = self.module, self.module.forward, self.module.training

        def forward(*args):
            # The graphs know one of the two modes.
            return call(*args) if module.training == was_training else plain(*args)

        module.forward = forward
        return module


def _check_module(module):
    if module._backward_hooks or module._forward_hooks or module._forward_pre_hooks:
        raise RuntimeError(
            "Modules must not have hooks registered at the time they are passed. However, registering hooks on modules after "
            "passing them through make_graphed_callables is allowed."
        )
    if any(b.requires_grad for b in module.buffers()):
        raise RuntimeError(
            "In any :class:`~torch.nn.Module` passed to :func:`~make_graphed_callables`, only parameters may be trainable. All "
            "buffers must have ``requires_grad=False``."
        )
