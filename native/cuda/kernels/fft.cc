// The launcher of Fourier transforms whose lines fit into shared memory. The caller sees to the lengths.
#include "fft.h"

#include "../launcher.h"

namespace layerwise {
namespace {

constexpr int kThreads = 256;
constexpr size_t kSharedBytes = size_t(48) << 10;

// dtype(real) mode out in lines n scale
LAUNCHER(fft_lines) {
  const Dtype dtype = args.dtype();
  FftJob job = {};
  job.mode = int(args.integer());
  void* out = args.pointer();
  const void* in = args.pointer();
  job.lines = args.integer();
  const int64_t n = args.integer();
  job.scale = args.real();
  if (job.lines == 0) return;
  const size_t line_bytes = size_t(n) * 4 * Context::dtype_bytes(dtype);
  if (n < 1 || (n & (n - 1)) || line_bytes > kSharedBytes || (dtype != kFloat32 && dtype != kFloat64)) {
    return context.fail("[fft_lines] expected lines of a power of two that fit into 48 KiB, of float32 or float64");
  }
  job.n = int(n);
  const unsigned across = unsigned(n < 2 ? 1 : n / 2 < kThreads ? n / 2 : kThreads);
  const size_t fitting = kSharedBytes / line_bytes;
  size_t lines = kThreads / across;
  if (lines > fitting) lines = fitting;
  if (lines > size_t(job.lines)) lines = size_t(job.lines);
  const int64_t blocks = (job.lines + int64_t(lines) - 1) / int64_t(lines);
  context.launch_typed("fft_lines", dtype, {unsigned(blocks)}, {across, unsigned(lines)}, lines * line_bytes, out, in, job);
}

}  // namespace
}  // namespace layerwise
