#include "cache/Authenticator.h"

#include <fcntl.h>
extern "C" { // the first of them does not say so itself
#include <mbedtls/constant_time.h>
#include <mbedtls/md.h>
}
#include <string.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace kiln::cache {
namespace {

using Tag = std::array<unsigned char, 32>;

const unsigned char* bytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// Nothing if there is no memory for it.
std::optional<Tag> tagOf(std::string_view key, std::string_view entry) {
  Tag tag;
  const mbedtls_md_info_t* sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
  if (!sha256 || mbedtls_md_hmac(sha256, bytesOf(key), key.size(), bytesOf(entry), entry.size(), tag.data()) != 0)
    return std::nullopt;
  return tag;
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
  std::string out(entry);
  if (auto tag = tagOf(key_, entry))
    out.append(reinterpret_cast<const char*>(tag->data()), tag->size());
  return out; // without a tag it is worth nothing to anybody
}

std::optional<std::string_view> Authenticator::checked(std::string_view tagged) const {
  constexpr std::size_t size = std::tuple_size_v<Tag>;
  if (tagged.size() < size)
    return std::nullopt;
  std::string_view entry = tagged.substr(0, tagged.size() - size);
  const auto tag = tagOf(key_, entry);
  if (!tag || mbedtls_ct_memcmp(tag->data(), tagged.data() + entry.size(), size) != 0)
    return std::nullopt;
  return entry;
}

} // namespace kiln::cache
