#include "export/Link.h"

#include <llvm/Support/FileSystem.h>
#include <llvm/Support/raw_ostream.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "export/Lld.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";

/// The shared libraries that every program may use, as they are called at run time: what they define or want keeps its
/// name.
constexpr const char* kRuntimes[] = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6"};
constexpr const char* kArchives[] = {"libc.a", "libm.a", "libgcc.a", "libgcc_eh.a", "libstdc++.a"};

/// An object in memory that has a path, for lld reads files.
class MemoryFile {
public:
  explicit MemoryFile(const std::vector<char>& bytes) : number_(memfd_create("kiln-export", MFD_CLOEXEC)) {
    std::size_t done = 0;
    while (number_ >= 0 && done < bytes.size()) {
      ssize_t count = write(number_, bytes.data() + done, bytes.size() - done);
      if (count < 0 && errno != EINTR)
        return;
      done += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    whole_ = number_ >= 0;
  }
  ~MemoryFile() {
    if (number_ >= 0)
      close(number_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  bool whole() const { return whole_; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(number_); }

private:
  int number_;
  bool whole_ = false;
};

/// What all kinds have in common: nothing that nobody refers to, no names, no build number, equal code once. Sections
/// that programs walk by their bounds stay whole.
void addCommon(LinkPlan& plan, const ExportOptions& options) {
  plan.before = {"ld.lld",
                 "-m",
                 "elf_x86_64",
                 "--gc-sections",
                 "-z",
                 "nostart-stop-gc",
                 "--icf=safe",
                 "-s",
                 "-O2",
                 "--build-id=none",
                 "--hash-style=gnu",
                 "--eh-frame-hdr",
                 "--as-needed",
                 "--allow-shlib-undefined"};
  if (!options.sysroot.empty())
    plan.before.push_back("--sysroot=" + options.sysroot);
}

Result<void> addStartFiles(LinkPlan& plan, const SystemFiles& files, const ExportOptions& options) {
  const bool shared = options.kind == ExportKind::SharedLibrary;
  const char* begin = options.isStatic ? "crtbeginT.o" : "crtbeginS.o";
  const char* end = options.isStatic ? "crtend.o" : "crtendS.o";
  std::vector<const char*> first = {options.isStatic ? "crt1.o" : "Scrt1.o", "crti.o", begin};
  if (shared)
    first.erase(first.begin());
  for (const char* name : first) {
    auto path = files.startFile(name);
    if (!path)
      return std::unexpected(path.error());
    plan.before.push_back(*path);
  }
  for (const char* name : {end, "crtn.o"}) {
    auto path = files.startFile(name);
    if (!path)
      return std::unexpected(path.error());
    plan.after.push_back(*path);
  }
  return {};
}

/// The folder of a library that the loader would not look into.
std::string runPathOf(const std::string& library, const SystemFiles& files) {
  char absolute[PATH_MAX];
  if (library.find('/') == std::string::npos || !realpath(library.c_str(), absolute))
    return {};
  std::string folder = absolute;
  folder.resize(folder.rfind('/'));
  for (const std::string& known : files.folders())
    if (char other[PATH_MAX]; realpath(known.c_str(), other) && folder == other)
      return {};
  return folder;
}

Result<void> addLibraries(LinkPlan& plan, const SystemFiles& files, const ExportOptions& options) {
  std::vector<std::string> words;
  for (const std::string& name : options.libraries) {
    auto path = files.library(name, options.isStatic);
    if (!path)
      return std::unexpected(path.error());
    words.push_back(*path);
    addSymbols(*path, plan.names);
    if (std::string folder = options.isStatic ? "" : runPathOf(name, files); !folder.empty())
      plan.before.insert(plan.before.end(), {"-rpath", folder});
  }
  // C++'s library may not be installed where only C is compiled; a program that needs it is told its symbols.
  const bool cxx = !files.find(options.isStatic ? "libstdc++.a" : "libstdc++.so").empty();
  if (options.isStatic) {
    words.emplace_back("--start-group");
    if (cxx)
      words.emplace_back("-lstdc++");
    words.insert(words.end(), {"-lm", "-lgcc", "-lgcc_eh", "-lc", "--end-group"});
  } else {
    if (cxx)
      words.emplace_back("-lstdc++");
    words.insert(words.end(), {"-lm", "-lgcc_s", "-lgcc", "-lc"});
  }
  for (const char* needed : {options.isStatic ? "libc.a" : "libc.so", "libgcc.a"})
    if (auto found = files.startFile(needed); !found)
      return std::unexpected(found.error());
  plan.after.insert(plan.after.begin(), words.begin(), words.end());
  return {};
}

void addNames(LinkPlan& plan, const SystemFiles& files, bool isStatic) {
  if (isStatic)
    for (const char* name : kArchives)
      addSymbols(files.find(name), plan.names);
  else
    for (const char* name : kRuntimes)
      addSymbols(files.find(name), plan.names);
}

} // namespace

Result<LinkPlan> planLink(const ExportOptions& options) {
  LinkPlan plan;
  const SystemFiles files(options);
  addNames(plan, files, options.isStatic);
  if (options.kind == ExportKind::Object)
    return plan;
  addCommon(plan, options);
  if (options.kind == ExportKind::SharedLibrary)
    plan.before.insert(plan.before.end(), {"-shared", "-Bsymbolic"});
  else if (options.isStatic)
    plan.before.emplace_back("-static");
  else
    plan.before.insert(plan.before.end(), {"-pie", "-dynamic-linker", kLoader});
  if (options.kind == ExportKind::Executable)
    for (const std::string& name : options.exports)
      plan.before.push_back("--export-dynamic-symbol=" + name);
  for (const std::string& folder : files.folders())
    plan.before.push_back("-L" + folder);
  if (auto added = addStartFiles(plan, files, options); !added)
    return std::unexpected(added.error());
  if (auto added = addLibraries(plan, files, options); !added)
    return std::unexpected(added.error());
  return plan;
}

Result<void> linkObject(const LinkPlan& plan, const std::vector<char>& object, const std::string& output) {
  MemoryFile file(object);
  if (!file.whole())
    return fail(ErrorCode::SystemError, std::string("no memory file for the linker's input: ") + strerror(errno));
  std::vector<std::string> words = plan.before;
  words.insert(words.begin() + 1, {"-o", output});
  words.push_back(file.path());
  words.insert(words.end(), plan.after.begin(), plan.after.end());
  auto linked = runLld(words);
  if (!linked)
    return fail(linked.error().code, output + ": " + linked.error().message);
  return {};
}

Result<void> writeWhole(const std::string& path, const std::vector<char>& bytes) {
  llvm::Error error = llvm::writeToOutput(path, [&](llvm::raw_ostream& out) {
    out.write(bytes.data(), bytes.size());
    return llvm::Error::success();
  });
  if (error)
    return fail(ErrorCode::SystemError, path + ": " + messageOf(std::move(error)));
  return {};
}

} // namespace kiln
