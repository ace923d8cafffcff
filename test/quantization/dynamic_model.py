"""Dynamic quantization: linear layers of a small BERT, recurrent layers and cells, float16, files."""

import io
import math

import torch
import torch.ao.quantization as tq
from show import attempt, rounded
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.backends.quantized.engine = "fbgemm"
torch.manual_seed(0)


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def split(self, x):
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), -1)
        x = self.norm1(x + self.output((weights @ v).transpose(1, 2).flatten(2)))
        return self.norm2(x + self.down(nn.functional.gelu(self.up(x))))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(50, 32), nn.Embedding(12, 32)
        self.layers = nn.ModuleList(Layer(32, 4) for _ in range(2))
        self.pooler = nn.Linear(32, 32)
        self.classifier = nn.Linear(32, 3)

    def forward(self, ids):
        x = self.words(ids) + self.places(torch.arange(ids.shape[1]))
        for layer in self.layers:
            x = layer(x)
        return self.classifier(torch.tanh(self.pooler(x[:, 0])))


bert = Bert().eval()
ids = torch.randint(0, 50, (4, 12))
print("float", rounded(bert(ids), 3))
quantized = tq.quantize_dynamic(bert, {nn.Linear}, dtype=torch.qint8)
print(quantized.layers[0])
print("int8", rounded(quantized(ids), 3))
print("per channel", rounded(tq.quantize_dynamic(bert, {nn.Linear: tq.per_channel_dynamic_qconfig})(ids), 3))
print("float16", rounded(tq.quantize_dynamic(bert, dtype=torch.float16)(ids), 3))
only = tq.quantize_dynamic(bert, {"classifier": tq.default_dynamic_qconfig, "layers.0.up": tq.per_channel_dynamic_qconfig})
print([name for name, m in only.named_modules() if "Quantized" in repr(type(m)) or "quantized" in type(m).__module__])
print("by name", rounded(only(ids), 3))
for engine in ("qnnpack", "fbgemm"):
    torch.backends.quantized.engine = engine
    print(engine, rounded(tq.quantize_dynamic(bert)(ids), 2))
print([key for key in quantized.state_dict()][:12])
buffer = io.BytesIO()
torch.save(quantized.state_dict(), buffer)
again = tq.quantize_dynamic(Bert().eval())
print(again.load_state_dict(torch.load(io.BytesIO(buffer.getvalue()))), torch.equal(again(ids), quantized(ids)))
linear = quantized.classifier
print(linear.weight().dtype, linear.weight().qscheme(), linear.bias().shape, linear._packed_params.dtype)
linear.set_weight_bias(linear.weight(), torch.zeros(3))
print(rounded(quantized(ids), 3))

# Recurrent layers
x = torch.randn(7, 3, 5)
for kind in (nn.LSTM, nn.GRU):
    for options in ({}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True}):
        torch.manual_seed(1)
        layers = nn.ModuleDict({"rnn": kind(5, 6, **options)})
        for dtype in (torch.qint8, torch.float16):
            found = tq.quantize_dynamic(layers, dtype=dtype)["rnn"]
            output, state = found(x)
            state = state if isinstance(state, tuple) else (state,)
            print(found, dtype, rounded(output[-1, -1], 3), [rounded(s[-1, 0], 3) for s in state])
        start = torch.randn(2 * 2 if options.get("bidirectional") else 1, 7 if "batch_first" in options else 3, 6)
        output, _ = found(x, (start, start * 0.5) if kind is nn.LSTM else start)
        print("with a start", rounded(output[0, 0], 3))
torch.manual_seed(2)
lstm = tq.quantize_dynamic(nn.ModuleDict({"rnn": nn.LSTM(5, 6, bidirectional=True)}))["rnn"]
packed = pack_padded_sequence(x, torch.tensor([4, 7, 2]), enforce_sorted=False)
output, (h, c) = lstm(packed)
padded, lengths = pad_packed_sequence(output)
print("packed", lengths.tolist(), rounded(padded[1, 0], 3), rounded(h[1, 1], 3), rounded(c[0, 2], 3))
print(sorted(lstm.get_weight()), lstm.get_weight()["weight_ih_l0"].dtype, sorted(lstm.get_bias()))
for kind, arguments in ((nn.LSTMCell, {}), (nn.GRUCell, {}), (nn.RNNCell, {}), (nn.RNNCell, {"nonlinearity": "relu"})):
    torch.manual_seed(3)
    cell = tq.quantize_dynamic(nn.ModuleDict({"cell": kind(5, 6, **arguments)}))["cell"]
    result = cell(x[0])
    result = result if isinstance(result, tuple) else (result,)
    print(cell, [rounded(part[0], 3) for part in result], sorted(cell.state_dict()))
for model in (nn.Sequential(nn.LSTM(5, 6)), nn.Sequential(nn.GRUCell(5, 6))):
    quantized = tq.quantize_dynamic(model)
    buffer = io.BytesIO()
    torch.save(quantized.state_dict(), buffer)
    state = torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    data = x if isinstance(model[0], nn.LSTM) else x[0]
    before = quantized(data)
    fresh = tq.quantize_dynamic(nn.Sequential(type(model[0])(5, 6)))
    fresh.load_state_dict(state)
    after = fresh(data)
    first = lambda value: value[0] if isinstance(value, tuple) else value
    print(sorted(state), torch.equal(first(before), first(after)))
attempt("wrong dtype", lambda: tq.quantize_dynamic(bert, dtype=torch.qint32))
attempt("input size", lambda: lstm(torch.randn(2, 3, 4)))
attempt("hidden size", lambda: lstm(x, (torch.zeros(1, 3, 6), torch.zeros(1, 3, 6))))
