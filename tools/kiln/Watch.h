// The live view of `kiln run --watch`: what is hot, where it is, and what is being compiled, some times a second.
//
// A thread of the command's own asks for the program's statistics and shows them in a panel. It stops before the process
// writes its last words; a child of fork() has no such thread, and leaves the panel alone.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "Panel.h"
#include "kiln/Engine.h"

namespace kiln::cli {

class Watch {
public:
  /// Null if there is no terminal to show anything on. Before the engine is made.
  static std::unique_ptr<Watch> open();
  ~Watch() { stop(); }

  void start(Program& program);
  void stop();

private:
  explicit Watch(std::unique_ptr<Panel> panel) : panel_(std::move(panel)) {}
  void run();

  std::unique_ptr<Panel> panel_;
  Program* program_ = nullptr;
  std::map<std::string, std::uint64_t> before_; ///< heat of functions when it was last shown
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The panel's lines for these statistics. `before` is the heat of each function the last time, and becomes that of now.
std::vector<std::string> watchLines(const Statistics& statistics, std::map<std::string, std::uint64_t>& before, unsigned lines);

} // namespace kiln::cli
