// The sizes on which the host and the device side of sorting agree. Holds constants only.
#pragma once
#include <stdint.h>

constexpr int kSortThreads = 256;
constexpr int kSortPerThread = 8;
// Neighbouring elements of a line that one block moves.
constexpr int kSortTile = kSortThreads * kSortPerThread;
// Values of one digit; radix_starts has a thread for each.
constexpr int kSortDigits = 256;
// Lines up to this length are sorted in shared memory: 12 bytes for each element.
constexpr int64_t kSortShort = 2048;
