// Transposing small blocks of elements of 1, 2, 4 or 8 bytes, without looking at what they are.
#pragma once
#include <immintrin.h>

#include "../kernel.h"

namespace layerwise::NS {

// A square of kSide<bytes> elements: out[j * out_stride + i] = in[i * in_stride + j]. Strides count elements.
template <int bytes> struct Square {
  static constexpr int kSide = 1;
};

template <> struct Square<2> {
  static constexpr int kSide = 8;
  static LW_INLINE void transpose(uint16_t* out, int64_t out_stride, const uint16_t* in, int64_t in_stride) {
    __m128i r[8], s[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) r[i] = _mm_loadu_si128((const __m128i*)(in + i * in_stride));
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      s[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
      s[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      r[2 * i] = _mm_unpacklo_epi16(s[i], s[i + 4]);
      r[2 * i + 1] = _mm_unpackhi_epi16(s[i], s[i + 4]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      s[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
      s[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
    }
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) _mm_storeu_si128((__m128i*)(out + j * out_stride), s[j]);
  }
};

#if defined(__AVX__)
template <> struct Square<4> {
  static constexpr int kSide = 8;
  static LW_INLINE void transpose(uint32_t* out32, int64_t out_stride, const uint32_t* in32, int64_t in_stride) {
    float* out = (float*)out32;
    const float* in = (const float*)in32;
    __m256 row[8], pair[8], quad[8];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      // Halves of rows i and i + 4 side by side, so that no lane has to be crossed later.
      const float *upper = in + i * in_stride, *lower = in + (i + 4) * in_stride;
      row[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper)), _mm_loadu_ps(lower), 1);
      row[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper + 4)), _mm_loadu_ps(lower + 4), 1);
    }
#pragma GCC unroll 2
    for (int h = 0; h < 8; h += 4) {
      pair[h] = _mm256_unpacklo_ps(row[h], row[h + 1]);
      pair[h + 1] = _mm256_unpackhi_ps(row[h], row[h + 1]);
      pair[h + 2] = _mm256_unpacklo_ps(row[h + 2], row[h + 3]);
      pair[h + 3] = _mm256_unpackhi_ps(row[h + 2], row[h + 3]);
      quad[h] = _mm256_shuffle_ps(pair[h], pair[h + 2], 0x44);
      quad[h + 1] = _mm256_shuffle_ps(pair[h], pair[h + 2], 0xEE);
      quad[h + 2] = _mm256_shuffle_ps(pair[h + 1], pair[h + 3], 0x44);
      quad[h + 3] = _mm256_shuffle_ps(pair[h + 1], pair[h + 3], 0xEE);
    }
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) _mm256_storeu_ps(out + j * out_stride, quad[j]);
  }
};
#else
template <> struct Square<4> {
  static constexpr int kSide = 4;
  static LW_INLINE void transpose(uint32_t* out, int64_t out_stride, const uint32_t* in, int64_t in_stride) {
    __m128 r0 = _mm_loadu_ps((const float*)in), r1 = _mm_loadu_ps((const float*)(in + in_stride));
    __m128 r2 = _mm_loadu_ps((const float*)(in + 2 * in_stride)), r3 = _mm_loadu_ps((const float*)(in + 3 * in_stride));
    _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
    _mm_storeu_ps((float*)out, r0);
    _mm_storeu_ps((float*)(out + out_stride), r1);
    _mm_storeu_ps((float*)(out + 2 * out_stride), r2);
    _mm_storeu_ps((float*)(out + 3 * out_stride), r3);
  }
};
#endif

template <> struct Square<8> {
  static constexpr int kSide = 2;
  static LW_INLINE void transpose(uint64_t* out, int64_t out_stride, const uint64_t* in, int64_t in_stride) {
    const __m128d r0 = _mm_loadu_pd((const double*)in), r1 = _mm_loadu_pd((const double*)(in + in_stride));
    _mm_storeu_pd((double*)out, _mm_unpacklo_pd(r0, r1));
    _mm_storeu_pd((double*)(out + out_stride), _mm_unpackhi_pd(r0, r1));
  }
};

// out[j * out_stride + i] = in[i * in_stride + j] for i < rows, j < columns.
template <class U>
static void transpose_elements(U* out, int64_t out_stride, const U* in, int64_t in_stride, int64_t rows,
                               int64_t columns) {
  constexpr int64_t side = Square<sizeof(U)>::kSide;
  int64_t whole_columns = 0, whole_rows = 0;
  if constexpr (side > 1) {
    // A large side at a time along j, so that lines of `in` are used up while they are at hand.
    whole_rows = rows / side * side;
    whole_columns = columns / side * side;
    for (int64_t i = 0; i < whole_rows; i += side) {
      for (int64_t j = 0; j < whole_columns; j += side) {
        Square<sizeof(U)>::transpose(out + j * out_stride + i, out_stride, in + i * in_stride + j, in_stride);
      }
    }
  }
  for (int64_t i = 0; i < rows; i++) {
    const int64_t from = i < whole_rows ? whole_columns : 0;
    for (int64_t j = from; j < columns; j++) out[j * out_stride + i] = in[i * in_stride + j];
  }
}

static inline void transpose_bytes(int bytes, void* out, int64_t out_stride, const void* in, int64_t in_stride,
                                   int64_t rows, int64_t columns) {
  switch (bytes) {
    case 1: return transpose_elements((uint8_t*)out, out_stride, (const uint8_t*)in, in_stride, rows, columns);
    case 2: return transpose_elements((uint16_t*)out, out_stride, (const uint16_t*)in, in_stride, rows, columns);
    case 4: return transpose_elements((uint32_t*)out, out_stride, (const uint32_t*)in, in_stride, rows, columns);
    default: return transpose_elements((uint64_t*)out, out_stride, (const uint64_t*)in, in_stride, rows, columns);
  }
}

}  // namespace layerwise::NS
