"""Snippets for compare_nn.py: each gets torch (for tensors) and the package under test, and returns what it saw."""

import copy
import warnings


def _model(p):
    nn = p.nn
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))


def _train(torch, p, make, n_steps=12, wants_closure=False, model=None):
    """Losses and weights of a short training, through a save and load of the optimizer's state in the middle."""
    model = _model(p) if model is None else model
    optimizer = make(p.optim, model)
    x, y = torch.randn(8, 4), torch.randn(8, 2)
    seen = []

    def closure():
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        return loss

    for step in range(n_steps):
        if wants_closure:
            seen.append(float(optimizer.step(closure)))
        else:
            seen.append(float(closure()))
            if step == 3:
                model[0].bias.grad = None
            optimizer.step()
        if step == n_steps // 2:
            state = copy.deepcopy(optimizer.state_dict())
            seen.append(str(state["param_groups"]))
            optimizer = make(p.optim, model)
            optimizer.load_state_dict(state)
    final = optimizer.state_dict()["state"]
    seen.append([list(final[k]) for k in final])
    return seen, [w.detach() for w in model.parameters()], [
        value for k in final for value in final[k].values() if isinstance(value, torch.Tensor)
    ]


def _optimizer_script(name, **options):
    def script(torch, p):
        wants_closure = name == "LBFGS"
        return _train(torch, p, lambda optim, m: getattr(optim, name)(m.parameters(), **options), wants_closure=wants_closure)

    script.__name__ = f"optim_{name}_{options}"
    script.__module__ = __name__
    script.tolerance = 1e-5
    return script


for _i, (_name, _options) in enumerate([
    ("SGD", {}), ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}), ("SGD", {"momentum": 0.9, "dampening": 0.2, "maximize": True}),
    ("Adam", {}), ("Adam", {"amsgrad": True, "weight_decay": 0.1}), ("Adam", {"maximize": True}),
    ("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.1}), ("AdamW", {"lr": 0.01}),
    ("AdamW", {"amsgrad": True, "betas": (0.8, 0.95)}),
    ("Adadelta", {}), ("Adadelta", {"weight_decay": 0.1, "maximize": True}),
    ("Adagrad", {}), ("Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("Adamax", {}), ("Adamax", {"weight_decay": 0.1}), ("ASGD", {}), ("ASGD", {"t0": 2, "lambd": 0.1}),
    ("NAdam", {}), ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.01}), ("RAdam", {"weight_decay": 0.1, "betas": (0.9, 0.99)}),
    ("RMSprop", {}), ("RMSprop", {"centered": True, "momentum": 0.9}), ("Rprop", {}), ("Rprop", {"lr": 0.1}),
    ("LBFGS", {"lr": 0.1}), ("LBFGS", {"line_search_fn": "strong_wolfe", "history_size": 5}),
    ("Adafactor", {}), ("Adafactor", {"weight_decay": 0.1}),
]):
    globals()[f"optimizer_{_i}"] = _optimizer_script(_name, **_options)


def optim_Muon(torch, p):
    def make(optim, model):
        return optim.Muon([w for w in model.parameters() if w.dim() == 2], lr=0.02, momentum=0.8)

    return _train(torch, p, make)


optim_Muon.tolerance = 2e-2  # bfloat16 inside: the last bit of one step grows over twelve


def optim_groups_and_names(torch, p):
    model = _model(p)
    optimizer = p.optim.SGD(model.named_parameters(), lr=0.1)
    optimizer.add_param_group({"params": [("extra", p.nn.Parameter(torch.ones(2)))], "lr": 0.5})
    seen = [str(optimizer.state_dict()), repr(optimizer)]
    for bad in (
        lambda: optimizer.add_param_group({"params": [p.nn.Parameter(torch.ones(2))]}),
        lambda: optimizer.add_param_group({"params": model.named_parameters()}),
        lambda: p.optim.SGD([]), lambda: p.optim.SGD(torch.ones(2)), lambda: p.optim.SGD([1]),
        lambda: p.optim.SGD(model.parameters(), lr=-1), lambda: p.optim.SGD(model.parameters(), nesterov=True),
        lambda: p.optim.Adam(model.parameters(), betas=(1.0, 0.5)), lambda: p.optim.SGD({torch.ones(1)}),
        lambda: p.optim.SGD([torch.ones(1, requires_grad=True) * 2]), lambda: p.optim.Optimizer([torch.ones(1)], {}).step(),
        lambda: optimizer.load_state_dict({"param_groups": [], "state": {}}),
        lambda: p.optim.Adam(model.parameters(), eps=-1), lambda: p.optim.RMSprop(model.parameters(), alpha=-1),
    ):
        try:
            bad()
            seen.append("no error")
        except Exception as error:
            seen.append(f"{type(error).__name__}: {error}")
    return seen


def optim_hooks_and_zero_grad(torch, p):
    model = _model(p)
    optimizer = p.optim.Adam(model.parameters())
    seen = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before"))
    handle = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after"))
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    handle.remove()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    seen.append([w.grad.abs().sum().item() for w in model.parameters()])
    optimizer.zero_grad()
    seen.append([w.grad is None for w in model.parameters()])
    return seen


def _schedule(torch, p, make, n=25, optimizer=None, step=lambda s, i: s.step()):
    weights = [p.nn.Parameter(torch.ones(1)), p.nn.Parameter(torch.ones(1))]
    groups = [{"params": [weights[0]]}, {"params": [weights[1]], "lr": 0.3}]
    optimizer = p.optim.SGD(groups, lr=0.05, momentum=0.5) if optimizer is None else optimizer(p.optim, groups)
    scheduler = make(p.optim.lr_scheduler, optimizer)
    seen = [[group["lr"] for group in optimizer.param_groups]]
    for i in range(n):
        optimizer.step()
        step(scheduler, i)
        seen.append([float(group["lr"]) for group in optimizer.param_groups])
        seen.append([group.get("momentum") for group in optimizer.param_groups])
        seen.append(scheduler.get_last_lr())
        if i == n // 2:
            keys = scheduler.state_dict()
            seen.append(sorted(key for key in keys if key != "_is_initial"))
            scheduler.load_state_dict(copy.deepcopy(keys))
    return seen


_schedules = {
    "lambda": lambda s, o: s.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda e: 0.9),
    "step": lambda s, o: s.StepLR(o, 4, 0.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [3, 7, 7, 12], 0.3),
    "constant": lambda s, o: s.ConstantLR(o, 0.4, 6),
    "linear": lambda s, o: s.LinearLR(o, 0.2, 0.9, 8),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9),
    "polynomial": lambda s, o: s.PolynomialLR(o, 9, 2.0),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 7, 0.01),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "sequential": lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, 1.0, 5), s.CosineAnnealingLR(o, 10), s.ExponentialLR(o, 0.8)], [5, 15]),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)]),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, 3),
    "cyclic2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], 0.2, 4, mode="triangular2"),
    "cyclic3": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, mode="exp_range", gamma=0.98, cycle_momentum=False),
    "cyclic4": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, scale_fn=lambda x: 0.9**x, scale_mode="iterations"),
    "onecycle": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=26),
    "onecycle3": lambda s, o: s.OneCycleLR(o, [0.5, 0.4], epochs=13, steps_per_epoch=2, three_phase=True, anneal_strategy="linear"),
}


def _schedule_script(name, make):
    def script(torch, p):
        return _schedule(torch, p, make)

    script.__name__ = "scheduler_" + name
    script.__module__ = __name__
    return script


for _name, _make in _schedules.items():
    globals()["scheduler_" + _name] = _schedule_script(_name, _make)


def scheduler_plateau(torch, p):
    metrics = [1, 0.9, 0.9, 0.95, 0.8, 0.8, 0.81, 0.8, 0.8, 0.79999, 0.8, 0.8, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    seen = []
    for options in ({"patience": 1, "factor": 0.5}, {"mode": "max", "patience": 2, "cooldown": 2, "min_lr": [0.01, 0.1]},
                    {"threshold_mode": "abs", "threshold": 0.05, "patience": 0}):
        seen.append(_schedule(
            torch, p, lambda s, o: s.ReduceLROnPlateau(o, **options), len(metrics),
            step=lambda s, i: s.step(metrics[i]),
        ))
    return seen


def scheduler_with_adam_betas(torch, p):
    seen = []
    for make in (lambda s, o: s.OneCycleLR(o, 0.5, total_steps=26), lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4)):
        seen.append(_schedule(torch, p, make, optimizer=lambda optim, groups: optim.Adam(groups)))
    return seen


def scheduler_tensor_lr(torch, p):
    def make_optimizer(optim, groups):
        groups[1].pop("lr")
        return optim.SGD(groups, lr=torch.tensor(0.1))

    return _schedule(torch, p, lambda s, o: s.StepLR(o, 3), optimizer=make_optimizer)


def scheduler_epochs_and_errors(torch, p):
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("step", "multistep", "linear", "cosine", "polynomial", "constant", "exponential", "restarts"):
            seen.append(_schedule(torch, p, _schedules[name], 10, step=lambda s, i: s.step(i * 2)))
    optimizer = p.optim.SGD([p.nn.Parameter(torch.ones(1))], lr=0.1)
    s = p.optim.lr_scheduler
    for bad in (
        lambda: s.StepLR(1, 2), lambda: s.ConstantLR(optimizer, 2.0), lambda: s.LinearLR(optimizer, 0.0),
        lambda: s.LambdaLR(optimizer, [abs, abs]), lambda: s.OneCycleLR(optimizer, 0.1), lambda: s.OneCycleLR(optimizer, 0.1, total_steps=-1),
        lambda: s.CyclicLR(p.optim.Adagrad([torch.ones(1)]), 0.1, 0.2), lambda: s.ReduceLROnPlateau(optimizer, factor=1.5),
        lambda: s.ReduceLROnPlateau(optimizer, mode="x"), lambda: s.CosineAnnealingWarmRestarts(optimizer, 0),
        lambda: s.SequentialLR(optimizer, [s.StepLR(optimizer, 1)], [2]), lambda: s.ExponentialLR(p.optim.SGD([torch.ones(1)], lr=0.1), 0.1, 5),
    ):
        try:
            bad()
            seen.append("no error")
        except Exception as error:
            seen.append(f"{type(error).__name__}: {error}")
    return seen


def swa_and_ema(torch, p):
    model = _model(p)
    swa = p.optim.swa_utils
    averaged = [swa.AveragedModel(model), swa.AveragedModel(model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.9)),
                swa.AveragedModel(model, avg_fn=swa.get_ema_avg_fn(0.8), use_buffers=True)]
    optimizer = p.optim.SGD(model.parameters(), lr=0.1)
    scheduler = swa.SWALR(optimizer, 0.5, anneal_epochs=4)
    seen = []
    for _ in range(7):
        optimizer.zero_grad()
        model(torch.randn(3, 4)).square().sum().backward()
        optimizer.step()
        for one in averaged:
            one.update_parameters(model)
        scheduler.step()
        seen.append(scheduler.get_last_lr())
    return seen, [one.state_dict() for one in averaged]


swa_and_ema.tolerance = 1e-6


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
        {"batch_size": 4}, {"batch_size": 4, "shuffle": True}, {"batch_size": 5, "shuffle": True, "drop_last": True},
        {"batch_size": None, "shuffle": True}, {"batch_size": 4, "shuffle": True, "generator": torch.Generator().manual_seed(4)},
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
    seen.append([list(part.indices) for part in data.random_split(both, [0.5, 0.3, 0.2], torch.Generator().manual_seed(1))])
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
    for options in ({"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}, {"batch_size": 3, "num_workers": 3}):
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
        lambda: data.TensorDataset(torch.ones(2), torch.ones(3)), lambda: data.ConcatDataset([]),
        lambda: data.DataLoader(rows, batch_size=0), lambda: data.DataLoader(rows, num_workers=-1),
        lambda: data.DataLoader(rows, shuffle=True, sampler=data.SequentialSampler(rows)),
        lambda: data.DataLoader(rows, batch_size=None, drop_last=True), lambda: data.DataLoader(rows, prefetch_factor=2),
        lambda: data.DataLoader(rows, batch_size=3, batch_sampler=[[1]]), lambda: data.random_split(rows, [1, 2]),
        lambda: setattr(data.DataLoader(rows), "batch_size", 3), lambda: data.RandomSampler(data.TensorDataset(torch.ones(0))),
        lambda: data.default_collate([object()]), lambda: data.default_collate([[1, 2], [1]]), lambda: data.Dataset()[0],
        lambda: list(data.DataLoader(rows, collate_fn=lambda b: 1 / 0)), lambda: data.RandomSampler(rows, replacement=1),
        lambda: data.default_collate([torch.ones(2), torch.ones(3)]),
    ):
        try:
            bad()
            seen.append("no error")
        except Exception as error:
            seen.append(f"{type(error).__name__}: {error}")
    return seen
