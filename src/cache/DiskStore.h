// Entries as files below one folder, shared by any number of processes.
//
//   <folder>/programs/<program>/<entry>     see cache/Entry.h for the names
//
// Nothing is ever changed in place: a file is written beside under a name of its own and renamed, so that readers see
// all of it or nothing. There are no locks. Two that write one entry write the same, or either is right; what a crash of
// the machine leaves is found by the entry's checksum. Files that a killed process left half-written are removed by a
// later sweep.
//
// The folder must belong to the user, and nobody else may be able to write to it: what lies there is executed. Every file
// is opened below it by its descriptor, never through a symbolic link, and must be the user's too.
//
// All failures are quiet: reading gives nothing, writing gives false. A failed write (full disk, no rights) switches
// further writes off for this process. Thread-safe. After fork() both processes may go on.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Error.h"

namespace kiln::cache {

class DiskStore {
public:
  struct Settings {
    std::string folder;
    std::uint64_t limit = 0; ///< bytes of all files together that a sweep leaves at most
    /// In place of write(2), for tests.
    std::function<ssize_t(int, const void*, std::size_t)> write;
  };
  explicit DiskStore(Settings settings);
  ~DiskStore();
  DiskStore(const DiskStore&) = delete;
  DiskStore& operator=(const DiskStore&) = delete;

  const std::string& folder() const { return settings_.folder; }
  /// Whether anything is known of the program; one system call, and the only one for a program that was never seen.
  bool knows(const std::string& program) const;

  struct Listed {
    std::string name;
    std::uint64_t bytes = 0;
    std::int64_t written = 0; ///< nanoseconds of the system's clock
  };
  /// The program's entries, those first that were written first.
  std::vector<Listed> list(const std::string& program);
  /// Whether the program has an entry of such a name.
  bool any(const std::string& program, const std::function<bool(std::string_view)>& wanted);
  bool has(const std::string& program, const std::string& name) const;
  std::optional<std::string> read(const std::string& program, const std::string& name);
  /// An entry of which parts are read, while it is open. Files are replaced and never changed, so that it stays what it is; should
  /// someone cut it short or close its descriptor all the same, reading fails. (A mapping would end the process then.)
  class File {
  public:
    File(int descriptor, std::uint64_t bytes) : descriptor_(descriptor), bytes_(bytes) {}
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    std::uint64_t bytes() const { return bytes_; }
    /// All of so many bytes there; false if there are not. Any thread.
    bool read(std::uint64_t offset, void* into, std::size_t bytes) const;

  private:
    const int descriptor_;
    const std::uint64_t bytes_;
  };
  /// Null if there is none.
  std::unique_ptr<const File> open(const std::string& program, const std::string& name);
  bool write(const std::string& program, const std::string& name, std::string_view bytes);
  void remove(const std::string& program, const std::string& name);
  /// The program was used now: it is among the last to be evicted.
  void touch(const std::string& program);

  struct ProgramInfo {
    std::string name; ///< as in the folder
    std::uint64_t bytes = 0, entries = 0;
    std::int64_t used = 0; ///< seconds of the system's clock
  };
  std::vector<ProgramInfo> programs();

  /// Removes what killed processes left, and while there is more than the limit allows, the programs that were not used
  /// for the longest; of the last one its oldest entries. Returns how many files went.
  std::uint64_t sweep();
  /// Removes everything that is the cache's. The folder itself stays.
  Result<std::uint64_t> clear();

  /// Why this process does not use the folder, or does not write to it; empty while it does.
  std::string refusal() const;
  std::string writeRefusal() const;
  /// Held around fork().
  std::mutex& forkLock() { return mutex_; }

private:
  int root(bool make);
  int programsFolder(bool make);
  int programFolder(const std::string& program, bool make);
  bool checkRoot(int folder);
  int openEntry(const std::string& program, const std::string& name, std::uint64_t& bytes);
  bool writeFile(int folder, const std::string& name, std::string_view bytes);
  void stopWriting(const std::string& reason);
  std::uint64_t removeProgram(const std::string& program);

  const Settings settings_;
  mutable std::mutex mutex_; ///< guards root_ and the texts
  int root_ = -1;
  std::string refusal_, writeRefusal_;
  std::atomic<bool> refused_{false}, writesOff_{false};
  std::atomic<std::uint32_t> temporaries_{0};
};

} // namespace kiln::cache
