// Raw memory of tensors and scratch: aligned blocks, huge pages. It caches nothing: that is the caller's business.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace layerwise {

// 64-byte aligned; from 1 MiB on 2 MiB aligned and advised to huge pages. Null when the system refuses. Not zeroed.
void* allocate_block(size_t bytes);
// `bytes` is what was asked for.
void release_block(void* block, size_t bytes);
// `bytes` of an open file from `offset` on, as memory of our own: writes stay here. Null when the system refuses; the
// descriptor may be closed afterwards. A file that becomes shorter while it is mapped ends the process that reads it.
void* map_file(int descriptor, uint64_t offset, size_t bytes);
void unmap_file(void* start, size_t bytes);
uint64_t physical_bytes();

}  // namespace layerwise
