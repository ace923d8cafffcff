// Copies between ordinary host memory and the GPU, through pinned memory in chunks, so that the copy of one chunk
// overlaps the transfer of the one before.
#pragma once
#include <stddef.h>

#include "driver.h"

namespace layerwise {

class Staging {
 public:
  // The context is current in every call.
  explicit Staging(const Driver& driver) : driver_(driver) {}
  ~Staging();
  Staging(const Staging&) = delete;

  // Returns when `from` may be overwritten.
  CuResult upload(CuPointer to, const void* from, size_t bytes, CuStream stream);
  // Returns when the bytes are there.
  CuResult download(void* to, CuPointer from, size_t bytes, CuStream stream);
  // Small host data for a command: its address on the device, good until kTableBytes more have been asked for and
  // the stream has passed them.
  CuResult table(const void* data, size_t bytes, CuStream stream, CuPointer* at);

 private:
  static constexpr size_t kChunkBytes = size_t(4) << 20;
  static constexpr size_t kTableBytes = size_t(1) << 20;
  struct Chunk {
    char* memory = nullptr;
    CuEvent free = nullptr;  // reached when the transfer out of it, or into it, is done
  };

  CuResult prepare(Chunk& chunk);

  const Driver& driver_;
  Chunk chunks_[2];
  int next_ = 0;
  char* table_host_ = nullptr;
  CuPointer table_device_ = 0;
  size_t table_used_ = 0;
};

}  // namespace layerwise
