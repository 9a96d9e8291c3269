// From text to a tree: recursive descent, one function for each rule of the grammar.
//
//   function   = "fn" name "(" [name {"," name}] ")" block
//   block      = "{" {statement} "}"
//   statement  = name "=" expression ";" | "return" expression ";" | expression ";"
//              | "while" expression block | "if" expression block ["else" block]
//   expression = sum ["<" sum | "==" sum]
//   sum        = product {("+" | "-") product}
//   product    = atom {("*" | "/") atom}
//   atom       = number | name | name "(" [expression {"," expression}] ")" | "(" expression ")"
#include <cctype>

#include "Syntax.h"

namespace tutorial {
namespace {

// [words]
class Words {
public:
  Words(std::string_view text, int line) : text_(text), line_(line) { next(); }

  const std::string& word() const { return word_; }
  int line() const { return line_; }
  bool isName() const {
    return !word_.empty() && (std::isalpha(static_cast<unsigned char>(word_[0])) || word_[0] == '_');
  }
  bool isNumber() const { return !word_.empty() && std::isdigit(static_cast<unsigned char>(word_[0])); }

  std::string take() {
    std::string taken = word_;
    next();
    return taken;
  }
  bool takeIf(std::string_view wanted) {
    if (word_ != wanted)
      return false;
    next();
    return true;
  }
  void expect(std::string_view wanted) {
    if (!takeIf(wanted))
      throw SyntaxError(line_, "'" + std::string(wanted) + "' is missing before " +
                                   (word_.empty() ? "the end" : "'" + word_ + "'"));
  }
  std::string name() {
    if (!isName())
      throw SyntaxError(line_, "a name is missing");
    return take();
  }

private:
  void next();

  std::string_view text_;
  int line_;
  std::string word_;
};
// [/words]

void Words::next() {
  auto isPart = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_[0]))) {
    line_ += text_[0] == '\n';
    text_.remove_prefix(1);
  }
  std::size_t length = text_.empty() ? 0 : 1;
  if (text_.starts_with("=="))
    length = 2;
  else if (length && isPart(text_[0]))
    while (length < text_.size() && isPart(text_[length]))
      ++length;
  word_ = text_.substr(0, length);
  text_.remove_prefix(length);
}

Expression expression(Words& words);

Expression atom(Words& words) {
  Expression made;
  made.line = words.line();
  if (words.takeIf("(")) {
    made = expression(words);
    words.expect(")");
    return made;
  }
  if (words.isNumber()) {
    made.text = words.take();
    for (char digit : made.text)
      if (!std::isdigit(static_cast<unsigned char>(digit)) || made.text.size() > 18)
        throw SyntaxError(made.line, "'" + made.text + "' is no number");
    return made;
  }
  made.kind = Expression::Kind::Variable;
  made.text = words.name();
  if (!words.takeIf("("))
    return made;
  made.kind = Expression::Kind::Call;
  if (words.takeIf(")"))
    return made;
  do
    made.parts.push_back(expression(words));
  while (words.takeIf(","));
  words.expect(")");
  return made;
}

// [binary]
/// Operators of one rank; those of the next bind closer.
Expression binary(Words& words, std::initializer_list<std::string_view> operators, Expression (*next)(Words&)) {
  Expression left = next(words);
  for (bool found = true; found;) {
    found = false;
    for (std::string_view each : operators)
      if (const int line = words.line(); words.takeIf(each)) {
        Expression made{Expression::Kind::Binary, std::string(each), line, {}};
        made.parts.push_back(std::move(left));
        made.parts.push_back(next(words));
        left = std::move(made);
        found = true;
      }
  }
  return left;
}

Expression product(Words& words) {
  return binary(words, {"*", "/"}, atom);
}
Expression sum(Words& words) {
  return binary(words, {"+", "-"}, product);
}
Expression expression(Words& words) {
  return binary(words, {"<", "=="}, sum);
}
// [/binary]

std::vector<Statement> block(Words& words);

Statement statement(Words& words) {
  Statement made;
  if (words.takeIf("while") || words.word() == "if") {
    made.kind = words.takeIf("if") ? Statement::Kind::If : Statement::Kind::While;
    made.value = expression(words);
    made.then = block(words);
    if (made.kind == Statement::Kind::If && words.takeIf("else"))
      made.otherwise = block(words);
    return made;
  }
  if (words.takeIf("return"))
    made.kind = Statement::Kind::Return;
  made.value = expression(words);
  if (made.kind == Statement::Kind::Evaluate && made.value.kind == Expression::Kind::Variable && words.takeIf("=")) {
    made.kind = Statement::Kind::Assign;
    made.name = made.value.text;
    made.value = expression(words);
  }
  words.expect(";");
  return made;
}

std::vector<Statement> block(Words& words) {
  std::vector<Statement> made;
  words.expect("{");
  while (!words.takeIf("}"))
    made.push_back(statement(words));
  return made;
}

void expectEnd(const Words& words) {
  if (!words.word().empty())
    throw SyntaxError(words.line(), "'" + words.word() + "' is too much");
}

} // namespace

Function parseFunction(std::string_view text, int line) {
  Words words(text, line);
  Function made;
  words.expect("fn");
  made.name = words.name();
  words.expect("(");
  if (!words.takeIf(")")) {
    do
      made.parameters.push_back(words.name());
    while (words.takeIf(","));
    words.expect(")");
  }
  made.body = block(words);
  expectEnd(words);
  return made;
}

Expression parseExpression(std::string_view text, int line) {
  Words words(text, line);
  Expression made = expression(words);
  expectEnd(words);
  return made;
}

} // namespace tutorial
