#include "measure/event.h"

#include <gtest/gtest.h>

#include "measure/event_ranges.h"

namespace tally {
namespace {

AnyDigest Filled(uint8_t byte) {
  return {HashAlgorithm::kSha384, Bytes(48, byte)};
}

std::string FilledHex(uint8_t byte) { return Filled(byte).hex(); }

std::vector<Event> Example() {
  return {{.what = "firmware",
           .type = "normal",
           .gpa = 0xffc00000,
           .size_bytes = 0x1000,
           .digest = Filled(0xaa),
           .value_after = Filled(0x11)},
          {.what = "firmware",
           .type = "normal",
           .gpa = 0xffc01000,
           .size_bytes = 0x1000,
           .digest = Filled(0xbb),
           .value_after = Filled(0x2e)},
          {.what = "vcpu 0", .type = "vmsa", .size_bytes = 0x1000}};
}

TEST(Events, HaveACanonicalJsonForm) {
  EXPECT_EQ(EventsToJson(Example()).Canonical(),
            R"([{"digest":"sha384:)" + FilledHex(0xaa) +
                R"(","gpa":"0xffc00000","size":4096,"type":"normal"},)"
                R"({"digest":"sha384:)" +
                FilledHex(0xbb) +
                R"(","gpa":"0xffc01000","size":4096,"type":"normal"},)"
                R"({"digest":null,"gpa":null,"size":4096,"type":"vmsa"}])");
}

TEST(Events, AreDigestedOverThatForm) {
  EXPECT_EQ(DigestEvents({}).hex(),  // printf '[]' | sha256sum
            "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945");
  std::vector<Event> reworded = Example();
  reworded[0].what = "the firmware";
  EXPECT_EQ(DigestEvents(reworded), DigestEvents(Example()));
  std::vector<Event> moved = Example();
  moved[0].gpa = 0xffbff000;
  EXPECT_NE(DigestEvents(moved), DigestEvents(Example()));
}

TEST(Events, AreDigestedOneByOne) {
  EventsHasher hasher;
  EXPECT_EQ(hasher.Digest(), DigestEvents({}));
  for (const Event& event : Example()) hasher.Add(event);
  EXPECT_EQ(hasher.Digest(), DigestEvents(Example()));
  EXPECT_EQ(hasher.num_events(), 3u);
}

TEST(Events, HaveARecordForNeighbours) {
  EXPECT_EQ(EventRanges(Example()).ToJson().Canonical(),
            R"([{"digest":null,"gpa":"0xffc00000","num_events":2,"size":8192,)"
            R"("type":"normal","value_after":")" +
                FilledHex(0x2e) +
                R"(","what":"firmware"},)"
                R"({"digest":null,"gpa":null,"num_events":1,"size":4096,)"
                R"("type":"vmsa","value_after":null,"what":"vcpu 0"}])");
}

std::string WrittenRanges(const EventRanges& ranges) {
  std::string text;
  JsonWriter writer(JsonLayout::kPretty,
                    [&](std::string_view piece) { text += piece; });
  ranges.WriteJson(writer);
  writer.Finish();
  return text;
}

TEST(Events, HaveTheirRecordsWrittenOneByOne) {
  const EventRanges ranges(Example());
  EXPECT_EQ(WrittenRanges(ranges), ranges.ToJson().Pretty());
  EXPECT_EQ(WrittenRanges(EventRanges()), "[]\n");
}

TEST(Events, KeepDigestsOfAnyAlgorithm) {
  for (const HashAlgorithm algorithm : kHashAlgorithms) {
    const AnyDigest digest(algorithm, Bytes(HashSizeBytes(algorithm), 0xa1));
    const std::vector<Event> events = {{.what = "page",
                                        .type = "normal",
                                        .digest = digest,
                                        .value_after = digest}};
    const Json record = EventRanges(events).ToJson().array()->front();
    EXPECT_EQ(*record.Find("digest"), Json(digest.Text()));
    EXPECT_EQ(*record.Find("value_after"), Json(digest.hex()));
  }
}

TEST(Events, AreExplainedWithNeighboursOnOneLine) {
  EXPECT_EQ(ExplainEvents(Example()),
            "0000ffc00000 normal 2e2e2e2e2e2e2e2e 0x2000  firmware\n"
            "-            vmsa   -                0x1000  vcpu 0\n");
}

TEST(Events, AreExplainedApartWhereAReasonDiffers) {
  std::vector<Event> events = Example();
  events[1].what = "option ROM";
  EXPECT_EQ(ExplainEvents(events),
            "0000ffc00000 normal 1111111111111111 0x1000  firmware\n"
            "0000ffc01000 normal 2e2e2e2e2e2e2e2e 0x1000  option ROM\n"
            "-            vmsa   -                0x1000  vcpu 0\n");
}

TEST(Events, OfProcessorsThatStartAlikeShareALine) {
  std::vector<Event> events = {{.what = "vcpu 0",
                                .type = "vmsa",
                                .gpa = 0xfffffffff000,
                                .size_bytes = 0x1000,
                                .digest = Filled(1)}};
  for (int i = 1; i < 64; ++i) {
    events.push_back(events[0]);
    events.back().what = "vcpu " + std::to_string(i);
    events.back().digest = Filled(2);
  }
  EXPECT_EQ(ExplainEvents(events),
            "fffffffff000 vmsa -                0x1000   vcpu 0\n"
            "fffffffff000 vmsa -                0x3f000  vcpu 1 to vcpu 63\n");
}

}  // namespace
}  // namespace tally
