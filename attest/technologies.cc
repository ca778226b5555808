#include "attest/technologies.h"

#include <algorithm>
#include <array>

#include "attest/azure.h"
#include "attest/cca.h"
#include "attest/dcap.h"
#include "attest/nitro.h"
#include "attest/snp.h"
#include "attest/tpm.h"
#include "formats/azure_evidence.h"

namespace tally {
namespace {

bool LooksLikeAzureTdx(ByteSpan evidence) {
  const Result<AzureEvidence> parsed = ParseAzureEvidence(evidence);
  return parsed && parsed->type == HclReportType::kTdx;
}

struct Technology {
  EvidenceKind kind;
  bool (*looks_like)(ByteSpan);
  Result<Evidence> (*authenticate)(ByteSpan, const AuthenticationInputs&);
  Result<std::vector<EvidenceField>> (*describe)(ByteSpan);
};

// In the order of recognition: the more certain a form, the earlier.
constexpr std::array<Technology, 8> kTechnologies = {
    {{EvidenceKind::kTdxQuote, LooksLikeTdxQuote, AuthenticateTdx, DescribeTdx},
     {EvidenceKind::kSgxQuote, LooksLikeSgxQuote, AuthenticateSgx, DescribeSgx},
     {EvidenceKind::kNitroDocument, LooksLikeNitroDocument, AuthenticateNitro,
      DescribeNitro},
     {EvidenceKind::kCcaToken, LooksLikeCcaToken, AuthenticateCca, DescribeCca},
     {EvidenceKind::kAzureTdx, LooksLikeAzureTdx, AuthenticateAzure,
      DescribeAzure},
     {EvidenceKind::kAzureSnp, LooksLikeAzure, AuthenticateAzure,
      DescribeAzure},
     {EvidenceKind::kTpmQuote, LooksLikeTpmQuote, AuthenticateTpm, DescribeTpm},
     {EvidenceKind::kSnpReport, LooksLikeSnpReport, AuthenticateSnp,
      DescribeSnp}}};

const Technology& TechnologyOf(EvidenceKind kind) {
  return *std::ranges::find(kTechnologies, kind, &Technology::kind);
}

}  // namespace

Result<EvidenceKind> RecognizeEvidence(ByteSpan evidence) {
  for (const Technology& technology : kTechnologies) {
    if (technology.looks_like(evidence)) return technology.kind;
  }
  return InputError(
      "found no kind of evidence that is known, expected an SNP report, a TDX "
      "or SGX quote, a Nitro document, a CCA token, a TPM quote or Azure's "
      "evidence");
}

Result<Evidence> Authenticate(EvidenceKind kind, ByteSpan evidence,
                              const AuthenticationInputs& inputs) {
  return TechnologyOf(kind).authenticate(evidence, inputs);
}

Result<std::vector<EvidenceField>> Describe(EvidenceKind kind,
                                            ByteSpan evidence) {
  return TechnologyOf(kind).describe(evidence);
}

}  // namespace tally
