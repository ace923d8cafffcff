// Products of 16-bit floats by Hopper's wgmma: a block of two warp groups makes 128 x 256 results, both operands read by the
// tensor cores straight from shared memory, four stages filled by asynchronous copies. Only for sm_90a, and only where
// the launcher is told so: no machine of ours has run it yet. matmul_tensor.h computes the same and is its twin.
#pragma once
#include "matmul_common.h"
#include "tensor_tiles.h"

constexpr int kHopperRows = 128, kHopperColumns = 256, kHopperStages = 4, kHopperThreads = 256;

#if LW_HAS_SM90

// A tile as wgmma's 128-byte swizzle wants it: 64 elements of 16 bits per row, chunks of 16 bytes exchanged by the row's
// low three bits. Deep tiles are rows of k; wide ones are panels of 64 across, each with kTensorDepth rows.
template <class T, int kTile, bool kDeep> struct HopperOperand {
  static constexpr int kElements = kTile * kTensorDepth;
  static constexpr int kPanel = 64 * kTensorDepth;

  static DEVICE void fetch(T* tile, const T* from, int64_t stride, int64_t first, int64_t most, int64_t k, int64_t end) {
    if constexpr (kDeep) {
      fetch_tile<T, kTile, 8, kHopperThreads>(tile, from, stride, first, most, k, end);
    } else {
      UNROLL for (int panel = 0; panel < kTile / 64; panel++) {
        fetch_tile<T, kTensorDepth, 8, kHopperThreads>(tile + panel * kPanel, from, stride, k, end, first + panel * 64, most);
      }
    }
  }
  // What the instruction needs to know of a tile: address, the two strides between blocks of 8 x 128 bytes, the swizzle.
  // `row` is the first of A's 64 rows, `k` the first of 16 of depth.
  static DEVICE uint64_t description(const T* tile, int row, int k) {
    const T* at = kDeep ? tile + row * 64 + k : tile + row / 64 * kPanel + k * 64;
    const uint64_t address = (shared_address(at) & 0x3FFFF) >> 4;
    const uint64_t across = kDeep ? 1 : kPanel * sizeof(T) >> 4;
    return address | across << 16 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62;
  }
};

DEVICE void hopper_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void hopper_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int pending> DEVICE void hopper_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory"); }
// What ordinary copies wrote becomes visible to the tensor cores.
DEVICE void hopper_publish() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

#define LW_FOUR(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define LW_HOPPER_MULTIPLY(type) \
  asm volatile( \
      "{ .reg .pred p; setp.ne.b32 p, %130, 0; " \
      "wgmma.mma_async.sync.aligned.m64n256k16.f32." type "." type " {" \
      "%0, %1, %2, %3, %4, %5, %6, %7, " \
      "%8, %9, %10, %11, %12, %13, %14, %15, " \
      "%16, %17, %18, %19, %20, %21, %22, %23, " \
      "%24, %25, %26, %27, %28, %29, %30, %31, " \
      "%32, %33, %34, %35, %36, %37, %38, %39, " \
      "%40, %41, %42, %43, %44, %45, %46, %47, " \
      "%48, %49, %50, %51, %52, %53, %54, %55, " \
      "%56, %57, %58, %59, %60, %61, %62, %63, " \
      "%64, %65, %66, %67, %68, %69, %70, %71, " \
      "%72, %73, %74, %75, %76, %77, %78, %79, " \
      "%80, %81, %82, %83, %84, %85, %86, %87, " \
      "%88, %89, %90, %91, %92, %93, %94, %95, " \
      "%96, %97, %98, %99, %100, %101, %102, %103, " \
      "%104, %105, %106, %107, %108, %109, %110, %111, " \
      "%112, %113, %114, %115, %116, %117, %118, %119, " \
      "%120, %121, %122, %123, %124, %125, %126, %127" \
      "}, %128, %129, p, 1, 1, %131, %132; }" \
      : \
        LW_FOUR(0), LW_FOUR(4), LW_FOUR(8), LW_FOUR(12), \
        LW_FOUR(16), LW_FOUR(20), LW_FOUR(24), LW_FOUR(28), \
        LW_FOUR(32), LW_FOUR(36), LW_FOUR(40), LW_FOUR(44), \
        LW_FOUR(48), LW_FOUR(52), LW_FOUR(56), LW_FOUR(60), \
        LW_FOUR(64), LW_FOUR(68), LW_FOUR(72), LW_FOUR(76), \
        LW_FOUR(80), LW_FOUR(84), LW_FOUR(88), LW_FOUR(92), \
        LW_FOUR(96), LW_FOUR(100), LW_FOUR(104), LW_FOUR(108), \
        LW_FOUR(112), LW_FOUR(116), LW_FOUR(120), LW_FOUR(124) \
      : "l"(a), "l"(b), "r"(adds), "n"(kTurnsA), "n"(kTurnsB))

// d (+)= a @ b over 16 of k.
template <bool kTurnsA, bool kTurnsB> DEVICE void hopper_multiply(float (&d)[128], uint64_t a, uint64_t b, int adds, Half) {
  LW_HOPPER_MULTIPLY("f16");
}
template <bool kTurnsA, bool kTurnsB> DEVICE void hopper_multiply(float (&d)[128], uint64_t a, uint64_t b, int adds, Brain) {
  LW_HOPPER_MULTIPLY("bf16");
}
#undef LW_HOPPER_MULTIPLY
#undef LW_FOUR

template <class T, bool kDeepA, bool kDeepB>
DEVICE void matmul_hopper(T* c, const T* a, const T* b, const T* bias, const MatmulShape& s) {
  using A = HopperOperand<T, kHopperRows, kDeepA>;
  using B = HopperOperand<T, kHopperColumns, kDeepB>;
  constexpr int kStage = A::kElements + B::kElements;
  DYNAMIC_SHARED(T, unaligned);
  // The swizzle counts from addresses that are multiples of 1024; the launcher asks for that much more.
  T* shared = unaligned + (1024 - shared_address(unaligned) % 1024) % 1024 / sizeof(T);
  const int group = threadIdx.x / 128, lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
  int64_t tile_m, tile_n;
  matmul_tile((s.m + kHopperRows - 1) / kHopperRows, (s.n + kHopperColumns - 1) / kHopperColumns, &tile_m, &tile_n);
  const int64_t row0 = tile_m * kHopperRows, column0 = tile_n * kHopperColumns;
  const int64_t begin = blockIdx.y * s.split_depth, end = smaller(begin + s.split_depth, s.k);
  const int steps = int((end - begin + kTensorDepth - 1) / kTensorDepth);
  const int64_t a_stride = kDeepA ? s.a_row : s.a_column, b_stride = kDeepB ? s.b_column : s.b_row;
  for (int64_t batch = blockIdx.z; batch < s.batches; batch += gridDim.z) {
    const MatmulOffsets at = matmul_offsets(s, batch);
    auto fetch = [&](int step) {
      if (step < steps) {
        T* stage = shared + step % kHopperStages * kStage;
        const int64_t k = begin + int64_t(step) * kTensorDepth;
        A::fetch(stage, a + at.a, a_stride, row0, s.m, k, end);
        B::fetch(stage + A::kElements, b + at.b, b_stride, column0, s.n, k, end);
      }
      copy_commit();
    };
    float sum[128];
    __syncthreads();  // the batch before has left shared memory
    fetch(0);
    fetch(1);
    for (int step = 0; step < steps; step++) {
      copy_wait<1>();
      hopper_publish();
      // From here on this stage is there for all, and nobody reads that of two steps ago any more.
      __syncthreads();
      fetch(step + 2);
      const T* a_tile = shared + step % kHopperStages * kStage;
      const T* b_tile = a_tile + A::kElements;
      hopper_fence();
      UNROLL for (int k = 0; k < kTensorDepth; k += 16) {
        hopper_multiply<!kDeepA, !kDeepB>(sum, A::description(a_tile, group * 64, k), B::description(b_tile, 0, k),
                                          step > 0 || k > 0, T{});
      }
      hopper_commit();
      hopper_wait<1>();
    }
    hopper_wait<0>();
    copy_wait<0>();
    __syncthreads();
    float* sums = (float*)shared;
    UNROLL for (int j = 0; j < 32; j++) {
      UNROLL for (int half = 0; half < 2; half++) {
        const int r = group * 64 + warp * 16 + half * 8 + lane / 4, column = j * 8 + lane % 4 * 2;
        store_pack<2>(sums + r * (kHopperColumns + 8) + column,
                      Pack<float, 2>{sum[j * 4 + half * 2], sum[j * 4 + half * 2 + 1]});
      }
    }
    __syncthreads();
    float* partials =
        s.splits > 1 ? (float*)s.partials + (blockIdx.y * s.batches + batch) * s.m * s.n : (float*)nullptr;
    store_tile<T, kHopperRows, kHopperColumns, kHopperThreads>(c + at.c, sums, row0, column0, bias, s, partials);
  }
}

#endif
