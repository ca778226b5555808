#include "attest/dcap.h"

#include <algorithm>
#include <optional>
#include <string>

#include "attest/certificate.h"
#include "attest/dcap_claims.h"
#include "attest/dcap_collateral.h"
#include "attest/dcap_signature.h"
#include "attest/dcap_tcb.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/dcap_quote.h"
#include "formats/pck_extension.h"

namespace tally {
namespace {

// SHA-256 of the DER of "Intel SGX Root CA", serial number 22650cd6…. Quotes
// carry either of its two issues, which have one key:
// - until 2049-12-31, https://certificates.trustedservices.intel.com/
//   Intel_SGX_Provisioning_Certification_RootCA.cer, the same as
//   verify/trusted_root.pem of go-tdx-guest, commit 91f9a52f;
// - until 2033-05-21, in quotes of before 2021.
constexpr std::array<Sha256Digest, 2> kRoots = {
    Sha256Digest({0x44, 0xa0, 0x19, 0x6b, 0x2b, 0x99, 0xf8, 0x89,
                  0xb8, 0xe1, 0x49, 0xe9, 0x5b, 0x80, 0x7a, 0x35,
                  0x0e, 0x74, 0x24, 0x96, 0x43, 0x99, 0xe8, 0x85,
                  0xa7, 0xcb, 0xb8, 0xcc, 0xfa, 0xb6, 0x74, 0xd3}),
    Sha256Digest({0xfc, 0x64, 0xf8, 0x07, 0x6d, 0x79, 0xa4, 0xfe,
                  0xe9, 0xd1, 0xd4, 0x73, 0xd7, 0x4c, 0x89, 0xeb,
                  0x8d, 0x8f, 0xd5, 0x5c, 0x5a, 0xba, 0xfe, 0xab,
                  0xeb, 0xa7, 0x36, 0x6d, 0x20, 0x42, 0x94, 0x04})};

// "Intel SGX PCK Certificate and Certificate Revocation List Profile
// Specification", sections 1.2 and 1.3.
constexpr std::string_view kPckName = "Intel SGX PCK Certificate";
constexpr std::array<std::string_view, 2> kPckIssuers = {
    "Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"};

// Who signs Intel's quoting enclaves, and their ISVPRODID: as in every QE
// identity that the service has published. Whoever owns a machine can have the
// PCE certify the key of an enclave of his own, so even without an identity the
// quoting enclave must be Intel's.
struct QuotingEnclave {
  std::array<uint8_t, 32> mrsigner;
  uint16_t isvprodid;
};
constexpr QuotingEnclave kSgxQuotingEnclave = {
    {0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96, 0x13, 0x7f,
     0x77, 0xc6, 0x8a, 0x82, 0x9a, 0x00, 0x56, 0xac, 0x8d, 0xed, 0x70,
     0x14, 0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff},
    1};
constexpr QuotingEnclave kTdQuotingEnclave = {
    {0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17, 0x47, 0x4e, 0x34,
     0xa7, 0xfc, 0x43, 0xed, 0x03, 0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba,
     0xbd, 0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5},
    2};

// ReadPckCertificates refuses text around the certificates, which readers of
// PEM skip: every byte of a quote has to count.
Result<std::vector<Certificate>> ReadPckCertificates(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  for (std::string_view rest = Trim(pem); !rest.empty(); rest = Trim(rest)) {
    if (!rest.starts_with(kBegin)) {
      return InputError("found text outside of the PEM certificates");
    }
    const size_t end = rest.find(kEnd);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + kEnd.size());
  }
  return Certificate::FromPem(pem);
}

// Verifier makes the checks of one quote, in order.
class Verifier {
 public:
  Verifier(const DcapQuote& quote, const AuthenticationInputs& inputs)
      : quote_(quote), at_(inputs.at) {
    collateral_ = ReadDcapCollateral(inputs.collateral);
    rules_ = {.roots = kRoots, .at = at_};
    rules_.revocations = collateral_.revocations;
  }

  Evidence Run() {
    CheckSignature();
    CheckAttestationKey();
    CheckPlatform();
    checks_.insert(checks_.end(), collateral_.checks.begin(),
                   collateral_.checks.end());
    CheckQuotingEnclave();
    CheckTcbInfo();
    if (quote_.td() != nullptr) CheckTdxModule();
    CheckTcb();
    Evidence evidence = DcapEvidence(quote_, pck_, verdict_);
    evidence.checks = std::move(checks_);
    return evidence;
  }

 private:
  void CheckSignature() {
    Add("quote signature", VerifyQuoteSignature(quote_),
        "by the attestation key, over header and body");
  }

  void CheckAttestationKey() {
    const Sha256Digest hash = Sha256Hasher()
                                  .Update(quote_.attestation_key)
                                  .Update(quote_.qe_auth_data)
                                  .Finish();
    Bytes expected = ToBytes(hash.span());
    expected.resize(quote_.qe_report.report_data.size());
    Status status = Ok();
    if (!std::ranges::equal(quote_.qe_report.report_data, expected)) {
      status = MismatchError("the QE's report data: found " +
                             Hex(quote_.qe_report.report_data) + ", expected " +
                             Hex(expected) + " for this key and QE auth data");
    }
    Add("attestation key", status, "is in the quoting enclave's report");
  }

  // CheckPlatform looks at everything that the PCK certificate is about.
  void CheckPlatform() {
    const auto certificates = ReadPckCertificates(quote_.pck_certificates);
    if (!certificates) {
      checks_.push_back(
          Failed("PCK certificate", certificates.error().message()));
      return;
    }
    const Certificate& leaf = certificates->front();
    Add("QE report signature",
        leaf.VerifyEcdsa(quote_.qe_report_bytes,
                         quote_.qe_report_signature.first(32),
                         quote_.qe_report_signature.last(32)),
        "by the PCK certificate's key");
    const std::span others = std::span(*certificates).subspan(1);
    const auto chain = VerifyChain(leaf, others, rules_);
    Add("PCK certificate chain", chain ? Ok() : Status(Error(chain.error())),
        chain ? leaf.issuer() + ", " + chain->certificates.back().subject()
              : "");
    CheckPckCertificate(leaf);
    if (chain) CheckRevocation(*chain);
  }

  void CheckPckCertificate(const Certificate& leaf) {
    const std::string name = "PCK certificate";
    if (leaf.subject() != kPckName ||
        std::ranges::find(kPckIssuers, leaf.issuer()) == kPckIssuers.end()) {
      checks_.push_back(Failed(name, "found " + Quote(leaf.subject()) + " by " +
                                         Quote(leaf.issuer()) + ", expected '" +
                                         std::string(kPckName) +
                                         "' by Intel's platform or "
                                         "processor CA"));
      return;
    }
    const std::optional<Bytes> contents = leaf.Extension(kPckExtensionOid);
    if (!contents) {
      checks_.push_back(Failed(name, "has no SGX extension"));
      return;
    }
    const auto pck = ParsePckExtension(*contents);
    if (!pck) {
      checks_.push_back(Failed(name, pck.error().message()));
      return;
    }
    pck_ = *pck;
    checks_.push_back(Passed(name, "FMSPC " + Hex(pck->fmspc) + ", PCEID " +
                                       Hex(pck->pceid) + ", PCESVN " +
                                       std::to_string(pck->pcesvn) +
                                       ", CPUSVN " + Hex(pck->cpusvn)));
  }

  void CheckRevocation(const VerifiedChain& chain) {
    if (chain.without_revocations.empty()) {
      checks_.push_back(
          Passed("revocation", "no certificate of the chain is revoked"));
      return;
    }
    checks_.push_back(
        Unknown("revocation", "no current list was given of " +
                                  Join(chain.without_revocations, ", ")));
  }

  void CheckQuotingEnclave() {
    const std::string name = "quoting enclave";
    const QeIdentityId wanted =
        quote_.td() != nullptr ? QeIdentityId::kTdQe : QeIdentityId::kQe;
    const QeIdentityDocument* document = nullptr;
    for (const QeIdentityDocument& candidate : collateral_.qe_identities) {
      if (candidate.identity.id != wanted) continue;
      if (document == nullptr ||
          IsBetter(candidate.identity, document->identity)) {
        document = &candidate;
      }
    }
    if (document == nullptr) {
      Add(name, MatchIntelsEnclave(),
          "signed by Intel's key for quoting enclaves; no QE identity was "
          "given");
      return;
    }
    const Status genuine =
        CheckDocument(document->document, document->identity);
    if (!genuine) {
      checks_.push_back(Failed(name, "QE identity: " + Message(genuine)));
      return;
    }
    const auto verdict = MatchQeIdentity(document->identity, quote_.qe_report);
    if (!verdict) {
      checks_.push_back(Failed(name, verdict.error().message()));
      return;
    }
    qe_verdict_ = *verdict;
    checks_.push_back(Passed(
        name, "as in the QE identity of " +
                  FormatUtcTime(document->identity.issue_date) + ", ISVSVN " +
                  std::to_string(quote_.qe_report.isv_svn) + ": " +
                  std::string(TcbStatusName(verdict->status))));
  }

  // MatchIntelsEnclave stands in for a QE identity.
  Status MatchIntelsEnclave() const {
    const QuotingEnclave& expected =
        quote_.td() != nullptr ? kTdQuotingEnclave : kSgxQuotingEnclave;
    const SgxReport& found = quote_.qe_report;
    if (found.mr_signer != expected.mrsigner) {
      return MismatchError("MRSIGNER: found " + Hex(found.mr_signer) +
                           ", expected Intel's " + Hex(expected.mrsigner));
    }
    if (found.isv_prod_id != expected.isvprodid) {
      return MismatchError("ISVPRODID: found " +
                           std::to_string(found.isv_prod_id) + ", expected " +
                           std::to_string(expected.isvprodid));
    }
    if (found.debug()) return MismatchError("can be debugged");
    return Ok();
  }

  void CheckTcbInfo() {
    const std::string name = "TCB info";
    if (!pck_ || collateral_.tcb_infos.empty()) return;
    const TcbInfoId wanted =
        quote_.td() != nullptr ? TcbInfoId::kTdx : TcbInfoId::kSgx;
    const TcbInfoDocument* document = nullptr;
    std::vector<std::string> found;
    for (const TcbInfoDocument& candidate : collateral_.tcb_infos) {
      const TcbInfo& info = candidate.info;
      if (info.id != wanted || info.fmspc != pck_->fmspc ||
          info.pceid != pck_->pceid) {
        found.push_back(NameOf(info.id, info.fmspc, info.pceid));
      } else if (document == nullptr || IsBetter(info, document->info)) {
        document = &candidate;
      }
    }
    if (document == nullptr) {
      checks_.push_back(
          Failed(name, "found " + Join(found, "; ") + ", expected " +
                           NameOf(wanted, pck_->fmspc, pck_->pceid)));
      return;
    }
    const Status genuine = CheckDocument(document->document, document->info);
    Add(name, genuine,
        "of " + FormatUtcTime(document->info.issue_date) +
            ", evaluation data number " +
            std::to_string(document->info.tcb_evaluation_data_number));
    if (genuine) tcb_info_ = &document->info;
  }

  void CheckTdxModule() {
    const TdReport& td = *quote_.td();
    Add("TDX module", MatchTdxModule(tcb_info_, td),
        "Intel's, version " + std::to_string(td.tee_tcb_svn[1]) + ", ISVSVN " +
            std::to_string(td.tee_tcb_svn[0]));
  }

  void CheckTcb() {
    const std::string name = "TCB status";
    if (!pck_ || tcb_info_ == nullptr || !qe_verdict_) {
      checks_.push_back(Unknown(
          name,
          "needs a TCB info of the platform and a QE identity, both genuine "
          "and current"));
      return;
    }
    const auto verdict =
        MatchTcbLevel(*tcb_info_, *pck_, quote_.td(), *qe_verdict_);
    if (!verdict) {
      checks_.push_back(Failed(name, verdict.error().message()));
      return;
    }
    verdict_ = *verdict;
    std::string text(TcbStatusName(verdict->status));
    if (!verdict->advisories.empty()) {
      text += " (" + Join(verdict->advisories, ", ") + ")";
    }
    if (verdict->status == TcbStatus::kRevoked) {
      checks_.push_back(Failed(name, text));
      return;
    }
    if (verdict->status != TcbStatus::kUpToDate) {
      text += ": genuine but not current, a policy decides";
    }
    checks_.push_back(Passed(name, text));
  }

  // CheckDocument looks at signature, chain and dates of TcbInfo or QeIdentity.
  template <typename T>
  Status CheckDocument(const SignedDocument& document, const T& content) const {
    TALLY_TRY(VerifySignedDocument(document, collateral_.certificates, rules_));
    if (IsCurrent(content)) return Ok();
    return MismatchError("found a document for " +
                         FormatUtcTime(content.issue_date) + " to " +
                         FormatUtcTime(content.next_update) + ", expected " +
                         FormatUtcTime(at_) + " between them");
  }

  template <typename T>
  bool IsCurrent(const T& content) const {
    return content.issue_date <= at_ && at_ <= content.next_update;
  }

  // Of several documents, one that is current, then the one that knows more.
  template <typename T>
  bool IsBetter(const T& a, const T& b) const {
    if (IsCurrent(a) != IsCurrent(b)) return IsCurrent(a);
    return a.tcb_evaluation_data_number > b.tcb_evaluation_data_number;
  }

  static std::string NameOf(TcbInfoId id, ByteSpan fmspc, ByteSpan pceid) {
    return std::string(id == TcbInfoId::kTdx ? "TDX" : "SGX") + ", FMSPC " +
           Hex(fmspc) + ", PCEID " + Hex(pceid);
  }

  static std::string Message(const Status& status) {
    return status.error().message();
  }

  void Add(std::string name, const Status& status, std::string text) {
    checks_.push_back(CheckOf(std::move(name), status, std::move(text)));
  }

  const DcapQuote& quote_;
  int64_t at_;
  DcapCollateral collateral_;
  ChainRules rules_;

  std::vector<EvidenceCheck> checks_;
  std::optional<PckExtension> pck_;
  const TcbInfo* tcb_info_ = nullptr;
  std::optional<TcbVerdict> qe_verdict_;
  std::optional<TcbVerdict> verdict_;
};

// LooksLike reads the first fields of a header.
bool LooksLike(ByteSpan evidence, uint32_t tee_type) {
  ByteReader r("quote", evidence.first(std::min<size_t>(evidence.size(),
                                                        kQuoteHeaderBytes)));
  const uint16_t version = r.U16Le("version");
  const uint16_t key_type = r.U16Le("attestation key type");
  const uint32_t tee = r.U32Le("tee type");
  r.Skip("qe svn, pce svn", 4);
  const auto vendor = r.Array<16>("qe vendor id");
  const bool of_tee =
      tee_type == kTeeTypeSgx ? version == 3 : version == 4 || version == 5;
  return r.ok() && of_tee && key_type == 2 && tee == tee_type &&
         vendor == kIntelQeVendorId;
}

Result<Evidence> Authenticate(ByteSpan evidence,
                              const AuthenticationInputs& inputs,
                              uint32_t tee_type) {
  TALLY_ASSIGN(const DcapQuote quote, ParseDcapQuote(evidence));
  TALLY_TRY(ExpectTee(quote, tee_type));
  return Verifier(quote, inputs).Run();
}

}  // namespace

bool LooksLikeTdxQuote(ByteSpan evidence) {
  return LooksLike(evidence, kTeeTypeTdx);
}

bool LooksLikeSgxQuote(ByteSpan evidence) {
  return LooksLike(evidence, kTeeTypeSgx);
}

Result<Evidence> AuthenticateTdx(ByteSpan evidence,
                                 const AuthenticationInputs& inputs) {
  return Authenticate(evidence, inputs, kTeeTypeTdx);
}

Result<Evidence> AuthenticateSgx(ByteSpan evidence,
                                 const AuthenticationInputs& inputs) {
  return Authenticate(evidence, inputs, kTeeTypeSgx);
}

}  // namespace tally
