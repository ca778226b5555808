#include "sbom/sources.h"

#include <algorithm>

#include "sbom/purl.h"

namespace tally {
namespace {

void AddFiles(const Lock& lock, SbomDocument* document) {
  for (const LockedFile& file : lock.files) {
    document->files.push_back({.ref = "file:" + file.path,
                               .purl = GenericPurl(file.path, "", file.sha256),
                               .name = file.path,
                               .kind = "local file",
                               .size_bytes = file.size_bytes,
                               .sha256 = file.sha256});
  }
  for (const LockedDirectory& directory : lock.directories) {
    document->files.push_back(
        {.ref = "directory:" + directory.path,
         .purl = GenericPurl(directory.path, "", directory.sha256),
         .name = directory.path,
         .kind = "directory",
         .size_bytes = directory.size_bytes,
         .sha256 = directory.sha256});
  }
  for (const LockedDownload& download : lock.downloads) {
    document->files.push_back(
        {.ref = "download:" + download.name,
         .purl = GenericPurl(download.name, "", download.sha256, download.url),
         .name = download.name,
         .kind = "download",
         .url = download.url,
         .size_bytes = download.size_bytes,
         .sha256 = download.sha256});
  }
}

// OciPurl follows types-doc/oci: the name is the last part of the repository's,
// the version the digest of the manifest.
std::string OciPurl(const LockedOciImage& image,
                    const std::string& architecture) {
  const std::string registry = image.registry.value_or("");
  return FormatPurl(
      {.type = "oci",
       .name = registry.empty() ? image.name
                                : registry.substr(registry.rfind('/') + 1),
       .version = "sha256:" + image.manifest.sha256.hex(),
       .qualifiers = {{"arch", architecture}, {"repository_url", registry}}});
}

void AddOciImages(const Lock& lock, SbomDocument* document) {
  for (const LockedOciImage& locked : lock.oci_images) {
    const std::string purl = OciPurl(locked, lock.architecture);
    SbomOciImage image = {.ref = "oci:" + locked.name,
                          .purl = purl,
                          .name = locked.name,
                          .from = locked.layout
                                      ? "layout " + *locked.layout
                                      : "registry " + *locked.registry,
                          .index = locked.index,
                          .manifest = locked.manifest,
                          .config = locked.config,
                          .layers = {}};
    for (const LockedLayer& layer : locked.layers) {
      const std::string number = std::to_string(image.layers.size() + 1);
      image.layers.push_back({.ref = image.ref + ":layer-" + number,
                              .name = locked.name + " layer " + number,
                              .locked = layer});
    }
    document->oci_images.push_back(std::move(image));
  }
  std::ranges::sort(document->oci_images, {}, &SbomOciImage::ref);
}

}  // namespace

void AddSources(const Lock& lock, SbomDocument* document) {
  AddFiles(lock, document);
  AddOciImages(lock, document);
}

}  // namespace tally
