"""Anomaly mode: an error of backward is reported with the forward line that it belongs to, and a NaN is an error."""

import warnings

import _core

_is_on = False
_checks_nan = True


def is_anomaly_enabled():
    return _is_on


def is_anomaly_check_nan_enabled():
    return _checks_nan


def set_anomaly_enabled(mode, check_nan=True):
    global _is_on, _checks_nan
    _is_on, _checks_nan = bool(mode), bool(check_nan)
    _core.set_anomaly(_is_on, _checks_nan)


class set_detect_anomaly:
    """Takes effect at once, and is undone on exit when used with `with`."""

    def __init__(self, mode, check_nan=True):
        self._before = (_is_on, _checks_nan)
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        set_anomaly_enabled(*self._before)


class detect_anomaly:
    """Switched on inside `with`."""

    def __init__(self, check_nan=True):
        self._before = (_is_on, _checks_nan)
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self):
        self._before = (_is_on, _checks_nan)
        set_anomaly_enabled(True, self.check_nan)

    def __exit__(self, *exc):
        set_anomaly_enabled(*self._before)
