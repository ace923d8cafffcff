// What attention and its gradient share: the problem as the command gives it, and how queries and keys become panels.
// Scores are kept transposed, keys by queries: lanes are queries, so a softmax needs no sums across lanes, and the
// block of probabilities is already the packed right-hand side of the next product. Query heads that share keys
// (grouped-query attention) are simply more rows.
#pragma once
#include "lanes.h"
#include "matmul_micro.h"

namespace layerwise::NS {

struct Strides3 { int64_t batch, head, row; };
struct MaskOperand {
  const void* data;
  Dtype dtype;
  int64_t batch, head, row, column;
};

struct AttentionShape {
  int64_t B, Hq, Hkv, Tq, Tk, D, Dv;
  Strides3 q, k, v, out;
  MaskOperand mask;
  double scale;
  bool causal;

  int64_t group() const { return Hq / Hkv; }
  int64_t rows() const { return group() * Tq; }  // queries that share keys
  int64_t block_keys() const {
    int64_t blocks = larger(1, ceil_div(Tk, 128));
    return larger(1, ceil_div(ceil_div(Tk, blocks), 12) * 12);
  }
};

LW_STATIC Strides3 read_strides(Args& args) {
  Strides3 s;
  s.batch = args.integer();
  s.head = args.integer();
  s.row = args.integer();
  return s;
}
// Everything behind the pointers.
LW_STATIC AttentionShape read_attention(Args& args, const void* mask) {
  AttentionShape s;
  int64_t* sizes[] = {&s.B, &s.Hq, &s.Hkv, &s.Tq, &s.Tk, &s.D, &s.Dv};
  for (int64_t* size : sizes) *size = args.integer();
  s.q = read_strides(args);
  s.k = read_strides(args);
  s.v = read_strides(args);
  s.out = read_strides(args);
  s.mask.data = mask;
  s.mask.batch = args.integer();
  s.mask.head = args.integer();
  s.mask.row = args.integer();
  s.mask.column = args.integer();
  s.mask.dtype = args.dtype();
  s.scale = args.real();
  s.causal = args.integer() != 0;
  return s;
}

// One panel of up to kTileColumns queries of one key head.
template <class T> struct QueryPanel {
  static constexpr int64_t nr = kTileColumns<T>;
  int64_t batch, first_head, first, count;  // rows [first, first + count) of the group
  int64_t head[nr], time[nr];
  int64_t earliest, latest;

  QueryPanel(const AttentionShape& s, int64_t batch, int64_t kv_head, int64_t panel) : batch(batch) {
    first_head = kv_head * s.group();
    first = panel * nr;
    count = smaller(nr, s.rows() - first);
    earliest = s.Tq;
    latest = 0;
    for (int64_t l = 0; l < nr; l++) {
      int64_t row = first + smaller(l, count - 1);
      head[l] = first_head + row / s.Tq;
      time[l] = row % s.Tq;
      earliest = smaller(earliest, time[l]);
      latest = larger(latest, time[l]);
    }
  }
  template <class S> const S* row(const S* base, Strides3 strides, int64_t lane) const {
    return base + batch * strides.batch + head[lane] * strides.head + time[lane] * strides.row;
  }
  // out[d * nr + lane] = scale * row[d]; absent lanes are 0.
  template <class S> void pack_transposed(T* out, const S* base, Strides3 strides, int64_t depth, T scale) const {
    for (int64_t l = 0; l < nr; l++) {
      if (l >= count) {
        for (int64_t d = 0; d < depth; d++) out[d * nr + l] = 0;
        continue;
      }
      const S* from = row(base, strides, l);
      for (int64_t d = 0; d < depth; d++) out[d * nr + l] = (T)get(from + d) * scale;
    }
  }
  // out[lane * width + d] = scale * row[d], zero up to width and for absent lanes.
  template <class S>
  void pack_rows(T* out, const S* base, Strides3 strides, int64_t depth, int64_t width, T scale) const {
    for (int64_t l = 0; l < nr; l++) {
      const S* from = row(base, strides, l);
      for (int64_t d = 0; d < depth; d++) out[l * width + d] = l < count ? (T)get(from + d) * scale : 0;
      for (int64_t d = depth; d < width; d++) out[l * width + d] = 0;
    }
  }

  // Adds the mask to scores[key][lane] for keys [begin, end) and cuts off what lies in the future.
  void mask_scores(const AttentionShape& s, T* scores, int64_t begin, int64_t end) const {
    const T nothing = -(T)__builtin_inf();
    if (s.mask.data) {
      with_any(s.mask.dtype, [&](auto tag) {
        using M = typename decltype(tag)::type;
        const MaskOperand& m = s.mask;
        for (int64_t l = 0; l < count; l++) {
          const M* from = (const M*)m.data + batch * m.batch + head[l] * m.head + time[l] * m.row;
          for (int64_t j = begin; j < end; j++) {
            T* score = scores + (j - begin) * nr + l;
            if constexpr (is_integer<M>) *score = from[j * m.column] ? *score : nothing;
            else *score += (T)get(from + j * m.column);
          }
        }
      });
    }
    if (s.causal && end - 1 > earliest) {
      for (int64_t l = 0; l < nr; l++) {
        for (int64_t j = larger(begin, time[l] + 1); j < end; j++) scores[(j - begin) * nr + l] = nothing;
      }
    }
  }
};

// c[m x lanes] (+)= a[m x depth] * b[depth x lanes]; a in panels of kTileRows rows, b and c with row stride nr.
template <class T> LW_STATIC void panel_product(T* c, const T* a, const T* b, int64_t m, int64_t depth, bool adds) {
  constexpr int64_t mr = kTileRows, nr = kTileColumns<T>;
  Finish<T> finish = {1, (T)adds, nullptr};
  for (int64_t i = 0; i < m; i += mr) {
    int height = (int)smaller(mr, m - i);
    micro_kernel_for<T>(height, (int)nr)(depth, a + i * depth, b, nr, c + i * nr, nr, 1, (int)nr, finish);
  }
}
// Packs `count` slices (rows of a left-hand side), `depth` deep, in panels of kTileRows.
template <class T, class S> LW_STATIC void pack_slices(T* out, const S* in, int64_t count, int64_t slice_stride,
                                                       int64_t depth_stride, int64_t depth) {
  for (int64_t i = 0; i < count; i += kTileRows) {
    int height = (int)smaller(kTileRows, count - i);
    pack_panel(out + i * depth, height, height, in + i * slice_stride, slice_stride, depth_stride, depth);
  }
}

}  // namespace layerwise::NS
