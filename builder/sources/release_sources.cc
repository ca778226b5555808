// The sources/ of a release: what a rebuild reads beside the manifest.
#include <set>
#include <utility>
#include <vector>

#include "builder/local_files.h"
#include "builder/sources/directory.h"
#include "builder/sources/lock_sources.h"

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

Status WriteLayout(const LockedOciImage& image, const Store& store,
                   SourceWriter* writer) {
  std::vector<LockedBlob> blobs = {image.manifest, image.config};
  if (image.index) blobs.push_back(*image.index);
  for (const LockedLayer& layer : image.layers) blobs.push_back(layer.blob);
  for (const LockedBlob& blob : blobs) {
    TALLY_ASSIGN(const MappedFile file,
                 store.Read(blob.sha256, blob.size_bytes));
    TALLY_TRY(writer->Write(
        *image.layout + "/blobs/sha256/" + blob.sha256.hex(), file.bytes()));
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

}  // namespace tally
