// The names of the floating-point ops, for dumps.
#include <array>

#include "interp/ops/Names.h"

namespace kiln::interp {
namespace {

constexpr std::array<std::string_view, kFloatTypeCount> kTypes = {"f16", "bf16", "f32", "f64", "f80", "f128"};
constexpr std::array<std::string_view, static_cast<unsigned>(FloatOp::Count)> kBinaries = {
    "fadd", "fsub", "fmul", "fdiv", "frem", "minnum", "maxnum", "minimum", "maximum", "copysign", "pow", "atan2"};
constexpr std::array<std::string_view, static_cast<unsigned>(FloatUnary::Count)> kUnaries = {
    "fneg",      "fabs", "sqrt", "floor", "ceil", "trunc", "rint",  "nearbyint",   "round",
    "roundeven", "sin",  "cos",  "tan",   "exp",  "exp2",  "exp10", "log",         "log2",
    "log10",     "asin", "acos", "atan",  "sinh", "cosh",  "tanh",  "canonicalize"};
constexpr std::array<std::string_view, 16> kPredicates = {"false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord",
                                                          "uno",   "ueq", "ugt", "uge", "ult", "ule", "une", "true"};
struct MiscName {
  std::string_view name, layout;
};
constexpr std::array<MiscName, static_cast<unsigned>(FloatMisc::Count)> kMiscs = {{{"powi", "d,a,b"},
                                                                                   {"ldexp", "d,a,b"},
                                                                                   {"is_fpclass", "d,a,k"},
                                                                                   {"frexp", "d,a"},
                                                                                   {"lrint", "d,a"},
                                                                                   {"lround", "d,a"},
                                                                                   {"modf", "d,a"}}};

void listArithmetic(const OpVisitor& visit, FloatType type, std::string_view typeName) {
  for (unsigned op = 0; op < kBinaries.size(); ++op)
    for (unsigned form = 0; form < kFormCount; ++form)
      if (Handler handler = floatBinary(static_cast<FloatOp>(op), type, static_cast<Form>(form)))
        visit(handler, dotted({kBinaries[op], typeName}) + std::string(kFormSuffixes[form]), kFormLayouts[form]);
  for (unsigned op = 0; op < kUnaries.size(); ++op)
    visit(floatUnary(static_cast<FloatUnary>(op), type), dotted({kUnaries[op], typeName}), "d,a");
  for (unsigned predicate = 0; predicate < kPredicates.size(); ++predicate)
    visit(floatCompare(predicate, type), dotted({"fcmp", kPredicates[predicate], typeName}), "d,a,b");
  for (unsigned op = 0; op < kMiscs.size(); ++op)
    visit(floatMisc(static_cast<FloatMisc>(op), type), dotted({kMiscs[op].name, typeName}), kMiscs[op].layout);
  visit(floatMultiplyAdd(type, true), dotted({"fma", typeName}), "d,a,b,c");
  visit(floatMultiplyAdd(type, false), dotted({"fmuladd", typeName}), "d,a,b,c");
  if (Handler handler = floatMultiplySubtract(type, false))
    visit(handler, dotted({"fsubmul", typeName}), "d,a,b,c");
  if (Handler handler = floatMultiplySubtract(type, true))
    visit(handler, dotted({"fmulsub", typeName}), "d,a,b,c");
}

void listConversions(const OpVisitor& visit, FloatType type, std::string_view typeName) {
  for (unsigned to = 0; to < kTypes.size(); ++to)
    visit(floatConvert(type, static_cast<FloatType>(to)), dotted({"fpconvert", typeName, kTypes[to]}), "d,a");
  for (Width width = 0; width < kWidthCount; ++width) {
    visit(intToFloat(true, width, type), dotted({"sitofp", kWidthNames[width], typeName}), "d,a");
    visit(intToFloat(false, width, type), dotted({"uitofp", kWidthNames[width], typeName}), "d,a");
    for (bool saturate : {false, true}) {
      std::string_view suffix = saturate ? ".sat" : "";
      visit(floatToInt(true, saturate, width, type),
            dotted({"fptosi", typeName, kWidthNames[width]}) + std::string(suffix), "d,a");
      visit(floatToInt(false, saturate, width, type),
            dotted({"fptoui", typeName, kWidthNames[width]}) + std::string(suffix), "d,a");
    }
  }
}

} // namespace

void listFloatOps(const OpVisitor& visit) {
  for (unsigned type = 0; type < kFloatTypeCount; ++type) {
    listArithmetic(visit, static_cast<FloatType>(type), kTypes[type]);
    listConversions(visit, static_cast<FloatType>(type), kTypes[type]);
  }
}

} // namespace kiln::interp
