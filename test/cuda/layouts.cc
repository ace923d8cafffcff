// What we declare of NVIDIA's structures and functions, held against its headers where they are installed. Compiled by
// test/cuda/layouts.test.ts, never linked; says which headers there were.
#include <stddef.h>
#include <stdint.h>

#if __has_include(<cupti.h>)
#include <cupti.h>
#pragma message "checked: cupti.h"
#include "../../native/cuda/cupti_records.h"

namespace layerwise {

#define SAME(Ours, our_field, Theirs, their_field) \
  static_assert(offsetof(Ours, our_field) == offsetof(Theirs, their_field)); \
  static_assert(sizeof(((Ours*)0)->our_field) == sizeof(((Theirs*)0)->their_field))

#define SAME_KERNEL(Theirs) \
  SAME(CuptiKernelRecord, kind, Theirs, kind); \
  SAME(CuptiKernelRecord, registers, Theirs, registersPerThread); \
  SAME(CuptiKernelRecord, start, Theirs, start); \
  SAME(CuptiKernelRecord, end, Theirs, end); \
  SAME(CuptiKernelRecord, device, Theirs, deviceId); \
  SAME(CuptiKernelRecord, stream, Theirs, streamId); \
  SAME(CuptiKernelRecord, grid[0], Theirs, gridX); \
  SAME(CuptiKernelRecord, block[2], Theirs, blockZ); \
  SAME(CuptiKernelRecord, correlation, Theirs, correlationId); \
  SAME(CuptiKernelRecord, name, Theirs, name)

// All that CUDA 12 and 13 have written.
SAME_KERNEL(CUpti_ActivityKernel8);
SAME_KERNEL(CUpti_ActivityKernel9);
SAME_KERNEL(CUpti_ActivityKernel10);

#define SAME_COPY(Theirs) \
  SAME(CuptiCopyRecord, copy_kind, Theirs, copyKind); \
  SAME(CuptiCopyRecord, bytes, Theirs, bytes); \
  SAME(CuptiCopyRecord, start, Theirs, start); \
  SAME(CuptiCopyRecord, end, Theirs, end); \
  SAME(CuptiCopyRecord, device, Theirs, deviceId); \
  SAME(CuptiCopyRecord, correlation, Theirs, correlationId)
SAME_COPY(CUpti_ActivityMemcpy5);
SAME_COPY(CUpti_ActivityMemcpy6);

SAME(CuptiPeerCopyRecord, bytes, CUpti_ActivityMemcpyPtoP4, bytes);
SAME(CuptiPeerCopyRecord, start, CUpti_ActivityMemcpyPtoP4, start);
SAME(CuptiPeerCopyRecord, correlation, CUpti_ActivityMemcpyPtoP4, correlationId);

SAME(CuptiFillRecord, value, CUpti_ActivityMemset4, value);
SAME(CuptiFillRecord, bytes, CUpti_ActivityMemset4, bytes);
SAME(CuptiFillRecord, start, CUpti_ActivityMemset4, start);
SAME(CuptiFillRecord, correlation, CUpti_ActivityMemset4, correlationId);

SAME(CuptiExternalRecord, external_kind, CUpti_ActivityExternalCorrelation, externalKind);
SAME(CuptiExternalRecord, external_id, CUpti_ActivityExternalCorrelation, externalId);
SAME(CuptiExternalRecord, correlation, CUpti_ActivityExternalCorrelation, correlationId);

static_assert(kCuptiMemcpy == CUPTI_ACTIVITY_KIND_MEMCPY && kCuptiMemset == CUPTI_ACTIVITY_KIND_MEMSET);
static_assert(kCuptiKernel == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL && kCuptiPeerCopy == CUPTI_ACTIVITY_KIND_MEMCPY2);
static_assert(kCuptiExternal == CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION);
static_assert(kCuptiDriverApi == CUPTI_ACTIVITY_KIND_DRIVER && kCuptiRuntimeApi == CUPTI_ACTIVITY_KIND_RUNTIME);
static_assert(kCuptiToDevice == CUPTI_ACTIVITY_MEMCPY_KIND_HTOD && kCuptiFromDevice == CUPTI_ACTIVITY_MEMCPY_KIND_DTOH);
static_assert(kCuptiCustom0 == CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0);
static_assert(kCuptiFlushForced == CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
static_assert(kCuptiInsufficientPrivileges == CUPTI_ERROR_INSUFFICIENT_PRIVILEGES);
static_assert(kCuptiVirtualPrivileges == CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES);
static_assert(kCuptiMultipleSubscribers == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);

}  // namespace layerwise
#endif
