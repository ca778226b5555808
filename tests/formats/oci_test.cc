#include "formats/oci.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

constexpr char kDigest[] =
    "1111111111111111111111111111111111111111111111111111111111111111";

std::string Descriptor(const std::string& type, const std::string& more = "") {
  return "{\"mediaType\":\"" + type + "\",\"digest\":\"sha256:" + kDigest +
         "\",\"size\":7" + more + "}";
}

const std::string kManifestType = "application/vnd.oci.image.manifest.v1+json";
const std::string kConfigType = "application/vnd.oci.image.config.v1+json";
const std::string kLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";

std::string PlatformMember(const std::string& os,
                           const std::string& architecture,
                           const std::string& variant = "") {
  return ",\"platform\":{\"os\":\"" + os + "\",\"architecture\":\"" +
         architecture + "\"" +
         (variant.empty() ? "" : ",\"variant\":\"" + variant + "\"") + "}";
}

std::string Index(const std::string& entries) {
  return "{\"schemaVersion\":2,\"manifests\":[" + entries + "]}";
}

std::string Manifest(const std::string& config, const std::string& layers) {
  return "{\"schemaVersion\":2,\"mediaType\":\"" + kManifestType +
         "\",\"config\":" + config + ",\"layers\":[" + layers +
         "],\"annotations\":{\"a\":\"b\"}}";
}

std::string ManifestError(const std::string& text) {
  const auto manifest = ParseOciManifest(text);
  return manifest ? "" : manifest.error().message();
}

TEST(OciManifest, HasConfigAndLayers) {
  const auto manifest = ParseOciManifest(
      Manifest(Descriptor(kConfigType),
               Descriptor(kLayerType) + "," +
                   Descriptor("application/vnd.docker.image.rootfs.diff.tar."
                              "gzip",
                              ",\"annotations\":{}")));
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  EXPECT_EQ(manifest->config.media_type, kConfigType);
  EXPECT_EQ(manifest->config.size_bytes, 7u);
  ASSERT_EQ(manifest->layers.size(), 2u);
  EXPECT_EQ(manifest->layers[0].media_type, kLayerType);
  EXPECT_EQ(manifest->layers[0].sha256.hex(), kDigest);
}

TEST(OciManifest, RejectsWhatIsNoImage) {
  EXPECT_EQ(ManifestError("[]"), "oci manifest: found no object, expected one");
  EXPECT_EQ(ManifestError("{}"),
            "oci manifest: found no member 'schemaVersion', expected one");
  EXPECT_EQ(ManifestError("{\"schemaVersion\":1}"),
            "oci manifest: 'schemaVersion' is not 2");
  EXPECT_EQ(ManifestError(Manifest(Descriptor(kLayerType), "")),
            "oci config: found media type "
            "'application/vnd.oci.image.layer.v1.tar+gzip', expected "
            "'application/vnd.oci.image.config.v1+json' or its like");
  EXPECT_EQ(
      ManifestError(Manifest(
          Descriptor(kConfigType),
          Descriptor(
              "application/vnd.oci.image.layer.nondistributable.v1.tar"))),
      "oci layer 1: found media type "
      "'application/vnd.oci.image.layer.nondistributable.v1.tar', expected "
      "'application/vnd.oci.image.layer.v1.tar' or its like");
}

TEST(OciManifest, RejectsOtherDigestsAndSizes) {
  const std::string head = "{\"mediaType\":\"" + kConfigType + "\",\"digest\":";
  EXPECT_EQ(ManifestError(Manifest(head + "\"sha512:00\",\"size\":1}", "")),
            "oci config: found digest 'sha512:00', expected 'sha256:' and 64 "
            "lower-case digits");
  EXPECT_EQ(ManifestError(
                Manifest(head + "\"sha256:" + kDigest + "\",\"size\":-1}", "")),
            "oci config: 'size' is no number from 0 to 2^40");
  EXPECT_EQ(ManifestError(Manifest(
                head + "\"sha256:" + kDigest + "\",\"size\":\"1\"}", "")),
            "oci config: 'size' is no number from 0 to 2^40");
}

TEST(OciIndex, TellsAnIndexFromAManifest) {
  EXPECT_EQ(IsOciIndex(Index("")).value(), true);
  EXPECT_EQ(IsOciIndex(Manifest(Descriptor(kConfigType), "")).value(), false);
  EXPECT_EQ(IsOciIndex("{\"mediaType\":\"application/vnd.docker.distribution."
                       "manifest.list.v2+json\"}")
                .value(),
            true);
}

TEST(OciIndex, ChoosesTheOnlyManifestOfAnArchitecture) {
  const auto index = ParseOciIndex(Index(
      Descriptor(kManifestType, PlatformMember("linux", "amd64")) + "," +
      Descriptor(kManifestType, PlatformMember("linux", "arm64", "v8")) + "," +
      Descriptor(kManifestType, PlatformMember("linux", "arm", "v7")) + "," +
      Descriptor(kManifestType, PlatformMember("unknown", "unknown"))));
  ASSERT_TRUE(index) << index.error().ToString();
  EXPECT_TRUE(ChooseOciManifest(*index, "amd64"));
  EXPECT_TRUE(ChooseOciManifest(*index, "arm64"));
}

TEST(OciIndex, RejectsNoneAndSeveral) {
  const std::string entry =
      Descriptor(kManifestType, PlatformMember("linux", "amd64"));
  const auto index = ParseOciIndex(Index(entry + "," + entry)).value();
  EXPECT_EQ(ChooseOciManifest(index, "amd64").error().message(),
            "oci index: found 2 manifests for linux/amd64, expected one");
  EXPECT_EQ(ChooseOciManifest(index, "arm64").error().message(),
            "oci index: found 0 manifests for linux/arm64, expected one");
}

TEST(OciIndex, RejectsAnIndexInAnIndex) {
  EXPECT_EQ(ParseOciIndex(
                Index(Descriptor("application/vnd.oci.image.index.v1+json")))
                .error()
                .message(),
            "oci index entry 0: found media type "
            "'application/vnd.oci.image.index.v1+json', expected "
            "'application/vnd.oci.image.manifest.v1+json' or its like");
}

TEST(OciConfig, HasTheDigestsOfTheLayers) {
  const auto config = ParseOciConfig(
      std::string("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{"
                  "\"type\":\"layers\",\"diff_ids\":[\"sha256:") +
      kDigest + "\"]}}");
  ASSERT_TRUE(config) << config.error().ToString();
  EXPECT_EQ(config->os, "linux");
  EXPECT_EQ(config->architecture, "amd64");
  ASSERT_EQ(config->diff_ids.size(), 1u);
  EXPECT_EQ(config->diff_ids[0].hex(), kDigest);
}

TEST(OciConfig, RejectsOtherFileSystems) {
  EXPECT_EQ(ParseOciConfig("{\"os\":\"linux\",\"architecture\":\"amd64\","
                           "\"rootfs\":{\"type\":\"x\",\"diff_ids\":[]}}")
                .error()
                .message(),
            "oci config rootfs: 'type' is not 'layers'");
  EXPECT_EQ(ParseOciConfig("{\"os\":\"linux\",\"architecture\":\"amd64\","
                           "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}")
                .error()
                .message(),
            "oci config rootfs: found digest '', expected 'sha256:' and 64 "
            "lower-case digits");
}

}  // namespace
}  // namespace tally
