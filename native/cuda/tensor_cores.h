// Tensor cores and asynchronous copies: one wrapper per instruction, its twin for the emulation beside it in
// emulation/tensor_cores.h. Included through gpu.h only; everything here needs LW_HAS_SM80 unless it says sm_75.
#pragma once
#ifdef __CUDACC__

DEVICE uint32_t shared_address(const void* pointer) { return uint32_t(__cvta_generic_to_shared(pointer)); }

// 16 bytes from global to shared memory, both 16-byte aligned; zeros instead where `present` is false.
DEVICE void copy_async_16(void* to_shared, const void* from, bool present = true) {
#if LW_HAS_SM80
  const int bytes = present ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to_shared)), "l"(from), "r"(bytes)
               : "memory");
#else
  *(uint4*)to_shared = present ? *(const uint4*)from : make_uint4(0, 0, 0, 0);
#endif
}
DEVICE void copy_commit() {
#if LW_HAS_SM80
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
// Until at most `pending` committed groups are unfinished.
template <int pending> DEVICE void copy_wait() {
#if LW_HAS_SM80
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
#endif
}

// Four (two) 8 x 8 matrices of 16-bit elements from shared memory; lane i gives the address of row i. sm_75.
DEVICE void load_matrix_4(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}
DEVICE void load_matrix_4_transposed(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}
DEVICE void load_matrix_2(uint32_t (&r)[2], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(shared_address(row))
               : "memory");
}
DEVICE void load_matrix_2_transposed(uint32_t (&r)[2], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(shared_address(row))
               : "memory");
}

// c += a @ b on 16 x 8 x 16 tiles, fragments as the PTX manual lays them out for mma.m16n8k16.
DEVICE void multiply_add(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Half) {
#if LW_HAS_SM80
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  // sm_75 multiplies 16 x 8 x 8: the first two registers of a and the first of b are the first half of k.
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[0]), "r"(a[1]), "r"(b[0]));
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(a[2]), "r"(a[3]), "r"(b[1]));
#endif
}
DEVICE void multiply_add(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Brain) {
#if LW_HAS_SM80
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();  // sm_75 has no bfloat16 tensor cores: launchers choose a plain kernel there
#endif
}
// c += a @ b on 16 x 8 x 8 tiles of TF32 (float32 with 10 bits of fraction, rounded by `to_tf32`).
DEVICE uint32_t to_tf32(float x) {
#if LW_HAS_SM80
  uint32_t y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
  return y;
#else
  return bits_of<uint32_t>(x);
#endif
}
DEVICE void multiply_add_tf32(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#if LW_HAS_SM80
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  __trap();
#endif
}
// c += a @ b on 16 x 8 x 32 tiles of int8, fragments as for mma.m16n8k32. sm_75.
DEVICE void multiply_add_int8(int32_t (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#if LW_HAS_SM80
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  // sm_75 multiplies 8 x 8 x 16: rows by the parity of a's register, halves of k by what is above it.
  UNROLL for (int rows = 0; rows < 2; rows++) {
    UNROLL for (int half = 0; half < 2; half++) {
      asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0,%1}, {%2}, {%3}, {%0,%1};"
                   : "+r"(c[2 * rows]), "+r"(c[2 * rows + 1])
                   : "r"(a[rows + 2 * half]), "r"(b[half]));
    }
  }
#endif
}

#else
#include "emulation/tensor_cores.h"
#endif
