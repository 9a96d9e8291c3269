// What a generated module has before any function has a body: types, variables, functions and their signatures.
#pragma once

#include <memory>
#include <vector>

#include <llvm/ADT/APFloat.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/Module.h>

#include "Choices.h"

namespace kiln::fuzz {

/// Memory of a power of two of bytes, with kSlack more behind, which any access that begins in it stays in. Read and
/// written as whole bytes of any kind; aligned to 16.
struct RawPlace {
  llvm::Value* pointer = nullptr;
  unsigned bytes = 0;
};
inline constexpr unsigned kSlack = 32;
/// What a pointer that is an argument promises.
inline constexpr unsigned kRawArgumentBytes = 64;

/// Memory whose parts are read and written as what they are, so that types with bits to spare may be in it.
struct TypedPlace {
  llvm::Value* pointer = nullptr;
  llvm::Type* type = nullptr;
};

struct Parameter {
  enum class Kind { Value, Raw, ByValue, StructResult };
  Kind kind = Kind::Value;
  llvm::Type* type = nullptr; ///< of the value, or of what the pointer leads to
};

struct Callable {
  llvm::Function* function = nullptr;
  std::vector<Parameter> parameters;
  /// Unnamed arguments of a variadic function; it reads them all.
  std::vector<llvm::Type*> unnamed;
  /// Neither loops nor calls: may be called without fuel.
  bool leaf = false;
};

/// Functions of one signature, and the constant array of their addresses; its length is a power of two.
struct CallTable {
  llvm::GlobalVariable* table = nullptr;
  std::vector<unsigned> callables;
  unsigned length = 0;
};

class Plan {
public:
  Plan(llvm::LLVMContext& context, Choices& choices);

  llvm::LLVMContext& context;
  Choices& choices;
  std::unique_ptr<llvm::Module> module;

  std::vector<llvm::IntegerType*> integers; ///< of all widths that this module uses
  std::vector<llvm::FixedVectorType*> vectors;
  std::vector<llvm::StructType*> structs;

  std::vector<RawPlace> raws;
  std::vector<RawPlace> threadLocals; ///< the variables; a function asks for their address
  std::vector<TypedPlace> typed;
  std::vector<Callable> callables;
  std::vector<CallTable> tables;
  llvm::Function* entry = nullptr;
  llvm::GlobalVariable* fuel = nullptr;
  llvm::GlobalVariable* never = nullptr; ///< i32, 0 for good, which no compiler knows
  llvm::GlobalVariable* sink = nullptr;  ///< [16 x i64], where values go to be seen
  llvm::Function* throwing = nullptr;
  llvm::Function* hostMix = nullptr;
  llvm::Function* personality = nullptr;

  llvm::IntegerType* integer(unsigned width) { return llvm::IntegerType::get(context, width); }
  llvm::Type* scalar();
  llvm::IntegerType* someInteger();
  llvm::Type* floating() { return choices.flip() ? llvm::Type::getFloatTy(context) : llvm::Type::getDoubleTy(context); }
  /// Any type that a value of the program has.
  llvm::Type* any();
  /// A type of whole bytes without padding, as raw memory has it.
  llvm::Type* wholeBytes();

  llvm::APInt constantBits(unsigned width);
  llvm::Constant* constant(llvm::Type* type);

private:
  void makeTypes();
  void makeVariables();
  void makeFunctions();
  void makeTables();
  Callable makeCallable(unsigned number);
  Callable makeVariadic();
  void addParameter(Callable& callable);
  void attributes(llvm::Function& function, const Callable& callable);
  llvm::Type* fieldType(unsigned depth);
  llvm::GlobalVariable* variable(llvm::Type* type, llvm::Constant* value, const char* name);
  llvm::APFloat constantFloat(llvm::Type* type);

  /// What this module has more of than others.
  enum class Mood { Integers, Mixed, Floats, Vectors } mood_ = Mood::Mixed;
  unsigned odd_[2] = {};
};

} // namespace kiln::fuzz
