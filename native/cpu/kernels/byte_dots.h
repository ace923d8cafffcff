// The innermost loops of products of eight-bit integers, written once for each way in which a machine multiplies them
// and included once per way by bytes.h, which defines:
//   LW_DOTS         the struct to make
//   LW_DOTS_BYTES   1: x stays unsigned bytes, four along k in a word (VNNI); 0: x and w are 16 bits, two in a word
// Sums are exact: vpmaddubsw, which saturates, is not used. Holds no blocking and no threads.

struct LW_DOTS {
#if LW_DOTS_BYTES
  using Element = uint8_t;
#else
  using Element = int16_t;
#endif
  static constexpr int kPerWord = 4 / int(sizeof(Element));
  static constexpr bool kBytes = LW_DOTS_BYTES;

  // Written in assembly where the instruction is newer than the file's instruction set; compilers also copy the sums of
  // its intrinsic to and fro.
  LW_INLINE static Integers dot(Integers sum, Integers x, Integers w) {
#if LW_DOTS_BYTES && defined(__AVX512F__)
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
#elif LW_DOTS_BYTES
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "x"(w));
    return sum;
#elif defined(__AVX512F__)
    return _mm512_add_epi32(sum, _mm512_madd_epi16(x, w));
#elif defined(__AVX2__)
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
#else
    return _mm_add_epi32(sum, _mm_madd_epi16(x, w));
#endif
  }

  // Sums of a panel's columns.
  static void sum_columns(int64_t words, const uint32_t* panel, int32_t* out) {
    Integers sum[2] = {all_lanes(0), all_lanes(0)};
    const Integers ones = all_lanes(kBytes ? 0x01010101 : 0x00010001);
    for (int64_t p = 0; p < words; p++) {
      for (int j = 0; j < 2; j++) {
        sum[j] = dot(sum[j], ones, load_integers(panel + p * kByteColumns + j * kByteLanes));
      }
    }
    for (int j = 0; j < 2; j++) store_integers(out + j * kByteLanes, sum[j]);
  }

  // Weights of one vector of x as the dot wants them.
  LW_INLINE static Integers weights(const int8_t* w) {
#if LW_DOTS_BYTES
    return load_integers(w);
#elif defined(__AVX512F__)
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i*)w));
#elif defined(__AVX2__)
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)w));
#else
    const __m128i half = _mm_loadl_epi64((const __m128i*)w);
    return _mm_srai_epi16(_mm_unpacklo_epi8(half, half), 8);
#endif
  }
  // Elements of x in a vector, and so of weights in a step.
  static constexpr int64_t kRun = LW_VECTOR_BYTES / int64_t(sizeof(Element));

  // R rows against V vectors of packed columns: weights of one step lie side by side in a panel of two vectors, panels
  // `panel_bytes` apart. Rows lie `x_row` apart. Sums begin at those of `begin`; out[i * V * kByteLanes + j].
  template <int R, int V>
  static void panels(int64_t steps, const Element* x, int64_t x_row, const int8_t* w, int64_t panel_bytes,
                     const int32_t* begin, int32_t* out) {
    constexpr int64_t kAhead = 16 * kRun;  // eight steps: further ahead it is gone again before its turn
    Integers sum[R][V];
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) sum[i][j] = load_integers(begin + j * kByteLanes);
    }
    const Word* rows[R];
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) rows[i] = (const Word*)(x + i * x_row);
    for (int64_t p = 0; p < steps; p++, w += 2 * kRun) {
      auto column = [&](int j) __attribute__((always_inline)) {
        const int8_t* at = w + (j / 2) * panel_bytes + (j % 2) * kRun;
        __builtin_prefetch(at + kAhead);
        return weights(at);
      };
      if constexpr (R < V) {
        Integers word[R];
#pragma GCC unroll 4
        for (int i = 0; i < R; i++) word[i] = all_lanes(int32_t(rows[i][p]));
#pragma GCC unroll 8
        for (int j = 0; j < V; j++) {
          const Integers v = column(j);
#pragma GCC unroll 4
          for (int i = 0; i < R; i++) sum[i][j] = dot(sum[i][j], word[i], v);
        }
      } else {
        Integers v[V];
#pragma GCC unroll 4
        for (int j = 0; j < V; j++) v[j] = column(j);
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) {
          const Integers word = all_lanes(int32_t(rows[i][p]));
#pragma GCC unroll 4
          for (int j = 0; j < V; j++) sum[i][j] = dot(sum[i][j], word, v[j]);
        }
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
#pragma GCC unroll 8
      for (int j = 0; j < V; j++) store_integers(out + (i * V + j) * kByteLanes, sum[i][j]);
    }
  }
};
