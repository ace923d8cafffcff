// What we declare of NVIDIA's structures and functions, held against its headers where they are installed. Compiled by
// test/cuda/layouts.test.ts, never linked; says which headers there were.
#include <stddef.h>
#include <stdint.h>

#include <type_traits>

namespace layerwise {

// Functions that are called alike: as many arguments, each of the same size and kind (an enum of theirs is an int of ours).
template <class Ours, class Theirs> constexpr bool is_alike_v = false;
template <class R, class... A, class S, class... B> constexpr bool is_alike_v<R (*)(A...), S (*)(B...)> = [] {
  if constexpr (sizeof...(A) != sizeof...(B)) return false;
  else return sizeof(R) == sizeof(S) && ((sizeof(A) == sizeof(B) && std::is_pointer_v<A> == std::is_pointer_v<B>)&&...);
}();
#define SAME_FUNCTION(member, symbol, arguments) \
  static_assert(is_alike_v<int(*) arguments, std::add_pointer_t<decltype(symbol)>>, #symbol);

}  // namespace layerwise

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

LW_CUPTI_FUNCTIONS(SAME_FUNCTION)

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

#if __has_include(<cudnn.h>)
#include <cudnn.h>
#pragma message "checked: cudnn.h"
#include "../../native/cuda/cudnn_functions.h"

namespace layerwise {

LW_CUDNN_FUNCTIONS(SAME_FUNCTION)

#define SAME_FOUND(Theirs) \
  static_assert(sizeof(CudnnFound) == sizeof(Theirs)); \
  static_assert(offsetof(CudnnFound, status) == offsetof(Theirs, status)); \
  static_assert(offsetof(CudnnFound, workspace_bytes) == offsetof(Theirs, memory)); \
  static_assert(offsetof(CudnnFound, determinism) == offsetof(Theirs, determinism)); \
  static_assert(offsetof(CudnnFound, math) == offsetof(Theirs, mathType))
SAME_FOUND(cudnnConvolutionFwdAlgoPerf_t);
SAME_FOUND(cudnnConvolutionBwdDataAlgoPerf_t);
SAME_FOUND(cudnnConvolutionBwdFilterAlgoPerf_t);

static_assert(kCudnnFloat == CUDNN_DATA_FLOAT && kCudnnDouble == CUDNN_DATA_DOUBLE);
static_assert(kCudnnHalf == CUDNN_DATA_HALF && kCudnnBrain == CUDNN_DATA_BFLOAT16);
static_assert(kCudnnDefaultMath == CUDNN_DEFAULT_MATH && kCudnnTensorMath == CUDNN_TENSOR_OP_MATH);
static_assert(kCudnnPlainMath == CUDNN_FMA_MATH && kCudnnIsDeterministic == CUDNN_DETERMINISTIC);
static_assert(kCudnnChannelsLast == CUDNN_TENSOR_NHWC);
static_assert(kCudnnChannelsFirst == CUDNN_TENSOR_NCHW && kCudnnCrossCorrelation == CUDNN_CROSS_CORRELATION);

}  // namespace layerwise
#endif
