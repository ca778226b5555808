// tally build, tally rebuild.

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <iterator>
#include <set>

#include "builder/pin.h"
#include "builder/tree_check.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/release_builder.h"
#include "cli/release_checks.h"
#include "common/check.h"
#include "common/staging_directory.h"
#include "common/text.h"

namespace tally {
namespace {

// CheckDirectories: no directory of the output is there for its own sake.
Status CheckDirectories(const fs::path& output,
                        const std::vector<std::string>& names) {
  std::set<fs::path> parents;
  for (const std::string& name : names) {
    for (fs::path at = fs::path(name).parent_path(); !at.empty();
         at = at.parent_path()) {
      parents.insert(at);
    }
  }
  std::error_code error;
  for (fs::recursive_directory_iterator at(output, error), end;
       !error && at != end; at.increment(error)) {
    const fs::path name = at->path().lexically_relative(output);
    if (!at->is_directory(error) || parents.contains(name)) continue;
    return UsageError("output " + Quote(output.string()) +
                      " exists and has a directory that is not of a release, " +
                      Quote(name.string()) +
                      ", expected a new name or an earlier release");
  }
  return Ok();
}

// CheckOutputDirectory lets a build replace an earlier release (its own files
// and nothing else) or an empty directory.
Result<Existing> CheckOutputDirectory(const fs::path& output,
                                      Console& console) {
  std::error_code error;
  if (fs::is_symlink(fs::symlink_status(output, error))) {
    return UsageError("output " + Quote(output.string()) +
                      " is a symbolic link, expected a directory or nothing");
  }
  if (IsAbsent(output)) return Existing::kRefuse;
  if (!IsDirectory(output)) {
    return UsageError("output " + Quote(output.string()) +
                      " exists and is not a directory");
  }
  TALLY_ASSIGN(const std::vector<std::string> names, ListFiles(output));
  TALLY_TRY(CheckDirectories(output, names));
  if (names.empty()) return Existing::kReplace;
  const Result<LoadedRelease> release = LoadRelease(output);
  std::string stranger;
  bool is_signed = false;
  for (const std::string& name : names) {
    is_signed = is_signed || name.starts_with(kAttestationsDirectory);
    if (release && IsOfRelease(release->release, name)) continue;
    if (stranger.empty()) stranger = name;
  }
  if (!stranger.empty()) {
    return UsageError("output " + Quote(output.string()) +
                      " exists and has a file that is not of a release, " +
                      Quote(stranger) +
                      ", expected a new name or an earlier release");
  }
  if (is_signed) {
    console.Warn("the release that was at " + Quote(output.string()) +
                 " was signed; its attestations go with it");
  }
  return Existing::kReplace;
}

// TakeOn changes what no build may depend on, as `tally check` asks.
Status TakeOn(const BuildFlags& flags) {
  if (flags.umask) umask(static_cast<mode_t>(*flags.umask));
  if (flags.uid && (setgroups(0, nullptr) != 0 || setgid(*flags.uid) != 0 ||
                    setuid(*flags.uid) != 0)) {
    return ErrnoError("cannot become user " + std::to_string(*flags.uid),
                      errno);
  }
  return Ok();
}

// RunRecord has the facts of this run; nothing signed or compared has them.
Json RunRecord(std::chrono::milliseconds took, unsigned num_threads) {
  std::array<char, 256> host = {};
  gethostname(host.data(), host.size() - 1);
  const std::string host_text(host.data());
  return Json::Object{
      {"tally_version", TALLY_VERSION},
      {"host", IsUtf8(host_text) ? host_text : std::string()},
      {"finished", FormatUtcTime(static_cast<int64_t>(std::time(nullptr)))},
      {"duration_ms", int64_t{took.count()}},
      {"threads", int64_t{num_threads}}};
}

Json ReleaseRecord(const fs::path& output, const BuiltRelease& built) {
  TALLY_CHECK(built.release.release.files.size() > 0);
  Json::Array artifacts;
  for (const ListedFile& file : built.release.release.files) {
    artifacts.push_back(Json::Object{{"name", file.name},
                                     {"size", file.size_bytes},
                                     {"sha256", file.sha256.hex()}});
  }
  const Result<Json> measurements =
      ParseJson(FormatMeasurements(built.targets));
  return Json::Object{{"release", PathJson(output)},
                      {"release_digest", built.release.digest.hex()},
                      {"files", std::move(artifacts)},
                      {"targets", *measurements->Find("targets")}};
}

// RegisterText is "mrtd=<hex>", with what else there is to know of the value.
std::string RegisterText(const MeasuredRegister& value) {
  if (value.value.empty()) {
    return value.name + ".status=" + value.status + ": " + value.why;
  }
  const std::string text = value.name + "=" + value.value;
  return value.status == "predicted" ? text : text + " (" + value.status + ")";
}

// Summary is what a person wants to see of a release.
std::string Summary(const BuiltRelease& built) {
  std::string text;
  for (const ListedFile& file : built.release.release.files) {
    if (!file.name.starts_with(std::string(kArtifactsDirectory) + "/")) {
      continue;
    }
    std::string name = file.name;
    name.resize(std::max<size_t>(name.size(), 24), ' ');
    text += name + " " + file.sha256.hex().substr(0, 16) + "…  " +
            FormatBytes(file.size_bytes) + "\n";
  }
  for (const MeasuredTarget& target : built.targets) {
    for (const MeasuredRegister& value : target.registers) {
      text += TargetLabel(target) + " " + RegisterText(value) + "\n";
    }
  }
  return text + "release_digest=sha256:" + built.release.digest.hex() + "\n";
}

// IsInput: what a rebuild begins with.
bool IsInput(const ListedFile& file) {
  return file.name == kManifestFile || file.name == kLockFile ||
         file.name.starts_with(std::string(kSourcesDirectory) + "/");
}

// CompareInputs looks at the release's own manifest, lock and sources first: a
// rebuild from changed ones would only show what follows from the change.
Status CompareInputs(const Release& published,
                     const std::vector<ListedFile>& found) {
  std::vector<ListedFile> expected_inputs;
  std::vector<ListedFile> found_inputs;
  std::ranges::copy_if(published.files, std::back_inserter(expected_inputs),
                       IsInput);
  std::ranges::copy_if(found, std::back_inserter(found_inputs), IsInput);
  const std::string difference = FirstDifference(expected_inputs, found_inputs);
  if (difference.empty()) return Ok();
  return MismatchError("different: " + difference);
}

// CompareWith says whether a rebuilt release has the bytes of a published one.
Status CompareWith(const fs::path& release, const LoadedRelease& published,
                   const std::vector<ListedFile>& found,
                   const BuiltRelease& rebuilt) {
  std::string difference =
      FirstDifference(rebuilt.release.release.files, found);
  if (difference.empty() && published.text != rebuilt.release.text) {
    difference = DigestMismatch("'release.json' differs",
                                "sha256:" + rebuilt.release.digest.hex(),
                                "sha256:" + published.digest.hex())
                     .message();
  }
  if (!difference.empty()) return MismatchError("different: " + difference);
  Status checked = CheckFiles(release, published);
  if (checked) return Ok();
  return MismatchError("different: " + checked.error().message());
}

}  // namespace

Status RunBuild(const BuildFlags& flags, Console& console) {
  const auto start = std::chrono::steady_clock::now();
  TALLY_TRY(TakeOn(flags));
  if (IsDirectory(flags.manifest)) {
    return UsageError(Quote(flags.manifest.string()) +
                      " is a directory, expected a manifest")
        .Hint("a release is built again by: tally rebuild " +
              flags.manifest.string());
  }
  if (flags.output.empty()) return UsageError("the output has no name");
  TALLY_ASSIGN(const Existing existing,
               CheckOutputDirectory(flags.output, console));
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(flags.manifest));
  TALLY_TRY(CheckTargetNames(inputs.manifest));
  TALLY_ASSIGN(const Store store, OpenStore(flags.store));
  TALLY_TRY(RequireStored(inputs.lock, store, inputs.manifest.path));

  TALLY_ASSIGN(StagingDirectory staging,
               StagingDirectory::Create(flags.output));
  const unsigned num_threads = Threads(flags.num_threads);
  TALLY_ASSIGN(const BuiltRelease built,
               BuildRelease({.inputs = inputs,
                             .store = store,
                             .local_files = inputs.manifest.path.parent_path(),
                             .num_threads = num_threads,
                             .unpack_order = flags.reverse_inputs
                                                 ? UnpackOrder::kReversed
                                                 : UnpackOrder::kLargestFirst},
                            staging.path(), console));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  TALLY_TRY(WriteFileAtomic(staging.path() / kRunJson,
                            AsBytes(RunRecord(took, num_threads).Pretty())));
  // Publish moves everything into place at once, or nothing.
  TALLY_TRY(staging.Publish(existing));

  WarnAboutCoverage(built.targets, console);
  console.Answer(Summary(built), ReleaseRecord(flags.output, built));
  return Ok();
}

Status RunRebuild(const RebuildFlags& flags, Console& console) {
  TALLY_ASSIGN(const LoadedRelease published, LoadRelease(flags.release));
  TALLY_ASSIGN(const std::vector<ListedFile> found,
               DescribeFiles(flags.release));
  const Status same_inputs = CompareInputs(published.release, found);
  if (!same_inputs) return Answered(same_inputs.error(), "different", console);
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(flags.release));
  const Status same_sources =
      CheckSources(flags.release, published.release, inputs.lock);
  if (!same_sources) {
    return Answered(same_sources.error(), "different", console);
  }
  TALLY_ASSIGN(const Store store, OpenStore(flags.store));
  TALLY_TRY(RequireStored(inputs.lock, store, flags.release));
  TALLY_TRY(CheckTreeDigests(store, inputs.lock.packages,
                             Threads(flags.num_threads)));
  TALLY_ASSIGN(const std::vector<std::string> different_actions,
               DifferentActions(inputs.manifest, store, inputs.lock));
  for (const std::string& sentence : different_actions) console.Warn(sentence);

  TALLY_ASSIGN(const TemporaryDirectory temporary,
               TemporaryDirectory::Create());
  const fs::path directory = temporary.path() / "release";
  TALLY_TRY(CreateDirectories(directory));
  TALLY_ASSIGN(const BuiltRelease rebuilt,
               BuildRelease({.inputs = inputs,
                             .store = store,
                             .local_files = flags.release / kSourcesDirectory,
                             .num_threads = Threads(flags.num_threads)},
                            directory, console));
  WarnAboutCoverage(rebuilt.targets, console);
  const Status same = CompareWith(flags.release, published, found, rebuilt);
  if (!same) return Answered(same.error(), "different", console);
  console.Answer("same\n",
                 Json::Object{{"result", "same"},
                              {"release_digest", published.digest.hex()},
                              {"warnings", WarningsJson(rebuilt.targets)}});
  return Ok();
}

}  // namespace tally
