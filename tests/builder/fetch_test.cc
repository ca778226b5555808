#include "builder/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/fetch_transfer.h"
#include "common/hash.h"
#include "common/text.h"
#include "tests/support/network_server.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::NetworkServer;
using test::Scratch;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Notes keeps what a fetch tells.
class Notes : public FetchProgress {
 public:
  void Update(const FetchState& state) override { last = state; }
  void Note(const std::string& text) override { notes.push_back(text); }
  FetchState last;
  std::vector<std::string> notes;
};

class Fetch : public testing::Test {
 protected:
  void SetUp() override {
    if (!FindProgram("python3")) GTEST_SKIP() << "not installed: python3";
    bytes_.resize(300000);
    for (size_t i = 0; i < bytes_.size(); ++i) {
      bytes_[i] = static_cast<uint8_t>(i * 7 + i / 251);
    }
    scratch_.Write("files/f", bytes_);
    server_ = std::make_unique<NetworkServer>(scratch_.path() / "files");
    options_.first_delay = std::chrono::milliseconds(1);
    options_.progress = &notes_;
  }

  FetchItem Item(const std::vector<std::string>& paths) const {
    FetchItem item = {
        .name = "f", .size_bytes = bytes_.size(), .sha256 = Sha256(bytes_)};
    for (const std::string& path : paths)
      item.urls.push_back(server_->Url(path));
    return item;
  }
  Result<FetchReport> Get(const std::vector<std::string>& paths) {
    const std::vector<FetchItem> items = {Item(paths)};
    return FetchAll(store_, items, options_);
  }
  bool Present() const {
    return bool(store_.Verify(Sha256(bytes_), bytes_.size()));
  }
  std::vector<std::string> Requests() {
    const std::vector<std::string> urls = {server_->Url("log")};
    const Bytes log =
        FetchUnknown("log", urls, 1 << 20, options_).value().bytes;
    std::vector<std::string> lines = Split(AsText(log), '\n');
    lines.pop_back();
    return lines;
  }
  // LeavePartial puts the front of a file where a broken download would.
  void LeavePartial(ByteSpan front) {
    StoreWriter writer = store_.Write(Sha256(bytes_), bytes_.size()).value();
    ASSERT_TRUE(writer.Append(front));
  }

  const Scratch scratch_;
  Store store_ = Store::Open(scratch_.path() / "store").value();
  std::unique_ptr<NetworkServer> server_;
  Bytes bytes_;
  Notes notes_;
  FetchOptions options_;
};

TEST_F(Fetch, BringsAFileIntoTheStore) {
  const FetchReport report = Get({"plain/f"}).value();
  EXPECT_EQ(report.num_fetched, 1u);
  EXPECT_EQ(report.fetched_bytes, bytes_.size());
  EXPECT_TRUE(Present());
  EXPECT_EQ(notes_.last.done_bytes, bytes_.size());
  EXPECT_EQ(notes_.last.num_items_done, 1u);
}

TEST_F(Fetch, AsksForNothingThatIsThere) {
  ASSERT_TRUE(Get({"plain/f"}));
  const FetchReport report = Get({"plain/f"}).value();
  EXPECT_EQ(report.num_present, 1u);
  EXPECT_EQ(report.num_fetched, 0u);
  EXPECT_THAT(Requests(), ElementsAre("/plain/f -"));
}

TEST_F(Fetch, ReadsFileUrls) {
  FetchItem item = Item({});
  item.urls = {"file://" + (scratch_.path() / "files/f").string()};
  options_.network = NetworkAccess::kRefused;
  const std::vector<FetchItem> items = {item};
  ASSERT_TRUE(FetchAll(store_, items, options_));
  EXPECT_TRUE(Present());
}

TEST_F(Fetch, ReplacesACorruptEntry) {
  ASSERT_TRUE(Get({"plain/f"}));
  ASSERT_TRUE(WriteFileAtomic(store_.EntryPath(Sha256(bytes_)),
                              Bytes(bytes_.size(), 0)));
  EXPECT_FALSE(Present());
  EXPECT_EQ(Get({"plain/f"}).value().num_fetched, 1u);
  EXPECT_TRUE(Present());
}

TEST_F(Fetch, TriesAgainAfterServerErrors) {
  ASSERT_TRUE(Get({"flaky/2/f"}));
  EXPECT_TRUE(Present());
  const std::string note = "cannot fetch '" + server_->Url("flaky/2/f") +
                           "': the server answers 503; trying again";
  EXPECT_THAT(notes_.notes, ElementsAre(note, note));
}

TEST_F(Fetch, GivesUpAfterEnoughAttempts) {
  const auto result = Get({"flaky/9/f"});
  EXPECT_EQ(result.error().code(), ErrorCode::kIo);
  EXPECT_EQ(result.error().ToString(),
            "cannot fetch '" + server_->Url("flaky/9/f") +
                "': the server answers 503\n  while fetching 'f'");
  EXPECT_EQ(Requests().size(), 4u);
}

TEST_F(Fetch, GoesOnAfterABrokenTransfer) {
  ASSERT_TRUE(Get({"cut/1/f"}));
  EXPECT_TRUE(Present());
  EXPECT_THAT(Requests(), ElementsAre("/cut/1/f -", "/cut/1/f bytes=150000-"));
}

TEST_F(Fetch, ResumesWhatAnEarlierProcessLeft) {
  LeavePartial(ByteSpan(bytes_).first(1000));
  ASSERT_TRUE(Get({"plain/f"}));
  EXPECT_TRUE(Present());
  EXPECT_THAT(Requests(), ElementsAre("/plain/f bytes=1000-"));
}

TEST_F(Fetch, TakesACompletePartialFileWithoutAsking) {
  LeavePartial(bytes_);
  ASSERT_TRUE(Get({"plain/f"}));
  EXPECT_TRUE(Present());
  EXPECT_THAT(Requests(), IsEmpty());
}

TEST_F(Fetch, BeginsAnewWhenThePartialFileWasBad) {
  LeavePartial(Bytes(1000, 0));
  ASSERT_TRUE(Get({"plain/f"}));
  EXPECT_TRUE(Present());
  EXPECT_THAT(Requests(), ElementsAre("/plain/f bytes=1000-", "/plain/f -"));
}

TEST_F(Fetch, CopesWithServersWithoutRanges) {
  LeavePartial(ByteSpan(bytes_).first(1000));
  ASSERT_TRUE(Get({"norange/f"}));
  EXPECT_TRUE(Present());
  EXPECT_EQ(notes_.last.done_bytes, bytes_.size());
}

TEST_F(Fetch, NamesTheUrlThatHasOtherBytes) {
  const auto result = Get({"wrong/f"});
  Bytes wrong = bytes_;
  wrong[0] ^= 1;
  EXPECT_EQ(result.error().code(), ErrorCode::kMismatch);
  EXPECT_EQ(result.error().message(),
            DigestMismatch(
                "'" + server_->Url("wrong/f") + "' has other bytes: contents",
                Sha256(bytes_).hex() + " (300000 bytes)",
                Sha256(wrong).hex() + " (300000 bytes)")
                .message());
  EXPECT_FALSE(store_.Contains(Sha256(bytes_), bytes_.size()));
  EXPECT_FALSE(store_.Contains(Sha256(wrong), bytes_.size()));
  EXPECT_THAT(ListFiles(store_.path()).value(), IsEmpty());
}

TEST_F(Fetch, StopsAtTheExpectedSize) {
  const auto result = Get({"longer/f"});
  EXPECT_EQ(result.error().ToString(),
            "'" + server_->Url("longer/f") +
                "' sends more than the expected 300000 bytes\n"
                "  while fetching 'f'");
  EXPECT_THAT(ListFiles(store_.path()).value(), IsEmpty());
}

TEST_F(Fetch, TriesTheNextMirror) {
  ASSERT_TRUE(Get({"plain/absent", "wrong/f", "longer/f", "plain/f"}));
  EXPECT_TRUE(Present());
  ASSERT_EQ(notes_.notes.size(), 3u);
  EXPECT_THAT(notes_.notes[1], HasSubstr("wrong/f' has other bytes"));
}

TEST_F(Fetch, ReportsEveryMirrorThatFailed) {
  const auto result = Get({"plain/absent", "wrong/f"});
  EXPECT_EQ(result.error().code(), ErrorCode::kMismatch);
  EXPECT_THAT(result.error().frames(),
              ElementsAre("trying elsewhere: cannot fetch '" +
                              server_->Url("plain/absent") +
                              "': the server answers 404",
                          "fetching 'f'"));
}

TEST_F(Fetch, FollowsRedirectsButNotToLocalFiles) {
  ASSERT_TRUE(Get({"away/f"}));
  EXPECT_TRUE(Present());
  const std::string secret = (scratch_.path() / "files/f").string().substr(1);
  const std::vector<std::string> urls = {server_->Url("escape/" + secret)};
  const auto escaped = FetchUnknown("x", urls, 1 << 20, options_);
  EXPECT_FALSE(escaped);
}

TEST_F(Fetch, OfflineNamesWhatIsMissing) {
  options_.network = NetworkAccess::kRefused;
  const auto result = Get({"plain/f"});
  EXPECT_EQ(result.error().code(), ErrorCode::kIo);
  EXPECT_EQ(result.error().message(),
            "network access is refused, and 'f' is not in the store");
  EXPECT_THAT(result.error().hints(),
              ElementsAre("run the command without --offline"));
}

TEST_F(Fetch, NeedsAPlace) {
  EXPECT_EQ(Get({}).error().message(), "no place is known that may have 'f'");
}

TEST_F(Fetch, FetchesManyAtOnceAndTheSameOnce) {
  std::vector<FetchItem> items;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "many" + std::to_string(i % 30);
    scratch_.Write("files/" + name, name);
    items.push_back({.name = name,
                     .size_bytes = name.size(),
                     .sha256 = Sha256(AsBytes(name)),
                     .urls = {server_->Url("flaky/1/" + name)}});
  }
  const FetchReport report = FetchAll(store_, items, options_).value();
  EXPECT_EQ(report.num_fetched, 30u);
  for (const FetchItem& item : items) {
    EXPECT_TRUE(store_.Verify(item.sha256, item.size_bytes));
  }
}

TEST_F(Fetch, UnknownFilesHaveALimit) {
  const std::vector<std::string> urls = {server_->Url("plain/f")};
  EXPECT_EQ(FetchUnknown("f", urls, 1000, options_).error().message(),
            "'" + urls[0] + "' sends more than the expected 1000 bytes");
  const FetchedText fetched =
      FetchUnknown("f", urls, bytes_.size(), options_).value();
  EXPECT_EQ(fetched.bytes, bytes_);
  EXPECT_EQ(fetched.url, urls[0]);
}

TEST(UrlForPeople, HidesPasswords) {
  EXPECT_EQ(UrlForPeople("https://me:secret@example.org/x@y"),
            "'https://...@example.org/x@y'");
  EXPECT_EQ(UrlForPeople("https://example.org/x@y"),
            "'https://example.org/x@y'");
}

}  // namespace
}  // namespace tally
