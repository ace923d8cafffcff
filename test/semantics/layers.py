"""Gradients of activations, norms, losses, convolutions and pools, and the gradients of those where there are any."""

import torch
import torch.nn.functional as F
from show import gradients, ramp

t = torch.tensor
x, y, v = ramp(2, 3), ramp(2, 3, seed=1), ramp(3, seed=2)
batch = ramp(2, 3, 4)

activations = """
relu6 elu selu celu gelu silu mish softplus logsigmoid leaky_relu hardtanh hardsigmoid hardswish
hardshrink softshrink tanhshrink softsign threshold glu softmin log_softmax rrelu
""".split()
for name in activations:
    arguments = {"threshold": (0.1, 2.0), "softmin": (1,), "log_softmax": (1,), "glu": (-1,)}.get(name, ())
    gradients(
        name, lambda a: getattr(F, name)(a, *arguments), x if name != "glu" else ramp(2, 4), twice=name != "hardsigmoid"
    )
gradients("gelu tanh", lambda a: F.gelu(a, approximate="tanh"), x)
gradients("prelu", F.prelu, x, t([0.2]).double())
gradients("layer_norm", lambda a, w, b: F.layer_norm(a, (3,), w, b), x, v, v + 1)
gradients("group_norm", lambda a, w: F.group_norm(a, 1, w), batch, v, twice=False)
gradients("batch_norm", lambda a, w, b: F.batch_norm(a, None, None, w, b, training=True), batch, v, v, twice=False)
gradients("rms_norm", lambda a, w: F.rms_norm(a, (3,), w), x, v)
gradients("normalize", lambda a: F.normalize(a, dim=1), x)
gradients("cosine", lambda a, b: F.cosine_similarity(a, b, 1), x, y)
losses = {
    "mse": lambda a: F.mse_loss(a, y),
    "l1": lambda a: F.l1_loss(a, y),
    "smooth_l1": lambda a: F.smooth_l1_loss(a, y + 0.1),
    "huber": lambda a: F.huber_loss(a, y + 0.1),
    "cross_entropy": lambda a: F.cross_entropy(a, t([0, 2])),
    "cross_entropy soft": lambda a: F.cross_entropy(a, y.softmax(1), label_smoothing=0.1),
    "nll": lambda a: F.nll_loss(a.log_softmax(1), t([1, 0])),
    "bce": lambda a: F.binary_cross_entropy(a.sigmoid(), y.sigmoid()),
    "bce logits": lambda a: F.binary_cross_entropy_with_logits(a, y.sigmoid()),
    "kl": lambda a: F.kl_div(a.log_softmax(1), y.softmax(1), reduction="batchmean"),
    "hinge": lambda a: F.hinge_embedding_loss(a, y.sign()),
    "triplet": lambda a: F.triplet_margin_loss(a, y, y.flip(0)),
}
for name, f in losses.items():
    gradients(name, f, x)
for name, f in {
    "conv1d": lambda a, w: F.conv1d(a, w, padding=1),
    "conv1d stride": lambda a, w: F.conv1d(a, w, stride=2),
    "conv_transpose1d": lambda a, w: F.conv_transpose1d(a, w.transpose(0, 1), stride=2),
}.items():
    gradients(name, f, ramp(1, 2, 5), ramp(3, 2, 3), twice=False)
gradients(
    "conv2d", lambda a, w, b: F.conv2d(a, w, b, padding=1), ramp(1, 2, 3, 3), ramp(2, 2, 2, 2), ramp(2), twice=False
)
for name in ("max_pool1d", "avg_pool1d"):
    gradients(name, lambda a: getattr(F, name)(a, 2), ramp(1, 2, 4), twice=False)
gradients("pad", lambda a: F.pad(a, (1, 1)) + F.pad(a, (2, 0), value=3), x)
gradients("interpolate", lambda a: F.interpolate(a, scale_factor=2), ramp(1, 2, 3), twice=False)
gradients(
    "attention",
    lambda q, k, w: F.scaled_dot_product_attention(q, k, w, is_causal=True),
    ramp(1, 3, 2),
    ramp(1, 3, 2, seed=3),
    ramp(1, 3, 2, seed=5),
    twice=False,
)
