"""Normalisation layers as functions."""

FLOAT = ("f32", "f64", "f16", "bf16")


def declare(family):
    family.block(
        "layer_norm",
        """
F.layer_norm(a, (4,)) ; *[3,4]
F.layer_norm(a, (4,), b, c) ; *[2,3,4] ; *[4] ; *[4]
F.layer_norm(a, (3, 4)) ; *[2,3,4]
F.layer_norm(a, (3, 4), b) ; *[2,3,4] ; *[3,4]
F.layer_norm(a, [4], bias=b) ; *[3,4] ; *[4]
F.layer_norm(a, (4,), eps=0.1) ; *[3,4]
F.layer_norm(a, (4,)) ; *[3,4]:t
F.layer_norm(a, (3,)) ; *[2,3]:step
F.layer_norm(a, (4,)) ; *[3,4]:exp
F.layer_norm(a, (4,)) ; *[3,4]:one
F.layer_norm(a, (4,)) ; *[0,4]
F.layer_norm(a, (5,)) ; *[3,4]
F.layer_norm(a, (4,), b) ; *[3,4] ; *[3]
F.layer_norm(a, (), b) ; *[3,4] ; *[]
F.layer_norm(a, (300,)) ; *[2,300]
F.layer_norm(a + 3, (20,)) ; *[2,20]:unit
F.layer_norm(a, (5,)) ; *[2,5]:nan
torch.layer_norm(a, (4,), b, c, 1e-3) ; *[3,4] ; *[4] ; *[4]
torch.native_layer_norm(a, (4,), b, c, 1e-5) ; *[3,4] ; *[4] ; *[4]
F.rms_norm(a, (4,)) ; *[3,4]
F.rms_norm(a, (4,), b) ; *[2,3,4] ; *[4]
F.rms_norm(a, (3, 4), b, 0.1) ; *[2,3,4] ; *[3,4]
F.rms_norm(a, (4,)) ; *[3,4]:t
F.rms_norm(a, (5,)) ; *[3,4]
torch.rms_norm(a, (4,), b, eps=1e-6) ; *[3,4] ; *[4]
""",
        FLOAT,
        near=64,
        scale="tensor",
    )
    family.block(
        "batch_norm",
        """
F.batch_norm(a, b, c) ; *[3,2] ; *[2]:plain ; *[2]:pos:plain
F.batch_norm(a, b, c, d, e) ; *[2,3,4] ; *[3]:plain ; *[3]:pos:plain ; *[3] ; *[3]
F.batch_norm(a, None, None, training=True) ; *[4,3]
F.batch_norm(a, None, None, b, c, True) ; *[2,3,4,4] ; *[3] ; *[3]
(F.batch_norm(a, b, c, training=True), b, c) ; *[3,2,4] ; *[2]:plain ; *[2]:pos:plain
(F.batch_norm(a, b, c, None, None, True, 0.5, 0.1), b, c) ; *[3,2] ; *[2]:plain ; *[2]:pos:plain
F.batch_norm(a, None, None, training=True) ; *[2,3,2,2]:cl
F.batch_norm(a, b, c) ; *[2,3,2,2]:cl ; *[3]:plain ; *[3]:pos:plain
F.batch_norm(a, None, None) ; *[3,2]
F.batch_norm(a, b, c) ; *[3,2] ; *[3]:plain ; *[3]:pos:plain
F.batch_norm(a, None, None, training=True) ; *[1,3]
F.batch_norm(a, None, None, b, training=True) ; *[4,3] ; *[2]
F.batch_norm(a, b, c) ; *[0,2] ; *[2]:plain ; *[2]:pos:plain
F.batch_norm(a, b, c) ; *[2,3,2,2,2] ; *[3]:plain ; *[3]:pos:plain
F.instance_norm(a) ; *[2,3,4]
F.instance_norm(a, weight=b, bias=c) ; *[2,3,2,4] ; *[3] ; *[3]
F.instance_norm(a, b, c, use_input_stats=False) ; *[2,3,4] ; *[3]:plain ; *[3]:pos:plain
F.instance_norm(a) ; *[2,3,1]
F.instance_norm(a) ; *[2,3,2,2]:cl
(F.instance_norm(a, b, c, momentum=0.3), b, c) ; *[2,3,4] ; *[3]:plain ; *[3]:pos:plain
F.group_norm(a, 2) ; *[2,4,3]
F.group_norm(a, 2, b, c) ; *[2,4,2,2] ; *[4] ; *[4]
F.group_norm(a, 1) ; *[2,3]
F.group_norm(a, 4, eps=0.1) ; *[1,4,3]
F.group_norm(a, 2) ; *[2,4,2,2]:cl
F.group_norm(a, 3) ; *[2,4,3]
F.group_norm(a, 2, b) ; *[2,4,3] ; *[3]
F.group_norm(a, 2) ; *[0,4,3]
torch.group_norm(a, 2, b, c, 1e-3) ; *[1,4,3] ; *[4] ; *[4]
""",
        ("f32", "f64", "f16", "bf16"),
        near=64,
        scale="tensor",
    )
    family.block(
        "layer_norm",
        """
F.layer_norm(a, (4,), b, c) ; f16[3,4] ; f32[4] ; f32[4]
F.layer_norm(a, (4,), b) ; f32[3,4] ; f64[4]
F.layer_norm(a, (4,)) ; i64[3,4]
F.layer_norm(a, 4) ; f32[3,4]
F.layer_norm(a, 'x') ; f32[3,4]
""",
        words=False,
        near=64,
        scale="tensor",
    )
