// What forward and backward of attention share on the device: where rows begin, and what the mask and time do to scores.
#pragma once
#include "attention_job.h"
#include "vectors.h"

template <class T> DEVICE const T* row_at(const void* base, const AttentionStrides& s, int64_t batch, int64_t head) {
  return (const T*)base + batch * s.batch + head * s.head;
}

// Is there no such pair, or does it lie in the future?
DEVICE bool is_outside(const AttentionJob& job, int64_t query, int64_t key) {
  return query >= job.Tq || key >= job.Tk || (job.causal && key > query);
}

// What the mask adds to a score: boolean masks say who may be seen, others are added as they are.
template <class W>
SHARED_CODE W mask_value(const AttentionJob& job, int64_t batch, int64_t head, int64_t query, int64_t key) {
  const int64_t at = batch * job.mask_batch + head * job.mask_head + query * job.mask_row + key * job.mask_column;
  switch (job.mask_dtype) {
    case kFloat16:
    case kBfloat16:
    case kFloat32:
    case kFloat64: return load_as<W>(job.mask, job.mask_dtype, at);
    default: return load_as<bool>(job.mask, job.mask_dtype, at) ? W(0) : minus_infinity<W>();
  }
}

// A scaled score behind mask and time.
template <class W>
DEVICE W masked(const AttentionJob& job, W score, int64_t batch, int64_t head, int64_t query, int64_t key) {
  if (is_outside(job, query, key)) return minus_infinity<W>();
  return job.mask ? score + mask_value<W>(job, batch, head, query, key) : score;
}
