#include "sbom/purl.h"

#include <algorithm>

namespace tally {
namespace {

constexpr bool IsUnreserved(char c) {
  // PURL-SPECIFICATION, "Character encoding": letters, digits and .-_~ stay,
  // and so does the colon.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
         c == '~' || c == ':';
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lowered;
}

}  // namespace

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 0xf];
  }
  return encoded;
}

std::string FormatPurl(const Purl& purl) {
  const std::string type = Lowered(purl.type);
  const auto cased = [&](const std::string& text) {
    return type == "deb" || type == "oci" ? Lowered(text) : text;
  };

  std::string out = "pkg:" + type + "/";
  for (const std::string& part : purl.namespaces) {
    out += PercentEncoded(cased(part)) + "/";
  }
  out += PercentEncoded(cased(purl.name));
  if (!purl.version.empty()) out += "@" + PercentEncoded(purl.version);

  std::map<std::string, std::string> qualifiers;
  for (const auto& [key, value] : purl.qualifiers) {
    if (!value.empty()) qualifiers[Lowered(key)] = value;
  }
  char separator = '?';
  for (const auto& [key, value] : qualifiers) {
    out += separator + key + "=" + PercentEncoded(value);
    separator = '&';
  }
  return out;
}

std::string GenericPurl(const std::string& path, const std::string& version,
                        const Sha256Digest& sha256, const std::string& url) {
  return FormatPurl({.type = "generic",
                     .name = path.substr(path.rfind('/') + 1),
                     .version = version,
                     .qualifiers = {{"checksum", "sha256:" + sha256.hex()},
                                    {"download_url", url}}});
}

}  // namespace tally
