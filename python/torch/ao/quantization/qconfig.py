"""QConfig: which observer or fake quantizer a layer's activations and weights get, and PyTorch's usual choices."""

import collections
import warnings

import torch
from torch import nn
from torch.ao.quantization import fake_quantize as fake
from torch.ao.quantization import observer
from torch.ao.quantization.fake_quantize import FakeQuantize, FakeQuantizeBase, FusedMovingAvgObsFakeQuantize
from torch.ao.quantization.observer import (
    HistogramObserver, MinMaxObserver, MovingAverageMinMaxObserver, NoopObserver, PlaceholderObserver,
    ReuseInputObserver, _PartialWrapper,
)

_BACKENDS = ["fbgemm", "x86", "qnnpack", "onednn"]


class QConfig(collections.namedtuple("QConfig", ["activation", "weight"])):
    """Two classes or factories (with_args), never instances: each layer makes its own."""

    __slots__ = ()

    def __new__(cls, activation, weight):
        if isinstance(activation, nn.Module) or isinstance(weight, nn.Module):
            raise ValueError(
                "QConfig received observer instance, please pass observer class instead. "
                "Use MyObserver.with_args(x=1) to override arguments to constructor if needed"
            )
        return super().__new__(cls, activation, weight)


class QConfigDynamic(collections.namedtuple("QConfigDynamic", ["activation", "weight"])):
    """The old form for dynamic quantization."""

    __slots__ = ()

    def __new__(cls, activation=nn.Identity, weight=nn.Identity):
        warnings.warn(
            "`QConfigDynamic` is going to be deprecated in PyTorch 1.12, please use `QConfig` instead", FutureWarning,
            stacklevel=2,
        )
        if isinstance(weight, nn.Module):
            raise ValueError(
                "QConfigDynamic received observer instance, please pass observer class instead. "
                "Use MyObserver.with_args(x=1) to override arguments to constructor if needed"
            )
        return super().__new__(cls, activation, weight)


default_qconfig = QConfig(observer.default_observer, observer.default_weight_observer)
default_debug_qconfig = QConfig(observer.default_debug_observer, observer.default_weight_observer)
default_per_channel_qconfig = QConfig(observer.default_observer, observer.default_per_channel_weight_observer)
default_dynamic_qconfig = QConfig(observer.default_dynamic_quant_observer, observer.default_weight_observer)
per_channel_dynamic_qconfig = QConfig(
    observer.default_dynamic_quant_observer, observer.default_per_channel_weight_observer
)
float16_dynamic_qconfig = QConfig(
    PlaceholderObserver.with_args(dtype=torch.float16, is_dynamic=True),
    PlaceholderObserver.with_args(dtype=torch.float16),
)
float16_static_qconfig = QConfig(
    PlaceholderObserver.with_args(dtype=torch.float16), PlaceholderObserver.with_args(dtype=torch.float16)
)
float_qparams_weight_only_qconfig = QConfig(observer.default_placeholder_observer, observer.default_float_qparams_observer)
float_qparams_weight_only_qconfig_4bit = QConfig(
    observer.default_placeholder_observer, observer.default_float_qparams_observer_4bit
)
default_qat_qconfig = QConfig(fake.default_fake_quant, fake.default_weight_fake_quant)
default_dynamic_qat_qconfig = QConfig(fake.default_dynamic_fake_quant, fake.default_weight_fake_quant)
default_weight_only_qconfig = QConfig(nn.Identity, fake.default_weight_fake_quant)
default_activation_only_qconfig = QConfig(fake.default_fake_quant, nn.Identity)
default_qat_qconfig_v2 = QConfig(fake.default_fused_act_fake_quant, fake.default_fused_wt_fake_quant)
default_reuse_input_qconfig = QConfig(observer.default_reuse_input_observer, NoopObserver)

# Symmetric: signed activations as well, weights without -128, and scales large enough for XNNPACK's requantization.
_SYMMETRIC_ACTIVATION = HistogramObserver.with_args(dtype=torch.qint8, reduce_range=False, eps=2**-12)
_SYMMETRIC_FAKE_ACTIVATION = FusedMovingAvgObsFakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver, quant_min=-128, quant_max=127, dtype=torch.qint8, reduce_range=False,
    eps=2**-12,
)
default_symmetric_qnnpack_qconfig = QConfig(_SYMMETRIC_ACTIVATION, observer.weight_observer_range_neg_127_to_127)
default_per_channel_symmetric_qnnpack_qconfig = QConfig(
    _SYMMETRIC_ACTIVATION, observer.per_channel_weight_observer_range_neg_127_to_127
)
default_symmetric_qnnpack_qat_qconfig = QConfig(_SYMMETRIC_FAKE_ACTIVATION, fake.fused_wt_fake_quant_range_neg_127_to_127)
default_per_channel_symmetric_qnnpack_qat_qconfig = QConfig(
    _SYMMETRIC_FAKE_ACTIVATION, fake.fused_per_channel_wt_fake_quant_range_neg_127_to_127
)
default_embedding_qat_qconfig = QConfig(NoopObserver.with_args(dtype=torch.float32), fake.default_embedding_fake_quant)
default_embedding_qat_qconfig_4bit = QConfig(
    NoopObserver.with_args(dtype=torch.float32), fake.default_embedding_fake_quant_4bit
)
default_quint8_weight_qconfig = QConfig(HistogramObserver, MinMaxObserver)
_default_fp32_placeholder_qconfig = QConfig(
    PlaceholderObserver.with_args(dtype=torch.float32), PlaceholderObserver.with_args(dtype=torch.float32)
)
_default_quint8_placeholder_qconfig = QConfig(PlaceholderObserver.with_args(dtype=torch.quint8), None)


def _check_backend(backend):
    if backend not in _BACKENDS:
        raise AssertionError(f"backend: {backend} not supported. backend must be one of {_BACKENDS}")


def get_default_qconfig(backend="x86", version=0):
    """For quantization after training."""
    _check_backend(backend)
    if version != 0:
        raise AssertionError(
            f"Version number: {version} in get_default_qconfig is not supported. Version number must be 0"
        )
    is_reduced = backend in ("fbgemm", "x86")
    weight = observer.default_weight_observer if backend == "qnnpack" else observer.default_per_channel_weight_observer
    return QConfig(HistogramObserver.with_args(reduce_range=is_reduced), weight)


def get_default_qat_qconfig(backend="x86", version=1):
    """For training that sees the rounding; version 1 observes and rounds in one call."""
    _check_backend(backend)
    if version not in (0, 1):
        raise AssertionError(
            f"Version number: {version}in get_default_qat_qconfig is not supported. Version number must be 0 or 1"
        )
    options = {"observer": MovingAverageMinMaxObserver, "quant_min": 0, "quant_max": 255}
    if backend != "onednn":
        options["reduce_range"] = backend != "qnnpack"
    if version == 0:
        weight = fake.default_weight_fake_quant if backend == "qnnpack" else fake.default_per_channel_weight_fake_quant
        return QConfig(FakeQuantize.with_args(**options), weight)
    weight = fake.default_fused_wt_fake_quant if backend == "qnnpack" else fake.default_fused_per_channel_wt_fake_quant
    return QConfig(FusedMovingAvgObsFakeQuantize.with_args(**options), weight)


def get_default_qconfig_dict(backend="x86", version=0):
    from torch.ao.quantization.qconfig_mapping import get_default_qconfig_mapping

    return get_default_qconfig_mapping(backend, version).to_dict()


def get_default_qat_qconfig_dict(backend="x86", version=1):
    from torch.ao.quantization.qconfig_mapping import get_default_qat_qconfig_mapping

    return get_default_qat_qconfig_mapping(backend, version).to_dict()


def _assert_valid_qconfig(qconfig, mod):
    """Transposed convolutions share a weight's channels among outputs: one scale per channel is not possible."""
    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    if qconfig is None or qconfig.weight is None or not isinstance(mod, transposed):
        return
    per_channel = (observer.PerChannelMinMaxObserver, observer.MovingAveragePerChannelMinMaxObserver)
    if isinstance(qconfig.weight(), per_channel):
        raise AssertionError("Per channel weight observer is not supported yet for ConvTranspose{n}d.")


def _add_module_to_qconfig_obs_ctr(qconfig, module):
    """The qconfig, whose observers will be made on the device where the module lies by then."""
    if module is None or qconfig is None or qconfig._fields != ("activation", "weight"):
        return qconfig

    def options():
        device = next((t.device for t in [*module.parameters(), *module.buffers()]), None)
        return None if device is None else {"device": device}

    def placed(make):
        try:
            make.with_args(factory_kwargs=None)()
        except (AttributeError, TypeError):
            # Not one of ours, or one that has no tensors.
            return make
        return make.with_callable_args(factory_kwargs=options)

    return QConfig(placed(qconfig.activation), placed(qconfig.weight))


# Comparing


def _obs_or_fq_ctr_equals(one, other):
    if isinstance(one, _PartialWrapper) and isinstance(other, _PartialWrapper):
        return _partial_wrapper_equals(one, other)
    return one == other


def _partial_wrapper_equals(one, other):
    first, second = dict(one.p.keywords), dict(other.p.keywords)
    if "observer" in first and "observer" in second:
        if not _obs_or_fq_ctr_equals(first.pop("observer"), second.pop("observer")):
            return False
    return one.p.func == other.p.func and one.p.args == other.p.args and first == second


def qconfig_equals(q1, q2):
    """Whether both make the same observers."""
    if q1 is None or q2 is None:
        return q1 == q2
    try:
        return _obs_or_fq_ctr_equals(q1.activation, q2.activation) and _obs_or_fq_ctr_equals(q1.weight, q2.weight)
    except AttributeError:
        return q1 == q2


def _activation_is_memoryless(qconfig):
    """Whether ranges are taken anew from each input: then the input is observed, not the output."""
    made = qconfig.activation()
    if isinstance(made, FakeQuantizeBase) and hasattr(made, "activation_post_process"):
        made = made.activation_post_process
    return getattr(made, "averaging_constant", None) == 1


def _is_reuse_input_qconfig(qconfig):
    return (
        qconfig is not None
        and isinstance(qconfig.activation(), ReuseInputObserver)
        and isinstance(qconfig.weight(), NoopObserver)
    )


QConfigAny = QConfig | None
