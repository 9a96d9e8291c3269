// Lines at the lower end of the terminal that stderr is, which the program's output does not scroll away.
//
// The panel keeps its lines out of the terminal's scrolling region; what the program writes goes on above. It is meant for
// programs that write lines, not for those that draw on the screen themselves. Everything is written by one write(2) at a
// time, so that output of other threads does not get into sequences. If the process ends without close(), be it by a signal, a
// guardian process gives the region back: it waits for the end of this one and touches nothing else.
//
// Sources: ECMA-48; DEC VT100 User Guide, DECSTBM, DECSC, DECRC.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace kiln::cli {

class Panel {
public:
  /// Null unless stderr is a terminal with room for so many lines and as many above. Before the process has other threads.
  static std::unique_ptr<Panel> open(unsigned lines);
  ~Panel() { close(); }
  Panel(const Panel&) = delete;
  Panel& operator=(const Panel&) = delete;

  unsigned lines() const { return lines_; }
  unsigned columns() const { return columns_; }
  /// Shows these lines, cut off at the terminal's width; follows a change of its size. Text of printable characters only.
  void show(const std::vector<std::string>& lines);
  /// Clears the panel and gives its lines back.
  void close();

private:
  explicit Panel(unsigned lines) : lines_(lines) {}
  bool readSize();
  void reserve();
  void startGuardian();

  const unsigned lines_;
  unsigned rows_ = 0, columns_ = 0;
  bool reserved_ = false;
  std::atomic<bool>* closed_ = nullptr; ///< in memory that the guardian sees
};

/// A line on stderr that says what is going on, if that is a terminal; without text it goes.
void showProgress(const std::string& text);

} // namespace kiln::cli
