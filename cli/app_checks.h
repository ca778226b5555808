// What options refuse before any command sees their values. That no value is
// empty is seen to for all of them (FindEmptyValue of cli/app_usage.h).
#pragma once

#include <algorithm>
#include <string>

namespace tally {

// Decimal refuses numbers that are read as octal or hexadecimal.
inline std::string Decimal(const std::string& value) {
  const bool decimal = !value.empty() && std::ranges::all_of(value, [](char c) {
    return c >= '0' && c <= '9';
  }) && (value.size() == 1 || value.front() != '0');
  return decimal ? "" : "found '" + value + "', expected a decimal number";
}

}  // namespace tally
