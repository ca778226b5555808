// What options refuse before any command sees their values.
#pragma once

#include <algorithm>
#include <string>

namespace tally {

// NotEmpty refuses an empty value: mostly a script's variable that was never
// set, and "no kernel" if it were let through.
inline std::string NotEmpty(const std::string& value) {
  return value.empty() ? "found '', expected a value" : "";
}

// Decimal refuses numbers that are read as octal or hexadecimal.
inline std::string Decimal(const std::string& value) {
  const bool decimal = !value.empty() && std::ranges::all_of(value, [](char c) {
    return c >= '0' && c <= '9';
  }) && (value.size() == 1 || value.front() != '0');
  return decimal ? "" : "found '" + value + "', expected a decimal number";
}

}  // namespace tally
