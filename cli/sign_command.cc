// tally keygen, tally sign, tally verify.

#include <algorithm>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/measure_targets.h"
#include "cli/release_builder.h"
#include "cli/release_checks.h"
#include "common/text.h"
#include "release/release.h"
#include "sbom/components.h"
#include "sign/bundle.h"
#include "sign/file_signer.h"
#include "sign/statement.h"

namespace tally {
namespace {

constexpr char kBundleName[] = "release.sigstore.json";
constexpr uint64_t kMaxBundleBytes = 64 << 20;

fs::path BundlePath(const fs::path& release) {
  return release / kAttestationsDirectory / kBundleName;
}

// Subjects are all files of a release, and release.json itself.
std::vector<Subject> SubjectsOf(const LoadedRelease& release) {
  std::vector<Subject> subjects;
  for (const ListedFile& file : release.release.files) {
    subjects.push_back({.name = file.name, .sha256 = file.sha256});
  }
  subjects.push_back({.name = kReleaseJson, .sha256 = release.digest});
  return subjects;
}

BuildParameters ParametersOf(const LoadedRelease& release,
                             const Inputs& inputs) {
  return {.name = release.release.name,
          .version = release.release.version,
          .architecture = inputs.manifest.architecture,
          .manifest_sha256 = release.release.manifest_sha256,
          .lock_sha256 = release.release.lock_sha256,
          .format_epoch = static_cast<uint64_t>(release.release.format_epoch)};
}

// DependenciesOf are all entries of the lock.
Result<std::vector<ResolvedDependency>> DependenciesOf(const Inputs& inputs) {
  TALLY_ASSIGN(
      const SbomDocument document,
      DescribeImage(inputs.lock, {.name = inputs.manifest.name,
                                  .version = inputs.manifest.version}));
  std::vector<ResolvedDependency> dependencies;
  for (const SbomPackage& package : document.packages) {
    dependencies.push_back(
        {.name = package.path, .uri = package.purl, .sha256 = package.sha256});
  }
  for (const SbomFile& file : document.files) {
    dependencies.push_back(
        {.name = file.name, .uri = file.purl, .sha256 = file.sha256});
  }
  return dependencies;
}

Result<Provenance> ProvenanceOf(const LoadedRelease& release,
                                const Inputs& inputs) {
  TALLY_ASSIGN(std::vector<ResolvedDependency> dependencies,
               DependenciesOf(inputs));
  return Provenance{.subjects = SubjectsOf(release),
                    .parameters = ParametersOf(release, inputs),
                    .dependencies = std::move(dependencies)};
}

// CheckStatement holds a verified statement against the release.
Status CheckStatement(const VerifiedStatement& verified,
                      const LoadedRelease& release, const Inputs& inputs) {
  TALLY_ASSIGN(const Provenance stated,
               ParseStatement(AsText(verified.payload)));
  TALLY_ASSIGN(const Provenance expected, ProvenanceOf(release, inputs));
  TALLY_TRY(CheckSubjects(stated.subjects, expected.subjects));
  if (stated.parameters != expected.parameters) {
    return MismatchError(
        "the signed build parameters are not those of this release");
  }
  const auto sorted = [](std::vector<ResolvedDependency> list) {
    std::ranges::sort(list, {}, &ResolvedDependency::name);
    return list;
  };
  if (sorted(stated.dependencies) != sorted(expected.dependencies)) {
    return MismatchError("the signed dependencies are not those of the lock");
  }
  return Ok();
}

}  // namespace

Status RunKeygen(const KeygenFlags& flags, Console& console) {
  fs::path public_path = flags.public_key;
  if (public_path.empty()) {
    public_path = flags.private_key;
    public_path.replace_extension(".pub");
  }
  for (const fs::path& path : {flags.private_key, public_path}) {
    if (!fs::exists(path)) continue;
    return UsageError(Quote(path.string()) +
                      " exists, a key is never overwritten");
  }
  if (public_path == flags.private_key) {
    return UsageError("the private and the public key have the same name");
  }
  TALLY_ASSIGN(const KeyPair pair, GenerateKey(flags.type));
  TALLY_TRY(
      WriteFileAtomic(flags.private_key, AsBytes(pair.private_pem), 0600));
  TALLY_TRY(WriteFileAtomic(public_path, AsBytes(pair.public_pem)));
  console.Answer("private_key=" + flags.private_key.string() +
                     "\npublic_key=" + public_path.string() + "\n",
                 Json::Object{{"private_key", flags.private_key.string()},
                              {"public_key", public_path.string()}});
  return Ok();
}

Status RunSign(const SignFlags& flags, Console& console) {
  TALLY_ASSIGN(const LoadedRelease release, LoadRelease(flags.release));
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(flags.release));
  // Nobody signs what was not looked at.
  TALLY_ASSIGN(const std::vector<MeasuredTarget> targets,
               CheckRelease(flags.release, release, inputs));
  TALLY_ASSIGN(const FileSigner signer, FileSigner::Load(flags.key));
  TALLY_ASSIGN(Provenance provenance, ProvenanceOf(release, inputs));
  if (!flags.builder_id.empty()) provenance.builder_id = flags.builder_id;
  TALLY_ASSIGN(const std::string statement, FormatStatement(provenance));
  TALLY_ASSIGN(const std::string bundle, SignBundle(statement, signer));
  const fs::path path = BundlePath(flags.release);
  TALLY_TRY(CreateDirectories(path.parent_path()));
  TALLY_TRY(WriteFileAtomic(path, AsBytes(bundle)));
  WarnAboutCoverage(targets, console);
  console.Answer("signed sha256:" + release.digest.hex() +
                     "\nbundle=" + path.string() + "\n",
                 Json::Object{{"release_digest", release.digest.hex()},
                              {"bundle", path.string()}});
  return Ok();
}

Status RunVerify(const VerifyFlags& flags, Console& console) {
  TALLY_ASSIGN(const PublicKey key, PublicKey::Load(flags.key));
  TALLY_ASSIGN(const LoadedRelease release, LoadRelease(flags.release));
  const fs::path bundle_path = BundlePath(flags.release);
  if (!fs::exists(bundle_path)) {
    return MismatchError(
        "the release is not signed: it has no " +
        Quote(std::string(kAttestationsDirectory) + "/" + kBundleName));
  }
  TALLY_ASSIGN(const std::string bundle,
               ReadTextFile(bundle_path, kMaxBundleBytes));
  Result<VerifiedStatement> verified = VerifyBundle(bundle, key);
  if (!verified) {
    return std::move(verified).error().While("verifying " +
                                             Quote(bundle_path.string()));
  }
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(flags.release));
  TALLY_TRY(CheckStatement(*verified, release, inputs));
  TALLY_ASSIGN(const std::vector<MeasuredTarget> targets,
               CheckRelease(flags.release, release, inputs));
  WarnAboutCoverage(targets, console);

  size_t num_values = 0;
  for (const MeasuredTarget& target : targets) {
    num_values += target.registers.size();
  }
  console.Answer(
      "verified " + release.release.name + " " + release.release.version +
          "\n  signature     " + KeyTypeName(key.type()) + ", key " +
          key.hint() + "\n  files         " +
          std::to_string(release.release.files.size()) +
          " digests recomputed\n  measurements  " + std::to_string(num_values) +
          " values recomputed\nrelease_digest=sha256:" + release.digest.hex() +
          "\n",
      Json::Object{{"result", "verified"},
                   {"name", release.release.name},
                   {"version", release.release.version},
                   {"release_digest", release.digest.hex()},
                   {"key_hint", key.hint()},
                   {"files", uint64_t{release.release.files.size()}},
                   {"measurements", uint64_t{num_values}}});
  return Ok();
}

}  // namespace tally
