#include "attest/release_index.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tally {
namespace {

Bytes Value(uint32_t number) {
  Bytes value(48, 0xab);
  for (size_t i = 0; i < 4; ++i) {
    value[i] = static_cast<uint8_t>(number >> (8 * i));
  }
  return value;
}

// A release whose firmware, and so its MRTD, all others share.
PublishedTarget Target(uint32_t number) {
  Sha256Digest digest =
      *Sha256Digest::FromBytes(Bytes(32, static_cast<uint8_t>(number)));
  return {.release_name = "gateway",
          .release_version = "1." + std::to_string(number),
          .release_digest = digest,
          .target = "tdx",
          .platform = "tdx",
          .profile = "memory 4G",
          .registers = {{"mrtd", "sha384", Value(0)},
                        {"rtmr1", "sha384", Value(number)}}};
}

std::vector<PublishedTarget> Targets(uint32_t count) {
  std::vector<PublishedTarget> targets;
  for (uint32_t i = 1; i <= count; ++i) targets.push_back(Target(i));
  return targets;
}

std::vector<AttestedRegister> Attested(uint32_t number) {
  return {{"mrtd", "sha384", Value(0)},
          {"rtmr1", "sha384", Value(number)},
          {"rtmr3", "sha384", Value(77)}};
}

std::vector<IndexHit> Find(const std::string& index, std::string_view platform,
                           uint32_t number) {
  const auto hits =
      FindInReleaseIndex(AsBytes(index), platform, Attested(number));
  EXPECT_TRUE(hits) << hits.error().ToString();
  return hits ? *hits : std::vector<IndexHit>();
}

TEST(ReleaseIndex, IsTheSameWhateverTheOrder) {
  std::vector<PublishedTarget> targets = Targets(20);
  const std::string index = FormatReleaseIndex(targets);
  std::ranges::reverse(targets);
  targets.push_back(targets.front());
  EXPECT_EQ(FormatReleaseIndex(targets), index);
  EXPECT_TRUE(ParseJson(index));
}

TEST(ReleaseIndex, FindsTheReleaseOfEachValue) {
  const std::string index = FormatReleaseIndex(Targets(50));
  for (uint32_t number = 1; number <= 50; ++number) {
    const std::vector<IndexHit> hits = Find(index, "tdx", number);
    ASSERT_EQ(hits.size(), 1u) << number;
    EXPECT_EQ(hits.front().target, Target(number));
    EXPECT_TRUE(hits.front().all_equal());
  }
}

TEST(ReleaseIndex, FindsTheNearestReleases) {
  const std::vector<IndexHit> hits =
      Find(FormatReleaseIndex(Targets(3)), "tdx", 1000);
  ASSERT_EQ(hits.size(), 3u);
  EXPECT_FALSE(hits[0].all_equal());
  EXPECT_EQ(hits[0].target.registers.size(), 1u);
  EXPECT_EQ(hits[0].target.release_version, "1.1");
}

TEST(ReleaseIndex, KeepsPlatformsApart) {
  const std::string index = FormatReleaseIndex(Targets(3));
  EXPECT_TRUE(Find(index, "sev-snp", 1).empty());
  EXPECT_TRUE(Find(index, "td", 1).empty());
  EXPECT_TRUE(Find(FormatReleaseIndex({}), "tdx", 1).empty());
}

TEST(ReleaseIndex, RejectsWhatIsNoIndex) {
  const auto refusal = [](const std::string& index) {
    const auto hits = FindInReleaseIndex(AsBytes(index), "tdx", Attested(1));
    return hits ? "accepted" : hits.error().ToString();
  };
  EXPECT_EQ(refusal(""), "release index: found no list with a record a line");
  EXPECT_EQ(refusal("[\n]\n"),
            "release index: found no list with a record a line");
  EXPECT_EQ(refusal("[\n{\"digest\":\"\"}\n{}\n]\n"),
            "release index: found no comma at its end at 0x2");
  EXPECT_EQ(refusal("[\nabc\n]\n"),
            "release index: found a line that is no record at 0x2");
  EXPECT_EQ(refusal("[\n" + std::string(70000, 'x') + "\n]\n"),
            "release index: found a line without an end at 0x2");
  std::string broken = FormatReleaseIndex(Targets(1));
  broken.replace(broken.find("\"release\""), 9, "\"releasf\"");
  EXPECT_EQ(refusal(broken).substr(0, 21), "release index: found ");
}

}  // namespace
}  // namespace tally
