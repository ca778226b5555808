#include "tests/attest/snp_samples.h"

#include <algorithm>

#include "common/check.h"

namespace tally::test {
namespace {

void AddKeyExtensions(SnpMachine& machine) {
  std::vector<TestExtension>& list = machine.certificate.extensions;
  const auto& layout = SnpTcbLayout(machine.product);
  for (size_t i = 0; i < layout.size(); ++i) {
    list.push_back({.oid = std::string(layout[i].oid),
                    .value = DerInteger(machine.report.reported_tcb[i])});
  }
}

SnpMachine MachineOf(SnpProduct product, SnpTcb tcb, bool is_vlek) {
  const std::string line(SnpProductName(product));
  SnpMachine machine;
  machine.product = product;
  machine.ark = {.subject = "ARK-" + line,
                 .issuer = "ARK-" + line,
                 .ca = true,
                 .key_usage = "critical,keyCertSign,cRLSign"};
  const std::string ask = (is_vlek ? "SEV-VLEK-" : "SEV-") + line;
  machine.ask = {.subject = ask,
                 .issuer = "ARK-" + line,
                 .serial = 65537,
                 .ca = true,
                 .path_length = 0,
                 .key_usage = "critical,keyCertSign"};
  machine.certificate = {
      .subject = is_vlek ? "SEV-VLEK" : "SEV-VCEK", .issuer = ask, .serial = 0};
  machine.report.version = 3;
  machine.report.policy = 0x30000;
  machine.report.reported_tcb = tcb;
  machine.report.cpuid = {.family = 0x19, .model = 0x01, .stepping = 1};
  for (size_t i = 0; i < 64; ++i) {
    machine.report.report_data[i] = static_cast<uint8_t>(i);
  }
  machine.report.measurement.fill(0x5a);
  AddKeyExtensions(machine);
  return machine;
}

void SetChip(SnpMachine& machine, size_t id_bytes) {
  Bytes id;
  for (size_t i = 0; i < id_bytes; ++i) {
    machine.report.chip_id[i] = static_cast<uint8_t>(0x40 + i);
    id.push_back(machine.report.chip_id[i]);
  }
  machine.certificate.extensions.push_back(
      {.oid = "1.3.6.1.4.1.3704.1.4", .value = DerString(0x04, id)});
}

}  // namespace

SnpMachine SnpMachine::Milan() {
  SnpMachine machine =
      MachineOf(SnpProduct::kMilan, {3, 0, 0, 0, 0, 0, 8, 206}, false);
  SetChip(machine, 64);
  return machine;
}

SnpMachine SnpMachine::Turin() {
  SnpMachine machine =
      MachineOf(SnpProduct::kTurin, {1, 2, 3, 4, 0, 0, 0, 77}, false);
  machine.report.version = 5;
  machine.report.cpuid = {.family = 0x1a, .model = 0x02, .stepping = 1};
  machine.report.launch_mit_vector = 3;
  SetChip(machine, 8);
  return machine;
}

SnpMachine SnpMachine::Vlek() {
  SnpMachine machine =
      MachineOf(SnpProduct::kMilan, {4, 0, 0, 0, 0, 0, 24, 217}, true);
  machine.report.signing_key = 1;
  machine.certificate.extensions.push_back(
      {.oid = "1.3.6.1.4.1.3704.1.5",
       .value = DerString(0x16, AsBytes("CN=cloud.example"))});
  return machine;
}

Bytes SnpMachine::Signed() const {
  SnpReport copy = report;
  const Bytes bytes = EncodeSnpReport(copy);
  const Bytes rs = key.SignEcdsa(ByteSpan(bytes).first(kSnpSignedBytes));
  std::copy_n(rs.begin(), 48, copy.signature.r.begin());
  std::copy_n(rs.begin() + 48, 48, copy.signature.s.begin());
  return EncodeSnpReport(copy);
}

std::vector<CollateralFile> SnpMachine::Collateral() const {
  const std::string chain =
      Pem("CERTIFICATE", MakeCertificate(ask, ask_key, ark_key)) +
      Pem("CERTIFICATE", MakeCertificate(ark, ark_key, ark_key));
  std::vector<CollateralFile> files = {
      {"cert_chain", ToBytes(AsBytes(chain))},
      {"key.der", MakeCertificate(certificate, key, ask_key)}};
  for (const Bytes& list : lists) files.push_back({"crl.der", list});
  files.insert(files.end(), more.begin(), more.end());
  return files;
}

Evidence SnpMachine::Authenticate() const {
  return Authenticate(Signed(), Collateral());
}

Evidence SnpMachine::Authenticate(
    ByteSpan evidence, std::span<const CollateralFile> collateral) const {
  // The root is the one in the collateral, whatever its signature is this time.
  std::vector<SnpRoot> roots;
  for (const CollateralFile& file : collateral) {
    const auto certificates = Certificate::FromFile(file.bytes);
    if (!certificates) continue;
    for (const Certificate& found : *certificates) {
      if (found.subject() == ark.subject) {
        roots.push_back({product, found.sha256()});
      }
    }
  }
  const auto result =
      AuthenticateSnp(evidence, {.at = at, .collateral = collateral}, roots);
  TALLY_CHECK(result);
  return *result;
}

Bytes DerInteger(uint8_t value) {
  if (value >= 0x80) return {2, 2, 0, value};
  return {2, 1, value};
}

Bytes DerString(uint8_t tag, ByteSpan contents) {
  Bytes der = {tag, static_cast<uint8_t>(contents.size())};
  der.insert(der.end(), contents.begin(), contents.end());
  return der;
}

std::string FailuresOf(const Evidence& evidence) {
  std::string text;
  for (const EvidenceCheck& check : evidence.checks) {
    if (check.state != CheckState::kFailed) continue;
    if (!text.empty()) text += '\n';
    text += check.name + ": " + check.text;
  }
  return text;
}

std::string TextOf(const Evidence& evidence, std::string_view name) {
  for (const EvidenceCheck& check : evidence.checks) {
    if (check.name != name) continue;
    return std::string(CheckStateName(check.state)) + ": " + check.text;
  }
  return "no such check";
}

}  // namespace tally::test
