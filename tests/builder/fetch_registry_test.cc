#include "builder/fetch_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/sources/lock_sources.h"
#include "builder/sources/sources.h"
#include "common/hash.h"
#include "common/text.h"
#include "tests/support/make_deb.h"
#include "tests/support/network_server.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using testing::HasSubstr;

std::string RefusedChallenge(std::string_view value) {
  const auto challenge = ParseBearerChallenge(value);
  return challenge ? "accepted" : challenge.error().message();
}

TEST(BearerChallenge, HasRealmServiceAndScope) {
  const auto challenge = ParseBearerChallenge(
      "Bearer realm=\"https://auth.example.org/token\",service=\"r.example\", "
      "scope=\"repository:a/b:pull\",error=\"x\"");
  ASSERT_TRUE(challenge) << challenge.error().ToString();
  EXPECT_EQ(*challenge,
            (BearerChallenge{.realm = "https://auth.example.org/token",
                             .service = "r.example",
                             .scope = "repository:a/b:pull"}));
  EXPECT_EQ(TokenUrl(*challenge),
            "https://auth.example.org/token?service=r.example&scope="
            "repository%3Aa%2Fb%3Apull");
}

TEST(BearerChallenge, RejectsOtherSchemesAndRealms) {
  EXPECT_EQ(RefusedChallenge("Basic realm=\"x\""),
            "the registry asks for 'Basic realm=\"x\"': expected 'Bearer', a "
            "token without credentials");
  EXPECT_EQ(RefusedChallenge("Bearer realm=\"file:///etc/passwd\""),
            "the registry asks for 'Bearer realm=\"file:///etc/passwd\"': "
            "expected a realm that begins with https://");
  EXPECT_EQ(RefusedChallenge("Bearer realm=\"http://example.org/\""),
            "the registry asks for 'Bearer realm=\"http://example.org/\"': "
            "expected a realm that begins with https://");
  EXPECT_EQ(RefusedChallenge("Bearer realm=https://x"),
            "the registry asks for 'Bearer realm=https://x': found "
            "'realm=https://x', expected name=\"value\"");
}

// A registry whose blobs are files named by digest.
class RegistryPull : public testing::Test {
 protected:
  void SetUp() override {
    if (!FindProgram("python3")) GTEST_SKIP() << "not installed: python3";
    const Bytes layer = test::MakeTar(
        {{.path = "opt/", .type = '5'}, {.path = "opt/x", .content = "hello"}});
    const std::string config =
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":"
        "\"layers\",\"diff_ids\":[\"sha256:" +
        Sha256(layer).hex() + "\"]}}";
    const std::string manifest =
        "{\"schemaVersion\":2,\"config\":" +
        Descriptor("application/vnd.oci.image.config.v1+json",
                   Blob(AsBytes(config)), config.size()) +
        ",\"layers\":[" +
        Descriptor("application/vnd.oci.image.layer.v1.tar", Blob(layer),
                   layer.size()) +
        "]}";
    const Sha256Digest manifest_digest = Blob(AsBytes(manifest));
    const std::string index =
        "{\"schemaVersion\":2,\"manifests\":[" +
        Descriptor("application/vnd.oci.image.manifest.v1+json",
                   manifest_digest, manifest.size(),
                   ",\"platform\":{\"os\":\"linux\",\"architecture\":"
                   "\"amd64\"}") +
        "]}";
    digest_ = Blob(AsBytes(index));
    server_ = std::make_unique<test::NetworkServer>(scratch_.path() / "files");
    options_.first_delay = std::chrono::milliseconds(1);
  }

  Sha256Digest Blob(ByteSpan bytes) {
    const Sha256Digest digest = Sha256(bytes);
    scratch_.Write("files/" + digest.hex(), bytes);
    return digest;
  }
  static std::string Descriptor(const std::string& type,
                                const Sha256Digest& sha256, uint64_t size,
                                const std::string& more = "") {
    return "{\"mediaType\":\"" + type +
           "\",\"digest\":\"sha256:" + sha256.hex() +
           "\",\"size\":" + std::to_string(size) + more + "}";
  }
  Manifest ManifestFor(const std::string& repository) const {
    const std::string url = server_->Url("");  // "http://127.0.0.1:PORT/"
    Manifest manifest;
    manifest.path = scratch_.path() / "m.yaml";
    manifest.architecture = "amd64";
    manifest.oci_images = {
        {.name = "app",
         .layout = std::nullopt,
         .registry = url.substr(7, url.size() - 8) + "/" + repository,
         .digest = digest_,
         .where = {}}};
    manifest.root.trees = {{.path = "/", .oci = "app"}};
    return manifest;
  }
  std::string Log() const {
    return std::string(AsText(
        FetchUnknown("log", std::vector<std::string>{server_->Url("log")},
                     1 << 20, options_)
            ->bytes));
  }

  test::Scratch scratch_;
  Store store_ = Store::Open(scratch_.path() / "store").value();
  std::unique_ptr<test::NetworkServer> server_;
  FetchOptions options_;
  Sha256Digest digest_;
};

TEST_F(RegistryPull, LocksAndReadsAnOpenImage) {
  const Manifest manifest = ManifestFor("open/app");
  Lock lock = {.path = "lock.yaml", .architecture = "amd64"};
  const Status locked = LockSources(manifest, options_, {}, store_, lock);
  ASSERT_TRUE(locked) << locked.error().ToString();
  ASSERT_EQ(lock.oci_images.size(), 1u);
  EXPECT_EQ(lock.oci_images[0].index->sha256, digest_);
  const auto sources = ReadSources(manifest, lock, store_, scratch_.path());
  ASSERT_TRUE(sources) << sources.error().ToString();
  Tree tree;
  ASSERT_TRUE(AddSourceTrees(manifest, manifest.root, *sources,
                             PathRule::kMergedUsr, &tree));
  EXPECT_EQ(AsText(tree.Find("opt/x")->content.span()), "hello");
  EXPECT_EQ(tree.Find("opt/x")->origin.ToString(), "oci app");
}

TEST_F(RegistryPull, GetsATokenAndGivesItToNobodyElse) {
  const Manifest manifest = ManifestFor("closed/app");
  Lock lock = {.path = "lock.yaml", .architecture = "amd64"};
  const Status locked = LockSources(manifest, options_, {}, store_, lock);
  ASSERT_TRUE(locked) << locked.error().ToString();
  EXPECT_THAT(Log(), HasSubstr("/token?service=test&scope="));
  EXPECT_THAT(Log(), HasSubstr("/v2-elsewhere/closed/app/blobs/"));

  Store other = Store::Open(scratch_.path() / "other").value();
  const auto fetched = FetchSources(lock, scratch_.path(), options_, other);
  ASSERT_TRUE(fetched) << fetched.error().ToString();
  EXPECT_EQ(fetched->num_fetched, 4u);
}

TEST_F(RegistryPull, LayoutsTravelWithTheRelease) {
  Manifest manifest = ManifestFor("open/app");
  manifest.oci_images[0].registry.reset();
  manifest.oci_images[0].layout = "oci/app";
  const auto names = ListFiles(scratch_.path() / "files").value();
  for (const std::string& name : names) {
    scratch_.Write("oci/app/blobs/sha256/" + name,
                   test::MustRead(scratch_.path() / "files" / name));
  }
  Lock lock = {.path = "lock.yaml", .architecture = "amd64"};
  const Status locked = LockSources(manifest, options_, {}, store_, lock);
  ASSERT_TRUE(locked) << locked.error().ToString();
  const fs::path sources = scratch_.path() / "sources";
  ASSERT_TRUE(WriteReleaseSources(lock, store_, scratch_.path(), sources));
  Store other = Store::Open(scratch_.path() / "other").value();
  options_.network = NetworkAccess::kRefused;
  const auto fetched = FetchSources(lock, sources, options_, other);
  ASSERT_TRUE(fetched) << fetched.error().ToString();
  EXPECT_EQ(fetched->num_fetched, 4u);
  EXPECT_TRUE(ReadSources(manifest, lock, other, sources));

  lock.oci_images[0].layers.clear();
  EXPECT_EQ(ReadSources(manifest, lock, other, sources).error().message(),
            "lock.yaml: OCI image 'app' is not what its documents say");
}

TEST_F(RegistryPull, RefusesOtherBytes) {
  const Manifest manifest = ManifestFor("open/app");
  scratch_.Write("files/" + digest_.hex(), "{}");
  Lock lock = {.path = "lock.yaml", .architecture = "amd64"};
  const Status locked = LockSources(manifest, options_, {}, store_, lock);
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().message(),
            "found a document of 2 bytes\n  expected " + digest_.hex() +
                "\n       got " + Sha256(AsBytes("{}")).hex());
}

}  // namespace
}  // namespace tally
