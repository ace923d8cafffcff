// The gradient of attention without tensor cores. A block owns 16 keys (kOwnsKeys, for dk and dv) or 16 queries (for dq)
// and lets all of the other pass by in tiles; scores are computed again in both, so nothing is added across blocks.
#pragma once
#include "attention_mask.h"

// One side of the scores: rows of q and dout, or of k and v.
template <class T> struct AttentionSide {
  const T *first, *second;
  int64_t first_stride, second_stride, rows;
};

template <class T> DEVICE AttentionSide<T> query_side(const AttentionJob& job, int64_t batch, int64_t head) {
  return {row_at<T>(job.q, job.q_stride, batch, head), row_at<T>(job.dout, job.out_stride, batch, head),
          job.q_stride.row, job.out_stride.row, job.Tq};
}
template <class T> DEVICE AttentionSide<T> key_side(const AttentionJob& job, int64_t batch, int64_t kv_head) {
  return {row_at<T>(job.k, job.k_stride, batch, kv_head), row_at<T>(job.v, job.v_stride, batch, kv_head),
          job.k_stride.row, job.v_stride.row, job.Tk};
}

template <class T, bool kOwnsKeys> DEVICE void attention_backward_plain(const AttentionJob& job) {
  using W = WideOf<T>;
  constexpr int kColumns = kPlainMostWidth / 16;
  const int D = int(job.D), Dv = int(job.Dv), passing = job.keys, pitch = D + 1, pitch2 = Dv + 1, score_pitch = passing + 1;
  DYNAMIC_SHARED(W, own_first);
  W* own_second = own_first + kPlainRows * pitch;
  W* pass_first = own_second + kPlainRows * pitch2;
  W* pass_second = pass_first + passing * pitch;
  W* weights = pass_second + passing * pitch2;
  W* slopes = weights + kPlainRows * score_pitch;
  const int64_t batch = blockIdx.z, group = job.Hq / job.Hkv;
  const int64_t own0 = int64_t(blockIdx.x) * kPlainRows;
  const int row = threadIdx.x / 16, lane = threadIdx.x % 16;
  const int64_t own = own0 + row;
  const int64_t kv_head = kOwnsKeys ? int64_t(blockIdx.y) : blockIdx.y / group;
  const int64_t head0 = kOwnsKeys ? kv_head * group : int64_t(blockIdx.y), heads = kOwnsKeys ? group : 1;
  auto stage = [&](W* to, int to_pitch, const T* from, int64_t stride, int64_t first, int64_t end, int rows, int width) {
    for (int i = threadIdx.x; i < rows * width; i += kPlainThreads) {
      const int r = i / width, d = i - r * width;
      to[r * to_pitch + d] = first + r < end ? widen(from[(first + r) * stride + d]) : W(0);
    }
  };
  const auto mine = kOwnsKeys ? key_side<T>(job, batch, kv_head) : query_side<T>(job, batch, head0);
  stage(own_first, pitch, mine.first, mine.first_stride, own0, mine.rows, kPlainRows, D);
  stage(own_second, pitch2, mine.second, mine.second_stride, own0, mine.rows, kPlainRows, Dv);
  W grad_first[kColumns] = {}, grad_second[kColumns] = {};
  for (int64_t head = head0; head < head0 + heads; head++) {
    const auto other = kOwnsKeys ? query_side<T>(job, batch, head) : key_side<T>(job, batch, kv_head);
    const W* lse = (const W*)job.lse + (batch * job.Hq + head) * job.Tq;
    const W* delta = (const W*)job.delta + (batch * job.Hq + head) * job.Tq;
    const int64_t begin = kOwnsKeys && job.causal ? own0 / passing * passing : 0;
    const int64_t until = !kOwnsKeys && job.causal ? smaller(other.rows, own0 + kPlainRows) : other.rows;
    for (int64_t pass0 = begin; pass0 < until; pass0 += passing) {
      __syncthreads();  // the tile before has been read
      stage(pass_first, pitch, other.first, other.first_stride, pass0, other.rows, passing, D);
      stage(pass_second, pitch2, other.second, other.second_stride, pass0, other.rows, passing, Dv);
      __syncthreads();
      for (int j = lane; j < passing; j += 16) {
        const int64_t query = kOwnsKeys ? pass0 + j : own, key = kOwnsKeys ? own : pass0 + j;
        W score = 0, dp = 0;
        for (int d = 0; d < D; d++) score += own_first[row * pitch + d] * pass_first[j * pitch + d];
        for (int d = 0; d < Dv; d++) dp += own_second[row * pitch2 + d] * pass_second[j * pitch2 + d];
        score = masked(job, W(job.scale) * score, batch, head, query, key);
        const bool is_there = query < job.Tq;
        const W shift = is_there && lse[query] != minus_infinity<W>() ? lse[query] : W(0);
        const W p = exp_of(score - shift);
        weights[row * score_pitch + j] = p;
        slopes[row * score_pitch + j] = is_there ? p * (dp - delta[query]) : W(0);
      }
      __syncwarp();  // a row belongs to half a warp
      UNROLL for (int c = 0; c < kColumns; c++) {
        const int column = lane + c * 16;
        if (column < D) {
          W sum = 0;
          for (int j = 0; j < passing; j++) sum += slopes[row * score_pitch + j] * pass_first[j * pitch + column];
          grad_first[c] += sum;
        }
        if (kOwnsKeys && column < Dv) {
          W sum = 0;
          for (int j = 0; j < passing; j++) sum += weights[row * score_pitch + j] * pass_second[j * pitch2 + column];
          grad_second[c] += sum;
        }
      }
    }
  }
  if (own >= mine.rows) return;
  const int64_t line = kOwnsKeys ? (batch * job.Hkv + kv_head) * job.Tk + own : (batch * job.Hq + head0) * job.Tq + own;
  T* to_first = (T*)(kOwnsKeys ? job.dk : job.dq) + line * D;
  UNROLL for (int c = 0; c < kColumns; c++) {
    const int column = lane + c * 16;
    if (column < D) to_first[column] = convert<T>(grad_first[c] * W(job.scale));
    if (kOwnsKeys && column < Dv) ((T*)job.dv)[line * Dv + column] = convert<T>(grad_second[c]);
  }
}
