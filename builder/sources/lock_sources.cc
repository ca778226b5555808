#include "builder/sources/lock_sources.h"

#include <algorithm>
#include <vector>

#include "builder/fetch_registry.h"
#include "builder/sources/directory.h"
#include "builder/sources/oci_image.h"
#include "common/text.h"

namespace tally {
namespace {

// The size of a download is not known before it was there once.
constexpr uint64_t kMaxDownloadBytes = uint64_t{1} << 40;
// More lines than this say nothing more.
constexpr size_t kMaxWarnings = 5;

void AddReport(const FetchReport& more, FetchReport* report) {
  report->num_present += more.num_present;
  report->num_fetched += more.num_fetched;
  report->fetched_bytes += more.fetched_bytes;
}

Status LockDownloads(const Manifest& manifest, const FetchOptions& options,
                     Store& store, Lock& lock) {
  std::vector<FetchItem> items;
  for (const DownloadSpec& spec : manifest.downloads) {
    items.push_back({.name = "download " + spec.name,
                     .size_bytes = kMaxDownloadBytes,
                     .sha256 = spec.sha256,
                     .urls = {spec.url},
                     .size_rule = SizeRule::kAtMost});
  }
  TALLY_TRY(FetchAll(store, items, options));
  for (const DownloadSpec& spec : manifest.downloads) {
    lock.downloads.push_back({.name = spec.name,
                              .url = spec.url,
                              .size_bytes = store.SizeOf(spec.sha256).value(),
                              .sha256 = spec.sha256});
  }
  std::ranges::sort(lock.downloads, {}, &LockedDownload::name);
  return Ok();
}

Status WarnAboutUncommitted(const fs::path& directory, const Warn& warn) {
  if (!warn) return Ok();
  TALLY_ASSIGN(const std::vector<std::string> lines,
               FindUncommitted(directory));
  const std::string subject = "directory " + Quote(directory.string()) + ": ";
  for (size_t i = 0; i < lines.size() && i < kMaxWarnings; ++i) {
    warn(subject + lines[i]);
  }
  if (lines.size() > kMaxWarnings) {
    warn(subject + "and " + std::to_string(lines.size() - kMaxWarnings) +
         " more that are not in the last commit");
  }
  return Ok();
}

Status LockDirectories(const Manifest& manifest, const Warn& warn, Store& store,
                       Lock& lock) {
  const fs::path root = manifest.path.parent_path();
  for (const auto& [path, where] : DirectoriesOf(manifest)) {
    Result<LockedDirectory> locked = LockDirectory(root, path, store);
    if (!locked) {
      return std::move(locked).error().While("locking the directory named at " +
                                             At(manifest, where));
    }
    lock.directories.push_back(*std::move(locked));
    TALLY_TRY(WarnAboutUncommitted(root / path, warn));
  }
  std::ranges::sort(lock.directories, {}, &LockedDirectory::path);
  return Ok();
}

// CopyLayoutBlob brings a blob of a layout into the store, unless it is there.
Status CopyLayoutBlob(const fs::path& root, const std::string& layout,
                      const LockedBlob& blob, Store& store,
                      FetchReport* report) {
  if (store.Contains(blob.sha256, blob.size_bytes) &&
      store.Verify(blob.sha256, blob.size_bytes)) {
    ++report->num_present;
    return Ok();
  }
  MappedFiles mapped;
  TALLY_ASSIGN(const Content content,
               ReadLayoutBlob(root, layout, blob.sha256, &mapped));
  TALLY_TRY(store.Put(content.span()));
  ++report->num_fetched;
  report->fetched_bytes += content.size_bytes();
  return Ok();
}

std::vector<LockedBlob> BlobsOfImage(const LockedOciImage& image) {
  std::vector<LockedBlob> blobs;
  if (image.index) blobs.push_back(*image.index);
  blobs.push_back(image.manifest);
  blobs.push_back(image.config);
  for (const LockedLayer& layer : image.layers) blobs.push_back(layer.blob);
  return blobs;
}

// FetchLayers brings the layers of an image from its registry.
Result<FetchReport> FetchLayers(const LockedOciImage& image,
                                const Registry& registry,
                                const FetchOptions& options, Store& store) {
  std::vector<FetchItem> items;
  for (size_t i = 0; i < image.layers.size(); ++i) {
    const LockedBlob& blob = image.layers[i].blob;
    items.push_back(registry.BlobItem(
        "oci " + image.name + " layer " + std::to_string(i + 1), blob.sha256,
        blob.size_bytes));
  }
  return FetchAll(store, items, options);
}

Result<LockedOciImage> LockLayoutImage(const OciImageSpec& spec,
                                       const fs::path& root,
                                       const std::string& architecture,
                                       Store& store) {
  const OciDocumentReader read = [&](const Sha256Digest& sha256,
                                     std::optional<uint64_t>) -> Result<Bytes> {
    MappedFiles mapped;
    TALLY_ASSIGN(const Content content,
                 ReadLayoutBlob(root, *spec.layout, sha256, &mapped));
    return ToBytes(content.span());
  };
  TALLY_ASSIGN(LockedOciImage image,
               DescribeOciImage(spec, architecture, read, store));
  FetchReport report;
  for (const LockedLayer& layer : image.layers) {
    TALLY_TRY(CopyLayoutBlob(root, *spec.layout, layer.blob, store, &report));
  }
  return image;
}

Result<LockedOciImage> LockRegistryImage(const OciImageSpec& spec,
                                         const std::string& architecture,
                                         const FetchOptions& options,
                                         Store& store) {
  Registry registry(*spec.registry, options);
  const OciDocumentReader read =
      [&](const Sha256Digest& sha256,
          std::optional<uint64_t> size_bytes) -> Result<Bytes> {
    const std::optional<uint64_t> stored = store.SizeOf(sha256);
    if (stored && store.Verify(sha256, *stored)) {
      TALLY_ASSIGN(const MappedFile file, store.Read(sha256, *stored));
      return ToBytes(file.bytes());
    }
    Result<Bytes> manifest = registry.FetchManifest(sha256);
    if (manifest || !size_bytes) return manifest;
    // The configuration is a blob like a layer.
    const std::vector<FetchItem> items = {
        registry.BlobItem("oci " + spec.name + " config", sha256, *size_bytes)};
    TALLY_TRY(FetchAll(store, items, options));
    TALLY_ASSIGN(const MappedFile file, store.Read(sha256, *size_bytes));
    return ToBytes(file.bytes());
  };
  TALLY_ASSIGN(LockedOciImage image,
               DescribeOciImage(spec, architecture, read, store));
  TALLY_TRY(FetchLayers(image, registry, options, store));
  return image;
}

Status LockImages(const Manifest& manifest, const FetchOptions& options,
                  Store& store, Lock& lock) {
  for (const OciImageSpec& spec : manifest.oci_images) {
    Result<LockedOciImage> image =
        spec.layout
            ? LockLayoutImage(spec, manifest.path.parent_path(),
                              lock.architecture, store)
            : LockRegistryImage(spec, lock.architecture, options, store);
    if (!image) {
      return std::move(image).error().While("locking the OCI image named at " +
                                            At(manifest, spec.where));
    }
    lock.oci_images.push_back(*std::move(image));
  }
  std::ranges::sort(lock.oci_images, {}, &LockedOciImage::name);
  return Ok();
}

// FetchImage brings all parts of a locked image into the store.
Result<FetchReport> FetchImage(const LockedOciImage& image,
                               const fs::path& root,
                               const FetchOptions& options, Store& store) {
  FetchReport report;
  if (image.layout) {
    for (const LockedBlob& blob : BlobsOfImage(image)) {
      TALLY_TRY(CopyLayoutBlob(root, *image.layout, blob, store, &report));
    }
    return report;
  }
  Registry registry(*image.registry, options);
  const std::vector<LockedBlob> blobs = BlobsOfImage(image);
  const bool complete = std::ranges::all_of(blobs, [&](const LockedBlob& b) {
    return store.Contains(b.sha256, b.size_bytes);
  });
  // One request tells whether the registry wants a token.
  if (!complete) TALLY_TRY(registry.FetchManifest(image.manifest.sha256));
  const std::string name = "oci " + image.name;
  std::vector<FetchItem> items;
  if (image.index) {
    items.push_back(registry.ManifestItem(name + " index", image.index->sha256,
                                          image.index->size_bytes));
  }
  items.push_back(registry.ManifestItem(
      name + " manifest", image.manifest.sha256, image.manifest.size_bytes));
  items.push_back(registry.BlobItem(name + " config", image.config.sha256,
                                    image.config.size_bytes));
  TALLY_ASSIGN(report, FetchAll(store, items, options));
  TALLY_ASSIGN(const FetchReport layers,
               FetchLayers(image, registry, options, store));
  AddReport(layers, &report);
  return report;
}

}  // namespace

Status LockSources(const Manifest& manifest, const FetchOptions& options,
                   const Warn& warn, Store& store, Lock& lock) {
  TALLY_TRY(LockDirectories(manifest, warn, store, lock));
  TALLY_TRY(LockDownloads(manifest, options, store, lock));
  return LockImages(manifest, options, store, lock);
}

Result<FetchReport> FetchSources(const Lock& lock, const fs::path& root,
                                 const FetchOptions& options, Store& store) {
  std::vector<FetchItem> items;
  for (const LockedDownload& download : lock.downloads) {
    items.push_back({.name = "download " + download.name,
                     .size_bytes = download.size_bytes,
                     .sha256 = download.sha256,
                     .urls = {download.url}});
  }
  TALLY_ASSIGN(FetchReport report, FetchAll(store, items, options));
  for (const LockedOciImage& image : lock.oci_images) {
    TALLY_ASSIGN(const FetchReport more,
                 FetchImage(image, root, options, store));
    AddReport(more, &report);
  }
  return report;
}

}  // namespace tally
