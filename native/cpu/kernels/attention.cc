// Scaled dot-product attention and its gradient in the manner of FlashAttention (Dao et al. 2022): scores exist one
// tile at a time, the softmax is running, blocks of keys in the future are skipped. A row that may attend to nothing
// gives 0. Dropout is not done here.
#include "attention_tiles.h"

namespace layerwise::NS {
namespace {

constexpr int64_t kPackedBytes = (int64_t)32 << 20;  // of keys and values that are packed at a time

template <class T> struct Forward {
  static constexpr int64_t nr = kTileColumns<T>, V = nr / lanes<T>;
  const AttentionShape& s;
  int64_t block;

  // The running softmax over one block of scores; they become probabilities.
  void softmax_block(T* scores, int64_t keys, T* out, T* top, T* total) const {
    for (int64_t v = 0; v < V; v++) {
      T* p = scores + v * lanes<T>;
      vector<T> old_top = load(top + v * lanes<T>), new_top = old_top;
      for (int64_t j = 0; j < keys; j++) new_top = max_of(load(p + j * nr), new_top);
      vector<T> shift = new_top == -(T)__builtin_inf() ? vector<T>{} : new_top;
      vector<T> keep = exp_of(old_top - shift), sum = {};
      for (int64_t j = 0; j < keys; j++) {
        vector<T> e = exp_of(load(p + j * nr) - shift);
        store(p + j * nr, e);
        sum += e;
      }
      store(top + v * lanes<T>, new_top);
      store(total + v * lanes<T>, load(total + v * lanes<T>) * keep + sum);
      for (int64_t d = 0; d < s.Dv; d++) {
        T* o = out + d * nr + v * lanes<T>;
        store(o, load(o) * keep);
      }
    }
  }

  template <class S> void panel(const QueryPanel<T>& queries, const S* q, const T* keys, const T* values, S* out,
                                T* lse, T* buffer) const {
    T* packed = buffer;
    T* scores = packed + s.D * nr;
    T* sums = scores + block * nr;
    T* top = sums + s.Dv * nr;
    T* total = top + nr;
    queries.pack_transposed(packed, q, s.q, s.D, (T)s.scale);
    memset(sums, 0, s.Dv * nr * sizeof(T));
    for (int64_t l = 0; l < nr; l++) {
      top[l] = -(T)__builtin_inf();
      total[l] = 0;
    }
    int64_t until = s.causal ? smaller(s.Tk, queries.latest + 1) : s.Tk;
    for (int64_t begin = 0; begin < until; begin += block) {
      int64_t n = smaller(block, s.Tk - begin);
      panel_product(scores, keys + begin * s.D, packed, n, s.D, false);
      queries.mask_scores(s, scores, begin, begin + n);
      softmax_block(scores, n, sums, top, total);
      panel_product(sums, values + begin * s.Dv, scores, s.Dv, n, true);
    }
    for (int64_t l = 0; l < queries.count; l++) {
      S* to = (S*)queries.row(out, s.out, l);
      T scale = total[l] == 0 ? 0 : 1 / total[l];
      for (int64_t d = 0; d < s.Dv; d++) put(to + d, (T)(sums[d * nr + l] * scale));
      if (lse) {
        int64_t at = (queries.batch * s.Hq + queries.head[l]) * s.Tq + queries.time[l];
        lse[at] = (T)((double)top[l] + __builtin_log((double)total[l]));
      }
    }
  }
};

template <class T, class S>
void forward(Context* context, const AttentionShape& s, S* out, T* lse, const S* q, const S* k, const S* v) {
  constexpr int64_t nr = kTileColumns<T>;
  int64_t heads = s.B * s.Hkv, per_head = s.Tk * (s.D + s.Dv), panels = ceil_div(s.rows(), nr), block = s.block_keys();
  if (s.rows() == 0) return;
  int64_t at_once = larger(1, smaller(heads, kPackedBytes / larger(1, per_head * (int64_t)sizeof(T))));
  T* packed = (T*)context->scratch(context, 0, larger(1, at_once * per_head) * sizeof(T));
  if (!packed) return context->fail(context, "[attention] out of memory for packed keys");
  for (int64_t first = 0; first < heads; first += at_once) {
    int64_t n = smaller(at_once, heads - first), blocks = ceil_div(s.Tk, block);
    parallel_for(context, n * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        int64_t b = (first + i / blocks) / s.Hkv, h = (first + i / blocks) % s.Hkv, from = i % blocks * block;
        int64_t count = smaller(block, s.Tk - from);
        T* keys = packed + i / blocks * per_head;
        T* values = keys + s.Tk * s.D;
        pack_slices(keys + from * s.D, k + b * s.k.batch + h * s.k.head + from * s.k.row, count, s.k.row, 1, s.D);
        pack_slices(values + from * s.Dv, v + b * s.v.batch + h * s.v.head + from * s.v.row, s.Dv, 1, s.v.row, count);
      }
    });
    parallel_for(context, n * panels, 1, [&](int64_t begin, int64_t end) {
      T* buffer = (T*)context->scratch(context, 1, (s.D + block + s.Dv + 2) * nr * sizeof(T));
      if (!buffer) return context->fail(context, "[attention] out of memory for a tile");
      for (int64_t i = begin; i < end; i++) {
        int64_t head = first + i / panels;
        const T* keys = packed + i / panels * per_head;
        QueryPanel<T> queries(s, head / s.Hkv, head % s.Hkv, i % panels);
        Forward<T>{s, block}.panel(queries, q, keys, keys + s.Tk * s.D, out, lse, buffer);
      }
    });
  }
}

// One piece of the keys of one key head, against all its queries. Gradients of keys and values are finished here; those
// of queries are added up over the pieces afterwards, in order.
template <class T, class S> struct Backward {
  static constexpr int64_t nr = kTileColumns<T>, mr = kTileRows, V = nr / lanes<T>;
  const AttentionShape& s;
  int64_t block, panels, d_width, dv_width;
  const S *q, *k, *v, *out, *dout;
  const T* lse;
  S *dk, *dv;

  // Per panel: scaled queries and gradients, transposed and by rows, lse and delta.
  int64_t panel_size() const { return nr * (s.D + s.Dv + d_width + dv_width + 2); }
  int64_t buffer_size() const {
    int64_t keys = block * (2 * s.D + s.Dv), tiles = 3 * block * nr, sums = block * (d_width + dv_width);
    return panels * panel_size() + keys + tiles + sums;
  }

  void pack_queries(const QueryPanel<T>& p, T* to) const {
    p.pack_transposed(to, q, s.q, s.D, (T)s.scale);
    to += nr * s.D;
    p.pack_transposed(to, dout, s.out, s.Dv, (T)1);
    to += nr * s.Dv;
    p.pack_rows(to, q, s.q, s.D, d_width, (T)s.scale);
    to += nr * d_width;
    p.pack_rows(to, dout, s.out, s.Dv, dv_width, (T)1);
    to += nr * dv_width;
    for (int64_t l = 0; l < nr; l++) {
      T delta = 0;
      if (l < p.count) {
        const S *o = p.row(out, s.out, l), *g = p.row(dout, s.out, l);
        for (int64_t d = 0; d < s.Dv; d++) delta += (T)get(o + d) * (T)get(g + d);
      }
      to[l] = l < p.count ? lse[(p.batch * s.Hq + p.head[l]) * s.Tq + p.time[l]] : 0;
      to[nr + l] = delta;
    }
  }

  // scores -> probabilities; gradients of probabilities -> gradients of scores.
  void gradients(T* scores, T* grads, int64_t n, const T* lse_row, const T* delta) const {
    for (int64_t v = 0; v < V; v++) {
      vector<T> shift = load(lse_row + v * lanes<T>), centre = load(delta + v * lanes<T>);
      shift = shift == -(T)__builtin_inf() ? vector<T>{} : shift;
      for (int64_t j = 0; j < n; j++) {
        T *p = scores + j * nr + v * lanes<T>, *g = grads + j * nr + v * lanes<T>;
        vector<T> probability = exp_of(load(p) - shift);
        store(p, probability);
        store(g, probability * (load(g) - centre));
      }
    }
  }

  // sums[keys x width] += tile[keys x lanes] * rows[lanes x width].
  void add_rows(T* sums, const T* tile, const T* rows, int64_t n, int64_t width, T* packed) const {
    pack_slices(packed, tile, n, nr, 1, nr);
    Finish<T> finish = {1, 1, nullptr};
    for (int64_t i = 0; i < n; i += mr) {
      int height = (int)smaller(mr, n - i);
      for (int64_t d = 0; d < width; d += nr) {
        micro_kernel_for<T>(height, (int)nr)(nr, packed + i * nr, rows + d, width, sums + i * width + d, width, 1,
                                             (int)nr, finish);
      }
    }
  }

  void run(int64_t b, int64_t h, int64_t key_begin, int64_t key_end, T* dq, T* buffer) const {
    T* queries = buffer;
    T* keys = queries + panels * panel_size();
    T* keys_by_column = keys + block * s.D;
    T* values = keys_by_column + block * s.D;
    T* scores = values + block * s.Dv;
    T* grads = scores + block * nr;
    T* packed = grads + block * nr;
    T* dk_sums = packed + block * nr;
    T* dv_sums = dk_sums + block * d_width;
    for (int64_t p = 0; p < panels; p++) pack_queries(QueryPanel<T>(s, b, h, p), queries + p * panel_size());
    memset(dq, 0, panels * nr * s.D * sizeof(T));
    for (int64_t begin = key_begin; begin < key_end; begin += block) {
      int64_t n = smaller(block, key_end - begin);
      const S* k_rows = k + b * s.k.batch + h * s.k.head + begin * s.k.row;
      const S* v_rows = v + b * s.v.batch + h * s.v.head + begin * s.v.row;
      pack_slices(keys, k_rows, n, s.k.row, 1, s.D);
      pack_slices(keys_by_column, k_rows, s.D, 1, s.k.row, n);
      pack_slices(values, v_rows, n, s.v.row, 1, s.Dv);
      memset(dk_sums, 0, block * (d_width + dv_width) * sizeof(T));
      for (int64_t p = 0; p < panels; p++) {
        QueryPanel<T> panel(s, b, h, p);
        if (s.causal && begin > panel.latest) continue;
        const T* q_columns = queries + p * panel_size();
        const T* g_columns = q_columns + nr * s.D;
        const T* q_rows = g_columns + nr * s.Dv;
        const T* g_rows = q_rows + nr * d_width;
        const T* lse_row = g_rows + nr * dv_width;
        panel_product(scores, keys, q_columns, n, s.D, false);
        panel.mask_scores(s, scores, begin, begin + n);
        panel_product(grads, values, g_columns, n, s.Dv, false);
        gradients(scores, grads, n, lse_row, lse_row + nr);
        panel_product(dq + p * nr * s.D, keys_by_column, grads, s.D, n, true);
        add_rows(dv_sums, scores, g_rows, n, dv_width, packed);
        add_rows(dk_sums, grads, q_rows, n, d_width, packed);
      }
      for (int64_t j = 0; j < n; j++) {
        int64_t row = (b * s.Hkv + h) * s.Tk + begin + j;
        for (int64_t d = 0; d < s.D; d++) put(dk + row * s.D + d, dk_sums[j * d_width + d]);
        for (int64_t d = 0; d < s.Dv; d++) put(dv + row * s.Dv + d, dv_sums[j * dv_width + d]);
      }
    }
  }
};

template <class T, class S> void backward(Context* context, Backward<T, S> job, S* dq) {
  constexpr int64_t nr = kTileColumns<T>;
  const AttentionShape& s = job.s;
  int64_t heads = s.B * s.Hkv, blocks = ceil_div(s.Tk, job.block);
  int64_t pieces = larger(1, smaller(blocks, ceil_div(8, larger(1, heads))));
  int64_t head_size = job.panels * nr * s.D;
  T* sums = (T*)context->scratch(context, 0, larger(1, heads * pieces * head_size) * sizeof(T));
  if (!sums) return context->fail(context, "[attention_backward] out of memory for gradients of queries");
  parallel_for(context, heads * pieces, 1, [&](int64_t from, int64_t to) {
    T* buffer = (T*)context->scratch(context, 1, job.buffer_size() * sizeof(T));
    if (!buffer) return context->fail(context, "[attention_backward] out of memory for tiles");
    for (int64_t task = from; task < to; task++) {
      int64_t head = task / pieces, piece = task % pieces;
      int64_t begin = blocks * piece / pieces * job.block,
              end = smaller(s.Tk, blocks * (piece + 1) / pieces * job.block);
      job.run(head / s.Hkv, head % s.Hkv, begin, end, sums + task * head_size, buffer);
    }
  });
  parallel_for(context, heads * job.panels, 4, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) {
      int64_t head = i / job.panels, p = i % job.panels;
      QueryPanel<T> panel(s, head / s.Hkv, head % s.Hkv, p);
      const T* columns = sums + head * pieces * head_size + p * nr * s.D;
      for (int64_t l = 0; l < panel.count; l++) {
        S* row = dq + ((panel.batch * s.Hq + panel.head[l]) * s.Tq + panel.time[l]) * s.D;
        for (int64_t d = 0; d < s.D; d++) {
          T sum = columns[d * nr + l];
          for (int64_t piece = 1; piece < pieces; piece++) sum += columns[piece * head_size + d * nr + l];
          put(row + d, (T)(sum * (T)s.scale));
        }
      }
    }
  });
}

KERNEL(attention) {
  context->cancellable = true;
  Dtype dtype = args.dtype();
  void *out = args.pointer(), *lse = args.pointer(), *q = args.pointer(), *k = args.pointer(), *v = args.pointer();
  void* mask = args.pointer();
  AttentionShape s = read_attention(args, mask);
  bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    using T = compute<S>;
    forward<T, S>(context, s, (S*)out, (T*)lse, (const S*)q, (const S*)k, (const S*)v);
  });
  if (!known) context->fail(context, "[attention] expected a floating dtype");
}

KERNEL(attention_backward) {
  context->cancellable = true;
  Dtype dtype = args.dtype();
  void *dq = args.pointer(), *dk = args.pointer(), *dv = args.pointer(), *dout = args.pointer(), *out = args.pointer();
  void *lse = args.pointer(), *q = args.pointer(), *k = args.pointer(), *v = args.pointer(), *mask = args.pointer();
  AttentionShape s = read_attention(args, mask);
  bool known = with_float(dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    using T = compute<S>;
    constexpr int64_t nr = kTileColumns<T>;
    int64_t d_width = ceil_div(s.D, nr) * nr, dv_width = ceil_div(s.Dv, nr) * nr;
    Backward<T, S> job = {
        s,           s.block_keys(), ceil_div(s.rows(), nr), d_width,       dv_width, (const S*)q, (const S*)k,
        (const S*)v, (const S*)out,  (const S*)dout,         (const T*)lse, (S*)dk,   (S*)dv};
    backward(context, job, (S*)dq);
  });
  if (!known) context->fail(context, "[attention_backward] expected a floating dtype");
}

}  // namespace
}  // namespace layerwise::NS
