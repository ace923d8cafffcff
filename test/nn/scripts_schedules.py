"""Snippets about learning-rate schedulers: each gets torch and the package under test, and returns what it saw."""

import copy
import warnings


def _model(p):
    nn = p.nn
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))


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
    "sequential": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, 1.0, 5), s.CosineAnnealingLR(o, 10), s.ExponentialLR(o, 0.8)], [5, 15]
    ),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)]),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, 3),
    "cyclic2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], 0.2, 4, mode="triangular2"),
    "cyclic3": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, mode="exp_range", gamma=0.98, cycle_momentum=False),
    "cyclic4": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, scale_fn=lambda x: 0.9**x, scale_mode="iterations"),
    "onecycle": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=26),
    "onecycle3": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.4], epochs=13, steps_per_epoch=2, three_phase=True, anneal_strategy="linear"
    ),
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
    for options in (
        {"patience": 1, "factor": 0.5},
        {"mode": "max", "patience": 2, "cooldown": 2, "min_lr": [0.01, 0.1]},
        {"threshold_mode": "abs", "threshold": 0.05, "patience": 0},
    ):
        seen.append(
            _schedule(
                torch,
                p,
                lambda s, o: s.ReduceLROnPlateau(o, **options),
                len(metrics),
                step=lambda s, i: s.step(metrics[i]),
            )
        )
    return seen


def scheduler_sequential_is_quiet(torch, p):
    """Where one schedule hands over to the next, nobody is told of an argument that he did not write."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        seen = _schedule(torch, p, _schedules["sequential"], 10)
    return [seen, sum("epoch parameter" in str(each.message) for each in told)]


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
        lambda: s.StepLR(1, 2),
        lambda: s.ConstantLR(optimizer, 2.0),
        lambda: s.LinearLR(optimizer, 0.0),
        lambda: s.LambdaLR(optimizer, [abs, abs]),
        lambda: s.OneCycleLR(optimizer, 0.1),
        lambda: s.OneCycleLR(optimizer, 0.1, total_steps=-1),
        lambda: s.CyclicLR(p.optim.Adagrad([torch.ones(1)]), 0.1, 0.2),
        lambda: s.ReduceLROnPlateau(optimizer, factor=1.5),
        lambda: s.ReduceLROnPlateau(optimizer, mode="x"),
        lambda: s.CosineAnnealingWarmRestarts(optimizer, 0),
        lambda: s.SequentialLR(optimizer, [s.StepLR(optimizer, 1)], [2]),
        lambda: s.ExponentialLR(p.optim.SGD([torch.ones(1)], lr=0.1), 0.1, 5),
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
    averaged = [
        swa.AveragedModel(model),
        swa.AveragedModel(model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.9)),
        swa.AveragedModel(model, avg_fn=swa.get_ema_avg_fn(0.8), use_buffers=True),
    ]
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
