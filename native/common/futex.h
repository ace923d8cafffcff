// Sleeping and waking on a 32-bit word, and the clock that bounds spinning. Linux only.
#pragma once
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace layerwise {

// Sleeps while *word == expected, at most timeout_us (negative: without limit). May return for no reason.
inline void futex_wait(const std::atomic<int32_t>* word, int32_t expected, int64_t timeout_us = -1) {
  timespec limit = {timeout_us / 1000000, timeout_us % 1000000 * 1000};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_us < 0 ? nullptr : &limit, nullptr, 0);
}

inline void futex_wake(const std::atomic<int32_t>* word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

// Microseconds on CLOCK_MONOTONIC, the clock of process.hrtime.
inline double now_us() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec * 1e-3;
}

inline void cpu_relax() { __builtin_ia32_pause(); }

// A bounded spin: a thread that would sleep again within this time is not worth a wake-up, which costs 15-70 us.
constexpr double kSpinUs = 50;

// Spins until ready() or the time is up; says whether it became ready.
template <class F> inline bool spin_until(F ready, double limit_us = kSpinUs) {
  double end = 0;
  for (;;) {
    for (int i = 0; i < 32; i++) {
      if (ready()) return true;
      cpu_relax();
    }
    const double now = now_us();
    if (end == 0) end = now + limit_us;
    if (now >= end) return ready();
  }
}

}  // namespace layerwise
