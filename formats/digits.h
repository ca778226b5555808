// Digits in text, in every locale.
#pragma once

namespace tally {

inline constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace tally
