"""A small model learns from a large one: losses and a loop for scripts.

    from layerwise.distillation import distill
    losses = distill(student, teacher, batches, temperature=2.0, alpha=0.5, hidden={"blocks.1": "blocks.3"})

Soft targets after Hinton, Vinyals and Dean 2015 (arXiv:1503.02531); hidden states after Romero et al. 2015 (arXiv:1412.6550) and
Sanh et al. 2019 (arXiv:1910.01108)."""

import torch
from torch import nn
from torch.nn import functional as F


def soft_target_loss(student, teacher, temperature=2.0, dim=-1):
    """KL divergence of softened classes [..., classes], times temperature squared, so that gradients keep their size; mean over
    everything but the classes. `dim` says where the classes are."""
    if student.shape != teacher.shape:
        raise ValueError(f"the student's logits are {list(student.shape)} and the teacher's {list(teacher.shape)}: expected the same")
    wanted = F.log_softmax(teacher.detach().float() / temperature, dim)
    given = F.log_softmax(student.float() / temperature, dim)
    return F.kl_div(given, wanted, reduction="none", log_target=True).sum(dim).mean() * temperature**2


def hidden_state_loss(student, teacher):
    """Mean square of the difference, beside the teacher's own mean square: layers of any scale weigh alike."""
    teacher = teacher.detach().float()
    return F.mse_loss(student.float(), teacher) / teacher.square().mean().clamp(min=1e-12)


class HiddenStates:
    """Outputs of some modules of two models, in pairs, and layers that make the student's as wide as the teacher's."""

    def __init__(self, student, teacher, pairs):
        self.pairs = []
        self.projections = nn.ModuleList()
        self._found = {}
        self._handles = []
        for mine, theirs in pairs.items():
            self._watch(student, mine, ("student", mine))
            self._watch(teacher, theirs, ("teacher", theirs))
            self.pairs.append((mine, theirs))
            self.projections.append(nn.Identity())

    def _watch(self, model, path, key):
        try:
            module = model.get_submodule(path)
        except AttributeError:
            known = ", ".join(name for name, _ in model.named_modules() if name)
            raise ValueError(f"the {key[0]} has no module '{path}': it has {known[:300]}") from None

        def after(module, given, output):
            self._found[key] = output[0] if isinstance(output, (tuple, list)) else output

        self._handles.append(module.register_forward_hook(after))

    def prepare(self):
        """After a first call of both: layers from the student's widths to the teacher's, where they differ."""
        for place, (mine, theirs) in enumerate(self.pairs):
            one, other = self._found[("student", mine)], self._found[("teacher", theirs)]
            if one.shape == other.shape:
                continue
            if one.dim() != other.dim():
                raise ValueError(f"'{mine}' gives {list(one.shape)} and '{theirs}' {list(other.shape)}: they cannot be matched")
            dim = 1 if one.dim() == 4 else -1
            sizes = [(a, b) for at, (a, b) in enumerate(zip(one.shape, other.shape)) if at != dim % one.dim()]
            if any(a != b for a, b in sizes):
                raise ValueError(f"'{mine}' gives {list(one.shape)} and '{theirs}' {list(other.shape)}: only widths may differ")
            widths = one.shape[dim], other.shape[dim]
            made = nn.Conv2d(*widths, 1, bias=False) if one.dim() == 4 else nn.Linear(*widths, bias=False)
            self.projections[place] = made.to(one.device)

    def loss(self):
        """The mean of the pairs."""
        losses = [
            hidden_state_loss(projection(self._found[("student", mine)]), self._found[("teacher", theirs)])
            for (mine, theirs), projection in zip(self.pairs, self.projections)
        ]
        return torch.stack(losses).mean()

    def close(self):
        for handle in self._handles:
            handle.remove()
        self._found = {}


def logits_of(result):
    """The tensor of classes in what a model returns: "logits" by name, else the first of at least two dimensions."""
    if isinstance(result, torch.Tensor):
        return result if result.dim() >= 1 else None
    if isinstance(result, dict):
        if isinstance(result.get("logits"), torch.Tensor):
            return result["logits"]
        result = list(result.values())
    if hasattr(result, "logits"):
        return result.logits
    if isinstance(result, (tuple, list)):
        return next((found for found in map(logits_of, result) if found is not None and found.dim() >= 2), None)
    return None


def own_loss_of(result):
    """A loss that the model itself returns, or None."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, torch.Tensor):
        return result if result.dim() == 0 and result.is_floating_point() else None
    if isinstance(result, (tuple, list)):
        return next((found for found in map(own_loss_of, result) if found is not None), None)
    loss = getattr(result, "loss", None)
    return loss if isinstance(loss, torch.Tensor) else None


def distillation_loss(student, teacher, target=None, temperature=2.0, alpha=0.5, classes_dim=-1):
    """Of two results: alpha times the soft targets plus (1 - alpha) times the student's own loss or, with labels [...], cross-entropy.
    Without either the soft targets stand alone. Results without classes (`classes_dim` None) are matched as they are."""
    mine, theirs = logits_of(student), logits_of(teacher)
    if mine is None or theirs is None:
        raise ValueError("no tensor in what the models return can be matched: expected logits")
    if classes_dim is None:
        soft = hidden_state_loss(mine, theirs)
    else:
        soft = soft_target_loss(mine, theirs, temperature, classes_dim)
    hard = own_loss_of(student)
    if hard is None and target is not None and classes_dim is not None:
        hard = F.cross_entropy(mine.movedim(classes_dim, 1) if mine.dim() > 1 else mine, target)
    return soft if hard is None else alpha * soft + (1 - alpha) * hard


def distill(student, teacher, batches, *, steps=None, temperature=2.0, alpha=0.5, hidden=None, learning_rate=1e-3, optimizer=None,
            classes_dim=-1):
    """Train `student` on `batches` of (inputs, target) or inputs, tensors or tuples or dicts of them; the losses, step by step.
    With `steps` the batches (a list or loader) are gone through as often as that takes. The teacher does not change."""
    states = HiddenStates(student, teacher, hidden or {})
    was_training, teacher_was_training = student.training, teacher.training
    student.train()
    teacher.eval()
    losses = []
    try:
        for step, (inputs, target) in enumerate(_turns(batches, steps)):
            with torch.no_grad():
                wanted = _called(teacher, inputs)
            result = _called(student, inputs)
            if step == 0:
                states.prepare()
                if optimizer is None:
                    optimizer = torch.optim.AdamW([*student.parameters(), *states.projections.parameters()], lr=learning_rate)
                elif list(states.projections.parameters()):
                    optimizer.add_param_group({"params": list(states.projections.parameters())})
            loss = distillation_loss(result, wanted, target, temperature, alpha, classes_dim)
            if states.pairs:
                loss = loss + states.loss()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    finally:
        states.close()
        student.train(was_training)
        teacher.train(teacher_was_training)
    return losses


def _turns(batches, steps):
    count = 0
    while True:
        before = count
        for batch in batches:
            if steps is not None and count >= steps:
                return
            yield batch if isinstance(batch, tuple) and len(batch) == 2 else (batch, None)
            count += 1
        if steps is None or count == before:
            return


def _called(model, inputs):
    if isinstance(inputs, dict):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, (tuple, list)) else model(inputs)
