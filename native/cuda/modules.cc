// The table that the build writes beside the images.
#include "modules.h"

#include <string.h>

extern "C" const layerwise::Image layerwise_images[] __attribute__((visibility("hidden")));

namespace layerwise {

const Image* find_image(const char* family) {
  for (const Image* image = layerwise_images; image->family; image++) {
    if (!strcmp(image->family, family)) return image;
  }
  return nullptr;
}

bool has_images() { return layerwise_images[0].family != nullptr; }

}  // namespace layerwise
