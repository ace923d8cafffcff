"""DataLoader: batches from a dataset. Workers are simulated in this process: same order, same seeds, no parallelism."""

import itertools
import random
import warnings
from dataclasses import dataclass

import torch

from ._pin import pin
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "get_worker_info", "default_collate", "default_convert"]

_worker_info = None


@dataclass
class WorkerInfo:
    """What get_worker_info tells a dataset: which of how many workers it runs in."""

    id: int
    num_workers: int
    seed: int
    dataset: object

    def __repr__(self):
        return f"WorkerInfo(id={self.id}, num_workers={self.num_workers}, seed={self.seed}, dataset={self.dataset!r})"


def get_worker_info():
    return _worker_info


class _DatasetKind:
    Map = 0
    Iterable = 1


class _InfiniteConstantSampler(Sampler):
    """A stream has no indices: the sampler only says when to read."""

    def __iter__(self):
        while True:
            yield None


class DataLoader:
    multiprocessing_context = None
    _DataLoader__initialized = False
    _iterator = None

    def __class_getitem__(cls, item):
        return cls

    def __init__(
        self, dataset, batch_size=1, shuffle=None, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None,
        pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None, multiprocessing_context=None,
        generator=None, *, prefetch_factor=None, persistent_workers=False, pin_memory_device="", in_order=True,
    ):
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."
            )
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing."
                "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
            )
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self._dataset_kind = _DatasetKind.Iterable if isinstance(dataset, IterableDataset) else _DatasetKind.Map
        shuffle = self._check_shuffle(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
            drop_last = False
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
            )
        if sampler is None:
            if self._dataset_kind == _DatasetKind.Iterable:
                sampler = _InfiniteConstantSampler()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_collate if self._auto_collation else default_convert
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self._IterableDataset_len_called = None
        self._DataLoader__initialized = True

    def _check_shuffle(self, shuffle, sampler, batch_sampler):
        if self._dataset_kind == _DatasetKind.Map:
            return bool(shuffle)
        if shuffle not in (False, None):
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
            )
        if sampler is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified sampler option, but got sampler={sampler}"
            )
        if batch_sampler is not None:
            raise ValueError(
                "DataLoader with IterableDataset: expected unspecified batch_sampler option, but got "
                f"batch_sampler={batch_sampler}"
            )
        return False

    def __setattr__(self, attr, val):
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
        if self._DataLoader__initialized and attr in fixed:
            raise ValueError(f"{attr} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(attr, val)

    @property
    def _auto_collation(self):
        return self.batch_sampler is not None

    @property
    def _index_sampler(self):
        return self.batch_sampler if self._auto_collation else self.sampler

    def _get_iterator(self):
        if self.num_workers == 0:
            return _SingleProcessDataLoaderIter(self)
        return _MultiProcessingDataLoaderIter(self)

    def __iter__(self):
        return self._get_iterator()

    def __len__(self):
        if self._dataset_kind == _DatasetKind.Map:
            return len(self._index_sampler)
        length = self._IterableDataset_len_called = len(self.dataset)
        if self.batch_size is not None:
            full, rest = divmod(length, self.batch_size)
            length = full if self.drop_last or rest == 0 else full + 1
        return length

    def check_worker_number_rationality(self):
        """PyTorch compares with the number of processors here; workers cost no processor in this runtime."""


class _Fetcher:
    """Reads one batch (or one sample) of a dataset and collates it."""

    def __init__(self, loader, dataset):
        self.dataset = dataset
        self.is_stream = loader._dataset_kind == _DatasetKind.Iterable
        self.auto_collation = loader._auto_collation
        self.collate_fn = loader.collate_fn
        self.drop_last = loader.drop_last
        self.stream = iter(dataset) if self.is_stream else None
        self.ended = False

    def fetch(self, index):
        if self.is_stream:
            return self._next_of_stream(index)
        if not self.auto_collation:
            return self.collate_fn(self.dataset[index])
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.collate_fn(self.dataset.__getitems__(index))
        return self.collate_fn([self.dataset[i] for i in index])

    def _next_of_stream(self, index):
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self.collate_fn(next(self.stream))
        samples = list(itertools.islice(self.stream, len(index)))
        if len(samples) < len(index):
            self.ended = True
            if not samples or self.drop_last:
                raise StopIteration
        return self.collate_fn(samples)


class _BaseDataLoaderIter:
    def __init__(self, loader):
        self._loader = loader
        self._dataset = loader.dataset
        self._dataset_kind = loader._dataset_kind
        self._num_workers = loader.num_workers
        self._pin_memory = loader.pin_memory and torch.cuda.is_available()
        self._index_sampler = loader._index_sampler
        self._sampler_iter = iter(self._index_sampler)
        # PyTorch draws this seed for every pass, workers or not: without it the random stream would differ.
        self._base_seed = torch.empty((), dtype=torch.int64).random_(generator=loader.generator).item()
        self._num_yielded = 0

    def __iter__(self):
        return self

    def _next_index(self):
        return next(self._sampler_iter)

    def _next_data(self):
        raise NotImplementedError

    def __next__(self):
        data = self._next_data()
        self._num_yielded += 1
        expected = self._loader._IterableDataset_len_called
        if self._dataset_kind == _DatasetKind.Iterable and expected is not None and self._num_yielded > expected:
            warnings.warn(
                f"Length of IterableDataset {self._dataset} was reported to be {expected}(when accessing "
                f"len(dataloader)), but {self._num_yielded} samples have been fetched. ",
                stacklevel=2,
            )
        return pin(data) if self._pin_memory else data

    def __len__(self):
        return len(self._index_sampler)

    def __getstate__(self):
        raise NotImplementedError("{} cannot be pickled", type(self).__name__)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    def __init__(self, loader):
        super().__init__(loader)
        self._fetcher = _Fetcher(loader, self._dataset)

    def _next_data(self):
        return self._fetcher.fetch(self._next_index())


class _Worker:
    """One simulated worker: its own fetcher, random state and WorkerInfo, put in place while it reads."""

    def __init__(self, loader, worker_id, base_seed):
        seed = base_seed + worker_id
        self.info = WorkerInfo(worker_id, loader.num_workers, seed, loader.dataset)
        random_state = random.Random(seed).getstate()
        generator = torch.Generator()
        generator.manual_seed(seed)
        self.states = (random_state, generator.get_state())
        self.fetcher = None
        self.loader = loader

    def run(self, function):
        global _worker_info
        outside = (random.getstate(), torch.get_rng_state(), _worker_info)
        random.setstate(self.states[0])
        torch.set_rng_state(self.states[1])
        _worker_info = self.info
        try:
            if self.fetcher is None:
                if self.loader.worker_init_fn is not None:
                    self.loader.worker_init_fn(self.info.id)
                self.fetcher = _Fetcher(self.loader, self.info.dataset)
            return function(self.fetcher)
        finally:
            self.states = (random.getstate(), torch.get_rng_state())
            random.setstate(outside[0])
            torch.set_rng_state(outside[1])
            _worker_info = outside[2]


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Batches go to the workers in turn; a worker whose stream has ended is passed over."""

    def __init__(self, loader):
        super().__init__(loader)
        self._workers = [_Worker(loader, i, self._base_seed) for i in range(loader.num_workers)]
        self._turn = 0

    def _next_data(self):
        while self._workers:
            index = self._next_index()
            worker = self._workers[self._turn % len(self._workers)]
            try:
                data = worker.run(lambda fetcher: fetcher.fetch(index))
            except StopIteration:
                at = self._workers.index(worker)
                self._workers.remove(worker)
                self._turn = at % len(self._workers) if self._workers else 0
                continue
            self._turn = (self._workers.index(worker) + 1) % len(self._workers)
            return data
        raise StopIteration
