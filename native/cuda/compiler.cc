// NVRTC by dlopen. Images are cached on disk under the hash of everything that they depend on; a file that cannot be
// read or written is as good as none.
#include "compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mutex>
#include <vector>

#include "libraries.h"

namespace layerwise {
namespace {

using NvrtcProgram = struct NvrtcProgramObject*;

// name, symbol, arguments
#define LW_NVRTC_FUNCTIONS(_) \
  _(version, nvrtcVersion, (int*, int*)) \
  _(create, nvrtcCreateProgram, (NvrtcProgram*, const char*, const char*, int, const char* const*, const char* const*)) \
  _(destroy, nvrtcDestroyProgram, (NvrtcProgram*)) \
  _(compile, nvrtcCompileProgram, (NvrtcProgram, int, const char* const*)) \
  _(log_size, nvrtcGetProgramLogSize, (NvrtcProgram, size_t*)) \
  _(log, nvrtcGetProgramLog, (NvrtcProgram, char*)) \
  _(image_size, nvrtcGetCUBINSize, (NvrtcProgram, size_t*)) \
  _(image, nvrtcGetCUBIN, (NvrtcProgram, char*))

struct Nvrtc {
#define LW_MEMBER(name, its_symbol, arguments) int(*name) arguments = nullptr;
  LW_NVRTC_FUNCTIONS(LW_MEMBER)
#undef LW_MEMBER
  bool is_found = false;
  int major_version = 0, minor_version = 0;
};

const Nvrtc& nvrtc() {
  static const Nvrtc found = [] {
    Nvrtc n;
    const Library& from = library(kNvrtc);
    if (!from.handle) return n;
    n.is_found = true;
#define LW_FIND(name, its_symbol, arguments) \
  n.name = (int(*) arguments)from.symbol(#its_symbol); \
  n.is_found = n.is_found && n.name;
    LW_NVRTC_FUNCTIONS(LW_FIND)
#undef LW_FIND
    if (n.is_found) n.version(&n.major_version, &n.minor_version);
    return n;
  }();
  return found;
}

std::mutex lock;
std::string cache_folder;

uint64_t hash(const std::string& text) {
  uint64_t h = 14695981039346656037u;
  for (const char c : text) h = (h ^ (unsigned char)c) * 1099511628211u;
  return h;
}

std::string cache_path(const std::string& source, int arch) {
  std::lock_guard<std::mutex> guard(lock);
  if (cache_folder.empty()) return "";
  char name[96];
  snprintf(name, sizeof name, "/%016llx-%zu-sm%d-nvrtc%d.%d.cubin", (unsigned long long)hash(source), source.size(),
           arch, nvrtc().major_version, nvrtc().minor_version);
  return cache_folder + name;
}

bool read_file(const std::string& path, std::string* content) {
  FILE* file = path.empty() ? nullptr : fopen(path.c_str(), "rb");
  if (!file) return false;
  char buffer[1 << 14];
  size_t count;
  while ((count = fread(buffer, 1, sizeof buffer, file)) > 0) content->append(buffer, count);
  fclose(file);
  return !content->empty();
}

// Whole or not at all: another process may read at this moment.
void write_file(const std::string& path, const std::string& content) {
  if (path.empty()) return;
  const std::string unfinished = path + "." + std::to_string(getpid());
  FILE* file = fopen(unfinished.c_str(), "wb");
  if (!file) return;
  const bool is_written = fwrite(content.data(), 1, content.size(), file) == content.size();
  if (fclose(file) || !is_written || rename(unfinished.c_str(), path.c_str())) remove(unfinished.c_str());
}

}  // namespace

bool can_compile() { return nvrtc().is_found; }

void set_compiler_cache(const std::string& folder) {
  std::lock_guard<std::mutex> guard(lock);
  cache_folder = folder;
}

bool compile_source(const std::string& source, int major, int minor, std::string* image, std::string* log) {
  const int arch = major * 10 + minor;
  const std::string path = cache_path(source, arch);
  if (read_file(path, image)) return true;
  NvrtcProgram program = nullptr;
  if (nvrtc().create(&program, source.c_str(), "pointwise.cu", 0, nullptr, nullptr)) return *log = "no program", false;
  const std::string target = "--gpu-architecture=sm_" + std::to_string(arch);
  // Products and sums are not fused: each op rounds as it does alone, and as the interpreter does.
  const char* options[] = {target.c_str(), "--std=c++17", "--fmad=false", "--device-as-default-execution-space"};
  const int failed = nvrtc().compile(program, 4, options);
  size_t bytes = 0;
  if (failed) {
    nvrtc().log_size(program, &bytes);
    log->resize(bytes);
    nvrtc().log(program, log->data());
  } else {
    nvrtc().image_size(program, &bytes);
    image->resize(bytes);
    nvrtc().image(program, image->data());
  }
  nvrtc().destroy(&program);
  if (!failed) write_file(path, *image);
  return !failed;
}

}  // namespace layerwise
