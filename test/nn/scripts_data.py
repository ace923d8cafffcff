"""Snippets about datasets and loaders: each gets torch and the package under test, and returns what it saw."""


class _Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return {"x": i * i, "y": (float(i), [str(i)])}


def data_orders(torch, p):
    data = p.utils.data
    seen = []
    rows = data.TensorDataset(torch.arange(23), torch.randn(23, 2))
    for options in (
        {"batch_size": 4},
        {"batch_size": 4, "shuffle": True},
        {"batch_size": 5, "shuffle": True, "drop_last": True},
        {"batch_size": None, "shuffle": True},
        {"batch_size": 4, "shuffle": True, "generator": torch.Generator().manual_seed(4)},
        {"batch_size": 4, "sampler": data.RandomSampler(rows, replacement=True, num_samples=70)},
        {"batch_size": 4, "sampler": data.RandomSampler(rows, num_samples=50)},
        {"batch_size": 4, "sampler": data.WeightedRandomSampler(range(23), 9)},
        {"batch_size": 4, "sampler": data.WeightedRandomSampler(range(1, 24), 9, False)},
        {"sampler": data.SubsetRandomSampler([3, 5, 7])},
        {"batch_sampler": data.BatchSampler(data.SequentialSampler(rows), 6, True)},
        {"batch_size": 3, "sampler": data.DistributedSampler(rows, 3, 1)},
        {"batch_size": 4, "shuffle": True, "num_workers": 2},
    ):
        loader = data.DataLoader(rows, **options)
        for _ in range(2):
            seen.append([batch for batch in loader])
            seen.append(torch.rand(2))
        seen.append(len(loader))
    return seen


def data_sets(torch, p):
    data = p.utils.data
    a, b = data.TensorDataset(torch.arange(5)), data.TensorDataset(torch.arange(10, 17))
    both = data.ConcatDataset([a, b])
    seen = [len(both), both[-1], both[6], both.cumulative_sizes, len(a + b)]
    seen.append([list(part.indices) for part in data.random_split(both, [5, 7])])
    seen.append(
        [list(part.indices) for part in data.random_split(both, [0.5, 0.3, 0.2], torch.Generator().manual_seed(1))]
    )
    seen.append(data.StackDataset(a, data.Subset(b, [1, 3, 5, 6, 0]))[2])
    seen.append(data.StackDataset(u=a, v=a).__getitems__([1, 2]))
    seen.append(list(data.DataLoader(_Squares(5), batch_size=2)))
    seen.append(list(data.DataLoader(_Squares(3), batch_size=None)))
    seen.append(list(data.DataLoader(data.Subset(_Squares(9), [3, 4, 8]), batch_size=2, collate_fn=lambda b: b)))
    return seen


def data_streams(torch, p):
    data = p.utils.data

    class Stream(data.IterableDataset):
        def __init__(self, n):
            self.n = n

        def __iter__(self):
            info = data.get_worker_info()
            step = 1 if info is None else info.num_workers
            return iter(range(0 if info is None else info.id, self.n, step))

        def __len__(self):
            return self.n

    seen = []
    for options in (
        {"batch_size": 3},
        {"batch_size": 3, "drop_last": True},
        {"batch_size": None},
        {"batch_size": 3, "num_workers": 3},
    ):
        loader = data.DataLoader(Stream(20), **options)
        seen.append(list(loader))
        seen.append(len(loader))
    seen.append(list(data.DataLoader(Stream(3) + Stream(2), batch_size=2)))
    return seen


def data_errors(torch, p):
    data = p.utils.data
    rows = data.TensorDataset(torch.arange(5))
    seen = []
    for bad in (
        lambda: data.TensorDataset(torch.ones(2), torch.ones(3)),
        lambda: data.ConcatDataset([]),
        lambda: data.DataLoader(rows, batch_size=0),
        lambda: data.DataLoader(rows, num_workers=-1),
        lambda: data.DataLoader(rows, shuffle=True, sampler=data.SequentialSampler(rows)),
        lambda: data.DataLoader(rows, batch_size=None, drop_last=True),
        lambda: data.DataLoader(rows, prefetch_factor=2),
        lambda: data.DataLoader(rows, batch_size=3, batch_sampler=[[1]]),
        lambda: data.random_split(rows, [1, 2]),
        lambda: setattr(data.DataLoader(rows), "batch_size", 3),
        lambda: data.RandomSampler(data.TensorDataset(torch.ones(0))),
        lambda: data.default_collate([object()]),
        lambda: data.default_collate([[1, 2], [1]]),
        lambda: data.Dataset()[0],
        lambda: list(data.DataLoader(rows, collate_fn=lambda b: 1 / 0)),
        lambda: data.RandomSampler(rows, replacement=1),
        lambda: data.default_collate([torch.ones(2), torch.ones(3)]),
    ):
        try:
            bad()
            seen.append("no error")
        except Exception as error:
            seen.append(f"{type(error).__name__}: {error}")
    return seen
