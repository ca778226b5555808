// tally keygen, tally sign, tally verify.

#include <algorithm>
#include <optional>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/measure_targets.h"
#include "cli/release_builder.h"
#include "cli/release_checks.h"
#include "common/check.h"
#include "common/hash.h"
#include "common/text.h"
#include "release/release.h"
#include "sbom/components.h"
#include "sign/bundle.h"
#include "sign/file_signer.h"
#include "sign/statement.h"

namespace tally {
namespace {

constexpr char kBundleSuffix[] = ".sigstore.json";
constexpr uint64_t kMaxBundleBytes = 64 << 20;

// BundleName is of the key, so that signing with another one adds a signature.
std::string BundleName(const PublicKey& key) {
  return "release." + Sha256(key.spki()).hex().substr(0, 16) + kBundleSuffix;
}

// BundlesOf returns the names of a release's bundles, that of `key` first.
Result<std::vector<std::string>> BundlesOf(const fs::path& release,
                                           const PublicKey& key) {
  std::vector<std::string> names;
  const fs::path directory = release / kAttestationsDirectory;
  if (IsAbsent(directory)) return names;
  TALLY_ASSIGN(names, ListFiles(directory));
  std::erase_if(names, [](const std::string& name) {
    return !name.ends_with(kBundleSuffix);
  });
  const std::string own = BundleName(key);
  std::stable_partition(names.begin(), names.end(),
                        [&](const std::string& name) { return name == own; });
  return names;
}

// FindStatement returns what `key` signed about a release, whatever the bundle
// is called.
Result<VerifiedStatement> FindStatement(const fs::path& release,
                                        const PublicKey& key) {
  TALLY_ASSIGN(const std::vector<std::string> names, BundlesOf(release, key));
  std::optional<Error> first_failure;
  for (const std::string& name : names) {
    const fs::path path = release / kAttestationsDirectory / name;
    TALLY_ASSIGN(const std::string text, ReadTextFile(path, kMaxBundleBytes));
    Result<VerifiedStatement> verified = VerifyBundle(text, key);
    if (verified) return verified;
    if (first_failure) continue;
    first_failure =
        std::move(verified).error().While("verifying " + Quote(path.string()));
  }
  if (first_failure) return *first_failure;
  return MismatchError(
      "the release is not signed: it has no " +
      Quote(std::string(kAttestationsDirectory) + "/*" + kBundleSuffix));
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
    // A download and a directory may have the same name.
    const bool local = file.kind == "local file";
    dependencies.push_back({.name = local ? file.name : file.ref,
                            .uri = file.purl,
                            .sha256 = file.sha256});
  }
  // The digest of an image vouches for its layers.
  for (const SbomOciImage& image : document.oci_images) {
    dependencies.push_back({.name = image.ref,
                            .uri = image.purl,
                            .sha256 = image.manifest.sha256});
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

// Verify is everything that has to be true of a signed release.
Result<std::vector<MeasuredTarget>> Verify(const fs::path& directory,
                                           const LoadedRelease& release,
                                           const PublicKey& key) {
  TALLY_ASSIGN(const VerifiedStatement verified, FindStatement(directory, key));
  // The files before what they say: a changed manifest is a changed file first.
  TALLY_TRY(CheckFiles(directory, release));
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(directory));
  TALLY_TRY(CheckStatement(verified, release, inputs));
  return CheckRelease(directory, release, inputs);
}

// WriteNewFile creates a file, or nothing; one that is there already is an
// error.
Status WriteNewFile(const fs::path& path, std::string_view text,
                    unsigned mode) {
  TALLY_ASSIGN(FileSink sink, FileSink::Create(path, mode));
  Status status = sink.Append(AsBytes(text));
  if (status) {
    const Result<FileDigest> written = sink.Close();
    if (written) return Ok();
    status = Error(written.error());
  }
  unlink(path.c_str());
  return status;
}

}  // namespace

Status RunKeygen(const KeygenFlags& flags, Console& console) {
  fs::path public_path = flags.public_key;
  if (public_path.empty()) {
    public_path = flags.private_key;
    public_path.replace_extension(".pub");
  }
  if (public_path == flags.private_key) {
    return UsageError("the private and the public key have the same name");
  }
  for (const fs::path& path : {flags.private_key, public_path}) {
    if (IsAbsent(path)) continue;
    return UsageError(Quote(path.string()) +
                      " exists, a key is never overwritten");
  }
  TALLY_ASSIGN(const KeyPair pair, GenerateKey(flags.type));
  // The public half first: should the second file fail, no secret lies around.
  TALLY_TRY(WriteNewFile(public_path, pair.public_pem, 0644));
  Status status = WriteNewFile(flags.private_key, pair.private_pem, 0600);
  if (!status) {
    unlink(public_path.c_str());
    return status;
  }
  console.Answer("private_key=" + flags.private_key.string() +
                     "\npublic_key=" + public_path.string() + "\n",
                 Json::Object{{"private_key", PathJson(flags.private_key)},
                              {"public_key", PathJson(public_path)}});
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
  const fs::path path =
      flags.release / kAttestationsDirectory / BundleName(signer.public_key());
  TALLY_TRY(CreateDirectories(path.parent_path()));
  TALLY_TRY(WriteFileAtomic(path, AsBytes(bundle)));
  WarnAboutCoverage(targets, console);
  console.Answer("signed sha256:" + release.digest.hex() +
                     "\nbundle=" + path.string() + "\n",
                 Json::Object{{"release_digest", release.digest.hex()},
                              {"bundle", PathJson(path)},
                              {"warnings", WarningsJson(targets)}});
  return Ok();
}

Status RunVerify(const VerifyFlags& flags, Console& console) {
  TALLY_ASSIGN(const PublicKey key, PublicKey::Load(flags.key));
  TALLY_ASSIGN(const LoadedRelease release, LoadRelease(flags.release));
  const Result<std::vector<MeasuredTarget>> targets =
      Verify(flags.release, release, key);
  if (!targets) return Answered(targets.error(), "not verified", console);
  WarnAboutCoverage(*targets, console);

  size_t num_values = 0;
  for (const MeasuredTarget& target : *targets) {
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
                   {"num_files", uint64_t{release.release.files.size()}},
                   {"num_measurements", uint64_t{num_values}},
                   {"warnings", WarningsJson(*targets)}});
  return Ok();
}

}  // namespace tally
