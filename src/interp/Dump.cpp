#include "interp/Dump.h"

#include <cinttypes>
#include <cstdio>
#include <unordered_map>

#include "interp/Ops.h"

namespace kiln::interp {
namespace {

struct Description {
  std::string name;
  std::string layout;
};
using Descriptions = std::unordered_map<Handler, Description>;

Descriptions describeAll() {
  Descriptions all;
  OpVisitor visit = [&](Handler handler, std::string name, std::string_view layout) {
    all.try_emplace(handler, Description{std::move(name), std::string(layout)});
  };
  listIntegerOps(visit);
  listWideOps(visit);
  listFloatOps(visit);
  listMemoryOps(visit);
  listAtomicOps(visit);
  listControlOps(visit);
  listFusedOps(visit);
  listUpdateOps(visit);
  listCallOps(visit);
  return all;
}

/// Writes one op and returns its size in words.
class Line {
public:
  Line(const Op* op, std::uint32_t offset) : op_(op), offset_(offset) {}

  std::size_t write(const Description& what, std::string& out) {
    char begin[32];
    snprintf(begin, sizeof(begin), "%6" PRIu32 "  ", offset_);
    out += begin;
    out += what.name;
    if (what.layout == "call") {
      writeCall(out);
    } else {
      std::size_t at = 0;
      while (at < what.layout.size()) {
        std::size_t end = std::min(what.layout.find(',', at), what.layout.size());
        writeField(std::string_view(what.layout).substr(at, end - at), out);
        at = end + 1;
      }
    }
    out += '\n';
    return words_;
  }

private:
  void field(std::string& out, const char* name, unsigned value) {
    out += ' ';
    out += name;
    out += '=';
    out += std::to_string(value);
  }
  Word next() { return op_->k[words_++ - kOpWords]; }
  void writeField(std::string_view name, std::string& out) {
    char text[48];
    if (name == "d" || name == "x") {
      field(out, "d", op_->d);
    } else if (name == "a" || name == "y") {
      field(out, "a", op_->a);
    } else if (name == "b") {
      field(out, "b", op_->b);
    } else if (name == "c") {
      field(out, "c", op_->c);
    } else if (name == "offset") {
      snprintf(text, sizeof(text), " offset=%d", op_->offset);
      out += text;
    } else if (name == "jump") {
      snprintf(text, sizeof(text), " ->%" PRId64, std::int64_t{offset_} + op_->offset);
      out += text;
    } else if (name == "far") {
      snprintf(text, sizeof(text), " ->%" PRId64, std::int64_t{offset_} + static_cast<std::int64_t>(next()));
      out += text;
    } else if (name == "constants") {
      Word count = next();
      for (Word i = 0; i < count; ++i)
        constant(next(), out);
    } else if (name == "budget" || name == "header" || name == "table") {
      next();
    } else if (name == "count") {
      snprintf(text, sizeof(text), " count=%" PRIu64, next());
      out += text;
    } else {
      constant(next(), out);
    }
  }
  void constant(Word value, std::string& out) {
    char text[32];
    snprintf(text, sizeof(text), value < 10 ? " k=%" PRIu64 : " k=0x%" PRIx64, value);
    out += text;
  }
  void writeCall(std::string& out) {
    field(out, "d", op_->d);
    words_ += 2;
    out += " (";
    const auto* arguments = reinterpret_cast<const std::uint16_t*>(op_->k + 2);
    for (unsigned i = 0; i < op_->b; ++i)
      out += (i ? " " : "") + std::to_string(arguments[i]);
    out += ')';
    words_ += (op_->b + 3u) / 4;
  }

  const Op* op_;
  std::uint32_t offset_;
  std::size_t words_ = kOpWords;
};

} // namespace

std::string opsText(const Code& code) {
  Descriptions all = describeAll();
  std::string out = "frame: " + std::to_string(code.frameWords) + " words; arguments: " +
                    std::to_string(code.shape.argumentWords) + "; instructions of the IR: " +
                    std::to_string(code.instructions) + "; code: " + std::to_string(code.size) + " words\n";
  for (std::size_t at = 0; at < code.size;) {
    const auto* op = reinterpret_cast<const Op*>(code.words.get() + at);
    auto known = all.find(op->run);
    auto offset = static_cast<std::uint32_t>(at * sizeof(Word));
    if (known == all.end()) { // never, unless an op is missing in its family's list
      out += std::to_string(offset) + "  ?\n";
      break;
    }
    at += Line(op, offset).write(known->second, out);
  }
  return out;
}

} // namespace kiln::interp
