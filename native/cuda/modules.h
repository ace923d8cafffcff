// The device code that travels inside the addon: one image per family of kernels, put there by the build.
#pragma once

namespace layerwise {

struct Image {
  const char* family;
  // For today's drivers: machine code for several GPUs and PTX, compressed. Null when built without nvcc.
  const void* fatbin;
  // PTX that says it is of an older version, for drivers that refuse the above; text ending in 0. May be null.
  const char* ptx;
};

// Null when the family has no device code.
const Image* find_image(const char* family);
// Was this built with nvcc?
bool has_images();

}  // namespace layerwise
