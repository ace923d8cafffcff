"""tqdm for those who have none: a progress line on standard error, rewritten in a terminal and printed now and then elsewhere. An
environment's own tqdm comes first."""

import sys
import time

__version__ = "4.70.1"


class TqdmTypeError(TypeError):
    pass


class TqdmKeyError(KeyError):
    pass


class TqdmWarning(Warning):
    pass


class TqdmExperimentalWarning(TqdmWarning):
    pass


_open_bars = []


class tqdm:
    """An iterator that shows how far it is."""

    monitor_interval = 0

    def __init__(self, iterable=None, desc=None, total=None, leave=True, file=None, ncols=None, mininterval=0.1, maxinterval=10.0,
                 miniters=None, ascii=None, disable=False, unit="it", unit_scale=False, dynamic_ncols=False, smoothing=0.3,
                 bar_format=None, initial=0, position=None, postfix=None, unit_divisor=1000, write_bytes=False, lock_args=None,
                 nrows=None, colour=None, delay=0.0, gui=False, **kwargs):
        if total is None and iterable is not None:
            try:
                total = len(iterable)
            except (TypeError, AttributeError):
                total = None
        self.iterable, self.desc, self.total, self.leave = iterable, desc or "", total, leave
        self.fp = file or sys.stderr
        self.disable = not self.fp.isatty() if disable is None and hasattr(self.fp, "isatty") else bool(disable)
        self.ncols, self.mininterval, self.unit, self.unit_scale = ncols or 80, mininterval, unit, unit_scale
        self.unit_divisor, self.bar_format, self.delay = unit_divisor, bar_format, delay
        self.n = self.initial = initial
        self.postfix = ""
        self.start_t = self.last_print_t = time.time()
        self.last_print_n = initial
        self._is_terminal = hasattr(self.fp, "isatty") and self.fp.isatty()
        self._shown = 0
        self._is_closed = False
        # A file or a panel keeps every line: there they come seldom.
        self._pause = mininterval if self._is_terminal else max(mininterval, 2.0)
        if postfix:
            self.set_postfix(**postfix) if isinstance(postfix, dict) else self.set_postfix_str(postfix)
        if not self.disable:
            _open_bars.append(self)
            if self._is_terminal and not delay:
                self.refresh()

    def __len__(self):
        return self.total if self.iterable is None else len(self.iterable)

    def __bool__(self):
        return self.total is None or self.total > 0

    def __contains__(self, item):
        return item in self.iterable

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __iter__(self):
        if self.disable:
            yield from self.iterable
            return
        try:
            for item in self.iterable:
                yield item
                self.update()
        finally:
            self.close()

    def update(self, n=1):
        if self.disable:
            return None
        self.n += n
        now = time.time()
        if now - self.last_print_t >= self._pause:
            self.refresh()
            return True
        return None

    def close(self):
        if self.disable or self._is_closed:
            return
        self._is_closed = True
        if self in _open_bars:
            _open_bars.remove(self)
        if self.leave:
            self.refresh()
            if self._is_terminal:
                self.fp.write("\n")
        elif self._is_terminal:
            self.clear()
        self.fp.flush()

    def clear(self, nolock=False):
        if not self.disable and self._is_terminal:
            self.fp.write("\r" + " " * self._shown + "\r")

    def refresh(self, nolock=False, lock_args=None):
        if self.disable:
            return
        text = str(self)
        if self._is_terminal:
            self.fp.write("\r" + text + " " * max(self._shown - len(text), 0))
        else:
            self.fp.write(text + "\n")
        self._shown = len(text)
        self.fp.flush()
        self.last_print_t, self.last_print_n = time.time(), self.n

    display = refresh

    def unpause(self):
        self.last_print_t = time.time()

    def reset(self, total=None):
        self.n = self.initial
        if total is not None:
            self.total = total
        self.start_t = self.last_print_t = time.time()

    def set_description(self, desc=None, refresh=True):
        self.desc = f"{desc}: " if desc else ""
        if refresh and self._is_terminal:
            self.refresh()

    def set_description_str(self, desc=None, refresh=True):
        self.desc = desc or ""
        if refresh and self._is_terminal:
            self.refresh()

    def set_postfix(self, ordered_dict=None, refresh=True, **kwargs):
        values = {**(ordered_dict or {}), **dict(sorted(kwargs.items()))}
        parts = []
        for name, value in values.items():
            if isinstance(value, (int, float)):
                value = self.format_num(value)
            elif not isinstance(value, str):
                value = str(value)
            parts.append(f"{name}={value.strip()}")
        self.set_postfix_str(", ".join(parts), refresh)

    def set_postfix_str(self, s="", refresh=True):
        self.postfix = str(s)
        if refresh and self._is_terminal:
            self.refresh()

    @property
    def format_dict(self):
        return {"n": self.n, "total": self.total, "elapsed": time.time() - self.start_t, "prefix": self.desc, "unit": self.unit,
                "postfix": self.postfix, "rate": None, "initial": self.initial, "unit_scale": self.unit_scale,
                "unit_divisor": self.unit_divisor, "ncols": self.ncols, "bar_format": self.bar_format}

    def __str__(self):
        elapsed = time.time() - self.start_t
        return self.format_meter(self.n, self.total, elapsed, self.ncols, self.desc, unit=self.unit, unit_scale=self.unit_scale,
                                 postfix=self.postfix, unit_divisor=self.unit_divisor, initial=self.initial)

    __repr__ = __str__

    def __hash__(self):
        return id(self)

    @staticmethod
    def format_sizeof(num, suffix="", divisor=1000):
        for unit in ("", "k", "M", "G", "T", "P", "E", "Z"):
            if abs(num) < 999.5:
                if abs(num) < 99.95:
                    return f"{num:1.2f}{unit}{suffix}" if abs(num) < 9.995 else f"{num:2.1f}{unit}{suffix}"
                return f"{num:3.0f}{unit}{suffix}"
            num /= divisor
        return f"{num:3.1f}Y{suffix}"

    @staticmethod
    def format_interval(t):
        minutes, seconds = divmod(int(t), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:d}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"

    @staticmethod
    def format_num(n):
        short = f"{n:.3g}".replace("e+0", "e+").replace("e-0", "e-")
        return short if len(short) < len(str(n)) else str(n)

    @classmethod
    def format_meter(cls, n, total, elapsed, ncols=None, prefix="", ascii=False, unit="it", unit_scale=False, rate=None,
                     bar_format=None, postfix=None, unit_divisor=1000, initial=0, colour=None, **extra):
        rate = rate if rate is not None else (n - initial) / elapsed if elapsed else None
        inverse = 1 / rate if rate else None
        shown_rate = "?" if not rate else f"{rate:5.2f}"
        speed = f"{inverse:5.2f}s/{unit}" if inverse and inverse > 1 else f"{shown_rate}{unit}/s"
        if unit_scale:
            scale = 1 if unit_scale is True else unit_scale
            shown_n = cls.format_sizeof(n * scale, divisor=unit_divisor)
            shown_total = "?" if total is None else cls.format_sizeof(total * scale, divisor=unit_divisor)
            speed = f"{cls.format_sizeof(rate * scale, divisor=unit_divisor)}{unit}/s" if rate else f"?{unit}/s"
        else:
            shown_n, shown_total = str(n), "?" if total is None else str(total)
        prefix = f"{prefix}: " if prefix and not prefix.endswith(": ") else prefix
        spent = cls.format_interval(elapsed)
        rest = f", {postfix}" if postfix else ""
        if not total:
            return f"{prefix}{shown_n}{unit} [{spent}, {speed}{rest}]"
        left = cls.format_interval((total - n) / rate) if rate else "?"
        share = n / total
        head, tail = f"{prefix}{share * 100:3.0f}%|", f"| {shown_n}/{shown_total} [{spent}<{left}, {speed}{rest}]"
        columns = 80 if ncols is None else ncols
        width = max(columns - len(head) - len(tail), 1) if columns else 10
        parts = " 123456789#" if ascii else " ▏▎▍▌▋▊▉█"
        steps = len(parts) - 1
        whole, rest_of = divmod(int(min(share, 1.0) * width * steps), steps)
        bar = parts[-1] * whole
        if whole < width:
            bar += parts[rest_of] + " " * (width - whole - 1)
        text = f"{head}{bar}{tail}"
        return text[:columns] if columns else text

    @classmethod
    def write(cls, s, file=None, end="\n", nolock=False):
        target = file or sys.stdout
        for bar in _open_bars:
            bar.clear()
        target.write(s + end)
        for bar in _open_bars:
            if bar._is_terminal:
                bar.refresh()

    @classmethod
    def pandas(cls, *args, **kwargs):
        raise NotImplementedError("tqdm.pandas is not available: there is no pandas here")

    @classmethod
    def set_lock(cls, lock):
        return None

    @classmethod
    def get_lock(cls):
        import threading

        return threading.RLock()


def trange(*args, **kwargs):
    return tqdm(range(*args), **kwargs)
