"""tqdm.contrib: enumerate, zip and map with a bar."""

import builtins

from tqdm import tqdm


def tenumerate(iterable, start=0, total=None, tqdm_class=tqdm, **options):
    return builtins.enumerate(tqdm_class(iterable, total=total, **options), start)


def tzip(iter1, *others, **options):
    return zip(tqdm(iter1, **options), *others)


def tmap(function, *sequences, **options):
    return (function(*items) for items in tzip(*sequences, **options))
