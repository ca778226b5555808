// Result<T> and Status: how every function here reports failure.
//
// The interface is a subset of std::expected (C++23), so that the class can go
// away one day. A failure carries a code (which decides the exit status), a
// message, the frames that callers added on the way up, and hints.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tally {

// ErrorCode says whose problem a failure is; the exit status follows from it.
enum class ErrorCode {
  kMismatch,  // exit 1: two things that must be equal are not
  kUsage,     // exit 2: the command line is wrong
  kInput,     // exit 3: a file or other input is wrong
  kIo,        // exit 4: the system refused (disk, network, memory)
  kTool,      // exit 4: a program we started failed
};

// ExitStatus returns the process exit status that `code` maps to.
int ExitStatus(ErrorCode code);

// Error is one failure. Text is lower case, without a final period, with the
// thing in 'quotes', what was found before what was expected.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message)
      : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<std::string>& frames() const { return frames_; }
  const std::vector<std::string>& hints() const { return hints_; }

  // While adds what the caller was doing: `frame` begins with a gerund
  // ("reading 'OVMF.fd'"). Innermost first.
  Error While(std::string frame) &&;
  // Hint adds advice that is not part of the failure itself.
  Error Hint(std::string hint) &&;

  // ToString returns the message and its frames, one per line, without hints.
  std::string ToString() const;

 private:
  ErrorCode code_;
  std::string message_;
  std::vector<std::string> frames_;
  std::vector<std::string> hints_;
};

// The five constructors, named by code.
Error MismatchError(std::string message);
Error UsageError(std::string message);
Error InputError(std::string message);
Error IoError(std::string message);
Error ToolError(std::string message);

// ErrnoError is an IoError that ends in the text of `error_number`:
// "cannot open 'x': No such file or directory".
Error ErrnoError(const std::string& what, int error_number);

// DigestMismatch is a MismatchError with the two-line text every digest
// comparison prints.
Error DigestMismatch(const std::string& what, const std::string& expected,
                     const std::string& got);

// Result<T> holds a T or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// Result<void>: success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }

  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

// Ok returns a successful Status.
inline Status Ok() { return {}; }

}  // namespace tally

#define TALLY_CONCAT_INNER(a, b) a##b
#define TALLY_CONCAT(a, b) TALLY_CONCAT_INNER(a, b)

// TALLY_TRY(expr) returns the error of `expr` to the caller, if it has one.
#define TALLY_TRY(expr)                       \
  do {                                        \
    auto tally_status = (expr);               \
    if (!tally_status) {                      \
      return std::move(tally_status).error(); \
    }                                         \
  } while (false)

// TALLY_ASSIGN(decl, expr) declares `decl` from the value of `expr`, or returns
// its error to the caller.
#define TALLY_ASSIGN(decl, expr) \
  TALLY_ASSIGN_IMPL(TALLY_CONCAT(tally_result_, __LINE__), decl, expr)
#define TALLY_ASSIGN_IMPL(result, decl, expr) \
  auto result = (expr);                       \
  if (!result) {                              \
    return std::move(result).error();         \
  }                                           \
  decl = std::move(result).value()
