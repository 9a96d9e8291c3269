// The binary form. All numbers but hashes are LEB128 varints; docs/profile.md has the layout.
#include "profile/ProfileFile.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "support/Hash.h"

namespace kiln {
namespace {

// As PNG's: no text begins like this, and a transfer that takes it for text damages it.
constexpr std::string_view kMagic = "\x89KPRF\r\n\x1a";
constexpr std::size_t kHashBytes = 8;

class Writer {
public:
  std::string bytes;

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes.push_back(static_cast<char>(value | 0x80));
    bytes.push_back(static_cast<char>(value));
  }
  void hash(std::uint64_t value) {
    for (unsigned i = 0; i < kHashBytes; ++i)
      bytes.push_back(static_cast<char>(value >> (8 * i)));
  }
  /// A list of places: how many, then each as its distance from the one before.
  template <typename Site, typename Place, typename Body>
  void sites(const std::vector<Site>& list, Place Site::* place, Body body) {
    number(list.size());
    std::uint32_t before = 0;
    for (const Site& site : list) {
      number(site.*place - before);
      before = site.*place;
      body(site);
    }
  }
};

using NameTable = std::map<std::string_view, std::uint32_t>;

NameTable namesOf(const ProgramProfile& profile) {
  NameTable names;
  for (const FunctionProfile& function : profile.functions) {
    names.emplace(function.name, 0);
    for (const CallProfile& call : function.calls)
      for (const TargetCount& target : call.targets)
        names.emplace(target.name, 0);
  }
  std::uint32_t next = 0;
  for (auto& [name, index] : names)
    index = next++;
  return names;
}

void write(Writer& out, const FunctionProfile& function, const NameTable& names) {
  out.number(names.at(function.name));
  out.hash(function.hash);
  out.number(function.entries);
  out.sites(function.branches, &BranchProfile::number, [&](const BranchProfile& branch) {
    out.number(branch.taken);
    out.number(branch.notTaken);
  });
  out.sites(function.switches, &SwitchProfile::number, [&](const SwitchProfile& site) {
    out.number(site.defaultCount);
    out.number(site.cases.size());
    for (std::uint64_t count : site.cases)
      out.number(count);
  });
  out.sites(function.loops, &LoopProfile::block, [&](const LoopProfile& loop) { out.number(loop.backEdges); });
  out.sites(function.calls, &CallProfile::number, [&](const CallProfile& call) {
    out.number(call.targets.size());
    for (const TargetCount& target : call.targets) {
      out.number(names.at(target.name));
      out.hash(target.hash);
      out.number(target.count);
    }
    out.number(call.other);
  });
  out.sites(function.memory, &MemoryProfile::number, [&](const MemoryProfile& site) {
    out.number(site.sizes.size());
    for (const SizeCount& size : site.sizes) {
      out.number(size.size);
      out.number(size.count);
    }
    out.number(site.other);
  });
  out.sites(function.arguments, &ArgumentProfile::index, [&](const ArgumentProfile& argument) {
    out.number(static_cast<std::uint64_t>(argument.state));
    if (argument.state == ArgumentState::Constant) {
      out.number(argument.value);
      out.number(argument.count);
    }
  });
}

/// Reads on until the first defect, which it keeps; everything read after that is 0 and every list empty.
class Reader {
public:
  Reader(std::string_view bytes, std::size_t end) : bytes_(bytes), end_(end) {}

  std::size_t at = 0;
  const std::string& defect() const { return defect_; }
  bool sound() const { return defect_.empty(); }
  void refuse(const std::string& what) {
    if (sound())
      defect_ = "at byte " + std::to_string(at) + ": " + what;
  }

  std::uint64_t number(std::uint64_t limit = UINT64_MAX) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; sound(); shift += 7) {
      if (at == end_) {
        refuse("the file ends within a number");
        break;
      }
      auto byte = static_cast<unsigned char>(bytes_[at++]);
      std::uint64_t bits = byte & 0x7f;
      if (shift > 63 || (shift == 63 && bits > 1) || (shift > 0 && byte == 0)) {
        refuse("a number that is not written as numbers are");
        break;
      }
      value |= bits << shift;
      if (byte < 0x80) {
        if (value <= limit)
          return value;
        refuse("the number " + std::to_string(value) + " where at most " + std::to_string(limit) + " can be");
      }
    }
    return 0;
  }
  std::uint64_t hash() {
    std::uint64_t value = 0;
    if (end_ - at < kHashBytes)
      refuse("the file ends within a hash");
    for (unsigned i = 0; i < kHashBytes && sound(); ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[at++])} << (8 * i);
    return value;
  }
  /// How many items follow, each of at least `size` bytes: a bound for memory as well.
  std::size_t count(std::size_t size) {
    std::uint64_t items = number();
    if (sound() && items > (end_ - at) / size)
      refuse("a list of " + std::to_string(items) + " items goes beyond the end of the file");
    return sound() ? static_cast<std::size_t>(items) : 0;
  }
  std::string_view text() {
    std::size_t length = count(1);
    std::string_view out = bytes_.substr(at, length);
    at += length;
    return out;
  }
  template <typename Site, typename Place, typename Body>
  void sites(std::vector<Site>& list, Place Site::* place, std::size_t size, Body body) {
    list.resize(count(size));
    std::uint32_t before = 0;
    for (Site& site : list) {
      before += static_cast<std::uint32_t>(number(UINT32_MAX - before));
      site.*place = before;
      body(site);
      if (!sound())
        return;
    }
  }

private:
  std::string_view bytes_;
  std::size_t end_;
  std::string defect_;
};

std::string nameAt(Reader& in, const std::vector<std::string_view>& names) {
  if (names.empty()) {
    in.refuse("a name where the table of names is empty");
    return {};
  }
  std::size_t index = in.number(names.size() - 1);
  return in.sound() ? std::string(names[index]) : std::string();
}

FunctionProfile readFunction(Reader& in, const std::vector<std::string_view>& names) {
  FunctionProfile function;
  function.name = nameAt(in, names);
  function.hash = in.hash();
  function.entries = in.number();
  in.sites(function.branches, &BranchProfile::number, 3, [&](BranchProfile& branch) {
    branch.taken = in.number();
    branch.notTaken = in.number();
  });
  in.sites(function.switches, &SwitchProfile::number, 3, [&](SwitchProfile& site) {
    site.defaultCount = in.number();
    site.cases.resize(in.count(1));
    for (std::uint64_t& count : site.cases)
      count = in.number();
  });
  in.sites(function.loops, &LoopProfile::block, 2, [&](LoopProfile& loop) { loop.backEdges = in.number(); });
  in.sites(function.calls, &CallProfile::number, 3, [&](CallProfile& call) {
    call.targets.resize(in.number(kTopValues));
    for (TargetCount& target : call.targets) {
      target.name = nameAt(in, names);
      target.hash = in.hash();
      target.count = in.number();
    }
    call.other = in.number();
  });
  in.sites(function.memory, &MemoryProfile::number, 3, [&](MemoryProfile& site) {
    site.sizes.resize(in.number(kTopValues));
    for (SizeCount& size : site.sizes) {
      size.size = in.number();
      size.count = in.number();
    }
    site.other = in.number();
  });
  in.sites(function.arguments, &ArgumentProfile::index, 2, [&](ArgumentProfile& argument) {
    argument.state = static_cast<ArgumentState>(in.number(static_cast<std::uint64_t>(ArgumentState::Varied)));
    if (argument.state == ArgumentState::Constant) {
      argument.value = in.number();
      argument.count = in.number();
    }
  });
  return function;
}

} // namespace

std::string profileToBinary(const ProgramProfile& profile) {
  Writer out;
  out.bytes = kMagic;
  out.number(kProfileVersion);
  NameTable names = namesOf(profile);
  out.number(names.size());
  for (const auto& [name, index] : names) {
    out.number(name.size());
    out.bytes += name;
  }
  out.number(profile.functions.size());
  for (const FunctionProfile& function : profile.functions)
    write(out, function, names);
  out.hash(hashBytes(out.bytes));
  return std::move(out.bytes);
}

Result<ProgramProfile> profileFromBinary(std::string_view bytes) {
  auto bad = [](std::string what) { return fail(ErrorCode::BadProfile, std::move(what)); };
  if (!bytes.starts_with(kMagic))
    return bad("not a profile");
  if (bytes.size() < kMagic.size() + kHashBytes)
    return bad("truncated: " + std::to_string(bytes.size()) + " bytes are no whole profile");
  Reader in(bytes, bytes.size() - kHashBytes);
  in.at = kMagic.size();
  // The version first: a later one may have another checksum.
  std::uint64_t version = in.number();
  if (in.sound() && version != kProfileVersion)
    return bad("version " + std::to_string(version) + " of the format; this Kiln reads version " +
               std::to_string(kProfileVersion));
  std::size_t end = bytes.size() - kHashBytes;
  Reader trailer(bytes, bytes.size());
  trailer.at = end;
  if (trailer.hash() != hashBytes(bytes.substr(0, end)))
    return bad("truncated or changed: the checksum is wrong");

  std::vector<std::string_view> names(in.count(1));
  for (std::string_view& name : names)
    name = in.text();
  ProgramProfile profile;
  constexpr std::size_t kLeastFunction = 1 + kHashBytes + 1 + 6;
  profile.functions.resize(in.count(kLeastFunction));
  for (FunctionProfile& function : profile.functions)
    if (in.sound())
      function = readFunction(in, names);
  if (in.sound() && in.at != end)
    in.refuse(std::to_string(end - in.at) + " bytes behind the last function");
  if (!in.sound())
    return bad(in.defect());
  if (std::string defect = canonicalDefect(profile); !defect.empty())
    return bad(defect);
  return profile;
}

} // namespace kiln
