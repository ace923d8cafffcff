// Which matrices the GPU factorizes itself: a block has one in shared memory. Shared by launchers and device.
#pragma once

constexpr int kSmallMatrix = 48;  // rows and columns at most: 36 KiB of complex double precision
constexpr int kSmallThreads = 128;
