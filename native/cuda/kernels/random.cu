// Random numbers in the order in which PyTorch's CUDA functions draw them: thread t of the grid fills elements t, t +
// threads, ... with the words of its own Philox sequence, four to a call (two of 64 bits). Nothing depends on the order
// in which threads run.
#include "vectors.h"

#include "random_job.h"
#include "random_philox.h"

namespace {

// In a graph seed and offset come with each replay.
DEVICE Philox philox_of(uint64_t seed, uint64_t offset, const uint64_t* state) {
  return state ? Philox(state[0], thread_index(), state[1] + offset) : Philox(seed, thread_index(), offset);
}

DEVICE float rounded(float x, int dtype) {
  if (dtype == kFloat16) return to_float(to_half(x));
  if (dtype == kBfloat16) return to_float(to_brain(x));
  return x;
}
DEVICE double rounded(double x, int) { return x; }

DEVICE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
DEVICE double fused(double a, double b, double c) { return fma(a, b, c); }
// PyTorch takes the fast logarithm, exponential and tangent in single precision.
DEVICE float fast_log(float x) { return __logf(x); }
DEVICE double fast_log(double x) { return log(x); }
DEVICE float fast_exp(float x) { return __expf(x); }
DEVICE double fast_exp(double x) { return exp(x); }
DEVICE float fast_tan(float x) { return __fdividef(__sinf(x), __cosf(x)); }
DEVICE double fast_tan(double x) { return tan(x); }
DEVICE float half_epsilon(float) { return 0x1p-24f; }
DEVICE double half_epsilon(double) { return 0x1p-53; }

// A sample from a uniform or, for the normal kinds, a normal number.
template <class W> DEVICE W sample_of(const RandomJob& job, W x, int64_t at) {
  const W a = W(job.a), b = W(job.b);
  switch (job.kind) {
    case kUniform: {
      // (0, 1] becomes [from, to) after rounding to the dtype.
      const W value = rounded(fused(x, b - a, a), job.dtype);
      return value == rounded(b, job.dtype) ? a : value;
    }
    case kNormal: return fused(x, b, a);
    case kLogNormal: return fast_exp(fused(x, b, a));
    case kBernoulli:
      if (!job.probabilities) return x <= a ? W(1) : W(0);
      return double(x) <= load_as<double>(job.probabilities, job.probabilities_dtype, at) ? W(1) : W(0);
    case kExponential: {
      const W least = half_epsilon(x);
      const W log_x = x >= 1 - least ? -least : fast_log(x);
      return W(-1) / a * log_x;
    }
    case kCauchy: {
      const W least = 2 * half_epsilon(x);
      const W most = 1 - least;
      const W clipped = x > most ? most : x < least ? least : x;
      return fused(b, fast_tan(W(3.14159265358979323846) * (clipped - W(0.5))), a);
    }
    default: return ceil(fast_log(x) / W(log1p(-job.a)));
  }
}

DEVICE bool is_normal(const RandomJob& job) { return job.kind == kNormal || job.kind == kLogNormal; }

// The words of one call as numbers of W, and how many they are.
DEVICE int numbers_of(const RandomJob& job, const Words& words, float (&number)[4]) {
  if (is_normal(job)) {
    normal_floats(words.x, words.y, &number[0], &number[1]);
    normal_floats(words.z, words.w, &number[2], &number[3]);
  } else {
    number[0] = unit_float(words.x);
    number[1] = unit_float(words.y);
    number[2] = unit_float(words.z);
    number[3] = unit_float(words.w);
  }
  return 4;
}
DEVICE int numbers_of(const RandomJob& job, const Words& words, double (&number)[4]) {
  if (is_normal(job)) {
    normal_doubles(words, &number[0], &number[1]);
  } else {
    number[0] = unit_double(words.x, words.y);
    number[1] = unit_double(words.z, words.w);
  }
  return 2;
}

template <class T> DEVICE void random_numbers(const RandomJob& job) {
  Philox philox = philox_of(job.seed, job.offset, job.state);
  constexpr int kEach = sizeof(T) == 8 ? 2 : 4;
  for (int64_t first = thread_index(); first < job.n; first += thread_count() * kEach) {
    T number[4];
    const int count = numbers_of(job, philox.next(), number);
    for (int i = 0; i < count; i++) {
      const int64_t at = first + i * thread_count();
      if (at < job.n) store_as(job.out, job.dtype, at, sample_of(job, number[i], at));
    }
  }
}

// What random_() draws from, where the type does not simply count its bits.
DEVICE uint64_t full_range(int dtype) {
  switch (dtype) {
    case kUint8: return 1ull << 8;
    case kInt8: return 1ull << 7;
    case kInt16: return 1ull << 15;
    case kInt32: return 1ull << 31;
    case kInt64: return 1ull << 63;
    case kFloat16: return (1ull << 11) + 1;
    case kBfloat16: return (1ull << 8) + 1;
    case kFloat32: return (1ull << 24) + 1;
    case kFloat64: return (1ull << 53) + 1;
    default: return 2;
  }
}

template <class T> DEVICE void random_integers(const RandomJob& job) {
  Philox philox = philox_of(job.seed, job.offset, job.state);
  constexpr int kEach = sizeof(T) == 8 ? 2 : 4;
  const uint64_t range = job.kind == kFull ? full_range(job.dtype) : job.range;
  for (int64_t first = thread_index(); first < job.n; first += thread_count() * kEach) {
    const Words words = philox.next();
    uint64_t word[4] = {words.x, words.y, words.z, words.w};
    if (kEach == 2) {
      word[0] = word[0] << 32 | word[1];
      word[1] = word[2] << 32 | word[3];
    }
    for (int i = 0; i < kEach; i++) {
      const int64_t at = first + i * thread_count();
      if (at < job.n) store_as(job.out, job.dtype, at, int64_t(word[i] % range + uint64_t(job.low)));
    }
  }
}

}  // namespace

ENTRY(random_numbers, 4, float, (GRID_CONSTANT RandomJob job), (job))
ENTRY(random_numbers, 8, double, (GRID_CONSTANT RandomJob job), (job))
ENTRY(random_integers, 4, uint32_t, (GRID_CONSTANT RandomJob job), (job))
ENTRY(random_integers, 8, uint64_t, (GRID_CONSTANT RandomJob job), (job))

// Running sums of each row's weights: a block per row, a run of neighbours per thread.
KERNEL(multinomial_sums, (double* sums, const void* weights, int dtype, int64_t n)) {
  __shared__ double before[kRandomThreads];
  const int thread = threadIdx.x;
  const int64_t row = int64_t(blockIdx.x) * n;
  const int64_t each = quotient(n + kRandomThreads - 1, kRandomThreads);
  const int64_t begin = smaller(thread * each, n), end = smaller(begin + each, n);
  double own = 0;
  for (int64_t i = begin; i < end; i++) own += load_as<double>(weights, dtype, row + i);
  before[thread] = own;
  for (int apart = 1; apart < kRandomThreads; apart *= 2) {
    __syncthreads();
    const double left = thread >= apart ? before[thread - apart] : 0;
    __syncthreads();
    before[thread] += left;
  }
  __syncthreads();
  double sum = thread > 0 ? before[thread - 1] : 0;
  for (int64_t i = begin; i < end; i++) {
    sum += load_as<double>(weights, dtype, row + i);
    sums[row + i] = sum;
  }
}

// The first element whose running sum exceeds a uniform number below the total: one of weight 0 is never drawn.
KERNEL(multinomial_draw, (int64_t* out, const double* sums, uint64_t seed, uint64_t offset,
                          const uint64_t* state, int64_t drawn,
                          int64_t samples, int64_t n)) {
  Philox philox = philox_of(seed, offset, state);
  for (int64_t first = thread_index(); first < drawn; first += thread_count() * 2) {
    const Words words = philox.next();
    const double number[2] = {unit_double(words.x, words.y), unit_double(words.z, words.w)};
    for (int i = 0; i < 2; i++) {
      const int64_t at = first + i * thread_count();
      if (at >= drawn) break;
      const double* line = sums + quotient(at, samples) * n;
      const double wanted = (1 - number[i]) * line[n - 1];
      int64_t low = 0, high = n - 1;
      while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (line[middle] > wanted) high = middle;
        else low = middle + 1;
      }
      out[at] = low;
    }
  }
}

KERNEL(random_graph_state, (uint64_t* state, uint64_t seed, uint64_t offset)) {
  state[0] = seed;
  state[1] = offset;
}
