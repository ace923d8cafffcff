// Writing around the cache: for results that are larger than it and will not be read soon.
#pragma once
#include <immintrin.h>

#include "../kernel.h"

namespace layerwise::NS {

// memcpy with non-temporal stores. Ends with ordinary stores where lines are not whole; stream_fence() must follow
// before another thread may read.
static inline void stream_copy(char* to, const char* from, int64_t bytes) {
  const int64_t head = (64 - ((uintptr_t)to & 63)) & 63;
  if (head >= bytes) {
    memcpy(to, from, size_t(bytes));
    return;
  }
  memcpy(to, from, size_t(head));
  int64_t at = head;
  for (; at + 64 <= bytes; at += 64) {
#if defined(__AVX512F__)
    _mm512_stream_si512((__m512i*)(to + at), _mm512_loadu_si512(from + at));
#elif defined(__AVX__)
    _mm256_stream_si256((__m256i*)(to + at), _mm256_loadu_si256((const __m256i*)(from + at)));
    _mm256_stream_si256((__m256i*)(to + at + 32), _mm256_loadu_si256((const __m256i*)(from + at + 32)));
#else
    for (int i = 0; i < 64; i += 16)
      _mm_stream_si128((__m128i*)(to + at + i), _mm_loadu_si128((const __m128i*)(from + at + i)));
#endif
  }
  memcpy(to + at, from + at, size_t(bytes - at));
}

static inline void stream_fence() { _mm_sfence(); }

}  // namespace layerwise::NS
