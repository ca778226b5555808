#include "attest/evidence.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tally {
namespace {

struct KindName {
  EvidenceKind kind;
  std::string_view name;
};
constexpr std::array<KindName, 8> kKinds = {
    {{EvidenceKind::kSnpReport, "snp"},
     {EvidenceKind::kTdxQuote, "tdx"},
     {EvidenceKind::kSgxQuote, "sgx"},
     {EvidenceKind::kNitroDocument, "nitro"},
     {EvidenceKind::kCcaToken, "cca"},
     {EvidenceKind::kTpmQuote, "tpm"},
     {EvidenceKind::kAzureSnp, "azure-snp"},
     {EvidenceKind::kAzureTdx, "azure-tdx"}}};

}  // namespace

std::string_view EvidenceKindName(EvidenceKind kind) {
  return std::ranges::find(kKinds, kind, &KindName::kind)->name;
}

std::optional<EvidenceKind> FindEvidenceKind(std::string_view name) {
  const auto* found = std::ranges::find(kKinds, name, &KindName::name);
  if (found == kKinds.end()) return std::nullopt;
  return found->kind;
}

std::string_view CheckStateName(CheckState state) {
  switch (state) {
    case CheckState::kPassed:
      return "passed";
    case CheckState::kFailed:
      return "failed";
    case CheckState::kUnknown:
      return "unknown";
  }
  return "unknown";
}

EvidenceCheck Passed(std::string name, std::string text) {
  return {std::move(name), CheckState::kPassed, std::move(text)};
}

EvidenceCheck Failed(std::string name, std::string text) {
  return {std::move(name), CheckState::kFailed, std::move(text)};
}

EvidenceCheck Unknown(std::string name, std::string text) {
  return {std::move(name), CheckState::kUnknown, std::move(text)};
}

EvidenceCheck CheckOf(std::string name, const Status& status,
                      std::string text) {
  if (!status) return Failed(std::move(name), status.error().message());
  return Passed(std::move(name), std::move(text));
}

bool IsZero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

bool Evidence::authentic() const {
  return !checks.empty() &&
         std::ranges::none_of(checks, [](const EvidenceCheck& check) {
           return check.state == CheckState::kFailed;
         });
}

}  // namespace tally
