"""Recurrent layers over packed sequences: exported once, run in ONNX Runtime at other lengths than those of the export."""

import io

import numpy as np
import onnxruntime
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(0)


class Sequences(nn.Module):
    def __init__(self, kind, layers, both, batch_first, is_sorted):
        super().__init__()
        self.batch_first, self.is_sorted = batch_first, is_sorted
        self.net = kind(4, 6, num_layers=layers, bidirectional=both, batch_first=batch_first)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=self.batch_first, enforce_sorted=self.is_sorted)
        packed, last = self.net(packed)
        padded, found = pad_packed_sequence(packed, batch_first=self.batch_first)
        return (padded, found, *(last if isinstance(last, tuple) else (last,)))


for kind in (nn.LSTM, nn.GRU, nn.RNN):
    for layers, both in ((1, False), (2, True)):
        for batch_first, is_sorted in ((False, True), (True, True), (True, False)):
            model = Sequences(kind, layers, both, batch_first, is_sorted).eval()

            def samples(time, lengths):
                return torch.randn(*((len(lengths), time) if batch_first else (time, len(lengths))), 4), torch.tensor(lengths)

            axes = {"x": {0 if batch_first else 1: "samples", 1 if batch_first else 0: "steps"}, "lengths": {0: "samples"}}
            file = io.BytesIO()
            names = ["x", "lengths"]
            torch.onnx.export(model, samples(6, [6, 4, 2]), file, input_names=names, dynamic_axes=axes, dynamo=False)
            session = onnxruntime.InferenceSession(file.getvalue())
            for time, lengths in ((6, [6, 4, 2]), (9, [7, 7, 1, 1, 1]), (5, [3]), (20, [15, 14, 13, 12])):
                x, lengths = samples(time, lengths if is_sorted else lengths[::-1])
                with torch.no_grad():
                    wanted = model(x, lengths)
                found = session.run(None, {"x": x.numpy(), "lengths": lengths.numpy()})
                same = all(np.allclose(a.numpy(), b, atol=1e-5) for a, b in zip(wanted, found))
                print(kind.__name__, layers, both, batch_first, is_sorted, [part.shape for part in found], same)
