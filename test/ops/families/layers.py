"""Attention, recurrent cells and whole modules run as functions of their inputs."""

FLOAT = ("f32", "f64", "f16", "bf16")


def declare(family):
    family.block(
        "attention",
        """
F.scaled_dot_product_attention(a, b, c) ; *[2,3,4] ; *[2,5,4] ; *[2,5,4]
F.scaled_dot_product_attention(a, b, c) ; *[1,2,3,4] ; *[1,2,5,4] ; *[1,2,5,6]
F.scaled_dot_product_attention(a, b, c, is_causal=True) ; *[1,2,4,4] ; *[1,2,4,4] ; *[1,2,4,4]
F.scaled_dot_product_attention(a, b, c, is_causal=True) ; *[1,2,3,4] ; *[1,2,5,4] ; *[1,2,5,4]
F.scaled_dot_product_attention(a, b, c, scale=0.3) ; *[1,2,3,4] ; *[1,2,5,4] ; *[1,2,5,4]
F.scaled_dot_product_attention(a, b, c, attn_mask=d) ; *[1,2,3,4] ; *[1,2,5,4] ; *[1,2,5,4] ; *[3,5]
F.scaled_dot_product_attention(a, b, c, attn_mask=d > 3) ; *[1,2,3,4] ; *[1,2,5,4] ; *[1,2,5,4] ; i64[1,1,3,5]:lt8
F.scaled_dot_product_attention(a, b, c, attn_mask=d == 0) ; *[1,1,2,4] ; *[1,1,3,4] ; *[1,1,3,4] ; i64[2,3]:one
F.scaled_dot_product_attention(a, b, c, enable_gqa=True) ; *[1,4,3,4] ; *[1,2,5,4] ; *[1,2,5,4]
F.scaled_dot_product_attention(a, b, c) ; *[1,2,3,4]:t ; *[1,2,3,4]:t ; *[1,2,3,4]
F.scaled_dot_product_attention(a, b, c) ; *[3,4] ; *[5,4] ; *[5,4]
F.scaled_dot_product_attention(a, b, c) ; *[1,2,3,4] ; *[1,2,5,3] ; *[1,2,5,4]
F.scaled_dot_product_attention(a, b, c) ; *[1,2,3,4] ; *[1,2,5,4] ; *[1,2,4,4]
F.scaled_dot_product_attention(a, b, c, attn_mask=d, is_causal=True) ; *[1,1,2,4] ; *[1,1,2,4] ; *[1,1,2,4] ; *[2,2]
F.scaled_dot_product_attention(a, b, c) ; *[1,2,0,4] ; *[1,2,5,4] ; *[1,2,5,4]
F.scaled_dot_product_attention(a, b, c) ; *[4] ; *[4] ; *[4]
F.scaled_dot_product_attention(a, b, c) ; *[1,1,3,4] ; f64[1,1,3,4] ; *[1,1,3,4]
F.scaled_dot_product_attention(a, b, c, is_causal=True) ; *[1,1,70,8] ; *[1,1,70,8] ; *[1,1,70,8]
""",
        FLOAT,
        near=64,
        scale="tensor",
    )
    family.block(
        "modules",
        """
torch.nn.Linear(3, 2)(a) ; *[2,3]
torch.nn.LayerNorm(3)(a) ; *[2,3]
torch.nn.MultiheadAttention(4, 2, batch_first=True)(a, a, a) ; *[2,3,4]
torch.nn.MultiheadAttention(4, 2)(a, b, b, need_weights=False)[0] ; *[2,3,4] ; *[5,3,4]
torch.nn.LSTM(3, 4)(a) ; *[2,1,3]
torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True)(a) ; *[1,2,3]
torch.nn.GRU(3, 4)(a) ; *[2,1,3]
torch.nn.RNN(3, 4, nonlinearity='relu')(a) ; *[2,1,3]
torch.nn.LSTMCell(3, 4)(a) ; *[2,3]
torch.nn.GRUCell(3, 4)(a) ; *[2,3]
torch.nn.RNNCell(3, 4)(a) ; *[2,3]
torch.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)(a) ; *[1,3,4]
torch.nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0)(a, b) ; *[3,1,4] ; *[2,1,4]
torch.nn.Conv2d(2, 3, 3, padding=1, padding_mode='reflect')(a) ; *[1,2,4,4]
torch.nn.Conv2d(2, 3, 3, padding=1, padding_mode='circular')(a) ; *[1,2,4,4]
torch.nn.BatchNorm1d(3)(a) ; *[4,3]
torch.nn.BatchNorm2d(3).eval()(a) ; *[2,3,2,2]
torch.nn.Bilinear(3, 4, 2)(a, b) ; *[2,3] ; *[2,4]
torch.nn.EmbeddingBag(5, 3)(a) ; i64[2,3]:lt5
torch.nn.Linear(3, 2)(a) ; *[2,4]
torch.nn.Conv2d(2, 3, 3)(a) ; *[1,3,4,4]
torch.nn.Embedding(4, 2)(a) ; i64[3]:rise
torch.nn.BatchNorm2d(3)(a) ; *[2,3,4]
torch.nn.PixelShuffle(2)(a) ; *[1,4,2,2]
torch.nn.Flatten()(a) ; *[2,3,2]
torch.nn.Unflatten(1, (3, 2))(a) ; *[2,6]
torch.nn.AdaptiveAvgPool2d((1, None))(a) ; *[1,2,3,4]
torch.nn.Upsample(scale_factor=2)(a) ; *[1,1,2,2]
torch.nn.ZeroPad2d(1)(a) ; *[1,1,2,2]
torch.nn.CosineSimilarity()(a, b) ; *[2,3] ; *[2,3]
torch.nn.Softmax2d()(a) ; *[1,3,2,2]
torch.nn.GLU()(a) ; *[2,4]
torch.nn.LSTM(3, 4)(a) ; *[2,1,5]
torch.nn.LSTM(3, 4)(a, (b, b)) ; *[2,1,3] ; *[1,2,4]
torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True), 2)(a) ; *[1,3,4]
""",
        ("f32",),
        near=64,
        scale="tensor",
        seeded=True,
    )
