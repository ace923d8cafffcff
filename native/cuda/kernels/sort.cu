// Sorting lines. Elements become unsigned keys that compare as they do, every NaN the largest, 0 and -0 equal; the
// place in the line decides between equal ones, so every order is stable. Short lines: bitonic, in shared memory.
// Long lines: least significant digit first, eight bits at a time.
#include "vectors.h"

#include "sort_tiles.h"

namespace {

DEVICE uint64_t float_key(uint64_t bits, int width, uint64_t infinity_bits) {
  const uint64_t sign = 1ull << (width - 1);
  const uint64_t magnitude = bits & (sign - 1);
  if (magnitude > infinity_bits) return sign | (sign - 1);
  if (magnitude == 0) return sign;
  return bits & sign ? ~bits & (sign | (sign - 1)) : bits | sign;
}

// The key fills the low bits, as many as the element has.
SHARED_CODE uint64_t key_of(const void* in, int dtype, int64_t at, int descending) {
  uint64_t key, all;
  switch (dtype) {
    case kUint8:
    case kBool: key = ((const uint8_t*)in)[at], all = 0xff; break;
    case kInt8: key = ((const uint8_t*)in)[at] ^ 0x80u, all = 0xff; break;
    case kInt16: key = ((const uint16_t*)in)[at] ^ 0x8000u, all = 0xffff; break;
    case kInt32: key = ((const uint32_t*)in)[at] ^ 0x80000000u, all = 0xffffffffu; break;
    case kInt64: key = ((const uint64_t*)in)[at] ^ 1ull << 63, all = ~0ull; break;
    case kFloat16: key = float_key(((const uint16_t*)in)[at], 16, 0x7c00), all = 0xffff; break;
    case kBfloat16: key = float_key(((const uint16_t*)in)[at], 16, 0x7f80), all = 0xffff; break;
    case kFloat32: key = float_key(((const uint32_t*)in)[at], 32, 0x7f800000u), all = 0xffffffffu; break;
    default: key = float_key(((const uint64_t*)in)[at], 64, 0x7ffull << 52), all = ~0ull; break;
  }
  return descending ? ~key & all : key;
}

DEVICE void copy_element(void* to, int64_t to_at, const void* from, int64_t from_at, int bytes) {
  switch (bytes) {
    case 1: ((uint8_t*)to)[to_at] = ((const uint8_t*)from)[from_at]; break;
    case 2: ((uint16_t*)to)[to_at] = ((const uint16_t*)from)[from_at]; break;
    case 4: ((uint32_t*)to)[to_at] = ((const uint32_t*)from)[from_at]; break;
    default: ((uint64_t*)to)[to_at] = ((const uint64_t*)from)[from_at]; break;
  }
}

}  // namespace

// A block per line. What fills the line up to a power of two comes last, behind equal keys, by its place.
KERNEL(sort_short, (void* values, int64_t* indices, const void* in, int dtype, int bytes, int64_t n, int64_t take,
                    int padded, int descending)) {
  DYNAMIC_SHARED(uint64_t, keys);
  uint32_t* places = (uint32_t*)(keys + padded);
  const int64_t line = blockIdx.x;
  const int threads = blockDim.x, thread = threadIdx.x;
  for (int i = thread; i < padded; i += threads) {
    keys[i] = i < n ? key_of(in, dtype, line * n + i, descending) : ~0ull;
    places[i] = i;
  }
  for (int width = 2; width <= padded; width *= 2) {
    for (int apart = width / 2; apart > 0; apart /= 2) {
      __syncthreads();
      for (int pair = thread; pair < padded / 2; pair += threads) {
        const int low = 2 * pair - (pair & (apart - 1)), high = low + apart;
        const bool is_after = keys[low] != keys[high] ? keys[low] > keys[high] : places[low] > places[high];
        if (is_after != ((low & width) == 0)) continue;
        const uint64_t key = keys[low];
        keys[low] = keys[high];
        keys[high] = key;
        const uint32_t place = places[low];
        places[low] = places[high];
        places[high] = place;
      }
    }
  }
  __syncthreads();
  for (int64_t i = thread; i < take; i += threads) {
    indices[line * take + i] = places[i];
    copy_element(values, line * take + i, in, line * n + places[i], bytes);
  }
}

template <class T>
DEVICE void radix_read(T* keys, uint32_t* places, const void* in, int dtype, int64_t count, int64_t n, int descending) {
  for (int64_t i = thread_index(); i < count; i += thread_count()) {
    keys[i] = T(key_of(in, dtype, i, descending));
    places[i] = uint32_t(i - quotient(i, n) * n);
  }
}

// counts[line, tile, digit]
template <class T> DEVICE void radix_count(uint32_t* counts, const T* keys, int64_t n, int64_t tiles, int shift) {
  __shared__ uint32_t found[kSortDigits];
  found[threadIdx.x] = 0;
  __syncthreads();
  const int64_t line = quotient(blockIdx.x, tiles), tile = blockIdx.x - line * tiles;
  for (int r = 0; r < kSortPerThread; r++) {
    const int64_t i = tile * kSortTile + r * kSortThreads + threadIdx.x;
    if (i < n) atomicAdd(&found[keys[line * n + i] >> shift & 255], 1u);
  }
  __syncthreads();
  counts[int64_t(blockIdx.x) * kSortDigits + threadIdx.x] = found[threadIdx.x];
}

// Counts become the places in the line where each tile's elements of each digit begin.
KERNEL(radix_starts, (uint32_t* counts, int64_t tiles)) {
  __shared__ uint32_t before[kSortDigits];
  uint32_t* mine = counts + int64_t(blockIdx.x) * tiles * kSortDigits + threadIdx.x;
  uint32_t own = 0;
  for (int64_t tile = 0; tile < tiles; tile++) own += mine[tile * kSortDigits];
  before[threadIdx.x] = own;
  for (int apart = 1; apart < kSortDigits; apart *= 2) {
    __syncthreads();
    const uint32_t left = int(threadIdx.x) >= apart ? before[threadIdx.x - apart] : 0;
    __syncthreads();
    before[threadIdx.x] += left;
  }
  uint32_t start = before[threadIdx.x] - own;
  for (int64_t tile = 0; tile < tiles; tile++) {
    const uint32_t count = mine[tile * kSortDigits];
    mine[tile * kSortDigits] = start;
    start += count;
  }
}

// Each warp ranks a run of its tile, 32 neighbours at a time, so that equal digits keep their order.
template <class T>
DEVICE void radix_move(T* keys_out, uint32_t* places_out, const T* keys, const uint32_t* places, const uint32_t* starts,
                       int64_t n, int64_t tiles, int shift) {
  constexpr int kWarps = kSortThreads / 32;
  constexpr uint32_t kNoDigit = kSortDigits;
  __shared__ uint32_t found[kWarps][kSortDigits];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int w = 0; w < kWarps; w++) found[w][threadIdx.x] = 0;
  __syncthreads();
  const int64_t line = quotient(blockIdx.x, tiles), tile = blockIdx.x - line * tiles;
  const int64_t first = tile * kSortTile + warp * (32 * kSortPerThread) + lane;
  T key[kSortPerThread];
  uint32_t rank[kSortPerThread];
  UNROLL for (int r = 0; r < kSortPerThread; r++) {
    const int64_t i = first + r * 32;
    const bool is_there = i < n;
    key[r] = is_there ? keys[line * n + i] : T(0);
    const uint32_t digit = is_there ? uint32_t(key[r] >> shift & 255) : kNoDigit;
    const uint32_t same = __match_any_sync(~0u, digit);
    const uint32_t earlier = same & ((1u << lane) - 1);
    rank[r] = is_there ? found[warp][digit] + __popc(earlier) : 0;
    __syncwarp();
    if (is_there && earlier == 0) found[warp][digit] += __popc(same);
    __syncwarp();
  }
  __syncthreads();
  uint32_t start = starts[int64_t(blockIdx.x) * kSortDigits + threadIdx.x];
  for (int w = 0; w < kWarps; w++) {
    const uint32_t count = found[w][threadIdx.x];
    found[w][threadIdx.x] = start;
    start += count;
  }
  __syncthreads();
  UNROLL for (int r = 0; r < kSortPerThread; r++) {
    const int64_t i = first + r * 32;
    if (i >= n) break;
    const int64_t to = line * n + found[warp][key[r] >> shift & 255] + rank[r];
    keys_out[to] = key[r];
    places_out[to] = places[line * n + i];
  }
}

// The first `take` of each sorted line.
KERNEL(sort_write, (void* values, int64_t* indices, const void* in, const uint32_t* places, int bytes, int64_t kept,
                    int64_t n, int64_t take)) {
  for (int64_t i = thread_index(); i < kept; i += thread_count()) {
    const int64_t line = quotient(i, take);
    const int64_t place = places[line * n + i - line * take];
    indices[i] = place;
    copy_element(values, i, in, line * n + place, bytes);
  }
}

#define ENTRIES_KEYS(name, parameters, arguments) \
  ENTRY(name, 4, uint32_t, parameters, arguments) \
  ENTRY(name, 8, uint64_t, parameters, arguments)

ENTRIES_KEYS(radix_read,
             (T* keys, uint32_t* places, const void* in, int dtype, int64_t count, int64_t n, int descending),
             (keys, places, in, dtype, count, n, descending))
ENTRIES_KEYS(radix_count, (uint32_t* counts, const T* keys, int64_t n, int64_t tiles, int shift),
             (counts, keys, n, tiles, shift))
ENTRIES_KEYS(radix_move,
             (T* keys_out, uint32_t* places_out, const T* keys, const uint32_t* places, const uint32_t* starts,
              int64_t n, int64_t tiles, int shift),
             (keys_out, places_out, keys, places, starts, n, tiles, shift))
