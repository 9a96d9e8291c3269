// Functions of any shape, for tests that compare with a definition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kiln::test {

/// `i32 f(i32 arg)` with a random flow graph of blocks b0, b1, ..., reducible or not, and random operands that dominate their
/// uses. Each block mixes its value into @hash and takes one off @fuel; at zero the function ends.
inline std::string randomFunction(unsigned seed) {
  std::uint64_t state = seed * 2654435761u + 12345;
  auto next = [&](unsigned below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>((state >> 33) % below);
  };
  unsigned blocks = 6 + next(14);
  std::vector<std::vector<unsigned>> successors(blocks);
  std::vector<std::vector<unsigned>> predecessors(blocks);
  for (unsigned b = 0; b + 1 < blocks; ++b) {
    unsigned first = b + 1, second = 1 + next(blocks - 1);
    successors[b] = {first};
    if (second != first)
      successors[b].push_back(second);
    for (unsigned to : successors[b])
      predecessors[to].push_back(b);
  }
  // Block b is dominated by d if removing d cuts b off the entry.
  auto dominates = [&](unsigned d, unsigned b) {
    std::vector<bool> seen(blocks);
    std::vector<unsigned> work;
    if (d != 0)
      work.push_back(0);
    while (!work.empty()) {
      unsigned at = work.back();
      work.pop_back();
      if (seen[at] || at == d)
        continue;
      seen[at] = true;
      for (unsigned to : successors[at])
        work.push_back(to);
    }
    return d != b && !seen[b];
  };
  auto operand = [&](unsigned block, bool including) {
    std::vector<std::string> choices{"%arg", "7"};
    for (unsigned d = 0; d < blocks; ++d)
      if (dominates(d, block) || (including && d == block))
        for (const char* kind : {"%v", "%p"})
          if (d != 0 || kind[1] == 'v')
            choices.push_back(kind + std::to_string(d));
    if (block != 0)
      choices.push_back("%p" + std::to_string(block));
    return choices[next(static_cast<unsigned>(choices.size()))];
  };
  std::string text = "@hash = global i32 0\n@fuel = global i32 0\ndefine i32 @f(i32 %arg) {\n";
  for (unsigned b = 0; b < blocks; ++b) {
    text += "b" + std::to_string(b) + ":\n";
    if (b != 0) {
      text += "  %p" + std::to_string(b) + " = phi i32 ";
      for (std::size_t i = 0; i < predecessors[b].size(); ++i)
        text += (i ? ", [ " : "[ ") + operand(predecessors[b][i], true) + ", %x" + std::to_string(predecessors[b][i]) + " ]";
      text += "\n";
    }
    const std::string n = std::to_string(b);
    const char* operations[] = {"add", "mul", "xor", "sub"};
    text += "  %v" + n + " = " + operations[next(4)] + " i32 " + operand(b, false) + ", " + operand(b, false) + "\n";
    text += "  %h" + n + " = load i32, ptr @hash\n  %i" + n + " = mul i32 %h" + n + ", 31\n  %j" + n + " = add i32 %i" + n +
            ", %v" + n + "\n  store i32 %j" + n + ", ptr @hash\n";
    text += "  %f" + n + " = load i32, ptr @fuel\n  %g" + n + " = sub i32 %f" + n + ", 1\n  store i32 %g" + n +
            ", ptr @fuel\n  %o" + n + " = icmp eq i32 %g" + n + ", 0\n";
    if (b + 1 == blocks) {
      text += "  ret i32 " + operand(b, true) + "\n";
      continue;
    }
    // The way on depends on the hash, so that it differs from round to round.
    text += "  %m" + n + " = lshr i32 %j" + n + ", " + std::to_string(next(12)) + "\n  %w" + n + " = trunc i32 %m" + n +
            " to i1\n";
    text += "  br i1 %o" + n + ", label %end, label %x" + n + "\nx" + n + ":\n";
    if (successors[b].size() == 1)
      text += "  br label %b" + std::to_string(successors[b][0]) + "\n";
    else
      text += "  br i1 %w" + n + ", label %b" + std::to_string(successors[b][0]) + ", label %b" +
              std::to_string(successors[b][1]) + "\n";
  }
  return text + "end:\n  %last = load i32, ptr @hash\n  ret i32 %last\n}\n";
}

} // namespace kiln::test
