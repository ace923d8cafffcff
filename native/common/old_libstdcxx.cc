// GCC 11 and newer call a function of libstdc++ 3.4.29 where a container would grow beyond all bounds. Having one of
// our own keeps the addon loadable with libstdc++ 3.4.25, the oldest that VS Code supports.
#include <new>

namespace std {

[[noreturn]] __attribute__((visibility("hidden"))) void __throw_bad_array_new_length() { throw std::bad_alloc(); }

}  // namespace std
