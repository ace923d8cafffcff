// NVRTC's functions over the host's compiler, for the test of generated source: an image is the path of a shared object
// that the emulated driver opens. Needs g++ and, in $LAYERWISE_EMULATION_SOURCES, the folder of gpu.h.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Program {
  std::string source, log, image;
};

// Entry points become functions that the emulated driver can call for one thread; see load_host_module in driver.cc.
constexpr const char* kHead = R"(
#define LAYERWISE_EMULATED_MODULE 1
#include "emulation/device.h"
#define LW_HAS_SM80 1
namespace emulation {
constinit thread_local Block* block = nullptr;
int barrier(Vote, int) { __builtin_trap(); }
const Exchange* meet(uint32_t, const void*, int) { __builtin_trap(); }
[[noreturn]] void die(const char*) { __builtin_trap(); }
static const void* its_function;
static Thunk its_thunk;
static const size_t* its_sizes;
static size_t its_count;
Registration::Registration(const char*, const void* f, Thunk t, const size_t* s, size_t n) {
  its_function = f;
  its_thunk = t;
  its_sizes = s;
  its_count = n;
}
}
extern "C" __attribute__((visibility("default"))) void layerwise_module(const size_t** sizes, size_t* count) {
  *sizes = emulation::its_sizes;
  *count = emulation::its_count;
}
extern "C" __attribute__((visibility("default"))) void layerwise_thread(emulation::Block* block, void** parameters) {
  emulation::block = block;
  emulation::its_thunk(emulation::its_function, parameters);
}
#define LW_ENTRY_POINT extern "C" void
)";
constexpr const char* kTail = "\nstatic const emulation::Registration registration(\"pointwise\", &pointwise);\n";

int run(const std::string& command, std::string* output) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return -1;
  char buffer[4096];
  while (fgets(buffer, sizeof buffer, pipe)) *output += buffer;
  return pclose(pipe);
}

}  // namespace

EXPORT int nvrtcVersion(int* major, int* minor) { return *major = 0, *minor = 0, 0; }
EXPORT int nvrtcCreateProgram(void** program, const char* source, const char*, int, const char* const*, const char* const*) {
  Program* made = new Program;
  made->source = source;
  *program = made;
  return 0;
}
EXPORT int nvrtcDestroyProgram(void** program) { return delete (Program*)*program, 0; }
EXPORT int nvrtcCompileProgram(void* program, int, const char* const*) {
  Program& p = *(Program*)program;
  const char* folder = getenv("LAYERWISE_EMULATION_SOURCES");
  if (!folder) return p.log = "LAYERWISE_EMULATION_SOURCES is not set", 6;
  if (const char* kept = getenv("LAYERWISE_EMULATION_KEEP")) {
    // For whoever wants to give the source to NVIDIA's own compiler.
    static int count = 0;
    const std::string name = std::string(kept) + "/pointwise" + std::to_string(count++) + ".cu";
    if (FILE* copy = fopen(name.c_str(), "wb")) {
      fputs(p.source.c_str(), copy);
      fclose(copy);
    }
  }
  char path[] = "/tmp/layerwise-module-XXXXXX";
  const int file = mkstemp(path);
  if (file < 0) return 6;
  const std::string text = kHead + p.source + kTail;
  const bool is_written = write(file, text.data(), text.size()) == ssize_t(text.size());
  close(file);
  const std::string object = std::string(path) + ".so";
  const int status = is_written ? run("g++ -x c++ -std=c++20 -O0 -shared -fPIC -fno-strict-aliasing -w -I" +
                                          std::string(folder) + " " + path + " -o " + object,
                                      &p.log)
                                : -1;
  unlink(path);
  p.image = object;
  return status ? 6 : 0;
}
EXPORT int nvrtcGetProgramLogSize(void* program, size_t* bytes) { return *bytes = ((Program*)program)->log.size(), 0; }
EXPORT int nvrtcGetProgramLog(void* program, char* log) {
  const std::string& text = ((Program*)program)->log;
  memcpy(log, text.data(), text.size());
  return 0;
}
EXPORT int nvrtcGetCUBINSize(void* program, size_t* bytes) { return *bytes = ((Program*)program)->image.size() + 1, 0; }
EXPORT int nvrtcGetCUBIN(void* program, char* image) {
  const std::string& path = ((Program*)program)->image;
  memcpy(image, path.c_str(), path.size() + 1);
  return 0;
}
