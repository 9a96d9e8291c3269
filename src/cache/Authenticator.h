// Who may have written an entry of a store that others can write to: HMAC-SHA-256 over the whole entry, which includes its
// key, so that an entry that was moved is as wrong as one that was changed. Whoever has the user's key can write entries;
// what they hold is executed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kiln/Error.h"

namespace kiln::cache {

class Authenticator {
public:
  /// Fewer random bytes would be worth guessing. As text: 32 hexadecimal digits or 22 of base64.
  static constexpr std::size_t kLeastKeyBytes = 16;
  static constexpr std::size_t kMostKeyBytes = 4096;

  /// The key is what the file holds, without line ends behind it. Fails with FileNotFound, or with BadOption if it is too
  /// short or too long.
  static Result<Authenticator> fromFile(const std::string& path);
  explicit Authenticator(std::string key) : key_(std::move(key)) {}

  /// The entry with its tag behind it.
  std::string tagged(std::string_view entry) const;
  /// The entry without its tag; nothing if that is wrong.
  std::optional<std::string_view> checked(std::string_view tagged) const;

private:
  std::string key_;
};

} // namespace kiln::cache
