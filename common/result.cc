#include "common/result.h"

#include <cstring>
#include <system_error>

namespace tally {

int ExitStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::kMismatch:
      return 1;
    case ErrorCode::kUsage:
      return 2;
    case ErrorCode::kInput:
      return 3;
    case ErrorCode::kIo:
    case ErrorCode::kTool:
      return 4;
  }
  return 4;
}

Error Error::While(std::string frame) && {
  frames_.push_back(std::move(frame));
  return std::move(*this);
}

Error Error::Hint(std::string hint) && {
  hints_.push_back(std::move(hint));
  return std::move(*this);
}

std::string Error::ToString() const {
  std::string text = message_;
  for (const std::string& frame : frames_) text += "\n  while " + frame;
  return text;
}

Error MismatchError(std::string message) {
  return Error(ErrorCode::kMismatch, std::move(message));
}
Error UsageError(std::string message) {
  return Error(ErrorCode::kUsage, std::move(message));
}
Error InputError(std::string message) {
  return Error(ErrorCode::kInput, std::move(message));
}
Error IoError(std::string message) {
  return Error(ErrorCode::kIo, std::move(message));
}
Error ToolError(std::string message) {
  return Error(ErrorCode::kTool, std::move(message));
}

Error ErrnoError(const std::string& what, int error_number) {
  // generic_category() is not affected by the locale, strerror() is.
  return IoError(what + ": " + std::generic_category().message(error_number));
}

Error DigestMismatch(const std::string& what, const std::string& expected,
                     const std::string& got) {
  return MismatchError(what + "\n  expected " + expected + "\n       got " +
                       got);
}

}  // namespace tally
