// The sources/ of a release: what a rebuild reads beside the manifest.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "builder/local_files.h"
#include "builder/sources/directory.h"
#include "builder/sources/lock_sources.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

// SourceWriter writes each path once: two entries of a lock may share files.
class SourceWriter {
 public:
  SourceWriter(fs::path root, const MappedFiles& mapped)
      : root_(std::move(root)), mapped_(mapped) {}

  Status Write(const std::string& path, ByteSpan bytes) {
    if (!written_.insert(path).second) return Ok();
    const fs::path at = root_ / path;
    TALLY_TRY(CreateDirectories(at.parent_path()));
    TALLY_ASSIGN(FileSink sink, FileSink::Create(at));
    ReleasingSink releasing(sink, mapped_);
    TALLY_TRY(releasing.Append(bytes));
    TALLY_TRY(sink.Close());
    return Ok();
  }

 private:
  fs::path root_;
  const MappedFiles& mapped_;
  std::set<std::string> written_;
};

Status WriteDirectory(const LockedDirectory& directory, const Store& store,
                      const fs::path& root, MappedFiles* mapped,
                      SourceWriter* writer) {
  TALLY_ASSIGN(const SourceTree tree,
               ReadLockedDirectory(root, directory, store, mapped));
  for (const SourceEntry& entry : tree) {
    if (entry.type != NodeType::kFile) continue;
    TALLY_TRY(
        writer->Write(directory.path + "/" + entry.path, entry.content.span()));
  }
  return writer->Write(directory.path + kListingSuffix,
                       AsBytes(FormatListing(tree)));
}

std::vector<LockedBlob> BlobsOfLayout(const LockedOciImage& image) {
  std::vector<LockedBlob> blobs = {image.manifest, image.config};
  if (image.index) blobs.push_back(*image.index);
  for (const LockedLayer& layer : image.layers) blobs.push_back(layer.blob);
  return blobs;
}

std::string BlobPath(const LockedOciImage& image, const LockedBlob& blob) {
  return *image.layout + "/blobs/sha256/" + blob.sha256.hex();
}

Status WriteLayout(const LockedOciImage& image, const Store& store,
                   SourceWriter* writer) {
  for (const LockedBlob& blob : BlobsOfLayout(image)) {
    TALLY_ASSIGN(const MappedFile file,
                 store.Read(blob.sha256, blob.size_bytes));
    TALLY_TRY(writer->Write(BlobPath(image, blob), file.bytes()));
  }
  return Ok();
}

// AddDirectory adds the listing of a directory and the files that it lists.
Status AddDirectory(const LockedDirectory& directory, const fs::path& root,
                    SourceDigests* digests) {
  const std::string path = directory.path + kListingSuffix;
  TALLY_ASSIGN(const std::string listing,
               ReadTextFile(root / path, kMaxDirectoryListingBytes));
  const Sha256Digest found = Sha256(AsBytes(listing));
  if (found != directory.sha256) {
    return DigestMismatch(
        Quote(path) + " is not the listing that the lock names",
        directory.sha256.hex(), found.hex());
  }
  digests->emplace(path, found);
  std::map<std::string, uint64_t> sizes;
  Result<SourceTree> tree = ParseDirectoryListing(listing, &sizes);
  if (!tree) return std::move(tree).error().While("reading " + Quote(path));
  for (const SourceEntry& entry : *tree) {
    if (entry.type != NodeType::kFile) continue;
    digests->emplace(directory.path + "/" + entry.path, entry.content.sha256);
  }
  return Ok();
}

}  // namespace

Status WriteReleaseSources(const Lock& lock, const Store& store,
                           const fs::path& root, const fs::path& destination) {
  MappedFiles mapped;
  TALLY_ASSIGN(const auto local_files, ReadLocalFiles(lock, root, &mapped));
  SourceWriter writer(destination, mapped);
  for (const auto& [path, content] : local_files) {
    TALLY_TRY(writer.Write(path, content.span()));
  }
  for (const LockedDirectory& directory : lock.directories) {
    TALLY_TRY(WriteDirectory(directory, store, root, &mapped, &writer));
  }
  for (const LockedOciImage& image : lock.oci_images) {
    if (image.layout) TALLY_TRY(WriteLayout(image, store, &writer));
  }
  return mapped.CheckUnchanged();
}

Result<SourceDigests> ListReleaseSources(const Lock& lock,
                                         const fs::path& root) {
  SourceDigests digests;
  for (const LockedFile& file : lock.files) {
    digests.emplace(file.path, file.sha256);
  }
  for (const LockedDirectory& directory : lock.directories) {
    TALLY_TRY(AddDirectory(directory, root, &digests));
  }
  for (const LockedOciImage& image : lock.oci_images) {
    if (!image.layout) continue;
    for (const LockedBlob& blob : BlobsOfLayout(image)) {
      digests.emplace(BlobPath(image, blob), blob.sha256);
    }
  }
  return digests;
}

}  // namespace tally
