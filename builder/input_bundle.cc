#include "builder/input_bundle.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "builder/local_files.h"
#include "builder/locked_inputs.h"
#include "builder/sources/directory.h"
#include "common/hash.h"
#include "common/json.h"
#include "common/text.h"
#include "formats/tar.h"

namespace tally {
namespace {

constexpr int64_t kBundleVersion = 1;
// Names in a bundle, in their order.
constexpr char kBundleJson[] = "bundle.json";
constexpr char kBundledLock[] = "lock.yaml";
constexpr char kBundledManifest[] = "manifest.yaml";
constexpr char kBundledSources[] = "sources/";
constexpr char kBundledStore[] = "store/";

constexpr uint64_t kMaxJsonBytes = 1 << 16;
constexpr uint64_t kMaxLockBytes = 64 << 20;
constexpr uint64_t kMaxManifestBytes = 1 << 20;
// Of one InRelease or Packages file; those of the lock have a size.
constexpr uint64_t kMaxEvidenceBytes = uint64_t{512} << 20;

std::string JsonText(const Sha256Digest& lock_sha256,
                     const Sha256Digest& manifest_sha256,
                     BundledEvidence evidence) {
  return Json(Json::Object{
                  {"evidence", evidence == BundledEvidence::kWith},
                  {"lock_sha256", lock_sha256.hex()},
                  {"manifest_sha256", manifest_sha256.hex()},
                  {"tally_bundle", kBundleVersion},
              })
             .Canonical() +
         "\n";
}

// StoredFile is a file below store/: its size is known, or bounded.
struct StoredFile {
  std::string name;  // for people
  std::optional<uint64_t> size_bytes;
};
using StoredFiles = std::map<Sha256Digest, StoredFile>;

StoredFiles StoredFilesOf(const Lock& lock, BundledEvidence evidence) {
  StoredFiles files;
  for (const StoredInput& input : InputsOf(lock)) {
    files[input.sha256] = {.name = input.name, .size_bytes = input.size_bytes};
  }
  if (evidence == BundledEvidence::kWithout) return files;
  for (const StoredEvidence& entry : EvidenceOf(lock)) {
    files.insert({entry.sha256, {.name = entry.name, .size_bytes = {}}});
  }
  return files;
}

// CheckStored: all is at hand, so that nothing is written if a file is missing.
Status CheckStored(const BundleInputs& inputs) {
  for (const StoredInput& input : InputsOf(inputs.lock)) {
    if (inputs.store.Contains(input.sha256, input.size_bytes)) continue;
    return InputError(Quote(input.name) + " is not in the store whole")
        .Hint("bring it: tally fetch " + inputs.manifest.path.string());
  }
  if (inputs.evidence == BundledEvidence::kWithout) return Ok();
  for (const StoredEvidence& entry : EvidenceOf(inputs.lock)) {
    if (inputs.store.SizeOf(entry.sha256)) continue;
    return InputError(Quote(entry.name) + " is not in the store")
        .Hint(
            "tally lock --refresh brings the archive's of today and changes "
            "the lock; --no-evidence leaves out all such files");
  }
  return Ok();
}

// SourceFile is a file below sources/.
struct SourceFile {
  uint64_t size_bytes = 0;  // of a listing: at most
  Sha256Digest sha256;
  std::string listing_of;  // the directory, if it is a listing
};
using SourceFiles = std::map<std::string, SourceFile>;  // by path

// Expect adds a file. It may be named twice, as a file and in a directory.
Status Expect(const std::string& path, const SourceFile& file,
              SourceFiles* files) {
  const auto [there, added] = files->emplace(path, file);
  if (added || there->second.sha256 == file.sha256) return Ok();
  return InputError("the lock names " + Quote(path) + " with two digests");
}

Status ExpectLocked(const Lock& lock, SourceFiles* files) {
  for (const LockedFile& file : lock.files) {
    TALLY_TRY(Expect(file.path,
                     {.size_bytes = file.size_bytes,
                      .sha256 = file.sha256,
                      .listing_of = ""},
                     files));
  }
  for (const LockedDirectory& directory : lock.directories) {
    TALLY_TRY(Expect(directory.path + kListingSuffix,
                     {.size_bytes = kMaxDirectoryListingBytes,
                      .sha256 = directory.sha256,
                      .listing_of = directory.path},
                     files));
  }
  return Ok();
}

// ReadSourceFiles returns the contents of sources/, by path. What is mapped
// lives as long as `mapped`.
Result<std::map<std::string, Content>> ReadSourceFiles(
    const BundleInputs& inputs, MappedFiles* mapped) {
  TALLY_ASSIGN(auto files,
               ReadLocalFiles(inputs.lock, inputs.local_files, mapped));
  for (const LockedDirectory& directory : inputs.lock.directories) {
    TALLY_ASSIGN(const SourceTree tree,
                 ReadLockedDirectory(inputs.local_files, directory,
                                     inputs.store, mapped));
    files[directory.path + kListingSuffix] =
        MakeContent(ToBytes(AsBytes(FormatListing(tree))));
    for (const SourceEntry& entry : tree) {
      if (entry.type != NodeType::kFile) continue;
      files[directory.path + "/" + entry.path] = entry.content;
    }
  }
  return files;
}

class BundleWriter {
 public:
  BundleWriter(int64_t mtime, ByteSink& sink)
      : mtime_(static_cast<uint64_t>(std::max<int64_t>(mtime, 0))),
        tar_(sink) {}

  Status Add(const std::string& name, ByteSpan content) {
    return tar_.Add(
        {.name = name, .size_bytes = content.size(), .mtime = mtime_}, content);
  }
  Status Finish() { return tar_.Finish(); }

 private:
  uint64_t mtime_;
  TarWriter tar_;
};

// BundleReader takes the files of a bundle one after the other.
class BundleReader {
 public:
  BundleReader(ByteSpan bundle, Store& store, fs::path directory)
      : tar_(bundle), store_(store), directory_(std::move(directory)) {}

  Result<BundleReport> Run();

 private:
  Status Advance();
  Result<ByteSpan> TakeNamed(const std::string& name, uint64_t max_size_bytes);
  Status TakeJson();
  Status TakeLock();
  Status TakeManifest();
  Status TakeSources();
  Status TakeStored();
  Status TakeStoredFile(const Sha256Digest& sha256, const StoredFile& file);
  Status Unpack(const std::string& name, ByteSpan content);
  Error Unexpected(const std::string& expected) const;

  TarReader tar_;
  Store& store_;
  fs::path directory_;             // empty: nothing is unpacked
  std::optional<TarEntry> entry_;  // that comes next
  Sha256Digest lock_sha256_;
  Sha256Digest manifest_sha256_;
  BundledEvidence evidence_ = BundledEvidence::kWith;
  uint64_t mtime_ = 0;
  Lock lock_;
  std::set<std::string> unpacked_;
  BundleReport report_;
};

Result<BundleReport> BundleReader::Run() {
  TALLY_TRY(Advance());
  TALLY_TRY(TakeJson());
  TALLY_TRY(TakeLock());
  TALLY_TRY(TakeManifest());
  TALLY_TRY(TakeSources());
  TALLY_TRY(TakeStored());
  if (entry_) return Unexpected("the end of the bundle");
  return report_;
}

Status BundleReader::Advance() {
  TALLY_ASSIGN(entry_, tar_.Next());
  return Ok();
}

Error BundleReader::Unexpected(const std::string& expected) const {
  return InputError(
      "found " +
      (entry_ ? Quote(entry_->header.name) + " at " + HexNumber(entry_->offset)
              : std::string("the end of the bundle")) +
      ", expected " + expected);
}

// TakeNamed returns the content of the next file, which must have this name.
Result<ByteSpan> BundleReader::TakeNamed(const std::string& name,
                                         uint64_t max_size_bytes) {
  if (!entry_ || entry_->header.name != name) return Unexpected(Quote(name));
  const TarEntry entry = *entry_;
  if (entry.content.size() > max_size_bytes) {
    return InputError(
        Quote(name) + " has " + std::to_string(entry.content.size()) +
        " bytes, expected at most " + std::to_string(max_size_bytes));
  }
  if (name == kBundleJson) mtime_ = entry.header.mtime;
  if (entry.header.mtime != mtime_) {
    return InputError(Quote(name) + " has time " +
                      std::to_string(entry.header.mtime) + ", expected " +
                      std::to_string(mtime_) + " as all files of the bundle");
  }
  TALLY_TRY(Advance());
  return entry.content;
}

Status BundleReader::TakeJson() {
  TALLY_ASSIGN(const ByteSpan content, TakeNamed(kBundleJson, kMaxJsonBytes));
  TALLY_ASSIGN(const Json json, ParseJson(AsText(content)));
  JsonFields fields(kBundleJson, json);
  const int64_t version = fields.Integer("tally_bundle");
  evidence_ = fields.Boolean("evidence") ? BundledEvidence::kWith
                                         : BundledEvidence::kWithout;
  const std::string lock = fields.Text("lock_sha256");
  const std::string manifest = fields.Text("manifest_sha256");
  TALLY_TRY(fields.Finish());
  if (version != kBundleVersion) {
    return InputError("bundle.json: tally_bundle is " +
                      std::to_string(version) + ", expected " +
                      std::to_string(kBundleVersion));
  }
  TALLY_ASSIGN(lock_sha256_, Sha256Digest::FromHex(lock));
  TALLY_ASSIGN(manifest_sha256_, Sha256Digest::FromHex(manifest));
  if (JsonText(lock_sha256_, manifest_sha256_, evidence_) != AsText(content)) {
    return InputError(
        "bundle.json: found another spelling, expected canonical JSON (RFC "
        "8785) and one newline");
  }
  report_.has_evidence = evidence_ == BundledEvidence::kWith;
  return Ok();
}

Status CheckDigest(const std::string& name, ByteSpan content,
                   const Sha256Digest& expected) {
  const Sha256Digest got = Sha256(content);
  if (got == expected) return Ok();
  // The bundle is an input: it says nothing about anybody's release.
  return InputError(
      DigestMismatch(Quote(name), expected.hex(), got.hex()).message());
}

Status BundleReader::TakeLock() {
  TALLY_ASSIGN(const ByteSpan content, TakeNamed(kBundledLock, kMaxLockBytes));
  TALLY_TRY(CheckDigest(kBundledLock, content, lock_sha256_));
  TALLY_ASSIGN(lock_, ParseLock(AsText(content), kBundledLock));
  report_.lock_sha256 = lock_sha256_;
  return Unpack(kBundledLock, content);
}

Status BundleReader::TakeManifest() {
  TALLY_ASSIGN(const ByteSpan content,
               TakeNamed(kBundledManifest, kMaxManifestBytes));
  TALLY_TRY(CheckDigest(kBundledManifest, content, manifest_sha256_));
  TALLY_ASSIGN(const Manifest manifest,
               ParseManifest(AsText(content), kBundledManifest));
  TALLY_TRY(CheckLockBelongs(manifest, lock_));
  if (static_cast<uint64_t>(std::max<int64_t>(manifest.source_date_epoch, 0)) !=
      mtime_) {
    return InputError("the files of the bundle have time " +
                      std::to_string(mtime_) + ", expected " +
                      std::to_string(manifest.source_date_epoch) +
                      ", the manifest's source_date_epoch");
  }
  report_.name = manifest.name;
  report_.version = manifest.version;
  return Unpack(kBundledManifest, content);
}

// TakeSources: a listing sorts before the files that it names ('.' before '/'),
// so that the list grows only after where we are.
Status BundleReader::TakeSources() {
  SourceFiles expected;
  TALLY_TRY(ExpectLocked(lock_, &expected));
  for (const auto& [path, file] : expected) {
    const std::string name = kBundledSources + path;
    TALLY_ASSIGN(const ByteSpan content, TakeNamed(name, file.size_bytes));
    TALLY_TRY(CheckDigest(name, content, file.sha256));
    TALLY_TRY(Unpack(path, content));
    if (file.listing_of.empty()) continue;
    std::map<std::string, uint64_t> sizes;
    TALLY_ASSIGN(const SourceTree tree,
                 ParseDirectoryListing(AsText(content), &sizes));
    for (const SourceEntry& entry : tree) {
      if (entry.type != NodeType::kFile) continue;
      TALLY_TRY(Expect(file.listing_of + "/" + entry.path,
                       {.size_bytes = sizes.at(entry.path),
                        .sha256 = entry.content.sha256,
                        .listing_of = ""},
                       &expected));
    }
  }
  return Ok();
}

Status BundleReader::TakeStored() {
  for (const auto& [sha256, file] : StoredFilesOf(lock_, evidence_)) {
    Status status = TakeStoredFile(sha256, file);
    if (!status) {
      return std::move(status).error().While("taking " + Quote(file.name) +
                                             " from the bundle");
    }
  }
  return Ok();
}

Status BundleReader::TakeStoredFile(const Sha256Digest& sha256,
                                    const StoredFile& file) {
  const std::string name = kBundledStore + sha256.hex();
  TALLY_ASSIGN(const ByteSpan content,
               TakeNamed(name, file.size_bytes.value_or(kMaxEvidenceBytes)));
  TALLY_TRY(CheckDigest(name, content, sha256));
  if (store_.Contains(sha256, content.size()) &&
      store_.Verify(sha256, content.size())) {
    ++report_.num_present;
    return Ok();
  }
  TALLY_TRY(store_.Put(content));
  ++report_.num_added;
  report_.added_bytes += content.size();
  return Ok();
}

// Unpack writes one file of the project. A source may be the manifest itself,
// with the same bytes; anything else of a name that is there is refused by
// FileSink.
Status BundleReader::Unpack(const std::string& name, ByteSpan content) {
  if (directory_.empty()) return Ok();
  const fs::path path = directory_ / name;
  if (!unpacked_.insert(name).second) {
    TALLY_ASSIGN(const FileDigest there, DigestFile(path));
    return CheckDigest(kBundledSources + name, content, there.sha256);
  }
  TALLY_TRY(CreateDirectories(path.parent_path()));
  TALLY_ASSIGN(FileSink sink, FileSink::Create(path));
  TALLY_TRY(sink.Append(content));
  TALLY_TRY(sink.Close());
  return Ok();
}

}  // namespace

Status WriteInputBundle(const BundleInputs& inputs, ByteSink& sink) {
  const Manifest& manifest = inputs.manifest;
  TALLY_TRY(CheckStored(inputs));
  MappedFiles mapped;
  TALLY_ASSIGN(const auto sources, ReadSourceFiles(inputs, &mapped));
  TALLY_ASSIGN(const std::string manifest_text,
               ReadTextFile(manifest.path, kMaxManifestBytes));
  TALLY_TRY(CheckDigest(manifest.path.string(), AsBytes(manifest_text),
                        manifest.sha256));
  const std::string lock_text = FormatLock(inputs.lock);

  BundleWriter out(manifest.source_date_epoch, sink);
  TALLY_TRY(out.Add(
      kBundleJson, AsBytes(JsonText(Sha256(AsBytes(lock_text)), manifest.sha256,
                                    inputs.evidence))));
  TALLY_TRY(out.Add(kBundledLock, AsBytes(lock_text)));
  TALLY_TRY(out.Add(kBundledManifest, AsBytes(manifest_text)));
  for (const auto& [path, content] : sources) {
    TALLY_TRY(out.Add(kBundledSources + path, content.span()));
  }
  TALLY_TRY(mapped.CheckUnchanged());
  for (const auto& [sha256, file] :
       StoredFilesOf(inputs.lock, inputs.evidence)) {
    const uint64_t found = inputs.store.SizeOf(sha256).value_or(0);
    TALLY_ASSIGN(const MappedFile entry,
                 inputs.store.Read(sha256, file.size_bytes.value_or(found)));
    TALLY_TRY(out.Add(kBundledStore + sha256.hex(), entry.bytes()));
  }
  return out.Finish();
}

Result<BundleReport> ReadInputBundle(ByteSpan bundle, Store& store,
                                     const fs::path& directory) {
  return BundleReader(bundle, store, directory).Run();
}

}  // namespace tally
