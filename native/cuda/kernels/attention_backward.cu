// The gradient of attention (Dao 2023, arXiv:2307.08691), in two passes that both compute the probabilities again: blocks
// that own keys make dk and dv, blocks that own queries make dq. No sums cross blocks, so every run gives the same bits.
#include "attention_backward_plain.h"
#include "tensor_tiles.h"

namespace {

constexpr int kWarps = 4, kOwn = kWarps * 16;
constexpr float kLog2E = 1.4426950408889634f;

// The sum of out * dout of each query, one warp each.
template <class T> DEVICE void attention_delta(const AttentionJob& job) {
  using W = WideOf<T>;
  const int64_t line = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (line >= job.B * job.Hq * job.Tq) return;
  const int lane = threadIdx.x % 32;
  const int64_t above = quotient(line, job.Tq), query = line - above * job.Tq;
  const int64_t batch = quotient(above, job.Hq), head = above - batch * job.Hq;
  const int64_t at = batch * job.out_stride.batch + head * job.out_stride.head + query * job.out_stride.row;
  W sum = 0;
  for (int64_t d = lane; d < job.Dv; d += 32) sum += widen(((const T*)job.out)[at + d]) * widen(((const T*)job.dout)[at + d]);
  sum = reduce_warp(sum, [](W a, W b) { return a + b; });
  if (lane == 0) ((W*)job.delta)[line] = sum;
}

// 64 owned rows per block, 16 per warp; the others pass by kPass at a time. Results are kColumns wide: for the widest
// heads two blocks share a tile, because the sums of both gradients would not fit the registers.
template <class T, int kWidth, int kPass, int kColumns, bool kOwnsKeys>
DEVICE void attention_backward_tensor(const AttentionJob& job) {
  constexpr int kThreads = kWarps * 32, kChunks = kWidth / 8, kStages = kWidth == 256 ? 1 : 2;
  constexpr int kShares = kWidth / kColumns, kStage = 2 * kPass * kWidth;
  DYNAMIC_SHARED(T, own_first);
  T* own_second = own_first + kOwn * kWidth;
  T* stages = own_second + kOwn * kWidth;
  const int64_t batch = blockIdx.z, group = job.Hq / job.Hkv;
  const int column0 = int(blockIdx.x % kShares) * kColumns;
  const int64_t own0 = int64_t(blockIdx.x / kShares) * kOwn;
  const int lane = threadIdx.x % 32, warp_row = threadIdx.x / 32 * 16;
  const int64_t kv_head = kOwnsKeys ? int64_t(blockIdx.y) : blockIdx.y / group;
  const int64_t head0 = kOwnsKeys ? kv_head * group : int64_t(blockIdx.y);
  const int64_t passing = kOwnsKeys ? job.Tq : job.Tk;
  // Of a causal square each owner meets only one side of the diagonal.
  const int64_t begin = kOwnsKeys && job.causal ? own0 / kPass : 0;
  const int64_t until = !kOwnsKeys && job.causal ? smaller(passing, own0 + kOwn) : passing;
  const int per_head = int(larger(0, (until + kPass - 1) / kPass - begin));
  const int steps = per_head * int(kOwnsKeys ? group : 1);
  auto head_of = [&](int step) { return kOwnsKeys ? head0 + step / per_head : head0; };
  auto pass_of = [&](int step) { return (begin + (kOwnsKeys ? step % per_head : step)) * kPass; };
  auto fetch = [&](int step) {
    if (step < steps) {
      const auto other = kOwnsKeys ? query_side<T>(job, batch, head_of(step)) : key_side<T>(job, batch, kv_head);
      T* stage = stages + step % kStages * kStage;
      fetch_tile<T, kPass, kChunks, kThreads>(stage, other.first, other.first_stride, pass_of(step), passing, 0, job.D);
      fetch_tile<T, kPass, kChunks, kThreads>(stage + kPass * kWidth, other.second, other.second_stride, pass_of(step),
                                              passing, 0, job.Dv);
    }
    copy_commit();
  };
  const auto mine = kOwnsKeys ? key_side<T>(job, batch, kv_head) : query_side<T>(job, batch, head0);
  fetch_tile<T, kOwn, kChunks, kThreads>(own_first, mine.first, mine.first_stride, own0, mine.rows, 0, job.D);
  fetch_tile<T, kOwn, kChunks, kThreads>(own_second, mine.second, mine.second_stride, own0, mine.rows, 0, job.Dv);
  if (kStages == 2) fetch(0);

  const float scale = float(job.scale) * kLog2E;
  float grad_first[kColumns / 8][4] = {}, grad_second[kOwnsKeys ? kColumns / 8 : 1][4] = {};
  for (int step = 0; step < steps; step++) {
    fetch(step + kStages - 1);
    if (kStages == 2) copy_wait<1>();
    else copy_wait<0>();
    __syncthreads();
    const T* pass_first = stages + step % kStages * kStage;
    const T* pass_second = pass_first + kPass * kWidth;
    const int64_t pass0 = pass_of(step), head = head_of(step);
    const float* lse = (const float*)job.lse + (batch * job.Hq + head) * job.Tq;
    const float* delta = (const float*)job.delta + (batch * job.Hq + head) * job.Tq;
    float score[kPass / 8][4] = {}, slope[kPass / 8][4] = {};
    UNROLL for (int d = 0; d < kWidth; d += 16) {
      uint32_t left[4], low[2], high[2];
      fragment_a<kChunks>(left, own_first, warp_row, d);
      UNROLL for (int j = 0; j < kPass / 8; j += 2) {
        fragments_b<kChunks>(low, high, pass_first, j * 8, d);
        multiply_add(score[j], left, low, T{});
        multiply_add(score[j + 1], left, high, T{});
      }
      fragment_a<kChunks>(left, own_second, warp_row, d);
      UNROLL for (int j = 0; j < kPass / 8; j += 2) {
        fragments_b<kChunks>(low, high, pass_second, j * 8, d);
        multiply_add(slope[j], left, low, T{});
        multiply_add(slope[j + 1], left, high, T{});
      }
    }
    UNROLL for (int j = 0; j < kPass / 8; j++) {
      UNROLL for (int e = 0; e < 4; e++) {
        const int64_t own = own0 + warp_row + e / 2 * 8 + lane / 4, pass = pass0 + j * 8 + lane % 4 * 2 + e % 2;
        const int64_t query = kOwnsKeys ? pass : own, key = kOwnsKeys ? own : pass;
        const bool is_out = is_outside(job, query, key);
        float p = 0, ds = 0;
        if (!is_out) {
          float s = score[j][e] * scale;
          if (job.mask) s += mask_value<float>(job, batch, head, query, key) * kLog2E;
          const float total = lse[query];
          p = exp2f(s - (total == minus_infinity<float>() ? 0 : total * kLog2E));
          ds = p * (slope[j][e] - delta[query]);
        }
        score[j][e] = p;
        slope[j][e] = ds;
      }
    }
    UNROLL for (int j = 0; j < kPass / 16; j++) {
      uint32_t left[4], low[2], high[2];
      sums_to_a<T>(left, slope[2 * j], slope[2 * j + 1]);
      UNROLL for (int c = 0; c < kColumns / 8; c += 2) {
        fragments_b_transposed<kChunks>(low, high, pass_first, column0 + c * 8, j * 16);
        multiply_add(grad_first[c], left, low, T{});
        multiply_add(grad_first[c + 1], left, high, T{});
      }
      if constexpr (kOwnsKeys) {
        sums_to_a<T>(left, score[2 * j], score[2 * j + 1]);
        UNROLL for (int c = 0; c < kColumns / 8; c += 2) {
          fragments_b_transposed<kChunks>(low, high, pass_second, column0 + c * 8, j * 16);
          multiply_add(grad_second[c], left, low, T{});
          multiply_add(grad_second[c + 1], left, high, T{});
        }
      }
    }
    __syncthreads();  // this stage may be filled again
  }
  copy_wait<0>();

  UNROLL for (int half = 0; half < 2; half++) {
    const int64_t own = own0 + warp_row + half * 8 + lane / 4;
    if (own >= mine.rows) continue;
    const int64_t line = kOwnsKeys ? (batch * job.Hkv + kv_head) * job.Tk + own : (batch * job.Hq + head0) * job.Tq + own;
    UNROLL for (int c = 0; c < kColumns / 8; c++) {
      const int column = column0 + c * 8 + lane % 4 * 2;
      const float s = float(job.scale);
      if (column < job.D) {
        T* to = (T*)(kOwnsKeys ? job.dk : job.dq) + line * job.D + column;
        *(uint32_t*)to = paired(grad_first[c][half * 2] * s, grad_first[c][half * 2 + 1] * s, T{});
      }
      if constexpr (kOwnsKeys) {
        if (column < job.Dv) {
          T* to = (T*)job.dv + line * job.Dv + column;
          *(uint32_t*)to = paired(grad_second[c][half * 2], grad_second[c][half * 2 + 1], T{});
        }
      }
    }
  }
}

template <class T> DEVICE void attention_keys_plain(const AttentionJob& job) { attention_backward_plain<T, true>(job); }
template <class T> DEVICE void attention_queries_plain(const AttentionJob& job) { attention_backward_plain<T, false>(job); }

}  // namespace

ENTRIES_FLOATS(attention_delta, (GRID_CONSTANT AttentionJob job), (job))
ENTRIES_FLOATS(attention_keys_plain, (GRID_CONSTANT AttentionJob job), (job))
ENTRIES_FLOATS(attention_queries_plain, (GRID_CONSTANT AttentionJob job), (job))

#define ATTENTION_BACKWARD(suffix, T, width, pass, columns) \
  KERNEL_BOUNDED(attention_keys_tensor_##width##_##suffix, 128, 1, (GRID_CONSTANT AttentionJob job)) { \
    attention_backward_tensor<T, width, pass, columns, true>(job); \
  } \
  KERNEL_BOUNDED(attention_queries_tensor_##width##_##suffix, 128, 1, (GRID_CONSTANT AttentionJob job)) { \
    attention_backward_tensor<T, width, pass, width, false>(job); \
  }
ATTENTION_BACKWARD(float16, Half, 64, 64, 64)
ATTENTION_BACKWARD(float16, Half, 128, 32, 128)
ATTENTION_BACKWARD(float16, Half, 256, 32, 128)
#if LW_HAS_SM80
ATTENTION_BACKWARD(bfloat16, Brain, 64, 64, 64)
ATTENTION_BACKWARD(bfloat16, Brain, 128, 32, 128)
ATTENTION_BACKWARD(bfloat16, Brain, 256, 32, 128)
#endif
