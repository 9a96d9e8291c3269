// Has the interpreter decode functions of a program without running it, and writes the statistics.
//
//   kiln_decode_all FILE.bc < names-of-functions > statistics.json
//
// The public API decodes a function that is made to run at the interpreter's tier. One that the interpreter declines is
// compiled at O0 instead; that takes time and is in the statistics as a refusal.
#include <cstdio>
#include <iostream>
#include <string>

#include "kiln/Engine.h"

namespace {

int fail(const kiln::Error& error) {
  fprintf(stderr, "kiln_decode_all: %s\n", error.message.c_str());
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: kiln_decode_all FILE < names of functions\n", stderr);
    return 2;
  }
  kiln::Options options;
  options.ladder = kiln::Ladder::fixed(kiln::Tier::Interpreter);
  auto engine = kiln::Engine::create(options);
  if (!engine)
    return fail(engine.error());
  kiln::ProgramInput input = kiln::ProgramInput::file(argv[1]);
  input.runConstructors = false;
  auto program = (*engine)->load(input);
  if (!program)
    return fail(program.error());
  for (std::string name; std::getline(std::cin, name);)
    if (auto done = (*program)->demote(name, kiln::Tier::Interpreter); !done)
      fprintf(stderr, "kiln_decode_all: %s: %s\n", name.c_str(), done.error().message.c_str());
  fputs((*program)->statistics().json().c_str(), stdout);
  return 0;
}
