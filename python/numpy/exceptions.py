"""numpy.exceptions."""

from numpy._reduce import AxisError


class VisibleDeprecationWarning(UserWarning):
    pass


class ComplexWarning(RuntimeWarning):
    pass


class RankWarning(RuntimeWarning):
    pass


class TooHardError(RuntimeError):
    pass


class DTypePromotionError(TypeError):
    pass
