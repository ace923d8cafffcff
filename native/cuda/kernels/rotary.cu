// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): pairs of a head's elements turned by an angle of their
// position. Pairs are neighbours, or lie half the turned width apart; what is beyond the turned width is copied.
#include "rotary.h"
#include "vectors.h"

namespace {

template <class T> DEVICE void rotary(const RotaryJob& job) {
  using W = WideOf<T>;
  const int64_t pairs = job.turned / 2, each = pairs + job.D - job.turned;
  const int64_t size = job.B * job.H * job.T * each;
  for (int64_t i = thread_index(); i < size; i += thread_count()) {
    const int64_t line = quotient(i, each), within = i - line * each;
    const int64_t above = quotient(line, job.T), time = line - above * job.T;
    const int64_t batch = quotient(above, job.H), head = above - batch * job.H;
    const T* x = (const T*)job.x + batch * job.x_batch + head * job.x_head + time * job.x_row;
    T* out = (T*)job.out + batch * job.out_batch + head * job.out_head + time * job.out_row;
    if (within >= pairs) {
      const int64_t d = job.turned + within - pairs;
      out[d] = x[d];
      continue;
    }
    const int64_t low = job.interleaved ? 2 * within : within, high = job.interleaved ? low + 1 : low + pairs;
    const int64_t at = batch * job.angle_batch + time * job.angle_row + within;
    const W c = load_as<W>(job.cosine, job.angle_dtype, at);
    const W s = load_as<W>(job.sine, job.angle_dtype, at) * (job.inverse ? W(-1) : W(1));
    const W a = widen(x[low]), b = widen(x[high]);
    out[low] = convert<T>(a * c - b * s);
    out[high] = convert<T>(b * c + a * s);
  }
}

}  // namespace

ENTRIES_FLOATS(rotary, (GRID_CONSTANT RotaryJob job), (job))
