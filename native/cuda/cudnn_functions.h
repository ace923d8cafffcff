// cuDNN's convolution functions as far as they are asked, declared after its documentation: the interface that cuDNN 8
// and 9 share (test/cuda/layouts.cc compares it with the real header where there is one). Declares only.
#pragma once
#include <stddef.h>

namespace layerwise {

using CudnnHandle = struct CudnnHandleObject*;
using CudnnTensor = struct CudnnTensorObject*;
using CudnnFilter = struct CudnnFilterObject*;
using CudnnConvolution = struct CudnnConvolutionObject*;

enum CudnnData : int { kCudnnFloat = 0, kCudnnDouble = 1, kCudnnHalf = 2, kCudnnBrain = 9 };
enum CudnnMath : int { kCudnnDefaultMath = 0, kCudnnTensorMath = 1, kCudnnPlainMath = 3 };
constexpr int kCudnnChannelsFirst = 0, kCudnnChannelsLast = 1;
constexpr int kCudnnCrossCorrelation = 1;
constexpr int kCudnnIsDeterministic = 1;

// What a way to compute would cost; the three directions have the same structure.
struct CudnnFound {
  int algorithm;
  int status;
  float ms;
  size_t workspace_bytes;
  int determinism;
  int math;
  int reserved[3];
};

// member, symbol, arguments
#define LW_CUDNN_FUNCTIONS(_) \
  _(create, cudnnCreate, (CudnnHandle*)) \
  _(set_stream, cudnnSetStream, (CudnnHandle, void*)) \
  _(create_tensor, cudnnCreateTensorDescriptor, (CudnnTensor*)) \
  _(set_tensor, cudnnSetTensor4dDescriptorEx, (CudnnTensor, int, int, int, int, int, int, int, int, int)) \
  _(destroy_tensor, cudnnDestroyTensorDescriptor, (CudnnTensor)) \
  _(create_filter, cudnnCreateFilterDescriptor, (CudnnFilter*)) \
  _(set_filter, cudnnSetFilter4dDescriptor, (CudnnFilter, int, int, int, int, int, int)) \
  _(destroy_filter, cudnnDestroyFilterDescriptor, (CudnnFilter)) \
  _(create_convolution, cudnnCreateConvolutionDescriptor, (CudnnConvolution*)) \
  _(set_convolution, cudnnSetConvolution2dDescriptor, (CudnnConvolution, int, int, int, int, int, int, int, int)) \
  _(set_groups, cudnnSetConvolutionGroupCount, (CudnnConvolution, int)) \
  _(set_math, cudnnSetConvolutionMathType, (CudnnConvolution, int)) \
  _(destroy_convolution, cudnnDestroyConvolutionDescriptor, (CudnnConvolution)) \
  _(add, cudnnAddTensor, (CudnnHandle, const void*, CudnnTensor, const void*, const void*, CudnnTensor, void*)) \
  _(guess_forward, cudnnGetConvolutionForwardAlgorithm_v7, \
    (CudnnHandle, CudnnTensor, CudnnFilter, CudnnConvolution, CudnnTensor, int, int*, CudnnFound*)) \
  _(guess_input, cudnnGetConvolutionBackwardDataAlgorithm_v7, \
    (CudnnHandle, CudnnFilter, CudnnTensor, CudnnConvolution, CudnnTensor, int, int*, CudnnFound*)) \
  _(guess_weight, cudnnGetConvolutionBackwardFilterAlgorithm_v7, \
    (CudnnHandle, CudnnTensor, CudnnTensor, CudnnConvolution, CudnnFilter, int, int*, CudnnFound*)) \
  _(try_forward, cudnnFindConvolutionForwardAlgorithmEx, \
    (CudnnHandle, CudnnTensor, const void*, CudnnFilter, const void*, CudnnConvolution, CudnnTensor, void*, int, int*, \
     CudnnFound*, void*, size_t)) \
  _(try_input, cudnnFindConvolutionBackwardDataAlgorithmEx, \
    (CudnnHandle, CudnnFilter, const void*, CudnnTensor, const void*, CudnnConvolution, CudnnTensor, void*, int, int*, \
     CudnnFound*, void*, size_t)) \
  _(try_weight, cudnnFindConvolutionBackwardFilterAlgorithmEx, \
    (CudnnHandle, CudnnTensor, const void*, CudnnTensor, const void*, CudnnConvolution, CudnnFilter, void*, int, int*, \
     CudnnFound*, void*, size_t)) \
  _(forward, cudnnConvolutionForward, \
    (CudnnHandle, const void*, CudnnTensor, const void*, CudnnFilter, const void*, CudnnConvolution, int, void*, size_t, \
     const void*, CudnnTensor, void*)) \
  _(input, cudnnConvolutionBackwardData, \
    (CudnnHandle, const void*, CudnnFilter, const void*, CudnnTensor, const void*, CudnnConvolution, int, void*, size_t, \
     const void*, CudnnTensor, void*)) \
  _(weight, cudnnConvolutionBackwardFilter, \
    (CudnnHandle, const void*, CudnnTensor, const void*, CudnnTensor, const void*, CudnnConvolution, int, void*, size_t, \
     const void*, CudnnFilter, void*))

}  // namespace layerwise
