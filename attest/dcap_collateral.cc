#include "attest/dcap_collateral.h"

#include <algorithm>

#include "attest/pem.h"
#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kCheck = "collateral";

// "Intel SGX PCK Certificate and Certificate Revocation List Profile
// Specification", section 1.2.5. The key of a platform chains to the same root:
// only this name may sign documents.
constexpr std::string_view kTcbSigningName = "Intel SGX TCB Signing";
constexpr std::string_view kIntelNames = "Intel SGX ";  // of all issuers

// kPemCertificate as the value of a response's header (RFC 3986, section 2.1).
constexpr std::string_view kEncodedPemCertificate =
    "-----BEGIN%20CERTIFICATE-----";
constexpr std::string_view kPemRevocationList = "-----BEGIN X509 CRL-----";
constexpr std::string_view kHexSequence = "30";
constexpr uint8_t kDerSequence = 0x30;

Result<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = ParseHex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) {
      return InputError("found " + Quote(text.substr(i, 3)) +
                        ", expected '%' and two hexadecimal digits");
    }
    decoded += AsText(*byte);
    i += 2;
  }
  return decoded;
}

class Reader {
 public:
  DcapCollateral Take() { return std::move(collateral_); }

  void Read(const CollateralFile& file) {
    const Status status = ReadAny(file);
    if (status) return;
    collateral_.checks.push_back(
        Failed(std::string(kCheck),
               Quote(file.name) + ": " + status.error().message()));
  }

 private:
  Status ReadAny(const CollateralFile& file) {
    const std::string_view text = Trim(AsText(file.bytes));
    if (text.starts_with('{')) return ReadJson(file.name, text);
    if (text.starts_with(kPemCertificate)) return ReadCertificates(text);
    if (text.starts_with(kEncodedPemCertificate)) {
      TALLY_ASSIGN(const std::string pem, PercentDecoded(text));
      return ReadCertificates(pem);
    }
    if (text.starts_with(kPemRevocationList)) {
      return ReadRevocationList(AsBytes(text));
    }
    if (text.starts_with(kHexSequence)) {
      TALLY_ASSIGN(const Bytes der, ParseHex(text));
      return ReadDer(der);
    }
    if (!file.bytes.empty() && file.bytes[0] == kDerSequence) {
      return ReadDer(file.bytes);
    }
    collateral_.checks.push_back(
        Unknown(std::string(kCheck),
                Quote(file.name) +
                    ": not used; found no document of Intel's, certificate or "
                    "revocation list"));
    return Ok();
  }

  Status ReadJson(const std::string& name, std::string_view text) {
    TALLY_ASSIGN(const Json json, ParseJson(text));
    if (json.Find("tcbInfo") != nullptr) {
      TALLY_ASSIGN(SignedDocument document,
                   ParseSignedDocument(text, "tcbInfo"));
      return AddTcbInfo(name, std::move(document));
    }
    if (json.Find("enclaveIdentity") != nullptr) {
      TALLY_ASSIGN(SignedDocument document,
                   ParseSignedDocument(text, "enclaveIdentity"));
      return AddQeIdentity(name, std::move(document));
    }
    if (json.Find("tcb_info") != nullptr) return ReadAllInOne(name, json);
    collateral_.checks.push_back(Unknown(
        std::string(kCheck), Quote(name) +
                                 ": not used; found JSON without tcbInfo, "
                                 "enclaveIdentity or tcb_info"));
    return Ok();
  }

  // ReadAllInOne reads QuoteCollateralV3 of dcap-qvl (src/lib.rs). Its
  // documents are text and so keep their bytes.
  Status ReadAllInOne(const std::string& name, const Json& json) {
    JsonFields fields("collateral", json);
    const std::string tcb_info = fields.Text("tcb_info");
    const std::string tcb_info_signature = fields.Text("tcb_info_signature");
    const std::string qe_identity = fields.Text("qe_identity");
    const std::string qe_identity_signature =
        fields.Text("qe_identity_signature");
    const std::vector<std::string> chains = {
        fields.Text("pck_crl_issuer_chain"),
        fields.Text("tcb_info_issuer_chain"),
        fields.Text("qe_identity_issuer_chain")};
    const std::vector<std::string> lists = {fields.Text("root_ca_crl"),
                                            fields.Text("pck_crl")};
    // The quote's own certificates, again.
    fields.Ignore("pck_certificate_chain");
    TALLY_TRY(fields.Finish());

    SignedDocument document{.body = tcb_info};
    TALLY_ASSIGN(document.signature,
                 ParseDocumentSignature(tcb_info_signature));
    TALLY_TRY(AddTcbInfo(name, document));
    document.body = qe_identity;
    TALLY_ASSIGN(document.signature,
                 ParseDocumentSignature(qe_identity_signature));
    TALLY_TRY(AddQeIdentity(name, document));
    for (const std::string& chain : chains) {
      TALLY_TRY(ReadCertificates(chain));
    }
    for (const std::string& list : lists) {
      TALLY_ASSIGN(const Bytes der, ParseHex(list));
      TALLY_TRY(ReadRevocationList(der));
    }
    return Ok();
  }

  Status AddTcbInfo(const std::string& name, SignedDocument document) {
    TALLY_ASSIGN(TcbInfo info, ParseTcbInfo(document.body));
    collateral_.tcb_infos.push_back(
        {name, std::move(document), std::move(info)});
    return Ok();
  }

  Status AddQeIdentity(const std::string& name, SignedDocument document) {
    TALLY_ASSIGN(QeIdentity identity, ParseQeIdentity(document.body));
    collateral_.qe_identities.push_back(
        {name, std::move(document), std::move(identity)});
    return Ok();
  }

  Status ReadCertificates(std::string_view pem) {
    TALLY_ASSIGN(const std::vector<Certificate> certificates,
                 Certificate::FromPem(pem));
    for (const Certificate& certificate : certificates) {
      AddCertificate(certificate);
    }
    return Ok();
  }

  // AddCertificate leaves other vendors' out: a chain is searched for among a
  // limited number.
  void AddCertificate(const Certificate& certificate) {
    if (!certificate.issuer().starts_with(kIntelNames)) return;
    const bool known = std::ranges::any_of(
        collateral_.certificates, [&](const Certificate& other) {
          return other.sha256() == certificate.sha256();
        });
    if (!known) collateral_.certificates.push_back(certificate);
  }

  Status ReadRevocationList(ByteSpan bytes) {
    TALLY_ASSIGN(RevocationList list, RevocationList::FromFile(bytes));
    collateral_.revocations.push_back(std::move(list));
    return Ok();
  }

  Status ReadDer(ByteSpan der) {
    const auto certificate = Certificate::FromDer(der);
    if (!certificate) return ReadRevocationList(der);
    AddCertificate(*certificate);
    return Ok();
  }

  DcapCollateral collateral_;
};

}  // namespace

DcapCollateral ReadDcapCollateral(std::span<const CollateralFile> files) {
  Reader reader;
  for (const CollateralFile& file : files) reader.Read(file);
  return reader.Take();
}

Status VerifySignedDocument(const SignedDocument& document,
                            std::span<const Certificate> certificates,
                            const ChainRules& rules) {
  const ByteSpan signature = document.signature;
  Status reason = MismatchError("no certificate '" +
                                std::string(kTcbSigningName) + "' was given");
  for (const Certificate& certificate : certificates) {
    if (certificate.subject() != kTcbSigningName) continue;
    reason = certificate.VerifyEcdsa(AsBytes(document.body),
                                     signature.first(32), signature.last(32));
    if (!reason) continue;
    const auto chain = VerifyChain(certificate, certificates, rules);
    if (chain) return Ok();
    reason = Error(chain.error());
  }
  return reason;
}

}  // namespace tally
