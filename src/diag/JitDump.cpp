#include "diag/JitDump.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "code/DwarfBytes.h"
#include "diag/GdbJit.h"

namespace kiln {
namespace {

constexpr std::uint32_t kMagic = 0x4a695444, kVersion = 1, kHeaderBytes = 40;
enum Record : std::uint32_t { kLoad = 0, kLines = 2, kUnwinding = 4 };

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

/// A record: what kind, its length in bytes, the time, then its contents, padded to 8 bytes.
template <typename Body> void append(DwarfBytes& out, Record kind, std::uint64_t time, Body body) {
  const std::size_t start = out.size();
  out.fixed(std::uint32_t{kind});
  out.fixed(std::uint32_t{0});
  out.fixed(time);
  body();
  while ((out.size() - start) % 8 != 0)
    out.byte(0);
  out.overwrite(start + 4, static_cast<std::uint32_t>(out.size() - start));
}

void appendLines(DwarfBytes& out, const CodeNames::Code& code, std::uint64_t time) {
  const LineTable& table = *code.lines;
  append(out, kLines, time, [&] {
    out.fixed(static_cast<std::uint64_t>(code.address));
    std::uint64_t count = 0;
    const std::size_t countField = out.size();
    out.fixed(count);
    for (const LineTable::Row& row : table.rows) {
      if (row.line == 0 || row.file >= table.files.size())
        continue;
      const std::string& file = table.files[row.file];
      ++count;
      out.fixed(static_cast<std::uint64_t>(code.address + row.offset));
      out.fixed(row.line);
      out.fixed(std::uint32_t{0}); // the discriminator
      out.text(file.starts_with('/') || table.directory.empty() ? file : table.directory + '/' + file);
    }
    out.overwrite(countField, static_cast<std::uint32_t>(count));
  });
}

/// The code's `.eh_frame`, and a header with no search table: readers then walk the former.
void appendUnwinding(DwarfBytes& out, const void* section, std::uint64_t time) {
  constexpr std::uint8_t kRelativeToSelf4 = 0x1b;
  const std::size_t bytes = unwindBytes(section);
  append(out, kUnwinding, time, [&] {
    constexpr std::uint64_t kHeader = 8;
    out.fixed(std::uint64_t{kHeader + bytes});
    out.fixed(kHeader);
    out.fixed(std::uint64_t{0}); // nothing of it is mapped
    const auto* content = static_cast<const std::uint8_t*>(section);
    for (std::size_t i = 0; i < bytes; ++i)
      out.byte(content[i]);
    out.byte(1); // the header's version
    out.byte(kRelativeToSelf4);
    out.byte(kOmitted);
    out.byte(kOmitted);
    out.fixed(-static_cast<std::int32_t>(bytes + 4));
  });
}

} // namespace

Result<std::unique_ptr<JitDump>> JitDump::open(const std::string& folder) {
  std::unique_ptr<JitDump> dump(new JitDump);
  const std::string path = folder + "/jit-" + std::to_string(getpid()) + ".dump";
  auto failed = [&] { return fail(ErrorCode::SystemError, "cannot write '" + path + "': " + strerror(errno)); };
  dump->file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (dump->file_ < 0)
    return failed();
  DwarfBytes header;
  header.fixed(kMagic);
  header.fixed(kVersion);
  header.fixed(kHeaderBytes);
  header.fixed(std::uint32_t{EM_X86_64});
  header.fixed(std::uint32_t{0});
  header.fixed(static_cast<std::uint32_t>(getpid()));
  header.fixed(now());
  header.fixed(std::uint64_t{0}); // flags: times are of the clock
  dump->write(header.take());
  dump->marker_ = mmap(nullptr, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), PROT_READ | PROT_EXEC, MAP_PRIVATE,
                       dump->file_, 0);
  if (dump->marker_ == MAP_FAILED) {
    dump->marker_ = nullptr;
    return failed();
  }
  return dump;
}

JitDump::~JitDump() {
  if (marker_)
    munmap(marker_, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
  if (file_ >= 0)
    close(file_);
}

/// A record goes out whole, so that the file is sound when the program is killed.
void JitDump::write(const std::vector<std::byte>& record) {
  const std::byte* at = record.data();
  for (std::size_t left = record.size(); left > 0;) {
    ssize_t done = ::write(file_, at, left);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return; // a full disk costs names, not the program
    at += done;
    left -= static_cast<std::size_t>(done);
  }
}

void JitDump::add(const CodeNames::Code& code) {
  const std::uint64_t time = now();
  DwarfBytes out;
  // What belongs to a load stands before it.
  if (code.lines)
    appendLines(out, code, time);
  if (code.unwindSection)
    appendUnwinding(out, code.unwindSection, time);
  append(out, kLoad, time, [&] {
    out.fixed(static_cast<std::uint32_t>(getpid()));
    out.fixed(static_cast<std::uint32_t>(gettid()));
    out.fixed(static_cast<std::uint64_t>(code.address));
    out.fixed(static_cast<std::uint64_t>(code.address));
    out.fixed(static_cast<std::uint64_t>(code.bytes));
    out.fixed(count_++);
    out.text(std::string(code.function) + " [" + std::string(code.variant) + "]");
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(code.address);
    for (std::size_t i = 0; i < code.bytes; ++i)
      out.byte(bytes[i]);
  });
  write(out.take());
}

} // namespace kiln
