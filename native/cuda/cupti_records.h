// CUPTI's activity records as far as they are read: the beginnings of its structures, which later versions only append
// to (test/cuda/layouts.cc compares them with the real header where there is one). Declares data only.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace layerwise {

enum CuptiKind : uint32_t {
  kCuptiMemcpy = 1,
  kCuptiMemset = 2,
  kCuptiDriverApi = 4,
  kCuptiRuntimeApi = 5,
  kCuptiKernel = 10,  // CONCURRENT_KERNEL: kernels of other streams may run beside it
  kCuptiPeerCopy = 22,
  kCuptiExternal = 39,
};

enum CuptiResult : int {
  kCuptiSuccess = 0,
  kCuptiMaxLimitReached = 12,
  kCuptiInsufficientPrivileges = 35,
  kCuptiMultipleSubscribers = 39,
  kCuptiVirtualPrivileges = 40,
};

enum CuptiCopyKind : uint8_t { kCuptiToDevice = 1, kCuptiFromDevice = 2 };

// Of the kinds of external correlation the first that is free for applications.
constexpr uint32_t kCuptiCustom0 = 3;
constexpr uint32_t kCuptiFlushForced = 1;

struct CuptiKernelRecord {
  uint32_t kind;
  uint8_t cache_config, shared_config;
  uint16_t registers;
  uint32_t partition[2];
  uint64_t start, end, completed;
  uint32_t device, context, stream;
  int32_t grid[3], block[3];
  int32_t static_shared, dynamic_shared;
  uint32_t local_per_thread, local_total;
  uint32_t correlation;
  int64_t grid_id;
  const char* name;
};

struct CuptiCopyRecord {
  uint32_t kind;
  uint8_t copy_kind, source_kind, target_kind, flags;
  uint64_t bytes, start, end;
  uint32_t device, context, stream;
  uint32_t correlation;
};

struct CuptiPeerCopyRecord {
  uint32_t kind;
  uint8_t copy_kind, source_kind, target_kind, flags;
  uint64_t bytes, start, end;
  uint32_t device, context, stream;
  uint32_t source_device, source_context, target_device, target_context;
  uint32_t correlation;
};

struct CuptiFillRecord {
  uint32_t kind;
  uint32_t value;
  uint64_t bytes, start, end;
  uint32_t device, context, stream;
  uint32_t correlation;
};

struct CuptiExternalRecord {
  uint32_t kind;
  uint32_t external_kind;
  uint64_t external_id;
  uint32_t correlation;
};

static_assert(offsetof(CuptiKernelRecord, start) == 16 && offsetof(CuptiKernelRecord, name) == 104);
static_assert(offsetof(CuptiCopyRecord, correlation) == 44 && offsetof(CuptiPeerCopyRecord, correlation) == 60);
static_assert(offsetof(CuptiFillRecord, correlation) == 44 && offsetof(CuptiExternalRecord, correlation) == 16);

// name, symbol, arguments
#define LW_CUPTI_FUNCTIONS(_) \
  _(version, cuptiGetVersion, (uint32_t*)) \
  _(enable, cuptiActivityEnable, (uint32_t)) \
  _(disable, cuptiActivityDisable, (uint32_t)) \
  _(register_callbacks, cuptiActivityRegisterCallbacks, \
    (void (*)(uint8_t**, size_t*, size_t*), void (*)(void*, uint32_t, uint8_t*, size_t, size_t))) \
  _(next_record, cuptiActivityGetNextRecord, (uint8_t*, size_t, void**)) \
  _(flush, cuptiActivityFlushAll, (uint32_t)) \
  _(timestamp, cuptiGetTimestamp, (uint64_t*)) \
  _(push_external, cuptiActivityPushExternalCorrelationId, (uint32_t, uint64_t)) \
  _(pop_external, cuptiActivityPopExternalCorrelationId, (uint32_t, uint64_t*)) \
  _(result_text, cuptiGetResultString, (int, const char**))

}  // namespace layerwise
