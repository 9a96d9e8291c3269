#include "Watch.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace kiln::cli {
namespace {

constexpr unsigned kLines = 9; ///< two of them about the whole
constexpr auto kPause = std::chrono::milliseconds(250);

template <typename... Values> std::string format(const char* pattern, Values... values) {
  char line[200];
  const int length = snprintf(line, sizeof line, pattern, values...);
  return std::string(line, static_cast<std::size_t>(std::clamp<int>(length, 0, sizeof line - 1)));
}

unsigned long long number(std::uint64_t value) { return value; }

std::string printable(const std::string& name) {
  std::string out = name.size() > 40 ? name.substr(0, 37) + "..." : name;
  for (char& each : out)
    if (static_cast<unsigned char>(each) < ' ' || each == '\x7f')
      each = '?';
  return out;
}

std::string summary(const Statistics& statistics) {
  std::array<std::size_t, kTierCount> byTier{};
  for (const FunctionStatistics& function : statistics.functions)
    if (function.tier)
      ++byTier[static_cast<std::size_t>(*function.tier)];
  std::string out = format("kiln %7.1f s  %zu of %llu functions:", static_cast<double>(statistics.runNs) / 1e9,
                           statistics.functions.size(), number(statistics.functionsInProgram));
  for (Tier tier : kAllTiers)
    if (std::size_t count = byTier[static_cast<std::size_t>(tier)])
      out += format(" %s %zu", std::string(tierName(tier)).c_str(), count);
  return out + format(", %llu KiB of code, %llu exits", number(statistics.codeBytes >> 10), number([&] {
                        std::uint64_t exits = 0;
                        for (const auto& reason : statistics.exits.reasons)
                          exits += reason.exits;
                        return exits;
                      }()));
}

std::string queueLine(const Statistics& statistics) {
  std::string out = format("queue: %zu waiting, %llu compiles in %.1f ms; %u compile thread%s", statistics.waiting,
                           number(statistics.compiles), static_cast<double>(statistics.compileNs) / 1e6, statistics.compileThreads,
                           statistics.compileThreads == 1 ? "" : "s");
  for (const auto& each : statistics.compiling)
    out += "; " + std::string(tierName(each.tier)) + " " + printable(each.function) + (each.loop ? format(" loop %u", *each.loop) : "");
  return out + (statistics.compiling.empty() ? ", idle" : "");
}

} // namespace

std::vector<std::string> watchLines(const Statistics& statistics, std::map<std::string, std::uint64_t>& before, unsigned lines) {
  // By samples; the calls that code counts stand still at the last tier.
  struct Row {
    std::uint64_t heat = 0;
    const FunctionStatistics* function = nullptr;
  };
  std::vector<Row> rows;
  std::map<std::string, std::uint64_t> now;
  std::uint64_t all = 0;
  for (const FunctionStatistics& function : statistics.functions) {
    auto& samples = now[function.name];
    samples += function.samples;
    auto known = before.find(function.name);
    const std::uint64_t since = known == before.end() ? samples : samples - std::min(samples, known->second);
    rows.push_back({since, &function});
    all += since;
  }
  before = std::move(now);
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return a.heat != b.heat ? a.heat > b.heat : a.function->samples > b.function->samples;
  });
  std::vector<std::string> out{summary(statistics), queueLine(statistics)};
  for (const Row& row : rows) {
    if (out.size() >= lines)
      break;
    const double share = all ? static_cast<double>(row.heat) / static_cast<double>(all) : 0;
    const auto filled = static_cast<std::size_t>(share * 10 + 0.5);
    out.push_back(format("%5.1f%% %s%s %-11s %-40s %12llu calls counted", share * 100, std::string(filled, '#').c_str(),
                         std::string(10 - filled, '.').c_str(),
                         row.function->tier ? std::string(tierName(*row.function->tier)).c_str() : "-",
                         printable(row.function->name).c_str(), number(row.function->calls)));
  }
  return out;
}

std::unique_ptr<Watch> Watch::open() {
  auto panel = Panel::open(kLines);
  return panel ? std::unique_ptr<Watch>(new Watch(std::move(panel))) : nullptr;
}

void Watch::start(Program& program) {
  program_ = &program;
  // Signals are the program's; its threads get them.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

void Watch::run() {
  pthread_setname_np(pthread_self(), "kiln-watch");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    panel_->show(watchLines(program_->statistics(), before_, panel_->lines()));
    lock.lock();
    wake_.wait_for(lock, kPause, [this] { return stopping_; });
  }
}

void Watch::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
  panel_->close();
}

} // namespace kiln::cli
