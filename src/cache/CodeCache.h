// What an engine keeps between runs, and what of it belongs to a program.
//
//   CodeCache      of an engine: the folder, and how to reach the shared store. Null when it is off.
//   ProgramCache   of a program: its key, its entries, what was found and what was not, its connection to the shared
//                  store, and the thread that writes and waits.
//
// Life-cycle of a program: known() at load, one system call, decides whether there is anything to do; if so the program's
// cache thread lists and installs what is there (engine/KeptCode.cpp). Compilers ask load() before they compile, and what
// they made goes to keep(), which copies nothing and returns at once. addProfile() at the end. Nothing here makes the
// program wait, but a compile thread for one read of one file.
//
// What is stored can make a run faster and nothing else: it is used only if everything it depends on is the same, by the
// key, and whole, by the checksum; all else is a miss.
//
// Thread-safe. Lock order: the program's locks before those in here. fork() takes them all: prepareFork(), and the folder's.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cache/Authenticator.h"
#include "cache/DiskStore.h"
#include "cache/Entry.h"
#include "cache/KeptBaseline.h"
#include "cache/RemoteStore.h"
#include "cache/TaskThread.h"
#include "kiln/Engine.h"
#include "profile/Profile.h"

namespace kiln::cache {

class CodeCache {
public:
  /// Null if the options ask for no cache. Looks at no file but that of the key. Fails with BadOption or FileNotFound.
  static Result<std::unique_ptr<CodeCache>> create(const CacheOptions& options);
  CodeCache(DiskStore::Settings disk, std::optional<RemoteAddress> remote, std::optional<Authenticator> authenticator);

  DiskStore disk;
  const std::optional<RemoteAddress> remote;
  const std::optional<Authenticator> authenticator; ///< set if `remote` is

  /// After a write of so many bytes: sweeps if it is time. How many files went.
  std::uint64_t wrote(std::uint64_t bytes);

private:
  const std::uint64_t sweepEvery_;
  std::atomic<std::uint64_t> unswept_; ///< bytes
};

class ProgramCache {
public:
  struct Identity {
    std::function<Digest()> program; ///< hashes all of the program's files
    std::function<Digest()> context; ///< asks the CPU what it can
    std::string name;                ///< for people
  };
  /// `cache` outlives it. The identity is asked for when it is first needed, by any thread.
  ProgramCache(CodeCache& cache, Identity identity);

  TaskThread thread;
  const Digest& program();
  const ProgramKey& key();

  /// Whether the folder has anything of the program. Hashes its files.
  bool known() { return cache_.disk.knows(program().text()); }
  bool shared() const { return remote_ != nullptr; }
  std::optional<CodeArtifact> load(const CodeKey& key);
  /// The program was used.
  void touch() { cache_.disk.touch(program().text()); }
  /// Whether there is anything to install ahead or a profile to start from; cheaper than list().
  bool hasMore(const std::function<bool(const CodeKey&)>& wanted);
  /// What could be loaded, what became hot first first.
  std::vector<CodeKey> list();
  /// Takes the artifact away to be stored later, unless it is nothing to keep.
  void keep(const CodeKey& key, CodeArtifact&& artifact);
  /// What is stored under this key proved unusable.
  void reject(const CodeKey& key);

  /// Baseline code that was made with `context`: its settings, the machine, what the program's names mean.
  std::unique_ptr<KeptBaseline> baseline(const Digest& context);
  /// Writes the file later.
  void keepBaseline(const Digest& context, std::string file);

  /// What linking the program gave, in the `context` of what the host gave it.
  std::optional<std::string> start(const Digest& context);
  void keepStart(const Digest& context, std::string payload);

  /// What earlier runs recorded. Reads the file.
  std::optional<ProgramProfile> profile();
  /// Adds what this run recorded, later.
  void addProfile(ProgramProfile recorded);

  /// Calls `found` for all code that the shared store has and the folder has not, and puts it there; gives the profile that
  /// all machines made. On `thread`, as what touches the shared store.
  std::optional<ProgramProfile> fetch(const std::function<bool(const CodeKey&)>& wanted,
                                      const std::function<void(CodeArtifact&&)>& found);

  struct Counts {
    std::atomic<std::uint64_t> hits{0}, misses{0}, damaged{0}, installed{0}, lookupNs{0}, savedNs{0}, bytesRead{0};
    std::atomic<std::uint64_t> written{0}, bytesWritten{0}, writeFailures{0}, dropped{0}, evicted{0};
    std::atomic<std::uint64_t> fetched{0}, sent{0}, wrongTags{0};
    std::atomic<std::uint64_t> profileFunctions{0};
  };
  Counts counts;
  CacheStatistics statistics() const;

  void prepareFork();
  void parentAfterFork();
  void childAfterFork();

private:
  const Digest& programLocked();
  void write(const std::string& name, std::string_view entry);
  void store(const CodeKey& key, const CodeArtifact& artifact);
  std::optional<CodeArtifact> open(const CodeKey& key, std::string_view entry);
  std::optional<ProgramProfile> openProfile(std::string_view entry);
  std::string sealProfile(const ProgramProfile& profile);
  void send(const std::string& name, std::string_view entry);
  std::optional<std::string_view> authentic(std::string_view value);
  void mergeProfile(ProgramProfile recorded);
  void sendProfile(const ProgramProfile& recorded);

  CodeCache& cache_;
  const Identity identity_;
  const std::unique_ptr<RemoteStore> remote_; ///< null: there is none
  std::mutex identityLock_; ///< guards the making of the next two
  std::optional<Digest> program_;
  std::optional<ProgramKey> key_;
  bool described_ = false; ///< of the cache's thread: the entry for people is there
};

} // namespace kiln::cache
