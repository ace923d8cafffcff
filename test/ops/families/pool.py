"""Pooling, resizing and sampling of images."""

FLOAT = ("f32", "f64", "f16", "bf16")


def declare(family):
    family.block(
        "max_pool",
        """
F.max_pool1d(a, 2) ; *[1,2,7]
F.max_pool1d(a, 3, 2, 1) ; *[2,2,7]
F.max_pool1d(a, 2, return_indices=True) ; *[1,2,6]
F.max_pool1d(a, 2, ceil_mode=True) ; *[2,7]
F.max_pool1d(a, 2, dilation=2) ; *[1,1,7]
F.max_pool1d(a, 9) ; *[1,2,7]
F.max_pool1d(a, 2, padding=2) ; *[1,2,7]
F.max_pool1d(a, 2) ; *[7]
F.max_pool2d(a, 2) ; *[2,3,4,6]
F.max_pool2d(a, 3, stride=2, padding=1) ; *[1,2,5,5]
F.max_pool2d(a, (2, 3), stride=(1, 2)) ; *[1,2,4,6]
F.max_pool2d(a, 2, return_indices=True) ; *[1,2,4,4]:ties
F.max_pool2d(a, 2, ceil_mode=True) ; *[1,1,5,5]
F.max_pool2d(a, 2, dilation=2) ; *[1,2,5,5]
F.max_pool2d(a, 2) ; *[2,3,4,4]:cl
F.max_pool2d(a, 2) ; *[3,4,4]
F.max_pool2d(a, 2) ; *[1,1,4,4]:nan
F.max_pool2d(a, 2) ; *[0,1,4,4]
F.max_pool2d(a, 2) ; *[1,0,4,4]
F.max_pool2d(a, 5) ; *[1,1,4,4]
F.max_pool2d(a, 2, padding=2) ; *[1,1,4,4]
F.max_pool2d(a, 2, 0) ; *[1,1,4,4]
F.max_pool2d(a, 2) ; *[4,4]
F.max_pool2d(a, (2, 2, 2)) ; *[1,1,4,4]
F.max_pool3d(a, 2) ; *[1,2,4,4,4]
F.max_pool3d(a, 3, 2, 1) ; *[1,1,3,4,5]
F.max_pool3d(a, (1, 2, 2), return_indices=True) ; *[1,1,2,4,4]
F.adaptive_max_pool1d(a, 3) ; *[1,2,7]
F.adaptive_max_pool2d(a, (2, 3)) ; *[1,2,5,7]
F.adaptive_max_pool2d(a, 2, return_indices=True) ; *[1,2,5,5]
F.adaptive_max_pool3d(a, 2) ; *[1,1,3,4,5]
F.adaptive_max_pool2d(a, (None, 2)) ; *[1,2,3,4]
""",
        ("f32", "f64", "f16"),
        near="exact",
    )
    family.block(
        "max_pool",
        """
F.max_pool2d(a, 2) ; i64[1,1,4,4]
F.max_pool2d(a, 2) ; b[1,1,4,4]
F.max_pool2d(a, 2) ; u8[1,1,4,4]
F.max_pool1d(a, 2) ; i64[1,1,4]
""",
        words=False,
    )
    # Rows shorter than a vector.
    family.block(
        "max_pool",
        """
F.max_pool2d(a, 3, 1, 1, return_indices=True) ; *[2,3,4,4]:nan
F.max_pool2d(a, 2, 3, 1, 2, True, True) ; *[3,2,7,5]
""",
        ("f32", "f64", "f16"),
        near="exact",
    )
    family.block(
        "avg_pool",
        """
F.avg_pool1d(a, 2) ; *[1,2,7]
F.avg_pool1d(a, 3, 2, 1) ; *[1,2,7]
F.avg_pool1d(a, 3, 2, 1, count_include_pad=False) ; *[1,2,7]
F.avg_pool1d(a, 2, ceil_mode=True) ; *[2,7]
F.avg_pool2d(a, 2) ; *[2,3,4,6]
F.avg_pool2d(a, 3, 2, 1) ; *[1,2,5,5]
F.avg_pool2d(a, 3, 1, 1, count_include_pad=False) ; *[1,2,4,4]
F.avg_pool2d(a, 2, ceil_mode=True) ; *[1,1,5,5]
F.avg_pool2d(a, 2, divisor_override=3) ; *[1,1,4,4]
F.avg_pool2d(a, (2, 1), (1, 2)) ; *[1,1,4,4]
F.avg_pool2d(a, 2) ; *[2,3,4,4]:cl
F.avg_pool2d(a, 2) ; *[3,4,4]
F.avg_pool2d(a, 2) ; *[1,1,4,4]:t
F.avg_pool2d(a, 7) ; *[1,1,4,4]
F.avg_pool2d(a, 2, padding=2) ; *[1,1,4,4]
F.avg_pool2d(a, 2, divisor_override=0) ; *[1,1,4,4]
F.avg_pool2d(a, 2) ; *[4,4]
F.avg_pool3d(a, 2) ; *[1,2,4,4,4]
F.avg_pool3d(a, 3, 2, 1) ; *[1,1,3,4,5]
F.adaptive_avg_pool1d(a, 3) ; *[1,2,7]
F.adaptive_avg_pool2d(a, (2, 3)) ; *[1,2,5,7]
F.adaptive_avg_pool2d(a, 1) ; *[2,3,4,4]:cl
F.adaptive_avg_pool2d(a, (None, 2)) ; *[1,2,3,4]
F.adaptive_avg_pool2d(a, 6) ; *[1,1,4,4]
F.adaptive_avg_pool2d(a, 1) ; *[3,4,4]
F.adaptive_avg_pool2d(a, (1, 2, 3)) ; *[3,4,4]
F.adaptive_avg_pool2d(a, 2) ; *[4,4]
F.adaptive_avg_pool3d(a, 2) ; *[1,1,3,4,5]
torch.avg_pool1d(a, 2) ; *[1,2,6]
torch.adaptive_avg_pool1d(a, 2) ; *[1,2,6]
F.lp_pool1d(a, 2, 2) ; *[1,2,6]
F.lp_pool2d(a, 2, 2) ; *[1,2,4,4]
F.lp_pool2d(a, 1.5, 2, ceil_mode=True) ; *[1,1,5,5]:pos
F.max_unpool2d(*F.max_pool2d(a, 2, return_indices=True), 2) ; *[1,1,4,4]
F.max_unpool1d(*F.max_pool1d(a, 2, return_indices=True), 2) ; *[1,1,6]
F.local_response_norm(a, 2) ; *[1,4,3,3]
F.local_response_norm(a, 3, alpha=0.1, beta=0.5, k=2.0) ; *[2,4,3]
""",
        FLOAT,
        near=16,
        scale="tensor",
    )
    for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area"):
        corners = ("", ", align_corners=True", ", align_corners=False") if mode in ("bilinear", "bicubic") else ("",)
        for corner in corners:
            family.block(
                "interpolate",
                f"""
F.interpolate(a, size=(5, 7), mode='{mode}'{corner}) ; *[1,2,3,4]
F.interpolate(a, scale_factor=2, mode='{mode}'{corner}) ; *[1,2,3,4]
F.interpolate(a, scale_factor=(0.5, 1.5), mode='{mode}'{corner}) ; *[1,2,4,4]
F.interpolate(a, size=2, mode='{mode}'{corner}) ; *[1,1,5,5]:cl
F.interpolate(a, scale_factor=1.7, mode='{mode}', recompute_scale_factor=True{corner}) ; *[1,1,4,4]
""",
                ("f32", "f64", "f16"),
                near=32,
                scale="tensor",
            )
    family.block(
        "interpolate",
        """
F.interpolate(a, size=7, mode='linear') ; *[1,2,4]
F.interpolate(a, scale_factor=2, mode='linear', align_corners=True) ; *[1,2,4]
F.interpolate(a, size=7) ; *[1,2,4]
F.interpolate(a, scale_factor=2, mode='trilinear') ; *[1,1,2,3,3]
F.interpolate(a, size=(3, 4, 5), mode='trilinear', align_corners=True) ; *[1,1,2,3,3]
F.interpolate(a, scale_factor=2) ; *[1,1,2,2,2]
F.interpolate(a, scale_factor=0.6, mode='bilinear', antialias=True) ; *[1,1,7,7]
F.interpolate(a, size=(3, 3), mode='bicubic', antialias=True) ; *[1,1,7,7]
F.interpolate(a, mode='bilinear') ; *[1,1,4,4]
F.interpolate(a, size=3, scale_factor=2) ; *[1,1,4,4]
F.interpolate(a, size=3, mode='bilinear') ; *[1,1,4]
F.interpolate(a, size=3, mode='nearest', align_corners=True) ; *[1,1,4]
F.interpolate(a, size=3, mode='cubic') ; *[1,1,4]
F.interpolate(a, size=(3, 3)) ; *[1,1,4]
F.interpolate(a, size=0) ; *[1,1,4]
F.interpolate(a, size=3) ; *[4,4]
F.upsample(a, scale_factor=2) ; *[1,1,2,2]
F.upsample_nearest(a, scale_factor=2) ; *[1,1,2,2]
F.upsample_bilinear(a, scale_factor=2) ; *[1,1,2,2]
F.grid_sample(a, b) ; *[1,2,3,4] ; *[1,2,2,2]:small
F.grid_sample(a, b, align_corners=True) ; *[1,2,3,4] ; *[1,2,2,2]:small
F.grid_sample(a, b, mode='nearest') ; *[1,2,3,4] ; *[1,2,2,2]:small
F.grid_sample(a, b, padding_mode='border') ; *[1,2,3,4] ; *[1,2,2,2]
F.grid_sample(a, b, padding_mode='reflection') ; *[1,2,3,4] ; *[1,2,2,2]
F.grid_sample(a, b, mode='bicubic') ; *[1,1,4,4] ; *[1,2,2,2]:small
F.grid_sample(a, b) ; *[1,1,2,3,3] ; *[1,2,2,2,3]:small
F.grid_sample(a, b) ; *[1,2,3,4] ; *[2,2,2,2]:small
F.affine_grid(a, (1, 1, 3, 4)) ; *[1,2,3]
F.affine_grid(a, (1, 1, 3, 4), align_corners=True) ; *[1,2,3]
F.affine_grid(a, (1, 1, 2, 2, 2)) ; *[1,3,4]
""",
        ("f32", "f64"),
        near=64,
        scale="tensor",
    )
