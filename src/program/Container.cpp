// The public functions on containers: packing, unpacking, and saying what is wrong with a module file.
#include "kiln/Container.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Bitstream/BitstreamReader.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>

#include "program/Llbc.h"
#include "program/Source.h"
#include "program/World.h"
#include "support/Files.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

/// Of a file that a container can be made of: its 32 bits of length, and a header.
constexpr std::uint64_t kMostFileBytes = (std::uint64_t{1} << 32) + llbc::kHeaderBytes;

std::unexpected<Error> inFile(const std::string& path, const Defect& defect) {
  return fail(defect.code, path + ": " + defect.message +
                               (defect.offset ? " (at byte " + std::to_string(*defect.offset) + ")" : std::string()));
}

llvm::StringRef text(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

/// The byte at which the structure of blocks and records breaks, if it does. Records are stepped over, not understood.
class Walk {
public:
  explicit Walk(std::span<const char> bytes) : cursor_(text(bytes)) {}

  std::optional<std::size_t> defect() {
    if (auto magic = cursor_.Read(32); !magic)
      return failed(magic.takeError());
    while (!cursor_.AtEndOfStream()) {
      auto entry = cursor_.advance(llvm::BitstreamCursor::AF_DontAutoprocessAbbrevs);
      if (!entry)
        return failed(entry.takeError());
      if (entry->Kind != llvm::BitstreamEntry::SubBlock)
        return here();
      if (auto inside = block(entry->ID, 0))
        return inside;
    }
    return std::nullopt;
  }

private:
  /// Blocks of LLVM's bitcode nest four deep.
  static constexpr unsigned kMostDepth = 16;

  std::optional<std::size_t> here() { return cursor_.GetCurrentBitNo() / 8; }
  std::optional<std::size_t> failed(llvm::Error error) {
    llvm::consumeError(std::move(error));
    return here();
  }

  std::optional<std::size_t> block(unsigned id, unsigned depth) {
    if (depth > kMostDepth)
      return here();
    if (id == llvm::bitc::BLOCKINFO_BLOCK_ID) {
      auto info = cursor_.ReadBlockInfoBlock();
      if (!info)
        return failed(info.takeError());
      if (!*info)
        return here();
      info_ = std::move(**info);
      cursor_.setBlockInfo(&info_);
      return std::nullopt;
    }
    if (llvm::Error error = cursor_.EnterSubBlock(id))
      return failed(std::move(error));
    for (;;) {
      auto entry = cursor_.advance();
      if (!entry)
        return failed(entry.takeError());
      switch (entry->Kind) {
      case llvm::BitstreamEntry::Error:
        return here();
      case llvm::BitstreamEntry::EndBlock:
        return std::nullopt;
      case llvm::BitstreamEntry::SubBlock:
        if (auto inside = block(entry->ID, depth + 1))
          return inside;
        break;
      case llvm::BitstreamEntry::Record:
        if (auto code = cursor_.skipRecord(entry->ID); !code)
          return failed(code.takeError());
        break;
      }
    }
  }

  llvm::BitstreamCursor cursor_;
  llvm::BitstreamBlockInfo info_;
};

/// Reads everything of the module and has LLVM verify it.
Result<Inspection::Module> examine(const Source& source) {
  auto sources = std::make_shared<std::vector<Source>>(1, source);
  auto opened = World::open(sources, Reading::Whole);
  if (!opened)
    return std::unexpected(opened.error());
  World& world = **opened;
  try {
    if (auto read = world.readAll(0); !read)
      return std::unexpected(read.error());
    llvm::Module& module = world.module(0);
    if (llvm::Error error = module.materializeAll())
      return fail(ErrorCode::BadBitcode, source.name + ": damaged bitcode: " + messageOf(std::move(error)));
    std::string rejected;
    llvm::raw_string_ostream out(rejected);
    if (llvm::verifyModule(module, &out))
      return fail(ErrorCode::VerifierFailed,
                  source.name + ": LLVM's verifier rejects the module: " + firstLines(rejected));
    if (!source.entry.empty()) {
      const llvm::Function* entry = module.getFunction(source.entry);
      if (!entry || entry->isDeclaration())
        return fail(ErrorCode::UnknownEntry, source.name + ": the module defines no function '" + source.entry +
                                                 "', which its container names as the entry");
    }
    Inspection::Module facts;
    if (auto producer = llvm::getBitcodeProducerString({text(source.bitcode), source.name}))
      facts.producer = *producer;
    else
      llvm::consumeError(producer.takeError());
    facts.target = module.getTargetTriple();
    facts.sourceFile = module.getSourceFileName();
    for (const llvm::Function& function : module)
      ++(function.isDeclaration() ? facts.declarations : facts.functions);
    facts.variables = module.global_size();
    facts.debugInfo = module.getNamedMetadata("llvm.dbg.cu") != nullptr;
    return facts;
  } catch (const LlvmFatal& fatal) {
    world.abandon();
    return fail(ErrorCode::BadBitcode, source.name + ": damaged bitcode: " + fatal.message);
  }
}

std::optional<std::size_t> structureDefect(std::span<const char> bitcode) {
  installFatalHandler();
  try {
    return bitcode.size() % 4 ? std::optional(bitcode.size()) : Walk(bitcode).defect();
  } catch (const LlvmFatal&) {
    return std::nullopt;
  }
}

/// What a load would say of the module behind the header.
void examineInto(Inspection& out, const Source& source, std::size_t offset) {
  auto facts = examine(source);
  if (facts) {
    out.module = std::move(*facts);
    return;
  }
  Defect defect{facts.error().code, std::nullopt, facts.error().message};
  if (defect.message.starts_with(source.name + ": "))
    defect.message.erase(0, source.name.size() + 2);
  if (defect.code == ErrorCode::BadBitcode && out.kind != Inspection::Kind::Text)
    if (auto at = structureDefect(source.bitcode)) {
      defect.offset = offset + *at;
      defect.message += "; the structure of blocks and records breaks there";
    }
  if (defect.code == ErrorCode::UnknownEntry)
    defect.offset = llbc::kEntryField.offset;
  out.defects.push_back(std::move(defect));
}

std::string nameOf(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, std::min(name.rfind('.'), kMaxContainerName));
}

} // namespace

std::string_view kindName(Inspection::Kind kind) {
  switch (kind) {
  case Inspection::Kind::Container:
    return "container";
  case Inspection::Kind::Bitcode:
    return "bitcode";
  case Inspection::Kind::Text:
    return "text";
  case Inspection::Kind::Unknown:
    return "unknown";
  }
  return "unknown";
}

Result<ContainerHeader> readContainerHeader(const std::string& path) {
  auto head = readFileStart(path, llbc::kHeaderBytes + 4); // and where version 1 has its bitcode's magic
  if (!head)
    return std::unexpected(head.error());
  auto header = llbc::parseHeader(head->bytes, head->fileBytes);
  if (!header)
    return inFile(path, header.error());
  return std::move(*header);
}

Result<void> packContainer(const PackOptions& options) {
  auto source = readSource(options.input);
  if (!source)
    return std::unexpected(source.error());
  ContainerHeader header;
  header.moduleName = nameOf(options.input);
  auto earlier = readFileStart(options.input, llbc::kHeaderBytes + 4);
  const bool repacked = earlier && llbc::isContainer(earlier->bytes);
  if (repacked) {
    auto known = readContainerHeader(options.input);
    if (!known)
      return std::unexpected(known.error());
    header = std::move(*known);
  }
  if (options.moduleName)
    header.moduleName = *options.moduleName;
  if (options.level)
    header.level = *options.level;
  if (options.entry)
    source->entry = *options.entry;
  const bool byDefault = !options.entry && !repacked;
  if (byDefault)
    source->entry = "main";
  auto facts = examine(*source);
  if (!facts && facts.error().code == ErrorCode::UnknownEntry && byDefault) {
    source->entry.clear();
    facts = examine(*source);
  }
  if (!facts && facts.error().code == ErrorCode::UnknownEntry && options.entry)
    return fail(ErrorCode::UnknownEntry, options.input + ": the module defines no function '" + *options.entry + "'");
  if (!facts)
    return std::unexpected(facts.error());
  header.entry = source->entry;
  auto bytes = llbc::write(header, source->bitcode);
  if (!bytes)
    return std::unexpected(bytes.error());
  return writeFile(options.output, *bytes);
}

Result<void> unpackContainer(const std::string& input, const std::string& output) {
  auto bytes = readFile(input, kMostFileBytes, ErrorCode::Unsupported);
  if (!bytes)
    return std::unexpected(bytes.error());
  if (bytes->empty())
    return fail(ErrorCode::EmptyInput, input + ": the file is empty");
  auto container = llbc::parse(*bytes);
  if (!container)
    return inFile(input, container.error());
  return writeFile(output, {container->payload.data(), container->payload.size()});
}

Result<Inspection> inspectFile(const std::string& path) {
  auto bytes = readFile(path, kMostFileBytes, ErrorCode::Unsupported);
  if (!bytes)
    return std::unexpected(bytes.error());
  Inspection out;
  out.file = path;
  out.bytes = bytes->size();
  Source source{path, *bytes, nullptr};
  std::size_t offset = 0;
  if (llbc::isContainer(*bytes) || (path.ends_with(".llbc") && !bytes->empty())) {
    out.kind = Inspection::Kind::Container;
    out.defects = llbc::defectsOf(*bytes, out.container);
    if (!out.container ||
        !llbc::isBitcode(std::span<const char>(*bytes).subspan(std::min(out.container->headerBytes, bytes->size()))))
      return out;
    offset = out.container->headerBytes;
    source.bitcode = source.bitcode.subspan(offset);
    source.entry = out.container->entry;
  } else if (llbc::isBitcode(*bytes)) {
    out.kind = Inspection::Kind::Bitcode;
  } else {
    auto read = makeSource(path, *bytes);
    if (!read) {
      const bool isText = read.error().message.find("LLVM IR text") != std::string::npos ||
                          read.error().code == ErrorCode::VerifierFailed;
      out.kind = isText ? Inspection::Kind::Text : Inspection::Kind::Unknown;
      std::string message = read.error().message;
      message.erase(0, message.starts_with(path + ": ") ? path.size() + 2 : 0);
      out.defects.push_back({read.error().code, std::nullopt, std::move(message)});
      return out;
    }
    out.kind = Inspection::Kind::Text;
    source = std::move(*read);
  }
  examineInto(out, source, offset);
  return out;
}

} // namespace kiln
