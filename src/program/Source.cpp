#include "program/Source.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "program/Llbc.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

/// Text that could be IR: no NUL byte in its first part.
bool looksLikeText(std::span<const char> bytes) {
  return memchr(bytes.data(), 0, std::min<std::size_t>(bytes.size(), 4096)) == nullptr;
}

Source owning(std::string name, std::vector<char> bytes) {
  auto kept = std::make_shared<const std::vector<char>>(std::move(bytes));
  return Source{std::move(name), *kept, kept};
}

Result<Source> fromText(std::string name, std::span<const char> bytes) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic diagnostic;
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(llvm::StringRef(bytes.data(), bytes.size()), name);
  auto module = llvm::parseAssembly(buffer->getMemBufferRef(), diagnostic, context);
  if (!module)
    return fail(ErrorCode::BadBitcode, name + ": neither bitcode nor LLVM IR text: line " +
                                           std::to_string(diagnostic.getLineNo()) + ": " +
                                           diagnostic.getMessage().str());
  std::string text;
  llvm::raw_string_ostream out(text);
  if (llvm::verifyModule(*module, &out))
    return fail(ErrorCode::VerifierFailed, name + ": LLVM's verifier rejects the module: " + firstLines(text));
  llvm::SmallVector<char, 0> bitcode;
  llvm::BitcodeWriter writer(bitcode);
  writer.writeModule(*module);
  writer.writeSymtab();
  writer.writeStrtab();
  return owning(std::move(name), std::vector<char>(bitcode.begin(), bitcode.end()));
}

/// A file descriptor that is closed with the scope.
class File {
public:
  explicit File(const std::string& path) : number_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (number_ >= 0)
      close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int number() const { return number_; }

private:
  int number_;
};

/// The bytes of a regular file where the system keeps them, or nothing if it cannot be mapped.
std::optional<Source> mapFile(const std::string& path, const File& file, std::size_t bytes) {
  if (bytes == 0)
    return std::nullopt;
  void* start = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (start == MAP_FAILED)
    return std::nullopt;
  std::shared_ptr<const void> memory(start, [bytes](void* mapped) { munmap(mapped, bytes); });
  return Source{path, {static_cast<const char*>(start), bytes}, std::move(memory)};
}

/// Reads to the end: pipes and devices have no size.
Result<Source> readStream(const std::string& path, const File& file) {
  std::vector<char> bytes;
  std::size_t done = 0;
  for (;;) {
    if (done == bytes.size())
      bytes.resize(std::max<std::size_t>(65536, 2 * done));
    ssize_t got = read(file.number(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fail(ErrorCode::FileNotFound, path + ": " + strerror(errno));
    if (got == 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return owning(path, std::move(bytes));
}

/// The bitcode where it lies, in the same memory.
Result<Source> fromContainer(Source source) {
  auto container = llbc::parse(source.bitcode);
  if (!container) {
    const Defect& defect = container.error();
    return fail(defect.code, source.name + ": " + defect.message +
                                 (defect.offset ? " (at byte " + std::to_string(*defect.offset) + ")" : std::string()));
  }
  source.bitcode = container->payload;
  source.entry = std::move(container->header.entry);
  return source;
}

/// The source, if its bytes are bitcode or a container of it; text is turned into it.
Result<Source> recognised(Source source) {
  if (source.bitcode.empty())
    return fail(ErrorCode::EmptyInput, source.name + ": the file is empty");
  if (llbc::isBitcode(source.bitcode))
    return source;
  if (llbc::isContainer(source.bitcode) || source.name.ends_with(".llbc"))
    return fromContainer(std::move(source));
  if (looksLikeText(source.bitcode))
    return fromText(std::move(source.name), source.bitcode);
  return fail(ErrorCode::BadBitcode, source.name + ": not LLVM bitcode (it starts with other bytes)");
}

} // namespace

Result<Source> makeSource(std::string name, std::span<const char> bytes) {
  return recognised(owning(std::move(name), std::vector<char>(bytes.begin(), bytes.end())));
}

Result<Source> readSource(const std::string& path, bool mapped) {
  File file(path);
  if (file.number() < 0)
    return fail(ErrorCode::FileNotFound, path + ": " + strerror(errno));
  struct stat info;
  if (fstat(file.number(), &info) != 0 || S_ISDIR(info.st_mode))
    return fail(ErrorCode::FileNotFound, path + ": is a directory or cannot be read");
  if (S_ISREG(info.st_mode) && mapped)
    if (auto inPlace = mapFile(path, file, static_cast<std::size_t>(info.st_size)))
      return recognised(std::move(*inPlace));
  auto whole = readStream(path, file);
  return whole ? recognised(std::move(*whole)) : whole;
}

} // namespace kiln
