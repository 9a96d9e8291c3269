#include "kiln/Error.h"

namespace kiln {

std::string_view errorCodeName(ErrorCode code) {
  switch (code) {
  case ErrorCode::Ok: return "ok";
  case ErrorCode::BadOption: return "bad-option";
  case ErrorCode::BadLadder: return "bad-ladder";
  case ErrorCode::FileNotFound: return "file-not-found";
  case ErrorCode::EmptyInput: return "empty-input";
  case ErrorCode::BadBitcode: return "bad-bitcode";
  case ErrorCode::WrongTarget: return "wrong-target";
  case ErrorCode::VerifierFailed: return "verifier-failed";
  case ErrorCode::DuplicateSymbol: return "duplicate-symbol";
  case ErrorCode::UnresolvedSymbol: return "unresolved-symbol";
  case ErrorCode::UnknownEntry: return "unknown-entry";
  case ErrorCode::BadMain: return "bad-main";
  case ErrorCode::CompileFailed: return "compile-failed";
  case ErrorCode::CodeSpaceFull: return "code-space-full";
  case ErrorCode::Unsupported: return "unsupported";
  case ErrorCode::LibraryNotLoaded: return "library-not-loaded";
  case ErrorCode::SystemError: return "system-error";
  case ErrorCode::ShutDown: return "shut-down";
  case ErrorCode::BadProfile: return "bad-profile";
  case ErrorCode::LlbcSize: return "llbc-size";
  case ErrorCode::LlbcMagic: return "llbc-magic";
  case ErrorCode::LlbcVersion: return "llbc-version";
  case ErrorCode::LlbcLength: return "llbc-length";
  case ErrorCode::LlbcName: return "llbc-name";
  case ErrorCode::LlbcChecksum: return "llbc-checksum";
  case ErrorCode::LlbcPayload: return "llbc-payload";
  case ErrorCode::BadCoverage: return "bad-coverage";
  case ErrorCode::BadReplacement: return "bad-replacement";
  }
  return "unknown";
}

} // namespace kiln
