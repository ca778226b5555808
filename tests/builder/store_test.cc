#include "builder/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "common/hash.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;
using testing::IsEmpty;

// What sha256sum says of "hello".
constexpr char kHello[] =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const Sha256Digest kHelloDigest = Sha256Digest::FromHex(kHello).value();

Bytes HelloBytes() { return ToBytes(AsBytes("hello")); }

std::vector<std::string> Partials(const Store& store) {
  return ListFiles(store.path() / "partial").value();
}

TEST(Store, DefaultPathFollowsXdg) {
  EXPECT_EQ(
      DefaultStorePath({{"XDG_CACHE_HOME", "/c"}, {"HOME", "/h"}}).value(),
      "/c/tally/store");
  EXPECT_EQ(DefaultStorePath({{"XDG_CACHE_HOME", "c"}, {"HOME", "/h"}}).value(),
            "/h/.cache/tally/store");
  EXPECT_EQ(DefaultStorePath({}).error().message(),
            "neither XDG_CACHE_HOME nor HOME is set");
}

TEST(Store, KeepsWhatIsPut) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path() / "store").value();
  EXPECT_FALSE(store.Contains(kHelloDigest, 5));
  EXPECT_EQ(store.Put(HelloBytes()).value(), kHelloDigest);
  EXPECT_TRUE(store.Contains(kHelloDigest, 5));
  EXPECT_FALSE(store.Contains(kHelloDigest, 4));
  EXPECT_EQ(AsText(store.Read(kHelloDigest, 5).value().bytes()), "hello");
  EXPECT_EQ(store.EntryPath(kHelloDigest), store.path() / "sha256/2c" / kHello);
  struct stat info = {};
  ASSERT_EQ(stat(store.EntryPath(kHelloDigest).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0444u);
  EXPECT_THAT(Partials(store), IsEmpty());
}

TEST(Store, HoldsTheEmptyFile) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path()).value();
  const Sha256Digest empty = store.Put({}).value();
  EXPECT_EQ(store.Read(empty, 0).value().bytes().size(), 0u);
}

TEST(Store, NamesWhatItLacks) {
  const Scratch scratch;
  const Store store = Store::Open(scratch.path()).value();
  const auto read = store.Read(kHelloDigest, 5);
  EXPECT_EQ(read.error().code(), ErrorCode::kIo);
  EXPECT_EQ(read.error().message(),
            "store '" + store.path().string() + "' has no " + kHello);
}

TEST(Store, NeverReturnsCorruptBytes) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path()).value();
  const Sha256Digest hello = store.Put(HelloBytes()).value();
  const fs::path entry = store.EntryPath(hello);
  ASSERT_TRUE(WriteFileAtomic(entry, AsBytes("hellx")));
  const Status read = store.Verify(hello, 5);
  EXPECT_EQ(read.error().code(), ErrorCode::kInput);
  EXPECT_EQ(read.error().message(),
            DigestMismatch("store entry '" + entry.string() + "'",
                           std::string(kHello) + " (5 bytes)",
                           Sha256(AsBytes("hellx")).hex() + " (5 bytes)")
                .message());
  ASSERT_TRUE(store.Put(HelloBytes()));
  EXPECT_TRUE(store.Verify(hello, 5));
}

TEST(StoreWriter, RefusesOtherBytes) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path()).value();
  {
    StoreWriter writer = store.Write(kHelloDigest, 5).value();
    ASSERT_TRUE(writer.Append(AsBytes("hellx")));
    EXPECT_EQ(writer.Commit().error().message(),
              DigestMismatch("contents", std::string(kHello) + " (5 bytes)",
                             Sha256(AsBytes("hellx")).hex() + " (5 bytes)")
                  .message());
    EXPECT_EQ(writer.size_bytes(), 0u);
  }
  EXPECT_FALSE(store.Contains(kHelloDigest, 5));
  EXPECT_THAT(Partials(store), IsEmpty());
}

TEST(StoreWriter, RefusesTooManyBytes) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path()).value();
  StoreWriter writer = store.Write(kHelloDigest, 5).value();
  EXPECT_EQ(writer.Append(AsBytes("hello!")).error().message(),
            "found more than the expected 5 bytes");
}

TEST(StoreWriter, GoesOnWhereTheLastOneStopped) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path()).value();
  {
    StoreWriter writer = store.Write(kHelloDigest, 5).value();
    ASSERT_TRUE(writer.Append(AsBytes("hel")));
  }
  EXPECT_THAT(Partials(store), testing::ElementsAre(kHello));
  StoreWriter writer = store.Write(kHelloDigest, 5).value();
  EXPECT_EQ(writer.size_bytes(), 3u);
  ASSERT_TRUE(writer.Append(AsBytes("lo")));
  ASSERT_TRUE(writer.Commit());
  EXPECT_TRUE(store.Verify(kHelloDigest, 5));
  EXPECT_THAT(Partials(store), IsEmpty());
}

TEST(StoreWriter, DropsAPartialFileThatIsTooLarge) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path()).value();
  scratch.Write(std::string("partial/") + kHello, "hello, world");
  EXPECT_EQ(store.Write(kHelloDigest, 5).value().size_bytes(), 0u);
}

TEST(StoreWriter, FollowsNoSymbolicLink) {
  const Scratch scratch;
  Store store = Store::Open(scratch.path() / "store").value();
  const fs::path victim = scratch.Write("victim", "precious");
  fs::create_symlink(victim, store.path() / "partial" / kHello);
  EXPECT_FALSE(store.Write(kHelloDigest, 5));
  EXPECT_EQ(AsText(test::MustRead(victim)), "precious");
}

TEST(StoreWriter, TwoAtOnceBothSucceed) {
  const Scratch scratch;
  const Bytes bytes(3 << 20, 0x5a);
  const Sha256Digest sha256 = Sha256(bytes);
  std::vector<Status> results(8);
  std::vector<std::thread> threads;
  for (Status& result : results) {
    threads.emplace_back([&] {
      Store store = Store::Open(scratch.path()).value();
      const auto put = store.Put(bytes);
      if (!put) result = put.error();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& result : results) EXPECT_TRUE(result);
  const Store store = Store::Open(scratch.path()).value();
  EXPECT_TRUE(store.Verify(sha256, bytes.size()));
  EXPECT_THAT(Partials(store), IsEmpty());
}

}  // namespace
}  // namespace tally
