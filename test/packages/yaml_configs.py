"""yaml: configuration files read and written."""

import io

import yaml

TEXTS = [
    "a: 1\nb: 2.5\nc: text\nd: true\ne: null\nf: ~\ng:\n", "- 1\n- two\n- [3, 4]\n- {x: 5, y: [6]}\n",
    "model:\n  name: gpt\n  layers: 12\n  dims: [64, 128]\n  opt:\n    lr: 3e-4\n    wd: 1.0e-2\n",
    "# comment\nkey: value # behind\nurl: http://x.y/z#frag\n",
    "a: 'single ''quoted'''\nb: \"double \\n \\\"q\\\" \\u00e9\"\n",
    "text: |\n  line one\n    indented\n  line two\n\nnext: >\n  folded\n  text\n\n  para\n",
    "keep: |+\n  a\n\nstrip: |-\n  b\n\nc: >-\n  x\n  y\n",
    "base: &b\n  x: 1\n  y: 2\nchild:\n  <<: *b\n  y: 3\nsame: *b\n",
    "list:\n- a\n- b\n-\n  - nested\n- key: v\n  other: w\n- - p\n  - q\n",
    "yes: no\non: off\nTrue: False\n", "i: 0x1F\no: 017\nb: 0b101\nu: 1_000\nn: -5\np: +3\nt: 1:30\n",
    "f: .5\ng: 1.\nh: 1e5\ni: 1.5e+3\nj: .inf\nk: -.INF\nl: .nan\nm: 6.02e23\n", "d: 2024-01-02\n",
    "---\na: 1\n---\nb: 2\n", "--- \n- x\n...\n", "", "# only a comment\n", "plain text\n", "42\n",
    "long: this is a\n  continued plain\n  scalar\n", "empty_list: []\nempty_map: {}\nempty_str: ''\n",
    "{a: 1, b: {c: [1, 2, {d: e}]}, 'q r': \"s\"}\n", "[a,\n b,\n c: d]\n", "multi: [1,\n  2, # two\n  3]\nafter: x\n",
    "key with spaces: v\n? \n" if False else "key with spaces: v\n", "a: b: c\n", "a: [1, 2\n",
    "a: 1\n b: 2\n", "\ta: 1\n", "a: *missing\n", "a: !!python/object:os.system x\n", "a: !custom x\n",
    "a: !!str 12\nb: !!int '5'\nc: !!float 3\n", "- - - deep\n", "a:\n  - b\n  - c:\n      d: e\n    f: g\n",
    "window: \"a # not comment\"\nhash: a#b\ncolon: a:b\ntime: 12:30:45\n", "1: one\n2.5: two\nnull: three\n",
    "quoted: \"over\n  two lines\"\n", "a: &x [1, 2]\nb: *x\n", "optimizer: {name: adamw, lr: 0.001, betas: [0.9, 0.999]}\n",
    "s: '2024-01-02'\nn: '12'\nt: 'true'\n", "a:   \n\n\n  b: 1\n\n\nc: 2\n", "- !!str 1\n- 'x'\n", "w: C:\\path\\file\n",
    "pct: 50%\nat: user@host\ndash: -x\nq: ?x\n",
]
for text in TEXTS:
    try:
        found = list(yaml.safe_load_all(text)) if "---" in text else yaml.safe_load(text)
        print(repr(found))
    except yaml.YAMLError:
        print("YAMLError", repr(text[:30]))

DATA = [
    {"b": 1, "a": [1, 2, {"x": None, "y": True}], "c": {"d": 1.5, "e": "text"}}, [1, "two", 3.0, None, False], {}, [],
    "plain", 5, None, True, 1.0, {"list": [], "map": {}, "s": ""},
    {"quoted": "true", "n": "12", "null": "null", "colon": "a: b", "hash": "a #b", "dash": "- x", "star": "*x", "amp": "&x",
    "at": "@x", "pct": "%x", "excl": "!x", "sp": " lead", "tr": "trail "},
    {"float": [1e-5, 1e20, 0.1, float("inf"), float("-inf"), float("nan"), 3.0e-4, 1.5e300]},
    {"multi": "line one\nline two\n", "two": "a\nb", "tab": "a\tb", "quote": "it's", "dq": 'say "x"', "bs": "a\\b"},
    {"nested": [[1, 2], [[3], {"k": [4]}]]}, {1: "int key", 2.5: "float", True: "bool", "z": 0}, {"unicode": "é ü 漢",
    "emoji": "😀"}, [{"a": 1, "b": 2}, {"c": [{"d": 3}]}],
    {"long": "word " * 40, "longq": "a: " * 40}, {"date": __import__("datetime").date(2024, 1, 2)}, {"empty": {"x": [],
    "y": {}}, "v": "1e-4", "w": "1.0", "x": "0x10", "y": "~", "z": "yes"},
    {"a": "x:", "b": ":x", "c": "[x", "d": "x]", "e": "{x}", "f": "a,b", "g": "|x", "h": ">x", "i": "'x", "j": "`x",
    "k": "=", "l": "-", "m": "--- x", "n": "...", "o": "a\n", "p": "<<"},
]
shared = [1, 2]
DATA.append({"one": shared, "two": shared})
for data in DATA:
    print(yaml.safe_dump(data), end="")
    print(yaml.dump(data, sort_keys=False, default_flow_style=True, allow_unicode=True), end="")
print(yaml.dump({"a": {"b": [1, 2]}}, indent=4), end="")
print(yaml.dump_all([{"a": 1}, {"b": 2}]), end="")
print(yaml.safe_dump({"a": 1}, explicit_start=True), end="")
target = io.StringIO()
print(yaml.dump({"x": "é"}, target, allow_unicode=True), target.getvalue(), end="")
try:
    yaml.safe_dump(object())
except yaml.YAMLError:
    print("YAMLError")
