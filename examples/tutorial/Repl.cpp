// The language's prompt: functions are added and redefined while others run.
//
//   fn NAME(...) { ... }      defines or redefines a function
//   EXPRESSION                is evaluated
//   :start EXPRESSION         the same in a thread
//   :join                     waits for the threads, and shows what they printed
//   :tier NAME                whose code calls of the function go to
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include "Syntax.h"
#include "kiln/Engine.h"

using namespace tutorial;

namespace {

// [host]
/// Where print() of this thread writes.
thread_local std::ostream* output = &std::cout;

long print(long value) {
  *output << value << '\n';
  return value;
}
long pass() {
  std::this_thread::yield();
  return 0;
}
/// Exceptions pass through the program's frames to who called it.
[[noreturn]] void dividedByZero() {
  throw std::runtime_error("division by zero");
}
// [/host]

class Repl {
public:
  bool open();
  void line(const std::string& text);
  void join();

private:
  void define(const std::string& text);
  void evaluate(const std::string& text, bool inThread);
  void tier(const std::string& name);
  static int arity(const std::string& name, void* self);
  kiln::Result<kiln::Program::Replacement> put(const std::string& name, const std::string& ir);

  std::map<std::string, int> arities_ = {{"print", 1}, {"pass", 0}};
  std::unique_ptr<kiln::Engine> engine_;
  std::unique_ptr<kiln::Program> program_;
  struct Task {
    std::thread thread;
    std::ostringstream printed;
  };
  std::vector<std::unique_ptr<Task>> tasks_;
  int expressions_ = 0;
};

// [open]
/// A program with nothing of the language in it yet, to which all else is added.
bool Repl::open() {
  kiln::Options options;
  options.ladder = *kiln::Ladder::parse("interpreter,baseline@10,O2@1000");
  options.compileThreads = 0; // so that a session has one result; leave it out to compile in the background
  auto engine = kiln::Engine::create(std::move(options));
  if (!engine)
    return false;
  engine_ = std::move(*engine);
  kiln::ProgramInput input =
      kiln::ProgramInput::memory("start", std::string_view("define void @.start() {\n  ret void\n}\n"));
  input.host("print", print).host("pass", pass).host("divided_by_zero", dividedByZero);
  input.replaceable = true;
  auto program = engine_->load(input);
  if (!program) {
    std::cout << program.error().message << '\n';
    return false;
  }
  program_ = std::move(*program);
  return true;
}
// [/open]

int Repl::arity(const std::string& name, void* self) {
  auto& arities = static_cast<Repl*>(self)->arities_;
  auto at = arities.find(name);
  return at == arities.end() ? -1 : at->second;
}

kiln::Result<kiln::Program::Replacement> Repl::put(const std::string& name, const std::string& ir) {
  return program_->replace(kiln::ProgramInput::memory(name, ir));
}

// [define]
void Repl::define(const std::string& text) {
  const Function function = parseFunction(text);
  auto done = put(function.name, emit(function, arity, this));
  if (!done) { // another number of arguments, for example: what calls it was compiled for the old one
    std::cout << kiln::errorCodeName(done.error().code) << ": " << done.error().message << '\n';
    return;
  }
  arities_[function.name] = static_cast<int>(function.parameters.size());
  std::cout << (done->replaced.empty() ? done->added.empty() ? "unchanged " : "defined " : "redefined ")
            << function.name << '\n';
}
// [/define]

// [evaluate]
void Repl::evaluate(const std::string& text, bool inThread) {
  Function function;
  function.name = ".expression" + std::to_string(++expressions_);
  function.body.push_back({Statement::Kind::Return, "", parseExpression(text), {}, {}});
  if (auto done = put(function.name, emit(function, arity, this)); !done) {
    std::cout << done.error().message << '\n';
    return;
  }
  auto run = [call = *program_->function<long()>(function.name)] {
    try {
      const long value = call();
      *output << "= " << value << '\n';
    } catch (const std::exception& error) {
      *output << "error: " << error.what() << '\n';
    }
  };
  if (!inThread)
    return run();
  auto task = std::make_unique<Task>();
  task->thread = std::thread([run, &printed = task->printed] {
    output = &printed;
    run();
  });
  tasks_.push_back(std::move(task));
}
// [/evaluate]

void Repl::join() {
  for (auto& task : tasks_) {
    task->thread.join();
    std::cout << task->printed.str();
  }
  tasks_.clear();
}

void Repl::tier(const std::string& name) {
  auto tier = program_->tierOf(name);
  if (!tier)
    std::cout << tier.error().message << '\n';
  else
    std::cout << name << ": " << (*tier ? kiln::tierName(**tier) : "never called") << '\n';
}

// [line]
void Repl::line(const std::string& text) {
  try {
    if (text.starts_with("fn "))
      define(text);
    else if (text.starts_with(":start "))
      evaluate(text.substr(7), true);
    else if (text == ":join")
      join();
    else if (text.starts_with(":tier "))
      tier(text.substr(6));
    else if (!text.empty() && text[0] != '#')
      evaluate(text, false);
  } catch (const SyntaxError& error) {
    std::cout << error.what() << '\n';
  }
}
// [/line]

} // namespace

int main(int argc, char** argv) {
  std::ifstream file;
  if (argc > 1) {
    file.open(argv[1]);
    if (!file) {
      std::cerr << argv[1] << ": cannot be read\n";
      return 1;
    }
  }
  std::istream& input = argc > 1 ? file : std::cin;
  Repl repl;
  if (!repl.open())
    return 1;
  for (std::string text; std::getline(input, text);) {
    std::cout << "> " << text << '\n';
    repl.line(text);
  }
  repl.join();
  return 0;
}
