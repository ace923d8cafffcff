"""Streams and events of a GPU. Work goes to the current stream; memory that is freed goes back to the stream it was made
for, as in PyTorch."""

import _core
from torch import _device
from torch._C import _raise
from torch.cuda._guards import _need_gpu, device as _device_guard, index_of

# For each GPU the stream that work goes to; absent: the default one.
_current = {}


def _done(result):
    if result is not True and result is not False and result < 0:
        _raise()
    return result


class Stream:
    """A queue of its own on a GPU."""

    def __init__(self, device=None, priority=0, **unused):
        _need_gpu()
        self.device_index = index_of(device)
        self.priority = priority
        self.stream_id = _done(_core.cuda_new_stream(self.device_index, priority))

    @classmethod
    def _default(cls, index):
        made = object.__new__(cls)
        made.device_index, made.stream_id, made.priority = index, 0, 0
        return made

    @property
    def device(self):
        return _device.device("cuda", self.device_index)

    @property
    def cuda_stream(self):
        return self.stream_id

    def query(self):
        return bool(_done(_core.cuda_stream_done(self.device_index, self.stream_id)))

    def synchronize(self):
        _done(_core.cuda_stream_synchronize(self.device_index, self.stream_id))

    def is_capturing(self):
        return bool(_core.cuda_is_capturing(self.device_index)) and current_stream(self.device_index) == self

    def record_event(self, event=None):
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event):
        event.wait(self)

    def wait_stream(self, stream):
        self.wait_event(stream.record_event())

    def __eq__(self, other):
        return isinstance(other, Stream) and (self.device_index, self.stream_id) == (other.device_index, other.stream_id)

    def __hash__(self):
        return hash((self.device_index, self.stream_id))

    def __repr__(self):
        return f"<torch.cuda.Stream device=cuda:{self.device_index} cuda_stream={self.stream_id:#x}>"


def default_stream(device=None):
    _need_gpu()
    return Stream._default(index_of(device))


def current_stream(device=None):
    _need_gpu()
    index = index_of(device)
    return _current.get(index) or Stream._default(index)


def set_stream(stream):
    if stream is None:
        return
    _done(_core.cuda_use_stream(stream.device_index, stream.stream_id))
    _current[stream.device_index] = stream


class StreamContext:
    """with torch.cuda.stream(s): work goes to s."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        if self.stream is None:
            return
        self._guard = _device_guard(self.stream.device_index)
        self._guard.__enter__()
        self._before = current_stream(self.stream.device_index)
        set_stream(self.stream)

    def __exit__(self, *exc):
        if self.stream is None:
            return False
        set_stream(self._before)
        return self._guard.__exit__(*exc)


stream = StreamContext


class Event:
    """A mark in a stream: whether it was passed, and how much time lies between two."""

    def __init__(self, enable_timing=False, blocking=False, interprocess=False, external=False):
        if interprocess:
            raise NotImplementedError("events that processes share are not supported")
        self.enable_timing = enable_timing
        self._event = None
        self._index = -1

    def _made_on(self, index):
        if self._event is None:
            self._index = index
            self._event = _done(_core.cuda_new_event(index))
        elif self._index != index:
            raise RuntimeError(f"Event device cuda:{self._index} does not match recording stream's device cuda:{index}.")

    def record(self, stream=None):
        stream = current_stream() if stream is None else stream
        self._made_on(stream.device_index)
        _on(stream, _core.cuda_record_event, self._event)

    def wait(self, stream=None):
        if self._event is not None:
            _on(current_stream() if stream is None else stream, _core.cuda_wait_event, self._event)

    def query(self):
        return self._event is None or bool(_done(_core.cuda_event_done(self._index, self._event)))

    def synchronize(self):
        if self._event is not None:
            _done(_core.cuda_event_synchronize(self._index, self._event))

    def elapsed_time(self, end_event):
        for event in (self, end_event):
            if not event.enable_timing:
                raise ValueError("Both events must be created with argument 'enable_timing=True'.")
            if event._event is None:
                raise ValueError("Both events must be recorded before calculating elapsed time.")
        elapsed = _core.cuda_elapsed_ms(self._index, self._event, end_event._event)
        if elapsed < 0:
            raise RuntimeError("CUDA error: device not ready")
        return elapsed

    @property
    def device(self):
        return None if self._event is None else _device.device("cuda", self._index)

    @property
    def cuda_event(self):
        return self._event or 0

    def __del__(self):
        if self._event is not None:
            _core.cuda_free_event(self._index, self._event)

    def __repr__(self):
        return "<torch.cuda.Event uninitialized>" if self._event is None else f"<torch.cuda.Event {self._event:#x}>"


def record_tensor(tensor, stream):
    """Work on `stream` uses the tensor: its memory is not handed out again before that stream has passed the moment it is dropped."""
    _done(_core.cuda_record_stream(tensor.h, stream.stream_id))


def _on(stream, call, event):
    """Events are recorded and waited for on the current stream: make `stream` that one for the moment."""
    before = current_stream(stream.device_index)
    if before == stream:
        _done(call(stream.device_index, event))
        return
    set_stream(stream)
    _done(call(stream.device_index, event))
    set_stream(before)
