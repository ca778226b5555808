#include "attest/evidence_text.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

bool IsSpace(uint8_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// OneLine returns the file without white space and in the alphabet of RFC
// 4648 section 4; nothing if it has any other character.
std::string OneLine(ByteSpan file) {
  std::string text;
  text.reserve(file.size());
  for (const uint8_t byte : file) {
    if (IsSpace(byte)) continue;
    const char c = static_cast<char>(byte);
    const bool is_good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                         (c >= 'a' && c <= 'z') || c == '+' || c == '/' ||
                         c == '-' || c == '_' || c == '=';
    if (!is_good) return "";
    text += c == '-' ? '+' : c == '_' ? '/' : c;
  }
  return text;
}

}  // namespace

Bytes DecodeEvidenceText(ByteSpan file) {
  std::string text = OneLine(file);
  // The first letters of PEM are letters of base64 as well.
  if (text.empty() || text.starts_with("+++++")) return ToBytes(file);
  const bool has_prefix = text.starts_with("0x") || text.starts_with("0X");
  if (auto bytes = ParseHex(has_prefix ? text.substr(2) : text)) {
    return std::move(*bytes);
  }
  if (text.find('=') == std::string::npos) {
    while (text.size() % 4 != 0) text += '=';
  }
  if (auto bytes = ParseBase64(text)) return std::move(*bytes);
  return ToBytes(file);
}

}  // namespace tally
