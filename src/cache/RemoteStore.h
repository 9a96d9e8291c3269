// Entries on a server that several machines share. Used by the cache's own thread only.
//
// The server is trusted with nothing but being there: entries are authenticated (cache/Authenticator.h), and every call
// is bounded in time. A call that fails makes the store *away* for a while, which doubles with each further failure; until
// then calls fail at once.
#pragma once

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

class RemoteStore {
public:
  virtual ~RemoteStore() = default;

  /// The names of the program's entries; nothing if the store is away.
  virtual std::optional<std::vector<std::string>> names(const std::string& program) = 0;
  /// As it was put, or null; nothing if the store is away.
  virtual std::optional<std::vector<std::optional<std::string>>> fetch(const std::string& program,
                                                                       const std::vector<std::string>& names) = 0;
  virtual bool put(const std::string& program, const std::string& name, std::string_view value) = 0;
  /// Replaces a value by one made of it, in one step as others see it. `change` may be called again when somebody else
  /// was quicker.
  using Change = std::function<std::string(const std::optional<std::string>&)>;
  virtual bool update(const std::string& program, const std::string& name, const Change& change) = 0;

  struct State {
    bool away = false;
    std::string reason; ///< of the last failure
    std::uint64_t failures = 0;
  };
  virtual State state() const = 0;
  /// Guards what state() reads; held around fork().
  virtual std::mutex& forkLock() = 0;
  /// In the child of fork(), with the lock held: the connection belongs to the parent.
  virtual void abandon() = 0;
};

struct RemoteAddress {
  std::string host, user, password, prefix;
  int port = 6379;
  unsigned database = 0;
  std::uint64_t milliseconds = 200; ///< for each call
};

/// Whether the text names a remote store instead of a folder.
bool isRemoteAddress(std::string_view text);
/// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?prefix=TEXT]`. Fails with BadOption.
Result<RemoteAddress> parseRemoteAddress(std::string_view text);
/// Connects when it is first used.
std::unique_ptr<RemoteStore> makeRemoteStore(const RemoteAddress& address);

} // namespace kiln::cache
