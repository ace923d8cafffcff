// The twins of tensor_cores.h in the emulation: fragments as the PTX manual lays them out, products summed in float.
#pragma once

DEVICE void copy_async_16(void* to_shared, const void* from, bool present = true) {
  if ((uintptr_t(to_shared) | (present ? uintptr_t(from) : 0)) & 15) {
    emulation::die("cp.async: an address is not 16-byte aligned");
  }
  emulation::copy_later(to_shared, from, present);
}
DEVICE void copy_commit() { emulation::commit_copies(); }
template <int pending> DEVICE void copy_wait() { emulation::wait_copies(pending); }

namespace emulation {

// Lane i names row i of the matrices; of each matrix lane i receives elements 2 * (i % 4) and the next of row i / 4, or
// the two below each other when transposed.
template <int matrices, bool transposed> inline void load_matrices(uint32_t* r, const void* row) {
  if (uintptr_t(row) & 15) die("ldmatrix: the address of a row is not 16-byte aligned");
  const uint64_t address = uint64_t(row);
  const Exchange* exchange = meet(~0u, &address, sizeof address);
  const int lane = emulation::lane();
  for (int m = 0; m < matrices; m++) {
    uint16_t pair[2];
    for (int k = 0; k < 2; k++) {
      const int i = transposed ? (lane & 3) * 2 + k : lane / 4;
      const int j = transposed ? lane / 4 : (lane & 3) * 2 + k;
      pair[k] = ((const uint16_t*)read<uint64_t>(exchange, m * 8 + i))[j];
    }
    memcpy(&r[m], pair, 4);
  }
}

// c += a @ b over k values of `bits` bits; element(word, index) takes one out of a register.
template <int k, int bits, class C, class Element>
inline void multiply(C (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Element element) {
  uint32_t said[6];
  memcpy(said, a, 16);
  memcpy(said + 4, b, 8);
  const Exchange* exchange = meet(~0u, said, sizeof said);
  constexpr int per_word = 32 / bits;
  constexpr int half = k / 2;  // the columns of a's first two registers
  const int lane = emulation::lane();
  for (int e = 0; e < 4; e++) {
    const int row = lane / 4 + (e >> 1) * 8;
    const int column = (lane & 3) * 2 + (e & 1);
    C sum = c[e];
    for (int i = 0; i < k; i++) {
      const int within = i % half;
      const int holder = within / per_word;
      const uint32_t left = exchange->said[(row & 7) * 4 + holder][(row >> 3) + (i / half) * 2];
      const uint32_t right = exchange->said[column * 4 + holder][4 + i / half];
      sum += element(left, within % per_word) * element(right, within % per_word);
    }
    c[e] = sum;
  }
}

}  // namespace emulation

DEVICE void load_matrix_4(uint32_t (&r)[4], const void* row) { emulation::load_matrices<4, false>(r, row); }
DEVICE void load_matrix_4_transposed(uint32_t (&r)[4], const void* row) { emulation::load_matrices<4, true>(r, row); }
DEVICE void load_matrix_2(uint32_t (&r)[2], const void* row) { emulation::load_matrices<2, false>(r, row); }
DEVICE void load_matrix_2_transposed(uint32_t (&r)[2], const void* row) { emulation::load_matrices<2, true>(r, row); }

DEVICE void multiply_add(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Half) {
  emulation::multiply<16, 16>(c, a, b, [](uint32_t w, int i) { return to_float(Half{uint16_t(w >> 16 * i)}); });
}
DEVICE void multiply_add(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], Brain) {
  emulation::multiply<16, 16>(c, a, b, [](uint32_t w, int i) { return to_float(Brain{uint16_t(w >> 16 * i)}); });
}
DEVICE uint32_t to_tf32(float x) {
  const uint32_t bits = __float_as_uint(x);
  return (bits & 0x7F800000u) == 0x7F800000u ? bits : (bits + 0x1000u) & ~0x1FFFu;
}
DEVICE void multiply_add_tf32(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  emulation::multiply<8, 32>(c, a, b, [](uint32_t w, int) { return __uint_as_float(w & ~0x1FFFu); });
}
DEVICE void multiply_add_int8(int32_t (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  emulation::multiply<32, 8>(c, a, b, [](uint32_t w, int i) { return int32_t((signed char)(w >> 8 * i)); });
}
