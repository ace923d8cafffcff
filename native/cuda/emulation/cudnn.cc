// A stand-in for cuDNN over the emulation's memory: the functions that we ask, by plain loops, in stream order. Two ways
// per direction, one faster that wants a workspace and is not deterministic. It writes what it was asked to the file that
// LAYERWISE_EMULATION_CUDNN_LOG names; LAYERWISE_EMULATION_CUDNN=refusing computes nothing.
#include "../cudnn_functions.h"

#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <functional>

#include "../gpu.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace layerwise {

struct CudnnHandleObject {
  void* stream = nullptr;
};
struct CudnnTensorObject {
  int type, size[4], stride[4];
};
struct CudnnFilterObject {
  int type, format, size[4];
};
struct CudnnConvolutionObject {
  int pad[2], stride[2], dilation[2], mode, compute, groups = 1, math = 0;
};

}  // namespace layerwise

namespace {

using namespace layerwise;

constexpr int kBadParameter = 2000, kNotSupported = 3000;
constexpr size_t kWorkspace = 3 << 20;
enum Algorithm { kPlain = 0, kHasty = 1 };

bool behaves(const char* as) {
  const char* how = getenv("LAYERWISE_EMULATION_CUDNN");
  return how && !strcmp(how, as);
}

void note(const char* what, const CudnnTensorObject* x, const CudnnConvolutionObject* c, int algorithm) {
  const char* path = getenv("LAYERWISE_EMULATION_CUDNN_LOG");
  FILE* log = path ? fopen(path, "a") : nullptr;
  if (!log) return;
  const char* layout = x->stride[1] == 1 && x->size[1] > 1 ? " channels last" : "";
  fprintf(log, "%s type %d math %d algorithm %d groups %d%s\n", what, x->type, c->math, algorithm, c->groups, layout);
  fclose(log);
}

double load(const void* from, int type, int64_t i) {
  switch (type) {
    case kCudnnFloat: return ((const float*)from)[i];
    case kCudnnDouble: return ((const double*)from)[i];
    case kCudnnHalf: return to_float(((const Half*)from)[i]);
    default: return to_float(((const Brain*)from)[i]);
  }
}

void store(void* to, int type, int64_t i, double value) {
  switch (type) {
    case kCudnnFloat: ((float*)to)[i] = float(value); break;
    case kCudnnDouble: ((double*)to)[i] = value; break;
    case kCudnnHalf: ((Half*)to)[i] = to_half(float(value)); break;
    default: ((Brain*)to)[i] = to_brain(float(value));
  }
}

int64_t at(const CudnnTensorObject& t, int n, int c, int h, int w) {
  return int64_t(n) * t.stride[0] + int64_t(c) * t.stride[1] + int64_t(h) * t.stride[2] + int64_t(w) * t.stride[3];
}
int64_t at(const CudnnFilterObject& f, int k, int c, int h, int w) {
  const int64_t first = int64_t(k) * f.size[1] * f.size[2] * f.size[3];
  if (f.format == kCudnnChannelsLast) return first + (int64_t(h) * f.size[3] + w) * f.size[1] + c;
  return first + (int64_t(c) * f.size[2] + h) * f.size[3] + w;
}

// Calls f(x index, weight index, y index) for every product of the convolution.
template <class F>
void products(const CudnnTensorObject& x, const CudnnFilterObject& w, const CudnnConvolutionObject& c, const CudnnTensorObject& y, F f) {
  const int per_group = y.size[1] / c.groups;
  for (int n = 0; n < y.size[0]; n++) {
    for (int o = 0; o < y.size[1]; o++) {
      for (int i = 0; i < y.size[2]; i++) {
        for (int j = 0; j < y.size[3]; j++) {
          for (int k = 0; k < w.size[1]; k++) {
            for (int r = 0; r < w.size[2]; r++) {
              for (int s = 0; s < w.size[3]; s++) {
                const int row = i * c.stride[0] - c.pad[0] + r * c.dilation[0];
                const int column = j * c.stride[1] - c.pad[1] + s * c.dilation[1];
                if (row < 0 || row >= x.size[2] || column < 0 || column >= x.size[3]) continue;
                const int channel = o / per_group * w.size[1] + k;
                f(at(x, n, channel, row, column), at(w, o, k, r, s), at(y, n, o, i, j));
              }
            }
          }
        }
      }
    }
  }
}

// Do the sizes belong together?
bool fits(const CudnnTensorObject& x, const CudnnFilterObject& w, const CudnnConvolutionObject& c, const CudnnTensorObject& y) {
  auto out = [&](int d) {
    return (x.size[2 + d] + 2 * c.pad[d] - c.dilation[d] * (w.size[2 + d] - 1) - 1) / c.stride[d] + 1;
  };
  const auto is_last = [](const CudnnTensorObject& t) { return t.stride[1] == 1 && t.stride[3] == t.size[1]; };
  const auto is_first = [](const CudnnTensorObject& t) { return t.stride[3] == 1 && t.stride[1] == t.size[2] * t.size[3]; };
  const bool is_one_layout = w.format == kCudnnChannelsLast ? is_last(x) && is_last(y) : is_first(x) && is_first(y);
  return is_one_layout && x.type == w.type && x.type == y.type && c.mode == kCudnnCrossCorrelation && x.size[0] == y.size[0] &&
         x.size[1] == w.size[1] * c.groups && y.size[1] == w.size[0] && w.size[0] % c.groups == 0 && y.size[2] == out(0) &&
         y.size[3] == out(1) && c.compute == (x.type == kCudnnDouble ? kCudnnDouble : kCudnnFloat) &&
         (c.math != kCudnnPlainMath || x.type == kCudnnFloat);
}

// In stream order, as the real one.
int enqueue(CudnnHandle handle, std::function<void()> work) {
  static auto* ask = [] {
    const char* driver = getenv("LAYERWISE_CUDA_DRIVER");
    void* library = driver ? dlopen(driver, RTLD_NOW | RTLD_NOLOAD) : nullptr;
    return (void (*)(void*, void (*)(void*), void*, const char*))(library ? dlsym(library, "layerwise_emulation_enqueue") : nullptr);
  }();
  if (!ask) return kNotSupported;
  auto call = [](void* function) {
    auto* it = (std::function<void()>*)function;
    (*it)();
  };
  // Kept: a captured graph may run it again.
  ask(handle->stream, call, new std::function<void()>(std::move(work)), "cudnn_convolution");
  return 0;
}

bool has_room(int algorithm, void* workspace, size_t bytes) {
  if (algorithm == kPlain) return true;
  if (!workspace || bytes < kWorkspace) return false;
  memset(workspace, 0xAA, kWorkspace);
  return true;
}

int offer(const CudnnTensorObject* x, const CudnnConvolutionObject* c, int most, int* count, CudnnFound* found) {
  if (behaves("refusing")) return kNotSupported;
  const int math = x->type == kCudnnFloat && c->math == kCudnnPlainMath ? kCudnnPlainMath
                   : x->type == kCudnnDouble                           ? kCudnnDefaultMath
                                                                       : kCudnnTensorMath;
  const CudnnFound both[] = {
      {kHasty, 0, 0.5f, kWorkspace, 0, math, {}},
      {kPlain, 0, 1.0f, 0, 1, math, {}},
  };
  *count = most < 2 ? most : 2;
  memcpy(found, both, sizeof(CudnnFound) * size_t(*count));
  return 0;
}

template <class Output, class F>
int convolve(CudnnHandle handle, const CudnnTensorObject& x, const CudnnFilterObject& w, const CudnnConvolutionObject& c,
             const CudnnTensorObject& y, const Output& out, int64_t n, void* to, float beta, F product) {
  if (beta != 0) return kNotSupported;
  const int type = out.type;
  return enqueue(handle, [=] {
    double* sums = (double*)calloc(size_t(n), sizeof(double));
    products(x, w, c, y, [&](int64_t i, int64_t j, int64_t k) { product(sums, i, j, k); });
    for (int64_t i = 0; i < n; i++) store(to, type, i, sums[i]);
    free(sums);
  });
}

int64_t count(const int* size) { return int64_t(size[0]) * size[1] * size[2] * size[3]; }

float as_float(const void* scale, int type) { return type == kCudnnDouble ? float(*(const double*)scale) : *(const float*)scale; }

}  // namespace

EXPORT int layerwise_emulated_library() { return 1; }
EXPORT size_t cudnnGetVersion() { return 90000; }
EXPORT const char* cudnnGetErrorString(int status) {
  return status == kNotSupported ? "CUDNN_STATUS_NOT_SUPPORTED" : "CUDNN_STATUS_BAD_PARAM";
}
EXPORT int cudnnCreate(CudnnHandle* handle) { return *handle = new CudnnHandleObject, 0; }
EXPORT int cudnnSetStream(CudnnHandle handle, void* stream) { return handle->stream = stream, 0; }
EXPORT int cudnnCreateTensorDescriptor(CudnnTensor* tensor) { return *tensor = new CudnnTensorObject, 0; }
EXPORT int cudnnSetTensor4dDescriptorEx(CudnnTensor t, int type, int n, int c, int h, int w, int sn, int sc, int sh, int sw) {
  if (n < 1 || c < 1 || h < 1 || w < 1) return kBadParameter;
  *t = {type, {n, c, h, w}, {sn, sc, sh, sw}};
  return 0;
}
EXPORT int cudnnDestroyTensorDescriptor(CudnnTensor tensor) { return delete tensor, 0; }
EXPORT int cudnnCreateFilterDescriptor(CudnnFilter* filter) { return *filter = new CudnnFilterObject, 0; }
EXPORT int cudnnSetFilter4dDescriptor(CudnnFilter f, int type, int format, int k, int c, int h, int w) {
  if (format < kCudnnChannelsFirst || format > kCudnnChannelsLast || k < 1 || c < 1 || h < 1 || w < 1) return kBadParameter;
  *f = {type, format, {k, c, h, w}};
  return 0;
}
EXPORT int cudnnDestroyFilterDescriptor(CudnnFilter filter) { return delete filter, 0; }
EXPORT int cudnnCreateConvolutionDescriptor(CudnnConvolution* made) { return *made = new CudnnConvolutionObject, 0; }
EXPORT int cudnnSetConvolution2dDescriptor(CudnnConvolution c, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int compute) {
  if (ph < 0 || pw < 0 || sh < 1 || sw < 1 || dh < 1 || dw < 1) return kBadParameter;
  *c = {{ph, pw}, {sh, sw}, {dh, dw}, mode, compute};
  return 0;
}
EXPORT int cudnnSetConvolutionGroupCount(CudnnConvolution c, int groups) { return c->groups = groups, 0; }
EXPORT int cudnnSetConvolutionMathType(CudnnConvolution c, int math) { return c->math = math, 0; }
EXPORT int cudnnDestroyConvolutionDescriptor(CudnnConvolution c) { return delete c, 0; }

EXPORT int cudnnAddTensor(CudnnHandle handle, const void*, CudnnTensor a, const void* from, const void*, CudnnTensor c, void* to) {
  if (a->type != c->type || a->size[1] != c->size[1] || count(a->size) != a->size[1]) return kBadParameter;
  const CudnnTensorObject y = *c;
  return enqueue(handle, [=] {
    for (int64_t i = 0; i < count(y.size); i++) {
      const int64_t place = i % (int64_t(y.size[1]) * y.size[2] * y.size[3]);
      const int64_t channel = y.stride[1] == 1 && y.size[1] > 1 ? place % y.size[1] : place / (int64_t(y.size[2]) * y.size[3]);
      store(to, y.type, i, load(to, y.type, i) + load(from, y.type, channel));
    }
  });
}

EXPORT int cudnnGetConvolutionForwardAlgorithm_v7(CudnnHandle, CudnnTensor x, CudnnFilter w, CudnnConvolution c, CudnnTensor y,
                                                  int most, int* n, CudnnFound* found) {
  if (!fits(*x, *w, *c, *y)) return kBadParameter;
  note("guess forward", x, c, -1);
  return offer(x, c, most, n, found);
}
EXPORT int cudnnGetConvolutionBackwardDataAlgorithm_v7(CudnnHandle, CudnnFilter w, CudnnTensor dy, CudnnConvolution c,
                                                       CudnnTensor dx, int most, int* n, CudnnFound* found) {
  if (!fits(*dx, *w, *c, *dy)) return kBadParameter;
  note("guess input", dx, c, -1);
  return offer(dx, c, most, n, found);
}
EXPORT int cudnnGetConvolutionBackwardFilterAlgorithm_v7(CudnnHandle, CudnnTensor x, CudnnTensor dy, CudnnConvolution c,
                                                         CudnnFilter dw, int most, int* n, CudnnFound* found) {
  if (!fits(*x, *dw, *c, *dy)) return kBadParameter;
  note("guess weight", x, c, -1);
  return offer(x, c, most, n, found);
}
EXPORT int cudnnFindConvolutionForwardAlgorithmEx(CudnnHandle, CudnnTensor x, const void* xs, CudnnFilter w, const void* ws,
                                                  CudnnConvolution c, CudnnTensor y, void* ys, int most, int* n,
                                                  CudnnFound* found, void* workspace, size_t bytes) {
  if (!fits(*x, *w, *c, *y) || !xs || !ws || !ys || !has_room(kHasty, workspace, bytes)) return kBadParameter;
  note("try forward", x, c, -1);
  return offer(x, c, most, n, found);
}
EXPORT int cudnnFindConvolutionBackwardDataAlgorithmEx(CudnnHandle, CudnnFilter w, const void* ws, CudnnTensor dy,
                                                       const void* dys, CudnnConvolution c, CudnnTensor dx, void* dxs, int most,
                                                       int* n, CudnnFound* found, void* workspace, size_t bytes) {
  if (!fits(*dx, *w, *c, *dy) || !ws || !dys || !dxs || !has_room(kHasty, workspace, bytes)) return kBadParameter;
  note("try input", dx, c, -1);
  return offer(dx, c, most, n, found);
}
EXPORT int cudnnFindConvolutionBackwardFilterAlgorithmEx(CudnnHandle, CudnnTensor x, const void* xs, CudnnTensor dy,
                                                         const void* dys, CudnnConvolution c, CudnnFilter dw, void* dws, int most,
                                                         int* n, CudnnFound* found, void* workspace, size_t bytes) {
  if (!fits(*x, *dw, *c, *dy) || !xs || !dys || !dws || !has_room(kHasty, workspace, bytes)) return kBadParameter;
  note("try weight", x, c, -1);
  return offer(x, c, most, n, found);
}

EXPORT int cudnnConvolutionForward(CudnnHandle handle, const void*, CudnnTensor x, const void* xs, CudnnFilter w, const void* ws,
                                   CudnnConvolution c, int algorithm, void* workspace, size_t bytes, const void* beta,
                                   CudnnTensor y, void* ys) {
  if (!fits(*x, *w, *c, *y) || !has_room(algorithm, workspace, bytes)) return kBadParameter;
  note("forward", x, c, algorithm);
  const int type = x->type;
  return convolve(handle, *x, *w, *c, *y, *y, count(y->size), ys, as_float(beta, type),
                  [=](double* sums, int64_t i, int64_t j, int64_t k) { sums[k] += load(xs, type, i) * load(ws, type, j); });
}
EXPORT int cudnnConvolutionBackwardData(CudnnHandle handle, const void*, CudnnFilter w, const void* ws, CudnnTensor dy,
                                        const void* dys, CudnnConvolution c, int algorithm, void* workspace, size_t bytes,
                                        const void* beta, CudnnTensor dx, void* dxs) {
  if (!fits(*dx, *w, *c, *dy) || !has_room(algorithm, workspace, bytes)) return kBadParameter;
  note("input", dx, c, algorithm);
  const int type = dx->type;
  return convolve(handle, *dx, *w, *c, *dy, *dx, count(dx->size), dxs, as_float(beta, type),
                  [=](double* sums, int64_t i, int64_t j, int64_t k) { sums[i] += load(dys, type, k) * load(ws, type, j); });
}
EXPORT int cudnnConvolutionBackwardFilter(CudnnHandle handle, const void*, CudnnTensor x, const void* xs, CudnnTensor dy,
                                          const void* dys, CudnnConvolution c, int algorithm, void* workspace, size_t bytes,
                                          const void* beta, CudnnFilter dw, void* dws) {
  if (!fits(*x, *dw, *c, *dy) || !has_room(algorithm, workspace, bytes)) return kBadParameter;
  note("weight", x, c, algorithm);
  const int type = x->type;
  return convolve(handle, *x, *dw, *c, *dy, *dw, count(dw->size), dws, as_float(beta, type),
                  [=](double* sums, int64_t i, int64_t j, int64_t k) { sums[j] += load(dys, type, k) * load(xs, type, i); });
}
