// A small image with every kind of component, for the tests of this folder.
#pragma once

#include "common/hash.h"
#include "sbom/components.h"

namespace tally::test {

inline Sha256Digest DigestOf(std::string_view text) {
  return Sha256(AsBytes(text));
}

inline Lock SampleLock() {
  Lock lock;
  lock.sha256 = DigestOf("lock");
  lock.architecture = "amd64";
  lock.suites = {
      {.archive = "debian",
       .suite = "bookworm",
       .origin = "Debian",
       .codename = "bookworm"},
      {.archive = "debian",
       .suite = "bookworm-backports",
       .origin = "Debian Backports",
       .codename = "bookworm-backports"},
      {.archive = "acme",
       .suite = "stable",
       .origin = "ACME Ltd.",
       .codename = "one"},
  };
  lock.packages = {
      {.name = "acme-service",
       .version = "1.0",
       .architecture = "amd64",
       .archive = "acme",
       .suite = "stable",
       .path = "pool/main/a/acme-service/acme-service_1.0_amd64.deb",
       .size_bytes = 100,
       .sha256 = DigestOf("acme-service.deb"),
       .source = "acme-service",
       .source_version = "1.0",
       .why = {{"root", "acme-service"}}},
      {.name = "libc6",
       .version = "2.36-9+deb12u10",
       .architecture = "amd64",
       .archive = "debian",
       .suite = "bookworm",
       .path = "pool/main/g/glibc/libc6_2.36-9+deb12u10_amd64.deb",
       .size_bytes = 200,
       .sha256 = DigestOf("libc6.deb"),
       .source = "glibc",
       .source_version = "2.36-9+deb12u10",
       .why = {{"initrd", "libc6"},
               {"root", "acme-service > libstdc++6 > libc6"}}},
      {.name = "libstdc++6",
       .version = "12.2.0-14+deb12u1",
       .architecture = "amd64",
       .archive = "debian",
       .suite = "bookworm",
       .path = "pool/main/g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb",
       .size_bytes = 300,
       .sha256 = DigestOf("libstdc++6.deb"),
       .source = "gcc-12",
       .source_version = "12.2.0-14+deb12u1",
       .why = {{"root", "acme-service > libstdc++6"}}},
      {.name = "linux-image-cloud",
       .version = "1:6.12~bpo12+1",
       .architecture = "amd64",
       .archive = "debian",
       .suite = "bookworm-backports",
       .path = "pool/main/l/linux/linux-image-cloud_6.12~bpo12+1_amd64.deb",
       .size_bytes = 400,
       .sha256 = DigestOf("linux.deb"),
       .source = "linux-signed-amd64",
       .source_version = "6.12+1~bpo12+1",
       .why = {{"initrd", "linux-image-cloud"},
               {"kernel", "linux-image-cloud"}}},
  };
  lock.files = {{.path = "etc/service.conf",
                 .size_bytes = 500,
                 .sha256 = DigestOf("service.conf")}};
  lock.directories = {{.path = "site/assets",
                       .num_entries = 7,
                       .size_bytes = 800,
                       .sha256 = DigestOf("listing")}};
  lock.downloads = {{.name = "model",
                     .url = "https://example.org/a/model-1.bin?raw=1",
                     .size_bytes = 900,
                     .sha256 = DigestOf("model")}};
  lock.oci_images = {
      {.name = "app",
       .registry = "registry.example.org:5000/team/app",
       .index = LockedBlob{.sha256 = DigestOf("index"), .size_bytes = 1},
       .manifest = {.sha256 = DigestOf("manifest"), .size_bytes = 2},
       .config = {.sha256 = DigestOf("config"), .size_bytes = 3},
       .layers = {{.blob = {.sha256 = DigestOf("layer 1"), .size_bytes = 1000},
                   .media_type = "application/vnd.oci.image.layer.v1.tar+gzip"},
                  {.blob = {.sha256 = DigestOf("layer 2"), .size_bytes = 1100},
                   .media_type = "application/vnd.oci.image.layer.v1.tar"}}},
      {.name = "side",
       .layout = "oci/side",
       .manifest = {.sha256 = DigestOf("side manifest"), .size_bytes = 4},
       .config = {.sha256 = DigestOf("side config"), .size_bytes = 5},
       .layers = {{.blob = {.sha256 = DigestOf("layer 2"), .size_bytes = 1100},
                   .media_type = "application/vnd.oci.image.layer.v1.tar"}}}};
  return lock;
}

inline SbomInput SampleInput() {
  return {
      .name = "minimal-cvm",
      .version = "0.1~rc1",
      .source_date_epoch = 1750000000,
      .artifacts = {{.name = "artifacts/kernel",
                     .kind = ArtifactKind::kKernel,
                     .size_bytes = 600,
                     .sha256 = DigestOf("kernel")},
                    {.name = "artifacts/OVMF.fd",
                     .kind = ArtifactKind::kFirmware,
                     .size_bytes = 700,
                     .sha256 = DigestOf("firmware")},
                    {.name = "artifacts/volume-data.img",
                     .kind = ArtifactKind::kVolumeImage,
                     .size_bytes = 1200,
                     .sha256 = DigestOf("volume")}},
  };
}

// SampleDocument describes the image of SampleLock and SampleInput.
inline SbomDocument SampleDocument() {
  return DescribeImage(SampleLock(), SampleInput()).value();
}

}  // namespace tally::test
