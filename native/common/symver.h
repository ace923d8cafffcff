// Asks the linker for the oldest versions of a few glibc symbols, so that the addon loads on glibc 2.28 although it was
// built on a newer system: 2.34 moved libdl and libpthread into libc, 2.29 gave exp, log and pow new versions without
// errno handling. Force-included into every file of the native side; x86-64 glibc only.
#pragma once
#include <features.h>
#if defined(__x86_64__) && defined(__GLIBC__)
#define LW_OLD_SYMBOL(name) __asm__(".symver " #name "," #name "@GLIBC_2.2.5")
LW_OLD_SYMBOL(dlopen);
LW_OLD_SYMBOL(dlsym);
LW_OLD_SYMBOL(dlerror);
LW_OLD_SYMBOL(pthread_create);
LW_OLD_SYMBOL(pthread_join);
LW_OLD_SYMBOL(exp);
LW_OLD_SYMBOL(exp2);
LW_OLD_SYMBOL(log);
LW_OLD_SYMBOL(log2);
LW_OLD_SYMBOL(pow);
LW_OLD_SYMBOL(lgamma);
LW_OLD_SYMBOL(hypot);
#undef LW_OLD_SYMBOL
#endif
