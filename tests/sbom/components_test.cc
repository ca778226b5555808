#include "sbom/components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sbom/sample.h"

namespace tally {
namespace {

using test::DigestOf;
using test::SampleDocument;
using test::SampleInput;
using test::SampleLock;
using testing::ElementsAre;
using testing::IsEmpty;

std::string FailureOf(const Lock& lock, const SbomInput& input) {
  const Result<SbomDocument> document = DescribeImage(lock, input);
  if (document) return "";
  EXPECT_EQ(document.error().code(), ErrorCode::kInput);
  return document.error().ToString();
}

TEST(DescribeImage, KeepsTheFactsOfTheImage) {
  const SbomDocument document = SampleDocument();
  EXPECT_EQ(document.name, "minimal-cvm");
  EXPECT_EQ(document.version, "0.1~rc1");
  EXPECT_EQ(document.architecture, "amd64");
  EXPECT_EQ(document.source_date_epoch, 1750000000);
  EXPECT_EQ(document.format_epoch, kFormatEpoch);
  EXPECT_EQ(document.lock_sha256, DigestOf("lock"));
  EXPECT_EQ(document.ref, "pkg:generic/minimal-cvm@0.1~rc1?arch=amd64");
}

TEST(DescribeImage, SortsPackagesByRef) {
  std::vector<std::string> refs;
  for (const SbomPackage& package : SampleDocument().packages) {
    refs.push_back(package.ref);
  }
  EXPECT_THAT(
      refs,
      ElementsAre(
          "pkg:deb/acme%20ltd./acme-service@1.0?arch=amd64&distro=one",
          "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12",
          "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64"
          "&distro=debian-12",
          "pkg:deb/debian/linux-image-cloud@1:6.12~bpo12%2B1?arch=amd64"
          "&distro=debian-12"));
}

TEST(DescribeImage, KeepsEveryFactOfAPackage) {
  const SbomDocument document = SampleDocument();
  const SbomPackage& package = document.packages[3];
  EXPECT_EQ(
      package.purl,
      "pkg:deb/debian/linux-image-cloud@1:6.12~bpo12%2B1?arch=amd64"
      "&distro=debian-12&upstream=linux-signed-amd64%406.12%2B1~bpo12%2B1");
  EXPECT_EQ(package.name, "linux-image-cloud");
  EXPECT_EQ(package.version, "1:6.12~bpo12+1");
  EXPECT_EQ(package.architecture, "amd64");
  EXPECT_EQ(package.supplier, "Debian");
  EXPECT_EQ(package.archive, "debian");
  EXPECT_EQ(package.suite, "bookworm-backports");
  EXPECT_EQ(package.path,
            "pool/main/l/linux/linux-image-cloud_6.12~bpo12+1_amd64.deb");
  EXPECT_EQ(package.size_bytes, 400u);
  EXPECT_EQ(package.sha256, DigestOf("linux.deb"));
  EXPECT_EQ(package.source_ref,
            "pkg:deb/debian/linux-signed-amd64@6.12%2B1~bpo12%2B1?arch=source"
            "&distro=debian-12");
  EXPECT_THAT(package.trees, ElementsAre("initrd", "kernel"));
}

TEST(DescribeImage, NamesTheSourceOnlyWhereItDiffers) {
  const SbomDocument document = SampleDocument();
  EXPECT_EQ(document.packages[0].purl, document.packages[0].ref);
  // Same version: the source's name is enough.
  EXPECT_EQ(document.packages[1].purl,
            document.packages[1].ref + "&upstream=glibc");
}

TEST(DescribeImage, VendorsDoNotClaimDebiansNamespace) {
  const SbomDocument document = SampleDocument();
  EXPECT_EQ(document.packages[0].supplier, "ACME Ltd.");
  EXPECT_EQ(document.packages[0].purl,
            "pkg:deb/acme%20ltd./acme-service@1.0?arch=amd64&distro=one");
}

TEST(DescribeImage, AnArchiveWithoutOriginStandsForItself) {
  Lock lock = SampleLock();
  lock.suites[2].origin = "";
  lock.suites[2].codename = "";
  const SbomPackage package =
      DescribeImage(lock, SampleInput())->packages.front();
  EXPECT_EQ(package.supplier, "acme");
  EXPECT_EQ(package.purl,
            "pkg:deb/acme/acme-service@1.0?arch=amd64"
            "&distro=stable");
}

TEST(DescribeImage, KeepsCodenamesWithoutANumber) {
  Lock lock = SampleLock();
  lock.suites[0].codename = "sid";
  EXPECT_EQ(DescribeImage(lock, SampleInput())->packages[1].ref,
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=sid");
}

TEST(DescribeImage, TakesDependenciesFromTheReasons) {
  const SbomDocument document = SampleDocument();
  EXPECT_THAT(document.packages[0].known_dependencies,
              ElementsAre(document.packages[2].ref));
  EXPECT_THAT(document.packages[1].known_dependencies, IsEmpty());
  EXPECT_THAT(document.packages[2].known_dependencies,
              ElementsAre(document.packages[1].ref));
}

TEST(DescribeImage, ListsEachSourceOnce) {
  Lock lock = SampleLock();
  LockedPackage again = lock.packages[1];
  again.name = "libc-bin";
  lock.packages.push_back(again);
  const SbomDocument document = DescribeImage(lock, SampleInput()).value();
  ASSERT_EQ(document.packages.size(), 5u);
  ASSERT_EQ(document.sources.size(), 4u);
  EXPECT_EQ(document.sources[2].purl,
            "pkg:deb/debian/glibc@2.36-9%2Bdeb12u10?arch=source"
            "&distro=debian-12");
  EXPECT_EQ(document.sources[2].name, "glibc");
  EXPECT_EQ(document.sources[2].version, "2.36-9+deb12u10");
  EXPECT_EQ(document.sources[2].supplier, "Debian");
}

TEST(DescribeImage, TakesAPackageToTheEvidenceThatVouchedForIt) {
  Lock lock = SampleLock();
  // A suite that was locked twice, in two releases of Debian.
  LockedSuite later = lock.suites[0];
  later.date = "2026-01-01T00:00:00Z";
  later.codename = "trixie";
  lock.suites.push_back(later);
  lock.packages[2].date = later.date;
  const SbomDocument document = DescribeImage(lock, SampleInput()).value();
  EXPECT_EQ(
      document.packages[1].ref,
      "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12");
  EXPECT_EQ(document.packages[2].ref,
            "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64"
            "&distro=debian-13");
}

TEST(DescribeImage, ListsDirectoriesAndDownloads) {
  const SbomDocument document = SampleDocument();
  const SbomFile& directory = document.files[3];
  EXPECT_EQ(directory.ref, "directory:site/assets");
  EXPECT_EQ(directory.kind, "directory");
  EXPECT_EQ(directory.size_bytes, 800u);
  EXPECT_EQ(directory.sha256, DigestOf("listing"));
  EXPECT_EQ(directory.purl,
            "pkg:generic/assets?checksum=sha256:" + DigestOf("listing").hex());
  const SbomFile& download = document.files[4];
  EXPECT_EQ(download.ref, "download:model");
  EXPECT_EQ(download.kind, "download");
  EXPECT_EQ(download.url, "https://example.org/a/model-1.bin?raw=1");
  EXPECT_EQ(download.purl,
            "pkg:generic/model?checksum=sha256:" + DigestOf("model").hex() +
                "&download_url=https:%2F%2Fexample.org%2Fa%2F"
                "model-1.bin%3Fraw%3D1");
}

TEST(DescribeImage, ListsOciImagesWithTheirLayers) {
  const SbomDocument document = SampleDocument();
  ASSERT_EQ(document.oci_images.size(), 2u);
  const SbomOciImage& image = document.oci_images[0];
  EXPECT_EQ(image.ref, "oci:app");
  EXPECT_EQ(image.from, "registry registry.example.org:5000/team/app");
  EXPECT_EQ(image.purl, "pkg:oci/app@sha256:" + DigestOf("manifest").hex() +
                            "?arch=amd64&repository_url="
                            "registry.example.org:5000%2Fteam%2Fapp");
  EXPECT_EQ(image.index->sha256, DigestOf("index"));
  EXPECT_EQ(image.manifest.sha256, DigestOf("manifest"));
  EXPECT_EQ(image.config.sha256, DigestOf("config"));
  ASSERT_EQ(image.layers.size(), 2u);
  EXPECT_EQ(image.layers[1].ref, "oci:app:layer-2");
  EXPECT_EQ(image.layers[1].name, "app layer 2");
  EXPECT_EQ(image.layers[1].locked.blob.sha256, DigestOf("layer 2"));
  const SbomOciImage& side = document.oci_images[1];
  EXPECT_EQ(side.from, "layout oci/side");
  EXPECT_EQ(side.purl, "pkg:oci/side@sha256:" +
                           DigestOf("side manifest").hex() + "?arch=amd64");
  EXPECT_EQ(side.index, std::nullopt);
}

TEST(DescribeImage, ListsArtifactsAndLocalFiles) {
  const SbomDocument document = SampleDocument();
  ASSERT_EQ(document.files.size(), 6u);
  EXPECT_EQ(document.files[0].ref, "artifact:artifacts/OVMF.fd");
  EXPECT_EQ(document.files[0].artifact, ArtifactKind::kFirmware);
  EXPECT_EQ(document.files[0].purl,
            "pkg:generic/OVMF.fd@0.1~rc1?checksum=sha256:" +
                DigestOf("firmware").hex());
  EXPECT_EQ(document.files[1].ref, "artifact:artifacts/kernel");
  EXPECT_EQ(document.files[1].size_bytes, 600u);
  EXPECT_EQ(document.files[2].ref, "artifact:artifacts/volume-data.img");
  EXPECT_EQ(document.files[2].kind, "volume image");
  EXPECT_EQ(document.files[5].ref, "file:etc/service.conf");
  EXPECT_EQ(document.files[5].name, "etc/service.conf");
  EXPECT_EQ(document.files[5].kind, "local file");
  EXPECT_EQ(document.files[5].artifact, std::nullopt);
  EXPECT_EQ(document.files[5].size_bytes, 500u);
  EXPECT_EQ(document.files[5].sha256, DigestOf("service.conf"));
  EXPECT_EQ(document.files[5].purl,
            "pkg:generic/service.conf?checksum=sha256:" +
                DigestOf("service.conf").hex());
}

TEST(DescribeImage, UuidFollowsLockNameAndVersion) {
  const std::string uuid = SampleDocument().uuid;
  EXPECT_EQ(SampleDocument().uuid, uuid);
  Lock lock = SampleLock();
  lock.sha256 = DigestOf("other");
  EXPECT_NE(DescribeImage(lock, SampleInput())->uuid, uuid);
  SbomInput input = SampleInput();
  input.name += "x";
  EXPECT_NE(DescribeImage(SampleLock(), input)->uuid, uuid);
  input = SampleInput();
  input.version += "x";
  EXPECT_NE(DescribeImage(SampleLock(), input)->uuid, uuid);
  // What was built from it does not change the name of the document.
  input = SampleInput();
  input.artifacts.clear();
  EXPECT_EQ(DescribeImage(SampleLock(), input)->uuid, uuid);
}

TEST(DescribeImage, RejectsAPackageFromAnUnknownSuite) {
  Lock lock = SampleLock();
  lock.packages[1].suite = "trixie";
  EXPECT_EQ(FailureOf(lock, SampleInput()),
            "package 'libc6' is from suite 'trixie' of archive 'debian', which "
            "the lock does not list");
}

TEST(DescribeImage, RejectsTwoComponentsOfOneName) {
  SbomInput input = SampleInput();
  input.artifacts.push_back(input.artifacts[0]);
  EXPECT_EQ(FailureOf(SampleLock(), input),
            "two components are called 'artifact:artifacts/kernel'");
  Lock lock = SampleLock();
  lock.packages.push_back(lock.packages[0]);
  EXPECT_EQ(FailureOf(lock, SampleInput()),
            "two components are called "
            "'pkg:deb/acme%20ltd./acme-service@1.0?arch=amd64&distro=one'");
}

TEST(DescribeImage, RejectsTextThatIsNotUtf8) {
  SbomInput input = SampleInput();
  input.artifacts[0].name = "artifacts/\xff";
  EXPECT_EQ(FailureOf(SampleLock(), input),
            "file name 'artifacts/\\xff' is not UTF-8");
  Lock lock = SampleLock();
  lock.packages[1].path = "pool/\xff";
  EXPECT_EQ(FailureOf(lock, SampleInput()),
            "package 'libc6': field 'pool/\\xff' is not UTF-8");
  lock = SampleLock();
  lock.oci_images[1].layout = "oci/\xff";
  EXPECT_EQ(FailureOf(lock, SampleInput()),
            "source of an OCI image 'layout oci/\\xff' is not UTF-8");
}

// origin: RFC 9562 sections 4.1, 4.2 and 5.8: version in the high half of octet
// 6, variant in the two high bits of octet 8.
TEST(Uuid8, SetsVersionAndVariantAndNothingElse) {
  std::array<uint8_t, 32> bytes = {};
  EXPECT_EQ(Uuid8(Sha256Digest(bytes)), "00000000-0000-8000-8000-000000000000");
  bytes.fill(0xff);
  EXPECT_EQ(Uuid8(Sha256Digest(bytes)), "ffffffff-ffff-8fff-bfff-ffffffffffff");
}

TEST(ArtifactKindName, NamesEveryKind) {
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kKernel), "kernel");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kInitrd), "initrd");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kCommandLine), "command line");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kRootImage), "root image");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kDiskImage), "disk image");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kEnclaveImage), "enclave image");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kFirmware), "firmware");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kVolumeImage), "volume image");
  EXPECT_EQ(ArtifactKindName(ArtifactKind::kOther), "other");
}

}  // namespace
}  // namespace tally
