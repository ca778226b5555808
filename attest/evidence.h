// Evidence: what a confidential machine says of itself, and whether that is
// true.
//
// Each technology has a file that parses its evidence (formats/), checks the
// vendor's signatures (attest/<technology>.h) and fills these structures. What
// comes after, freshness, policy and the comparison with published values, is
// the same for all of them (attest/policy.h, attest/match.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"

namespace tally {

enum class EvidenceKind {
  kSnpReport,
  kTdxQuote,
  kSgxQuote,
  kNitroDocument,
  kCcaToken,
  kTpmQuote,
  kAzureSnp,  // a paravisor's SNP report, and a quote of its TPM
  kAzureTdx,
};

// EvidenceKindName returns "snp", "tdx", "sgx", "nitro", "cca", "tpm",
// "azure-snp" or "azure-tdx".
std::string_view EvidenceKindName(EvidenceKind kind);
std::optional<EvidenceKind> FindEvidenceKind(std::string_view name);

// Where the value of a register is from.
enum class RegisterOrigin {
  // Hardware signed it.
  kSigned,
  // Computed from a log of the guest's own whose end value hardware signed.
  kReplayed,
};

// AttestedRegister is one measurement register, named as in measurements.json:
// "launch_digest"; "mrtd", "rtmr0" …; "PCR0" …; "mrenclave", "mrsigner"; "rim",
// "rem0" …; "pcr0" … of a TPM.
struct AttestedRegister {
  std::string name;
  std::string algorithm;  // "sha256", "sha384", "sha512"
  Bytes value;
  RegisterOrigin origin = RegisterOrigin::kSigned;

  bool operator==(const AttestedRegister&) const = default;
};

// The outcome of one check.
enum class CheckState {
  kPassed,
  kFailed,
  // What the check needs was not given, and evidence is authentic without it:
  // revocation lists, the TCB's status.
  kUnknown,
};

std::string_view CheckStateName(CheckState state);  // "passed" …

// EvidenceCheck is one thing that was looked at, in the order of looking.
struct EvidenceCheck {
  // "report signature", "VCEK certificate", "TCB of the certificate" …
  std::string name;
  CheckState state = CheckState::kFailed;
  // What was found; for a failure found and expected, in one line.
  std::string text;

  bool operator==(const EvidenceCheck&) const = default;
};

EvidenceCheck Passed(std::string name, std::string text);
EvidenceCheck Failed(std::string name, std::string text);
EvidenceCheck Unknown(std::string name, std::string text);
// CheckOf is Passed with `text`, or Failed with the error's message.
EvidenceCheck CheckOf(std::string name, const Status& status, std::string text);

// IsZero says whether all bytes are zero: how evidence leaves out a field of
// fixed size.
bool IsZero(ByteSpan bytes);

// TcbComponent is one security version number, by the name that the vendor
// gives it ("bootloader", "microcode"; "sgx_tcb_comp_svn_01", "pcesvn" …).
struct TcbComponent {
  std::string name;
  uint64_t svn = 0;

  bool operator==(const TcbComponent&) const = default;
};

// EvidenceClaims is what policies speak about. Empty means that the technology
// has no such thing, or that the evidence does not carry it.
struct EvidenceClaims {
  // Whether the guest's memory can be read by its host.
  std::optional<bool> debug;
  // Whether another machine may take the guest over (SNP MIGRATE_MA, TDX
  // MIGRATABLE).
  std::optional<bool> migration;
  std::optional<uint32_t> vmpl;
  // What the guest put in. For SNP, TDX, SGX and CCA the two are one field; for
  // Nitro the document's nonce and user_data; for a TPM the qualifying data.
  std::optional<Bytes> nonce;
  std::optional<Bytes> report_data;
  // By the specification's names: "host_data", "family_id", "image_id",
  // "id_key_digest", "author_key_digest", "chip_id", "mrconfigid", "mrowner",
  // "mrownerconfig", "public_key", "platform_instance_id" …
  std::map<std::string, Bytes> identities;
  // In the vendor's order. What the machine reported, not what it could have.
  std::vector<TcbComponent> tcb;
  // Intel's verdict: "UpToDate", "SWHardeningNeeded" …; "unknown" without
  // collateral. AMD and others have none.
  std::optional<std::string> tcb_status;
  std::vector<std::string> advisories;

  bool operator==(const EvidenceClaims&) const = default;
};

// EvidenceField is one field for people, in the order of the bytes. Nested
// structures are flat: "qe report / mrsigner".
struct EvidenceField {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  std::string name;   // as the specification spells it
  std::string value;  // hex, a number, a name
  std::string note;   // what it means; may be empty

  bool operator==(const EvidenceField&) const = default;
};

// Evidence is one piece of evidence after its signatures were checked.
struct Evidence {
  EvidenceKind kind = EvidenceKind::kSnpReport;
  // One line for people: "AMD Milan, VCEK chain to ARK-Milan, TCB 3.0.8.115".
  std::string summary;
  std::vector<EvidenceCheck> checks;
  std::vector<AttestedRegister> registers;
  EvidenceClaims claims;
  // The guest's own event log, if there is one in the evidence or beside it.
  std::optional<Bytes> event_log;

  // authentic says whether the vendor's signatures hold: there are checks, and
  // none of them failed. A certificate that is missing is a failed check.
  bool authentic() const;
};

// Collateral is what was given beside the evidence: certificates, revocation
// lists, Intel's JSON documents. Names are the files' own, for error text.
struct CollateralFile {
  std::string name;
  Bytes bytes;
};

class CertificateCache;

// AuthenticationInputs is what every technology's check takes.
struct AuthenticationInputs {
  // Seconds since 1970. Certificates must be valid at this time; a Nitro
  // document is checked at its own, which must not be later than this.
  int64_t at = 0;
  std::span<const CollateralFile> collateral;
  // What was parsed before, for whoever checks many; null: nothing is kept.
  CertificateCache* certificates = nullptr;
};

}  // namespace tally
