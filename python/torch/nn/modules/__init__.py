"""All layers, gathered from one file per theme."""

from . import (
    activation,
    adaptive,
    batchnorm,
    channelshuffle,
    container,
    conv,
    distance,
    dropout,
    flatten,
    fold,
    instancenorm,
    lazy,
    linear,
    loss,
    module,
    normalization,
    padding,
    pixelshuffle,
    pooling,
    rnn,
    shape,
    sparse,
    transformer,
    upsampling,
    utils,
)
from .activation import *
from .adaptive import *
from .batchnorm import *
from .container import *
from .conv import *
from .dropout import *
from .instancenorm import *
from .linear import *
from .linear_cross_entropy_options import LinearCrossEntropyOptions
from .loss import *
from .module import Module
from .normalization import *
from .padding import *
from .pooling import *
from .rnn import *
from .shape import *
from .sparse import *
from .transformer import *

__all__ = sorted(
    {"Module", "LinearCrossEntropyOptions"}.union(
        *(
            theme.__all__
            for theme in (
                activation, adaptive, batchnorm, container, conv, dropout, instancenorm, linear, loss, normalization,
                padding, pooling, rnn, shape, sparse, transformer,
            )
        )
    )
)
