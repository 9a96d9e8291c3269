// A continuation made ready to be called with a state that the test writes by hand.
#pragma once

#include <gtest/gtest.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <cstring>
#include <map>

#include "compile/llvm/Transform.h"
#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "program/Source.h"
#include "transition/FrameState.h"

namespace kiln::test {

/// A program of IR text, and a view of its prepared functions beside it.
class Prepared {
public:
  using Hosts = std::vector<ProgramInput::HostFunction>;

  explicit Prepared(const std::string& text, Hosts hosts = {}, Options options = {}) {
    auto source = makeSource("test.ll", text);
    if (!source) {
      ADD_FAILURE() << source.error().message;
      return;
    }
    auto made = std::make_shared<std::vector<Source>>();
    made->push_back(std::move(*source));
    sources = made;
    world = std::move(*World::open(sources));
    for (const auto& host : hosts)
      symbols.add(host.name, host.address);
    auto map_ = ProgramMap::build(*world, symbols);
    if (!map_) {
      ADD_FAILURE() << map_.error().message;
      return;
    }
    map = std::move(*map_);
    ProgramInput input = ProgramInput::memory("test.ll", text);
    input.hostFunctions = std::move(hosts);
    engine = EngineCore::create(std::move(options), nullptr);
    auto loaded = ProgramCore::load(engine, input);
    if (!loaded) {
      ADD_FAILURE() << loaded.error().message;
      return;
    }
    core = std::move(*loaded);
  }
  /// Closes the queue before the program goes, as the public engine does.
  ~Prepared() {
    if (engine)
      engine->shutdown();
  }

  llvm::Function& function(std::string_view name) {
    const FunctionInfo& info = map.functions[map.find(name).id];
    return **world->prepared(world->functionAt(info.module, info.index));
  }
  static std::uint32_t blockNumber(const FunctionNumbers& numbers, std::string_view name) {
    for (std::uint32_t number = 0; number < numbers.blockCount(); ++number)
      if (numbers.block(number).getName() == llvm::StringRef(name))
        return number;
    ADD_FAILURE() << "there is no block " << name;
    return 0;
  }
  FunctionRecord& record(std::string_view name) { return **core->find(name); }
  template <typename Signature> Signature* native(std::string_view name) {
    return reinterpret_cast<Signature*>(*core->functionAddress(name));
  }
  /// The continuation as IR, checked by LLVM's verifier, or the reason of its refusal.
  std::string ir(std::string_view name, std::uint32_t loop) {
    WorldSymbols refs(*world, map);
    auto unit = extractUnit(*world, map, refs, map.find(name).id, importLimits(Tier::O3));
    if (!unit)
      return unit.error().message;
    if (auto refusal = makeContinuation(*unit, loop))
      return refusal->reason;
    std::string text;
    llvm::raw_string_ostream out(text);
    if (llvm::verifyModule(*unit->module, &out))
      ADD_FAILURE() << text;
    unit->function->print(out);
    return text;
  }

  /// What LLVM's passes make of the continuation at O3.
  std::string optimised(std::string_view name, std::uint32_t loop) {
    LlvmCompiler compiler(map, std::make_shared<WorldKeeper>(sources, map, Reading::Whole));
    auto text = compiler.dump({map.find(name).id, Tier::O3, false, loop}, DumpKind::Ir);
    return text ? *text : text.error().message;
  }

  std::shared_ptr<const std::vector<Source>> sources;
  std::unique_ptr<World> world;
  HostSymbols symbols;
  ProgramMap map;
  std::shared_ptr<EngineCore> engine;
  std::shared_ptr<ProgramCore> core;
};

/// The continuation of `function` at `header`, and a state to fill in by the values' names.
class Continued {
public:
  Continued(Prepared& program, std::string_view function, std::string_view header)
      : numbers_(program.function(function)), loop(Prepared::blockNumber(numbers_, header)) {
    auto state = liveInto(numbers_, numbers_.block(loop));
    if (!state) {
      ADD_FAILURE() << state.error();
      return;
    }
    words_.assign(state->words + 1, 0xdeadbeefdeadbeef);
    for (const LiveValue& value : state->values)
      missing_[value.value->getName().str()] = value;
    ir = program.ir(function, loop);
    address_ = program.core->forceOsr(program.record(function), loop, Tier::O0);
    EXPECT_NE(address_, 0u) << ir;
  }
  /// Gives a live value its words, each by what its leaf holds; the rest of a word stays dirty where that is allowed.
  template <typename... Leaf> Continued& set(const std::string& name, Leaf... leaves) {
    auto at = missing_.find(name);
    if (at == missing_.end()) {
      ADD_FAILURE() << name << " is not live";
      return *this;
    }
    std::uint32_t word = at->second.word;
    (put(word, leaves), ...);
    EXPECT_EQ(word, at->second.word + at->second.words) << name;
    missing_.erase(at);
    return *this;
  }
  template <typename Result> Result call() {
    for (const auto& [name, value] : missing_)
      ADD_FAILURE() << name << " has no value";
    return reinterpret_cast<Result (*)(const std::uint64_t*)>(address_)(words_.data());
  }

private:
  template <typename Leaf> void put(std::uint32_t& word, Leaf leaf) {
    constexpr std::size_t bytes = std::is_same_v<Leaf, long double> ? 10 : sizeof(Leaf);
    memcpy(&words_[word], &leaf, bytes);
    if constexpr (std::is_same_v<Leaf, bool>)
      words_[word] = leaf; // an i1: the bits above are zero
    word += (bytes + 7) / 8;
  }

  FunctionNumbers numbers_;
  std::vector<std::uint64_t> words_;
  std::map<std::string, LiveValue> missing_;
  std::uintptr_t address_ = 0;

public:
  const std::uint32_t loop;
  std::string ir;
};

} // namespace kiln::test
