// The report of a run (kiln/Report.h): what is put together from statistics, recorded times and events.
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "abi/CallShape.h"
#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"

namespace kiln {
namespace {

/// A function of this module asks where its frame is or who called it, and would see the frame of a timed call.
bool looksAtFrames(const llvm::Module& module) {
  return std::any_of(module.begin(), module.end(), [](const llvm::Function& function) {
    switch (function.getIntrinsicID()) {
    case llvm::Intrinsic::returnaddress:
    case llvm::Intrinsic::addressofreturnaddress:
    case llvm::Intrinsic::frameaddress:
    case llvm::Intrinsic::sponentry:
      return true;
    default:
      return false;
    }
  });
}

/// Whether a frame can lie between the function and its callers.
bool isTimeable(const llvm::Function& function, CallShapes& shapes) {
  using llvm::Attribute;
  for (auto attribute : {Attribute::Naked, Attribute::ReturnsTwice, Attribute::PresplitCoroutine})
    if (function.hasFnAttribute(attribute))
      return false;
  auto shape = shapes.of(function.getFunctionType(), function.getAttributes(), function.getCallingConv(), {},
                         function.getParent()->getDataLayout());
  return shape && (*shape)->stackBytes == 0 && !(*shape)->variadic && !(*shape)->preservesMost && (*shape)->copies.empty();
}

/// One report in the making.
class Gather {
public:
  Gather(const report::Recorded& recorded, Report& out) : recorded_(recorded), out_(out) {
    for (const report::LoggedEvent& event : recorded.events)
      byFunction_[event.function].push_back(&event);
    nsPerSample_ = recorded.samples ? static_cast<double>(recorded.programCpuNs) / static_cast<double>(recorded.samples) : 0;
  }
  /// `number`: what the recorder knows it by.
  void add(FunctionStatistics statistics, const FunctionRecord& record, std::uint32_t number, bool timeable, bool counted);
  void finish();

private:
  std::uint64_t time(std::uint64_t samples) const {
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(samples) * nsPerSample_));
  }
  double cost(std::uint64_t ticks, std::uint64_t timed) const {
    const double each = static_cast<double>(ticks) / static_cast<double>(timed);
    return std::max(0.0, (each - recorded_.cost.ticksMeasured) / recorded_.ticksPerNs);
  }
  std::optional<double> costOf(const std::vector<report::CostPoint>& points, std::uint32_t change) const;
  void addChange(ReportedFunction& function, const std::vector<report::CostPoint>& points, const report::LoggedEvent& event) const;
  void addCompiles(const ReportedFunction& function, const std::vector<const report::LoggedEvent*>& events);
  void addEvents();
  void addMeasurement();

  const report::Recorded& recorded_;
  Report& out_;
  double nsPerSample_ = 0;
  std::unordered_map<const char*, std::vector<const report::LoggedEvent*>> byFunction_;
};

/// Of one code of a function. Its first call is in the first point, with all that it sets in motion: that point is left out
/// where there are others.
std::optional<double> Gather::costOf(const std::vector<report::CostPoint>& points, std::uint32_t change) const {
  std::uint64_t ticks = 0, timed = 0;
  std::size_t seen = 0;
  for (const report::CostPoint& point : points) {
    if (point.change != change)
      continue;
    if (seen++ == 1)
      ticks = timed = 0;
    ticks += point.ticks;
    timed += point.timed;
  }
  if (timed == 0)
    return std::nullopt;
  return cost(ticks, timed);
}

void Gather::addChange(ReportedFunction& function, const std::vector<report::CostPoint>& points,
                       const report::LoggedEvent& event) const {
  ReportedChange change;
  if (event.from >= 0)
    change.from = static_cast<Tier>(event.from);
  change.to = event.to;
  change.atNs = event.atNs;
  change.calls = event.calls;
  change.compileNs = event.compileNs;
  change.reason = event.reason;
  const report::CostPoint* before = nullptr;
  for (const report::CostPoint& point : points) {
    if (point.beganNs < event.atNs) {
      before = &point;
      continue;
    }
    if (point.tier == event.to)
      change.costAfter = costOf(points, point.change);
    break;
  }
  if (before && change.from)
    change.costBefore = costOf(points, before->change);
  // Less is noise. And code that only records more is not made to be faster.
  constexpr double kLeastNs = 1, kLeastShare = 0.03;
  if (change.costBefore && change.costAfter && change.from != change.to &&
      *change.costBefore - *change.costAfter >= std::max(kLeastNs, kLeastShare * *change.costBefore))
    change.breakEvenCalls = static_cast<std::uint64_t>(
        std::ceil(static_cast<double>(change.compileNs) / (*change.costBefore - *change.costAfter)));
  function.changes.push_back(std::move(change));
}

void Gather::addCompiles(const ReportedFunction& function, const std::vector<const report::LoggedEvent*>& events) {
  for (const VersionStatistics& version : function.statistics.versions) {
    ReportedCompile compile;
    compile.function = function.statistics.name;
    compile.tier = version.tier;
    compile.loop = version.loop;
    compile.prepareNs = version.prepareNs;
    compile.passesNs = version.passesNs;
    compile.codegenNs = version.codegenNs;
    compile.linkNs = version.linkNs;
    compile.codeBytes = version.codeBytes;
    compile.cached = version.cached;
    const std::uint64_t took = version.prepareNs + version.passesNs + version.codegenNs + version.linkNs;
    compile.endNs = version.publishedAtNs;
    // What came from the cache says what its compile took, in another run.
    compile.beginNs = version.publishedAtNs - (version.cached ? version.linkNs : std::min(took, version.publishedAtNs));
    // Who published it, at once: the event comes a moment later.
    const report::LoggedEvent* best = nullptr;
    for (const report::LoggedEvent* event : events) {
      const bool ofVersion = (event->kind == TierEvent::Kind::Published || event->kind == TierEvent::Kind::LoopPublished ||
                              event->kind == TierEvent::Kind::Demoted) &&
                             event->to == version.tier && event->loop == (version.loop ? std::int64_t{*version.loop} : -1) &&
                             event->atNs >= version.publishedAtNs;
      if (ofVersion && (!best || event->atNs < best->atNs))
        best = event;
    }
    constexpr std::uint64_t kAtOnce = 5'000'000;
    if (best && best->atNs - version.publishedAtNs < kAtOnce) {
      compile.thread = best->thread;
      compile.reason = best->reason;
    }
    out_.compiles.push_back(std::move(compile));
  }
}

void Gather::add(FunctionStatistics statistics, const FunctionRecord& record, std::uint32_t number, bool timeable, bool counted) {
  ReportedFunction function;
  function.statistics = std::move(statistics);
  function.calls = function.statistics.calls;
  function.timed = timeable;
  function.callsComplete = timeable || counted;
  static const std::vector<const report::LoggedEvent*> none;
  auto found = byFunction_.find(record.name.data());
  const auto& events = found == byFunction_.end() ? none : found->second;
  static const std::vector<report::CostPoint> noPoints;
  const std::vector<report::CostPoint>* points = &noPoints;
  if (auto known = recorded_.functions.find(number); known != recorded_.functions.end()) {
    const report::RecordedFunction& from = known->second;
    function.calls += from.measured + from.estimated;
    function.callsEstimated = from.measured + from.estimated != 0;
    for (std::size_t tier = 0; tier < kTierCount; ++tier) {
      function.selfByTier[tier] = time(from.samples[tier]);
      function.selfNs += function.selfByTier[tier];
    }
    points = &from.points;
    for (const report::CostPoint& point : *points)
      function.curve.push_back({point.calls, point.span, point.timed, cost(point.ticks, point.timed), point.atNs, point.tier});
  }
  for (const report::LoggedEvent* event : events)
    if (event->loop < 0 && (event->kind == TierEvent::Kind::Published || event->kind == TierEvent::Kind::Demoted))
      addChange(function, *points, *event);
  addCompiles(function, events);
  out_.functions.push_back(std::move(function));
}

void Gather::addEvents() {
  for (const report::LoggedEvent& event : recorded_.events) {
    ReportedEvent copy;
    copy.kind = eventName(event.kind);
    copy.function = event.function;
    if (event.from >= 0)
      copy.from = static_cast<Tier>(event.from);
    copy.to = event.to;
    if (event.loop >= 0)
      copy.loop = static_cast<std::uint32_t>(event.loop);
    copy.thread = event.thread;
    copy.atNs = event.atNs;
    copy.calls = event.calls;
    copy.loops = event.loops;
    copy.reason = event.reason;
    out_.events.push_back(std::move(copy));
  }
  for (const report::SeenThread& thread : recorded_.threads)
    out_.threads.push_back({thread.number, thread.name, thread.ofRuntime, thread.cpuNs});
}

void Gather::addMeasurement() {
  ReportMeasurement& out = out_.measurement;
  out.ticksPerNs = recorded_.ticksPerNs;
  out.invariantTicks = recorded_.invariantTicks;
  out.emptyCallNs = recorded_.cost.ticksMeasured / recorded_.ticksPerNs;
  out.timedCallNs = recorded_.cost.timedNs;
  out.countedCallNs = recorded_.cost.countedNs;
  out.sampleNs = recorded_.sampleNs;
  out.timedCalls = recorded_.timedCalls;
  out.countedCalls = recorded_.countedCalls;
  out.lateCalls = recorded_.lateCalls;
  out.windows = recorded_.windows;
  out.probes = recorded_.probes;
  out.sampling = recorded_.sampling;
  if (!recorded_.sampling)
    out.samplingEnded = "another program of this process is sampled, or no real-time signal was free";
  else if (recorded_.samplerLost)
    out.samplingEnded = "the program took the signal for itself";
  out.samplePeriodNs = static_cast<std::uint64_t>(nsPerSample_);
  out.samples = recorded_.samples;
  out.samplesMissed = recorded_.samplesMissed;
  out.eventsDropped = recorded_.eventsDropped;
  out.probeNs = static_cast<std::uint64_t>(static_cast<double>(out.timedCalls + out.lateCalls) * out.timedCallNs +
                                           static_cast<double>(out.countedCalls) * out.countedCallNs + recorded_.relearnNs);
  out.samplerNs = static_cast<std::uint64_t>(static_cast<double>(recorded_.signals + out.samplesMissed) * out.sampleNs);
  out.threadNs = recorded_.recorderCpuNs;
  out.overheadShare = static_cast<double>(out.probeNs + out.samplerNs + out.threadNs) /
                      static_cast<double>(std::max<std::uint64_t>(out_.processCpuNs, 1));
}

void Gather::finish() {
  out_.programCpuNs = recorded_.programCpuNs;
  out_.processCpuNs = recorded_.processCpuNs;
  out_.libraryNs = time(recorded_.librarySamples);
  out_.runtimeNs = time(recorded_.runtimeSamples);
  addEvents();
  addMeasurement();
  std::stable_sort(out_.functions.begin(), out_.functions.end(), [](const ReportedFunction& a, const ReportedFunction& b) {
    return a.selfNs != b.selfNs ? a.selfNs > b.selfNs : a.calls > b.calls;
  });
  std::stable_sort(out_.compiles.begin(), out_.compiles.end(),
                   [](const ReportedCompile& a, const ReportedCompile& b) { return a.beginNs < b.beginNs; });
}

} // namespace

void ProgramCore::makeRecorder(World* opened) {
  if (!engine_->options.report)
    return;
  if (root_) {
    recordedAs_ = root_->nextRecorded_;
    root_->nextRecorded_ += static_cast<std::uint32_t>(map_.functions.size());
    return;
  }
  nextRecorded_ = static_cast<std::uint32_t>(map_.functions.size());
  World& world = *opened;
  report::RunRecorder::Settings settings;
  settings.counts = [this](Tier tier) { return tiers_->counts(tier); };
  settings.top = engine_->options.ladder.top();
  settings.startedAt = engine_->startedAt;
  settings.observer = engine_->options.observer;
  settings.rangeBegin = reinterpret_cast<std::uintptr_t>(range_->base());
  settings.rangeEnd = settings.rangeBegin + range_->bytes();
  std::vector<bool> frames;
  for (std::size_t m = 0; m < world.moduleCount(); ++m)
    frames.push_back(looksAtFrames(world.module(m)));
  world.completeFunctions();
  CallShapes shapes;
  for (const FunctionInfo& info : map_.functions)
    settings.timeable.push_back(!info.ifuncResolved && !frames[info.module] &&
                                isTimeable(world.functionAt(info.module, info.index), shapes));
  recorder_ = std::make_unique<report::RunRecorder>(*table_, *space_, std::move(settings));
}

Observer* ProgramCore::observer() const { return recorder() ? &recorder()->observer() : engine_->options.observer; }

std::uintptr_t ProgramCore::codeOf(std::uint32_t function) const {
  const std::uintptr_t slot = table_->slot(function).load(std::memory_order_acquire);
  return recorder_ ? recorder_->behind(function, slot) : slot;
}

void ProgramCore::tellRecorder(const FunctionRecord& record, const Version& version) {
  if (version.tier == Tier::Interpreter) {
    const auto ops = interpreter_->opsOf(record.id);
    const auto begin = reinterpret_cast<std::uintptr_t>(ops.data());
    recorder()->addCode(begin, begin + ops.size_bytes(), recordedAs_ + record.id, version.tier);
  }
  for (const CodeSpan& span : version.memory)
    if (span.arena == CodeArena::Code && version.tier != Tier::Interpreter) {
      const auto begin = reinterpret_cast<std::uintptr_t>(span.rx);
      recorder()->addCode(begin, begin + span.size, recordedAs_ + record.id, version.tier);
    }
}

void ProgramCore::stopRecorder() {
  if (recorder_)
    recorder_->stop();
}

Result<Report> ProgramCore::report() {
  if (!recorder_)
    return fail(ErrorCode::BadOption, "a report needs Options::report from the beginning on");
  if (recorder_->orphaned())
    return fail(ErrorCode::BadOption, "the report is of the process that was started, not of its children");
  Report out;
  out.title = name_;
  out.kilnVersion = KILN_VERSION;
  const report::Recorded recorded = recorder_->recorded();
  Gather gather(recorded, out);
  out.statistics = statistics();
  out.statistics.functions.clear();
  auto add = [&](FunctionStatistics function, const FunctionRecord& record, std::uint32_t number, bool timeable, bool counted) {
    gather.add(std::move(function), record, number, timeable, counted);
  };
  forReport(add);
  for (const auto& child : children())
    child->forReport(add);
  gather.finish();
  return out;
}

void ProgramCore::forReport(const ReportFunction& add) {
  for (std::uint32_t id = 0; id < table_->size(); ++id) {
    FunctionRecord* record = table_->existing(id);
    if (!record)
      continue;
    FunctionStatistics function = statisticsOf(*record);
    const bool counted = !function.tier || tiers_->counts(*function.tier);
    if (!function.versions.empty() || function.failures != 0)
      add(std::move(function), *record, recordedAs_ + id, recorder_ && recorder_->timeable(id), counted);
  }
}

} // namespace kiln
