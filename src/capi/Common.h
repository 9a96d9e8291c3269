// What the files of the C API share: errors across the language border, and records.
//
// Nothing of C++ crosses it: guarded() turns exceptions (memory that is not there) into errors. An error for which
// there is no memory either is a static one, which kiln_error_free() leaves alone.
#pragma once

#include <nlohmann/json.hpp>

#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Error.h"
#include "kiln/kiln.h"

struct kiln_error {
  int code = KILN_OK;
  std::string message;
};

struct kiln_record {
  nlohmann::ordered_json fields;
  std::string text; ///< all of it, for kiln_record_json()
};

namespace kiln::capi {

/// For lack of memory.
kiln_error* outOfMemory();
kiln_error* failure(ErrorCode code, std::string message);
inline kiln_error* failure(const Error& error) {
  return failure(error.code, error.message);
}
/// A null where something is needed.
inline kiln_error* isNull(const char* what) {
  return failure(ErrorCode::BadOption, std::string(what) + " is null");
}

template <typename Work> kiln_error* guarded(Work&& work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return outOfMemory();
  } catch (const std::exception& unexpected) {
    return failure(ErrorCode::SystemError, unexpected.what());
  } catch (...) {
    return outOfMemory();
  }
}

/// As guarded(), for what gives an object: *out is null unless it succeeds.
template <typename T, typename Work> kiln_error* giving(T** out, Work&& work) noexcept {
  if (!out)
    return guarded([] { return isNull("the place for the result"); });
  *out = nullptr;
  return guarded(std::forward<Work>(work));
}

inline kiln_error* done(const Result<void>& result) {
  return result ? nullptr : failure(result.error());
}

/// A text for kiln_string_free().
kiln_error* give(const std::string& text, char** out);
inline kiln_error* give(const Result<std::string>& text, char** out) {
  return text ? give(*text, out) : failure(text.error());
}
kiln_error* give(nlohmann::ordered_json fields, kiln_record** out);

/// `count` texts, none of them null.
kiln_error* texts(std::size_t count, const char* const* given, const char* what, std::vector<std::string>& out);

/// Values as options have them.
kiln_error* parse(const char* name, const char* value, bool& out);
kiln_error* parse(const char* name, const char* value, std::uint64_t most, std::uint64_t& out);
inline std::string textOf(bool value) {
  return value ? "on" : "off";
}

#define KILN_NEEDS(thing, what)                                                                                        \
  do {                                                                                                                 \
    if (!(thing))                                                                                                      \
      return ::kiln::capi::isNull(what);                                                                               \
  } while (false)

} // namespace kiln::capi
