#include "formats/snp_policy.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "common/text.h"

namespace tally {
namespace {

struct PolicyBit {
  std::string_view name;
  unsigned bit;
};

// AMD 56860, "Guest Policy"; the same bits in virtee/sev, commit 9cf2adbf,
// src/firmware/guest/types/snp.rs, GuestPolicy. Bits 7:0 and 15:8 are ABI_MINOR
// and ABI_MAJOR.
constexpr std::array kPolicyBits = {
    PolicyBit{"smt", 16},
    PolicyBit{"migrate-ma", 18},
    PolicyBit{"debug", 19},
    PolicyBit{"single-socket", 20},
    PolicyBit{"cxl-allow", 21},
    PolicyBit{"mem-aes-256-xts", 22},
    PolicyBit{"rapl-dis", 23},
    PolicyBit{"ciphertext-hiding-dram", 24},
    PolicyBit{"page-swap-disable", 25},
};
constexpr uint64_t kMustBeOne = uint64_t{1} << 17;
constexpr uint64_t kReserved = ~((uint64_t{1} << 26) - 1);

Result<uint64_t> ParseAbi(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '.');
  std::array<uint64_t, 2> numbers = {};
  bool good = parts.size() == 2;
  for (size_t i = 0; good && i < numbers.size(); ++i) {
    const Result<uint64_t> number = ParseUnsigned(parts[i]);
    good = number && *number <= 0xff;
    if (good) numbers[i] = *number;
  }
  if (!good) {
    return InputError("guest policy: abi is " + Quote(text) +
                      ", expected two numbers up to 255, as in '1.51'");
  }
  return numbers[0] << 8 | numbers[1];
}

Error UnknownName(const std::string& name) {
  std::vector<std::string> names = {"abi="};
  for (const PolicyBit& bit : kPolicyBits) names.emplace_back(bit.name);
  Error error = InputError("guest policy: unknown name " + Quote(name));
  const std::optional<std::string> nearest = NearestName(name, names);
  if (nearest) return std::move(error).Hint("did you mean '" + *nearest + "'?");
  return std::move(error).Hint("known names: " + Join(names, ", "));
}

// ParseName returns the bits that one name stands for.
Result<uint64_t> ParseName(const std::string& name) {
  if (name.starts_with("abi=")) return ParseAbi(name.substr(4));
  const auto* found = std::ranges::find(kPolicyBits, name, &PolicyBit::name);
  if (found == kPolicyBits.end()) return UnknownName(name);
  return uint64_t{1} << found->bit;
}

}  // namespace

Status CheckSnpPolicy(uint64_t policy) {
  if ((policy & kReserved) != 0) {
    return InputError("guest policy: found " + HexNumber(policy) +
                      ", expected bits 26 to 63 to be zero");
  }
  if ((policy & kMustBeOne) != 0) return Ok();
  return InputError("guest policy: found " + HexNumber(policy) +
                    ", expected bit 17 to be one")
      .Hint("the firmware refuses others; did you mean " +
            HexNumber(policy | kMustBeOne) + "?");
}

Result<uint64_t> ParseSnpPolicy(std::string_view text) {
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    TALLY_ASSIGN(const uint64_t policy, ParseUnsigned(text));
    TALLY_TRY(CheckSnpPolicy(policy));
    return policy;
  }
  uint64_t policy = kMustBeOne;
  std::vector<std::string> seen;
  for (const std::string& name : Split(text, ',')) {
    TALLY_ASSIGN(const uint64_t bits, ParseName(name));
    const std::string key = name.substr(0, name.find('='));
    if (std::ranges::find(seen, key) != seen.end()) {
      return InputError("guest policy: " + Quote(key) + " is there twice");
    }
    seen.push_back(key);
    policy |= bits;
  }
  return policy;
}

std::string SnpPolicyNames(uint64_t policy) {
  std::string names = "abi=" + std::to_string(policy >> 8 & 0xff) + "." +
                      std::to_string(policy & 0xff);
  for (const PolicyBit& bit : kPolicyBits) {
    if ((policy >> bit.bit & 1) != 0) names += "," + std::string(bit.name);
  }
  return names;
}

}  // namespace tally
