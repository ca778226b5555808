#include "attest/azure_paravisor.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "common/text.h"

namespace tally {
namespace {

constexpr const char* kParavisorCheck = "paravisor";

// SHA-384 of Microsoft's ID keys. The first two are in tokens that Microsoft's
// attestation service signed for Azure VMs (x-ms-sevsnpvm-idkeydigest) and in
// Constellation, commit c07c333d3d01671c42813f92481325044c858d9e,
// internal/attestation/idkeydigest/idkeydigest.go. The third is that of the
// evidence of three Azure VMs, Milan and Genoa, in trustee, commit
// 78962cd416dcc8a32f9377e0066a28fe21420f69,
// deps/verifier/test_data/az-snp-vtpm.
constexpr std::array<std::string_view, 3> kMicrosoftIdKeys = {
    "57486a447ec0f1958002a22a06b7673b9fd27d11e1c6527498056054c5fa92d2"
    "3c50f9de44072760fe2b6fb89740b696",
    "0356215882a825279a85b300b0b742931d113bf7e32dde2e50ffde7ec743ca49"
    "1ecdd7f336dc28a6e0b2bb57af7a44a3",
    "942fd93ebde6ea7a96efadeafc60f1c6b3d10e703b1dafd7555b92f7f3d32d0e"
    "006767648cba5b102af3d65756af4177",
};

}  // namespace

EvidenceCheck CheckParavisor(HclReportType type, const Evidence& hardware) {
  if (type == HclReportType::kTdx) {
    return Unknown(kParavisorCheck,
                   "no key says whose it is; PCR values are as good as the "
                   "program that paravisor_mrtd is of");
  }
  const auto& identities = hardware.claims.identities;
  const auto id_key = identities.find("id_key_digest");
  const std::string digest =
      id_key == identities.end() ? "none" : Hex(id_key->second);
  if (std::ranges::find(kMicrosoftIdKeys, digest) != kMicrosoftIdKeys.end()) {
    return Passed(kParavisorCheck, "launched with Microsoft's ID key " +
                                       digest.substr(0, 16) + "…");
  }
  return Failed(kParavisorCheck, "found ID key digest " + digest +
                                     ", expected one of Microsoft's");
}

}  // namespace tally
