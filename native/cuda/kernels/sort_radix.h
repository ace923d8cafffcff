// How a family sorts lines of keys on the device: a stable radix sort, digit by digit, launched from the device code of
// the family `sort`. Host side only; it sorts and does not read elements.
#pragma once
#include "../launcher.h"
#include "sort_tiles.h"

namespace layerwise {

// Keys with the place in its line from which each came. The result of a sort is in `keys` and `places`.
struct RadixBuffers {
  void* keys = nullptr;
  void* other_keys = nullptr;
  uint32_t* places = nullptr;
  uint32_t* other_places = nullptr;
  uint32_t* counts = nullptr;
  int64_t lines = 0, n = 0, tiles = 0;
  int key_bytes = 0;

  // Takes scratch slots 0 and 1. False after a failure, which is then reported.
  bool reserve(Context& context, int64_t line_count, int64_t line_length, int bytes_of_key) {
    lines = line_count;
    n = line_length;
    key_bytes = bytes_of_key;
    tiles = (n + kSortTile - 1) / kSortTile;
    if (n > 0xfffffffe || lines * tiles > 0x7fffffff) {
      context.fail("[sort] a line of 2^32 elements or more, or too many lines for one launch");
      return false;
    }
    const size_t count = size_t(lines) * size_t(n);
    const size_t keys_bytes = (count * key_bytes + 15) / 16 * 16;
    char* memory = (char*)context.scratch(0, 2 * keys_bytes + 2 * count * sizeof(uint32_t));
    counts = (uint32_t*)context.scratch(1, size_t(lines) * size_t(tiles) * kSortDigits * sizeof(uint32_t));
    if (!memory || !counts) return false;
    keys = memory;
    other_keys = memory + keys_bytes;
    places = (uint32_t*)(memory + 2 * keys_bytes);
    other_places = places + count;
    return true;
  }

  // Sorts by the low `bits` bits of the keys.
  void sort(Context& context, int bits) {
    const char* before = context.use_family("sort");
    const char* suffix = key_bytes == 8 ? "8" : "4";
    const Grid grid = {unsigned(lines * tiles)};
    for (int shift = 0; shift < bits; shift += 8) {
      context.launch_named("radix_count", suffix, grid, {kSortThreads}, 0, counts, keys, n, tiles, shift);
      context.launch("radix_starts", {unsigned(lines)}, {kSortDigits}, 0, counts, tiles);
      context.launch_named("radix_move", suffix, grid, {kSortThreads}, 0, other_keys, other_places, keys, places,
                           counts, n, tiles, shift);
      void* sorted_keys = other_keys;
      other_keys = keys;
      keys = sorted_keys;
      uint32_t* sorted_places = other_places;
      other_places = places;
      places = sorted_places;
    }
    context.use_family(before);
  }
};

}  // namespace layerwise
