#include "export/Prototypes.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/IntrinsicInst.h>

#include <algorithm>
#include <array>

namespace kiln {
namespace {

/// Deeper than any type that a header could use; bounds the walk over damaged or circular information.
constexpr int kDeepest = 16;

bool isIdentifier(llvm::StringRef name) {
  static constexpr std::array words = {
      "auto",      "break",    "case",     "char",     "const",    "continue", "default", "do",     "double",
      "else",      "enum",     "extern",   "float",    "for",      "goto",     "if",      "inline", "int",
      "long",      "register", "restrict", "return",   "short",    "signed",   "sizeof",  "static", "struct",
      "switch",    "typedef",  "union",    "unsigned", "void",     "volatile", "while",   "bool",   "_Bool",
      "class",     "delete",   "new",      "this",     "template", "typename", "private", "public", "protected",
      "namespace", "operator", "try",      "catch",    "throw",    "using",    "virtual"};
  if (name.empty() || llvm::isDigit(name.front()))
    return false;
  for (char each : name)
    if (!llvm::isAlnum(each) && each != '_')
      return false;
  return std::ranges::find(words, name) == words.end();
}

/// A type of IR as one of C, or nothing where C has none that is passed alike.
std::optional<std::string> ofIr(const llvm::Type* type, bool isUnsigned) {
  if (type->isVoidTy())
    return "void";
  if (type->isPointerTy())
    return "void *";
  if (type->isFloatTy())
    return "float";
  if (type->isDoubleTy())
    return "double";
  if (type->isX86_FP80Ty())
    return "long double";
  if (!type->isIntegerTy())
    return std::nullopt;
  const char* sign = isUnsigned ? "u" : "";
  switch (type->getIntegerBitWidth()) {
  case 1:
    return "bool";
  case 8:
    return std::string(sign) + "int8_t";
  case 16:
    return std::string(sign) + "int16_t";
  case 32:
    return std::string(sign) + "int32_t";
  case 64:
    return std::string(sign) + "int64_t";
  case 128:
    return isUnsigned ? "unsigned __int128" : "__int128";
  default:
    return std::nullopt;
  }
}

std::optional<std::string> ofBase(const llvm::DIBasicType& type) {
  const std::uint64_t bits = type.getSizeInBits();
  switch (type.getEncoding()) {
  case llvm::dwarf::DW_ATE_boolean:
    return bits == 8 ? std::optional<std::string>("bool") : std::nullopt;
  case llvm::dwarf::DW_ATE_float:
    return bits == 32    ? std::optional<std::string>("float")
           : bits == 64  ? "double"
           : bits == 128 ? "long double"
                         : std::optional<std::string>();
  case llvm::dwarf::DW_ATE_signed_char:
  case llvm::dwarf::DW_ATE_unsigned_char:
    // C's own names for characters are kept, for text is passed around as such.
    if (type.getName() == "char" || type.getName() == "signed char" || type.getName() == "unsigned char")
      return type.getName().str();
    [[fallthrough]];
  case llvm::dwarf::DW_ATE_signed:
  case llvm::dwarf::DW_ATE_unsigned: {
    static constexpr std::array names = {"int",      "unsigned int",     "short",     "unsigned short",
                                         "long",     "unsigned long",    "long long", "unsigned long long",
                                         "__int128", "unsigned __int128"};
    if (std::ranges::find(names, type.getName()) != names.end())
      return type.getName().str();
    const bool isUnsigned =
        type.getEncoding() == llvm::dwarf::DW_ATE_unsigned || type.getEncoding() == llvm::dwarf::DW_ATE_unsigned_char;
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
      return std::nullopt;
    return (isUnsigned ? "uint" : "int") + std::to_string(bits) + "_t";
  }
  default:
    return std::nullopt;
  }
}

std::optional<std::string> ofDebug(const llvm::DIType* type, std::set<std::string>& tags, int depth = 0);

/// What a pointer points to: names of structs are declared, all else that has no name in C is void.
std::string pointee(const llvm::DIType* type, std::set<std::string>& tags, int depth) {
  if (const auto* composite = llvm::dyn_cast_or_null<llvm::DICompositeType>(type)) {
    const char* kind = composite->getTag() == llvm::dwarf::DW_TAG_structure_type ? "struct "
                       : composite->getTag() == llvm::dwarf::DW_TAG_union_type   ? "union "
                                                                                 : nullptr;
    // A C++ class may have the name of another one in a different scope; C has one scope.
    if (kind && isIdentifier(composite->getName()) &&
        !llvm::isa_and_nonnull<llvm::DINamespace>(composite->getScope()) && composite->getIdentifier().empty()) {
      tags.insert(kind + composite->getName().str());
      return kind + composite->getName().str();
    }
    return "void";
  }
  return ofDebug(type, tags, depth + 1).value_or("void");
}

std::optional<std::string> ofDerived(const llvm::DIDerivedType& type, std::set<std::string>& tags, int depth) {
  switch (type.getTag()) {
  case llvm::dwarf::DW_TAG_pointer_type:
  case llvm::dwarf::DW_TAG_reference_type:
  case llvm::dwarf::DW_TAG_rvalue_reference_type: {
    std::string to = pointee(type.getBaseType(), tags, depth);
    return to + (to.ends_with('*') ? "*" : " *");
  }
  case llvm::dwarf::DW_TAG_const_type: {
    const llvm::DIType* base = type.getBaseType();
    if (!base)
      return "const void";
    // `const char` is written in front, `char *const` says nothing to a caller.
    std::string plain = llvm::isa<llvm::DICompositeType>(base) ? pointee(base, tags, depth)
                                                               : ofDebug(base, tags, depth + 1).value_or("void");
    return plain.ends_with('*') || plain.starts_with("const ") ? plain : "const " + plain;
  }
  case llvm::dwarf::DW_TAG_volatile_type:
  case llvm::dwarf::DW_TAG_restrict_type:
  case llvm::dwarf::DW_TAG_atomic_type: {
    const llvm::DIType* base = type.getBaseType();
    return llvm::isa_and_nonnull<llvm::DICompositeType>(base) ? std::optional(pointee(base, tags, depth))
                                                              : ofDebug(base, tags, depth + 1);
  }
  case llvm::dwarf::DW_TAG_typedef: {
    // Names that every C program has by <stdint.h> and <stddef.h>; others the reader of the header would not know.
    static constexpr std::array common = {"int8_t",   "int16_t",  "int32_t",  "int64_t",   "uint8_t", "uint16_t",
                                          "uint32_t", "uint64_t", "intptr_t", "uintptr_t", "size_t",  "ptrdiff_t"};
    if (std::ranges::find(common, type.getName()) != common.end())
      return type.getName().str();
    const llvm::DIType* base = type.getBaseType();
    return llvm::isa_and_nonnull<llvm::DICompositeType>(base) && depth > 0 ? std::optional(pointee(base, tags, depth))
                                                                           : ofDebug(base, tags, depth + 1);
  }
  default:
    return std::nullopt;
  }
}

std::optional<std::string> ofDebug(const llvm::DIType* type, std::set<std::string>& tags, int depth) {
  if (!type)
    return "void";
  if (depth > kDeepest)
    return std::nullopt;
  if (const auto* base = llvm::dyn_cast<llvm::DIBasicType>(type))
    return ofBase(*base);
  if (const auto* derived = llvm::dyn_cast<llvm::DIDerivedType>(type))
    return ofDerived(*derived, tags, depth);
  if (const auto* composite = llvm::dyn_cast<llvm::DICompositeType>(type);
      composite && composite->getTag() == llvm::dwarf::DW_TAG_enumeration_type)
    return composite->getBaseType() ? ofDebug(composite->getBaseType(), tags, depth + 1)
                                    : std::optional<std::string>("int");
  return std::nullopt;
}

/// Whether a type's name in C fits how the IR passes it: debug information can be stale, or of a language with other
/// rules.
bool fits(const std::string& name, const llvm::Type* type) {
  const bool pointer = name.ends_with('*'), real = name == "float" || name == "double" || name == "long double";
  if (type->isVoidTy())
    return name == "void";
  if (type->isPointerTy())
    return pointer;
  if (type->isFloatTy() || type->isDoubleTy() || type->isX86_FP80Ty())
    return name == (type->isFloatTy() ? "float" : type->isDoubleTy() ? "double" : "long double");
  return type->isIntegerTy() && !pointer && !real && name != "void";
}

/// Why C cannot declare the function as it is called; empty if it can.
std::string obstacle(const llvm::Function& function) {
  for (const llvm::Argument& argument : function.args())
    if (argument.hasByValAttr() || argument.hasStructRetAttr() || argument.hasInAllocaAttr())
      return "passes a struct by value";
  if (!ofIr(function.getReturnType(), false))
    return "returns a struct or vector";
  for (const llvm::Argument& argument : function.args())
    if (!ofIr(argument.getType(), false))
      return "takes a struct or vector";
  return {};
}

std::string declared(const std::string& type, const std::string& name) {
  return type.ends_with('*') || name.empty() ? type + name : type + " " + name;
}

/// Optimised functions list their parameters; those of -O0 have them where they are stored.
void nameParameters(const llvm::Function& function, const llvm::DISubprogram& program,
                    std::vector<std::string>& names) {
  auto note = [&](const llvm::DILocalVariable* variable) {
    if (!variable || variable->getScope() != &program)
      return;
    if (unsigned at = variable->getArg(); at > 0 && at <= names.size() && isIdentifier(variable->getName()))
      names[at - 1] = variable->getName().str();
  };
  for (const llvm::DINode* node : program.getRetainedNodes())
    note(llvm::dyn_cast<llvm::DILocalVariable>(node));
  for (const llvm::Instruction& instruction : function.getEntryBlock()) {
    for (const llvm::DbgVariableRecord& record : llvm::filterDbgVars(instruction.getDbgRecordRange()))
      note(record.getVariable());
    if (const auto* intrinsic = llvm::dyn_cast<llvm::DbgVariableIntrinsic>(&instruction))
      note(intrinsic->getVariable());
  }
}

} // namespace

void Prototypes::collect(const llvm::Module& module) {
  for (const llvm::Function& function : module) {
    const llvm::DISubprogram* program = function.getSubprogram();
    if (!program || function.isDeclaration() || !program->getType())
      continue;
    llvm::DITypeRefArray types = program->getType()->getTypeArray();
    if (types.size() == 0)
      continue;
    // A variadic list ends in a null type. Structs that the IR passes in parts make the numbers differ.
    const unsigned count = function.isVarArg() ? types.size() - 1 : types.size();
    if (count != function.arg_size() + 1)
      continue;
    Known known;
    auto take = [&](unsigned index) { return ofDebug(types[index], known.tags); };
    auto result = take(0);
    bool complete = result && fits(*result, function.getReturnType());
    known.result = result.value_or("");
    for (unsigned i = 1; complete && i < count; ++i) {
      auto type = take(i);
      complete = type && fits(*type, function.getArg(i - 1)->getType());
      known.parameters.push_back(type.value_or(""));
      known.names.emplace_back();
    }
    if (!complete)
      continue;
    nameParameters(function, *program, known.names);
    functions_[function.getName().str()] = std::move(known);
  }
}

std::optional<Prototypes::Known> Prototypes::describe(const llvm::Function& function) const {
  // Optimised code may take other parameters than the source has; then the debug information is not used.
  auto at = functions_.find(function.getName().str());
  if (at != functions_.end() && at->second.parameters.size() == function.arg_size())
    return at->second;
  Known known;
  auto result = ofIr(function.getReturnType(), function.hasRetAttribute(llvm::Attribute::ZExt));
  if (!result)
    return std::nullopt;
  known.result = *result;
  for (const llvm::Argument& argument : function.args()) {
    auto type = ofIr(argument.getType(), argument.hasZExtAttr());
    if (!type)
      return std::nullopt;
    known.parameters.push_back(*type);
    known.names.push_back(isIdentifier(argument.getName()) ? argument.getName().str() : "");
  }
  return known;
}

std::string Prototypes::header(const std::string& fileName,
                               const std::vector<const llvm::GlobalValue*>& globals) const {
  std::set<std::string> tags;
  std::string lines;
  for (const llvm::GlobalValue* global : globals) {
    const std::string name = global->getName().str();
    if (name == "main")
      continue; // a program that includes this has its own
    const auto* function = llvm::dyn_cast<llvm::Function>(global->getAliaseeObject());
    if (!isIdentifier(name)) {
      lines += "/* " + name + ": is no name in C */\n";
    } else if (!function) {
      const bool isConstant =
          llvm::isa<llvm::GlobalVariable>(global) && llvm::cast<llvm::GlobalVariable>(global)->isConstant();
      auto type = ofIr(global->getValueType(), false);
      // Of anything else only the address is known.
      lines += std::string("extern ") + (isConstant ? "const " : "") +
               (type ? declared(*type, name) : "char " + name + "[]") + ";\n";
    } else if (std::string why = obstacle(*function); !why.empty()) {
      lines += "/* " + name + ": " + why + " */\n";
    } else if (auto known = describe(*function)) {
      tags.insert(known->tags.begin(), known->tags.end());
      std::string parameters;
      for (std::size_t i = 0; i < known->parameters.size(); ++i)
        parameters += (i ? ", " : "") + declared(known->parameters[i], known->names[i]);
      if (function->isVarArg() && !parameters.empty())
        parameters += ", ...";
      else if (parameters.empty())
        parameters = function->isVarArg() ? "" : "void";
      lines += declared(known->result, name) + "(" + parameters + ");\n";
    }
  }
  std::string guard = "KILN_";
  for (char each : fileName.substr(fileName.rfind('/') + 1))
    guard += llvm::isAlnum(each) ? llvm::toUpper(each) : '_';
  std::string declarations;
  for (const std::string& tag : tags)
    declarations += tag + ";\n";
  return "/* Made by `kiln export`. */\n#ifndef " + guard + "\n#define " + guard +
         "\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" "
         "{\n#endif\n\n" +
         declarations + (declarations.empty() ? "" : "\n") + lines + "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
}

} // namespace kiln
