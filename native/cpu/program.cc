// Parsing and checking pointwise programs; cpu/pointwise.h describes the format.
#include "program.h"

#include <memory>

#include "pointwise.h"

namespace layerwise {
namespace {

enum Opcode : int {
#define LW_OPCODE(name, operands) k_##name,
  LW_POINTWISE_OPCODES(LW_OPCODE)
#undef LW_OPCODE
      kOpcodes
};

constexpr int kOperands[] = {
#define LW_OPERANDS(name, operands) operands,
    LW_POINTWISE_OPCODES(LW_OPERANDS)
#undef LW_OPERANDS
};

// clang-format off
int cost_of(int opcode) {
  switch (opcode) {
    case k_div: case k_sqrt: case k_rsqrt: case k_reciprocal: case k_floor_divide: case k_remainder: case k_fmod:
      return 4;
    case k_exp: case k_exp2: case k_log: case k_log2: case k_log10: case k_sigmoid: case k_tanh: case k_erf:
    case k_sin: case k_cos:
      return 10;
    case k_pow: case k_atan2: case k_hypot: case k_expm1: case k_log1p: case k_tan: case k_asin: case k_acos:
    case k_atan: case k_sinh: case k_cosh: case k_asinh: case k_acosh: case k_atanh: case k_erfc:
      return 30;
    case k_lgamma: case k_digamma: case k_erfinv: case k_gcd: case k_lcm: case k_nextafter:
      return 100;
    default:
      return 1;
  }
}

// What cannot be said of integers.
bool is_defined_for_integers(int opcode) {
  switch (opcode) {
    case k_atan2: case k_hypot: case k_copysign: case k_nextafter: case k_sqrt: case k_rsqrt: case k_reciprocal:
    case k_exp: case k_exp2: case k_expm1: case k_log: case k_log2: case k_log10: case k_log1p: case k_sin:
    case k_cos: case k_tan: case k_asin: case k_acos: case k_atan: case k_sinh: case k_cosh: case k_tanh:
    case k_asinh: case k_acosh: case k_atanh: case k_sigmoid: case k_erf: case k_erfc: case k_erfinv: case k_lgamma:
    case k_digamma:
      return false;
    default:
      return true;
  }
}
// clang-format on

bool is_division(int opcode) {
  return opcode == k_div || opcode == k_floor_divide || opcode == k_remainder || opcode == k_fmod;
}

// Words of the program as small integers in [0, limit).
struct Words {
  const double* at;
  const double* end;
  bool ok = true;
  int next(int limit) {
    if (at == end || !(*at >= 0 && *at < limit) || *at != int(*at)) {
      ok = false;
      return 0;
    }
    return int(*at++);
  }
};

// Instructions that only copy an input or a constant are dropped: who reads the copy reads the original.
void drop_copies(PointwiseProgram& program, const int* writes) {
  const int first_temporary = program.inputs + program.constants;
  int16_t stands_for[PointwiseProgram::kMostValues];
  for (int v = 0; v < PointwiseProgram::kMostValues; v++) stands_for[v] = int16_t(v);
  int kept = 0;
  for (int i = 0; i < program.instructions; i++) {
    PointwiseInstruction in = program.code[i];
    in.a = stands_for[in.a];
    in.b = stands_for[in.b];
    in.c = stands_for[in.c];
    if (in.opcode == k_mov && in.a < first_temporary && writes[in.dst] == 1) {
      stands_for[in.dst] = in.a;
    } else {
      program.code[kept++] = in;
    }
  }
  program.instructions = kept;
  for (int k = 0; k < program.outputs; k++) program.output_value[k] = stands_for[program.output_value[k]];
}

// Gives temporaries whose lives do not overlap the same place, so that blocks can be longer.
void share_temporaries(PointwiseProgram& program) {
  using P = PointwiseProgram;
  const int first_temporary = program.inputs + program.constants;
  int first_write[P::kMostValues], last_use[P::kMostValues];
  for (int v = 0; v < P::kMostValues; v++) first_write[v] = last_use[v] = -1;
  for (int i = 0; i < program.instructions; i++) {
    const PointwiseInstruction& in = program.code[i];
    for (int v : {in.a, in.b, in.c, in.dst}) last_use[v] = i;
    if (first_write[in.dst] < 0) first_write[in.dst] = i;
  }
  // What an output stores keeps a place of its own: the kernel may let that place be the output's memory, where nothing
  // else may be written.
  bool is_output[P::kMostValues] = {};
  for (int k = 0; k < program.outputs; k++) is_output[program.output_value[k]] = true;
  int16_t place[P::kMostValues];
  for (int v = 0; v < P::kMostValues; v++) place[v] = int16_t(v);
  int free_from[P::kMostValues];  // the first instruction that may write to the place
  int places = 0;
  for (int i = 0; i < program.instructions; i++) {
    const int dst = program.code[i].dst;
    if (first_write[dst] != i) continue;
    int chosen = is_output[dst] ? places : 0;
    while (chosen < places && free_from[chosen] > i) chosen++;
    if (chosen == places) places++;
    // The instruction that reads a value last may write its result over it: it goes element by element.
    free_from[chosen] = is_output[dst] ? program.instructions : last_use[dst] > i ? last_use[dst] : i + 1;
    place[dst] = int16_t(first_temporary + chosen);
  }
  for (int i = 0; i < program.instructions; i++) {
    PointwiseInstruction& in = program.code[i];
    in = {in.opcode, place[in.dst], place[in.a], place[in.b], place[in.c]};
  }
  for (int k = 0; k < program.outputs; k++) program.output_value[k] = place[program.output_value[k]];
  program.temporaries = places;
}

// What the kernel asks about every launch: which instruction first writes an output's value, and which is the last to
// read an input.
void note_uses(PointwiseProgram& program) {
  const int first_temporary = program.inputs + program.constants;
  for (int16_t& r : program.last_read) r = -1;
  for (int i = 0; i < program.instructions; i++) {
    const PointwiseInstruction& in = program.code[i];
    for (int v : {in.a, in.b, in.c}) {
      if (v < program.inputs && kOperands[in.opcode]) program.last_read[v] = int16_t(i);
    }
  }
  for (int k = 0; k < program.outputs; k++) {
    const int value = program.output_value[k];
    if (value < program.inputs) program.last_read[value] = int16_t(program.instructions);
    int writer = -1;
    if (value >= first_temporary) {
      for (int i = program.instructions - 1; i >= 0; i--) {
        if (program.code[i].dst == value) writer = i;
      }
    }
    // Another output that stores the same value finds it where the first one keeps it.
    for (int before = 0; before < k; before++) {
      if (program.output_value[before] == value) writer = -1;
    }
    program.output_writer[k] = int16_t(writer);
  }
}

}  // namespace

PointwiseProgram* parse_program(const double* words, size_t count, const char** error) {
  using P = PointwiseProgram;
  auto program = std::make_unique<P>();
  Words in{words, words + count};
  program->compute = in.next(kComputes);
  program->inputs = in.next(P::kMostOperands + 1);
  program->constants = in.next(P::kMostValues + 1);
  program->temporaries = in.next(P::kMostValues + 1);
  program->instructions = in.next(P::kMostInstructions + 1);
  program->outputs = in.next(P::kMostOperands + 1);
  if (!in.ok) return *error = "[define] the head of the program is malformed or too large", nullptr;
  const int first_temporary = program->inputs + program->constants;
  const int values = first_temporary + program->temporaries;
  if (values > P::kMostValues) return *error = "[define] a program has at most 128 values", nullptr;
  if (program->inputs + program->outputs > P::kMostOperands) {
    return *error = "[define] a program has at most 32 inputs and outputs", nullptr;
  }
  if (!program->outputs) return *error = "[define] a program without outputs does nothing", nullptr;

  int writes[P::kMostValues] = {};
  program->uses_iota = false;
  program->divides_integers = false;
  program->cost = program->inputs + program->outputs;
  for (int i = 0; i < program->instructions; i++) {
    PointwiseInstruction& instruction = program->code[i];
    const int opcode = in.next(kOpcodes);
    const int dst = in.next(values);
    int operand[3] = {in.next(values), 0, 0};
    // Unused operands may hold anything that fits.
    operand[1] = in.next(P::kMostValues);
    operand[2] = in.next(P::kMostValues);
    if (!in.ok)
      return *error = "[define] an instruction is cut off, or names an opcode or a value that does not exist", nullptr;
    if (dst < first_temporary) return *error = "[define] an instruction writes to an input or a constant", nullptr;
    if (program->compute == kComputeInt64 && !is_defined_for_integers(opcode)) {
      return *error = "[define] an opcode of the program does not exist for int64", nullptr;
    }
    const int operands = kOperands[opcode];
    for (int k = 0; k < operands; k++) {
      if (operand[k] >= values || (operand[k] >= first_temporary && !writes[operand[k]])) {
        return *error = "[define] an instruction reads a value that was not computed before it", nullptr;
      }
    }
    // An unused operand reads what the first one reads, so that every operand has memory behind it.
    const int first = operands ? operand[0] : dst;
    instruction = {int16_t(opcode), int16_t(dst), int16_t(first), int16_t(operands > 1 ? operand[1] : first),
                   int16_t(operands > 2 ? operand[2] : first)};
    writes[dst]++;
    program->uses_iota |= opcode == k_iota;
    program->divides_integers |= program->compute == kComputeInt64 && is_division(opcode);
    program->cost += cost_of(opcode);
  }
  for (int k = 0; k < program->outputs; k++) {
    const int value = in.next(values);
    if (!in.ok) return *error = "[define] an output names a value that does not exist", nullptr;
    if (value >= first_temporary && !writes[value]) return *error = "[define] an output was never computed", nullptr;
    program->output_value[k] = int16_t(value);
  }
  if (in.at != in.end) return *error = "[define] the program has words after its outputs", nullptr;
  drop_copies(*program, writes);
  share_temporaries(*program);
  note_uses(*program);
  return program.release();
}

}  // namespace layerwise
