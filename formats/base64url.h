// Base64 of the URL alphabet (RFC 4648, section 5).
#pragma once

#include <string_view>

#include "common/bytes.h"

namespace tally {

enum class Base64Padding {
  kRequired,
  kNone,  // as JSON Web Keys have it (RFC 7515, section 2)
};

// ParseBase64Url accepts one encoding for each value: the padding as told,
// unused bits zero, no white space.
Result<Bytes> ParseBase64Url(std::string_view text, Base64Padding padding);

}  // namespace tally
