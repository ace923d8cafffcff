// What the launchers of attention and of its gradient share: reading the command, and who may compute it.
#pragma once
#include "../launcher.h"
#include "attention_job.h"

namespace layerwise {

inline void read_strides(Args& args, AttentionStrides* s) {
  s->batch = args.integer();
  s->head = args.integer();
  s->row = args.integer();
}

// Everything behind the pointers.
inline void read_geometry(Args& args, AttentionJob* job) {
  int64_t* const sizes[] = {&job->B, &job->Hq, &job->Hkv, &job->Tq, &job->Tk, &job->D, &job->Dv};
  for (int64_t* size : sizes) *size = args.integer();
  read_strides(args, &job->q_stride);
  read_strides(args, &job->k_stride);
  read_strides(args, &job->v_stride);
  read_strides(args, &job->out_stride);
  int64_t* const strides[] = {&job->mask_batch, &job->mask_head, &job->mask_row, &job->mask_column};
  for (int64_t* stride : strides) *stride = args.integer();
  job->mask_dtype = args.dtype();
  job->scale = args.real();
  job->causal = args.flag();
}

inline bool is_even_operand(const void* at, const AttentionStrides& s, int64_t width) {
  return uintptr_t(at) % 16 == 0 && width % 8 == 0 && s.batch % 8 == 0 && s.head % 8 == 0 && s.row % 8 == 0;
}

// 0, or the width of the tensor-core kernels that takes these heads.
inline int tensor_width(const Context& context, Dtype dtype, const AttentionJob& job) {
  const bool is_half = dtype == kFloat16 || (dtype == kBfloat16 && context.device().has(80));
  const int64_t width = job.D > job.Dv ? job.D : job.Dv;
  if (!is_half || width > 256) return 0;
  if (!is_even_operand(job.q, job.q_stride, job.D) || !is_even_operand(job.k, job.k_stride, job.D) ||
      !is_even_operand(job.v, job.v_stride, job.Dv) || !is_even_operand(job.out, job.out_stride, job.Dv)) {
    return 0;
  }
  return width <= 64 ? 64 : width <= 128 ? 128 : 256;
}

inline bool refuse(Context& context, Dtype dtype, const AttentionJob& job) {
  const bool is_float = dtype == kFloat16 || dtype == kBfloat16 || dtype == kFloat32 || dtype == kFloat64;
  if (!is_float) return context.fail("[attention] expected a floating dtype"), true;
  if (job.D > kPlainMostWidth || job.Dv > kPlainMostWidth) {
    return context.fail("[attention] a head of more than 256 elements: expected at most 256"), true;
  }
  if (job.Hq > 65535 || job.B > 65535) {
    return context.fail("[attention] more than 65,535 heads or batches: expected fewer"), true;
  }
  return false;
}

}  // namespace layerwise
