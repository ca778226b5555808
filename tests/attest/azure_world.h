// An Azure VM in a test: an SNP machine whose report carries the hash of the
// runtime data, and a TPM whose key is in there.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "attest/azure.h"
#include "attest/certificate.h"
#include "common/hash.h"
#include "common/json.h"
#include "common/text.h"
#include "tests/attest/snp_samples.h"
#include "tests/attest/tpm_world.h"

namespace tally::test {

inline std::string Base64UrlOf(ByteSpan bytes) {
  std::string text = Base64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

struct AzureWorld {
  SnpMachine machine = SnpMachine::Milan();
  TpmWorld tpm = TpmWorld::Rsa();
  int64_t version = 1;
  Json::Object runtime;
  // Set after the hash was taken.
  std::string other_runtime_data;
  // The evidence, which a test may change before Verdict().
  Json::Object evidence;

  AzureWorld() {
    const Bytes id_key =
        ParseHex(
            "942fd93ebde6ea7a96efadeafc60f1c6b3d10e703b1dafd7555b92f7f3d32d0e"
            "006767648cba5b102af3d65756af4177")
            .value();
    std::ranges::copy(id_key, machine.report.id_key_digest.begin());
    std::string modulus = Base64UrlOf(RsaModulus(SpkiOf(tpm.key)));
    modulus.erase(modulus.find('='));
    runtime = {
        {"keys",
         Json::Array{Json(Json::Object{{"kid", "HCLAkPub"},
                                       {"key_ops", Json::Array{Json("sign")}},
                                       {"kty", "RSA"},
                                       {"e", "AQAB"},
                                       {"n", modulus}})}},
        {"user-data", Hex(AsBytes("challenge"))}};
  }

  // HclReport puts the hash into the report and signs that.
  Bytes HclReport() {
    std::string data = Json(runtime).Canonical();
    const Sha256Digest digest = Sha256(AsBytes(data));
    machine.report.report_data = {};
    std::ranges::copy(digest.span(), machine.report.report_data.begin());
    if (!other_runtime_data.empty()) data = other_runtime_data;
    const auto size = static_cast<uint32_t>(data.size());
    ByteWriter w;
    w.Text("HCLA").U32Le(2).U32Le(1236 + size).U32Le(2).Zeros(16);
    w.Raw(machine.Signed());
    w.U32Le(20 + size).U32Le(1).U32Le(2).U32Le(1).U32Le(size).Text(data);
    return std::move(w).Take();
  }

  AzureWorld& Make() {
    tpm.Quote();
    const auto signature =
        std::get<TpmRsaSignature>(tpm.Sign(tpm.evidence.message).value);
    Json::Array pcrs;
    for (const Bytes& pcr : tpm.evidence.pcrs) pcrs.push_back(Hex(pcr));
    evidence = {
        {"version", version},
        {"tpm_quote", Json::Object{{"message", Hex(tpm.evidence.message)},
                                   {"signature", Hex(signature.sig)},
                                   {"pcrs", pcrs}}},
        {"hcl_report", Base64UrlOf(HclReport())},
        {"vcek", Base64UrlOf(MakeCertificate(machine.certificate, machine.key,
                                             machine.ask_key))}};
    return *this;
  }

  Result<Evidence> Check() const {
    const Bytes ark =
        MakeCertificate(machine.ark, machine.ark_key, machine.ark_key);
    const std::vector<CollateralFile> collateral = {
        {"ask.der",
         MakeCertificate(machine.ask, machine.ask_key, machine.ark_key)},
        {"ark.der", ark}};
    const SnpRoot roots[] = {{machine.product, Sha256(ark)}};
    const std::string text = Json(evidence).Canonical();
    return AuthenticateAzure(
        AsBytes(text), {.at = machine.at, .collateral = collateral}, roots);
  }
  std::string Verdict() const {
    const Result<Evidence> checked = Check();
    if (!checked) return checked.error().ToString();
    std::string failures;
    for (const EvidenceCheck& check : checked->checks) {
      if (check.state != CheckState::kFailed) continue;
      failures += check.name + ": " + check.text + "\n";
    }
    return failures.empty() ? "authentic" : failures;
  }
  Json& QuoteField(const std::string& name) {
    return (*evidence.at("tpm_quote").object())[name];
  }
};

}  // namespace tally::test
