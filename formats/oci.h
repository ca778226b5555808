// OCI images: the JSON of an index, a manifest and an image configuration. See
// docs/formats/oci.md. Follows the OCI Image Format Specification 1.1, and
// Docker's image manifest version 2, schema 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.h"
#include "common/result.h"

namespace tally {

// Bounds on the JSON documents; the distribution specification asks registries
// to take manifests of up to 4 MiB.
inline constexpr uint64_t kMaxOciManifestBytes = 4 << 20;
inline constexpr uint64_t kMaxOciConfigBytes = 16 << 20;

// OciDescriptor points at a blob.
struct OciDescriptor {
  std::string media_type;
  Sha256Digest sha256;
  uint64_t size_bytes = 0;

  bool operator==(const OciDescriptor&) const = default;
};

// OciIndexEntry is a manifest in an index, for one platform.
struct OciIndexEntry {
  OciDescriptor manifest;
  std::string os;            // empty if the index does not say
  std::string architecture;  // Go's name: "amd64"
  std::string variant;       // "v8"
};

// OciManifest is one image: its configuration and its layers, lowest first.
struct OciManifest {
  OciDescriptor config;
  std::vector<OciDescriptor> layers;
};

// OciConfig is the part of a configuration that says what the layers are.
struct OciConfig {
  std::string os;
  std::string architecture;
  std::vector<Sha256Digest> diff_ids;  // of the layers, uncompressed
};

// IsOciIndex says whether a document is an index and not a manifest: by its
// mediaType, or without one by its members.
Result<bool> IsOciIndex(std::string_view text);

// Each parser refuses what its schema does not allow in the members that are
// read; other members are ignored, as the specification demands. Digests other
// than sha256, media types other than those of tar layers (plain, gzip, zstd),
// nested indexes and foreign layers are InputErrors.
Result<std::vector<OciIndexEntry>> ParseOciIndex(std::string_view text);
Result<OciManifest> ParseOciManifest(std::string_view text);
Result<OciConfig> ParseOciConfig(std::string_view text);

// ChooseOciManifest returns the only Linux manifest of an index for a Debian
// architecture. None and several are InputErrors.
Result<OciDescriptor> ChooseOciManifest(const std::vector<OciIndexEntry>& index,
                                        std::string_view architecture);

}  // namespace tally
