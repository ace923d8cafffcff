"""nn.EmbeddingBag in few bits against itself with the rounded weight, in every form that its arguments have."""

import torch
from layerwise.quantizing import convert
from layerwise.quantizing.schemes import options_of
from torch import nn

torch.manual_seed(0)
(options,) = options_of({"schemes": ["int8"]})
tokens = torch.randint(0, 50, (4, 6))
tokens[0] = 0  # a bag of nothing but padding
STARTS = [0, 3, 3, 20]
FORMS = {
    "rows": (tokens,),
    "starts": (tokens.reshape(-1), torch.tensor(STARTS)),
    "starts and an end": (tokens.reshape(-1), torch.tensor([*STARTS, 24])),
}

n_checked = 0
for mode in ("sum", "mean", "max"):
    for padding in (None, 0, -1):
        for form, given in FORMS.items():
            for factors in (None, torch.rand_like(given[0], dtype=torch.float32)) if mode == "sum" else (None,):
                settings = {"mode": mode, "padding_idx": padding, "include_last_offset": form.endswith("end")}
                bag = nn.EmbeddingBag(50, 32, **settings)
                made = convert.Converter(options, {}).convert(convert.Layer("bag", bag), convert.Seen())
                twin = nn.EmbeddingBag(50, 32, _weight=made.weight, **settings)
                found, wanted = made(*given, per_sample_weights=factors), twin(*given, per_sample_weights=factors)
                is_right = torch.allclose(found, wanted, atol=1e-6) and (found - bag(*given, per_sample_weights=factors)).abs().max() < 0.1
                n_checked += 1
                if not is_right:
                    print("FAIL", settings, form, factors is not None)
print(f"{n_checked} checked")
