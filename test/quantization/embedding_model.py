"""Embeddings of eight and four bits."""

import io

import torch
import torch.ao.quantization as tq
from show import attempt, bits, rounded, total
from torch import nn

torch.manual_seed(0)


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(20, 12)
        self.bag = nn.EmbeddingBag(20, 12, mode="sum", include_last_offset=True)
        self.linear = nn.Linear(12, 3)

    def forward(self, indices, offsets):
        return self.linear(self.table(indices)).sum(0) + self.linear(self.bag(indices, offsets)).sum(0)


words = Words().eval()
indices, offsets = torch.tensor([1, 2, 4, 5, 4, 3, 2, 9]), torch.tensor([0, 3, 4, 8])
print("float", rounded(words(indices, offsets)))
for dtype in (torch.quint8,):
    words.table.qconfig = words.bag.qconfig = tq.float_qparams_weight_only_qconfig
    quantized = tq.convert(tq.prepare(words, inplace=False))
    print("\n".join(line.partition(", qscheme")[0] for line in repr(quantized).split("\n")))
    print(rounded(quantized(indices, offsets), 3), quantized.table.weight().qscheme())
    print(total(quantized.table.weight().int_repr()), rounded(quantized.table.weight().q_per_channel_scales()))
    print("rows", rounded(quantized.table(indices[:2]), 5))
    print("bags", rounded(quantized.bag(indices, offsets)[:2], 5))
    print("two dimensions", rounded(quantized.table(indices.view(2, 4))[1, 1], 5), quantized.table(indices.view(2, 4)).shape)
    buffer = io.BytesIO()
    torch.save(quantized.state_dict(), buffer)
    state = torch.load(io.BytesIO(buffer.getvalue()))
    print(sorted(state))
    other = tq.convert(tq.prepare(words, inplace=False))
    print(other.load_state_dict(state), torch.equal(other(indices, offsets), quantized(indices, offsets)))
del words.table.qconfig, words.bag.qconfig
dynamic = tq.quantize_dynamic(words, dtype=torch.quint8)
print(type(dynamic.table).__name__, type(dynamic.bag).__name__, rounded(dynamic(indices, offsets), 3))
bags = nn.Sequential(nn.EmbeddingBag(6, 4, mode="sum")).eval()
four = tq.quantize_dynamic(bags, dtype=torch.quint4x2)
print(rounded(four(torch.tensor([[0, 1], [5, 5]])), 4))
weights = torch.tensor([0.5, 2.0, 1.0, 0.0])
eight = tq.quantize_dynamic(bags, dtype=torch.quint8)[0]
print(rounded(eight(torch.tensor([0, 1, 2, 3]), torch.tensor([0, 3]), per_sample_weights=weights), 4))
attempt("needs an offset", lambda: eight(torch.tensor([0, 1])))

# Trained with rounded rows
torch.manual_seed(2)
model = nn.Sequential(nn.Embedding(10, 6), nn.Linear(6, 2))
model[0].qconfig = tq.default_embedding_qat_qconfig
model[1].qconfig = tq.get_default_qat_qconfig("fbgemm")
prepared = tq.prepare_qat(model.train(), mapping=tq.get_embedding_qat_module_mappings())
optimizer = torch.optim.SGD(prepared.parameters(), lr=0.1)
for step in range(5):
    ids = torch.randint(0, 10, (8,))
    loss = nn.functional.cross_entropy(prepared(ids), ids % 2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, f"{loss.item():.5f}")
print(type(prepared[0]), bits(prepared[0].weight_fake_quant.scale.shape), prepared[0].weight_fake_quant.zero_point.dtype)
