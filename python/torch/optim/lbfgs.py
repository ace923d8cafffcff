"""L-BFGS after Nocedal and Wright, with an optional line search for the strong Wolfe conditions."""

import torch

from .optimizer import Optimizer, _check_lr, _get_value

__all__ = ["LBFGS"]


def _cubic_minimum(x1, f1, g1, x2, f2, g2, bounds=None):
    """Where the cubic through two points with given slopes is lowest, kept within bounds."""
    low, high = bounds if bounds is not None else ((x1, x2) if x1 <= x2 else (x2, x1))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2.0
    d2 = square.sqrt()
    if x1 <= x2:
        at = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        at = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(at, low), high)


def _strong_wolfe(
    evaluate, x, t, d, f, g, slope, c1=1e-4, c2=0.9, tolerance_change=1e-9, max_steps=25
):
    """Find a step that lowers f enough (c1) and flattens the slope (c2): bracket one, then zoom in.

    Returns the loss, the gradient, the step and the number of evaluations.
    """
    scale = d.abs().max()
    g = g.clone()
    f_new, g_new = evaluate(x, t, d)
    n_evaluations = 1
    slope_new = g_new.dot(d)

    t_before, f_before, g_before, slope_before = 0, f, g, slope
    done = False
    n_steps = 0
    bracket = None
    while n_steps < max_steps:
        if f_new > f + c1 * t * slope or (n_steps > 1 and f_new >= f_before):
            bracket = [(t_before, f_before, g_before, slope_before), (t, f_new, g_new.clone(), slope_new)]
            break
        if abs(slope_new) <= -c2 * slope:
            bracket = [(t, f_new, g_new, slope_new)]
            done = True
            break
        if slope_new >= 0:
            bracket = [(t_before, f_before, g_before, slope_before), (t, f_new, g_new.clone(), slope_new)]
            break
        smallest = t + 0.01 * (t - t_before)
        largest = t * 10
        before = t
        t = _cubic_minimum(t_before, f_before, slope_before, t, f_new, slope_new, (smallest, largest))
        t_before, f_before, g_before, slope_before = before, f_new, g_new.clone(), slope_new
        f_new, g_new = evaluate(x, t, d)
        n_evaluations += 1
        slope_new = g_new.dot(d)
        n_steps += 1
    if bracket is None:
        bracket = [(0, f, g, slope), (t, f_new, g_new, slope_new)]

    made_little_progress = False
    low, high = (0, 1) if bracket[0][1] <= bracket[-1][1] else (1, 0)
    while not done and n_steps < max_steps:
        if abs(bracket[1][0] - bracket[0][0]) * scale < tolerance_change:
            break
        (t0, f0, _, s0), (t1, f1, _, s1) = bracket
        t = _cubic_minimum(t0, f0, s0, t1, f1, s1)
        # Near an end of the bracket twice in a row, a tenth of its length is enforced.
        left, right = min(t0, t1), max(t0, t1)
        edge = 0.1 * (right - left)
        if min(right - t, t - left) < edge:
            if made_little_progress or t >= right or t <= left:
                t = right - edge if abs(t - right) < abs(t - left) else left + edge
                made_little_progress = False
            else:
                made_little_progress = True
        else:
            made_little_progress = False
        f_new, g_new = evaluate(x, t, d)
        n_evaluations += 1
        slope_new = g_new.dot(d)
        n_steps += 1
        point = (t, f_new, g_new.clone(), slope_new)
        if f_new > f + c1 * t * slope or f_new >= bracket[low][1]:
            bracket[high] = point
            low, high = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
        else:
            if abs(slope_new) <= -c2 * slope:
                done = True
            elif slope_new * (bracket[high][0] - bracket[low][0]) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = point
    t, f_new, g_new, _ = bracket[low if len(bracket) == 2 else 0]
    return f_new, g_new, t, n_evaluations


class LBFGS(Optimizer):
    def __init__(
        self, params, lr=1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100,
        line_search_fn=None,
    ):
        _check_lr(lr)
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change, "history_size": history_size, "line_search_fn": line_search_fn,
        })
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def _gather_flat_grad(self):
        pieces = []
        for param in self._params:
            if param.grad is None:
                pieces.append(param.new_zeros(param.numel()))
            else:
                piece = param.grad.reshape(-1)
                pieces.append(torch.view_as_real(piece).reshape(-1) if torch.is_complex(piece) else piece)
        return torch.cat(pieces, 0)

    def _add_grad(self, step_size, direction):
        offset = 0
        for param in self._params:
            real = torch.view_as_real(param) if torch.is_complex(param) else param
            n = real.numel()
            real.add_(direction[offset:offset + n].view_as(real), alpha=float(step_size))
            offset += n

    def _evaluate_at(self, closure, saved, t, d):
        self._add_grad(t, d)
        loss = float(closure())
        grad = self._gather_flat_grad()
        for param, value in zip(self._params, saved):
            param.copy_(value)
        return loss, grad

    def _direction(self, grad, state, group):
        """The two-loop recursion over the remembered changes of weights (s) and gradients (y)."""
        y = grad.sub(state["prev_flat_grad"])
        s = state["d"].mul(state["t"])
        ys = y.dot(s)
        dirs, stps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        if ys > 1e-10:
            if len(dirs) == group["history_size"]:
                dirs.pop(0)
                stps.pop(0)
                ro.pop(0)
            dirs.append(y)
            stps.append(s)
            ro.append(1.0 / ys)
            state["H_diag"] = ys / y.dot(y)
        q = grad.neg()
        alphas = state["al"]
        for i in range(len(dirs) - 1, -1, -1):
            alphas[i] = stps[i].dot(q) * ro[i]
            q.add_(dirs[i], alpha=-float(alphas[i]))
        d = torch.mul(q, state["H_diag"])
        for i in range(len(dirs)):
            beta = dirs[i].dot(d) * ro[i]
            d.add_(stps[i], alpha=float(alphas[i] - beta))
        return d

    @torch.no_grad()
    def step(self, closure):
        closure = torch.enable_grad()(closure)
        group = self.param_groups[0]
        lr = _get_value(group["lr"])
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        state.setdefault("al", [None] * group["history_size"])

        first_loss = closure()
        loss = float(first_loss)
        n_evaluations = 1
        state["func_evals"] += 1
        grad = self._gather_flat_grad()
        if grad.abs().max() <= group["tolerance_grad"]:
            return first_loss
        n_iterations = 0
        while n_iterations < group["max_iter"]:
            n_iterations += 1
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                state.update(d=grad.neg(), t=lr, old_dirs=[], old_stps=[], ro=[], H_diag=1)
            else:
                state["d"] = self._direction(grad, state, group)
            d = state["d"]
            state["prev_flat_grad"] = grad.clone()
            loss_before = loss
            t = min(1.0, 1.0 / grad.abs().sum()) * lr if state["n_iter"] == 1 else lr
            slope = grad.dot(d)
            if slope > -group["tolerance_change"]:
                state["t"] = t
                state["prev_loss"] = loss_before
                break
            n_line_evaluations = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                saved = [param.clone() for param in self._params]
                loss, grad, t, n_line_evaluations = _strong_wolfe(
                    lambda x, t, d: self._evaluate_at(closure, x, t, d), saved, t, d, loss, grad, slope
                )
                self._add_grad(t, d)
                is_flat = grad.abs().max() <= group["tolerance_grad"]
            else:
                self._add_grad(t, d)
                is_flat = False
                if n_iterations != group["max_iter"]:
                    with torch.enable_grad():
                        loss = float(closure())
                    grad = self._gather_flat_grad()
                    is_flat = grad.abs().max() <= group["tolerance_grad"]
                    n_line_evaluations = 1
            n_evaluations += n_line_evaluations
            state["func_evals"] += n_line_evaluations
            state["t"] = t
            state["prev_loss"] = loss_before
            if n_evaluations >= group["max_eval"] or is_flat:
                break
            if d.mul(t).abs().max() <= group["tolerance_change"]:
                break
            if abs(loss - loss_before) < group["tolerance_change"]:
                break
        return first_loss
