// A stand-in for cuBLASLt over the emulation's memory: the same functions and numbers, plain loops in column-major order.
// It checks what it is given and refuses what the real one would, so that tests see how the addon asks.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT extern "C" __attribute__((visibility("default")))

struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t stride, batch_offset;
  int32_t batches;
};
struct Product {
  int compute, scale;
  int32_t turns_a, turns_b, epilogue;
  const void* bias;
};
struct Found {
  uint64_t algorithm[8];
  size_t workspace_bytes;
  int status;
  float waves;
  int reserved[4];
};
constexpr uint64_t kAlgorithm = 0x6c617965;
constexpr int kInvalid = 7, kUnsupported = 15;

static long calls = 0;
EXPORT int layerwise_emulated_library() { return 1; }

static double element(const void* base, int type, int64_t at) {
  switch (type) {
    case 0: return ((const float*)base)[at];
    case 1: return ((const double*)base)[at];
    case 2: return double(((const _Float16*)base)[at]);
    default: {
      const uint32_t bits = uint32_t(((const uint16_t*)base)[at]) << 16;
      float x;
      memcpy(&x, &bits, 4);
      return x;
    }
  }
}
static void store(void* base, int type, int64_t at, double value) {
  switch (type) {
    case 0: ((float*)base)[at] = float(value); return;
    case 1: ((double*)base)[at] = value; return;
    case 2: ((_Float16*)base)[at] = (_Float16)value; return;
    default: {
      const float x = float(value);
      uint32_t bits;
      memcpy(&bits, &x, 4);
      ((uint16_t*)base)[at] = uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
  }
}

EXPORT int cublasLtCreate(void** handle) { return *handle = &calls, 0; }
EXPORT int cublasLtMatmulDescCreate(void** out, int compute, int scale) {
  return *out = new Product{compute, scale, 0, 0, 1, nullptr}, 0;
}
EXPORT int cublasLtMatmulDescSetAttribute(void* at, int attribute, const void* value, size_t bytes) {
  Product* p = (Product*)at;
  if (bytes != (attribute == 8 ? 8u : 4u)) return kInvalid;
  switch (attribute) {
    case 3: memcpy(&p->turns_a, value, 4); return 0;
    case 4: memcpy(&p->turns_b, value, 4); return 0;
    case 7: memcpy(&p->epilogue, value, 4); return 0;
    case 8: memcpy(&p->bias, value, 8); return 0;
    default: return kInvalid;
  }
}
EXPORT int cublasLtMatmulDescDestroy(void* at) { return delete (Product*)at, 0; }
EXPORT int cublasLtMatrixLayoutCreate(void** out, int type, uint64_t rows, uint64_t columns, int64_t stride) {
  if (stride < int64_t(rows)) return kInvalid;
  return *out = new Layout{type, rows, columns, stride, 0, 1}, 0;
}
EXPORT int cublasLtMatrixLayoutSetAttribute(void* at, int attribute, const void* value, size_t bytes) {
  Layout* l = (Layout*)at;
  if (attribute == 5 && bytes == 4) return memcpy(&l->batches, value, 4), 0;
  if (attribute == 6 && bytes == 8) return memcpy(&l->batch_offset, value, 8), 0;
  return kInvalid;
}
EXPORT int cublasLtMatrixLayoutDestroy(void* at) { return delete (Layout*)at, 0; }
EXPORT int cublasLtMatmulPreferenceCreate(void** out) { return *out = new int[4](), 0; }
EXPORT int cublasLtMatmulPreferenceSetAttribute(void*, int attribute, const void*, size_t bytes) {
  return bytes == (attribute == 1 ? 8u : 4u) ? 0 : kInvalid;
}
EXPORT int cublasLtMatmulPreferenceDestroy(void* at) { return delete[] (int*)at, 0; }

EXPORT int cublasLtMatmulAlgoGetHeuristic(void*, Product* p, Layout* a, Layout* b, Layout* c, Layout* d, void*, int wanted,
                                          Found* found, int* count) {
  *count = 0;
  const uint64_t m = p->turns_a ? a->columns : a->rows, k = p->turns_a ? a->rows : a->columns;
  const uint64_t n = p->turns_b ? b->rows : b->columns;
  if (wanted < 1 || (p->turns_b ? b->columns : b->rows) != k || c->rows != m || c->columns != n || d != c) return kInvalid;
  if (getenv("FAKE_CUBLASLT_REFUSES")) return kUnsupported;
  *found = {};
  found->algorithm[0] = kAlgorithm;
  found->workspace_bytes = 4096;
  *count = 1;
  return 0;
}

EXPORT int cublasLtMatmul(void*, Product* p, const void* alpha, const void* a, Layout* la, const void* b, Layout* lb,
                          const void* beta, const void* c, Layout* lc, void* d, Layout*, const uint64_t* algorithm,
                          void* workspace, size_t workspace_bytes, void*) {
  if (algorithm[0] != kAlgorithm || workspace_bytes != 4096) return kInvalid;
  memset(workspace, 0xAB, workspace_bytes);
  calls++;
  if (const char* log = getenv("FAKE_CUBLASLT_LOG")) {
    if (FILE* file = fopen(log, "a")) {
      fprintf(file, "%d %d\n", p->compute, la->type);
      fclose(file);
    }
  }
  const bool is_double = p->scale == 1;
  const double by = is_double ? *(const double*)alpha : *(const float*)alpha;
  const double old = is_double ? *(const double*)beta : *(const float*)beta;
  const int64_t k = int64_t(p->turns_a ? la->rows : la->columns);
  for (int64_t batch = 0; batch < lc->batches; batch++) {
    for (int64_t j = 0; j < int64_t(lc->columns); j++) {
      for (int64_t i = 0; i < int64_t(lc->rows); i++) {
        double sum = 0;
        for (int64_t x = 0; x < k; x++) {
          const int64_t at_a = batch * la->batch_offset + (p->turns_a ? i * la->stride + x : x * la->stride + i);
          const int64_t at_b = batch * lb->batch_offset + (p->turns_b ? x * lb->stride + j : j * lb->stride + x);
          sum += element(a, la->type, at_a) * element(b, lb->type, at_b);
        }
        const int64_t at = batch * lc->batch_offset + j * lc->stride + i;
        double value = by * sum;
        if (old != 0) value += old * element(c, lc->type, at);
        if (p->epilogue == 4) value += element(p->bias, lc->type, i);
        store(d, lc->type, at, value);
      }
    }
  }
  return 0;
}
