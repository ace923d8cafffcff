// One statement per instruction; the functions are those of the interpreter, whose headers the build puts in as text.
#include "pointwise_source.h"

#include "../cpu/pointwise.h"

extern "C" __attribute__((visibility("hidden"))) const char layerwise_numbers_text[];
extern "C" __attribute__((visibility("hidden"))) const char layerwise_pointwise_math_text[];

namespace layerwise {
namespace {

constexpr const char* kOpcodeNames[] = {
#define LW_NAME(name, operands) #name,
    LW_POINTWISE_OPCODES(LW_NAME)
#undef LW_NAME
};

const char* type_name(int dtype) {
  switch (dtype) {
    case kUint8: return "uint8_t";
    case kInt8: return "int8_t";
    case kInt16: return "int16_t";
    case kInt32: return "int32_t";
    case kInt64: return "int64_t";
    case kFloat16: return "Half";
    case kFloat32: return "float";
    case kFloat64: return "double";
    case kBool: return "bool";
    default: return "Brain";
  }
}

// What gpu.h gives to files that nvcc compiles.
constexpr const char* kPrelude = R"(
#ifndef LAYERWISE_EMULATED_MODULE
#ifdef __CUDACC_RTC__
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#else
#include <stdint.h>
#endif
#define DEVICE __device__ __forceinline__
#define UNROLL _Pragma("unroll")
#define LW_HAS_SM80 (__CUDA_ARCH__ >= 800)
#ifndef __CUDACC__
#define __CUDACC__
#endif
#define LW_ENTRY_POINT extern "C" __global__ void __launch_bounds__(256)
#endif
)";

constexpr const char* kPack = R"(
template <class T, int V> struct alignas(sizeof(T) * V > 16 ? 16 : sizeof(T) * V) Pack {
  T at[V];
};
)";

struct Writer {
  const PointwiseProgram& program;
  const PointwiseLayout& layout;
  std::string text;

  std::string number(int value) { return std::to_string(value); }

  void parameters() {
    text += "LW_ENTRY_POINT pointwise(int64_t n";
    for (int d = 0; d < layout.ndim; d++) text += ", int64_t size" + number(d);
    for (int k = 0; k < layout.operands; k++) {
      const bool is_input = k < program.inputs;
      text += std::string(", ") + (is_input ? "const " : "") + type_name(layout.dtype[k]) + "* p" + number(k);
      for (int d = 0; d < layout.ndim; d++) text += ", int64_t s" + number(k) + "_" + number(d);
    }
    for (int k = 0; k < program.constants; k++) text += ", double constant" + number(k);
    text += ") {\n";
  }

  // The program for one element: `load(k)` and `store(k, value)` are texts of the element of an operand.
  template <class Load, class Store> void element(Load load, Store store) {
    constexpr const char* types[] = {"float", "double", "int64_t"};
    const std::string type = types[program.compute];
    const int first_temporary = program.inputs + program.constants;
    for (int k = 0; k < program.inputs; k++) {
      text += "const " + type + " v" + number(k) + " = convert<" + type + ">(" + load(k) + ");\n";
    }
    for (int k = 0; k < program.constants; k++) {
      text += "const " + type + " v" + number(program.inputs + k) + " = (" + type + ")constant" + number(k) + ";\n";
    }
    for (int k = 0; k < program.temporaries; k++) text += type + " v" + number(first_temporary + k) + ";\n";
    for (int i = 0; i < program.instructions; i++) {
      const PointwiseInstruction& in = program.code[i];
      const std::string name = kOpcodeNames[in.opcode];
      text += "v" + number(in.dst) + " = ";
      if (name == "iota") text += "(" + type + ")index;\n";
      else text += "op_" + name + "(v" + number(in.a) + ", v" + number(in.b) + ", v" + number(in.c) + ");\n";
    }
    for (int k = 0; k < program.outputs; k++) {
      const int operand = program.inputs + k;
      text += store(operand, "convert<" + std::string(type_name(layout.dtype[operand])) + ">(v" +
                                 number(program.output_value[k]) + ")");
    }
  }

  void packs() {
    const std::string pack = number(layout.pack);
    auto type = [&](int k) { return "Pack<" + std::string(type_name(layout.dtype[k])) + ", " + pack + ">"; };
    text += "const int64_t packs = n / " + pack + ";\n";
    text += "const int64_t thread = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;\n";
    text += "const int64_t threads = int64_t(gridDim.x) * blockDim.x;\n";
    text += "for (int64_t p = thread; p < packs; p += threads) {\n";
    for (int k = 0; k < layout.operands; k++) {
      const bool is_input = k < program.inputs;
      if (is_input && layout.is_single[k]) continue;
      text += is_input ? "const " + type(k) + " a" + number(k) + " = ((const " + type(k) + "*)p" + number(k) + ")[p];\n"
                       : type(k) + " a" + number(k) + ";\n";
    }
    text += "UNROLL for (int e = 0; e < " + pack + "; e++) {\n";
    text += "[[maybe_unused]] const int64_t index = p * " + pack + " + e;\n";
    element([&](int k) { return layout.is_single[k] ? "*p" + number(k) : "a" + number(k) + ".at[e]"; },
            [&](int k, const std::string& value) { return "a" + number(k) + ".at[e] = " + value + ";\n"; });
    text += "}\n";
    for (int k = program.inputs; k < layout.operands; k++) {
      text += "((" + type(k) + "*)p" + number(k) + ")[p] = a" + number(k) + ";\n";
    }
    text += "}\n";
    text += "for (int64_t index = packs * " + pack + " + thread; index < n; index += threads) {\n";
    element([&](int k) { return "p" + number(k) + (layout.is_single[k] ? "[0]" : "[index]"); },
            [&](int k, const std::string& value) { return "p" + number(k) + "[index] = " + value + ";\n"; });
    text += "}\n}\n";
  }

  // Loops from the slowest to the fastest; whole grids of elements fit into 32 bits almost always.
  void loops() {
    text += "const int64_t threads = int64_t(gridDim.x) * blockDim.x;\n";
    text += "for (int64_t index = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; index < n; index += threads) {\n";
    for (int d = 0; d < layout.ndim; d++) text += "int64_t i" + number(d) + ";\n";
    text += "if (n <= 0x7FFFFFFF) {\nuint32_t rest = uint32_t(index);\n";
    coordinates("uint32_t");
    text += "} else {\nint64_t rest = index;\n";
    coordinates("int64_t");
    text += "}\n";
    auto at = [&](int k) {
      std::string offset = "p" + number(k) + "[";
      for (int d = 0; d < layout.ndim; d++) {
        offset += std::string(d ? " + " : "") + "i" + number(d) + " * s" + number(k) + "_" + number(d);
      }
      return offset + "]";
    };
    element(at, [&](int k, const std::string& value) { return at(k) + " = " + value + ";\n"; });
    text += "}\n}\n";
  }

  void coordinates(const std::string& type) {
    for (int d = layout.ndim - 1; d > 0; d--) {
      const std::string size = type + "(size" + number(d) + ")";
      text += "{ const " + type + " above = rest / " + size + "; i" + number(d) + " = rest - above * " + size +
              "; rest = above; }\n";
    }
    text += "i0 = rest;\n";
  }
};

}  // namespace

uint64_t PointwiseLayout::key() const {
  uint64_t h = uint64_t(ndim) * 1000003u + uint64_t(pack);
  for (int k = 0; k < operands; k++) h = (h ^ (dtype[k] * 2u + is_single[k])) * 1099511628211u;
  return h;
}

std::string pointwise_source(const PointwiseProgram& program, const PointwiseLayout& layout) {
  Writer writer{program, layout, kPrelude};
  writer.text += layerwise_numbers_text;
  writer.text += layerwise_pointwise_math_text;
  writer.text += kPack;
  writer.parameters();
  if (layout.ndim == 0) writer.packs();
  else writer.loops();
  return writer.text;
}

}  // namespace layerwise
