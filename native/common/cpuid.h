// Which x86-64 level the machine and its operating system offer. Own cpuid, because __builtin_cpu_supports does not
// link into shared objects with every compiler we use.
#pragma once
#include <cpuid.h>
#include <string.h>

namespace layerwise {

// 2, 3 or 4: x86-64 (the baseline; SSE2 is all that our code asks of it), x86-64-v3 (AVX2, FMA, F16C), x86-64-v4
// (AVX-512).
inline int cpu_level() {
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return 2;
  const bool has_xsave = ecx >> 27 & 1;
  const bool has_avx = ecx >> 28 & 1;
  const bool has_fma = ecx >> 12 & 1;
  const bool has_f16c = ecx >> 29 & 1;
  if (!has_xsave || !has_avx || !has_fma || !has_f16c) return 2;
  unsigned saved_low, saved_high;
  __asm__("xgetbv" : "=a"(saved_low), "=d"(saved_high) : "c"(0));
  if ((saved_low & 0x06) != 0x06) return 2;  // xmm and ymm are saved
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return 2;
  const bool has_avx2 = ebx >> 5 & 1;
  const bool has_bmi2 = (ebx >> 3 & 1) && (ebx >> 8 & 1);
  if (!has_avx2 || !has_bmi2) return 2;
  const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;  // F, DQ, CD, BW, VL
  const bool saves_zmm = (saved_low & 0xE6) == 0xE6;
  return saves_zmm && (ebx & avx512) == avx512 ? 4 : 3;
}

// "AMD EPYC 9654 96-Core Processor"; `text` holds at least 49 bytes.
inline void cpu_name(char* text) {
  unsigned words[12] = {};
  unsigned eax, ebx, ecx, edx;
  if (__get_cpuid(0x80000000u, &eax, &ebx, &ecx, &edx) && eax >= 0x80000004u) {
    for (unsigned i = 0; i < 3; i++) {
      __get_cpuid(0x80000002u + i, &words[i * 4], &words[i * 4 + 1], &words[i * 4 + 2], &words[i * 4 + 3]);
    }
  }
  memcpy(text, words, 48);
  text[48] = 0;
}

}  // namespace layerwise
