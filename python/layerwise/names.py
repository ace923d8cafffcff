"""What the names of arguments usually mean: sizes for constructors, tensors for forward. The weakest source of all.

Sizes are small and divide each other, so that a model built from guesses fits together and runs in milliseconds.
"""
import re

BATCH = 2
SEQUENCE = 16
IMAGE = 32
DIM = 64

# The value as text, and the names that usually have it. The first match wins; blanks in a pattern mean nothing.
_CONSTRUCTOR = [
    ("64", r"(n|num|nb)_?(embd|embed|hidden|units|features|channels|filters) | n_?(embd|embed)"),
    (
        "1000",
        r"""
        (vocab|vocabulary)(_size|_len)? | n_?vocab | num_(embeddings|tokens|words) | n_?tokens? | ntoken
        | src_vocab(_size)? | tgt_vocab(_size)?
        """,
    ),
    (
        "10",
        r"""
        (num|n)_?(classes|labels|outputs?|categories|targets?) | out_?(dim|size|put_dim)?_?classes | classes
        | nclass
        """,
    ),
    (
        "4",
        r"""
        n_?heads? | num_?(attention_|attn_)?heads | heads | nheads? | (n|num)_?(kv|key_value|query)_heads?
        """,
    ),
    ("16", r"head_?(dim|size) | d_?(head|k|v) | dim_head"),
    (
        "2",
        r"""
        (n|num)_?(layers?|blocks?|stages?|hidden_layers|encoder_layers|decoder_layers) | depth | n_?layer
        | (encoder|decoder)_layers
        """,
    ),
    ("[2, 2, 2, 2]", r"layers | num_blocks | blocks_per_stage | depths? | repeats"),
    (
        "3",
        r"""
        (in|input)_?(channels?|chans?|planes|ch|c) | channels?_in | inp | (image|img)_channels | num_channels
        | n_?channels
        """,
    ),
    ("64", r"(out|output)_?(channels?|chans?|planes|ch|c) | channels?_out | oup | outp | planes"),
    (
        "32",
        r"""
        (mid|base|hidden|inner|expand|inter|squeeze)_?(channels?|chans?|planes|ch|width) | width | growth_rate
        """,
    ),
    (
        "[64, 64]",
        r"""
        (channels?|chans?|ch|filters|dims|widths|hidden_(dims|sizes|units|layers)|layer_sizes|sizes|features_list)_list
        | dims | hidden_(dims|sizes|units|layers) | layer_(sizes|dims) | filters
        """,
    ),
    ("32", r"(image|img|input|crop)_?(size|resolution|hw|res) | resolution"),
    ("4", r"(patch|window|tubelet)_?size"),
    (
        "64",
        r"""
        block_size | context_?(length|len|size|window) | ctx_?len | n_?ctx
        | (max_?)?(seq|sequence|position|pos|src|tgt|target|source)_?(length|len|size|embeddings)?
        | max_?(len|length|t|positions?|position_embeddings|tokens) | seqlen | n_?positions | num_patches
        | num_positions
        """,
    ),
    (
        "4",
        r"""
        (mlp|ffn?|expansion|expand|hidden|width|dim|intermediate)_?(ratio|mult|multiple|multiplier|factor|expansion)
        | expansion | reduction | upscale(_factor)? | ratio | rank | r | mult
        """,
    ),
    (
        "128",
        r"""
        (dim|d|hidden|n|num|ff|ffn|mlp|intermediate|feedforward|inner)_?
            (ff|ffn|feedforward|feed_forward|mlp|inner|hidden|intermediate)(_dim|_size)?
        | (ff|ffn|mlp|intermediate|feedforward|inner|dim_feedforward)_?(dim|size|hidden)?
        """,
    ),
    (
        "32",
        r"""
        (time|t|cond|context|ctx|latent|z|bottleneck|action|state|obs|observation)_?
            (emb_|embed_|embedding_)?(dim|size|channels)
        | latent_?(dim|size)? | n_?(actions|states|observations)
        """,
    ),
    (
        "64",
        r"""
        d_?model
        | (embed|embedding|emb|hidden|model|feature|key|value|query|token|word|text|image)_?
            (dim|size|dims|width|units|features)
        | dim | hidden | embed | emb | hid | d | n_?hid(den)? | units | width | n_?inp | ninp | nhid | c
        | features? | size | dim_model | dmodel | model_dimension | channels? | ch | n_?feats? | hidden_?\d?
        """,
    ),
    (
        "64",
        r"""
        (in|input|inp|src|source|n|num)_?(dim|features?|size|dims|inputs?|feats?|f) | in_?d | input
        """,
    ),
    ("64", r"(out|output|tgt|target)_?(dim|features?|size|dims|feats?|f) | out_?d | output"),
    ("4", r"(n|num)_?experts?"),
    ("2", r"top_?k | k | num_experts_per_tok | experts_per_token"),
    ("3", r"kernel_?(size)? | ks | ksize"),
    ("1", r"stride | dilation | groups? | (n|num)_?(groups|directions)"),
    ("4", r"num_groups | norm_groups"),
    ("1", r"pad | padding"),
    ("0.1", r"(\w+_)?(dropout|drop|drop_?(out_?)?(rate|prob|p|path)?|pdrop|drop_path_rate) | p"),
    ("1e-5", r"\w*eps(ilon)?"),
    ("10000.0", r"(rope_)?theta | base | max_period"),
    (
        "1.0",
        r"""
        alpha | beta | gamma | temperature | scale | scaling | momentum | lr | weight | tau | margin
        | (max|min)_(action|value)
        """,
    ),
    (
        "False",
        r"""
        (use_|with_|is_|has_|do_|no_|enable_|return_)\w+ | (qkv_|q|proj_)?bias | causal | bidirectional
        | batch_first | training | inplace | flash | residual | shortcut | downsample_? | norm_first | affine
        """,
    ),
    (
        "nn.GELU",
        r"""
        (act|activation|nonlinearity|non_linearity|act_layer|activation_layer|act_fn|activation_fn|hidden_act)
            (_type|_name|_function)?
        """,
    ),
    ("nn.LayerNorm", r"(norm|norm_layer|normalization|normalization_layer)"),
    ("'cpu'", r"device"),
    ("torch.float32", r"dtype"),
]
_COMPILED = [(re.compile(pattern, re.IGNORECASE | re.VERBOSE), text) for text, pattern in _CONSTRUCTOR]

# What a constructor argument may be when its first value was refused, most likely first.
ALTERNATIVES = [
    "64",
    "4",
    "[2, 2, 2, 2]",
    "[64, 64]",
    "'relu'",
    "nn.GELU",
    "nn.GELU()",
    "nn.Identity()",
    "nn.Linear(64, 64)",
    "None",
    "True",
    "0.1",
]

# Dimensions to try when heads, groups or patches do not divide 64.
OTHER_DIMS = ["96", "128", "256", "512", "768", "48", "32", "8"]


def constructor_value(name):
    """The usual value of a constructor argument as text, or None."""
    bare = name.strip("_")
    for pattern, text in _COMPILED:
        if pattern.fullmatch(bare):
            return text
    # "encoder_dim", "my_hidden_size": the last words decide.
    for cut in range(bare.count("_")):
        tail = bare.split("_", cut + 1)[-1]
        for pattern, text in _COMPILED:
            if len(tail) > 1 and pattern.fullmatch(tail):
                return text
    return None


def annotated_value(annotation):
    """A value for an annotation's text where the name says nothing."""
    text = (annotation or "").replace(" ", "").replace("typing.", "")
    if "None" in text or text.startswith("Optional"):
        return "None"
    for pattern, value in (
        (r"int", "64"),
        (r"float", "0.1"),
        (r"bool", "False"),
        (r"str", "'relu'"),
        (r"(list|List|Sequence|Iterable)\[int\]", "[64, 64]"),
        (r"(tuple|Tuple)\[int,int\]", "(32, 32)"),
        (r"(type|Type)\[(torch\.)?(nn\.)?Module\]", "nn.GELU"),
        (r"(torch\.)?(nn\.)?Module", "nn.Linear(64, 64)"),
        (r"Callable.*", "nn.GELU"),
        (r"(dict|Dict).*", "{}"),
    ):
        if re.fullmatch(pattern, text):
            return value
    return None


_TOKENS = re.compile(
    r"""
    (input_?)?(ids?|idx|tokens?|indices|index) | \w*_(ids?|idx|tokens|index|indices) | token_?ids? | words?
    | text | (src|tgt|source|target)_?(ids|tokens|seq)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_IMAGE = re.compile(r"imgs?|images?|pixel_values|pixels|pictures?|frames?|(noisy|input)_(image|img)s?", re.I)
_MASK = re.compile(
    r"""
    (\w*_)?masks?(_\w+)? | (past_)?(key_values|kv_?cache|cache|state|hidden|h_?0?|c_?0?|hx) | prev_\w+
    | freqs_cis | rope | memory_\w*mask
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LABELS = re.compile(r"labels?|targets?|y|gt|ground_truth|classes|class_labels?", re.I)
_TIME = re.compile(r"t|time|timesteps?|times|steps?|sigma|noise_level", re.I)
_LENGTHS = re.compile(r"(\w*_)?(lengths?|lens|sizes)", re.I)
_POSITION = re.compile(r"(start_pos|pos|position|offset|cache_position)", re.I)


# Inputs that are given although their signature does not ask for them.
MAIN_INPUTS = {
    "input_ids",
    "inputs_embeds",
    "pixel_values",
    "input_values",
    "input_features",
    "hidden_states",
    "x",
    "input",
    "inputs",
    "samples",
    "decoder_input_ids",
}


# Pairs of nodes, as graph networks take them.
_EDGES = ("edge_index", "edges", "edge_idx")
EDGES = 32


def tensor_kind(name):
    """One word for what a forward argument's name says: tokens, image, mask, labels, time, lengths, position, edges, or ""."""
    if name in _EDGES:
        return "edges"
    for kind, pattern in (
        ("mask", _MASK),
        ("tokens", _TOKENS),
        ("image", _IMAGE),
        ("labels", _LABELS),
        ("lengths", _LENGTHS),
        ("position", _POSITION),
        ("time", _TIME),
    ):
        if pattern.fullmatch(name):
            return kind
    return ""


_DIMENSIONS = [
    (r"b|bs|bsz|n|batch(_?size)?|nb", BATCH),
    (
        r"t|l|s|seq(_?len(gth)?)?|len(gth)?|time|tokens|num_tokens|n_?tokens|nt|sl|sequence|steps|k|m"
        r"|tq|tk|src_len|tgt_len|p|patches",
        SEQUENCE,
    ),
    (r"h|w|height|width|hw|x|y", IMAGE),
    (r"nh|heads?|n_?heads?|num_heads", 4),
    (r"hs|hd|dh|head_?dim|d_?head|d_?k|d_?v", 16),
    (r"v|vocab(_?size)?|classes|num_classes", 10),
]
_DIMENSIONS = [(re.compile(pattern, re.IGNORECASE), size) for pattern, size in _DIMENSIONS]
_FEATURES = re.compile(
    r"""
    c | d | e | f | dim | d_?model | channels? | in_?channels | hidden(_?(dim|size))? | embed(_?dim)? | emb
    | features? | in_?features? | n_?embd | c_?in | n_embed | \w+_dim | \w+_size
    """,
    re.IGNORECASE | re.VERBOSE,
)


def dimension_size(name, position, rank, features):
    """The size of a named dimension in a written shape; `features` is what the first layer takes."""
    if name.isdecimal():
        return int(name)
    if rank == 4 and position == 1 and re.fullmatch(r"c|ch|channels?|in_?channels|c_?in", name, re.I):
        return features or 3
    if _FEATURES.fullmatch(name):
        return features or DIM
    for pattern, size in _DIMENSIONS:
        if pattern.fullmatch(name):
            return size
    return features or DIM if position == rank - 1 else SEQUENCE
