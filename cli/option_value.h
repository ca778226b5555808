// Values that come from the command line.
#pragma once

#include <string>
#include <utility>

#include "common/result.h"

namespace tally {

// OfOption makes an error in an option's value one of the command line, with
// the option's name before it.
template <typename T>
Result<T> OfOption(const char* option, Result<T> value) {
  if (value) return value;
  Error error =
      UsageError(std::string(option) + ": " + value.error().message());
  for (const std::string& hint : value.error().hints()) {
    error = std::move(error).Hint(hint);
  }
  return error;
}

}  // namespace tally
