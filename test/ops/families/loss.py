"""Losses: reductions, weights, targets that do not fit."""

FLOAT = ("f32", "f64", "f16", "bf16")


def declare(family):
    options = {"near": 32, "scale": "tensor"}
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss"):
        # No gradient of the target here.
        b = ":plain" if name == "soft_margin_loss" else ""
        family.block(
            name,
            f"""
F.{name}(a, b) ; *[3,4] ; *[3,4]{b}
F.{name}(a, b, reduction='none') ; *[3,4] ; *[3,4]{b}
F.{name}(a, b, reduction='sum') ; *[3,4]:t ; *[3,4]{b}
F.{name}(a, b) ; *[0,4] ; *[0,4]{b}
F.{name}(a, b) ; *[] ; *[]{b}
F.{name}(a, b) ; *[3,4] ; *[4]{b}
F.{name}(a, b) ; *[3,4] ; *[3,3]{b}
F.{name}(a, b, reduction='x') ; *[3] ; *[3]{b}
F.{name}(a, b) ; *[3] ; f64[3]{b}
F.{name}(a, b, reduction='none') ; *[2,3,2,2]:cl ; *[2,3,2,2]:cl{b}
""",
            FLOAT,
            **options,
        )
    family.block(
        "cross_entropy",
        """
F.cross_entropy(a, b) ; *[3,4] ; i64[3]:lt4
F.cross_entropy(a, b, reduction='none') ; *[3,4] ; i64[3]:lt4
F.cross_entropy(a, b, reduction='sum') ; *[3,4]:t ; i64[3]:lt4
F.cross_entropy(a, b, weight=c) ; *[3,4] ; i64[3]:lt4 ; *[4]:pos:plain
F.cross_entropy(a, b, weight=c, reduction='none') ; *[3,4] ; i64[3]:lt4 ; *[4]:pos:plain
F.cross_entropy(a, b, ignore_index=2) ; *[6,4] ; i64[6]:lt4
F.cross_entropy(a, b, ignore_index=0, reduction='none') ; *[6,4] ; i64[6]:lt4
F.cross_entropy(a, b, label_smoothing=0.1) ; *[3,4] ; i64[3]:lt4
F.cross_entropy(a, b, label_smoothing=0.2, weight=c) ; *[3,4] ; i64[3]:lt4 ; *[4]:pos:plain
F.cross_entropy(a, b, label_smoothing=0.2, ignore_index=1) ; *[6,4] ; i64[6]:lt4
F.cross_entropy(a, b, label_smoothing=0.2, reduction='none') ; *[3,4] ; i64[3]:lt4
F.cross_entropy(a, b) ; *[2,4,3] ; i64[2,3]:lt4
F.cross_entropy(a, b, reduction='none') ; *[2,4,2,2]:cl ; i64[2,2,2]:lt4
F.cross_entropy(a, b) ; *[4] ; i64[]:one
F.cross_entropy(a, b) ; *[3,4] ; *[3,4]:unit
F.cross_entropy(a, b, reduction='none', label_smoothing=0.1) ; *[3,4] ; *[3,4]:unit
F.cross_entropy(a, b, weight=c) ; *[3,4] ; *[3,4]:unit ; *[4]:pos:plain
F.cross_entropy(a, b) ; *[3,4] ; i64[2]:lt4
F.cross_entropy(a, b) ; *[3,4] ; i64[3]:rise
F.cross_entropy(a, b) ; *[5,4] ; i64[5]:rise
F.cross_entropy(a, b) ; *[3,4] ; f16[3]
F.cross_entropy(a, b) ; *[3,4] ; i32[3]:lt4
F.cross_entropy(a, b) ; *[3,4] ; i64[3,1]:zero
F.cross_entropy(a, b, weight=c) ; *[3,4] ; i64[3]:lt4 ; *[3]:plain
F.cross_entropy(a, b) ; *[0,4] ; i64[0]
F.cross_entropy(a, b, reduction='sum') ; *[0,4] ; i64[0]
F.cross_entropy(a, b, ignore_index=1) ; *[2,4] ; i64[2]:one
F.cross_entropy(a, b) ; *[3,4]:big ; i64[3]:lt4
F.cross_entropy(a, b, reduction='avg') ; *[3,4] ; i64[3]:lt4
F.cross_entropy(a, b, label_smoothing=1.5) ; *[3,4] ; i64[3]:lt4
F.nll_loss(a, b) ; *[3,4] ; i64[3]:lt4
F.nll_loss(a, b, weight=c, reduction='none') ; *[3,4] ; i64[3]:lt4 ; *[4]:pos:plain
F.nll_loss(a, b, ignore_index=1, reduction='sum') ; *[6,4] ; i64[6]:lt4
F.nll_loss(a, b) ; *[2,4,3] ; i64[2,3]:lt4
F.nll_loss(a, b) ; *[4] ; i64[]:one
F.nll_loss(a, b) ; *[3,4] ; i64[2]:lt4
F.nll_loss(a, b) ; *[3,4] ; f32[3]
F.nll_loss(a, b) ; *[5,4] ; i64[5]:rise
""",
        FLOAT,
        **options,
    )
    family.block(
        "binary_cross_entropy",
        """
F.binary_cross_entropy(a, b) ; *[3,4]:unit ; *[3,4]:unit
F.binary_cross_entropy(a, b, c) ; *[3,4]:unit ; *[3,4]:unit ; *[4]:pos:plain
F.binary_cross_entropy(a, b, reduction='none') ; *[3]:unit ; *[3]:zero
F.binary_cross_entropy(a, b, reduction='sum') ; *[3]:one ; *[3]:one
F.binary_cross_entropy(a, b) ; *[3] ; *[3]:unit
F.binary_cross_entropy(a, b) ; *[3,2]:unit ; *[3]:unit
F.binary_cross_entropy(a, b) ; *[0] ; *[0]
F.binary_cross_entropy_with_logits(a, b) ; *[3,4] ; *[3,4]:unit
F.binary_cross_entropy_with_logits(a, b, c) ; *[3,4] ; *[3,4]:unit ; *[4]:pos:plain
F.binary_cross_entropy_with_logits(a, b, pos_weight=c) ; *[3,4] ; *[3,4]:unit ; *[4]:pos:plain
F.binary_cross_entropy_with_logits(a, b, c, reduction='none', pos_weight=d) ; *[3,4] ; *[3,4]:unit ; *[4]:pos:plain ; *[4]:pos:plain
F.binary_cross_entropy_with_logits(a, b, reduction='sum') ; *[3]:big ; *[3]:one
F.binary_cross_entropy_with_logits(a, b) ; *[3] ; *[4]
F.binary_cross_entropy_with_logits(a, b) ; *[3]:t ; *[3]
torch.binary_cross_entropy_with_logits(a, b) ; *[3] ; *[3]:unit
F.kl_div(a, b) ; *[3,4] ; *[3,4]:unit
F.kl_div(a, b, reduction='batchmean') ; *[3,4] ; *[3,4]:unit
F.kl_div(a, b, reduction='sum', log_target=True) ; *[3,4] ; *[3,4]
F.kl_div(a, b, reduction='none') ; *[3,4] ; *[3,4]:zero
F.poisson_nll_loss(a, b) ; *[4] ; *[4]:pos
F.poisson_nll_loss(a, b, log_input=False, full=True, reduction='none') ; *[4]:pos ; *[4]:pos
F.gaussian_nll_loss(a, b, c) ; *[4] ; *[4] ; *[4]:pos
F.gaussian_nll_loss(a, b, c, full=True, reduction='sum') ; *[4] ; *[4] ; *[4]:pos
F.gaussian_nll_loss(a, b, c) ; *[4] ; *[4] ; *[4]
F.hinge_embedding_loss(a, b) ; *[4] ; *[4]:one
F.hinge_embedding_loss(a, b * 2 - 1, margin=0.5, reduction='none') ; *[4] ; i64[4]:lt2
F.margin_ranking_loss(a, b, c) ; *[4] ; *[4] ; *[4]:one
F.margin_ranking_loss(a, b, c, margin=0.7, reduction='sum') ; *[4] ; *[4] ; *[4]
F.cosine_embedding_loss(a, b, c * 2 - 1) ; *[3,4] ; *[3,4] ; i64[3]:lt2
F.cosine_embedding_loss(a, b, c * 2 - 1, margin=0.3, reduction='none') ; *[3,4] ; *[3,4] ; i64[3]:lt2
F.triplet_margin_loss(a, b, c) ; *[3,4] ; *[3,4] ; *[3,4]
F.triplet_margin_loss(a, b, c, margin=0.2, p=1, swap=True, reduction='none') ; *[3,4] ; *[3,4] ; *[3,4]
F.triplet_margin_with_distance_loss(a, b, c) ; *[3,4] ; *[3,4] ; *[3,4]
F.multi_margin_loss(a, b) ; *[3,4] ; i64[3]:lt4
F.multi_margin_loss(a, b, p=2, margin=0.5, reduction='none') ; *[3,4] ; i64[3]:lt4
F.multilabel_margin_loss(a, b) ; *[2,3] ; i64[2,3]:lt3
F.multilabel_soft_margin_loss(a, b) ; *[3,4] ; *[3,4]:unit
F.multilabel_soft_margin_loss(a, b, c, reduction='none') ; *[3,4] ; *[3,4]:unit ; *[4]:pos
F.smooth_l1_loss(a, b, beta=0.5) ; *[5] ; *[5]
F.smooth_l1_loss(a, b, beta=0.0) ; *[5] ; *[5]
F.smooth_l1_loss(a, b, beta=-1.0) ; *[5] ; *[5]
F.huber_loss(a, b, delta=0.3, reduction='none') ; *[5] ; *[5]
F.huber_loss(a, b, delta=-1.0) ; *[5] ; *[5]
F.mse_loss(a, b, weight=c) ; *[5] ; *[5] ; *[5]:pos
F.ctc_loss(a.log_softmax(2), b, (5, 4), (2, 1)) ; *[5,2,4] ; i64[2,2]:one
F.ctc_loss(a.log_softmax(2), b, (5, 5), (2, 2), reduction='none') ; *[5,2,4] ; i64[2,2]:one
""",
        ("f32", "f64"),
        **options,
    )
