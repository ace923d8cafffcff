"""Convolutions and what folds windows, with every option and the words for shapes that do not meet."""

FLOAT = ("f32", "f64", "f16", "bf16")


def declare(family):
    family.block(
        "conv1d",
        """
F.conv1d(a, b) ; *[2,3,7] ; *[4,3,3]
F.conv1d(a, b, c) ; *[2,3,7] ; *[4,3,3] ; *[4]
F.conv1d(a, b, stride=2, padding=1) ; *[1,2,8] ; *[2,2,3]
F.conv1d(a, b, dilation=2) ; *[1,2,8] ; *[2,2,3]
F.conv1d(a, b, groups=2) ; *[1,4,5] ; *[2,2,3]
F.conv1d(a, b, padding='same') ; *[1,2,6] ; *[2,2,3]
F.conv1d(a, b, padding='same', dilation=2) ; *[1,2,6] ; *[2,2,4]
F.conv1d(a, b, padding='valid') ; *[1,2,6] ; *[2,2,3]
F.conv1d(a, b, padding='same', stride=2) ; *[1,2,6] ; *[2,2,3]
F.conv1d(a, b) ; *[2,7] ; *[3,2,3]
F.conv1d(a, b) ; *[1,2,2] ; *[3,2,3]
F.conv1d(a, b) ; *[1,3,5] ; *[3,2,3]
F.conv1d(a, b, c) ; *[1,2,5] ; *[3,2,3] ; *[2]
F.conv1d(a, b) ; *[5] ; *[3,2,3]
F.conv1d(a, b, stride=0) ; *[1,2,5] ; *[3,2,3]
F.conv1d(a, b, padding=-1) ; *[1,2,5] ; *[3,2,3]
F.conv1d(a, b) ; *[0,2,5] ; *[3,2,3]
F.conv1d(a, b) ; *[2,5,3]:t ; *[4,5,2]:t
torch.conv1d(a, b, None, 1, 1) ; *[1,2,5] ; *[3,2,3]
torch.conv_tbc(a, b, c, 1) ; *[5,2,3] ; *[3,3,4] ; *[4]
""",
        FLOAT,
        near=32,
        scale="tensor",
    )
    family.block(
        "conv2d",
        """
F.conv2d(a, b) ; *[2,3,5,6] ; *[4,3,3,3]
F.conv2d(a, b, c) ; *[2,3,5,6] ; *[4,3,3,3] ; *[4]
F.conv2d(a, b, padding=1) ; *[1,2,4,4] ; *[3,2,3,3]
F.conv2d(a, b, stride=(2, 1), padding=(1, 2)) ; *[1,2,5,5] ; *[3,2,3,3]
F.conv2d(a, b, dilation=2) ; *[1,2,6,6] ; *[3,2,2,2]
F.conv2d(a, b, groups=2) ; *[1,4,4,4] ; *[6,2,3,3]
F.conv2d(a, b, groups=4, padding=1) ; *[1,4,4,4] ; *[4,1,3,3]
F.conv2d(a, b, c, 2, 1, 1, 3) ; *[2,3,5,5] ; *[6,1,3,3] ; *[6]
F.conv2d(a, b) ; *[1,4,3,3] ; *[5,4,1,1]
F.conv2d(a, b, stride=2) ; *[1,4,5,5] ; *[5,4,1,1]
F.conv2d(a, b, padding='same') ; *[1,2,5,4] ; *[2,2,3,2]
F.conv2d(a, b, padding='valid') ; *[1,2,5,4] ; *[2,2,3,2]
F.conv2d(a, b) ; *[2,5,5] ; *[3,2,2,2]
F.conv2d(a, b, padding=1) ; *[2,3,4,4]:cl ; *[4,3,3,3]
F.conv2d(a, b) ; *[2,3,4,4]:cl ; *[4,3,3,3]:cl
F.conv2d(a, b) ; *[2,3,4,4] ; *[4,3,3,3]:cl
F.conv2d(a, b) ; *[1,1,8,8] ; *[2,1,5,5]
F.conv2d(a, b, padding=3) ; *[1,3,8,8] ; *[2,3,7,7]
F.conv2d(a, b) ; *[1,3,4,4] ; *[4,2,3,3]
F.conv2d(a, b) ; *[1,2,2,2] ; *[4,2,3,3]
F.conv2d(a, b, c) ; *[1,2,4,4] ; *[4,2,3,3] ; *[3]
F.conv2d(a, b) ; *[4,4] ; *[4,2,3,3]
F.conv2d(a, b) ; *[1,2,4,4] ; *[4,2,3]
F.conv2d(a, b, groups=3) ; *[1,4,4,4] ; *[6,2,3,3]
F.conv2d(a, b, stride=(1, 2, 3)) ; *[1,2,4,4] ; *[4,2,3,3]
F.conv2d(a, b, dilation=0) ; *[1,2,4,4] ; *[4,2,3,3]
F.conv2d(a, b) ; *[0,2,4,4] ; *[4,2,3,3]
F.conv2d(a, b, padding='full') ; *[1,2,4,4] ; *[4,2,3,3]
F.conv2d(a, b) ; *[1,2,4,5]:t ; *[2,2,3,2]:step
torch.conv2d(a, b, c, padding=1) ; *[1,2,4,4] ; *[3,2,3,3] ; *[3]
""",
        FLOAT,
        near=64,
        scale="tensor",
    )
    family.block(
        "conv3d",
        """
F.conv3d(a, b) ; *[1,2,3,4,4] ; *[3,2,2,2,2]
F.conv3d(a, b, c, stride=2, padding=1) ; *[1,2,3,4,4] ; *[3,2,3,3,3] ; *[3]
F.conv3d(a, b, groups=2) ; *[1,4,3,3,3] ; *[2,2,2,2,2]
F.conv3d(a, b, dilation=(1, 2, 1)) ; *[1,2,3,4,3] ; *[2,2,2,2,2]
F.conv3d(a, b) ; *[2,3,3,3] ; *[2,2,2,2,2]
F.conv3d(a, b, padding='same') ; *[1,1,3,3,3] ; *[1,1,3,3,2]
F.conv3d(a, b) ; *[1,2,1,4,4] ; *[3,2,2,2,2]
F.conv3d(a, b) ; *[1,3,3,4,4] ; *[3,2,2,2,2]
torch.conv3d(a, b, None, 2) ; *[1,2,4,4,4] ; *[3,2,2,2,2]
F.conv3d(a, b) ; *[3,4,4] ; *[3,2,2,2,2]
""",
        FLOAT,
        near=64,
        scale="tensor",
    )
    family.block(
        "conv_transpose2d",
        """
F.conv_transpose1d(a, b) ; *[1,2,4] ; *[2,3,3]
F.conv_transpose1d(a, b, c, stride=2, padding=1, output_padding=1) ; *[1,2,4] ; *[2,3,3] ; *[3]
F.conv_transpose1d(a, b, groups=2) ; *[1,4,4] ; *[4,2,3]
F.conv_transpose1d(a, b, dilation=2) ; *[2,4] ; *[2,3,2]
F.conv_transpose2d(a, b) ; *[1,2,3,3] ; *[2,3,2,2]
F.conv_transpose2d(a, b, c, 2, 1) ; *[1,2,3,3] ; *[2,3,3,3] ; *[3]
F.conv_transpose2d(a, b, stride=2, output_padding=1) ; *[1,2,3,3] ; *[2,3,3,3]
F.conv_transpose2d(a, b, groups=2) ; *[1,4,3,3] ; *[4,2,3,3]
F.conv_transpose2d(a, b, dilation=2, padding=(1, 0)) ; *[1,2,3,3] ; *[2,3,2,3]
F.conv_transpose2d(a, b) ; *[2,3,3] ; *[2,3,2,2]
F.conv_transpose2d(a, b) ; *[1,2,3,3]:cl ; *[2,3,2,2]
F.conv_transpose2d(a, b) ; *[1,3,3,3] ; *[2,3,2,2]
F.conv_transpose2d(a, b, stride=1, output_padding=1) ; *[1,2,3,3] ; *[2,3,2,2]
F.conv_transpose2d(a, b, padding=5) ; *[1,2,3,3] ; *[2,3,2,2]
torch.conv_transpose2d(a, b) ; *[1,2,3,3] ; *[2,3,2,2]
F.conv_transpose3d(a, b) ; *[1,2,2,3,3] ; *[2,3,2,2,2]
F.conv_transpose3d(a, b, c, stride=2, padding=1) ; *[1,2,2,3,3] ; *[2,2,3,3,3] ; *[2]
F.conv_transpose3d(a, b) ; *[1,3,2,3,3] ; *[2,3,2,2,2]
""",
        FLOAT,
        near=64,
        scale="tensor",
    )
    family.block(
        "im2col",
        """
F.unfold(a, 2) ; *[1,2,3,4]
F.unfold(a, (2, 3), padding=1) ; *[1,2,3,4]
F.unfold(a, 2, stride=2, dilation=1) ; *[2,1,4,4]
F.unfold(a, 2, dilation=2) ; *[1,1,4,4]
F.unfold(a, 5) ; *[1,2,3,4]
F.unfold(a, 2) ; *[2,3,4]
F.unfold(a, 2) ; *[3,4]
F.fold(a, (3, 4), 2) ; *[1,8,6]
F.fold(a, (4, 4), 2, stride=2) ; *[1,4,4]
F.fold(a, (4, 4), (2, 2), padding=1, stride=2) ; *[1,8,9]
F.fold(a, (3, 4), 2) ; *[1,8,5]
F.fold(a, (3, 4), 2) ; *[1,7,6]
""",
        ("f32", "f64", "f16"),
        near=8,
        scale="tensor",
    )
    family.block(
        "conv2d",
        """
F.conv2d(a, b) ; f32[1,2,4,4] ; f64[2,2,3,3]
F.conv2d(a, b) ; i64[1,2,4,4] ; i64[2,2,3,3]
F.conv2d(a, b) ; f32[1,2,4,4] ; i64[2,2,3,3]
F.conv2d(a, b, c) ; f32[1,2,4,4] ; f32[2,2,3,3] ; f64[2]
""",
        words=False,
        near=32,
        scale="tensor",
    )
    family.block(
        "conv2d",
        """
F.conv2d(a, b, padding=1) ; *[2,16,9,9] ; *[24,16,3,3]
F.conv2d(a, b, padding=1, groups=16) ; *[1,16,12,12]:cl ; *[16,1,3,3]
F.conv2d(a, b, stride=2, padding=3) ; *[1,3,20,20] ; *[8,3,7,7]
""",
        ("f32", "f16"),
        near=128,
        scale="tensor",
        gradient=False,
    )
