#include "compile/llvm/JitLinker.h"

#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/Support/MemoryBuffer.h>

#include <cstring>

#include "support/LlvmBridge.h"

namespace kiln {
namespace {

using namespace llvm::jitlink;
using llvm::MemoryBufferRef, llvm::StringRef, llvm::StringError, llvm::make_error, llvm::inconvertibleErrorCode;
using llvm::JITSymbolFlags;
namespace orc = llvm::orc;
using LlvmError = llvm::Error;

/// What one link leaves behind, filled while JITLink works.
struct Linked {
  std::vector<CodeSpan> memory;
  std::uintptr_t entry = 0;
  std::uint64_t codeBytes = 0;
  std::uintptr_t codeStart = 0;
  void* unwindSection = nullptr;
  std::string error;
  CodeUse use = CodeUse::FirstCode;
  ObjectLinker::SymbolTable* symbols = nullptr;
};

/// Places a graph's sections in the code space.
class SpaceMemory final : public JITLinkMemoryManager {
public:
  SpaceMemory(CodeSpace& space, Linked& linked) : space_(space), linked_(linked) {}

  void allocate(const JITLinkDylib*, LinkGraph& graph, OnAllocatedFunction onAllocated) override {
    BasicLayout layout(graph);
    for (auto& [group, segment] : layout.segments()) {
      auto rights = group.getMemProt();
      auto has = [&](orc::MemProt right) { return (static_cast<unsigned>(rights) & static_cast<unsigned>(right)) != 0; };
      CodeArena arena = has(orc::MemProt::Exec)    ? CodeArena::Code
                        : has(orc::MemProt::Write) ? CodeArena::Data
                                                   : CodeArena::Constants;
      std::size_t size = segment.ContentSize + segment.ZeroFillSize;
      std::size_t alignment = std::max<std::size_t>(segment.Alignment.value(), 16);
      auto span = space_.allocate(arena, size, alignment, linked_.use);
      if (!span) {
        onAllocated(make_error<StringError>(span.error().message, inconvertibleErrorCode()));
        return;
      }
      linked_.memory.push_back(*span);
      if (arena == CodeArena::Code) {
        linked_.codeBytes += segment.ContentSize;
        linked_.codeStart = reinterpret_cast<std::uintptr_t>(span->rx);
      }
      memset(span->rw + segment.ContentSize, 0, segment.ZeroFillSize);
      segment.Addr = orc::ExecutorAddr::fromPtr(span->rx);
      segment.WorkingMem = reinterpret_cast<char*>(span->rw);
    }
    if (LlvmError error = layout.apply()) {
      onAllocated(std::move(error));
      return;
    }
    onAllocated(std::make_unique<InPlace>());
  }

  void deallocate(std::vector<FinalizedAlloc> allocations, OnDeallocatedFunction done) override {
    for (FinalizedAlloc& allocation : allocations)
      (void)allocation.release();
    done(LlvmError::success());
  }

private:
  /// The bytes are already where they run: they were written through the other view.
  class InPlace final : public InFlightAlloc {
  public:
    void abandon(OnAbandonedFunction done) override { done(LlvmError::success()); }
    void finalize(OnFinalizedFunction done) override { done(FinalizedAlloc(orc::ExecutorAddr(1))); }
  };
  CodeSpace& space_;
  Linked& linked_;
};

class LinkContext final : public JITLinkContext {
public:
  LinkContext(CodeSpace& space, const JitLinker::Resolve& resolve, const CodeArtifact& artifact, Linked& linked)
      : JITLinkContext(nullptr), memory_(space, linked), resolve_(resolve), entry_(artifact.entry), cells_(artifact.cells),
        linked_(linked) {}

  JITLinkMemoryManager& getMemoryManager() override { return memory_; }
  void notifyFailed(LlvmError error) override { linked_.error = messageOf(std::move(error)); }

  void lookup(const LookupMap& symbols, std::unique_ptr<JITLinkAsyncLookupContinuation> done) override {
    AsyncLookupResult result;
    std::string missing;
    for (const auto& [name, flags] : symbols) {
      auto address = name == llvm::StringRef(kGuardsSymbol) && cells_
                         ? std::optional(reinterpret_cast<std::uintptr_t>(cells_))
                         : resolve_(std::string_view(name.data(), name.size()));
      if (address)
        result[name] = {orc::ExecutorAddr(*address), JITSymbolFlags::Exported};
      else if (flags == SymbolLookupFlags::WeaklyReferencedSymbol)
        result[name] = {orc::ExecutorAddr(), JITSymbolFlags::Exported};
      else
        missing += " '" + name.str() + "'";
    }
    if (!missing.empty())
      done->run(make_error<StringError>("nothing defines" + missing, inconvertibleErrorCode()));
    else
      done->run(std::move(result));
  }

  LlvmError notifyResolved(LinkGraph& graph) override {
    for (const Symbol* symbol : graph.defined_symbols())
      if (symbol->hasName()) {
        if (symbol->getName() == entry_)
          linked_.entry = symbol->getAddress().getValue();
        if (linked_.symbols)
          (*linked_.symbols)[symbol->getName().str()] = symbol->getAddress().getValue();
      }
    return LlvmError::success();
  }

  void notifyFinalized(JITLinkMemoryManager::FinalizedAlloc allocation) override { (void)allocation.release(); }

  LlvmError modifyPassConfig(LinkGraph&, PassConfiguration& passes) override {
    // JITLink's only pass here relaxes accesses through the GOT. LLVM 19's turns a call of a target below 4 GiB (the
    // runtime in a position-dependent executable) into a relative call with an absolute operand.
    passes.PreFixupPasses.clear();
    passes.PostFixupPasses.push_back([this](LinkGraph& graph) {
      if (Section* section = graph.findSectionByName(".eh_frame")) {
        SectionRange range(*section);
        if (range.getSize() > 4) // more than the terminator
          linked_.unwindSection = range.getStart().toPtr<void*>();
      }
      return LlvmError::success();
    });
    return LlvmError::success();
  }

private:
  SpaceMemory memory_;
  const JitLinker::Resolve& resolve_;
  const std::string& entry_;
  GuardCell* const cells_;
  Linked& linked_;
};

} // namespace

Result<Version> JitLinker::link(const CodeArtifact& artifact, SymbolTable* symbols) {
  Linked linked;
  linked.symbols = symbols;
  linked.use = artifact.use;
  MemoryBufferRef buffer(StringRef(artifact.object.data(), artifact.object.size()), artifact.entry);
  auto graph = createLinkGraphFromObject(buffer);
  if (graph)
    llvm::jitlink::link(std::move(*graph), std::make_unique<LinkContext>(space_, resolve_, artifact, linked));
  else
    linked.error = messageOf(graph.takeError());
  if (linked.error.empty() && !linked.entry && !symbols)
    linked.error = "the object does not define '" + artifact.entry + "'";
  if (!linked.error.empty()) {
    for (const CodeSpan& span : linked.memory)
      space_.release(span);
    return fail(linked.error.starts_with("the code space is full") ? ErrorCode::CodeSpaceFull : ErrorCode::CompileFailed,
                "cannot link: " + linked.error);
  }
  if (linked.unwindSection)
    unwind_.add(linked.unwindSection, linked.codeStart);
  Version version;
  version.tier = artifact.tier;
  version.counts = artifact.counts;
  version.loop = artifact.loop;
  version.entry = linked.entry;
  version.codeBytes = linked.codeBytes;
  version.times = artifact.times;
  version.memory = std::move(linked.memory);
  version.unwindSection = linked.unwindSection;
  version.unwindCode = linked.codeStart;
  version.lasting = artifact.lasting;
  version.cached = artifact.cached;
  return version;
}

} // namespace kiln
