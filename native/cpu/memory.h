// Raw memory of tensors and scratch: aligned blocks, huge pages. It caches nothing: that is the caller's business.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace layerwise {

// 64-byte aligned; from 1 MiB on 2 MiB aligned and advised to huge pages. Null when the system refuses. Not zeroed.
void* allocate_block(size_t bytes);
// `bytes` is what was asked for.
void release_block(void* block, size_t bytes);
uint64_t physical_bytes();

}  // namespace layerwise
