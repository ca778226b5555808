#include "manifests/source_checks.h"

#include <algorithm>
#include <map>
#include <vector>

#include "common/text.h"
#include "manifests/check_errors.h"
#include "manifests/text_rules.h"

namespace tally {
namespace {

// FirstLines is where each name was first.
using FirstLines = std::map<std::string, Location>;

Status AddOnce(const Manifest& manifest, const std::string& what,
               const std::string& name, const Location& where,
               FirstLines* names) {
  const auto [first, is_new] = names->emplace(name, where);
  if (is_new) return Ok();
  return ErrorAt(manifest, where,
                 "found " + what + " " + Quote(name) +
                     " again, expected it once (first in line " +
                     std::to_string(first->second.line) + ")");
}

// CheckDefined refuses a name that is not among the `defined`.
template <typename T>
Status CheckDefined(const Manifest& manifest, const Location& where,
                    const std::string& what, const std::string& name,
                    const std::vector<T>& defined) {
  std::vector<std::string> names;
  for (const T& entry : defined) names.push_back(entry.name);
  if (std::ranges::find(names, name) != names.end()) return Ok();
  const auto nearest = NearestName(name, names);
  return ErrorAt(
      manifest, where,
      "found " + what + " " + Quote(name) +
          ", expected the name of one that the manifest defines" +
          (nearest ? " (did you mean " + Quote(*nearest) + "?)" : ""));
}

// The longest word that the build adds for a volume: builder/volumes.h.
size_t WordSize(const VolumeSpec& volume) {
  constexpr size_t kHashAndIds = 64 + 2 * 36;
  // A path of /lib becomes one of /usr/lib.
  return std::string_view(" tally.volume=::::/usr").size() + kHashAndIds +
         volume.name.size() + volume.path.size();
}

bool IsBelow(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

Status CheckRoomForVolumes(const Manifest& manifest) {
  size_t size = manifest.disk->cmdline.size() + kCommandLineRoom;
  for (const VolumeSpec& volume : manifest.volumes) {
    size += WordSize(volume);
    if (size < kKernelCommandLineSize) continue;
    return ErrorAt(manifest, volume.where,
                   "found no room for volume " + Quote(volume.name) +
                       " in the command line, expected fewer volumes, or a "
                       "shorter 'cmdline'");
  }
  return Ok();
}

// CheckSameNames: what the manifest names and what the lock has are the same.
Status CheckSameNames(const Manifest& manifest, const Lock& lock,
                      const std::string& what, const FirstLines& named,
                      const std::vector<std::string>& locked) {
  for (const std::string& name : locked) {
    if (named.contains(name)) continue;
    return StaleLock(manifest, lock,
                     what + " " + Quote(name) +
                         " is in the lock but not named by " +
                         manifest.path.string());
  }
  for (const auto& [name, where] : named) {
    if (std::ranges::find(locked, name) != locked.end()) continue;
    return StaleLock(manifest, lock,
                     what + " " + Quote(name) + " is named by " +
                         At(manifest, where) + " but not in the lock");
  }
  return Ok();
}

// CheckSame compares one value of an entry.
Status CheckSame(const Manifest& manifest, const Lock& lock,
                 const std::string& what, const Location& where,
                 const std::string& found, const std::string& expected) {
  if (found == expected) return Ok();
  return StaleLock(manifest, lock,
                   "found " + what + " " + Quote(found) + ", expected " +
                       Quote(expected) + " as in " + At(manifest, where));
}

Status CheckLockedDownloads(const Manifest& manifest, const Lock& lock) {
  FirstLines named;
  for (const DownloadSpec& x : manifest.downloads) named[x.name] = x.where;
  std::vector<std::string> locked;
  for (const LockedDownload& x : lock.downloads) locked.push_back(x.name);
  TALLY_TRY(CheckSameNames(manifest, lock, "download", named, locked));
  for (const DownloadSpec& spec : manifest.downloads) {
    const auto found =
        std::ranges::find(lock.downloads, spec.name, &LockedDownload::name);
    const std::string of = " of download " + Quote(spec.name);
    TALLY_TRY(CheckSame(manifest, lock, "url" + of, spec.where, found->url,
                        spec.url));
    TALLY_TRY(CheckSame(manifest, lock, "sha256" + of, spec.where,
                        found->sha256.hex(), spec.sha256.hex()));
  }
  return Ok();
}

Status CheckLockedDirectories(const Manifest& manifest, const Lock& lock) {
  const FirstLines named = DirectoriesOf(manifest);
  std::vector<std::string> locked;
  for (const LockedDirectory& x : lock.directories) locked.push_back(x.path);
  return CheckSameNames(manifest, lock, "directory", named, locked);
}

Status CheckLockedImages(const Manifest& manifest, const Lock& lock) {
  FirstLines named;
  for (const OciImageSpec& x : manifest.oci_images) named[x.name] = x.where;
  std::vector<std::string> locked;
  for (const LockedOciImage& x : lock.oci_images) locked.push_back(x.name);
  TALLY_TRY(CheckSameNames(manifest, lock, "OCI image", named, locked));
  for (const OciImageSpec& spec : manifest.oci_images) {
    const auto found =
        std::ranges::find(lock.oci_images, spec.name, &LockedOciImage::name);
    const std::string of = " of OCI image " + Quote(spec.name);
    TALLY_TRY(CheckSame(manifest, lock, "layout" + of, spec.where,
                        found->layout.value_or(""), spec.layout.value_or("")));
    TALLY_TRY(CheckSame(manifest, lock, "registry" + of, spec.where,
                        found->registry.value_or(""),
                        spec.registry.value_or("")));
    const LockedBlob& named_blob =
        found->index ? *found->index : found->manifest;
    TALLY_TRY(CheckSame(manifest, lock, "digest" + of, spec.where,
                        "sha256:" + named_blob.sha256.hex(),
                        "sha256:" + spec.digest.hex()));
  }
  return Ok();
}

}  // namespace

Status CheckSources(const Manifest& manifest) {
  FirstLines downloads;
  for (const DownloadSpec& x : manifest.downloads) {
    TALLY_TRY(AddOnce(manifest, "download", x.name, x.where, &downloads));
  }
  FirstLines images;
  for (const OciImageSpec& x : manifest.oci_images) {
    TALLY_TRY(AddOnce(manifest, "OCI image", x.name, x.where, &images));
  }
  return Ok();
}

Status CheckSourceNames(const Manifest& manifest, const TreeSpec& tree) {
  for (const FileSpec& file : tree.files) {
    if (!file.download) continue;
    TALLY_TRY(CheckDefined(manifest, file.where, "download", *file.download,
                           manifest.downloads));
  }
  FirstLines seen;
  for (const TreeSourceSpec& source : tree.trees) {
    std::string origin;
    if (source.directory) origin = "directory " + *source.directory;
    if (source.download) {
      TALLY_TRY(CheckDefined(manifest, source.where, "download",
                             *source.download, manifest.downloads));
      origin = "download " + *source.download;
    }
    if (source.oci) {
      TALLY_TRY(CheckDefined(manifest, source.where, "OCI image", *source.oci,
                             manifest.oci_images));
      origin = "oci " + *source.oci;
    }
    TALLY_TRY(AddOnce(manifest, "tree", origin + " at " + source.path,
                      source.where, &seen));
  }
  return Ok();
}

Status CheckVolumes(const Manifest& manifest) {
  FirstLines names;
  for (const VolumeSpec& volume : manifest.volumes) {
    TALLY_TRY(AddOnce(manifest, "volume", volume.name, volume.where, &names));
    for (const VolumeSpec& other : manifest.volumes) {
      if (&other == &volume || !IsBelow(volume.path, other.path)) continue;
      return ErrorAt(manifest, volume.where,
                     "found volume " + Quote(volume.name) + " at " +
                         Quote(volume.path) + ", expected a place outside of " +
                         Quote(other.path) + ", where volume " +
                         Quote(other.name) + " is");
    }
  }
  if (manifest.volumes.empty()) return Ok();
  const Location& where = manifest.volumes.front().where;
  if (!manifest.disk) {
    return ErrorAt(manifest, where,
                   "found volumes and no key 'disk' in the manifest, expected "
                   "the command line that binds them");
  }
  if (manifest.eif) {
    return ErrorAt(manifest, where,
                   "found volumes and key 'eif' in the manifest, expected one "
                   "of them: an enclave has no disks");
  }
  return CheckRoomForVolumes(manifest);
}

Status CheckLockedSources(const Manifest& manifest, const Lock& lock) {
  // The init of the first format epoch would not mount them.
  if (!manifest.volumes.empty() && lock.format_epoch == 1) {
    return StaleLock(
        manifest, lock,
        "found format epoch 1, expected a later one for the volumes "
        "of " +
            manifest.path.string());
  }
  TALLY_TRY(CheckLockedDownloads(manifest, lock));
  TALLY_TRY(CheckLockedDirectories(manifest, lock));
  TALLY_TRY(CheckLockedImages(manifest, lock));
  return Ok();
}

}  // namespace tally
