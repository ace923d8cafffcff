// What door.cc exports from door_found.cc.
#pragma once
#include <node_api.h>

namespace layerwise {

napi_value libraries(napi_env env, napi_callback_info raw);
napi_value library_folders(napi_env env, napi_callback_info raw);
napi_value readings(napi_env env, napi_callback_info raw);
napi_value meter(napi_env env, napi_callback_info raw);
napi_value about_readings(napi_env env, napi_callback_info raw);

}  // namespace layerwise
