// The contract of a kernel on CUDA. kernels/<family>.cc holds launchers: host code, one per kernel name of the command
// stream, that reads the arguments, chooses grid and block, and launches entries of kernels/<family>.cu. Launchers run
// in stream order and wait for nothing: what they enqueue happens later.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../common/arguments.h"

namespace layerwise {

struct Grid {
  unsigned x = 1, y = 1, z = 1;
};

// The facts about the GPU by which launchers choose.
struct DeviceFacts {
  int major = 0, minor = 0;
  int multiprocessors = 1;
  int shared_bytes = 48 << 10;  // the most that a block may ask for
  int l2_bytes = 0;
  int threads_per_multiprocessor = 2048;
  bool is_emulated = false;
  bool has(int compute) const { return major * 10 + minor >= compute; }
};

class Context {
 public:
  virtual ~Context() = default;
  const DeviceFacts& device() const { return facts_; }

  // Launch the entry of this family's device file. The types of the arguments must be exactly those of the entry's
  // parameters; the first launch of each entry compares their sizes.
  template <class... A>
  void launch(const char* entry, Grid grid, Grid block, size_t shared_bytes, const A&... arguments) {
    const void* addresses[] = {&arguments..., nullptr};
    const size_t sizes[] = {sizeof(A)..., 0};
    launch_entry(entry, nullptr, grid, block, shared_bytes, addresses, sizes, sizeof...(A));
  }
  // The entry <name>_<dtype>: launch_typed("softmax_rows", kBfloat16, ...) launches softmax_rows_bfloat16.
  template <class... A>
  void launch_typed(const char* name, Dtype dtype, Grid grid, Grid block, size_t shared_bytes, const A&... arguments) {
    const void* addresses[] = {&arguments..., nullptr};
    const size_t sizes[] = {sizeof(A)..., 0};
    launch_entry(name, dtype_name(dtype), grid, block, shared_bytes, addresses, sizes, sizeof...(A));
  }
  // The entry <name>_<suffix>.
  template <class... A>
  void launch_named(const char* name, const char* suffix, Grid grid, Grid block, size_t shared_bytes,
                    const A&... arguments) {
    const void* addresses[] = {&arguments..., nullptr};
    const size_t sizes[] = {sizeof(A)..., 0};
    launch_entry(name, suffix, grid, block, shared_bytes, addresses, sizes, sizeof...(A));
  }

  // A grid for a loop over n elements in strides of the whole grid: enough blocks to fill the GPU `waves` times, never
  // more than are needed.
  Grid grid_for(int64_t n, int threads, int waves = 8) const {
    const int64_t needed = (n + threads - 1) / threads;
    const int64_t full = int64_t(facts_.multiprocessors) * (2048 / threads) * waves;
    const int64_t blocks = needed < full ? needed : full;
    return {unsigned(blocks < 1 ? 1 : blocks), 1, 1};
  }

  // Device memory for this command, 512-byte aligned; slots 0..3 are separate. Its content is lost with the command.
  // Null after a failure, which is then reported: return at once.
  virtual void* scratch(int slot, size_t bytes) = 0;
  // Enqueue on the current stream.
  virtual void copy(void* to, const void* from, size_t bytes) = 0;
  virtual void fill(void* to, uint8_t value, size_t bytes) = 0;
  // Small host data for a kernel (tables of sizes, pointers): its address on the device, good for this command.
  virtual const void* upload_table(const void* data, size_t bytes) = 0;
  // Where kernels leave word of a wrong value they found: see Report in report.h.
  virtual void* report() const = 0;

  // Text of an error; the command's results are then undefined. At most one per command.
  virtual void fail(const char* text) = 0;

  // What follows launches from the device code of another family, until it is set back; returns the family so far.
  const char* use_family(const char* family) {
    const char* before = family_;
    family_ = family;
    return before;
  }

  // While a stream is captured nothing may wait for the GPU.
  virtual bool is_capturing() const { return false; }

  // For families that call NVIDIA's libraries: the CUstream and CUcontext of this command.
  void* stream() const { return stream_; }
  int device_index() const { return device_index_; }

  static const char* dtype_name(Dtype dtype);
  static size_t dtype_bytes(Dtype dtype);

 protected:
  virtual void launch_entry(const char* name, const char* suffix, Grid grid, Grid block, size_t shared_bytes,
                            const void* const* addresses, const size_t* sizes, size_t count) = 0;

  DeviceFacts facts_;
  void* stream_ = nullptr;
  int device_index_ = 0;
  const char* family_ = nullptr;
};

struct LauncherEntry {
  const char* name;
  const char* family;
  void (*run)(Context&, Args);
};

struct LauncherRegistration {
  explicit LauncherRegistration(const LauncherEntry& entry);
};

// LAUNCHER(softmax) { ...uses `context` and `args`... } LAYERWISE_FAMILY comes from the build: the file's name.
#define LAUNCHER(name) \
  static void launch_##name(Context& context, Args args); \
  static const LauncherRegistration registration_##name({#name, LAYERWISE_FAMILY, launch_##name}); \
  static void launch_##name([[maybe_unused]] Context& context, [[maybe_unused]] Args args)

}  // namespace layerwise
