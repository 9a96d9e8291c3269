#include "coverage/Instrument.h"

#include <llvm/ADT/DepthFirstIterator.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>

#include "coverage/WholeModule.h"
#include "support/Hash.h"

namespace kiln {
namespace {

class Counting {
public:
  Counting(llvm::Module& module, ModuleCoverage& out) : module_(module), out_(out) {}

  /// The array's name; empty if there is nothing to count.
  std::string run(std::size_t number) {
    for (llvm::Function& function : module_) {
      forgetEffects(function);
      if (!function.isDeclaration() && !function.hasAvailableExternallyLinkage())
        add(function);
    }
    if (places_.empty())
      return {};
    auto* word = llvm::Type::getInt64Ty(module_.getContext());
    auto* type = llvm::ArrayType::get(word, places_.size());
    std::string name = "kiln.coverage." + std::to_string(number);
    auto* array = new llvm::GlobalVariable(module_, type, /*isConstant=*/false, llvm::GlobalValue::ExternalLinkage,
                                           llvm::ConstantAggregateZero::get(type), name);
    array->setAlignment(llvm::Align(8));
    for (std::size_t i = 0; i < places_.size(); ++i)
      count(*places_[i], *array, i);
    return array->getName().str();
  }

private:
  /// A function that counts writes memory, and so does whatever calls it.
  static void forgetEffects(llvm::Function& function) {
    if (function.isIntrinsic())
      return;
    function.removeFnAttr(llvm::Attribute::Memory);
    function.removeFnAttr(llvm::Attribute::Speculatable);
    for (llvm::BasicBlock& block : function)
      for (llvm::Instruction& instruction : block)
        if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction); call && !llvm::isa<llvm::IntrinsicInst>(call)) {
          call->removeFnAttr(llvm::Attribute::Memory);
          call->removeFnAttr(llvm::Attribute::Speculatable);
        }
  }

  /// Monotonic, not plain: no pass keeps such a count in a register, so that a thread that ends in the middle of a loop
  /// has counted, and threads that count the same block do not race. They may lose a count, but never the first.
  static void count(llvm::BasicBlock& block, llvm::GlobalVariable& array, std::size_t index) {
    llvm::IRBuilder<> builder(&block, block.getFirstInsertionPt());
    builder.SetCurrentDebugLocation({});
    auto* word = builder.getInt64Ty();
    llvm::Constant* at =
        llvm::ConstantExpr::getInBoundsGetElementPtr(word, &array, llvm::ConstantInt::get(word, index));
    auto* old = builder.CreateAlignedLoad(word, at, llvm::Align(8));
    old->setAtomic(llvm::AtomicOrdering::Monotonic);
    auto* now = builder.CreateAlignedStore(builder.CreateAdd(old, llvm::ConstantInt::get(word, 1)), at, llvm::Align(8));
    now->setAtomic(llvm::AtomicOrdering::Monotonic);
  }

  void add(llvm::Function& function) {
    FunctionCoverage& known = out_.functions.emplace_back();
    known.name = function.getName().str();
    if (const llvm::DISubprogram* place = function.getSubprogram())
      known.place = SourceLine{fileNumber(place->getFile()), place->getLine()};
    llvm::df_iterator_default_set<llvm::BasicBlock*> reachable;
    for (llvm::BasicBlock* block : llvm::depth_first_ext(&function, reachable))
      (void)block;
    const bool naked = function.hasFnAttribute(llvm::Attribute::Naked); // has no frame to count in
    for (llvm::BasicBlock& block : function) {
      BlockCoverage& each = known.blocks.emplace_back();
      each.reachable = !naked && reachable.contains(&block) && block.getFirstInsertionPt() != block.end();
      describe(block, each);
      if (each.reachable)
        places_.push_back(&block);
    }
  }

  void describe(llvm::BasicBlock& block, BlockCoverage& into) {
    for (llvm::Instruction& instruction : block) {
      if (llvm::isa<llvm::PHINode>(instruction) || instruction.isDebugOrPseudoInst())
        continue;
      ++into.instructions;
      // Line 0 is what no line of the source stands behind; variables are made where the function begins.
      const llvm::DILocation* location = instruction.getDebugLoc();
      if (location && location->getLine() != 0 && !llvm::isa<llvm::AllocaInst>(instruction))
        into.lines.push_back({fileNumber(location->getFile()), location->getLine()});
    }
    std::ranges::sort(into.lines);
    auto doubles = std::ranges::unique(into.lines);
    into.lines.erase(doubles.begin(), doubles.end());
  }

  std::uint32_t fileNumber(const llvm::DIFile* file) {
    std::string path = file ? file->getFilename().str() : std::string();
    if (file && !path.starts_with('/') && !file->getDirectory().empty())
      path = file->getDirectory().str() + "/" + path;
    auto [at, added] = files_.try_emplace(path, static_cast<std::uint32_t>(out_.files.size()));
    if (added)
      out_.files.push_back(path);
    return at->second;
  }

  llvm::Module& module_;
  ModuleCoverage& out_;
  std::vector<llvm::BasicBlock*> places_;
  llvm::StringMap<std::uint32_t> files_;
};

Source written(const Source& source, llvm::Module& module) {
  auto bytes = std::make_shared<llvm::SmallVector<char, 0>>();
  llvm::BitcodeWriter writer(*bytes);
  writer.writeModule(module);
  writer.writeSymtab();
  writer.writeStrtab();
  return Source{source.name, {bytes->data(), bytes->size()}, bytes, source.entry};
}

} // namespace

Result<CountedSource> countBlocks(const Source& source, std::size_t number) {
  return withWholeModule(source, ErrorCode::BadBitcode, [&](llvm::Module& module) -> Result<CountedSource> {
    std::string rejected;
    llvm::raw_string_ostream out(rejected);
    if (llvm::verifyModule(module, &out))
      return fail(ErrorCode::VerifierFailed,
                  source.name + ": LLVM's verifier rejects the module: " + firstLines(rejected));
    CountedSource counted;
    counted.module.name = source.name;
    counted.module.hash = hashBytes({source.bitcode.data(), source.bitcode.size()});
    counted.variable = Counting(module, counted.module).run(number);
    counted.source = written(source, module);
    return counted;
  });
}

} // namespace kiln
