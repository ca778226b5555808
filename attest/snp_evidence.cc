// Taking SNP evidence apart, and what AMD's roots are.
#include <algorithm>
#include <array>

#include "attest/snp.h"
#include "common/check.h"

namespace tally {
namespace {

// SHA-256 of the DER of the ARK in kdsintf.amd.com/vcek/v1/<product>/cert_chain
// and in that of vlek: it is the same. Also in google/go-sev-guest af1c107,
// verify/trust.
std::array<SnpRoot, 3> MakeRoots() {
  const auto digest = [](std::string_view hex) {
    const auto parsed = Sha256Digest::FromHex(hex);
    TALLY_CHECK(parsed);
    return *parsed;
  };
  return {{{SnpProduct::kMilan, digest("69d063b45344d26a2e94e1f4210de49e"
                                       "f555308287d4c174445c95639a540bcd")},
           {SnpProduct::kGenoa, digest("4c6598d19c18719c5dfd4a7d335f674e"
                                       "5bfe1d8f800cea2cf270c10d103db2f1")},
           {SnpProduct::kTurin, digest("1f084161a44bb6d93778a904877d4819"
                                       "cafa5d05ef4193b2ded9dd9c73dd3f6a")}}};
}

}  // namespace

std::span<const SnpRoot> AmdRoots() {
  static const std::array<SnpRoot, 3> roots = MakeRoots();
  return roots;
}

bool LooksLikeSnpReport(ByteSpan evidence) {
  if (evidence.size() < kSnpReportBytes) return false;
  ByteReader r("snp report", evidence);
  const uint32_t version = r.U32Le("version");
  r.Skip("before", 0x30);
  const uint32_t algorithm = r.U32Le("signature_algo");
  return version >= 2 && version <= 5 && algorithm == 1;
}

Result<SnpEvidence> ParseSnpEvidence(ByteSpan evidence) {
  if (evidence.size() < kSnpReportBytes) {
    return InputError("snp report: found " + std::to_string(evidence.size()) +
                      " bytes, expected at least " +
                      std::to_string(kSnpReportBytes));
  }
  SnpEvidence parsed;
  TALLY_ASSIGN(parsed.report, ParseSnpReport(evidence.first(kSnpReportBytes)));
  const ByteSpan rest = evidence.subspan(kSnpReportBytes);
  if (rest.empty()) return parsed;
  if (!LooksLikeSnpCertificateTable(rest)) {
    return InputError("snp report: found " + std::to_string(rest.size()) +
                      " bytes behind it that are no certificate table");
  }
  TALLY_ASSIGN(parsed.certificates, ParseSnpCertificateTable(rest));
  return parsed;
}

Status VerifySnpSignature(ByteSpan report, const Certificate& certificate) {
  TALLY_ASSIGN(const SnpReport parsed, ParseSnpReport(report));
  return certificate.VerifyEcdsa(report.first(kSnpSignedBytes),
                                 parsed.signature.r, parsed.signature.s);
}

}  // namespace tally
