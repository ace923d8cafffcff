// NVIDIA's libraries that make things faster where they are found: opened when first needed, never linked, never needed.
#pragma once
#include <string>
#include <vector>

namespace layerwise {

enum LibraryKind { kCublasLt, kCudnn, kNvrtc, kCupti, kNccl, kNvml, kLibraries };

struct Library {
  const char* name = "";  // "cuBLASLt"
  const char* what_for = "";
  void* handle = nullptr;
  std::string path;
  // Why there is none, one sentence.
  std::string reason;
  void* symbol(const char* name) const;
};

// Looks once per process: $LAYERWISE_CUDA_LIBRARIES, the folders told below, $CUDA_HOME, the usual places of the toolkit,
// then wherever the loader looks. Thread-safe; good forever.
const Library& library(LibraryKind kind);

// "13.0" or "9.24.0" as the library itself says; "" where it is missing or does not say.
std::string library_version(LibraryKind kind);

// Folders to look in first, from now on: the nvidia/*/lib of a Python environment. Only for libraries not found yet.
void add_library_folders(const std::vector<std::string>& folders);

}  // namespace layerwise
