#include "attest/pem.h"

#include <string>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

std::string WithoutWhiteSpace(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') out += c;
  }
  return out;
}

}  // namespace

bool LooksLikePem(ByteSpan bytes) {
  // A SEQUENCE of DER is 0x30, which is the digit '0' as well.
  return AsText(bytes).find(kBegin) != std::string_view::npos &&
         (bytes[0] != 0x30 || bytes[1] < 0x80);
}

Result<std::vector<Bytes>> DecodePem(std::string_view pem,
                                     std::string_view label,
                                     size_t max_blocks) {
  const std::string end =
      std::string(kEnd) + std::string(label) + std::string(kDashes);
  std::vector<Bytes> blocks;
  size_t at = 0;
  while ((at = pem.find(kBegin, at)) != std::string_view::npos) {
    at += kBegin.size();
    const std::string_view found =
        pem.substr(at, pem.find(kDashes, at) - at).substr(0, 64);
    if (found != label) {
      return InputError("found PEM " + Quote(found) + ", expected " +
                        Quote(label));
    }
    if (blocks.size() == max_blocks) {
      return InputError("more than " + std::to_string(max_blocks) +
                        " PEM blocks");
    }
    at += label.size() + kDashes.size();
    const size_t last = pem.find(end, at);
    if (last == std::string_view::npos) {
      return InputError("PEM block " + std::to_string(blocks.size() + 1) +
                        " has no end, expected " + Quote(end));
    }
    Result<Bytes> block =
        ParseBase64(WithoutWhiteSpace(pem.substr(at, last - at)));
    if (!block) {
      return std::move(block).error().While("decoding PEM block " +
                                            std::to_string(blocks.size() + 1));
    }
    blocks.push_back(std::move(*block));
    at = last + end.size();
  }
  if (blocks.empty()) {
    return InputError("no PEM block, expected " + Quote(label));
  }
  return blocks;
}

}  // namespace tally
