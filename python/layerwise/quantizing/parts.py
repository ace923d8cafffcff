"""Modules that hold products in themselves, taken apart: attention and recurrent layers whose products are nn.Linear modules,
computing what they computed before. The products can then be watched and exchanged one by one."""

import torch
from torch import _scopes, nn
from torch.nn import functional as F
from torch.nn._functional import attention as _attention
from torch.nn.modules.rnn import RNNBase, _gru_gates, _lstm_gates, _Step

from layerwise.quantizing.sequences import can_walk, is_watched, network_of, walk


def taken_apart(module):
    """The same module with its products as modules; None for one that has none inside."""
    made = _parts_of(module)
    if made is not None:
        made.stands_for = type(module).__name__
    return made


def _parts_of(module):
    if isinstance(module, nn.MultiheadAttention) and type(module).forward is nn.MultiheadAttention.forward:
        return SplitAttention(module)
    if isinstance(module, RNNBase) and type(module).forward in (nn.LSTM.forward, nn.GRU.forward, nn.RNN.forward):
        return SplitRNN(module)
    if type(module).forward in (nn.LSTMCell.forward, nn.GRUCell.forward, nn.RNNCell.forward):
        return SplitCell(module)
    if _is_transposed_linear(module):
        return linear_over(module.weight.t().contiguous(), module.bias)
    return None


def _is_transposed_linear(module):
    """Conv1D of the transformers package, which GPT-2 is made of: a product whose weight is stored the other way round."""
    cls = type(module)
    is_theirs = cls.__name__ == "Conv1D" and cls.__module__ == "transformers.pytorch_utils"
    return is_theirs and module.weight.dim() == 2


def linear_over(weight, bias):
    """An nn.Linear over memory that is there already."""
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    made.weight = nn.Parameter(weight.detach(), requires_grad=weight.requires_grad)
    if bias is not None:
        made.bias = nn.Parameter(bias.detach(), requires_grad=bias.requires_grad)
    return made


class SplitAttention(nn.Module):
    """nn.MultiheadAttention with the products q_proj, k_proj, v_proj and out_proj."""

    _OPTIONS = (
        "embed_dim", "kdim", "vdim", "num_heads", "dropout", "batch_first", "head_dim", "add_zero_attn",
        "_qkv_same_embed_dim",
    )

    def __init__(self, original):
        super().__init__()
        for name in self._OPTIONS:
            setattr(self, name, getattr(original, name))
        if original._qkv_same_embed_dim:
            weights = original.in_proj_weight.chunk(3)
        else:
            weights = (original.q_proj_weight, original.k_proj_weight, original.v_proj_weight)
        biases = (None, None, None) if original.in_proj_bias is None else original.in_proj_bias.chunk(3)
        for name, weight, bias in zip(("q_proj", "k_proj", "v_proj"), weights, biases):
            setattr(self, name, linear_over(weight, bias))
        self.out_proj = linear_over(original.out_proj.weight, original.out_proj.bias)
        self.bias_k = original.bias_k
        self.bias_v = original.bias_v
        self.train(original.training)

    def forward(
        self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None,
        average_attn_weights=True, is_causal=False,
    ):
        is_batched = query.dim() == 3
        q, k, v = self.q_proj(query), self.k_proj(key), self.v_proj(value)
        if not is_batched:
            q, k, v = (part.unsqueeze(1) for part in (q, k, v))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif self.batch_first:
            q, k, v = (part.transpose(0, 1) for part in (q, k, v))
        output, weights = self._attend(q, k, v, key_padding_mask, need_weights, attn_mask, is_causal)
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if not is_batched:
            return self.out_proj(output.squeeze(1)), None if weights is None else weights.squeeze(0)
        return self.out_proj(output.transpose(0, 1) if self.batch_first else output), weights

    def _attend(self, q, k, v, key_padding_mask, need_weights, attn_mask, is_causal):
        steps, batch, _ = q.shape
        key_padding_mask = F._canonical_mask(
            key_padding_mask, "key_padding_mask", F._none_or_dtype(attn_mask), "attn_mask", q.dtype
        )
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        if is_causal and key_padding_mask is None and not need_weights:
            attn_mask = None
        else:
            attn_mask = F._canonical_mask(attn_mask, "attn_mask", None, "", q.dtype, check_other=False)
            is_causal = is_causal and key_padding_mask is None
        if attn_mask is not None:
            attn_mask = _attention._attention_mask_4d(attn_mask, steps, k.shape[0], batch, self.num_heads)
        if self.bias_k is not None:
            k = torch.cat([k, self.bias_k.repeat(1, batch, 1)])
            v = torch.cat([v, self.bias_v.repeat(1, batch, 1)])
            attn_mask, key_padding_mask = _attention._one_more_key(attn_mask, key_padding_mask)
        q, k, v = (part.unflatten(-1, (self.num_heads, self.head_dim)).permute(1, 2, 0, 3) for part in (q, k, v))
        if self.add_zero_attn:
            zero = k.new_zeros(batch, self.num_heads, 1, self.head_dim)
            k, v = torch.cat([k, zero], 2), torch.cat([v, zero], 2)
            attn_mask, key_padding_mask = _attention._one_more_key(attn_mask, key_padding_mask)
        if key_padding_mask is not None:
            spread = key_padding_mask.view(batch, 1, 1, k.size(2))
            attn_mask = spread if attn_mask is None else attn_mask + spread
        dropout = self.dropout if self.training else 0.0
        if need_weights:
            attended, weights = _attention._attend_with_weights(q, k, v, attn_mask, dropout)
        else:
            attended, weights = F.scaled_dot_product_attention(q, k, v, attn_mask, dropout, is_causal), None
        return attended.permute(2, 0, 1, 3).reshape(steps, batch, self.embed_dim), weights


class _SplitStep(_Step):
    """One layer and direction of a recurrent network whose products are modules."""

    def __init__(self, mode, from_input, from_hidden, projection):
        super().__init__(mode, None, None, None, None, None)
        self.from_input, self.from_hidden, self.projection = from_input, from_hidden, projection

    def whole(self, x, sizes, state, is_reverse):
        product = self.from_hidden
        if self.projection is not None or is_watched(product) or torch.compiler._is_exporting or not can_walk(product, state[0]):
            return None
        gates = self.from_input(x)
        # What the walk does is the product's, in traces too.
        if _scopes.on:
            _scopes.enter(product)
        try:
            return walk(product, self.mode, gates, state, sizes, is_reverse)
        finally:
            if _scopes.on:
                _scopes.exit()

    def project(self, x):
        return self.from_input(x)

    def __call__(self, from_input, state):
        from_hidden = self.from_hidden(state[0])
        if self.mode == "LSTM":
            h, c = _lstm_gates(from_input + from_hidden, state[1])
            return (h if self.projection is None else self.projection(h)), c
        if self.mode == "GRU":
            return (_gru_gates(from_input, from_hidden, state[0]),)
        total = from_input + from_hidden
        return (torch.relu(total) if self.mode == "RNN_RELU" else torch.tanh(total),)


class SplitRNN(RNNBase):
    """nn.LSTM, nn.GRU or nn.RNN with the products ih_l0, hh_l0, hr_l0, ih_l0_reverse and so on."""

    _OPTIONS = (
        "mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional",
        "proj_size",
    )

    def __init__(self, original):
        nn.Module.__init__(self)
        for name in self._OPTIONS:
            setattr(self, name, getattr(original, name))
        self._all_weights = []
        self._flat_weights_names = []
        self._suffixes = []
        # Of inputs and states in turn.
        self._products = []
        for names in original._all_weights:
            suffix = names[0].removeprefix("weight_ih")
            self._suffixes.append(suffix)
            self._products += ["ih" + suffix, "hh" + suffix]
            for part in ("ih", "hh", "hr"):
                weight = getattr(original, f"weight_{part}{suffix}", None)
                if weight is not None:
                    bias = getattr(original, f"bias_{part}{suffix}", None)
                    setattr(self, f"{part}{suffix}", linear_over(weight, bias))
        self.train(original.training)

    def _one_op(self, x, packed):
        # In traces each product shows by itself.
        if self.proj_size > 0 or self.training and self.dropout > 0 or _scopes.on:
            return None
        # ONNX Runtime has one operator of integers, for whole sequences.
        if torch.compiler._is_exporting and (self.mode != "LSTM" or packed is not None):
            return None
        return network_of(self._modules, self._products, self.mode, x, self.bidirectional)

    def check_forward_args(self, input, hidden, batch_sizes):
        checks = nn.LSTM if self.mode == "LSTM" else RNNBase
        checks.check_forward_args(self, input, hidden, batch_sizes)

    def permute_hidden(self, hx, permutation):
        return (nn.LSTM if self.mode == "LSTM" else RNNBase).permute_hidden(self, hx, permutation)

    def _steps(self):
        steps = []
        for suffix in self._suffixes:
            products = [getattr(self, f"{part}{suffix}", None) for part in ("ih", "hh", "hr")]
            steps.append(_SplitStep(self.mode, *products))
        width = 2 if self.bidirectional else 1
        return [steps[first : first + width] for first in range(0, len(steps), width)]

    def forward(self, input, hx=None):
        found = self._at_once(input) if hx is None else None
        if found is None:
            output, last = self._forward(input, hx, 2 if self.mode == "LSTM" else 1)
            found = (output, *last)
        return (found[0], found[1]) if len(found) == 2 else (found[0], (found[1], found[2]))


class SplitCell(nn.Module):
    """nn.LSTMCell, nn.GRUCell or nn.RNNCell with the products ih and hh."""

    def __init__(self, original):
        super().__init__()
        self.input_size, self.hidden_size = original.input_size, original.hidden_size
        self.mode = {nn.LSTMCell.forward: "LSTM", nn.GRUCell.forward: "GRU"}.get(type(original).forward)
        if self.mode is None:
            self.mode = "RNN_RELU" if original.nonlinearity == "relu" else "RNN_TANH"
        self.ih = linear_over(original.weight_ih, original.bias_ih)
        self.hh = linear_over(original.weight_hh, original.bias_hh)
        self.train(original.training)

    def forward(self, input, hx=None):
        given = (hx,) if self.mode != "LSTM" else (None, None) if hx is None else tuple(hx)
        is_batched = input.dim() == 2
        x = input if is_batched else input.unsqueeze(0)
        zeros = x.new_zeros(x.shape[0], self.hidden_size)
        state = [zeros if part is None else part if is_batched else part.unsqueeze(0) for part in given]
        step = _SplitStep(self.mode, self.ih, self.hh, None)
        result = step(step.project(x), tuple(state))
        result = result if is_batched else tuple(part.squeeze(0) for part in result)
        return result if self.mode == "LSTM" else result[0]
