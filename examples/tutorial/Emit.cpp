// From a tree to LLVM IR, as text: no LLVM library is needed for that.
//
// Every value is an i64. Every variable is an alloca at the start of the function: Kiln makes values of them. Names
// that begin with a dot are the emitter's own, for the language has none such.
#include <set>

#include "Syntax.h"

namespace tutorial {
namespace {

class Emitter {
public:
  Emitter(const Function& function, Arity arity, void* context)
      : function_(function), arity_(arity), context_(context) {}
  std::string run();

private:
  std::string fresh() { return "%." + std::to_string(++count_); }
  std::string label() { return ".l" + std::to_string(++count_); }
  void line(const std::string& text) { body_ += "  " + text + "\n"; }
  void start(const std::string& label) { body_ += label + ":\n"; }
  void jump(const std::string& to) { line("br label %" + to); }

  std::string value(const Expression& expression);
  std::string binary(const Expression& expression);
  std::string call(const Expression& expression);
  void checkDivisor(const std::string& divisor);
  std::string condition(const Expression& expression);
  void statement(const Statement& statement);
  void block(const std::vector<Statement>& statements);

  const Function& function_;
  const Arity arity_;
  void* const context_;
  unsigned count_ = 0;
  std::string body_;
  std::set<std::string> variables_, called_;
};

// [function]
std::string Emitter::run() {
  std::string parameters, stores;
  for (const std::string& name : function_.parameters) {
    parameters += (parameters.empty() ? "i64 %" : ", i64 %") + name + ".in";
    stores += "  store i64 %" + name + ".in, ptr %" + name + "\n";
    variables_.insert(name);
  }
  block(function_.body);
  line("ret i64 0"); // where the body does not return
  std::string text = "define i64 @" + function_.name + "(" + parameters + ") {\n";
  for (const std::string& name : variables_)
    text += "  %" + name + " = alloca i64\n  store i64 0, ptr %" + name + "\n";
  text += stores + body_ + "}\n";
  for (const std::string& name : called_)
    if (name != function_.name) {
      text += "declare i64 @" + name + "(";
      for (int i = 0; i < arity_(name, context_); ++i)
        text += i == 0 ? "i64" : ", i64";
      text += ")\n";
    }
  return text + "declare void @divided_by_zero()\n";
}
// [/function]

std::string Emitter::value(const Expression& expression) {
  switch (expression.kind) {
  case Expression::Kind::Number:
    return expression.text;
  case Expression::Kind::Binary:
    return binary(expression);
  case Expression::Kind::Call:
    return call(expression);
  case Expression::Kind::Variable:
    break;
  }
  if (!variables_.contains(expression.text))
    throw SyntaxError(expression.line, "there is no variable '" + expression.text + "'");
  std::string out = fresh();
  line(out + " = load i64, ptr %" + expression.text);
  return out;
}

std::string Emitter::binary(const Expression& expression) {
  const std::string a = value(expression.parts[0]), b = value(expression.parts[1]);
  const char op = expression.text[0];
  const std::string out = fresh();
  if (op == '<' || op == '=') {
    line(out + "c = icmp " + (op == '<' ? "slt" : "eq") + " i64 " + a + ", " + b);
    line(out + " = zext i1 " + out + "c to i64");
    return out;
  }
  if (op == '/')
    checkDivisor(b);
  line(out + " = " + (op == '+' ? "add" : op == '-' ? "sub" : op == '*' ? "mul" : "sdiv") + " i64 " + a + ", " + b);
  return out;
}

// [divisor]
/// IR's division by zero is undefined; the language's is an error that the host throws.
void Emitter::checkDivisor(const std::string& divisor) {
  const std::string zero = fresh(), bad = label(), good = label();
  line(zero + " = icmp eq i64 " + divisor + ", 0");
  line("br i1 " + zero + ", label %" + bad + ", label %" + good);
  start(bad);
  line("call void @divided_by_zero()");
  line("unreachable");
  start(good);
}
// [/divisor]

// [call]
std::string Emitter::call(const Expression& expression) {
  const int wanted = expression.text == function_.name ? static_cast<int>(function_.parameters.size())
                                                       : arity_(expression.text, context_);
  if (wanted < 0)
    throw SyntaxError(expression.line, "there is no function '" + expression.text + "'");
  if (static_cast<std::size_t>(wanted) != expression.parts.size())
    throw SyntaxError(expression.line, "'" + expression.text + "' takes " + std::to_string(wanted) + " arguments");
  std::string arguments;
  for (const Expression& part : expression.parts)
    arguments += (arguments.empty() ? "i64 " : ", i64 ") + value(part);
  called_.insert(expression.text);
  const std::string out = fresh();
  line(out + " = call i64 @" + expression.text + "(" + arguments + ")");
  return out;
}
// [/call]

std::string Emitter::condition(const Expression& expression) {
  const std::string number = value(expression), out = fresh();
  line(out + " = icmp ne i64 " + number + ", 0");
  return out;
}

void Emitter::statement(const Statement& statement) {
  switch (statement.kind) {
  case Statement::Kind::Evaluate:
    value(statement.value);
    return;
  case Statement::Kind::Assign: {
    const std::string assigned = value(statement.value);
    variables_.insert(statement.name);
    return line("store i64 " + assigned + ", ptr %" + statement.name);
  }
  case Statement::Kind::Return:
    line("ret i64 " + value(statement.value));
    return start(label()); // for what stands behind, and is never reached
  // [while]
  case Statement::Kind::While: {
    const std::string head = label(), body = label(), end = label();
    jump(head);
    start(head);
    line("br i1 " + condition(statement.value) + ", label %" + body + ", label %" + end);
    start(body);
    block(statement.then);
    jump(head);
    return start(end);
  }
  // [/while]
  case Statement::Kind::If: {
    const std::string yes = label(), no = label(), end = label();
    line("br i1 " + condition(statement.value) + ", label %" + yes + ", label %" + no);
    start(yes);
    block(statement.then);
    jump(end);
    start(no);
    block(statement.otherwise);
    jump(end);
    return start(end);
  }
  }
}

void Emitter::block(const std::vector<Statement>& statements) {
  for (const Statement& each : statements)
    statement(each);
}

} // namespace

std::string emit(const Function& function, Arity arity, void* context) {
  return Emitter(function, arity, context).run();
}

} // namespace tutorial
