"""The ops that torch.nn.functional stands on: a generated op where there is one of that name, else its composition."""

from ..._gen import nn_functional as _generated
from . import base as _base
from . import conv as _conv

_composed = {
    name: getattr(source, name)
    for source, names in (
        (_conv, """
            conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d unfold fold
        """),
        (_base, """
            relu6 glu prelu dropout embedding pad one_hot bilinear scaled_dot_product_attention
            max_pool1d max_pool2d max_pool2d_with_indices max_pool3d avg_pool3d
            adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
            nll_loss cross_entropy mse_loss binary_cross_entropy binary_cross_entropy_with_logits
        """),
    )
    for name in names.split()
}
globals().update(_composed)
globals().update({name: getattr(_generated, name) for name in _generated.__all__})

__all__ = sorted({*_composed, *_generated.__all__})
