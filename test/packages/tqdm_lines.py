"""tqdm: the line it shows, and that it passes everything through."""

import io

from tqdm import tqdm, trange
from tqdm.auto import tqdm as automatic

for args in (
    (0, 10, 0.0), (5, 10, 2.5), (10, 10, 65), (3, None, 1.5), (500, 1000, 3725), (1, 3, 10), (999, 1000, 0.5), (7, 7, 0.1),
):
    print(tqdm.format_meter(*args, ncols=70))
    print(tqdm.format_meter(*args, ncols=60, prefix="train", postfix="loss=0.1", unit="batch"))
    print(tqdm.format_meter(*args, ncols=60, ascii=True, unit_scale=True) if False else "")
print(tqdm.format_interval(59), tqdm.format_interval(3661), tqdm.format_sizeof(1234567), tqdm.format_num(0.00012345), tqdm.format_num(1234567))
out = io.StringIO()
print(list(tqdm([1, 2, 3], file=out)), sum(trange(5, file=out)), [x for x in automatic(range(3), disable=True)])
with tqdm(total=4, file=out, desc="bar") as bar:
    for i in range(4):
        bar.update(1)
        bar.set_postfix(loss=0.5, acc="x")
print(bar.n, bar.total, bar.postfix, "100%" in out.getvalue(), "4/4" in out.getvalue())
bar = tqdm(range(2), file=out)
bar.set_description("epoch 1")
print(bar.desc, len(bar))
for _ in bar:
    pass
print(bar.n)
