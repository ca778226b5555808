// Downloads, directories, OCI images and volumes of manifest and lock.
#include <gtest/gtest.h>

#include "common/text.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {
namespace {

const std::string kDigest(64, '1');

std::string ManifestWithSections(const std::string& sections) {
  return "tally: 1\nname: x\nversion: \"1\"\narchitecture: amd64\n"
         "source_date_epoch: 1\narchives: [{name: debian, suites: "
         "[bookworm]}]\n"
         "kernel: {package: linux-x, image: /boot/vmlinuz}\n"
         "initrd: {packages: [busybox-static]}\n"
         "payload: {run: [/usr/bin/x]}\n"
         "disk: {cmdline: \"console=ttyS0\"}\n" +
         sections +
         (sections.find("root:") == std::string::npos ? "root: {}\n" : "");
}

std::string RefusedSections(const std::string& sections) {
  const auto manifest = ParseManifest(ManifestWithSections(sections), "m.yaml");
  return manifest ? "accepted" : manifest.error().message();
}

const std::string kDownload =
    "downloads: [{name: card, url: \"https://example.org/x.tar.gz\", sha256: "
    "\"" +
    kDigest + "\"}]\n";

std::string SampleSections() {
  return kDownload +
         "oci_images:\n"
         "  - {name: app, layout: oci/app, digest: \"sha256:" +
         kDigest +
         "\"}\n"
         "  - {name: app2, registry: \"localhost:5000/team/app\", digest: "
         "\"sha256:" +
         kDigest +
         "\"}\n"
         "root:\n"
         "  files: [{path: /opt/card, download: card}]\n"
         "  conflicts: [{path: /opt/x, keep: oci app}]\n"
         "  trees:\n"
         "    - {path: /opt/app, directory: app}\n"
         "    - {path: /opt/tool, download: card, strip: 1}\n"
         "    - {path: /, oci: app}\n"
         "volumes:\n"
         "  - name: weights\n"
         "    path: /srv/weights\n"
         "    files: [{path: /x, source: big}]\n"
         "    trees: [{path: /, directory: more}]\n";
}

TEST(ManifestSources, AreRead) {
  const auto manifest =
      ParseManifest(ManifestWithSections(SampleSections()), "m.yaml");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  EXPECT_EQ(manifest->downloads.at(0).url, "https://example.org/x.tar.gz");
  EXPECT_EQ(manifest->downloads.at(0).sha256.hex(), kDigest);
  EXPECT_EQ(manifest->oci_images.at(0).layout, "oci/app");
  EXPECT_EQ(manifest->oci_images.at(1).registry, "localhost:5000/team/app");
  EXPECT_EQ(manifest->oci_images.at(1).digest.hex(), kDigest);
  EXPECT_EQ(manifest->root.files.at(0).download, "card");
  EXPECT_EQ(manifest->root.conflicts.at(0).keep, "oci app");
  EXPECT_EQ(manifest->root.trees.at(0).directory, "app");
  EXPECT_EQ(manifest->root.trees.at(1).strip, 1u);
  EXPECT_EQ(manifest->root.trees.at(2).path, "/");
  EXPECT_EQ(manifest->volumes.at(0).path, "/srv/weights");
  EXPECT_EQ(manifest->volumes.at(0).tree.files.at(0).source, "big");
  EXPECT_EQ(TreesOf(*manifest).size(), 3u);
}

TEST(ManifestSources, RejectNoneAndSeveralPlaces) {
  EXPECT_EQ(RefusedSections("root: {trees: [{path: /x}]}\n"),
            "m.yaml:11:16: found none of 'directory', 'download', 'oci' in a "
            "tree, expected one of them");
  EXPECT_EQ(
      RefusedSections("root: {trees: [{path: /x, directory: a, oci: b}]}\n"),
      "m.yaml:11:16: found both 'directory' and 'oci' in a tree, "
      "expected one of them");
  EXPECT_EQ(
      RefusedSections("root: {trees: [{path: /x, directory: a, strip: 1}]}\n"),
      "m.yaml:11:16: found 'strip' in a tree that is no download, "
      "expected it with 'download' only");
}

TEST(ManifestSources, RejectUnknownNames) {
  EXPECT_EQ(
      RefusedSections(kDownload +
                      "root: {files: [{path: /x, download: cart}]}\n"),
      "m.yaml:12:16: found download 'cart', expected the name of one that the "
      "manifest defines (did you mean 'card'?)");
  EXPECT_EQ(RefusedSections("root: {trees: [{path: /x, oci: zzzz}]}\n"),
            "m.yaml:11:16: found OCI image 'zzzz', expected the name of one "
            "that the manifest defines");
}

TEST(ManifestSources, RejectBadUrls) {
  for (const std::string url :
       {"file:///etc/passwd", "https://", "https://user@example.org/x",
        "https://example.org", "ftp://example.org/x", "https://example.org/x#y",
        "https://example.org/a b"}) {
    EXPECT_EQ(RefusedSections("downloads: [{name: a, url: \"" + url +
                              "\", sha256: \"" + kDigest + "\"}]\n"),
              "m.yaml:11:28: found '" + url +
                  "', expected a URL that begins with https:// or http://, in "
                  "printable ASCII without spaces, user name and fragment, at "
                  "most 2048 characters");
  }
}

std::string Volume(const std::string& name, const std::string& path) {
  return "  - {name: " + name + ", path: " + path + "}\n";
}

TEST(ManifestVolumes, RejectPlacesThatHideEachOther) {
  EXPECT_EQ(RefusedSections("volumes:\n" + Volume("a", "/srv/a") +
                            Volume("b", "/srv/a/b")),
            "m.yaml:13:5: found volume 'b' at '/srv/a/b', expected a place "
            "outside of '/srv/a', where volume 'a' is");
  EXPECT_EQ(RefusedSections("volumes:\n" + Volume("a", "/proc/x")),
            "m.yaml:12:21: found '/proc/x', expected an absolute path of A-Z "
            "a-z 0-9 . _ + @ -, outside of /dev, /proc, /run, /sys and /tmp");
  EXPECT_EQ(
      RefusedSections("volumes:\n" + Volume("a", "/a") + Volume("a", "/b")),
      "m.yaml:13:5: found volume 'a' again, expected it once (first in "
      "line 12)");
}

TEST(ManifestVolumes, RejectMoreThanTheCommandLineHolds) {
  std::string volumes = "volumes:\n";
  for (char c = 'a'; c <= 'k'; ++c) {
    volumes += Volume(std::string(1, c), "/srv/" + std::string(1, c));
  }
  EXPECT_EQ(RefusedSections(volumes),
            "m.yaml:21:5: found no room for volume 'j' in the command line, "
            "expected fewer volumes, or a shorter 'cmdline'");
}

Lock SampleLock() {
  Sha256Digest digest = Sha256Digest::FromHex(kDigest).value();
  Lock lock = {.path = "lock.yaml", .architecture = "amd64"};
  lock.downloads = {{.name = "card",
                     .url = "https://example.org/x.tar.gz",
                     .size_bytes = 5,
                     .sha256 = digest}};
  lock.directories = {
      {.path = "app", .num_entries = 3, .size_bytes = 9, .sha256 = digest},
      {.path = "more", .num_entries = 0, .size_bytes = 0, .sha256 = digest}};
  const LockedBlob blob = {.sha256 = digest, .size_bytes = 7};
  lock.oci_images = {
      {.name = "app",
       .layout = "oci/app",
       .registry = std::nullopt,
       .index = std::nullopt,
       .manifest = blob,
       .config = blob,
       .layers = {{.blob = blob,
                   .media_type = "application/vnd.oci.image.layer.v1.tar"}}},
      {.name = "app2",
       .layout = std::nullopt,
       .registry = "localhost:5000/team/app",
       .index = blob,
       .manifest = blob,
       .config = blob,
       .layers = {}}};
  return lock;
}

TEST(LockSources, HaveOneText) {
  const std::string text = FormatLock(SampleLock());
  const auto lock = ParseLock(text, "lock.yaml");
  ASSERT_TRUE(lock) << lock.error().ToString();
  EXPECT_EQ(FormatLock(*lock), text);
  EXPECT_EQ(lock->downloads.at(0).size_bytes, 5u);
  EXPECT_EQ(lock->directories.at(0).num_entries, 3u);
  EXPECT_EQ(lock->oci_images.at(0).layers.at(0).media_type,
            "application/vnd.oci.image.layer.v1.tar");
  EXPECT_TRUE(lock->oci_images.at(1).index);
  EXPECT_EQ(BlobsOf(*lock).size(), 7u);
}

TEST(LockSources, AreLeftOutIfThereAreNone) {
  const std::string text = FormatLock({.architecture = "amd64"});
  EXPECT_EQ(text.find("downloads"), std::string::npos);
  EXPECT_EQ(text.find("oci_images"), std::string::npos);
}

TEST(LockSources, RejectAnotherOrder) {
  Lock lock = SampleLock();
  std::string text = FormatLock(lock);
  const size_t at = text.find("path: more");
  text.replace(at, 10, "path: aaaa");
  const auto parsed = ParseLock(text, "lock.yaml");
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().message().find(
                "found directory 'aaaa' after 'app', expected each once, "
                "sorted by bytes"),
            std::string::npos);
}

}  // namespace
}  // namespace tally
