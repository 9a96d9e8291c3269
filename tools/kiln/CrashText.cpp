#include "CrashText.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <string_view>

namespace kiln::cli {
namespace {

/// A line in the making, without the heap. What does not fit is left out.
class Line {
public:
  Line& operator<<(std::string_view text) {
    const std::size_t room = sizeof text_ - 1 - used_;
    const std::size_t bytes = text.size() < room ? text.size() : room;
    memcpy(text_ + used_, text.data(), bytes);
    used_ += bytes;
    return *this;
  }
  Line& operator<<(std::uint64_t number) { return print(number, 10); }
  Line& hexadecimal(std::uint64_t number) { return (*this << "0x").print(number, 16); }
  void write() {
    text_[used_++] = '\n';
    for (std::size_t done = 0; done < used_;) {
      ssize_t wrote = ::write(STDERR_FILENO, text_ + done, used_ - done);
      if (wrote <= 0)
        return;
      done += static_cast<std::size_t>(wrote);
    }
  }

private:
  Line& print(std::uint64_t number, unsigned base) {
    char digits[24];
    std::size_t at = sizeof digits;
    do {
      digits[--at] = "0123456789abcdef"[number % base];
      number /= base;
    } while (number != 0);
    return *this << std::string_view(digits + at, sizeof digits - at);
  }

  char text_[1024];
  std::size_t used_ = 0;
};

} // namespace

void printCrash(int signal, const CrashFrame* frames, std::size_t count) {
  const char* name = sigabbrev_np(signal);
  Line head;
  head << "kiln: the program dies by SIG" << (name ? name : "?") << ":";
  head.write();
  // Frames of the runtime between those of the program say nothing to its author; the innermost may be the C library's.
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const CrashFrame& frame = frames[i];
    if (!frame.function && i != 0)
      continue;
    Line line;
    line << "kiln: #" << number++ << " ";
    line.hexadecimal(frame.address);
    line << " ";
    if (!frame.function) {
      line << "(outside the program)";
    } else {
      line << frame.function << " [" << tierName(frame.tier) << (frame.isLoop ? " loop]" : "]");
      if (frame.file)
        line << " " << frame.file << ":" << frame.line;
    }
    line.write();
  }
}

} // namespace kiln::cli
