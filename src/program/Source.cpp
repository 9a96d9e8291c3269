#include "program/Source.h"

#include <llvm/BinaryFormat/Magic.h>
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
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/LlvmBridge.h"

namespace kiln {
namespace {

bool isBitcode(std::span<const char> bytes) {
  return llvm::identify_magic(llvm::StringRef(bytes.data(), bytes.size())) == llvm::file_magic::bitcode;
}

/// Text that could be IR: no NUL byte in its first part.
bool looksLikeText(std::span<const char> bytes) {
  return memchr(bytes.data(), 0, std::min<std::size_t>(bytes.size(), 4096)) == nullptr;
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
  return Source{std::move(name), std::vector<char>(bitcode.begin(), bitcode.end())};
}

} // namespace

Result<Source> makeSource(std::string name, std::span<const char> bytes) {
  if (bytes.empty())
    return fail(ErrorCode::EmptyInput, name + ": the file is empty");
  if (isBitcode(bytes))
    return Source{std::move(name), std::vector<char>(bytes.begin(), bytes.end())};
  if (looksLikeText(bytes))
    return fromText(std::move(name), bytes);
  return fail(ErrorCode::BadBitcode, name + ": not LLVM bitcode (it starts with other bytes)");
}

Result<Source> readSource(const std::string& path) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(ErrorCode::FileNotFound, path + ": " + strerror(errno));
  struct stat info;
  if (fstat(file, &info) != 0 || S_ISDIR(info.st_mode)) {
    close(file);
    return fail(ErrorCode::FileNotFound, path + ": is a directory or cannot be read");
  }
  std::vector<char> bytes(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  for (;;) {
    if (done == bytes.size())
      bytes.resize(done + 65536); // pipes have no size; files end here
    ssize_t got = read(file, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      std::string why = strerror(errno);
      close(file);
      return fail(ErrorCode::FileNotFound, path + ": " + why);
    }
    if (got == 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  close(file);
  bytes.resize(done);
  if (bytes.empty())
    return fail(ErrorCode::EmptyInput, path + ": the file is empty");
  if (isBitcode(bytes))
    return Source{path, std::move(bytes)};
  return makeSource(path, bytes);
}

} // namespace kiln
