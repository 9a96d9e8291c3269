#include "cache/Authenticator.h"

#include <fcntl.h>
#include <sodium/crypto_auth_hmacsha256.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace kiln::cache {
namespace {

using Tag = std::array<unsigned char, crypto_auth_hmacsha256_BYTES>;

const unsigned char* bytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Tag tagOf(std::string_view key, std::string_view entry) {
  Tag tag;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytesOf(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytesOf(entry), entry.size());
  crypto_auth_hmacsha256_final(&state, tag.data());
  return tag;
}

/// In time that does not tell how much was right.
bool equal(const Tag& a, std::string_view b) {
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    different |= a[i] ^ static_cast<unsigned char>(b[i]);
  return different == 0;
}

} // namespace

Result<Authenticator> Authenticator::fromFile(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(ErrorCode::FileNotFound, path + ": " + strerror(errno));
  std::string key(kMostKeyBytes + 2, '\0');
  std::size_t done = 0;
  ssize_t got = 0;
  while (done < key.size() && (got = ::read(file, key.data() + done, key.size() - done)) != 0) {
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  const int error = errno;
  ::close(file);
  if (got < 0)
    return fail(ErrorCode::FileNotFound, path + ": " + strerror(error));
  key.resize(done);
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r'))
    key.pop_back();
  if (key.size() < kLeastKeyBytes || key.size() > kMostKeyBytes)
    return fail(ErrorCode::BadOption, path + ": a cache key has " + std::to_string(kLeastKeyBytes) + " to " +
                                          std::to_string(kMostKeyBytes) + " bytes, for example of: openssl rand -hex 32");
  return Authenticator(std::move(key));
}

std::string Authenticator::tagged(std::string_view entry) const {
  Tag tag = tagOf(key_, entry);
  std::string out(entry);
  out.append(reinterpret_cast<const char*>(tag.data()), tag.size());
  return out;
}

std::optional<std::string_view> Authenticator::checked(std::string_view tagged) const {
  constexpr std::size_t size = std::tuple_size_v<Tag>;
  if (tagged.size() < size)
    return std::nullopt;
  std::string_view entry = tagged.substr(0, tagged.size() - size);
  if (!equal(tagOf(key_, entry), tagged.substr(entry.size())))
    return std::nullopt;
  return entry;
}

} // namespace kiln::cache
