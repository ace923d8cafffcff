// Pooling over planes of [NC, H, W]. A thread owns a result, or in a gradient an element of dx and looks for the
// windows that cover it; the gradient of max pooling, which knows places alone, walks each plane in order with one
// warp. So sums have one order and there are no atomics.
#include "vectors.h"

#include "pool_job.h"

namespace {

// Lowest value of the dtype in the type it is computed in.
DEVICE float lowest(float, int) { return -infinity(); }
DEVICE double lowest(double, int) { return -double(infinity()); }
DEVICE int64_t lowest(int64_t, int dtype) {
  switch (dtype) {
    case kInt8: return -128;
    case kInt16: return -32768;
    case kInt32: return -(1ll << 31);
    case kInt64: return int64_t(1ull << 63);
    default: return 0;
  }
}

struct Place {
  int64_t plane, y, x;
};
DEVICE Place place_of(int64_t i, int64_t height, int64_t width) {
  const int64_t row = quotient(i, width);
  const int64_t plane = quotient(row, height);
  return {plane, row - plane * height, i - row * width};
}

DEVICE int64_t quotient_up(int64_t a, int64_t b) { return quotient(a + b - 1, b); }

// A NaN wins over everything, the last one over those before it, as in PyTorch.
template <class T> DEVICE void max_pool(const PoolJob& job) {
  const int64_t n = job.planes * job.oh * job.ow;
  for (int64_t i = thread_index(); i < n; i += thread_count()) {
    const Place p = place_of(i, job.oh, job.ow);
    int64_t top = p.y * job.sh - job.ph, left = p.x * job.sw - job.pw;
    const int64_t bottom = smaller(top + job.kh * job.dh, job.H), right = smaller(left + job.kw * job.dw, job.W);
    if (top < 0) top += quotient_up(-top, job.dh) * job.dh;
    if (left < 0) left += quotient_up(-left, job.dw) * job.dw;
    const int64_t plane = p.plane * job.H * job.W;
    T best = lowest(T(0), job.dtype);
    int64_t best_at = top * job.W + left;
    for (int64_t y = top; y < bottom; y += job.dh) {
      for (int64_t x = left; x < right; x += job.dw) {
        const T value = load_as<T>(job.in, job.dtype, plane + y * job.W + x);
        if (!(value > best) && value == value) continue;
        best = value;
        best_at = y * job.W + x;
      }
    }
    store_as(job.out, job.dtype, i, best);
    if (job.indices) job.indices[i] = best_at;
  }
}

// A warp per plane: 32 neighbouring results at a time, those that chose the same element summed in their order.
template <class T> DEVICE void max_pool_backward(const PoolJob& job, void* sums_) {
  T* sums = (T*)sums_;
  const int lane = threadIdx.x % 32;
  const int64_t n = job.oh * job.ow, size = job.H * job.W;
  for (int64_t plane = thread_index() / 32; plane < job.planes; plane += thread_count() / 32) {
    for (int64_t first = 0; first < n; first += 32) {
      const int64_t i = first + lane;
      const bool is_there = i < n;
      int64_t at = is_there ? job.indices[plane * n + i] : -1;
      if (is_there) at = at < 0 ? 0 : smaller(at, size - 1);
      const T dy = is_there ? load_as<T>(job.in, job.dtype, plane * n + i) : T(0);
      const uint32_t same = __match_any_sync(~0u, at);
      const bool is_first = is_there && (same & ((1u << lane) - 1)) == 0;
      T sum = is_first ? sums[plane * size + at] : T(0);
      for (int other = 0; other < 32; other++) {
        const T theirs = __shfl_sync(~0u, dy, other);
        if (same >> other & 1) sum += theirs;
      }
      if (is_first) sums[plane * size + at] = sum;
      __syncwarp();
    }
  }
}

// What the window's sum is divided by.
DEVICE int64_t window_count(const PoolJob& job, int64_t oy, int64_t ox) {
  if (job.divisor) return job.divisor;
  const int64_t top = oy * job.sh - job.ph, left = ox * job.sw - job.pw;
  const int64_t bottom = smaller(top + job.kh, job.H + job.ph), right = smaller(left + job.kw, job.W + job.pw);
  if (job.include_pad) return (bottom - top) * (right - left);
  return (smaller(bottom, job.H) - larger(top, 0)) * (smaller(right, job.W) - larger(left, 0));
}

template <class T> DEVICE void avg_pool(const PoolJob& job) {
  const int64_t n = job.planes * job.oh * job.ow;
  for (int64_t i = thread_index(); i < n; i += thread_count()) {
    const Place p = place_of(i, job.oh, job.ow);
    const int64_t top = p.y * job.sh - job.ph, left = p.x * job.sw - job.pw;
    const int64_t plane = p.plane * job.H * job.W;
    T sum = 0;
    for (int64_t y = larger(top, 0); y < smaller(top + job.kh, job.H); y++) {
      for (int64_t x = larger(left, 0); x < smaller(left + job.kw, job.W); x++) {
        sum += load_as<T>(job.in, job.dtype, plane + y * job.W + x);
      }
    }
    // A window that lies in the padding alone has no elements, and a sum of 0.
    store_as(job.out, job.dtype, i, sum / T(larger(1, window_count(job, p.y, p.x))));
  }
}

// The windows of size k that cover `at`, a position in the padded dimension: first to last.
struct Windows {
  int64_t first, last;
};
DEVICE Windows windows_over(int64_t at, int64_t k, int64_t stride, int64_t n) {
  const int64_t first = at < k ? 0 : quotient(at - k, stride) + 1;
  return {first, smaller(quotient(at, stride), n - 1)};
}

template <class T> DEVICE void avg_pool_backward(const PoolJob& job) {
  const int64_t n = job.planes * job.H * job.W;
  for (int64_t i = thread_index(); i < n; i += thread_count()) {
    const Place p = place_of(i, job.H, job.W);
    const Windows rows = windows_over(p.y + job.ph, job.kh, job.sh, job.oh);
    const Windows columns = windows_over(p.x + job.pw, job.kw, job.sw, job.ow);
    T sum = 0;
    for (int64_t oy = rows.first; oy <= rows.last; oy++) {
      for (int64_t ox = columns.first; ox <= columns.last; ox++) {
        const T dy = load_as<T>(job.in, job.dtype, (p.plane * job.oh + oy) * job.ow + ox);
        sum += dy / T(larger(1, window_count(job, oy, ox)));
      }
    }
    store_as(job.out, job.dtype, i, sum);
  }
}

// Result o of n covers [begin, end) of the dimension.
DEVICE int64_t cell_begin(int64_t o, int64_t n, int64_t size) { return quotient(o * size, n); }
DEVICE int64_t cell_end(int64_t o, int64_t n, int64_t size) { return quotient_up((o + 1) * size, n); }

// A warp per result.
template <class T> DEVICE void adaptive_pool(const PoolJob& job) {
  const int lane = threadIdx.x % 32;
  const int64_t n = job.planes * job.oh * job.ow;
  for (int64_t i = thread_index() / 32; i < n; i += thread_count() / 32) {
    const Place p = place_of(i, job.oh, job.ow);
    const int64_t top = cell_begin(p.y, job.oh, job.H), left = cell_begin(p.x, job.ow, job.W);
    const int64_t height = cell_end(p.y, job.oh, job.H) - top, width = cell_end(p.x, job.ow, job.W) - left;
    const int64_t corner = p.plane * job.H * job.W + top * job.W + left;
    T sum = 0;
    for (int64_t c = lane; c < height * width; c += 32) {
      const int64_t y = quotient(c, width);
      sum += load_as<T>(job.in, job.dtype, corner + y * job.W + c - y * width);
    }
    sum = reduce_warp(sum, [](T a, T b) { return a + b; });
    if (lane == 0) store_as(job.out, job.dtype, i, sum / T(height * width));
  }
}

template <class T> DEVICE void adaptive_pool_backward(const PoolJob& job) {
  const int64_t n = job.planes * job.H * job.W;
  for (int64_t i = thread_index(); i < n; i += thread_count()) {
    const Place p = place_of(i, job.H, job.W);
    // Cells that overlap: from the first whose end lies behind the element to the last that begins before it.
    const int64_t last_y = quotient((p.y + 1) * job.oh - 1, job.H), last_x = quotient((p.x + 1) * job.ow - 1, job.W);
    T sum = 0;
    for (int64_t oy = quotient(p.y * job.oh, job.H); oy <= last_y; oy++) {
      for (int64_t ox = quotient(p.x * job.ow, job.W); ox <= last_x; ox++) {
        const int64_t height = cell_end(oy, job.oh, job.H) - cell_begin(oy, job.oh, job.H);
        const int64_t width = cell_end(ox, job.ow, job.W) - cell_begin(ox, job.ow, job.W);
        sum += load_as<T>(job.in, job.dtype, (p.plane * job.oh + oy) * job.ow + ox) / T(height * width);
      }
    }
    store_as(job.out, job.dtype, i, sum);
  }
}

}  // namespace

KERNEL(pool_narrow, (GRID_CONSTANT PoolJob job, void* sums)) {
  const int64_t n = job.planes * job.H * job.W;
  for (int64_t i = thread_index(); i < n; i += thread_count()) store_as(job.out, job.dtype, i, ((const float*)sums)[i]);
}

#define ENTRIES_WIDE(name, parameters, arguments) \
  ENTRY(name, real, float, parameters, arguments) \
  ENTRY(name, double, double, parameters, arguments)

ENTRIES_WIDE(max_pool, (GRID_CONSTANT PoolJob job), (job))
ENTRY(max_pool, whole, int64_t, (GRID_CONSTANT PoolJob job), (job))
ENTRIES_WIDE(max_pool_backward, (GRID_CONSTANT PoolJob job, void* sums), (job, sums))
ENTRIES_WIDE(avg_pool, (GRID_CONSTANT PoolJob job), (job))
ENTRIES_WIDE(avg_pool_backward, (GRID_CONSTANT PoolJob job), (job))
ENTRIES_WIDE(adaptive_pool, (GRID_CONSTANT PoolJob job), (job))
ENTRIES_WIDE(adaptive_pool_backward, (GRID_CONSTANT PoolJob job), (job))
