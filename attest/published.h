// Published values: what a release says that hardware will report.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence.h"
#include "common/digest.h"
#include "common/json.h"

namespace tally {

// How a release knows a value (docs/formats/release.md).
enum class PublishedStatus {
  kPredicted,
  // Taken from a log or a table that somebody gave.
  kGiven,
  // There is no value: nobody can compute it from the release.
  kNotPredictable,
};

struct PublishedRegister {
  std::string name;       // as in AttestedRegister
  std::string algorithm;  // likewise
  Bytes value;            // empty if not predictable
  PublishedStatus status = PublishedStatus::kPredicted;

  bool operator==(const PublishedRegister&) const = default;
};

// PublishedTarget is one cell of a target's matrix.
struct PublishedTarget {
  std::string release_name;
  std::string release_version;
  Sha256Digest release_digest;
  std::string target;    // the manifest's name
  std::string platform;  // "sev-snp", "tdx", "nitro", "sgx", "cca", "tpm" …
  std::string profile;   // "vcpu_type EPYC-v4, vcpus 4, vmm qemu"
  std::vector<PublishedRegister> registers;

  bool operator==(const PublishedTarget&) const = default;
};

// PlatformOf returns the platform whose targets evidence of this kind is held
// against: "tpm" for Azure's guests, whose hardware measures the paravisor.
std::string_view PlatformOf(EvidenceKind kind);

// ReleaseIdentity is what release.json says of itself.
struct ReleaseIdentity {
  std::string name;
  std::string version;
  Sha256Digest digest;
};

// ParseMeasurements reads measurements.json of a release.
Result<std::vector<PublishedTarget>> ParseMeasurements(
    std::string_view text, const ReleaseIdentity& release);

// PublishedValues makes a target of bare values that somebody gave instead of
// a release: "launch_digest=HEX,…", or one HEX for the register that identifies
// the guest on this platform.
Result<PublishedTarget> PublishedValues(std::string_view text,
                                        EvidenceKind kind);

// ProfileText is a cell's profile, an object, as PublishedTarget has it; empty
// for anything else.
std::string ProfileText(const Json& profile);

// TargetText is a cell for people: "snp (vcpu_type EPYC-v4, vcpus 4)".
std::string TargetText(const PublishedTarget& target);

}  // namespace tally
