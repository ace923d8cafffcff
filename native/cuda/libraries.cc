// Finding a library by folder, then by the names it has had: newest major version first.
#include "libraries.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include <mutex>

namespace layerwise {
namespace {

struct Names {
  const char* name;
  const char* what_for;
  std::vector<const char*> files;
  // Where a Python wheel of it keeps it, below site-packages/nvidia.
  std::vector<const char*> wheels;
};

const Names kNames[kLibraries] = {
    {"cuBLASLt", "matrix products", {"libcublasLt.so.13", "libcublasLt.so.12"}, {"cu13/lib", "cublas/lib"}},
    {"cuDNN", "convolutions", {"libcudnn.so.9"}, {"cudnn/lib"}},
    {"NVRTC", "elementwise kernels compiled at run time", {"libnvrtc.so.13", "libnvrtc.so.12"}, {"cu13/lib", "cuda_nvrtc/lib"}},
    {"CUPTI", "kernel times without events around them", {"libcupti.so.13", "libcupti.so.12"}, {"cu13/lib", "cuda_cupti/lib"}},
    {"NCCL", "several GPUs", {"libnccl.so.2"}, {"nccl/lib"}},
    {"NVML", "power, temperature and use of the GPU", {"libnvidia-ml.so.1"}, {}},
};

std::mutex lock;
// Never taken back: whoever asked may hold on to it.
const Library* found[kLibraries];
std::vector<std::string> told;

void add_matches(std::vector<std::string>& folders, const std::string& pattern) {
  glob_t matches = {};
  if (!glob(pattern.c_str(), 0, nullptr, &matches)) {
    for (size_t i = matches.gl_pathc; i-- > 0;) folders.push_back(matches.gl_pathv[i]);
  }
  globfree(&matches);
}

std::vector<std::string> folders_for(const Names& names) {
  std::vector<std::string> folders;
  if (const char* own = getenv("LAYERWISE_CUDA_LIBRARIES")) folders.push_back(own);
  for (const std::string& folder : told) {
    folders.push_back(folder);
    for (const char* wheel : names.wheels) folders.push_back(folder + "/nvidia/" + wheel);
  }
  if (const char* environment = getenv("VIRTUAL_ENV")) {
    for (const char* wheel : names.wheels) {
      add_matches(folders, std::string(environment) + "/lib/python3*/site-packages/nvidia/" + wheel);
    }
  }
  if (const char* conda = getenv("CONDA_PREFIX")) folders.push_back(std::string(conda) + "/lib");
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    if (const char* home = getenv(variable)) folders.push_back(std::string(home) + "/lib64");
  }
  folders.push_back("/usr/local/cuda/lib64");
  folders.push_back("/usr/local/cuda/extras/CUPTI/lib64");
  add_matches(folders, "/usr/local/cuda-*/lib64");
  folders.push_back("/usr/lib/wsl/lib");
  return folders;
}

Library look_for(const Names& names) {
  Library library;
  library.name = names.name;
  library.what_for = names.what_for;
  const std::vector<std::string> folders = folders_for(names);
  for (const char* file : names.files) {
    for (const std::string& folder : folders) {
      const std::string path = folder + "/" + file;
      if (access(path.c_str(), R_OK)) continue;
      library.handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      library.path = path;
      if (library.handle) return library.reason.clear(), library;
      if (const char* why = dlerror()) library.reason = std::string("found but not loadable: ") + why;
    }
    library.handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    library.path = file;
    if (library.handle) return library.reason.clear(), library;
  }
  library.path.clear();
  if (library.reason.empty()) {
    library.reason = std::string("not found: ") + names.files.front() +
                     " is in none of the CUDA toolkit, the Python environment and the loader's folders";
  }
  return library;
}

}  // namespace

void* Library::symbol(const char* name) const { return handle ? dlsym(handle, name) : nullptr; }

const Library& library(LibraryKind kind) {
  std::lock_guard<std::mutex> guard(lock);
  if (!found[kind]) found[kind] = new Library(look_for(kNames[kind]));
  return *found[kind];
}

void add_library_folders(const std::vector<std::string>& folders) {
  std::lock_guard<std::mutex> guard(lock);
  told.insert(told.end(), folders.begin(), folders.end());
  for (const Library*& library : found) {
    if (library && !library->handle) library = nullptr;
  }
}

}  // namespace layerwise
