#include "report/RunRecorder.h"

#include <cpuid.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "support/Clock.h"
#include "support/RuntimeMarks.h"
#include "support/SignalBlock.h"

// The linker's bounds of what Kiln is linked into.
extern "C" const char __executable_start[];
extern "C" const char etext[];

namespace kiln::report {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
/// Between looks at what is due. Windows of functions that are not called so often end at such a look.
constexpr std::uint64_t kPause = 10 * kMillisecond;
/// The next window comes after half of the code's age, within these.
constexpr std::uint64_t kLeastGap = 10 * kMillisecond, kMostGap = 250 * kMillisecond;
/// Windows may take this share of the time, and this much at the beginning.
constexpr double kProbeShare = 0.005, kProbeStartNs = 1e6;
/// A window that is spent within this is of a busy function. When it has code of the last tier, the window costs more than its calls
/// take: a processor that has seen a call go to two places predicts it by the way that led there, and has to learn all those ways.
/// Measured by the repetitions of bench/programs/recursion.c, of 13 ms and a million calls (AMD EPYC, Zen 4): one with a window in it
/// is 0.2 to 0.5 ms longer, whether the window is of 128 calls or of 2,048; with the first window of new code 2 to 3 ms, if that
/// comes before any call has gone to the code, for then what is not learned yet is predicted to go to the probe; later, about 1 ms. So
/// that one waits until calls have settled. Code of the tiers below does not live long enough to matter.
constexpr std::uint64_t kBusy = 2 * kMillisecond, kSettle = 5 * kMillisecond;
constexpr double kRelearnNs = 5e5;
/// Points of a function; when they are reached, neighbours are put together.
constexpr std::size_t kMostPoints = 128;
/// Looks between those at the list of threads, and at their clocks.
constexpr unsigned kDiscoverEvery = 5, kClocksEvery = 20;

std::uint64_t clockNs(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

/// Whether the time-stamp counter runs evenly (Intel SDM vol. 3, 18.17.1).
bool hasInvariantTicks() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
}

/// Puts neighbours of the same code together; the first of each code stays alone.
void compact(std::vector<CostPoint>& points) {
  std::vector<CostPoint>::size_type kept = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    CostPoint point = points[i];
    const bool firstOfCode = i == 0 || points[i - 1].change != point.change;
    if (!firstOfCode && i + 1 < points.size() && points[i + 1].change == point.change) {
      const CostPoint& next = points[++i];
      point.span = std::max(next.calls + next.span, point.calls) - point.calls;
      point.timed += next.timed;
      point.ticks += next.ticks;
      point.atNs = next.atNs;
    }
    points[kept++] = point;
  }
  // A function whose code changed at every point: what is oldest goes.
  if (kept == points.size())
    points.erase(points.begin());
  else
    points.resize(kept);
}

} // namespace

struct RunRecorder::Track final : CallProbe::Owner {
  RunRecorder& recorder;
  FunctionRecord& record;
  CallProbe probe;
  std::uintptr_t stub = 0;
  bool isOpen = false;
  bool counted = true;  ///< its code counts
  bool first = true;    ///< the window is the first of this code
  bool busy = false;    ///< the last window was spent within kBusy
  bool delayed = false; ///< the first window waits for kSettle
  Tier tier = Tier::O0;
  std::uint32_t change = 0;
  std::uint64_t changedAt = 0, openedAt = 0, closedAt = 0, due = 0;
  std::uint64_t openedCpu = 0, closedCpu = 0; ///< programCpu()
  std::uint64_t callsAtOpen = 0;
  double rate = 0; ///< calls per nanosecond of programCpu() in the last window
  std::uint64_t measured = 0;
  double estimated = 0;
  std::vector<CostPoint> points;

  Track(RunRecorder& by, FunctionRecord& of) : recorder(by), record(of) {
    points.reserve(kMostPoints);
    probe.owner = this;
  }
  void spent() override { recorder.closeSpent(*this); }
  std::uint64_t calls() const { return record.calls() + measured + static_cast<std::uint64_t>(estimated); }
};

RunRecorder::RunRecorder(FunctionTable& table, CodeSpace& space, Settings settings)
    : table_(table), settings_(std::move(settings)), log_(settings_.observer), tracks_(new std::atomic<Track*>[table.size()]()),
      stubs_(space) {}

RunRecorder::~RunRecorder() { stop(); }

void RunRecorder::measure() {
  beganNs_ = nowNanoseconds();
  beganTicks_ = ticksNow();
  constexpr std::uint64_t kLook = 200'000;
  std::uint64_t now = 0;
  while ((now = nowNanoseconds()) < beganNs_ + kLook) {
  }
  const double ticksPerNs = static_cast<double>(ticksNow() - beganTicks_) / static_cast<double>(now - beganNs_);
  cost_ = measureCost(stubs_, ticksPerNs);
}

void RunRecorder::start() {
  measure();
  sampling_ = sampler_.start();
  if (sampling_)
    sampleNs_ = sampler_.measureCost();
  SignalBlock block; // inherited by the thread
  std::lock_guard lock(work_);
  sampler_.discover();
  started_ = pthread_create(&handle_, nullptr, enter, this) == 0;
}

void RunRecorder::stop() {
  if (orphaned_.load(std::memory_order_relaxed))
    return;
  {
    std::lock_guard lock(thread_);
    if (!started_ || stopping_)
      return;
    stopping_ = true;
    wake_.notify_all();
  }
  pthread_join(handle_, nullptr);
  std::lock_guard lock(work_);
  sampler_.drain([&](const Sample& sample) { take(sample); });
  sampler_.readClocks();
  sampler_.stop();
}

void* RunRecorder::enter(void* self) {
  static_cast<RunRecorder*>(self)->run();
  return nullptr;
}

void RunRecorder::run() {
  RuntimeThread mark;
  pthread_setname_np(pthread_self(), "kiln-report");
  std::unique_lock lock(thread_);
  while (!wake_.wait_for(lock, std::chrono::nanoseconds(kPause), [this] { return stopping_; })) {
    lock.unlock();
    {
      std::lock_guard work(work_);
      look(nowNanoseconds());
    }
    lock.lock();
  }
}

void RunRecorder::look(std::uint64_t now) {
  sampler_.drain([&](const Sample& sample) { take(sample); });
  ++looks_;
  if (looks_ % kDiscoverEvery == 0) {
    sampler_.discover();
    noteRuntimeThreads();
  }
  if (looks_ % kClocksEvery == 0)
    sampler_.readClocks();
  std::size_t count = 0;
  {
    std::lock_guard lock(list_);
    count = store_.size();
  }
  double left = room(now);
  bool refused = false;
  for (std::size_t i = 0, from = next_; i < count; ++i) {
    const std::size_t number = (from + i) % count;
    Track* track = nullptr;
    {
      std::lock_guard lock(list_);
      track = store_[number].get();
    }
    std::lock_guard lock(track->record.mutex);
    // Not one that began a moment ago, nor the first of new code before a call was timed: its thread may wait for a processor.
    const bool fresh = track->first && track->probe.buckets[0].calls.load(std::memory_order_relaxed) == 0;
    if (track->isOpen && !fresh && now >= track->openedAt + kPause / 4)
      close(*track, now);
    else if (!track->isOpen && now >= track->due) {
      const double cost = track->busy && !track->first && track->tier == settings_.top ? kRelearnNs : 0;
      if (track->first || left >= cost) {
        open(*track, now);
        left -= cost;
      } else if (!std::exchange(refused, true)) {
        next_ = number; // first at the next look
      }
    }
  }
}

double RunRecorder::room(std::uint64_t now) const {
  const double spent = static_cast<double>(timedCalls_.load(std::memory_order_relaxed)) * cost_.timedNs +
                       static_cast<double>(countedCalls_.load(std::memory_order_relaxed)) * cost_.countedNs +
                       static_cast<double>(busyWindows_.load(std::memory_order_relaxed)) * kRelearnNs;
  return kProbeStartNs + kProbeShare * static_cast<double>(now - beganNs_) - spent;
}

std::uint64_t RunRecorder::programCpu() const {
  std::uint64_t cpu = clockNs(CLOCK_PROCESS_CPUTIME_ID);
  for (const auto& clock : runtimeClocks_)
    if (const clockid_t known = clock.load(std::memory_order_relaxed))
      cpu -= std::min(cpu, clockNs(known));
  return cpu;
}

void RunRecorder::noteRuntimeThreads() {
  std::size_t count = 0;
  bool changed = false;
  auto set = [&](clockid_t clock) {
    changed |= runtimeClocks_[count++].exchange(clock, std::memory_order_relaxed) != clock;
  };
  for (const SeenThread& thread : sampler_.threads())
    if (thread.ofRuntime && !thread.ended && count < runtimeClocks_.size())
      set(clockOf(thread.number));
  while (count < runtimeClocks_.size())
    set(0);
  if (changed)
    clocksChanged_.store(nowNanoseconds(), std::memory_order_relaxed);
}

/// Under the record's mutex, as all that follows.
RunRecorder::Track* RunRecorder::makeTrack(FunctionRecord& record) {
  std::lock_guard lock(list_);
  Track& track = *store_.emplace_back(std::make_unique<Track>(*this, record));
  auto stub = stubs_.makeStub(track.probe);
  if (!stub) {
    store_.pop_back();
    return nullptr;
  }
  track.stub = *stub;
  tracks_[record.id].store(&track, std::memory_order_release);
  return &track;
}

void RunRecorder::entryChanged(FunctionRecord& record) {
  if (orphaned_.load(std::memory_order_relaxed) || record.publishedEntry == 0 || !settings_.timeable[record.id])
    return;
  Track* track = tracks_[record.id].load(std::memory_order_relaxed);
  if (!track && !(track = makeTrack(record)))
    return;
  if (track->probe.target.load(std::memory_order_relaxed) == record.publishedEntry)
    return;
  const std::uint64_t now = nowNanoseconds();
  const bool hadCode = track->probe.target.load(std::memory_order_relaxed) != 0;
  // The slot leads to the new code already; those who are in the stub go on there too.
  track->probe.target.store(record.publishedEntry, std::memory_order_relaxed);
  if (track->isOpen)
    close(*track, now);
  track->probe.generation.fetch_add(1, std::memory_order_relaxed);
  track->change += hadCode;
  track->tier = static_cast<Tier>(record.publishedTier.load(std::memory_order_relaxed));
  track->counted = settings_.counts(track->tier);
  track->changedAt = now;
  track->rate = 0;
  track->first = true;
  track->delayed = track->tier == settings_.top && track->busy;
  if (!track->delayed)
    return open(*track, now);
  track->due = now + kSettle;
  track->closedCpu = programCpu();
}

std::uintptr_t RunRecorder::behind(std::uint32_t function, std::uintptr_t slot) const {
  const Track* track = tracks_[function].load(std::memory_order_acquire);
  return track && track->stub == slot ? track->probe.target.load(std::memory_order_relaxed) : slot;
}

/// Does nothing where the slot leads elsewhere: to other code, of which entryChanged() will tell, or to a redefinition.
void RunRecorder::open(Track& track, std::uint64_t now) {
  track.probe.begin();
  track.openedAt = now;
  track.callsAtOpen = track.calls();
  track.openedCpu = track.counted ? 0 : programCpu();
  std::uintptr_t code = track.probe.target.load(std::memory_order_relaxed);
  track.isOpen = table_.slot(track.record.id).compare_exchange_strong(code, track.stub, std::memory_order_release);
}

/// The least time: a call takes that. Where a thread turned out to be Kiln's meanwhile, the CPU time is too little, or none.
double RunRecorder::rateOf(const Track& track, std::uint64_t calls, std::uint64_t cpu, std::uint64_t now) const {
  std::uint64_t took = cpu - std::min(cpu, track.openedCpu);
  if (track.openedAt <= clocksChanged_.load(std::memory_order_relaxed))
    took = std::max(took, now - track.openedAt);
  return static_cast<double>(calls) / static_cast<double>(std::max<std::uint64_t>({took, calls / 2, 1}));
}

void RunRecorder::close(Track& track, std::uint64_t now) {
  // Unless other code was published meanwhile.
  std::uintptr_t stub = track.stub;
  table_.slot(track.record.id)
      .compare_exchange_strong(stub, track.probe.target.load(std::memory_order_relaxed), std::memory_order_release);
  track.isOpen = false;
  const std::uint64_t calls = track.probe.calls();
  if (!track.counted) {
    const std::uint64_t cpu = programCpu();
    const double rate = rateOf(track, calls, cpu, now);
    if (!track.first || track.delayed)
      track.estimated += (track.first ? rate : (track.rate + rate) / 2) *
                         static_cast<double>(track.openedCpu - std::min(track.openedCpu, track.closedCpu));
    track.closedCpu = cpu;
    track.rate = rate;
    track.callsAtOpen = track.calls(); // now that those between are known
    track.measured += calls;
  }
  harvest(track, calls, now);
  track.busy = calls > static_cast<std::uint64_t>(-CallProbe::kSpent) && now - track.openedAt < kBusy;
  busyWindows_.fetch_add(track.busy && track.tier == settings_.top, std::memory_order_relaxed);
  track.first = false;
  track.closedAt = now;
  track.due = now + std::clamp((now - track.changedAt) / 2, kLeastGap, kMostGap);
  windows_.fetch_add(1, std::memory_order_relaxed);
}

void RunRecorder::closeSpent(Track& track) {
  SignalBlock block; // no handler of the program may come on top of the lock
  std::unique_lock lock(track.record.mutex, std::try_to_lock);
  if (lock && track.isOpen && track.probe.left.load(std::memory_order_relaxed) < CallProbe::kSpent)
    close(track, nowNanoseconds());
}

/// The times of a window become points: one for each power of two behind a change, else one.
void RunRecorder::harvest(Track& track, std::uint64_t calls, std::uint64_t now) {
  auto keep = [&](const CostPoint& point) {
    if (track.points.size() == kMostPoints)
      compact(track.points);
    track.points.push_back(point);
  };
  CostPoint all{track.callsAtOpen, std::max<std::uint64_t>(calls, 1), 0, 0, track.openedAt - settings_.startedAt,
                now - settings_.startedAt, track.change, track.tier};
  for (std::size_t i = 0; i < CallProbe::kBuckets; ++i) {
    CallProbe::Bucket& bucket = track.probe.buckets[i];
    CostPoint point = all;
    point.timed = bucket.calls.exchange(0, std::memory_order_relaxed);
    point.ticks = bucket.ticks.exchange(0, std::memory_order_relaxed);
    if (point.timed == 0)
      continue;
    all.timed += point.timed;
    all.ticks += point.ticks;
    const std::uint64_t from = i == 0 ? 0 : std::uint64_t{1} << i, to = std::uint64_t{2} << i;
    point.calls = track.callsAtOpen + from;
    point.span = std::max(std::min(to, calls), from + 1) - from;
    if (track.first)
      keep(point);
  }
  if (!track.first && all.timed != 0)
    keep(all);
  timedCalls_.fetch_add(all.timed, std::memory_order_relaxed);
  countedCalls_.fetch_add(calls > all.timed ? calls - all.timed : 0, std::memory_order_relaxed);
}

const RunRecorder::Piece* RunRecorder::pieceAt(std::uintptr_t address) const {
  auto after = pieces_.upper_bound(address);
  if (after == pieces_.begin())
    return nullptr;
  const Piece& piece = std::prev(after)->second;
  return address < piece.end ? &piece : nullptr;
}

void RunRecorder::addCode(std::uintptr_t begin, std::uintptr_t end, std::uint32_t function, Tier tier) {
  std::lock_guard lock(pieceLock_);
  pieces_[begin] = {end, function, tier};
}

void RunRecorder::removeCode(std::uintptr_t begin) {
  std::lock_guard lock(pieceLock_);
  pieces_.erase(begin);
}

/// In a handler of the interpreter the op tells the function; it may lie in the register past the handler's end too, where the
/// runtime was called, which is still time of that function.
void RunRecorder::take(const Sample& sample) {
  std::lock_guard lock(pieceLock_);
  sums_.samples += sample.weight;
  ++sums_.signals;
  const auto at = reinterpret_cast<const char*>(sample.programCounter);
  const bool own = at >= __executable_start && at < etext;
  const Piece* piece = pieceAt(own ? sample.op : sample.programCounter);
  if (piece && (piece->tier == Tier::Interpreter) == own)
    sums_.functions[piece->function].samples[static_cast<std::size_t>(piece->tier)] += sample.weight;
  else if (own || (sample.programCounter >= settings_.rangeBegin && sample.programCounter < settings_.rangeEnd))
    sums_.runtimeSamples += sample.weight;
  else
    sums_.librarySamples += sample.weight;
}

std::uint64_t RunRecorder::samplesOf(std::uint32_t function) {
  std::lock_guard lock(pieceLock_);
  auto found = sums_.functions.find(function);
  return found == sums_.functions.end() ? 0 : std::accumulate(found->second.samples.begin(), found->second.samples.end(), std::uint64_t{0});
}

Recorded RunRecorder::recorded() {
  SignalBlock block;
  std::lock_guard work(work_);
  const std::uint64_t now = nowNanoseconds();
  sampler_.drain([&](const Sample& sample) { take(sample); });
  sampler_.discover();
  sampler_.readClocks();
  noteRuntimeThreads();
  const std::uint64_t cpu = programCpu();
  Recorded out = sums_;
  {
    std::lock_guard lock(list_);
    out.probes = store_.size();
  }
  for (std::size_t i = 0; i < out.probes; ++i) {
    Track* track = nullptr;
    {
      std::lock_guard lock(list_);
      track = store_[i].get();
    }
    std::lock_guard lock(track->record.mutex);
    if (track->isOpen)
      close(*track, now);
    RecordedFunction& function = out.functions[track->record.id];
    function.points = track->points;
    function.measured = track->measured;
    function.estimated = static_cast<std::uint64_t>(
        track->estimated + (track->counted ? 0 : track->rate * static_cast<double>(cpu - std::min(cpu, track->closedCpu))));
    out.lateCalls += track->probe.late.load(std::memory_order_relaxed);
  }
  out.events = log_.events();
  out.eventsDropped = log_.dropped();
  out.threads = sampler_.threads();
  out.sampling = sampling_;
  out.samplerLost = sampler_.lost();
  out.samplesMissed = sampler_.missed();
  out.processCpuNs = clockNs(CLOCK_PROCESS_CPUTIME_ID);
  std::uint64_t runtime = 0;
  for (const SeenThread& thread : out.threads) {
    runtime += thread.ofRuntime ? thread.cpuNs : 0;
    if (thread.name == "kiln-report")
      out.recorderCpuNs += thread.cpuNs;
  }
  out.programCpuNs = out.processCpuNs > runtime ? out.processCpuNs - runtime : 0;
  out.ticksPerNs = static_cast<double>(ticksNow() - beganTicks_) / static_cast<double>(std::max<std::uint64_t>(nowNanoseconds() - beganNs_, 1));
  out.invariantTicks = hasInvariantTicks();
  out.cost = cost_;
  out.sampleNs = sampleNs_;
  out.timedCalls = timedCalls_.load(std::memory_order_relaxed);
  out.countedCalls = countedCalls_.load(std::memory_order_relaxed);
  out.windows = windows_.load(std::memory_order_relaxed);
  out.relearnNs = static_cast<double>(busyWindows_.load(std::memory_order_relaxed)) * kRelearnNs;
  return out;
}

// Fork. The thread does no work from prepareFork() on.

void RunRecorder::prepareFork() {
  work_.lock();
  list_.lock();
  pieceLock_.lock();
}

void RunRecorder::parentAfterFork() {
  pieceLock_.unlock();
  list_.unlock();
  work_.unlock();
}

void RunRecorder::childAfterFork() {
  orphaned_.store(true, std::memory_order_relaxed);
  sampler_.forget();
  for (const auto& track : store_) {
    std::uintptr_t stub = track->stub;
    table_.slot(track->record.id).compare_exchange_strong(stub, track->probe.target.load(std::memory_order_relaxed));
    track->isOpen = false;
  }
  parentAfterFork();
}

} // namespace kiln::report
