// What recurrent cells make of their gates' sums, vector by vector. Several vectors are done side by side, since each is one
// long chain; quotients share their divisions. Errors are absolute ones of a unit or two in the last place of 1.
#pragma once
#include "lanes.h"

namespace layerwise::NS {

// ---- exponentials ---------------------------------------------------------------------------------------------------

// 2^t = scale * (1 + rest)
struct Power {
  Floats scale, rest;
};
// The rest is a minimax fit of (2^r - 1) / r over |r| <= 1/2, good to 1.1e-8.
LW_STATIC Power power_of(Floats x, float log2) {
  const Floats magic = Floats{} + 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  const Floats shifted = x * log2 + magic;
  const Floats r = x * log2 - (shifted - magic);
  Floats q = r * 0.00015403512225020677f + 0.0013390735257416964f;
  q = q * r + 0.009618237614631653f;
  q = q * r + 0.05550357326865196f;
  q = q * r + 0.24022649228572845f;
  q = q * r + 0.6931471824645996f;
  return {(Floats)(((Ints)shifted << 23) + (127 << 23)), q * r};
}

// NaN stays: the instructions give their second operand where one is none.
LW_STATIC Floats between(Floats x, float most) {
#if defined(__AVX512F__)
  return (Floats)_mm512_max_ps(_mm512_set1_ps(-most), _mm512_min_ps(_mm512_set1_ps(most), (__m512)x));
#elif defined(__AVX2__)
  return (Floats)_mm256_max_ps(_mm256_set1_ps(-most), _mm256_min_ps(_mm256_set1_ps(most), (__m256)x));
#else
  return (Floats)_mm_max_ps(_mm_set1_ps(-most), _mm_min_ps(_mm_set1_ps(most), (__m128)x));
#endif
}
LW_STATIC Doubles between(Doubles x, double most) {
  const Doubles high = Doubles{} + most, low = -high;
  x = x > high ? high : x;
  return x < low ? low : x;
}

constexpr float kLog2OfE = 1.44269504089f;

// From these on a logistic function or a tangent is 0 or 1 in its precision or near enough; and products of two of the one
// and one of the other, with a cell of any size that is met, are finite.
template <class T> constexpr T kMostLogistic = sizeof(T) == 4 ? 30 : 240;
template <class T> constexpr T kMostTangent = sizeof(T) == 4 ? 10 : 20;

// base + e^-x, whose inverse with a base of 1 is the logistic function.
LW_STATIC Floats decay(Floats x, float base) {
  const Power p = power_of(between(x, kMostLogistic<float>), -kLog2OfE);
  return p.scale * p.rest + (p.scale + base);
}
LW_STATIC Doubles decay(Doubles x, double base) {
  x = between(x, kMostLogistic<double>);
  for (size_t i = 0; i < sizeof x / 8; i++) x[i] = __builtin_exp(-x[i]);
  return x + base;
}

// m = e^(2x) - 1, with which m / (m + 2) is the hyperbolic tangent, near zero, too.
LW_STATIC Floats growth(Floats x) {
  const Power p = power_of(between(x, kMostTangent<float>), 2 * kLog2OfE);
  return p.scale * p.rest + (p.scale - 1.0f);
}
LW_STATIC Doubles growth(Doubles x) {
  x = between(x, kMostTangent<double>);
  for (size_t i = 0; i < sizeof x / 8; i++) x[i] = __builtin_expm1(2 * x[i]);
  return x;
}

// ---- cells ----------------------------------------------------------------------------------------------------------

// One vector of a row's units: sums of its gates, which lie `apart`; its state to be and the one before; its cell, which is
// read and written; what backward wants, a gate's units behind the other's, or null.
template <class T> struct Spot {
  const T* sums;
  const T* before;
  T *h, *c, *kept, *cells;
};

// Whole vectors, or the first few numbers of one.
template <class T> struct Whole {
  LW_INLINE vector<T> read(const T* p) const { return load(p); }
  LW_INLINE void write(T* p, vector<T> x) const { store(p, x); }
};
template <class T> struct Part {
  int64_t count;
  LW_INLINE vector<T> read(const T* p) const { return load_some(p, count, T(0)); }
  LW_INLINE void write(T* p, vector<T> x) const { store_some(p, x, count); }
};

#define LW_EACH _Pragma("GCC unroll 8") for (int u = 0; u < U; u++)

// kGates: matrices of weights one below the other; kSums: numbers that the sums of a unit take; kFirst: the first of them
// that the state adds to. kBlocks: vectors of units that share a panel, so that a tile is wide enough. gate(k, is_input):
// which of PyTorch's gates is the k-th of the sums that the state, or the input, gives.
struct Lstm {
  static constexpr int kGates = 4, kSums = 4, kFirst = 0, kBlocks = 1;
  static constexpr int gate(int k, bool) { return k; }

  template <bool keeps, int U, class T, class Io>
  static LW_INLINE void forward(const Spot<T>* at, int64_t apart, int64_t units, Io io) {
    using V = vector<T>;
    V into[U], forget[U], fresh[U], out[U], cell[U];
    LW_EACH into[u] = decay(load(at[u].sums), 1);
    LW_EACH fresh[u] = growth(load(at[u].sums + 2 * apart));
    LW_EACH forget[u] = decay(load(at[u].sums + apart), 1);
    LW_EACH out[u] = decay(load(at[u].sums + 3 * apart), 1);
    LW_EACH {
      const V below = into[u] * (fresh[u] + 2);
      cell[u] = (io.read(at[u].c) * below + fresh[u] * forget[u]) / (forget[u] * below);
    }
    LW_EACH {
      const V shown = growth(cell[u]);
      io.write(at[u].h, shown / (out[u] * (shown + 2)));
      io.write(at[u].c, cell[u]);
    }
    if constexpr (keeps) {
      LW_EACH {
        T* kept = at[u].kept;
        io.write(kept, 1 / into[u]);
        io.write(kept + units, 1 / forget[u]);
        io.write(kept + 2 * units, fresh[u] / (fresh[u] + 2));
        io.write(kept + 3 * units, 1 / out[u]);
        io.write(at[u].cells, cell[u]);
      }
    }
  }
};

// The reset gate stands between what the state gives to the third gate and what the input does: both are kept apart.
struct Gru {
  static constexpr int kGates = 3, kSums = 4, kFirst = 1, kBlocks = 1;
  static constexpr int gate(int k, bool is_input) { return is_input ? (k + 2) % 3 : k; }

  template <bool keeps, int U, class T, class Io>
  static LW_INLINE void forward(const Spot<T>* at, int64_t apart, int64_t units, Io io) {
    using V = vector<T>;
    V reset[U], update[U], fresh[U], product[U];
    LW_EACH reset[u] = 1 / decay(load(at[u].sums + apart), 1);
    LW_EACH update[u] = decay(load(at[u].sums + 2 * apart), 0);
    LW_EACH product[u] = load(at[u].sums + 3 * apart);
    LW_EACH fresh[u] = growth(load(at[u].sums) + reset[u] * product[u]);
    LW_EACH {
      const V below = fresh[u] + 2;
      io.write(at[u].h, (io.read(at[u].before) * below + fresh[u] * update[u]) / ((update[u] + 1) * below));
    }
    if constexpr (keeps) {
      LW_EACH {
        T* kept = at[u].kept;
        io.write(kept, reset[u]);
        io.write(kept + units, 1 / (update[u] + 1));
        io.write(kept + 2 * units, fresh[u] / (fresh[u] + 2));
        io.write(kept + 3 * units, product[u]);
      }
    }
  }
};

template <bool relu> struct Plain {
  static constexpr int kGates = 1, kSums = 1, kFirst = 0, kBlocks = 4;
  static constexpr int gate(int k, bool) { return k; }

  template <bool, int U, class T, class Io>
  static LW_INLINE void forward(const Spot<T>* at, int64_t, int64_t, Io io) {
    using V = vector<T>;
    LW_EACH {
      const V total = load(at[u].sums);
      if constexpr (relu) {
        io.write(at[u].h, total < 0 ? V{} : total);  // not the larger of both: NaN stays
      } else {
        const V m = growth(total);
        io.write(at[u].h, m / (m + 2));
      }
    }
  }
};
#undef LW_EACH

// As ops say which.
enum Mode : int { kLstm = 0, kGru = 1, kTanh = 2, kRelu = 3 };
template <class F> LW_STATIC void with_cell(int mode, F f) {
  switch (mode) {
    case kLstm: return f(Lstm{});
    case kGru: return f(Gru{});
    case kTanh: return f(Plain<false>{});
    default: return f(Plain<true>{});
  }
}

}  // namespace layerwise::NS
