// Scaled dot-product attention in the manner of FlashAttention-2 (Dao 2023, arXiv:2307.08691): scores exist one tile at
// a time and in registers, the softmax is running, tiles of keys in the future are skipped. No dropout.
#include "attention_plain.h"
#include "tensor_tiles.h"

namespace {

constexpr int kWarps = 4;
constexpr float kLog2E = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

// 16-bit floats on tensor cores: kBlocks * 16 queries per warp, kKeys keys per tile, heads of up to kWidth elements.
template <class T, int kWidth, int kBlocks, int kKeys> DEVICE void attention_tensor(const AttentionJob& job) {
  constexpr int kThreads = kWarps * 32, kQueries = kWarps * kBlocks * 16, kChunks = kWidth / 8;
  constexpr int kStage = 2 * kKeys * kWidth;
  DYNAMIC_SHARED(T, queries);
  T* stages = queries + kQueries * kWidth;
  const int64_t batch = blockIdx.z, head = blockIdx.y, kv_head = head / (job.Hq / job.Hkv);
  // The longest rows of a causal square first: they decide when the last block ends.
  const int64_t first = int64_t(job.causal ? gridDim.x - 1 - blockIdx.x : blockIdx.x) * kQueries;
  const int lane = threadIdx.x % 32, warp_row = threadIdx.x / 32 * kBlocks * 16;
  const T* q = row_at<T>(job.q, job.q_stride, batch, head);
  const T* k = row_at<T>(job.k, job.k_stride, batch, kv_head);
  const T* v = row_at<T>(job.v, job.v_stride, batch, kv_head);
  const int64_t until = job.causal ? smaller(job.Tk, first + kQueries) : job.Tk;
  const int tiles = int((until + kKeys - 1) / kKeys);
  auto fetch = [&](int tile) {
    if (tile < tiles) {
      T* stage = stages + tile % 2 * kStage;
      const int64_t key = int64_t(tile) * kKeys;
      fetch_tile<T, kKeys, kChunks, kThreads>(stage, k, job.k_stride.row, key, job.Tk, 0, job.D);
      fetch_tile<T, kKeys, kChunks, kThreads>(stage + kKeys * kWidth, v, job.v_stride.row, key, job.Tk, 0, job.Dv);
    }
    copy_commit();
  };
  fetch_tile<T, kQueries, kChunks, kThreads>(queries, q, job.q_stride.row, first, job.Tq, 0, job.D);
  fetch(0);

  const float scale = float(job.scale) * kLog2E;
  float out[kBlocks][kWidth / 8][4] = {};
  float top[kBlocks][2], total[kBlocks][2] = {};
  UNROLL for (int i = 0; i < kBlocks; i++) top[i][0] = top[i][1] = minus_infinity<float>();
  for (int tile = 0; tile < tiles; tile++) {
    fetch(tile + 1);
    copy_wait<1>();
    __syncthreads();
    const T* keys = stages + tile % 2 * kStage;
    const T* values = keys + kKeys * kWidth;
    const int64_t key0 = int64_t(tile) * kKeys;
    float score[kBlocks][kKeys / 8][4] = {};
    UNROLL for (int d = 0; d < kWidth; d += 16) {
      uint32_t left[kBlocks][4], right[kKeys / 8][2];
      UNROLL for (int i = 0; i < kBlocks; i++) fragment_a<kChunks>(left[i], queries, warp_row + i * 16, d);
      UNROLL for (int j = 0; j < kKeys / 8; j += 2) fragments_b<kChunks>(right[j], right[j + 1], keys, j * 8, d);
      UNROLL for (int i = 0; i < kBlocks; i++) {
        UNROLL for (int j = 0; j < kKeys / 8; j++) multiply_add(score[i][j], left[i], right[j], T{});
      }
    }
    const bool is_cut = key0 + kKeys > job.Tk || (job.causal && key0 + kKeys - 1 > first + warp_row) ||
                        first + kQueries > job.Tq;
    UNROLL for (int i = 0; i < kBlocks; i++) {
      UNROLL for (int half = 0; half < 2; half++) {
        const int64_t query = first + warp_row + i * 16 + half * 8 + lane / 4;
        float best = top[i][half];
        UNROLL for (int j = 0; j < kKeys / 8; j++) {
          UNROLL for (int e = 0; e < 2; e++) {
            float& s = score[i][j][half * 2 + e];
            const int64_t key = key0 + j * 8 + lane % 4 * 2 + e;
            const bool is_out = is_cut && is_outside(job, query, key);
            s = is_out ? minus_infinity<float>() : s * scale;
            if (job.mask && !is_out) s += mask_value<float>(job, batch, head, query, key) * kLog2E;
            best = s > best ? s : best;
          }
        }
        best = fmaxf(best, __shfl_xor_sync(~0u, best, 1));
        best = fmaxf(best, __shfl_xor_sync(~0u, best, 2));
        const float shift = best == minus_infinity<float>() ? 0 : best;
        const float keep = exp2f(top[i][half] - shift);
        float sum = 0;
        UNROLL for (int j = 0; j < kKeys / 8; j++) {
          UNROLL for (int e = 0; e < 2; e++) {
            float& s = score[i][j][half * 2 + e];
            s = exp2f(s - shift);
            sum += s;
          }
        }
        top[i][half] = best;
        total[i][half] = total[i][half] * keep + sum;  // of this lane's keys; lanes meet at the end
        UNROLL for (int c = 0; c < kWidth / 8; c++) {
          out[i][c][half * 2] *= keep;
          out[i][c][half * 2 + 1] *= keep;
        }
      }
    }
    UNROLL for (int j = 0; j < kKeys / 16; j++) {
      uint32_t left[kBlocks][4];
      UNROLL for (int i = 0; i < kBlocks; i++) sums_to_a<T>(left[i], score[i][2 * j], score[i][2 * j + 1]);
      UNROLL for (int c = 0; c < kWidth / 8; c += 2) {
        uint32_t low[2], high[2];
        fragments_b_transposed<kChunks>(low, high, values, c * 8, j * 16);
        UNROLL for (int i = 0; i < kBlocks; i++) {
          multiply_add(out[i][c], left[i], low, T{});
          multiply_add(out[i][c + 1], left[i], high, T{});
        }
      }
    }
    __syncthreads();  // this stage may be filled again
  }
  copy_wait<0>();

  T* to = (T*)row_at<T>(job.out, job.out_stride, batch, head);
  UNROLL for (int i = 0; i < kBlocks; i++) {
    UNROLL for (int half = 0; half < 2; half++) {
      float sum = total[i][half];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      const int64_t query = first + warp_row + i * 16 + half * 8 + lane / 4;
      if (query >= job.Tq) continue;
      const float share = sum == 0 ? 0 : 1 / sum;
      UNROLL for (int c = 0; c < kWidth / 8; c++) {
        const int column = c * 8 + lane % 4 * 2;
        if (column >= job.Dv) break;
        *(uint32_t*)(to + query * job.out_stride.row + column) =
            paired(out[i][c][half * 2] * share, out[i][c][half * 2 + 1] * share, T{});
      }
      if (lane % 4 == 0 && job.lse) {
        ((float*)job.lse)[(batch * job.Hq + head) * job.Tq + query] = top[i][half] * kLn2 + logf(sum);
      }
    }
  }
}

}  // namespace

ENTRIES_FLOATS(attention_plain, (GRID_CONSTANT AttentionJob job), (job))

#define ATTENTION(width, blocks, keys) \
  KERNEL_BOUNDED(attention_tensor_##width##_float16, 128, 1, (GRID_CONSTANT AttentionJob job)) { \
    attention_tensor<Half, width, blocks, keys>(job); \
  } \
  ATTENTION_BFLOAT16(width, blocks, keys)
#if LW_HAS_SM80
#define ATTENTION_BFLOAT16(width, blocks, keys) \
  KERNEL_BOUNDED(attention_tensor_##width##_bfloat16, 128, 1, (GRID_CONSTANT AttentionJob job)) { \
    attention_tensor<Brain, width, blocks, keys>(job); \
  }
#else
#define ATTENTION_BFLOAT16(width, blocks, keys)
#endif
ATTENTION(64, 2, 64)
ATTENTION(128, 2, 32)
ATTENTION(256, 1, 32)
