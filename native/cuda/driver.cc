// Opening the driver: what is missing becomes one sentence, never a failure to load.
#include "driver.h"

#include <dlfcn.h>
#include <stdlib.h>

namespace layerwise {
namespace {

void* open_library(Driver& driver) {
  const char* asked = getenv("LAYERWISE_CUDA_DRIVER");
  // Windows' own driver serves Linux under WSL and is not on the loader's path.
  const char* usual[] = {"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"};
  std::string why;
  for (int i = 0; i < 2; i++) {
    const char* name = asked && *asked ? asked : usual[i];
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
      driver.path = name;
      return library;
    }
    const char* text = dlerror();
    if (why.empty() && text) why = text;
    if (asked && *asked) break;
  }
  driver.reason = "no NVIDIA driver: " + why;
  return nullptr;
}

bool find_functions(Driver& driver, void* library) {
#define LW_FIND(member, symbol, arguments) \
  driver.member = (CuResult(*) arguments)dlsym(library, #symbol); \
  if (!driver.member) { \
    driver.reason = "the NVIDIA driver is too old: it has no " #symbol; \
    return false; \
  }
#define LW_FIND_OPTIONAL(member, symbol, arguments) driver.member = (CuResult(*) arguments)dlsym(library, #symbol);
  LW_CUDA_FUNCTIONS(LW_FIND)
  LW_CUDA_OPTIONAL(LW_FIND_OPTIONAL)
#undef LW_FIND
#undef LW_FIND_OPTIONAL
  return true;
}

Driver load() {
  Driver driver;
  void* library = open_library(driver);
  if (!library || !find_functions(driver, library)) return driver;
  driver.is_emulated = dlsym(library, "layerwise_emulated_driver") != nullptr;
  driver.driver_version(&driver.version);
  if (const CuResult result = driver.init(0)) {
    driver.reason = "the NVIDIA driver does not start: " + driver.explain(result);
    return driver;
  }
  if (driver.device_count(&driver.devices) || driver.devices == 0) {
    driver.reason = "the NVIDIA driver is there, but it sees no GPU";
    return driver;
  }
  driver.available = true;
  return driver;
}

}  // namespace

std::string Driver::explain(CuResult result) const {
  const char* name = nullptr;
  const char* text = nullptr;
  if (error_name) error_name(result, &name);
  if (error_text) error_text(result, &text);
  return std::string(name ? name : "an unknown error") + (text ? std::string(": ") + text : "");
}

const Driver& driver() {
  static const Driver loaded = load();
  return loaded;
}

}  // namespace layerwise
