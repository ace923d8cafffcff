"""C++ and CUDA extensions cannot be built or loaded into a sandboxed interpreter: every entry says so."""

CUDA_HOME = None


def _refuse(name):
    raise RuntimeError(f"torch.utils.cpp_extension.{name}: C++ and CUDA extensions cannot be loaded here")


def load(name, sources, *args, **kwargs):
    _refuse("load")


def load_inline(name, cpp_sources, *args, **kwargs):
    _refuse("load_inline")


def CppExtension(name, sources, *args, **kwargs):
    _refuse("CppExtension")


def CUDAExtension(name, sources, *args, **kwargs):
    _refuse("CUDAExtension")
