"""Snippets about optimizers: each gets torch and the package under test, and returns what it saw."""

import copy


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
    return (
        seen,
        [w.detach() for w in model.parameters()],
        [value for k in final for value in final[k].values() if isinstance(value, torch.Tensor)],
    )


def _optimizer_script(name, **options):
    def script(torch, p):
        wants_closure = name == "LBFGS"
        result = _train(
            torch,
            p,
            lambda optim, m: getattr(optim, name)(m.parameters(), **options),
            5 if wants_closure else 12,
            wants_closure,
        )
        # L-BFGS keeps differences of gradients that vanish at the end: they are rounding alone.
        return result[:2] if wants_closure else result

    script.__name__ = f"optim_{name}_{options}"
    script.__module__ = __name__
    script.tolerance = 2e-3 if name == "LBFGS" else 1e-5
    return script


for _i, (_name, _options) in enumerate(
    [
        ("SGD", {}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("SGD", {"momentum": 0.9, "dampening": 0.2, "maximize": True}),
        ("Adam", {}),
        ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
        ("Adam", {"maximize": True}),
        ("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
        ("AdamW", {"lr": 0.01}),
        ("AdamW", {"amsgrad": True, "betas": (0.8, 0.95)}),
        ("Adadelta", {}),
        ("Adadelta", {"weight_decay": 0.1, "maximize": True}),
        ("Adagrad", {}),
        ("Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.5}),
        ("Adamax", {}),
        ("Adamax", {"weight_decay": 0.1}),
        ("ASGD", {}),
        ("ASGD", {"t0": 2, "lambd": 0.1}),
        ("NAdam", {}),
        ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
        ("RAdam", {"lr": 0.01}),
        ("RAdam", {"weight_decay": 0.1, "betas": (0.9, 0.99)}),
        ("RMSprop", {}),
        ("RMSprop", {"centered": True, "momentum": 0.9}),
        ("Rprop", {}),
        ("Rprop", {"lr": 0.1}),
        ("LBFGS", {"lr": 0.1}),
        ("LBFGS", {"line_search_fn": "strong_wolfe", "history_size": 5}),
        ("Adafactor", {}),
        ("Adafactor", {"weight_decay": 0.1}),
    ]
):
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
        lambda: p.optim.SGD([]),
        lambda: p.optim.SGD(torch.ones(2)),
        lambda: p.optim.SGD([1]),
        lambda: p.optim.SGD(model.parameters(), lr=-1),
        lambda: p.optim.SGD(model.parameters(), nesterov=True),
        lambda: p.optim.Adam(model.parameters(), betas=(1.0, 0.5)),
        lambda: p.optim.SGD({torch.ones(1)}),
        lambda: p.optim.SGD([torch.ones(1, requires_grad=True) * 2]),
        lambda: p.optim.Optimizer([torch.ones(1)], {}).step(),
        lambda: optimizer.load_state_dict({"param_groups": [], "state": {}}),
        lambda: p.optim.Adam(model.parameters(), eps=-1),
        lambda: p.optim.RMSprop(model.parameters(), alpha=-1),
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
