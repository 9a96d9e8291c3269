#include "diag/DebugSections.h"

#include <string>

#include "code/DwarfBytes.h"

namespace kiln {
namespace {

constexpr std::uint16_t kVersion = 4;
constexpr std::uint8_t kAddressBytes = 8;

enum Tag : std::uint8_t { kUnit = 0x11, kInlinedCall = 0x1d, kSubprogram = 0x2e };
enum Attribute : std::uint8_t {
  kName = 0x03,
  kStatements = 0x10,
  kLowPc = 0x11,
  kHighPc = 0x12,
  kLanguage = 0x13,
  kDirectory = 0x1b,
  kInline = 0x20,
  kProducer = 0x25,
  kOrigin = 0x31,
  kFile = 0x3a,
  kLine = 0x3b,
  kExternal = 0x3f,
  kCallFile = 0x58,
  kCallLine = 0x59,
  kLinkageName = 0x6e,
};
enum Form : std::uint8_t {
  kAddress = 0x01,
  kData8 = 0x07,
  kString = 0x08,
  kUnsigned = 0x0f,
  kReference4 = 0x13,
  kOffset4 = 0x17,
  kPresent = 0x19,
};
/// Numbers of the abbreviations. What has no calls inside may not say that it has entries inside.
enum Abbreviation : std::uint8_t {
  kOfUnit = 1,
  kOfOrigin,
  kOfFunction,
  kOfFunctionWithCalls,
  kOfInlined,
  kOfInlinedWithCalls
};

class Abbreviations {
public:
  void add(Abbreviation number, Tag tag, bool children, std::initializer_list<std::pair<Attribute, Form>> fields) {
    out_.uleb(number);
    out_.uleb(tag);
    out_.byte(children);
    for (auto [attribute, form] : fields) {
      out_.uleb(attribute);
      out_.uleb(form);
    }
    out_.uleb(0);
    out_.uleb(0);
  }
  std::vector<std::byte> take() {
    out_.uleb(0);
    return out_.take();
  }

private:
  DwarfBytes out_;
};

std::vector<std::byte> abbreviations() {
  Abbreviations all;
  all.add(kOfUnit, kUnit, true,
          {{kProducer, kString},
           {kLanguage, kUnsigned},
           {kName, kString},
           {kDirectory, kString},
           {kStatements, kOffset4},
           {kLowPc, kAddress},
           {kHighPc, kData8}});
  all.add(kOfOrigin, kSubprogram, false, {{kName, kString}, {kLinkageName, kString}, {kInline, kUnsigned}});
  for (bool calls : {false, true}) {
    all.add(calls ? kOfFunctionWithCalls : kOfFunction, kSubprogram, calls,
            {{kName, kString},
             {kLinkageName, kString},
             {kExternal, kPresent},
             {kFile, kUnsigned},
             {kLine, kUnsigned},
             {kLowPc, kAddress},
             {kHighPc, kData8}});
    all.add(calls ? kOfInlinedWithCalls : kOfInlined, kInlinedCall, calls,
            {{kOrigin, kReference4},
             {kCallFile, kUnsigned},
             {kCallLine, kUnsigned},
             {kLowPc, kAddress},
             {kHighPc, kData8}});
  }
  return all.take();
}

class Information {
public:
  Information(const LineTable& table, std::uintptr_t address, std::size_t bytes)
      : table_(table), address_(address), bytes_(bytes) {}

  std::vector<std::byte> make() {
    out_.fixed(std::uint32_t{0}); // the length
    out_.fixed(kVersion);
    out_.fixed(std::uint32_t{0}); // where the abbreviations are
    out_.byte(kAddressBytes);
    unit();
    origins();
    function();
    out_.uleb(0); // the unit's end
    out_.overwrite(0, static_cast<std::uint32_t>(out_.size() - 4));
    return out_.take();
  }

private:
  void range(std::uint64_t begin, std::uint64_t end) {
    out_.fixed(static_cast<std::uint64_t>(address_ + begin));
    out_.fixed(static_cast<std::uint64_t>(end - begin));
  }
  void unit() {
    out_.uleb(kOfUnit);
    // GDB looks for the end of a function's entry in the lines, and not in the code, of what LLVM made.
    out_.text("Kiln, as clang version 19");
    out_.uleb(table_.language);
    out_.text(table_.file < table_.files.size() ? table_.files[table_.file] : std::string());
    out_.text(table_.directory);
    out_.fixed(std::uint32_t{0}); // where the lines are
    range(0, bytes_);
  }
  void function() {
    out_.uleb(table_.inlined.empty() ? kOfFunction : kOfFunctionWithCalls);
    out_.text(table_.name);
    out_.text(table_.linkageName.empty() ? table_.name : table_.linkageName);
    out_.uleb(table_.file + 1);
    out_.uleb(table_.line);
    range(0, bytes_);
    if (table_.inlined.empty())
      return;
    callsBetween(0, table_.rows.size(), 0);
    out_.uleb(0);
  }
  void origins() {
    for (const LineTable::Inlined& each : table_.inlined) {
      origins_.push_back(static_cast<std::uint32_t>(out_.size()));
      out_.uleb(kOfOrigin);
      out_.text(each.name);
      out_.text(each.linkageName.empty() ? each.name : each.linkageName);
      out_.uleb(1); // inlined
    }
  }
  /// Which inlined calls a row is in, the outermost first.
  std::vector<std::uint32_t> chainOf(const LineTable::Row& row) const {
    std::vector<std::uint32_t> chain;
    for (std::uint32_t at = row.inlined; at != LineTable::kNone; at = table_.inlined[at].parent)
      chain.insert(chain.begin(), at);
    return chain;
  }
  /// An entry for each stretch of rows in one inlined call: a call in several stretches has several entries, which
  /// debuggers take as well as one with ranges.
  void callsBetween(std::size_t begin, std::size_t end, std::size_t depth) {
    for (std::size_t at = begin; at < end;) {
      auto chain = chainOf(table_.rows[at]);
      if (chain.size() <= depth) {
        ++at;
        continue;
      }
      std::size_t stop = at + 1;
      auto same = [&](const LineTable::Row& row) {
        auto other = chainOf(row);
        return other.size() > depth && other[depth] == chain[depth];
      };
      while (stop < end && same(table_.rows[stop]))
        ++stop;
      inlined(at, stop, depth, chain[depth]);
      at = stop;
    }
  }

  void inlined(std::size_t begin, std::size_t end, std::size_t depth, std::uint32_t which) {
    const LineTable::Inlined& call = table_.inlined[which];
    bool more = false;
    for (std::size_t i = begin; i < end; ++i)
      more |= chainOf(table_.rows[i]).size() > depth + 1;
    out_.uleb(more ? kOfInlinedWithCalls : kOfInlined);
    out_.fixed(origins_[which]);
    out_.uleb(call.file + 1);
    out_.uleb(call.line);
    range(table_.rows[begin].offset, end < table_.rows.size() ? table_.rows[end].offset : bytes_);
    if (!more)
      return;
    callsBetween(begin, end, depth + 1);
    out_.uleb(0);
  }

  const LineTable& table_;
  const std::uintptr_t address_;
  const std::size_t bytes_;
  DwarfBytes out_;
  std::vector<std::uint32_t> origins_;
};

std::vector<std::byte> lineProgram(const LineTable& table, std::uintptr_t address, std::size_t bytes) {
  enum : std::uint8_t { kExtended = 0, kCopy = 1, kAdvancePc = 2, kAdvanceLine = 3, kSetFile = 4, kSetColumn = 5 };
  enum : std::uint8_t { kEndSequence = 1, kSetAddress = 2 };
  constexpr std::uint8_t kOperands[] = {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1}; // of the standard opcodes
  DwarfBytes out;
  out.fixed(std::uint32_t{0}); // the length
  out.fixed(kVersion);
  out.fixed(std::uint32_t{0}); // of the header
  const std::size_t header = out.size();
  out.byte(1);    // bytes of the smallest instruction
  out.byte(1);    // operations in one
  out.byte(1);    // rows are statements
  out.byte(0xfb); // special opcodes, which are not used
  out.byte(14);
  out.byte(1 + sizeof kOperands);
  out.append(kOperands);
  out.byte(0); // no folders
  for (const std::string& file : table.files) {
    out.text(file.empty() ? "?" : file);
    out.uleb(0);
    out.uleb(0);
    out.uleb(0);
  }
  out.byte(0);
  out.overwrite(header - 4, static_cast<std::uint32_t>(out.size() - header));
  out.byte(kExtended);
  out.uleb(1 + kAddressBytes);
  out.byte(kSetAddress);
  out.fixed(std::uint64_t{address});
  LineTable::Row last{.offset = 0, .file = 0, .line = 1, .column = 0};
  for (const LineTable::Row& row : table.rows) {
    out.byte(kAdvancePc);
    out.uleb(row.offset - last.offset);
    out.byte(kAdvanceLine);
    out.sleb(std::int64_t{row.line} - last.line);
    out.byte(kSetFile);
    out.uleb(row.file + 1);
    out.byte(kSetColumn);
    out.uleb(row.column);
    out.byte(kCopy);
    last = row;
  }
  out.byte(kAdvancePc);
  out.uleb(bytes - last.offset);
  out.byte(kExtended);
  out.uleb(1);
  out.byte(kEndSequence);
  out.overwrite(0, static_cast<std::uint32_t>(out.size() - 4));
  return out.take();
}

} // namespace

DebugSections debugSections(const LineTable& table, std::uintptr_t address, std::size_t bytes) {
  return {abbreviations(), Information(table, address, bytes).make(), lineProgram(table, address, bytes)};
}

} // namespace kiln
