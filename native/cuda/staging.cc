// Two pinned chunks in turn; a chunk is touched again only when its event says that the GPU has let go of it.
#include "staging.h"

#include <string.h>

#include <algorithm>

namespace layerwise {

#define LW_TRY(call) \
  if (const CuResult result = (call)) return result

Staging::~Staging() {
  for (Chunk& chunk : chunks_) {
    if (chunk.free) driver_.destroy_event(chunk.free);
    if (chunk.memory) driver_.host_release(chunk.memory);
  }
  if (table_host_) driver_.host_release(table_host_);
  if (table_device_) driver_.release(table_device_);
}

CuResult Staging::prepare(Chunk& chunk) {
  if (!chunk.memory) LW_TRY(driver_.host_allocate((void**)&chunk.memory, kChunkBytes, kCuHostAllocPortable));
  if (!chunk.free) {
    LW_TRY(driver_.create_event(&chunk.free, kCuEventDisableTiming));
    return kCuSuccess;
  }
  return driver_.synchronize_event(chunk.free);
}

CuResult Staging::upload(CuPointer to, const void* from, size_t bytes, CuStream stream) {
  for (size_t at = 0; at < bytes; at += kChunkBytes) {
    Chunk& chunk = chunks_[next_];
    next_ ^= 1;
    const size_t count = std::min(kChunkBytes, bytes - at);
    LW_TRY(prepare(chunk));
    memcpy(chunk.memory, (const char*)from + at, count);
    LW_TRY(driver_.upload(to + at, chunk.memory, count, stream));
    LW_TRY(driver_.record_event(chunk.free, stream));
  }
  return kCuSuccess;
}

CuResult Staging::download(void* to, CuPointer from, size_t bytes, CuStream stream) {
  // While one chunk is copied out, the next is on its way.
  const size_t chunks = (bytes + kChunkBytes - 1) / kChunkBytes;
  Chunk* used[2] = {};
  for (size_t i = 0; i <= chunks; i++) {
    if (i < chunks) {
      Chunk& chunk = chunks_[next_];
      next_ ^= 1;
      LW_TRY(prepare(chunk));
      LW_TRY(driver_.download(chunk.memory, from + i * kChunkBytes, std::min(kChunkBytes, bytes - i * kChunkBytes), stream));
      LW_TRY(driver_.record_event(chunk.free, stream));
      used[i & 1] = &chunk;
    }
    if (i > 0) {
      const size_t at = (i - 1) * kChunkBytes;
      LW_TRY(driver_.synchronize_event(used[(i - 1) & 1]->free));
      memcpy((char*)to + at, used[(i - 1) & 1]->memory, std::min(kChunkBytes, bytes - at));
    }
  }
  return kCuSuccess;
}

CuResult Staging::table(const void* data, size_t bytes, CuStream stream, CuPointer* at) {
  if (!table_host_) {
    LW_TRY(driver_.host_allocate((void**)&table_host_, kTableBytes, kCuHostAllocPortable));
    LW_TRY(driver_.allocate(&table_device_, kTableBytes));
  }
  if (bytes > kTableBytes) return kCuInvalidValue;
  if (table_used_ + bytes > kTableBytes) {
    // Around again: everything that reads the beginning has to be over.
    LW_TRY(driver_.synchronize_context());
    table_used_ = 0;
  }
  memcpy(table_host_ + table_used_, data, bytes);
  *at = table_device_ + table_used_;
  LW_TRY(driver_.upload(*at, table_host_ + table_used_, bytes, stream));
  table_used_ += (bytes + 255) / 256 * 256;
  return kCuSuccess;
}

#undef LW_TRY

}  // namespace layerwise
