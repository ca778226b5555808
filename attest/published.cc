#include "attest/published.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

// Platform is what a kind of evidence is compared by.
struct Platform {
  EvidenceKind kind;
  std::string_view name;
  // The register that a single bare value is for.
  std::string_view register_name;
  std::string_view algorithm;
};

constexpr std::array<Platform, 8> kPlatforms = {
    {{EvidenceKind::kSnpReport, "sev-snp", "launch_digest", "sha384"},
     {EvidenceKind::kTdxQuote, "tdx", "mrtd", "sha384"},
     {EvidenceKind::kSgxQuote, "sgx", "mrenclave", "sha256"},
     {EvidenceKind::kNitroDocument, "nitro", "PCR0", "sha384"},
     {EvidenceKind::kCcaToken, "cca", "rim", ""},
     {EvidenceKind::kTpmQuote, "tpm", "pcr11", "sha256"},
     {EvidenceKind::kAzureSnp, "tpm", "pcr11", "sha256"},
     {EvidenceKind::kAzureTdx, "tpm", "pcr11", "sha256"}}};

const Platform& PlatformFor(EvidenceKind kind) {
  return *std::ranges::find(kPlatforms, kind, &Platform::kind);
}

std::string AlgorithmOfSize(size_t size_bytes) {
  switch (size_bytes) {
    case 20:
      return "sha1";
    case 32:
      return "sha256";
    case 48:
      return "sha384";
    case 64:
      return "sha512";
    default:
      return "";
  }
}

Result<PublishedStatus> ParseStatus(const std::string& text) {
  if (text == "predicted") return PublishedStatus::kPredicted;
  if (text == "given") return PublishedStatus::kGiven;
  if (text == "not predictable") return PublishedStatus::kNotPredictable;
  return InputError("status: found " + Quote(text) +
                    ", expected 'predicted', 'given' or 'not predictable'");
}

// Only what the comparison needs is read: releases of later versions of the
// tool may say more of a register.
Result<PublishedRegister> ReadRegister(const std::string& name,
                                       const Json& record) {
  const auto text = [&](const char* key) -> Result<std::string> {
    const Json* value = record.Find(key);
    if (value != nullptr && value->text() != nullptr) return *value->text();
    return InputError("register " + Quote(name) + ": has no text '" + key +
                      "'");
  };
  PublishedRegister published = {.name = name};
  TALLY_ASSIGN(published.algorithm, text("algorithm"));
  TALLY_ASSIGN(const std::string status, text("status"));
  TALLY_ASSIGN(published.status, ParseStatus(status));
  if (published.status == PublishedStatus::kNotPredictable) return published;
  TALLY_ASSIGN(const std::string value, text("value"));
  TALLY_ASSIGN(published.value, ParseHex(value));
  if (AlgorithmOfSize(published.value.size()) != published.algorithm) {
    return InputError("register " + Quote(name) + ": found a value of " +
                      std::to_string(published.value.size()) +
                      " bytes, expected one of " + Quote(published.algorithm));
  }
  return published;
}

std::string PlainText(const Json& value) {
  return value.text() != nullptr ? *value.text() : value.Canonical();
}

Result<PublishedTarget> ReadTarget(const Json& record,
                                   const ReleaseIdentity& release) {
  const auto member = [&](const char* key) { return record.Find(key); };
  const Json* name = member("name");
  const Json* platform = member("platform");
  const Json* profile = member("profile");
  const Json* registers = member("registers");
  if (name == nullptr || name->text() == nullptr || platform == nullptr ||
      platform->text() == nullptr || profile == nullptr ||
      profile->object() == nullptr || registers == nullptr ||
      registers->object() == nullptr) {
    return InputError(
        "a target has no name, platform, profile or registers of the right "
        "type");
  }
  PublishedTarget target = {.release_name = release.name,
                            .release_version = release.version,
                            .release_digest = release.digest,
                            .target = *name->text(),
                            .platform = *platform->text(),
                            .profile = ProfileText(*profile)};
  for (const auto& [key, value] : *registers->object()) {
    Result<PublishedRegister> read = ReadRegister(key, value);
    if (!read) {
      return std::move(read).error().While("reading target " +
                                           Quote(target.target));
    }
    target.registers.push_back(*std::move(read));
  }
  return target;
}

}  // namespace

std::string_view PlatformOf(EvidenceKind kind) {
  return PlatformFor(kind).name;
}

Result<std::vector<PublishedTarget>> ParseMeasurements(
    std::string_view text, const ReleaseIdentity& release) {
  TALLY_ASSIGN(const Json document, ParseJson(text));
  const Json* records = document.Find("targets");
  if (records == nullptr || records->array() == nullptr) {
    return InputError("measurements.json: has no list 'targets'");
  }
  std::vector<PublishedTarget> targets;
  for (const Json& record : *records->array()) {
    TALLY_ASSIGN(PublishedTarget target, ReadTarget(record, release));
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<PublishedTarget> PublishedValues(std::string_view text,
                                        EvidenceKind kind) {
  const Platform& platform = PlatformFor(kind);
  PublishedTarget target = {.target = "given",
                            .platform = std::string(platform.name)};
  for (const std::string& part : Split(text, ',')) {
    const size_t equals = part.find('=');
    const bool is_bare = equals == std::string::npos;
    const std::string name =
        is_bare ? std::string(platform.register_name) : part.substr(0, equals);
    const Result<Bytes> value =
        ParseHex(is_bare ? part : part.substr(equals + 1));
    const std::string algorithm = value ? AlgorithmOfSize(value->size()) : "";
    if (algorithm.empty() || name.empty()) {
      return UsageError("--measurement: found " + Quote(part) +
                        ", expected a digest in hexadecimal, or REGISTER=HEX");
    }
    if (std::ranges::find(target.registers, name, &PublishedRegister::name) !=
        target.registers.end()) {
      return UsageError("--measurement: found " + Quote(name) + " twice");
    }
    target.registers.push_back(
        {.name = name, .algorithm = algorithm, .value = *value});
  }
  return target;
}

std::string ProfileText(const Json& profile) {
  std::vector<std::string> facts;
  if (profile.object() == nullptr) return "";
  for (const auto& [key, value] : *profile.object()) {
    facts.push_back(key + " " + PlainText(value));
  }
  return Join(facts, ", ");
}

std::string TargetText(const PublishedTarget& target) {
  if (target.profile.empty()) return target.target;
  return target.target + " (" + target.profile + ")";
}

}  // namespace tally
