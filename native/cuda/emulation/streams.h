// What the emulated driver knows of streams, shared by its two halves: work waits in queues, or is captured into a graph.
// Calls hold the lock; nothing here takes it.
#pragma once
#include <stddef.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "../driver.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace emulation {

using namespace layerwise;

using Work = std::function<void()>;

enum : CuResult {
  kInvalidHandle = 400, kCaptureUnsupported = 900, kCaptureInvalidated = 901, kCaptureUnmatched = 903,
  kCaptureUnjoined = 904, kCaptureIsolation = 905, kCapturedEvent = 907,
};

struct Stream;

// What was asked for between the beginning of a capture and its end, by all streams that took part.
struct Capture {
  std::vector<Work> work;
  Stream* origin;
  bool is_broken = false;
};

struct Stream {
  std::deque<Work> waiting;
  Capture* capture = nullptr;
  size_t captured = 0;   // how much of the capture was asked of this stream
  bool is_open = false;  // some of that was not joined to another stream yet
};

// One recording of an event: an event that is recorded again leaves what waits for the earlier recording alone.
struct Recording {
  Stream* stream = nullptr;
  bool is_done = false;
  double ms = 0;
  Capture* capture = nullptr;  // recorded in a capture, where it only orders
  size_t captured = 0;
};

struct Event {
  std::shared_ptr<Recording> last;
};

struct State {
  std::recursive_mutex lock;
  std::map<CuPointer, size_t> device_blocks;
  std::map<CuPointer, size_t> host_blocks;
  std::vector<Stream*> streams;
  Stream legacy;
  size_t used = 0;
};

State& state();

struct Guard : std::lock_guard<std::recursive_mutex> {
  Guard() : std::lock_guard<std::recursive_mutex>(state().lock) {}
};

Stream& stream_of(CuStream stream);

// Do it now, later, or with every replay, as the stream stands.
CuResult enqueue(CuStream stream, Work work);
// Everything that a stream was asked for.
void finish(Stream& stream);
void finish_all();
// What may not happen while a stream is captured ends the capture in failure.
CuResult refuse(Stream& stream);
size_t number_from(const char* name, size_t otherwise);

}  // namespace emulation
