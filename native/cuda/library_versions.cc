// Asking NVIDIA's libraries for their own versions: each has a function of its own for that, and a number of its own.
#include <stddef.h>
#include <stdint.h>

#include "libraries.h"
#include "nvml.h"

namespace layerwise {
namespace {

std::string dotted(size_t major, size_t minor, size_t patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

// A function of no arguments that returns the version.
size_t returned(const Library& from, const char* symbol) {
  auto function = (size_t(*)())from.symbol(symbol);
  return function ? function() : 0;
}

template <class Number> Number written(const Library& from, const char* symbol) {
  auto function = (int (*)(Number*))from.symbol(symbol);
  Number value = 0;
  return function && !function(&value) ? value : 0;
}

}  // namespace

std::string library_version(LibraryKind kind) {
  const Library& from = library(kind);
  if (!from.handle) return "";
  switch (kind) {
    case kCublasLt: {
      const size_t version = returned(from, "cublasLtGetVersion");
      // 120304 is 12.3.4, 130100 is 13.1.0.
      return version ? dotted(version / 10000, version / 100 % 100, version % 100) : "";
    }
    case kCudnn: {
      const size_t version = returned(from, "cudnnGetVersion");
      return version ? dotted(version / 10000, version / 100 % 100, version % 100) : "";
    }
    case kNvrtc: {
      auto function = (int (*)(int*, int*))from.symbol("nvrtcVersion");
      int major = 0, minor = 0;
      if (!function || function(&major, &minor)) return "";
      return std::to_string(major) + "." + std::to_string(minor);
    }
    case kCupti: {
      const uint32_t version = written<uint32_t>(from, "cuptiGetVersion");
      // Below 13 the number counts releases of the interface and is no version that people know.
      return version >= 130000 ? dotted(version / 10000, version / 100 % 100, version % 100)
                               : "API " + std::to_string(version);
    }
    case kNccl: {
      const int version = written<int>(from, "ncclGetVersion");
      return version ? dotted(size_t(version) / 10000, size_t(version) / 100 % 100, size_t(version) % 100) : "";
    }
    case kNvml: return driver_release();
    default: return "";
  }
}

}  // namespace layerwise
