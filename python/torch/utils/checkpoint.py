"""Activation checkpointing: a part of the model keeps only its inputs, and runs again when its gradient is asked for.

Gradients of the part's parameters are accumulated in their .grad by the second run, so torch.autograd.grad with respect
to them is refused by design of this form; with respect to the inputs it works.
"""

import contextlib
import warnings

import torch

from . import _pytree

__all__ = [
    "checkpoint", "checkpoint_sequential", "CheckpointError", "CheckpointFunction", "check_backward_validity",
    "detach_variable", "get_device_states", "set_device_states", "noop_context_fn", "set_checkpoint_early_stop",
    "DefaultDeviceType", "set_checkpoint_debug_enabled",
]

_DEFAULT_DETERMINISM_MODE = "default"


class CheckpointError(RuntimeError):
    """The second run did not do what the first one did."""


class DefaultDeviceType:
    """The device type to assume when no argument is on an accelerator."""

    _default_device_type = "cuda"

    @staticmethod
    def set_device_type(device="cuda"):
        DefaultDeviceType._default_device_type = device

    @staticmethod
    def get_device_type():
        return DefaultDeviceType._default_device_type


def detach_variable(inputs):
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            "Only tuple of tensors is supported. Got Unsupported input type: ", type(inputs).__name__
        )
    return tuple(_detached(value) for value in inputs)


def _detached(value):
    if not isinstance(value, torch.Tensor):
        return value
    copy = value.detach()
    copy.requires_grad = value.requires_grad
    return copy


def check_backward_validity(inputs):
    if not any(value.requires_grad for value in inputs if isinstance(value, torch.Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


def _cuda_devices(args):
    leaves = _pytree.tree_leaves(args)
    return sorted({leaf.get_device() for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.is_cuda})


def get_device_states(*args):
    """The devices that the arguments live on, and their random states."""
    devices = _cuda_devices(args)
    return devices, [torch.cuda.get_rng_state(device) for device in devices]


def set_device_states(devices, states, *, device_type=None):
    for device, state in zip(devices, states):
        torch.cuda.set_rng_state(state, device)


def noop_context_fn():
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable):
    """Accepted: the second run always goes to its end here."""
    yield


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled):
    yield


class _Region:
    """One checkpointed call: how to run it again as it ran first."""

    def __init__(self, function, kwargs, contexts, preserve_rng_state, args):
        self.function = function
        self.kwargs = kwargs
        self.first_context, self.second_context = contexts
        self.rng_state = torch.get_rng_state() if preserve_rng_state else None
        self.device_states = get_device_states(*args) if preserve_rng_state else ([], [])

    def run(self, args):
        with self.first_context, torch.no_grad():
            return self.function(*args, **self.kwargs)

    def run_again(self, args):
        if self.rng_state is None:
            with self.second_context, torch.enable_grad():
                return self.function(*args, **self.kwargs)
        with torch.random.fork_rng(devices=self.device_states[0]):
            torch.set_rng_state(self.rng_state)
            set_device_states(*self.device_states)
            with self.second_context, torch.enable_grad():
                return self.function(*args, **self.kwargs)


class CheckpointFunction(torch.autograd.Function):
    """Forward without a tape, backward by a second run. `anchor` needs a gradient even when no input does."""

    @staticmethod
    def forward(ctx, region, holder, anchor, *tensors):
        ctx.region = region
        ctx.holder = holder
        ctx.save_for_backward(*tensors)
        outputs = region.run(holder.arguments(tensors))
        leaves, holder.output_spec = _pytree.tree_flatten(outputs)
        holder.output_leaves = leaves
        found = tuple(leaf for leaf in leaves if isinstance(leaf, torch.Tensor))
        ctx.n_outputs = len(found)
        ctx.mark_non_differentiable(*(tensor for tensor in found if not tensor.is_floating_point()))
        return found

    @staticmethod
    def backward(ctx, *grads):
        inputs = detach_variable(tuple(ctx.saved_tensors))
        outputs = ctx.region.run_again(ctx.holder.arguments(inputs))
        leaves = [leaf for leaf in _pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor)]
        if len(leaves) != ctx.n_outputs:
            raise CheckpointError(
                f"torch.utils.checkpoint: the second run gave {len(leaves)} tensors, the first one {ctx.n_outputs}"
            )
        pairs = [(out, grad) for out, grad in zip(leaves, grads) if out.requires_grad and grad is not None]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        torch.autograd.backward([out for out, _ in pairs], [grad for _, grad in pairs])
        return (None, None, None, *(value.grad for value in inputs))


class _Arguments:
    """The arguments of a call with its tensors taken out, so that they can go through the tape."""

    def __init__(self, args):
        self.leaves, self.spec = _pytree.tree_flatten(args)
        self.positions = [i for i, leaf in enumerate(self.leaves) if isinstance(leaf, torch.Tensor)]
        self.output_spec = None
        self.output_leaves = None

    def tensors(self):
        return [self.leaves[i] for i in self.positions]

    def arguments(self, tensors):
        leaves = list(self.leaves)
        for position, tensor in zip(self.positions, tensors):
            leaves[position] = tensor
        return _pytree.tree_unflatten(leaves, self.spec)

    def outputs(self, tensors):
        found = iter(tensors)
        leaves = [next(found) if isinstance(leaf, torch.Tensor) else leaf for leaf in self.output_leaves]
        self.output_leaves = None
        return _pytree.tree_unflatten(leaves, self.output_spec)


def checkpoint(
    function, *args, use_reentrant=None, context_fn=noop_context_fn, determinism_check=_DEFAULT_DETERMINISM_MODE,
    debug=False, early_stop=True, **kwargs,
):
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch "
            "2.9, calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is "
            "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
            "Refer to docs for more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant and kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if use_reentrant and (context_fn is not noop_context_fn or debug is not False):
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
    if not torch.is_grad_enabled():
        return function(*args, **kwargs)
    if use_reentrant:
        check_backward_validity(args)
    arguments = _Arguments(args)
    region = _Region(function, kwargs, context_fn(), preserve, args)
    needs_gradient = not use_reentrant or any(tensor.requires_grad for tensor in arguments.tensors())
    anchor = torch.zeros((), requires_grad=needs_gradient)
    outputs = CheckpointFunction.apply(region, arguments, anchor, *arguments.tensors())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return arguments.outputs(outputs)


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Run modules in order, in `segments` parts of which all but the last are checkpointed."""
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions.children()) if isinstance(functions, torch.nn.Sequential) else list(functions)

    def part(start, end):
        def run(value):
            for function in functions[start:end]:
                value = function(value)
            return value

        return run

    size = len(functions) // segments
    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(
            part(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve
        )
    return part(end, len(functions))(input)
