// The shared store as a Redis server: one hash for each program, a field for each entry.
//
// hiredis makes commands of words and replies of bytes; waiting is done here, against one deadline for a whole call, so
// that a server that trickles is as bounded as one that is silent. (hiredis's own timeout is for each read.)
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include "cache/RemoteStore.h"
#include "support/Clock.h"

namespace kiln::cache {
namespace {

/// What one call may receive. Code of a function is some ten kilobytes, and a call asks for some thirty.
constexpr std::size_t kMostReply = std::size_t{64} << 20;
/// What the server may forget of a program that nobody asked for so long.
constexpr const char* kKeepSeconds = "2592000"; // 30 days
/// After a failure the server is left alone for a second, and twice as long after each further one.
constexpr std::uint64_t kFirstPauseNs = 1'000'000'000;
constexpr unsigned kMostDoublings = 8;
/// Others that change a value between our reading and writing it.
constexpr int kUpdateTries = 3;
constexpr std::string_view kDefaultPrefix = "kiln:";

using Words = std::vector<std::string_view>;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view textOf(const redisReply& reply) { return {reply.str, static_cast<std::size_t>(reply.len)}; }
bool isText(const redisReply& reply) { return reply.type == REDIS_REPLY_STRING; }

class RedisStore final : public RemoteStore {
public:
  explicit RedisStore(RemoteAddress address) : address_(std::move(address)) {}
  ~RedisStore() override { disconnect(); }

  std::optional<std::vector<std::string>> names(const std::string& program) override;
  std::optional<std::vector<std::optional<std::string>>> fetch(const std::string& program,
                                                               const std::vector<std::string>& names) override;
  bool put(const std::string& program, const std::string& name, std::string_view value) override;
  bool update(const std::string& program, const std::string& name, const Change& change) override;
  State state() const override {
    std::lock_guard lock(mutex_);
    return state_;
  }
  std::mutex& forkLock() override { return mutex_; }
  void abandon() override {
    // The descriptor is the child's copy; the rest may be torn, and is leaked.
    if (context_)
      ::close(context_->fd);
    context_ = nullptr;
  }

private:
  bool connect();
  void disconnect() {
    if (context_)
      redisFree(context_);
    context_ = nullptr;
  }
  bool failed(const std::string& reason);
  bool wait(short events);
  bool run(const std::vector<Words>& commands, std::vector<Reply>& replies);
  /// Connects if need be and runs the commands; on failure the store is away.
  bool call(const std::vector<Words>& commands, std::vector<Reply>& replies);
  std::string keyOf(const std::string& program) const { return address_.prefix + program; }

  const RemoteAddress address_;
  redisContext* context_ = nullptr;
  std::uint64_t deadline_ = 0, retryAt_ = 0;
  mutable std::mutex mutex_;
  State state_; ///< under mutex_
};

bool RedisStore::failed(const std::string& reason) {
  disconnect();
  std::lock_guard lock(mutex_);
  retryAt_ = nowNanoseconds() + (kFirstPauseNs << std::min<std::uint64_t>(state_.failures, kMostDoublings));
  ++state_.failures;
  state_.away = true;
  state_.reason = reason;
  return false;
}

bool RedisStore::wait(short events) {
  for (;;) {
    const std::uint64_t now = nowNanoseconds();
    if (now >= deadline_)
      return failed("no answer within " + std::to_string(address_.milliseconds) + " ms");
    pollfd poll{context_->fd, events, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>((deadline_ - now) / 1'000'000 + 1));
    if (ready > 0)
      return true;
    if (ready < 0 && errno != EINTR)
      return failed(strerror(errno));
  }
}

bool RedisStore::connect() {
  context_ = redisConnectNonBlock(address_.host.c_str(), address_.port);
  if (!context_ || context_->err)
    return failed(context_ ? context_->errstr : "out of memory");
  if (!wait(POLLOUT))
    return false;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
    return failed(strerror(error ? error : errno));
  std::vector<Words> commands;
  const std::string database = std::to_string(address_.database);
  if (!address_.password.empty())
    commands.push_back(address_.user.empty() ? Words{"AUTH", address_.password} : Words{"AUTH", address_.user, address_.password});
  if (address_.database != 0)
    commands.push_back({"SELECT", database});
  std::vector<Reply> replies;
  return commands.empty() || run(commands, replies);
}

bool RedisStore::run(const std::vector<Words>& commands, std::vector<Reply>& replies) {
  for (const Words& words : commands) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (std::string_view word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    if (redisAppendCommandArgv(context_, static_cast<int>(texts.size()), texts.data(), sizes.data()) != REDIS_OK)
      return failed(context_->errstr);
  }
  for (int done = 0; !done;) {
    if (!wait(POLLOUT))
      return false;
    if (redisBufferWrite(context_, &done) != REDIS_OK)
      return failed(context_->errstr);
  }
  while (replies.size() < commands.size()) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_, &reply) != REDIS_OK)
      return failed(context_->errstr);
    if (!reply) {
      if (context_->reader->len - context_->reader->pos > kMostReply)
        return failed("the answer is too long");
      if (!wait(POLLIN))
        return false;
      if (redisBufferRead(context_) != REDIS_OK)
        return failed(context_->errstr);
      continue;
    }
    replies.emplace_back(static_cast<redisReply*>(reply));
    if (replies.back()->type == REDIS_REPLY_ERROR)
      return failed(std::string(textOf(*replies.back())));
  }
  return true;
}

bool RedisStore::call(const std::vector<Words>& commands, std::vector<Reply>& replies) {
  const std::uint64_t now = nowNanoseconds();
  if (!context_ && now < retryAt_)
    return false;
  deadline_ = now + address_.milliseconds * 1'000'000;
  if (!context_ && !connect())
    return false;
  if (!run(commands, replies))
    return false;
  std::lock_guard lock(mutex_);
  state_.away = false;
  return true;
}

std::optional<std::vector<std::string>> RedisStore::names(const std::string& program) {
  std::vector<Reply> replies;
  const std::string key = keyOf(program);
  if (!call({{"HKEYS", key}, {"EXPIRE", key, kKeepSeconds}}, replies))
    return std::nullopt;
  std::vector<std::string> found;
  if (replies[0]->type == REDIS_REPLY_ARRAY)
    for (std::size_t i = 0; i < replies[0]->elements; ++i)
      if (const redisReply& each = *replies[0]->element[i]; isText(each))
        found.emplace_back(textOf(each));
  return found;
}

std::optional<std::vector<std::optional<std::string>>> RedisStore::fetch(const std::string& program,
                                                                         const std::vector<std::string>& names) {
  const std::string key = keyOf(program);
  std::vector<Words> commands;
  for (const std::string& name : names)
    commands.push_back({"HGET", key, name});
  std::vector<Reply> replies;
  if (!call(commands, replies))
    return std::nullopt;
  std::vector<std::optional<std::string>> found;
  for (const Reply& reply : replies)
    found.push_back(isText(*reply) ? std::optional(std::string(textOf(*reply))) : std::nullopt);
  return found;
}

bool RedisStore::put(const std::string& program, const std::string& name, std::string_view value) {
  std::vector<Reply> replies;
  const std::string key = keyOf(program);
  return call({{"HSET", key, name, value}, {"EXPIRE", key, kKeepSeconds}}, replies);
}

bool RedisStore::update(const std::string& program, const std::string& name, const Change& change) {
  const std::string key = keyOf(program);
  for (int i = 0; i < kUpdateTries; ++i) {
    std::vector<Reply> before, after;
    if (!call({{"WATCH", key}, {"HGET", key, name}}, before))
      return false;
    const redisReply& old = *before[1];
    const std::string value = change(isText(old) ? std::optional(std::string(textOf(old))) : std::nullopt);
    if (!call({{"MULTI"}, {"HSET", key, name, value}, {"EXPIRE", key, kKeepSeconds}, {"EXEC"}}, after))
      return false;
    if (after.back()->type == REDIS_REPLY_ARRAY)
      return true;
  }
  return false;
}

/// Takes what stands before the last or first `mark`, if it is there.
std::string_view takeBefore(std::string_view& text, char mark, bool last) {
  const std::size_t at = last ? text.rfind(mark) : text.find(mark);
  if (at == std::string_view::npos)
    return {};
  std::string_view before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return before;
}

constexpr std::string_view kScheme = "redis://";

template <typename Number> bool parse(std::string_view text, Number& number) {
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc() && end == text.data() + text.size();
}

} // namespace

bool isRemoteAddress(std::string_view text) { return text.find("://") != std::string_view::npos; }

Result<RemoteAddress> parseRemoteAddress(std::string_view text) {
  auto bad = [&](const std::string& what) {
    return fail(ErrorCode::BadOption, what + ": a shared cache is redis://[[USER]:PASSWORD@]HOST[:PORT][/DB][?prefix=TEXT]");
  };
  const std::string whole(text);
  if (!text.starts_with(kScheme))
    return bad("'" + whole + "'");
  text.remove_prefix(kScheme.size());
  RemoteAddress address;
  address.prefix = kDefaultPrefix;
  if (std::size_t at = text.find('?'); at != std::string_view::npos) {
    std::string_view query = text.substr(at + 1);
    if (!query.starts_with("prefix="))
      return bad("'" + std::string(query) + "'");
    address.prefix = query.substr(7);
    text = text.substr(0, at);
  }
  if (text.find('@') != std::string_view::npos) {
    std::string_view who = takeBefore(text, '@', true);
    if (who.find(':') == std::string_view::npos)
      return bad("a user without a password");
    address.user = takeBefore(who, ':', false);
    address.password = who;
  }
  if (std::size_t at = text.find('/'); at != std::string_view::npos) {
    if (at + 1 != text.size() && !parse(text.substr(at + 1), address.database))
      return bad("'" + std::string(text.substr(at)) + "' is no database");
    text = text.substr(0, at);
  }
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0; // an IPv6 address
  if (bracket == std::string_view::npos)
    return bad("'" + std::string(text) + "'");
  if (std::size_t at = text.find(':', bracket); at != std::string_view::npos) {
    if (!parse(text.substr(at + 1), address.port) || address.port < 1 || address.port > 65535)
      return bad("'" + std::string(text.substr(at)) + "' is no port");
    text = text.substr(0, at);
  }
  address.host = bracket ? text.substr(1, bracket - 1) : text;
  if (address.host.empty())
    return bad("no host");
  return address;
}

std::unique_ptr<RemoteStore> makeRemoteStore(const RemoteAddress& address) { return std::make_unique<RedisStore>(address); }

} // namespace kiln::cache
