#include "capi/Common.h"

#include <charconv>
#include <cstdlib>

#include "kiln/Engine.h"

namespace kiln::capi {
namespace {

kiln_error& noMemory() {
  // Its text is short enough to need no memory of its own, and it is never destroyed.
  static kiln_error* error = [] {
    alignas(kiln_error) static char place[sizeof(kiln_error)];
    auto* made = new (place) kiln_error;
    made->code = KILN_SYSTEM_ERROR;
    made->message = "out of memory";
    return made;
  }();
  return *error;
}

} // namespace

kiln_error* outOfMemory() {
  return &noMemory();
}

kiln_error* failure(ErrorCode code, std::string message) {
  auto* error = new (std::nothrow) kiln_error;
  if (!error)
    return outOfMemory();
  error->code = static_cast<int>(code);
  error->message = std::move(message);
  return error;
}

kiln_error* give(const std::string& text, char** out) {
  auto* copy = static_cast<char*>(malloc(text.size() + 1));
  if (!copy)
    return outOfMemory();
  memcpy(copy, text.c_str(), text.size() + 1);
  *out = copy;
  return nullptr;
}

kiln_error* give(nlohmann::ordered_json fields, kiln_record** out) {
  auto record = std::make_unique<kiln_record>();
  record->fields = std::move(fields);
  // What is not UTF-8, a file's name perhaps, is replaced and does not fail.
  record->text = record->fields.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  *out = record.release();
  return nullptr;
}

kiln_error* texts(std::size_t count, const char* const* given, const char* what, std::vector<std::string>& out) {
  if (count != 0 && !given)
    return isNull(what);
  for (std::size_t i = 0; i < count; ++i) {
    if (!given[i])
      return isNull(what);
    out.emplace_back(given[i]);
  }
  return nullptr;
}

kiln_error* parse(const char* name, const char* value, bool& out) {
  const std::string_view text = value;
  if (text != "on" && text != "off")
    return failure(ErrorCode::BadOption, std::string("option '") + name + "' is on or off, not '" + value + "'");
  out = text == "on";
  return nullptr;
}

kiln_error* parse(const char* name, const char* value, std::uint64_t most, std::uint64_t& out) {
  std::uint64_t number = 0;
  const char* end = value + strlen(value);
  auto [stop, problem] = std::from_chars(value, end, number);
  if (problem != std::errc{} || stop != end || stop == value || number > most)
    return failure(ErrorCode::BadOption, std::string("option '") + name + "' is a number of at most " +
                                             std::to_string(most) + ", not '" + value + "'");
  out = number;
  return nullptr;
}

namespace {

const nlohmann::ordered_json* at(const kiln_record* record, const char* path) {
  if (!record || !path)
    return nullptr;
  try {
    const nlohmann::ordered_json::json_pointer pointer{std::string(path)};
    return record->fields.contains(pointer) ? &record->fields.at(pointer) : nullptr;
  } catch (const std::exception&) { // not a path
    return nullptr;
  }
}

} // namespace
} // namespace kiln::capi

using namespace kiln::capi;

int kiln_abi_version(void) {
  return KILN_ABI_VERSION;
}

const char* kiln_version(void) {
  return kiln::version().data();
} // a literal

int kiln_error_code(const kiln_error* error) {
  return error ? error->code : KILN_OK;
}
const char* kiln_error_message(const kiln_error* error) {
  return error ? error->message.c_str() : "";
}
const char* kiln_error_code_name(int code) {
  return kiln::errorCodeName(static_cast<kiln::ErrorCode>(code)).data();
}
void kiln_error_free(kiln_error* error) {
  if (error != outOfMemory())
    delete error;
}

void kiln_string_free(char* text) {
  free(text);
}

kiln_error* kiln_record_number(const kiln_record* record, const char* path, uint64_t* out) {
  if (out)
    *out = 0;
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(record, "the record");
    KILN_NEEDS(path, "the path");
    KILN_NEEDS(out, "the place for the result");
    const auto* field = at(record, path);
    if (field && field->is_boolean())
      *out = field->get<bool>();
    else if (field && field->is_number_integer())
      *out = field->get<std::uint64_t>();
    else
      return failure(kiln::ErrorCode::UnknownEntry, std::string("the record has no number '") + path + "'");
    return nullptr;
  });
}

const char* kiln_record_text(const kiln_record* record, const char* path) {
  const auto* field = at(record, path);
  const auto* text = field ? field->get_ptr<const nlohmann::ordered_json::string_t*>() : nullptr;
  return text ? text->c_str() : nullptr;
}

size_t kiln_record_count(const kiln_record* record, const char* path) {
  const auto* field = at(record, path);
  return field && field->is_structured() ? field->size() : 0;
}

int kiln_record_has(const kiln_record* record, const char* path) {
  const auto* field = at(record, path);
  return field && !field->is_null();
}

const char* kiln_record_json(const kiln_record* record) {
  return record ? record->text.c_str() : "";
}
void kiln_record_free(kiln_record* record) {
  delete record;
}
