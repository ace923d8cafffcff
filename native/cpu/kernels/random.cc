// Kernels that draw random numbers: bit for bit those of PyTorch's CPU functions, on every instruction set. The stream
// is sequential by nature; turning words into samples is not, and runs on the pool. PyTorch 2.13 is the measure: some
// older versions took bernoulli_ and exponential_ from MKL on Intel processors.
//
// Exactness rests on the order of roundings, so nothing in this file may be contracted or reordered: a product and a
// sum are one rounding only where `fused` says so, where PyTorch's own compiled code has a fused multiply-add.
#ifdef __FAST_MATH__
#error "random.cc needs IEEE arithmetic: compile it without -ffast-math"
#endif
#ifdef __clang__
#pragma clang fp contract(off)
#else
// Vectors wider than the registers of x86-64 stay inside this file, so that their calling convention does not matter.
#pragma GCC diagnostic ignored "-Wpsabi"
#pragma GCC optimize("O3,fp-contract=off,no-math-errno,no-trapping-math")
#endif
#include "random.h"
#include "random_math.h"
#include "random_serial.h"

namespace layerwise {
namespace {

// ---- from words to samples ------------------------------------------------------------------------------------------

// Draw words_each words per element, a piece at a time, and hand the pieces of a piece to the pool:
// body(words, begin, end) makes elements [begin, end) from words[0...]. All parts begin at multiples of 16 elements.
template <class F> void draw(Context* context, RandomState* state, int64_t n, int words_each, F body) {
  constexpr int64_t kPiece = 1 << 16;
  constexpr int64_t kUnit = 16;
  uint32_t* words = (uint32_t*)context->scratch(context, 0, sizeof(uint32_t) * kPiece * words_each);
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t count = n - start < kPiece ? n - start : kPiece;
    take_words(state, words, count * words_each);
    parallel_for(context, (count + kUnit - 1) / kUnit, 1024, [&](int64_t first, int64_t last) {
      const int64_t begin = first * kUnit;
      const int64_t end = last * kUnit < count ? last * kUnit : count;
      body(words + begin * words_each, start + begin, start + end);
    });
  }
}

inline float unit_float(uint32_t word) { return (float)(int32_t)(word & 0xffffff) * 0x1p-24f; }

template <class T> void uniform(Context* context, RandomState* state, T* out, int64_t n, double from_, double to_) {
  using Compute = typename Element<T>::Compute;
  const Compute from = (Compute)from_;
  const Compute width = (Compute)to_ - from;
  const T low = Element<T>::from_double(from_);
  const T high = Element<T>::from_double(to_);
  constexpr int words_each = sizeof(Compute) / 4;
  draw(context, state, n, words_each, [=](const uint32_t* words, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++, words += words_each) {
      Compute unit;
      if constexpr (words_each == 2) unit = unit_double(words);
      else unit = unit_float(*words);
      const T value = Element<T>::store(fused(unit, width, from));
      // Rounding may reach the open end of the interval.
      out[i] = load(value) == load(high) ? low : value;
    }
  });
}

// ---- normal ---------------------------------------------------------------------------------------------------------

// Box-Muller on 16 words: the first eight give radii, the others angles; cosines come first.
LW_INLINE void normal_16(const uint32_t* words, float* out, float mean, float std) {
  EightWords first;
  EightWords second;
  __builtin_memcpy(&first, words, sizeof first);
  __builtin_memcpy(&second, words + 8, sizeof second);
  const Eight u1 = __builtin_convertvector((EightInts)(first & 0xffffff), Eight) * 0x1p-24f;
  const Eight u2 = __builtin_convertvector((EightInts)(second & 0xffffff), Eight) * 0x1p-24f;
  const Eight radius = square_root(-2.0f * cephes_log(1.0f - u1));
  Eight sin;
  Eight cos;
  cephes_sin_cos((float)kTwoPi * u2, &sin, &cos);
  const Eight low = fused(radius * cos, eight(std), eight(mean));
  const Eight high = fused(radius * sin, eight(std), eight(mean));
  __builtin_memcpy(out, &low, sizeof low);
  __builtin_memcpy(out + 8, &high, sizeof high);
}

inline void normal_16(const uint32_t* words, double* out, double mean, double std) {
  for (int i = 0; i < 8; i++) {
    const double radius = __builtin_sqrt(-2 * __builtin_log(1 - unit_double(words + 2 * i)));
    const double theta = kTwoPi * unit_double(words + 2 * (i + 8));
    out[i] = fused(radius * __builtin_cos(theta), std, mean);
    out[i + 8] = fused(radius * __builtin_sin(theta), std, mean);
  }
}

template <class T> void normal_blocks(const uint32_t* words, T* out, int64_t n, double mean, double std) {
  using Compute = typename Element<T>::Compute;
  constexpr int words_each = sizeof(Compute) / 4;
  for (int64_t i = 0; i + 16 <= n; i += 16) {
    Compute block[16];
    normal_16(words + i * words_each, block, (Compute)mean, (Compute)std);
    for (int j = 0; j < 16; j++) out[i + j] = Element<T>::store(block[j]);
  }
}

template <class T> void normal_serial(RandomState* state, T* out, int64_t n, double mean, double std) {
  for (int64_t i = 0; i < n; i++) out[i] = Element<T>::from_double(fused(next_normal(state), std, mean));
}

template <class T> void normal(Context* context, RandomState* state, T* out, int64_t n, double mean, double std) {
  using Compute = typename Element<T>::Compute;
  constexpr int words_each = sizeof(Compute) / 4;
  constexpr bool half = sizeof(T) < sizeof(Compute);
  if (n < 16) return normal_serial(state, out, n, mean, std);
  // PyTorch draws for the incomplete block too, except for half types; either way the last 16 are then drawn afresh.
  const int64_t whole = n - n % 16;
  draw(context, state, half ? whole : n, words_each, [=](const uint32_t* words, int64_t begin, int64_t end) {
    normal_blocks(words, out + begin, end - begin, mean, std);
  });
  if (whole == n) return;
  uint32_t last[32];
  take_words(state, last, 16 * words_each);
  normal_blocks(last, out + n - 16, 16, mean, std);
}

// ---- integers -------------------------------------------------------------------------------------------------------

template <class T> void integer(Context* context, RandomState* state, T* out, int64_t n, int64_t low, uint64_t range) {
  if (range >= 1ull << 28) {
    draw(context, state, n, 2, [=](const uint32_t* words, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++, words += 2) {
        out[i] = Element<T>::from_integer((int64_t)(wide_word(words) % range + (uint64_t)low));
      }
    });
    return;
  }
  // word % range by two multiplications instead of a division (Lemire, Kaser and Kurz 2019).
  const uint32_t divisor = (uint32_t)range;
  const uint64_t inverse = ~0ull / divisor + 1;
  draw(context, state, n, 1, [=](const uint32_t* words, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++, words++) {
      const uint64_t fraction = inverse * *words;
      const uint32_t remainder = (uint32_t)(((unsigned __int128)fraction * divisor) >> 64);
      out[i] = Element<T>::from_integer((int64_t)remainder + low);
    }
  });
}

// random_() without arguments takes the word modulo 2^bits (integers) or 2^digits + 1 (floating types).
template <class T> struct Full {
  static constexpr int sign_bits = T(-1) < T(0) ? 1 : 0;
  static constexpr uint64_t modulus = 1ull << (8 * sizeof(T) - sign_bits);
};
template <> struct Full<bool> { static constexpr uint64_t modulus = 2; };
template <> struct Full<Half> { static constexpr uint64_t modulus = (1ull << 11) + 1; };
template <> struct Full<Bfloat16> { static constexpr uint64_t modulus = (1ull << 8) + 1; };
template <> struct Full<float> { static constexpr uint64_t modulus = (1ull << 24) + 1; };
template <> struct Full<double> { static constexpr uint64_t modulus = (1ull << 53) + 1; };

template <class T> void full(Context* context, RandomState* state, T* out, int64_t n) {
  constexpr int words_each = sizeof(T) == 8 ? 2 : 1;
  draw(context, state, n, words_each, [=](const uint32_t* words, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++, words += words_each) {
      uint64_t word;
      if constexpr (words_each == 2) word = wide_word(words);
      else word = *words;
      out[i] = Element<T>::from_integer((int64_t)(word % Full<T>::modulus));
    }
  });
}

// Fisher and Yates from the front; PyTorch turns the shuffle inside out where a 32-bit word would be too coarse.
void permutation(Context* context, RandomState* state, int64_t* out, int64_t n) {
  constexpr int64_t kPiece = 1 << 14;
  uint32_t* words = (uint32_t*)context->scratch(context, 0, 2 * sizeof(uint32_t) * kPiece);
  if (n < 0xffffffff / 20) {
    for (int64_t i = 0; i < n; i++) out[i] = i;
    for (int64_t start = 0; start < n - 1; start += kPiece) {
      const int64_t end = start + kPiece < n - 1 ? start + kPiece : n - 1;
      take_words(state, words, end - start);
      for (int64_t i = start; i < end; i++) {
        const int64_t j = i + words[i - start] % (uint32_t)(n - i);
        const int64_t moved = out[j];
        out[j] = out[i];
        out[i] = moved;
      }
    }
    return;
  }
  for (int64_t start = 0; start < n; start += kPiece) {
    const int64_t end = start + kPiece < n ? start + kPiece : n;
    take_words(state, words, 2 * (end - start));
    for (int64_t i = start; i < end; i++) {
      const int64_t j = (int64_t)(wide_word(words + 2 * (i - start)) % (uint64_t)(i + 1));
      out[i] = i;
      out[i] = out[j];
      out[j] = i;
    }
  }
}

// ---- distributions that are a function of one uniform double --------------------------------------------------------

template <class F> void transform(Context* context, Args args, bool floating, F make_sample) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  const auto sample = make_sample(args);
  const auto fill = [&](auto* type) {
    using T = typename Pointed<decltype(type)>::Type;
    T* typed = (T*)out;
    draw(context, state, n, 2, [=](const uint32_t* words, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++, words += 2) typed[i] = Element<T>::from_double(sample(unit_double(words)));
    });
  };
  if (floating) for_floating(context, dtype, fill);
  else for_any(context, dtype, fill);
}

// Each element has a probability of its own; PyTorch draws it in float unless the probabilities are double.
template <class T, class P>
void bernoulli(Context* context, RandomState* state, T* out, int64_t n, const P* probabilities) {
  constexpr int words_each = sizeof(P) == 8 ? 2 : 1;
  draw(context, state, n, words_each, [=](const uint32_t* words, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++, words += words_each) {
      bool hit;
      if constexpr (words_each == 2) hit = unit_double(words) < probabilities[i];
      else hit = unit_float(*words) < load(probabilities[i]);
      out[i] = Element<T>::from_integer(hit);
    }
  });
}

// With replacement: a binary search for each uniform double in the running sums of the row, scaled to end at 1.
template <class T>
void multinomial(Context* context, RandomState* state, int64_t* out, const T* weights, int64_t n, int64_t samples) {
  using Compute = typename Element<T>::Compute;
  Compute* sums = (Compute*)context->scratch(context, 1, sizeof(Compute) * n);
  Compute sum = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += load(weights[i]);
    sums[i] = sum;
  }
  for (int64_t i = 0; i < n; i++) sums[i] /= sum;
  sums[n - 1] = 1;
  draw(context, state, samples, 2, [=](const uint32_t* words, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++, words += 2) {
      const double unit = unit_double(words);
      int64_t low = 0;
      int64_t high = n;
      while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if ((double)sums[middle] < unit) low = middle + 1;
        else high = middle;
      }
      out[i] = low;
    }
  });
}

}  // namespace

// ---- kernels --------------------------------------------------------------------------------------------------------

KERNEL(random_seed) {
  RandomState* state = args.pointer<RandomState>();
  seed_state(state, (uint64_t)args.integer());
}

KERNEL(random_get_state) {
  const RandomState* state = args.pointer<RandomState>();
  save_state(state, args.pointer<SavedRandomState>());
}

KERNEL(random_set_state) {
  RandomState* state = args.pointer<RandomState>();
  if (!restore_state(state, args.pointer<SavedRandomState>())) context->fail(context, "Invalid mt19937 state");
}

KERNEL(random_uniform) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  const double from = args.real();
  const double to = args.real();
  for_floating(context, dtype, [&](auto* type) { uniform(context, state, (decltype(type))out, n, from, to); });
}

KERNEL(random_normal) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  const double mean = args.real();
  const double std = args.real();
  for_floating(context, dtype, [&](auto* type) { normal(context, state, (decltype(type))out, n, mean, std); });
}

KERNEL(random_normal_serial) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  const double mean = args.real();
  const double std = args.real();
  for_floating(context, dtype, [&](auto* type) { normal_serial(state, (decltype(type))out, n, mean, std); });
}

KERNEL(random_integer) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  const int64_t low = args.integer();
  const int64_t high = args.integer();
  const uint64_t range = (uint64_t)high - (uint64_t)low;
  if (high <= low) return context->fail(context, "random_ expects 'from' to be less than 'to'");
  for_any(context, dtype, [&](auto* type) { integer(context, state, (decltype(type))out, n, low, range); });
}

KERNEL(random_integer_wide) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  const uint64_t low_high = (uint64_t)args.integer();
  const uint64_t low = (low_high << 32) | (uint64_t)args.integer();
  const uint64_t range_high = (uint64_t)args.integer();
  const uint64_t range = (range_high << 32) | (uint64_t)args.integer();
  if (range == 0) return context->fail(context, "random_ expects 'from' to be less than 'to'");
  for_any(context, dtype, [&](auto* type) { integer(context, state, (decltype(type))out, n, (int64_t)low, range); });
}

KERNEL(random_full) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  for_any(context, dtype, [&](auto* type) { full(context, state, (decltype(type))out, n); });
}

KERNEL(random_permutation) {
  RandomState* state = args.pointer<RandomState>();
  int64_t* out = args.pointer<int64_t>();
  permutation(context, state, out, args.integer());
}

KERNEL(random_bernoulli) {
  Args scalar = args;
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  args.real();
  const void* p_tensor = args.pointer();
  if (!p_tensor) {
    return transform(context, scalar, false, [](Args rest) {
      const double p = rest.real();
      return [p](double unit) { return unit < p ? 1.0 : 0.0; };
    });
  }
  for_floating(context, args.dtype(), [&](auto* p_type) {
    for_any(context, dtype, [&](auto* type) {
      bernoulli(context, state, (decltype(type))out, n, (const typename Pointed<decltype(p_type)>::Type*)p_tensor);
    });
  });
}

KERNEL(random_exponential) {
  transform(context, args, true, [](Args rest) {
    const double scale = -1.0 / rest.real();
    return [scale](double unit) { return scale * __builtin_log1p(-unit); };
  });
}

KERNEL(random_cauchy) {
  transform(context, args, true, [](Args rest) {
    const double median = rest.real();
    const double sigma = rest.real();
    return [=](double unit) { return fused(sigma, __builtin_tan(kTwoPi / 2 * (unit - 0.5)), median); };
  });
}

KERNEL(random_geometric) {
  transform(context, args, false, [](Args rest) {
    const double log_miss = __builtin_log1p(-rest.real());
    return [=](double unit) { return __builtin_ceil(__builtin_log(unit) / log_miss); };
  });
}

KERNEL(random_multinomial) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  int64_t* out = args.pointer<int64_t>();
  const void* weights = args.pointer();
  const int64_t rows = args.integer();
  const int64_t n = args.integer();
  const int64_t samples = args.integer();
  for_floating(context, dtype, [&](auto* type) {
    const auto* typed = (const typename Pointed<decltype(type)>::Type*)weights;
    for (int64_t row = 0; row < rows; row++) {
      multinomial(context, state, out + row * samples, typed + row * n, n, samples);
    }
  });
}

KERNEL(random_log_normal) {
  RandomState* state = args.pointer<RandomState>();
  const Dtype dtype = args.dtype();
  void* out = args.pointer();
  const int64_t n = args.integer();
  const double mean = args.real();
  const double std = args.real();
  for_floating(context, dtype, [&](auto* type) {
    using T = typename Pointed<decltype(type)>::Type;
    for (int64_t i = 0; i < n; i++) {
      ((T*)out)[i] = Element<T>::from_double(__builtin_exp(fused(next_normal(state), std, mean)));
    }
  });
}

}  // namespace layerwise
