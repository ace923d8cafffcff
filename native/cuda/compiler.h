// Compiling device source while the program runs, by NVRTC where it is found. Knows text and images, no launches.
#pragma once
#include <string>

namespace layerwise {

// False where NVRTC is missing; library(kNvrtc).reason says why.
bool can_compile();

// Device source to an image that the driver loads; on failure false, and the compiler's words in `log`. Thread-safe.
bool compile_source(const std::string& source, int major, int minor, std::string* image, std::string* log);

// Where images are kept from run to run; empty: nowhere.
void set_compiler_cache(const std::string& folder);

}  // namespace layerwise
