// The language of the tutorial: what a program is, once it is read.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tutorial {

// [tree]
struct Expression {
  enum class Kind { Number, Variable, Binary, Call } kind = Kind::Number;
  std::string text; ///< the digits, the name, or the operator
  int line = 0;
  std::vector<Expression> parts; ///< operands or arguments
};

struct Statement {
  enum class Kind { Assign, If, While, Return, Evaluate } kind = Kind::Evaluate;
  std::string name; ///< that is assigned to
  Expression value; ///< assigned, returned, evaluated, or the condition
  std::vector<Statement> then, otherwise;
};

struct Function {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<Statement> body;
};
// [/tree]

// [error]
/// What is wrong with the text, and where.
struct SyntaxError : std::runtime_error {
  SyntaxError(int line, const std::string& what) : std::runtime_error("line " + std::to_string(line) + ": " + what) {}
};
// [/error]

/// One `fn NAME(PARAMETERS) { ... }`, or an expression. Both throw SyntaxError.
Function parseFunction(std::string_view text, int line = 1);
Expression parseExpression(std::string_view text, int line = 1);

/// LLVM IR of one function. `arities` tells for each function that may be called how many arguments it takes, itself
/// included; throws SyntaxError where that does not fit.
using Arity = int (*)(const std::string& name, void* context);
std::string emit(const Function& function, Arity arity, void* context);

} // namespace tutorial
