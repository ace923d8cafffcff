"""Results of what was begun elsewhere; here everything is finished when it is begun."""

from torch.jit import Future

__all__ = ["Future", "collect_all", "wait_all"]


def collect_all(futures):
    return Future(list(futures))


def wait_all(futures):
    return [f.wait() for f in futures]
