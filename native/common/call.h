// One call from JavaScript: its arguments with conversions that throw once and then answer with zeros, and its results.
// Included by the doors only.
#pragma once
#include <node_api.h>
#include <stdint.h>
#include <string.h>

#include <string>
#include <vector>

namespace layerwise {

// `Instance` is the state of one environment; `Data` what the called function was made with, or void.
template <class Instance, class Data = void> class Call {
 public:
  // `label` begins the text of errors: "cpu", "cuda".
  Call(napi_env env, napi_callback_info info, const char* label) : env(env), label_(label) {
    size_t count = kMost;
    void* made_with = nullptr;
    napi_get_cb_info(env, info, &count, arguments_, nullptr, &made_with);
    count_ = count;
    data = (Data*)made_with;
    void* state = nullptr;
    napi_get_instance_data(env, &state);
    instance = (Instance*)state;
  }

  const napi_env env;
  Instance* instance;
  Data* data;

  double number(size_t index) {
    double value = 0;
    if (index >= count_ || napi_get_value_double(env, arguments_[index], &value) != napi_ok) {
      fail("an argument is not a number");
    }
    return value;
  }
  int64_t integer(size_t index) { return (int64_t)number(index); }
  void* pointer(size_t index) { return (void*)integer(index); }
  std::string text(size_t index) {
    size_t length = 0;
    if (index >= count_ || napi_get_value_string_utf8(env, arguments_[index], nullptr, 0, &length) != napi_ok) {
      fail("an argument is not a string");
      return "";
    }
    std::string value(length, 0);
    napi_get_value_string_utf8(env, arguments_[index], value.data(), length + 1, &length);
    return value;
  }

  // The memory of a typed array of the given type.
  template <class T> T* array(size_t index, napi_typedarray_type type, size_t* length) {
    napi_typedarray_type actual;
    void* memory = nullptr;
    *length = 0;
    if (index >= count_ ||
        napi_get_typedarray_info(env, arguments_[index], &actual, length, &memory, nullptr, nullptr) != napi_ok ||
        actual != type) {
      *length = 0;
      fail(type == napi_uint8_array ? "an argument is not a Uint8Array" : "an argument is not a Float64Array");
      return nullptr;
    }
    return (T*)memory;
  }

  // Null when it was not given.
  napi_value raw(size_t index) { return index < count_ ? arguments_[index] : nullptr; }

  napi_value fail(const char* text) {
    if (failed_) return nullptr;
    failed_ = true;
    const std::string message = std::string("[") + label_ + "] " + text;
    napi_throw_error(env, "ERR_LAYERWISE", message.c_str());
    return nullptr;
  }
  bool failed() const { return failed_; }

  napi_value of(double value) {
    napi_value result;
    napi_create_double(env, value, &result);
    return result;
  }
  napi_value of(bool value) {
    napi_value result;
    napi_get_boolean(env, value, &result);
    return result;
  }
  napi_value of(const char* text) {
    napi_value result;
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
    return result;
  }
  napi_value of(const std::string& text) { return of(text.c_str()); }
  napi_value of(const std::vector<const char*>& names) {
    napi_value list;
    napi_create_array_with_length(env, names.size(), &list);
    for (uint32_t i = 0; i < names.size(); i++) napi_set_element(env, list, i, of(names[i]));
    return list;
  }
  napi_value object() {
    napi_value result;
    napi_create_object(env, &result);
    return result;
  }
  template <class T> void set(napi_value object, const char* name, T value) {
    napi_set_named_property(env, object, name, of(value));
  }
  void set(napi_value object, const char* name, napi_value value) { napi_set_named_property(env, object, name, value); }

  // new Type(...arguments) with a constructor of the global object; null with a pending exception on failure.
  napi_value construct(const char* type, size_t count, const napi_value* arguments) {
    napi_value global, constructor, result = nullptr;
    napi_get_global(env, &global);
    napi_get_named_property(env, global, type, &constructor);
    napi_new_instance(env, constructor, count, arguments, &result);
    return result;
  }

 private:
  static constexpr size_t kMost = 6;
  const char* label_;
  napi_value arguments_[kMost];
  size_t count_ = 0;
  bool failed_ = false;
};

}  // namespace layerwise
