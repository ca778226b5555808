#include "formats/base64url.h"

#include <algorithm>
#include <string>

#include "common/text.h"

namespace tally {

Result<Bytes> ParseBase64Url(std::string_view text, Base64Padding padding) {
  constexpr size_t kShown = 40;
  const bool has_padding = text.find('=') != std::string_view::npos;
  if (text.find_first_of("+/") != std::string_view::npos ||
      (padding == Base64Padding::kNone && has_padding)) {
    return InputError(
        "found " + Quote(text.substr(0, kShown)) +
        ", expected base64 of the URL alphabet" +
        (padding == Base64Padding::kNone ? ", without padding" : ""));
  }
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  if (padding == Base64Padding::kNone) {
    standard.append((4 - standard.size() % 4) % 4, '=');
  }
  return ParseBase64(standard);
}

}  // namespace tally
