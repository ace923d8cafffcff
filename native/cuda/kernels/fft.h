// A Fourier transform of many lines as its launcher hands it to the device. Holds data only.
#pragma once
#include <stdint.h>

enum FftMode : int { kFftForward, kFftInverse, kFftFromReal, kFftToReal };

struct FftJob {
  int64_t lines;
  double scale;
  int n, mode;
};
