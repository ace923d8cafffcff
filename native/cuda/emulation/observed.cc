// Telling of work. All of it happens under the driver's lock, so plain variables do.
#include "observed.h"

#include <time.h>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace emulation {
namespace {

// Null while nobody listens.
const Observer* observer = nullptr;
uint32_t calls = 0;
// The call of the graph that runs at this moment, 0 outside of one.
uint32_t replaying = 0;

uint64_t real_ns() {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return uint64_t(t.tv_sec) * 1000000000 + uint64_t(t.tv_nsec);
}

}  // namespace

Observed about(WorkKind kind, size_t bytes, uint32_t value) {
  Observed about = {};
  about.kind = kind;
  about.bytes = bytes;
  about.value = value;
  return about;
}

uint32_t observed_call() {
  calls++;
  if (observer) observer->called(calls);
  return calls;
}

Work observed(Observed about, layerwise::CuStream stream, Work work) {
  about.correlation = observed_call();
  about.stream = uint32_t((uintptr_t)stream >> 4);
  return [about, work = std::move(work)]() mutable {
    if (!observer) return work();
    Observed now = about;
    if (replaying) now.correlation = replaying;
    now.start_ns = real_ns();
    work();
    now.end_ns = real_ns();
    if (observer) observer->ran(now);
  };
}

Work replayed(Work work, uint32_t correlation) {
  return [work = std::move(work), correlation]() mutable {
    const uint32_t before = replaying;
    replaying = correlation;
    work();
    replaying = before;
  };
}

}  // namespace emulation

EXPORT void layerwise_emulation_observe(const emulation::Observer* who) {
  emulation::Guard guard;
  emulation::observer = who;
}
