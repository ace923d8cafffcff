"""LambdaSL: the level that a group had, times a function of the step."""

from torch.ao.pruning.scheduler.base_scheduler import BaseScheduler

__all__ = ["LambdaSL"]


class LambdaSL(BaseScheduler):
    """One function for all groups, or one for each."""

    def __init__(self, sparsifier, sl_lambda, last_epoch=-1, verbose=False):
        count = len(sparsifier.groups)
        if isinstance(sl_lambda, (list, tuple)) and len(sl_lambda) != count:
            raise ValueError(f"Expected {count} lr_lambdas, but got {len(sl_lambda)}")
        self.sl_lambdas = list(sl_lambda) if isinstance(sl_lambda, (list, tuple)) else [sl_lambda] * count
        super().__init__(sparsifier, last_epoch, verbose)

    def get_sl(self):
        self._warn_outside_of_step()
        return [base * factor(self.last_epoch) for factor, base in zip(self.sl_lambdas, self.base_sl)]
