// Attention without tensor cores, for float32, float64 and what tensor cores cannot read: 16 queries per block, the
// scores of one tile of keys at a time in shared memory, a running softmax (Dao et al. 2022, arXiv:2205.14135).
#pragma once
#include "attention_mask.h"

constexpr int kPlainColumns = kPlainMostWidth / 16;  // results of a thread: every sixteenth column of its row

// Rows first.. of an operand to shared memory, `width` elements each, rows `pitch` apart; absent rows are 0.
template <class T, class W>
DEVICE void stage_rows(W* to, int pitch, const T* from, int64_t stride, int64_t first, int64_t end, int rows, int width) {
  for (int i = threadIdx.x; i < rows * width; i += kPlainThreads) {
    const int r = i / width, d = i - r * width;
    to[r * pitch + d] = first + r < end ? widen(from[(first + r) * stride + d]) : W(0);
  }
}

template <class W> DEVICE W dot(const W* a, const W* b, int n) {
  W sum = 0;
  for (int d = 0; d < n; d++) sum += a[d] * b[d];
  return sum;
}

// Over the sixteen lanes of a row.
template <class W, class F> DEVICE W join_sixteen(W x, F f) {
  for (int offset = 8; offset > 0; offset /= 2) x = f(x, __shfl_xor_sync(~0u, x, offset));
  return x;
}

template <class T> DEVICE void attention_plain(const AttentionJob& job) {
  using W = WideOf<T>;
  const int D = int(job.D), Dv = int(job.Dv), keys = job.keys;
  const int q_pitch = D + 1, key_pitch = (D > Dv ? D : Dv) + 1, score_pitch = keys + 1;
  DYNAMIC_SHARED(W, queries);
  W* tile = queries + kPlainRows * q_pitch;
  W* scores = tile + keys * key_pitch;
  const int64_t batch = blockIdx.z, head = blockIdx.y, kv_head = head / (job.Hq / job.Hkv);
  const int64_t first = int64_t(blockIdx.x) * kPlainRows;
  const int row = threadIdx.x / 16, lane = threadIdx.x % 16;
  const int64_t query = first + row;
  const T* k = row_at<T>(job.k, job.k_stride, batch, kv_head);
  const T* v = row_at<T>(job.v, job.v_stride, batch, kv_head);
  stage_rows<T>(queries, q_pitch, row_at<T>(job.q, job.q_stride, batch, head), job.q_stride.row, first, job.Tq,
                kPlainRows, D);
  W out[kPlainColumns] = {};
  W top = minus_infinity<W>(), total = 0;
  const int64_t until = job.causal ? smaller(job.Tk, first + kPlainRows) : job.Tk;
  for (int64_t key0 = 0; key0 < until; key0 += keys) {
    __syncthreads();  // the values of the tile before have been read
    stage_rows<T>(tile, key_pitch, k, job.k_stride.row, key0, job.Tk, keys, D);
    __syncthreads();
    W best = top;
    for (int j = lane; j < keys; j += 16) {
      const W score = W(job.scale) * dot(queries + row * q_pitch, tile + j * key_pitch, D);
      scores[row * score_pitch + j] = masked(job, score, batch, head, query, key0 + j);
      best = scores[row * score_pitch + j] > best ? scores[row * score_pitch + j] : best;
    }
    best = join_sixteen(best, [](W a, W b) { return a > b ? a : b; });
    const W shift = best == minus_infinity<W>() ? W(0) : best;
    const W keep = exp_of(top - shift);
    W sum = 0;
    for (int j = lane; j < keys; j += 16) {
      const W p = exp_of(scores[row * score_pitch + j] - shift);
      scores[row * score_pitch + j] = p;
      sum += p;
    }
    total = total * keep + join_sixteen(sum, [](W a, W b) { return a + b; });
    top = best;
    __syncthreads();  // keys have been read, probabilities are there
    stage_rows<T>(tile, key_pitch, v, job.v_stride.row, key0, job.Tk, keys, Dv);
    __syncthreads();
    UNROLL for (int c = 0; c < kPlainColumns; c++) {
      const int column = lane + c * 16;
      if (column >= Dv) break;
      W value = out[c] * keep;
      for (int j = 0; j < keys; j++) value += scores[row * score_pitch + j] * tile[j * key_pitch + column];
      out[c] = value;
    }
  }
  if (query >= job.Tq) return;
  T* to = (T*)row_at<T>(job.out, job.out_stride, batch, head) + query * job.out_stride.row;
  const W scale = total == 0 ? W(0) : 1 / total;
  UNROLL for (int c = 0; c < kPlainColumns; c++) {
    const int column = lane + c * 16;
    if (column < Dv) to[column] = convert<T>(out[c] * scale);
  }
  if (lane == 0 && job.lse) ((W*)job.lse)[(batch * job.Hq + head) * job.Tq + query] = top + log_of(total);
}
