"""Arrays: making, indexing, printing, dtypes and how they meet, scalars."""

import numpy as np


def show(label, call):
    try:
        found = call()
        print(label, repr(found), getattr(found, "dtype", ""), getattr(found, "shape", ""))
    except Exception as error:
        print(label, type(error).__name__, str(error).splitlines()[0][:150])


# Making
for text in (
    "np.array([1, 2, 3])", "np.array([1.5, 2])", "np.array([[1, 2], [3, 4]], dtype=np.float32)", "np.array([True, False])",
    "np.array([])", "np.array(5)", "np.array([[]])", "np.array([1, 2], dtype='uint8')", "np.zeros((2, 3))",
    "np.ones(3, dtype=int)",
    "np.full((2, 2), 7)", "np.full(3, 1.5)", "np.full((2,), True)", "np.eye(3)", "np.eye(2, 4, k=1)", "np.identity(2)",
    "np.arange(5)", "np.arange(1, 10, 3)", "np.arange(0, 1, 0.25)", "np.arange(5.0)", "np.arange(10, 0, -3)",
    "np.arange(3, dtype=np.float32)", "np.arange(0)", "np.linspace(0, 1, 5)", "np.linspace(1, 2, 3, endpoint=False)",
    "np.linspace(0, 10, 4, dtype=int)", "np.linspace(0, 1, 3, retstep=True)", "np.logspace(0, 2, 3)", "np.geomspace(1, 8, 4)",
    "np.zeros_like(np.arange(3))", "np.ones_like(np.arange(3.0))", "np.full_like(np.arange(3), 9)", "np.empty((0, 3)).shape",
    "np.tri(3)", "np.diag([1, 2, 3])", "np.diag(np.arange(9).reshape(3, 3))", "np.diag([1, 2], k=1)",
    "np.fromiter(range(4), dtype=float)",
    "np.meshgrid(np.arange(3), np.arange(2))", "np.meshgrid([0, 1], [2, 3], indexing='ij')", "np.indices((2, 3))",
    "np.mgrid[0:2, 0:3]", "np.ogrid[0:2, 0:3]", "np.r_[1:4, 0, 5]", "np.c_[[1, 2], [3, 4]]",
    "np.frombuffer(b'\\x01\\x02\\x03\\x04', dtype=np.uint8)",
    "np.frombuffer(np.arange(4, dtype=np.uint16).tobytes(), dtype=np.uint16)", "np.array([np.float32(1), 2])",
    "np.array([[1, 2], [3]])",
    "np.array((1, 2.0, True))", "np.asarray(np.arange(3)) is None", "np.array([np.arange(2), np.arange(2)])",
    "np.array(range(3))",
    "np.fromfunction(lambda i, j: i + j, (2, 3))", "np.array([2**62, 1])", "np.zeros(3, dtype=np.float16)",
    "np.array(3.0, ndmin=2)",
    "np.zeros(2, dtype='f4')", "np.ones(2, '<i2')", "np.ones(2, 'B')",
    "np.ascontiguousarray(np.arange(6).reshape(2, 3).T).strides",
    "np.zeros((2, 3), dtype=np.float32).strides", "np.arange(6).reshape(2, 3).T.flags['C_CONTIGUOUS']", "np.array(True)",
    "np.array([1, 2]).astype(str)", "np.array(['a'])", "np.zeros(2, dtype=object)",
):
    if "str" in text or "'a'" in text or "object" in text:
        continue
    show(text, lambda: eval(text))

# Indexing
a = np.arange(24).reshape(2, 3, 4)
b = np.arange(10) * 1.5
for text in (
    "a[0]", "a[1, 2, 3]", "a[-1, -1]", "a[:, 1]", "a[..., 0]", "a[0, ..., 1]", "a[:, ::2, 1:3]", "a[None].shape", "a[:, None, 0]",
    "b[::-1]", "b[7:2:-2]", "a[:, ::-1, ::-2]", "a[::-1, 0]", "b[[0, 2, -1]]", "b[np.array([[1, 2], [3, 4]])]", "b[b > 5]",
    "a[a % 2 == 0]",
    "a[:, [0, 2]]", "a[[0, 1], [1, 2]]", "a[[0, 1], :, [1, 2]]", "a[0, [True, False, True]]", "a[a[:, :, 0] > 3]",
    "a[np.ix_([0, 1], [0, 2], [1])]",
    "b[np.int64(3)]", "b[np.array(3)]", "a[1][2]", "b[10]", "a[0, 5]", "a[2]", "a[0, 0, 0, 0]", "b[1.0]", "b['x']",
    "b[np.array([0.5])]",
    "b[[]]", "a[()].shape", "b[...].shape", "np.array(4)[()]", "b[np.array([True, False])]", "b[5:100]", "b[100:]",
    "a[:, :, -1:]", "a[True].shape",
    "list(b[:3])", "[int(x) for x in np.arange(3)]", "b.item(3)", "a.item(1, 0, 0)", "a.flat[5]",
    "list(np.arange(4).reshape(2, 2).flat)",
    "a.take([0, 1], axis=2)", "np.take(b, [[0, 1], [2, 3]])", "b.tolist()", "a[0].tolist()", "5 in a", "100 in a", "len(a)",
    "a.size", "a.ndim",
    "a.T.shape", "a.nbytes", "a.itemsize",
):
    show(text, lambda: eval(text))


def write(text):
    x = np.arange(12).reshape(3, 4)
    exec(text, {"np": np, "x": x})
    return x


for text in (
    "x[0] = 9", "x[:, 1] = [7, 8, 9]", "x[1, 2] = 3.9", "x[x > 5] = 0", "x[[0, 2]] = 1", "x[::2, ::2] *= 10",
    "x[..., -1] = x[..., 0]", "x += 1",
    "x -= x.T[:3, :3].sum()", "x[:] = np.arange(4)", "x[::-1] = x.copy()", "x[0, ::-1] = [1, 2, 3, 4]",
    "x[x % 2 == 0] = -x[x % 2 == 0]",
    "x[np.array([0, 0, 1]), 0] += 1", "np.add.at(x, (np.array([0, 0, 1]), 0), 1)", "x[0] = [1, 2]", "x[5] = 1", "x += 0.5",
    "x *= 2.0", "x //= 2",
    "x **= 2", "x[1] = np.array([1.7, 2.2, -3.9, 4])", "x.fill(4)", "x.flat[3] = 99", "x[None, 0] = 5", "x[:, 0] = 300",
    "np.fill_diagonal(x, 0)",
    "np.put_along_axis(x, np.array([[0], [1], [2]]), -1, axis=1)", "x.sort(axis=0)", "np.copyto(x, 1, where=x > 4)",
    "np.clip(x, 2, 5, out=x)",
    "x[x > 100] = 1", "x[[True, False, True]] = 6", "np.put(x, [0, 5], [50, 60])", "x.setflags(write=False); x[0] = 1",
):
    show(text, lambda: write(text))

# dtypes
for text in (
    "np.dtype('float32')", "np.dtype(int)", "np.dtype('u1').name", "np.dtype(bool)", "np.dtype('<i4').itemsize",
    "np.dtype(np.uint16).str",
    "np.float32 == np.dtype('float32')", "np.dtype('int64') == int", "np.dtype('f8').kind",
    "np.issubdtype(np.float32, np.floating)",
    "np.issubdtype(np.int8, np.integer)", "np.issubdtype(np.int8, np.floating)", "np.issubdtype(float, np.number)",
    "np.result_type(np.int8, np.uint8)",
    "np.result_type(np.int32, np.float32)", "np.promote_types('f4', 'i8')", "np.promote_types('u8', 'i8')",
    "np.can_cast('f8', 'f4')",
    "np.can_cast('f8', 'f4', 'same_kind')", "np.can_cast(np.int32, np.float64)", "np.finfo(np.float32).eps",
    "np.finfo(np.float64).max",
    "np.finfo('float16').tiny", "np.iinfo(np.int32).max", "np.iinfo('uint8')", "np.dtype('nonsense')",
    "np.float32(1) + np.float64(1)",
    "np.float32(0.1) + 1", "np.float32(0.1) * 3.0", "np.int8(100) + np.int8(27)", "np.uint8(200) + 10", "np.int64(3) / 2",
    "np.int32(7) // 2",
    "np.float32(1) / 3", "np.arange(3, dtype=np.float32) * 2.5", "np.arange(3, dtype=np.int32) * 2.5",
    "np.arange(3) + np.float32(1)",
    "np.arange(3, dtype=np.uint8) + 300", "np.arange(3, dtype=np.uint8) - 1", "np.arange(3, dtype=np.int8) * np.int16(3)",
    "np.ones(2, dtype=np.float16) + np.float32(1)", "np.ones(2, bool) + np.ones(2, bool)",
    "np.ones(2, bool) - np.ones(2, bool)", "-np.ones(2, bool)",
    "np.ones(2, bool) * 3", "np.array([250], np.uint8) + np.array([10], np.uint8)",
    "np.array([65530], np.uint16) + np.uint16(10)",
    "np.array([1], np.uint16) - np.uint16(2)", "np.array([2.7, -2.7]).astype(int)", "np.array([300, -1]).astype(np.uint8)",
    "np.array([70000]).astype('u2')",
    "np.array([0, 2, 0.5]).astype(bool)", "np.array([1, 2]).astype(np.float32)", "np.float64(2).dtype",
    "np.bool_(True) & True", "np.True_ + 1",
    "int(np.int32(5))", "float(np.float32(0.5))", "np.float64(3).is_integer()", "isinstance(np.float64(1), float)",
    "isinstance(np.int64(1), np.integer)",
    "hash(np.int64(5)) == hash(5)", "np.int64(5) == 5", "{np.int64(1): 2}[1]", "round(np.float64(2.567), 1)",
    "np.float32(3.14159).round(2)",
    "f'{np.float32(0.1):.3f}'", "str(np.float32(0.1))", "str(np.float64(1e-10))", "repr(np.float16(0.333))",
    "np.int64(10) % 3", "-np.int64(7) // 2",
    "np.int64(2) ** 10", "np.float64(2) ** -1", "np.int64(2) ** -1", "abs(np.int8(-5))", "divmod(np.int64(7), 2)",
    "np.float64(1) > np.arange(3)",
    "np.int64(3) * [1, 2]", "3 * np.arange(2)", "[1, 2] + np.arange(2)", "np.uint8(3) - np.uint8(5)",
    "np.isscalar(np.float32(1))", "np.float32('1.5')",
    "np.uint64(2**63 - 1)", "np.int32(2**31 - 1) + np.int32(0)", "np.array([1, 2]) == [1, 3]", "np.array([1]) == None",
    "bool(np.array([1]))", "bool(np.array([1, 2]))", "float(np.array(2.5))", "int(np.array([3])[0])",
    "np.arange(3).dtype == np.int64",
):
    if text in ("np.int64(3) * [1, 2]", "np.array([1]) == None"):
        continue
    show(text, lambda: eval(text))

# Printing
for value in (
    np.arange(3), np.arange(1001), np.arange(100).reshape(10, 10), np.arange(2000).reshape(40, 50), np.array([1.0, 2.5,
        1e-5]), np.array([1e10, 1]),
    np.array([0.1, 0.22, 0.333]), np.array([1e-8, 1e-9]), np.array([np.nan, 1, np.inf]), np.array([-np.inf, 2.5]),
        np.array([1.0, -1.0]), np.array([]),
    np.zeros((2, 0)), np.array([True, False, True]), np.array([[1.5, 2], [3, 4]], dtype=np.float32), np.array([0.1, 0.2],
        dtype=np.float32),
    np.array([1 / 3], dtype=np.float16), np.array([123456.789, 0.001]), np.array([1e100, 1e-100]), np.arange(8.0).reshape(2,
        2, 2),
    np.linspace(0, 1, 30), np.array(3.5), np.array(7), np.array([100000000.0]), np.array([99999999.0]),
        np.array([1.123456789012]),
    np.array([[1, -20], [300, 4]]), np.array([0.0, -0.0]), np.arange(3, dtype=np.uint8), np.array([1e-4, 1.0]),
        np.array([9.9e-5, 1.0]),
    np.array([0.5, 1000.0]), np.array([0.5, 1001.0]), np.full((3, 3), 1e5), np.array([2.0**60]), np.array([1e16, 1.0]),
        np.ones((2, 3, 4)) / 3,
    np.array([nan := float("nan")]), np.array([1.0, nan, -2.25]), np.arange(-5, 5), np.array([[0.00001, 123.0]]),
):
    print(value)
    print(repr(value))
np.set_printoptions(precision=3, suppress=True)
print(np.array([1.23456, 1e-6, 100.0]))
np.set_printoptions(precision=8, suppress=False)
with np.printoptions(precision=2):
    print(np.array([3.14159, 2.71828]))
print(np.array2string(np.arange(4) / 3, precision=4, separator=", "), np.array_str(np.arange(3)))
