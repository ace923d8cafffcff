// max_pool2d, avg_pool2d and adaptive_avg_pool2d over planes of [NC, H, W], and their gradients. Each plane is one unit
// of work, so gradients need no atomics. Loops run along a row of results, one tap of the window at a time.
#include "reduce_rules.h"

namespace layerwise::NS {
namespace {

// Results [first, last) of a row of n whose tap, at offset + position * step, falls inside [0, size).
struct Span { int64_t first, last; };
LW_STATIC Span inside(int64_t offset, int64_t step, int64_t n, int64_t size) {
  int64_t first = offset >= 0 ? 0 : ceil_div(-offset, step);
  int64_t last = offset >= size ? 0 : smaller(n, (size - 1 - offset) / step + 1);
  return {first, larger(first, last)};
}

// Calls f(constant step) so that the common steps get loops of their own, which vectorise.
template <class F> LW_STATIC void with_step(int64_t step, F f) {
  if (step == 1) f([](int64_t i) { return i; });
  else if (step == 2) f([](int64_t i) { return 2 * i; });
  else f([=](int64_t i) { return i * step; });
}

struct Window {
  int64_t planes, H, W, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw;
  int64_t tasks_at_least() const { return larger(1, kTaskElements / larger(1, oh * ow * kh * kw)); }
};
LW_STATIC Window read_window(Args& args, bool dilated) {
  Window w;
  int64_t* fields[] = {&w.planes, &w.H, &w.W, &w.oh, &w.ow, &w.kh, &w.kw, &w.sh, &w.sw, &w.ph, &w.pw};
  for (int64_t* field : fields) *field = args.integer();
  w.dh = dilated ? args.integer() : 1;
  w.dw = dilated ? args.integer() : 1;
  return w;
}

template <class T> struct Limits {
  static constexpr T lowest() { return T(-1) > T(0) ? T(0) : T(T(1) << (sizeof(T) * 8 - 1)); }
};
template <class C, class T> LW_STATIC C lowest() {
  if constexpr (is_integer<T>) return (C)Limits<T>::lowest();
  else return -(C)__builtin_inf();
}

// The results of a row whose whole window lies inside: first .. last.
LW_STATIC Span interior(const Window& w) {
  Span left = inside(-w.pw, w.sw, w.ow, w.W), right = inside((w.kw - 1) * w.dw - w.pw, w.sw, w.ow, w.W);
  return {larger(left.first, right.first), smaller(left.last, right.last)};
}

// A vector of elements `step` apart; reads nothing behind the last of them.
template <class T> LW_STATIC vector<T> load_apart(const T* p, int64_t step) {
  constexpr int64_t N = lanes<T>;
  if (step == 1) return load(p);
  if constexpr (is_same<compute<T>, float>) {
    if (step == 2) {
      Ints pick;
      for (int64_t i = 0; i < N; i++) pick[i] = 2 * i < N ? 2 * i : 2 * i + 1;
      return __builtin_shuffle(load(p), load(p + N - 1), pick);
    }
  }
  vector<T> out;
  for (int64_t i = 0; i < N; i++) out[i] = get(p + i * step);
  return out;
}

// Results of row oy: whole vectors where the window lies inside, single ones elsewhere. The last vector may overlap.
template <class T, class Block, class One> LW_STATIC void each_result(const Window& w, Block block, One one) {
  constexpr int64_t N = is_integer<T> ? (int64_t)1 << 62 : lanes<T>;
  Span span = interior(w);
  int64_t done = 0;
  if (span.last - span.first >= N) {
    for (; done < span.first; done++) one(done);
    for (; done < span.last; done += N) block(smaller(done, span.last - N));
    done = span.last;
  }
  for (; done < w.ow; done++) one(done);
}

// A NaN wins over everything, the last one over those before it, as in PyTorch.
template <class T> void max_row(const Window& w, const T* x, int64_t oy, T* out, int64_t* indices) {
  using C = compute<T>;
  constexpr int64_t N = is_integer<T> ? 1 : LW_VECTOR_BYTES / sizeof(C);
  int64_t y0 = oy * w.sh - w.ph;
  int64_t first_y = y0 >= 0 ? y0 : y0 + ceil_div(-y0, w.dh) * w.dh;
  auto one = [&](int64_t ox) {
    int64_t x0 = ox * w.sw - w.pw;
    C best = lowest<C, T>();
    int64_t place = first_y * w.W + (x0 >= 0 ? x0 : x0 + ceil_div(-x0, w.dw) * w.dw);
    for (int64_t y = first_y; y < smaller(y0 + w.kh * w.dh, w.H); y += w.dh) {
      for (int64_t s = 0, at = x0; s < w.kw; s++, at += w.dw) {
        if (at < 0 || at >= w.W) continue;
        C v = get(x + y * w.W + at);
        if (v > best || is_nan(v)) {
          best = v;
          place = y * w.W + at;
        }
      }
    }
    put(out + ox, best);
    if (indices) indices[ox] = place;
  };
  auto block = [&](int64_t ox) {
    if constexpr (!is_integer<T>) {
      // Lanes of the place are as wide as those of the value, so that one mask serves both.
      using Place = decltype(vector<T>{} > vector<T>{});
      int64_t x0 = ox * w.sw - w.pw;
      Place ramp;
      for (int64_t l = 0; l < N; l++) ramp[l] = l * w.sw;
      vector<T> best = vector<T>{} + lowest<C, T>();
      Place place = ramp + (decltype(ramp[0] + 0))(first_y * w.W + x0);
      for (int64_t y = first_y; y < smaller(y0 + w.kh * w.dh, w.H); y += w.dh) {
        for (int64_t s = 0; s < w.kw; s++) {
          int64_t at = y * w.W + x0 + s * w.dw;
          vector<T> v = load_apart(x + at, w.sw);
          Place wins = (v > best) | (v != v);
          best = wins ? v : best;
          place = wins ? ramp + (decltype(ramp[0] + 0))at : place;
        }
      }
      store(out + ox, best);
      if (!indices) return;
      for (int64_t l = 0; l < N; l++) indices[ox + l] = place[l];
    }
  };
  each_result<T>(w, block, one);
}

// Rows too short for a vector: results of several rows and planes are taken together.
template <class T> struct ShortRows {
  using Place = decltype(vector<T>{} > vector<T>{});
  using Offset = decltype(Place{}[0] + 0);
  static constexpr int64_t N = lanes<T>;
  const Window& w;
  int64_t results = w.oh * w.ow;                                           // of a plane
  int64_t group = smaller(w.planes, ceil_div(4 * N, larger(1, results)));  // planes that one table serves
  bool is_inside = w.ph == 0 && w.pw == 0 && (w.oh - 1) * w.sh + (w.kh - 1) * w.dh < w.H &&
                   (w.ow - 1) * w.sw + (w.kw - 1) * w.dw < w.W;
  // Of each result of a group: its plane, the top and left of its window.
  Offset *planes = nullptr, *tops = nullptr, *lefts = nullptr;

  bool serve() const { return w.ow < N && group * results >= N && group * w.H * w.W < 1 << 30; }
  bool make_table(Context* context) {
    const int64_t n = group * results;
    planes = (Offset*)context->scratch(context, 0, size_t(3 * n) * sizeof(Offset));
    if (!planes) return context->fail(context, "[max_pool2d] out of memory for places"), false;
    tops = planes + n;
    lefts = tops + n;
    for (int64_t i = 0; i < n; i++) {
      planes[i] = Offset(i / results * w.H * w.W);
      tops[i] = Offset(i % results / w.ow * w.sh - w.ph);
      lefts[i] = Offset(i % w.ow * w.sw - w.pw);
    }
    return true;
  }
  LW_STATIC vector<T> gather(const T* x, Place from) {
    if constexpr (is_same<T, float>) {
#if defined(__AVX512F__)
      return (vector<T>)_mm512_i32gather_ps((__m512i)from, x, 4);
#elif defined(__AVX2__)
      return (vector<T>)_mm256_i32gather_ps(x, (__m256i)from, 4);
#endif
    }
    vector<T> v;
    for (int64_t l = 0; l < N; l++) v[l] = get(x + from[l]);
    return v;
  }
  LW_STATIC Place at(const Offset* table, int64_t i) {
    Place out;
    memcpy(&out, table + i, sizeof out);
    return out;
  }
  // The first position of a window that lies inside, along one dimension.
  LW_STATIC Place first_inside(Place from, int64_t dilation) {
    for (Place before = from < 0; any_of(before); before = from < 0) from = before ? from + Offset(dilation) : from;
    return from;
  }
  LW_STATIC bool any_of(Place mask) {
    Offset any = 0;
    for (int64_t l = 0; l < N; l++) any |= mask[l];
    return any != 0;
  }
  // Do N results from a multiple of N on read exactly the 4 N numbers that lie where those of their windows begin?
  bool is_dense() const {
    const bool halves = w.kh == 2 && w.kw == 2 && w.sh == 2 && w.sw == 2 && w.dh == 1 && w.dw == 1;
    return halves && is_inside && w.H == 2 * w.oh && w.W == 2 * w.ow && N % w.ow == 0 && group * results % N == 0;
  }
  // The numbers at `from`, which lie in the 4 N from `begin` on.
  LW_STATIC vector<T> pick(const T* x, [[maybe_unused]] Offset begin, Place from) {
#if defined(__AVX512F__)
    if constexpr (is_same<T, float>) {
      const T* p = x + begin;
      const Place at = from - begin;
      const vector<T> low = __builtin_shuffle(load(p), load(p + N), at);
      const vector<T> high = __builtin_shuffle(load(p + 2 * N), load(p + 3 * N), at);
      return at < Offset(2 * N) ? low : high;
    }
#endif
    return gather(x, from);
  }

  // Results [i, i + N) of a group.
  template <bool inside, bool dense = false> void block(const T* x, int64_t i, T* out, int64_t* indices) const {
    const Place plane = at(planes, i), top = at(tops, i), left = at(lefts, i);
    const Offset H = Offset(w.H), W = Offset(w.W);
    vector<T> best = vector<T>{} + lowest<compute<T>, T>();
    Place place = inside ? top * W + left : first_inside(top, w.dh) * W + first_inside(left, w.dw);
    for (int64_t r = 0; r < w.kh; r++) {
      const Place y = top + Offset(r * w.dh);
      for (int64_t s = 0; s < w.kw; s++) {
        const Place column = left + Offset(s * w.dw);
        const Place here = y * W + column;
        const Place is_there = (y >= 0) & (y < H) & (column >= 0) & (column < W);
        const Place from = plane + (inside ? here : here & is_there);
        const vector<T> v = dense ? pick(x, Offset(4 * i), from) : gather(x, from);
        Place wins = (v > best) | (v != v);
        if (!inside) wins &= is_there;
        best = wins ? v : best;
        place = wins ? here : place;
      }
    }
    store(out + i, best);
    for (int64_t l = 0; indices && l < N; l++) indices[i + l] = place[l];
  }
};

// False where rows are long: nothing was done.
template <class T> bool max_of_short_rows(Context* context, const Window& w, const T* x, T* out, int64_t* indices) {
  ShortRows<T> rows = {w};
  if (!rows.serve()) return false;
  if (!rows.make_table(context)) return true;
  const bool is_dense = rows.is_dense();
  const int64_t grain = larger(1, w.tasks_at_least() / rows.group);
  parallel_for(context, ceil_div(w.planes, rows.group), grain, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; g++) {
      const int64_t plane = g * rows.group, planes = smaller(rows.group, w.planes - plane);
      const int64_t count = planes * rows.results, at = plane * rows.results;
      const T* from = x + plane * w.H * w.W;
      int64_t* places = indices ? indices + at : nullptr;
      if (count >= lanes<T>) {
        // The last vector may overlap the one before it.
        for (int64_t i = 0; i < count; i += lanes<T>) {
          const int64_t first = smaller(i, count - lanes<T>);
          if (is_dense && count % lanes<T> == 0) rows.template block<true, true>(from, i, out + at, places);
          else if (rows.is_inside) rows.template block<true>(from, first, out + at, places);
          else rows.template block<false>(from, first, out + at, places);
        }
        continue;
      }
      for (int64_t row = 0; row < planes * w.oh; row++) {
        max_row(w, from + row / w.oh * w.H * w.W, row % w.oh, out + at + row * w.ow,
                places ? places + row * w.ow : nullptr);
      }
    }
  });
  return true;
}

KERNEL(max_pool2d) {
  Dtype dtype = args.dtype();
  void *out_ = args.pointer(), *indices_ = args.pointer(), *x_ = args.pointer();
  Window w = read_window(args, true);
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (!is_integer<T>) {
      if (max_of_short_rows(context, w, (const T*)x_, (T*)out_, (int64_t*)indices_)) return;
    }
    parallel_for(context, w.planes, w.tasks_at_least(), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p++) {
        for (int64_t oy = 0; oy < w.oh; oy++) {
          int64_t at = (p * w.oh + oy) * w.ow;
          int64_t* indices = indices_ ? (int64_t*)indices_ + at : nullptr;
          max_row(w, (const T*)x_ + p * w.H * w.W, oy, (T*)out_ + at, indices);
        }
      }
    });
  });
}

// Runs f(dx of a plane as compute type, already zero, plane) and stores it.
template <class T, class F>
void each_gradient_plane(Context* context, T* dx, int64_t planes, int64_t size, int64_t grain, F f) {
  using C = compute<T>;
  parallel_for(context, planes, grain, [&](int64_t begin, int64_t end) {
    C* stage = is_same<T, C> ? nullptr : (C*)context->scratch(context, 0, size * sizeof(C));
    for (int64_t p = begin; p < end; p++) {
      C* plane = is_same<T, C> ? (C*)(dx + p * size) : stage;
      memset(plane, 0, size * sizeof(C));
      f(plane, p);
      if constexpr (!is_same<T, C>) {
        for (int64_t i = 0; i < size; i++) put(dx + p * size + i, plane[i]);
      }
    }
  });
}

KERNEL(max_pool2d_backward) {
  Dtype dtype = args.dtype();
  void *dx = args.pointer(), *dy_ = args.pointer();
  auto* indices = args.pointer<const int64_t>();
  int64_t planes = args.integer(), H = args.integer(), W = args.integer(), oh = args.integer(), ow = args.integer();
  int64_t n = oh * ow;
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    each_gradient_plane(context, (T*)dx, planes, H * W, kTaskElements / larger(1, H * W),
                        [&](compute<T>* plane, int64_t p) {
                          const T* dy = (const T*)dy_ + p * n;
                          for (int64_t i = 0; i < n; i++) plane[indices[p * n + i]] += get(dy + i);
                        });
  });
  if (!known) context->fail(context, "[max_pool2d_backward] expected a floating dtype");
}

// --- averages --------------------------------------------------------------------------------------------------------

// Number of elements along one dimension that the window of result o is divided by.
LW_STATIC int64_t extent(int64_t o, int64_t k, int64_t stride, int64_t pad, int64_t size, bool include_pad) {
  int64_t begin = o * stride - pad, end = smaller(begin + k, size + pad);
  return include_pad ? end - begin : smaller(end, size) - larger(begin, 0);
}

struct Average {
  Window w;
  bool include_pad;
  int64_t divisor;
  int64_t count(int64_t oy, int64_t ox) const {
    if (divisor) return divisor;
    return extent(oy, w.kh, w.sh, w.ph, w.H, include_pad) * extent(ox, w.kw, w.sw, w.pw, w.W, include_pad);
  }
};
LW_STATIC Average read_average(Args& args) {
  Average a;
  a.w = read_window(args, false);
  a.include_pad = args.integer() != 0;
  a.divisor = args.integer();
  return a;
}

// Calls f(input row y, offset of the tap, span of results) for every tap of one row of results.
template <class F> LW_STATIC void each_tap(const Window& w, int64_t oy, F f) {
  for (int64_t r = 0; r < w.kh; r++) {
    int64_t y = oy * w.sh - w.ph + r;
    if (y < 0 || y >= w.H) continue;
    for (int64_t s = 0; s < w.kw; s++) f(y, s - w.pw, inside(s - w.pw, w.sw, w.ow, w.W));
  }
}

template <class T> void average_row(const Average& a, const T* x, int64_t oy, T* out) {
  using C = compute<T>;
  const Window& w = a.w;
  int64_t first_y = larger(0, oy * w.sh - w.ph), last_y = smaller(oy * w.sh - w.ph + w.kh, w.H);
  auto one = [&](int64_t ox) {
    int64_t x0 = ox * w.sw - w.pw;
    C sum = 0;
    for (int64_t y = first_y; y < last_y; y++) {
      for (int64_t i = larger(0, x0); i < smaller(x0 + w.kw, w.W); i++) sum += get(x + y * w.W + i);
    }
    // A window that lies in the padding alone has no elements, and a sum of 0.
    put(out + ox, sum / (C)larger(1, a.count(oy, ox)));
  };
  auto block = [&](int64_t ox) {
    vector<T> sum = {};
    for (int64_t y = first_y; y < last_y; y++) {
      for (int64_t s = 0; s < w.kw; s++) sum += load_apart(x + y * w.W + ox * w.sw - w.pw + s, w.sw);
    }
    store(out + ox, sum / (C)larger(1, a.count(oy, ox)));
  };
  each_result<T>(w, block, one);
}

KERNEL(avg_pool2d) {
  Dtype dtype = args.dtype();
  void *out_ = args.pointer(), *x_ = args.pointer();
  Average a = read_average(args);
  const Window& w = a.w;
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(context, w.planes, w.tasks_at_least(), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p++) {
        for (int64_t oy = 0; oy < w.oh; oy++) {
          average_row(a, (const T*)x_ + p * w.H * w.W, oy, (T*)out_ + (p * w.oh + oy) * w.ow);
        }
      }
    });
  });
  if (!known) context->fail(context, "[avg_pool2d] expected a floating dtype");
}

KERNEL(avg_pool2d_backward) {
  Dtype dtype = args.dtype();
  void *dx = args.pointer(), *dy_ = args.pointer();
  Average a = read_average(args);
  const Window& w = a.w;
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    each_gradient_plane(context, (T*)dx, w.planes, w.H * w.W, w.tasks_at_least(), [&](C* plane, int64_t p) {
      C* share = (C*)context->scratch(context, 1, w.ow * sizeof(C));
      for (int64_t oy = 0; oy < w.oh; oy++) {
        const T* dy = (const T*)dy_ + (p * w.oh + oy) * w.ow;
        for (int64_t ox = 0; ox < w.ow; ox++) share[ox] = get(dy + ox) / (C)larger(1, a.count(oy, ox));
        each_tap(w, oy, [&](int64_t y, int64_t offset, Span span) {
          C* row = plane + y * w.W + offset;
          with_step(w.sw, [&](auto scaled) {
#pragma omp simd
            for (int64_t ox = span.first; ox < span.last; ox++) row[scaled(ox)] += share[ox];
          });
        });
      }
    });
  });
  if (!known) context->fail(context, "[avg_pool2d_backward] expected a floating dtype");
}

// Result o of n covers [floor(o * size / n), ceil((o + 1) * size / n)).
LW_STATIC Span cell(int64_t o, int64_t n, int64_t size) { return {o * size / n, ceil_div((o + 1) * size, n)}; }

KERNEL(adaptive_avg_pool2d) {
  Dtype dtype = args.dtype();
  void *out_ = args.pointer(), *x_ = args.pointer();
  int64_t planes = args.integer(), H = args.integer(), W = args.integer(), oh = args.integer(), ow = args.integer();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel_for(context, planes, kTaskElements / larger(1, H * W), [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; p++) {
        const T* x = (const T*)x_ + p * H * W;
        T* out = (T*)out_ + p * oh * ow;
        for (int64_t oy = 0; oy < oh; oy++) {
          Span rows = cell(oy, oh, H);
          for (int64_t ox = 0; ox < ow; ox++) {
            Span columns = cell(ox, ow, W);
            int64_t height = rows.last - rows.first, width = columns.last - columns.first;
            double sum = 0;
            if (width == W) sum = sum_run<Identity>(x + rows.first * W, height * W);
            else
              for (int64_t y = rows.first; y < rows.last; y++)
                sum += sum_run<Identity>(x + y * W + columns.first, width);
            put(out + oy * ow + ox, sum / (double)(height * width));
          }
        }
      }
    });
  });
  if (!known) context->fail(context, "[adaptive_avg_pool2d] expected a floating dtype");
}

KERNEL(adaptive_avg_pool2d_backward) {
  Dtype dtype = args.dtype();
  void *dx = args.pointer(), *dy_ = args.pointer();
  int64_t planes = args.integer(), H = args.integer(), W = args.integer(), oh = args.integer(), ow = args.integer();
  bool known = with_float(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = compute<T>;
    each_gradient_plane(context, (T*)dx, planes, H * W, kTaskElements / larger(1, H * W), [&](C* plane, int64_t p) {
      const T* dy = (const T*)dy_ + p * oh * ow;
      for (int64_t oy = 0; oy < oh; oy++) {
        Span rows = cell(oy, oh, H);
        for (int64_t ox = 0; ox < ow; ox++) {
          Span columns = cell(ox, ow, W);
          C share = get(dy + oy * ow + ox) / (C)((rows.last - rows.first) * (columns.last - columns.first));
          for (int64_t y = rows.first; y < rows.last; y++) {
            for (int64_t i = columns.first; i < columns.last; i++) plane[y * W + i] += share;
          }
        }
      }
    });
  });
  if (!known) context->fail(context, "[adaptive_avg_pool2d_backward] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
