"""PIL.features: which decoders there are."""

_THERE = {"pil", "jpg", "zlib", "webp", "libjpeg_turbo"}


def check(feature):
    return feature in _THERE


check_module = check_codec = check_feature = check
