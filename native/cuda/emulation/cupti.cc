// A stand-in for CUPTI over the emulated driver: records in CUPTI's layout, in buffers that the client gives, handed
// back when it asks. LAYERWISE_EMULATION_CUPTI makes it another CUPTI: denied, silent, future, shifted, or one that
// correlates only where calls are recorded too (calls).
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mutex>
#include <vector>

#include "../cupti_records.h"
#include "observe.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using namespace layerwise;

using GiveBuffer = void (*)(uint8_t**, size_t*, size_t*);
using TakeBuffer = void (*)(void*, uint32_t, uint8_t*, size_t, size_t);

// Whole sizes of the newest structures: readers may rely on their beginnings alone.
constexpr size_t kKernelBytes = 216, kCopyBytes = 96, kFillBytes = 88, kExternalBytes = 24;

struct State {
  std::mutex lock;
  GiveBuffer give = nullptr;
  TakeBuffer take = nullptr;
  bool is_enabled[64] = {};
  uint8_t* buffer = nullptr;
  size_t bytes = 0, used = 0;
};

State& state() {
  static State* state = new State;
  return *state;
}

thread_local std::vector<uint64_t> external_ids;

bool behaves(const char* as) {
  const char* how = getenv("LAYERWISE_EMULATION_CUPTI");
  return how && !strcmp(how, as);
}

size_t size_of(uint32_t kind) {
  switch (kind) {
    case kCuptiKernel: return kKernelBytes;
    case kCuptiMemcpy: return kCopyBytes;
    case kCuptiMemset: return kFillBytes;
    default: return kExternalBytes;
  }
}

// With the lock held.
void hand_over(State& s) {
  if (!s.buffer) return;
  uint8_t* buffer = s.buffer;
  const size_t bytes = s.bytes, used = s.used;
  s.buffer = nullptr;
  s.lock.unlock();
  s.take(nullptr, 0, buffer, bytes, used);
  s.lock.lock();
}

template <class Record> void write(const Record& record) {
  State& s = state();
  std::lock_guard<std::mutex> guard(s.lock);
  const size_t bytes = size_of(record.kind);
  if (!s.is_enabled[record.kind] || !s.give || behaves("silent")) return;
  if (s.buffer && s.used + bytes > s.bytes) hand_over(s);
  if (!s.buffer) {
    size_t most = 0;
    s.give(&s.buffer, &s.bytes, &most);
    s.used = 0;
    if (!s.buffer || s.bytes < bytes) return;
  }
  // What lies behind the known beginning is anything but zero.
  memset(s.buffer + s.used, 0xEE, bytes);
  memcpy(s.buffer + s.used, &record, sizeof record);
  if (behaves("shifted")) memmove(s.buffer + s.used + 16, s.buffer + s.used + 8, bytes - 16);
  s.used += bytes;
}

void called(uint32_t correlation) {
  if (external_ids.empty()) return;
  const bool has_calls = state().is_enabled[kCuptiDriverApi];
  if (behaves("calls") && !has_calls) return;
  CuptiExternalRecord record = {};
  record.kind = kCuptiExternal;
  record.external_kind = kCuptiCustom0;
  record.external_id = external_ids.back();
  record.correlation = correlation;
  write(record);
}

template <class Record> Record of(const emulation::Observed& work, uint32_t kind) {
  Record record = {};
  record.kind = kind;
  record.start = work.start_ns;
  record.end = work.end_ns;
  record.stream = work.stream;
  record.correlation = work.correlation;
  return record;
}

void ran(const emulation::Observed& work) {
  using emulation::WorkKind;
  if (work.kind == WorkKind::kKernel) {
    auto record = of<CuptiKernelRecord>(work, kCuptiKernel);
    record.name = work.name;
    for (int i = 0; i < 3; i++) {
      record.grid[i] = int32_t(work.grid[i]);
      record.block[i] = int32_t(work.block[i]);
    }
    return write(record);
  }
  if (work.kind == WorkKind::kFill) {
    auto record = of<CuptiFillRecord>(work, kCuptiMemset);
    record.bytes = work.bytes;
    record.value = work.value;
    return write(record);
  }
  auto record = of<CuptiCopyRecord>(work, kCuptiMemcpy);
  record.bytes = work.bytes;
  record.copy_kind = work.kind == WorkKind::kToDevice ? 1 : work.kind == WorkKind::kFromDevice ? 2 : 8;
  write(record);
}

constexpr emulation::Observer kObserver = {called, ran};

void observe(const emulation::Observer* observer) {
  const char* driver = getenv("LAYERWISE_CUDA_DRIVER");
  void* library = driver ? dlopen(driver, RTLD_NOW | RTLD_NOLOAD) : nullptr;
  if (!library) return;
  auto tell = (void (*)(const emulation::Observer*))dlsym(library, "layerwise_emulation_observe");
  if (tell) tell(observer);
}

}  // namespace

EXPORT int layerwise_emulated_library() { return 1; }

EXPORT int cuptiGetVersion(uint32_t* version) { return *version = behaves("future") ? 150000 : 130001, 0; }
EXPORT int cuptiActivityRegisterCallbacks(GiveBuffer give, TakeBuffer take) {
  State& s = state();
  std::lock_guard<std::mutex> guard(s.lock);
  s.give = give;
  s.take = take;
  return 0;
}
EXPORT int cuptiActivityEnable(uint32_t kind) {
  if (behaves("denied")) return kCuptiInsufficientPrivileges;
  if (kind >= 64) return 21;
  state().is_enabled[kind] = true;
  observe(&kObserver);
  return 0;
}
EXPORT int cuptiActivityDisable(uint32_t kind) {
  if (kind >= 64) return 21;
  state().is_enabled[kind] = false;
  if (!state().is_enabled[kCuptiKernel]) observe(nullptr);
  return 0;
}
EXPORT int cuptiActivityFlushAll(uint32_t) {
  State& s = state();
  std::lock_guard<std::mutex> guard(s.lock);
  hand_over(s);
  return 0;
}
EXPORT int cuptiActivityGetNextRecord(uint8_t* buffer, size_t bytes, void** record) {
  uint8_t* next = buffer;
  if (*record) next = (uint8_t*)*record + size_of(*(uint32_t*)*record);
  if (next >= buffer + bytes) return kCuptiMaxLimitReached;
  *record = next;
  return 0;
}
EXPORT int cuptiGetTimestamp(uint64_t* ns) {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  *ns = uint64_t(t.tv_sec) * 1000000000 + uint64_t(t.tv_nsec);
  return 0;
}
EXPORT int cuptiActivityPushExternalCorrelationId(uint32_t kind, uint64_t id) {
  if (kind != kCuptiCustom0) return 1;
  external_ids.push_back(id);
  return 0;
}
EXPORT int cuptiActivityPopExternalCorrelationId(uint32_t kind, uint64_t* id) {
  if (kind != kCuptiCustom0 || external_ids.empty()) return 18;
  if (id) *id = external_ids.back();
  external_ids.pop_back();
  return 0;
}
EXPORT int cuptiGetResultString(int, const char** text) { return *text = "CUPTI_ERROR_UNKNOWN", 0; }
