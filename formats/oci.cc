#include "formats/oci.h"

#include <algorithm>
#include <array>

#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxIndexEntries = 1024;
constexpr size_t kMaxLayers = 512;
constexpr uint64_t kMaxBlobBytes = uint64_t{1} << 40;

constexpr std::array<std::string_view, 2> kIndexTypes = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json"};
constexpr std::array<std::string_view, 2> kManifestTypes = {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json"};
constexpr std::array<std::string_view, 2> kConfigTypes = {
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json"};
constexpr std::array<std::string_view, 5> kLayerTypes = {
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip"};

template <size_t N>
bool IsOneOf(std::string_view text,
             const std::array<std::string_view, N>& names) {
  return std::ranges::find(names, text) != names.end();
}

// Object reads members by name and remembers the first failure.
class Object {
 public:
  Object(std::string where, const Json& value)
      : where_(std::move(where)), value_(value) {
    if (value.object() == nullptr) Fail("found no object, expected one");
  }

  // TextOr returns a member that may be absent.
  std::string TextOr(const char* key, const std::string& otherwise) {
    const Json* member = value_.Find(key);
    if (member == nullptr) return otherwise;
    if (const std::string* text = member->text()) return *text;
    Fail("'" + std::string(key) + "' is no text");
    return otherwise;
  }
  std::string Text(const char* key) {
    if (value_.Find(key) == nullptr) Missing(key);
    return TextOr(key, "");
  }
  uint64_t Size(const char* key) {
    const Json* member = value_.Find(key);
    if (member == nullptr) {
      Missing(key);
      return 0;
    }
    const int64_t* number = member->integer();
    if (number != nullptr && *number >= 0 &&
        static_cast<uint64_t>(*number) <= kMaxBlobBytes) {
      return static_cast<uint64_t>(*number);
    }
    Fail("'" + std::string(key) + "' is no number from 0 to 2^40");
    return 0;
  }
  Sha256Digest DigestOf(const std::string& text) {
    if (text.starts_with("sha256:")) {
      const Result<Sha256Digest> digest =
          Sha256Digest::FromHex(std::string_view(text).substr(7));
      if (digest) return *digest;
    }
    Fail("found digest " + Quote(text) +
         ", expected 'sha256:' and 64 lower-case digits");
    return {};
  }
  Json::Array Array(const char* key, size_t max_size) {
    const Json* member = value_.Find(key);
    if (member == nullptr) {
      Missing(key);
      return {};
    }
    if (member->array() != nullptr && member->array()->size() <= max_size) {
      return *member->array();
    }
    Fail("'" + std::string(key) + "' is no list of at most " +
         std::to_string(max_size));
    return {};
  }
  const Json& Member(const char* key) {
    static const Json kNothing;
    if (const Json* member = value_.Find(key)) return *member;
    Missing(key);
    return kNothing;
  }
  void Fail(const std::string& text) {
    if (failure_.empty()) failure_ = where_ + ": " + text;
  }
  Status Finish() const {
    if (failure_.empty()) return Ok();
    return InputError(failure_);
  }

 private:
  void Missing(const char* key) {
    Fail("found no member '" + std::string(key) + "', expected one");
  }

  std::string where_;
  const Json& value_;
  std::string failure_;
};

Result<Json> ParseDocument(const char* what, std::string_view text,
                           uint64_t max_size_bytes) {
  if (text.size() > max_size_bytes) {
    return InputError(std::string(what) + ": more than " +
                      FormatBytes(max_size_bytes));
  }
  Result<Json> json = ParseJson(text);
  if (!json) {
    return InputError(std::string(what) + ": " + json.error().message());
  }
  return json;
}

// CheckHead: schema version 2, and the media type if there is one.
template <size_t N>
void CheckHead(const std::array<std::string_view, N>& types, Object& object) {
  if (object.Size("schemaVersion") != 2) {
    object.Fail("'schemaVersion' is not 2");
  }
  const std::string type = object.TextOr("mediaType", std::string(types[0]));
  if (!IsOneOf(type, types)) {
    object.Fail("found media type " + Quote(type) + ", expected " +
                Quote(types[0]));
  }
}

template <size_t N>
Result<OciDescriptor> ReadDescriptor(
    const std::string& where, const Json& value,
    const std::array<std::string_view, N>& types) {
  Object object(where, value);
  OciDescriptor descriptor = {.media_type = object.Text("mediaType"),
                              .sha256 = object.DigestOf(object.Text("digest")),
                              .size_bytes = object.Size("size")};
  if (!IsOneOf(descriptor.media_type, types)) {
    object.Fail("found media type " + Quote(descriptor.media_type) +
                ", expected " + Quote(types[0]) + " or its like");
  }
  TALLY_TRY(object.Finish());
  return descriptor;
}

Result<OciIndexEntry> ReadIndexEntry(const std::string& where,
                                     const Json& value) {
  OciIndexEntry entry;
  TALLY_ASSIGN(entry.manifest, ReadDescriptor(where, value, kManifestTypes));
  const Json* platform = value.Find("platform");
  if (platform == nullptr) return entry;
  Object object(where + " platform", *platform);
  entry.os = object.Text("os");
  entry.architecture = object.Text("architecture");
  entry.variant = object.TextOr("variant", "");
  TALLY_TRY(object.Finish());
  return entry;
}

}  // namespace

Result<bool> IsOciIndex(std::string_view text) {
  TALLY_ASSIGN(const Json json,
               ParseDocument("oci manifest", text, kMaxOciManifestBytes));
  Object object("oci manifest", json);
  const std::string type = object.TextOr("mediaType", "");
  TALLY_TRY(object.Finish());
  if (IsOneOf(type, kIndexTypes)) return true;
  return type.empty() && json.Find("manifests") != nullptr &&
         json.Find("layers") == nullptr;
}

Result<std::vector<OciIndexEntry>> ParseOciIndex(std::string_view text) {
  TALLY_ASSIGN(const Json json,
               ParseDocument("oci index", text, kMaxOciManifestBytes));
  Object object("oci index", json);
  CheckHead(kIndexTypes, object);
  const Json::Array manifests = object.Array("manifests", kMaxIndexEntries);
  TALLY_TRY(object.Finish());
  std::vector<OciIndexEntry> entries;
  for (size_t i = 0; i < manifests.size(); ++i) {
    TALLY_ASSIGN(
        OciIndexEntry entry,
        ReadIndexEntry("oci index entry " + std::to_string(i), manifests[i]));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<OciManifest> ParseOciManifest(std::string_view text) {
  TALLY_ASSIGN(const Json json,
               ParseDocument("oci manifest", text, kMaxOciManifestBytes));
  Object object("oci manifest", json);
  CheckHead(kManifestTypes, object);
  const Json::Array layers = object.Array("layers", kMaxLayers);
  const Json& config = object.Member("config");
  TALLY_TRY(object.Finish());
  OciManifest manifest;
  TALLY_ASSIGN(manifest.config,
               ReadDescriptor("oci config", config, kConfigTypes));
  for (size_t i = 0; i < layers.size(); ++i) {
    TALLY_ASSIGN(OciDescriptor layer,
                 ReadDescriptor("oci layer " + std::to_string(i + 1), layers[i],
                                kLayerTypes));
    manifest.layers.push_back(std::move(layer));
  }
  return manifest;
}

Result<OciConfig> ParseOciConfig(std::string_view text) {
  TALLY_ASSIGN(const Json json,
               ParseDocument("oci config", text, kMaxOciConfigBytes));
  Object object("oci config", json);
  OciConfig config = {.os = object.Text("os"),
                      .architecture = object.Text("architecture"),
                      .diff_ids = {}};
  const Json& rootfs_value = object.Member("rootfs");
  TALLY_TRY(object.Finish());
  Object rootfs("oci config rootfs", rootfs_value);
  if (rootfs.Text("type") != "layers") rootfs.Fail("'type' is not 'layers'");
  for (const Json& id : rootfs.Array("diff_ids", kMaxLayers)) {
    config.diff_ids.push_back(
        rootfs.DigestOf(id.text() != nullptr ? *id.text() : ""));
  }
  TALLY_TRY(rootfs.Finish());
  return config;
}

Result<OciDescriptor> ChooseOciManifest(const std::vector<OciIndexEntry>& index,
                                        std::string_view architecture) {
  std::vector<OciDescriptor> found;
  for (const OciIndexEntry& entry : index) {
    // Debian's amd64 and arm64 are Go's as well. Baseline variants only.
    if (entry.os == "linux" && entry.architecture == architecture &&
        (entry.variant.empty() ||
         (architecture == "arm64" && entry.variant == "v8"))) {
      found.push_back(entry.manifest);
    }
  }
  if (found.size() == 1) return found.front();
  return InputError("oci index: found " + std::to_string(found.size()) +
                    " manifests for linux/" + std::string(architecture) +
                    ", expected one");
}

}  // namespace tally
