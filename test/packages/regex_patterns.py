"""regex: the patterns of tokenizers and what surrounds them."""

import regex as re

TEXT = "Hello world's 1234 naïve café — 漢字 text!\n  two  spaces\tÜber ½ ² x_y 'll we're\u00a0end"
for pattern in (
    r"\p{L}+", r"\p{N}+", r"\p{Lu}\p{Ll}*", r"[^\s\p{L}\p{N}]+",
        r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""",
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"""
    r"""| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""", r"\P{L}+", r"[\p{L}\p{M}]+", r"\p{P}", r"\p{Zs}", r"[\p{Han}]+", r"\p{Script=Han}+",
    r"\w++", r"(?>\w+)x", r"[[:alpha:]]" if False else r"[a-z\]]+", r"\p{^L}+", r"\pL+", r"[]a]+", r"[^]a]+?",
):
    print(pattern, re.findall(pattern, TEXT))
print(re.sub(r"\p{N}", "#", TEXT), re.split(r"\s+", TEXT), re.match(r"\p{L}+", TEXT).group(), re.search(r"\p{N}+",
    TEXT).span(), re.fullmatch(r"\p{L}+", "abc") is not None)
compiled = re.compile(r"(\p{L})(\p{L})", re.IGNORECASE)
print(compiled.sub(r"\2\1", "abcd"), compiled.pattern if False else "", [m.group(1) for m in re.finditer(r"(\p{L})\p{N}",
    "a1 b2")])
print(re.escape("a.b*c"), re.compile("a").match("abc").end())
