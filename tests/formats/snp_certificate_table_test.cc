#include "formats/snp_certificate_table.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"

namespace tally {
namespace {

std::string CertificateTableRefusal(ByteSpan bytes) {
  const auto table = ParseSnpCertificateTable(bytes);
  return table ? "accepted" : table.error().ToString();
}

Bytes Entry(const std::string& guid_hex, uint32_t offset, uint32_t length) {
  ByteWriter w;
  w.Raw(ParseHex(guid_hex).value()).U32Le(offset).U32Le(length);
  return std::move(w).Take();
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// In the order of the text, which is not that of UEFI.
const std::string kVcek = "63da758de6644564adc5f4b93be8accd";
const Bytes kEnd(24);

TEST(SnpCertificateTable, HasTheBytesOfTheSpecification) {
  const Bytes bytes = EncodeSnpCertificateTable(
      {{.kind = SnpCertificateKind::kVcek, .contents = AsBytes("vcek")},
       {.kind = SnpCertificateKind::kOther,
        .guid = "00112233-4455-6677-8899-aabbccddeeff",
        .contents = AsBytes("xyz")}});
  ByteWriter expected;
  expected.Raw(Entry(kVcek, 72, 4));
  expected.Raw(Entry("00112233445566778899aabbccddeeff", 76, 3));
  expected.Raw(kEnd).Text("vcekxyz");
  EXPECT_EQ(bytes, expected.bytes());
}

TEST(SnpCertificateTable, RoundTrips) {
  std::vector<SnpCertificateEntry> entries;
  for (const SnpCertificateKind kind :
       {SnpCertificateKind::kVcek, SnpCertificateKind::kVlek,
        SnpCertificateKind::kAsk, SnpCertificateKind::kArk,
        SnpCertificateKind::kCrl}) {
    entries.push_back(
        {.kind = kind, .contents = AsBytes(SnpCertificateKindName(kind))});
  }
  const Bytes bytes = EncodeSnpCertificateTable(entries);
  EXPECT_TRUE(LooksLikeSnpCertificateTable(bytes));
  const auto parsed = ParseSnpCertificateTable(bytes);
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  ASSERT_EQ(parsed->size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(parsed->at(i).kind, entries[i].kind);
    EXPECT_EQ(AsText(parsed->at(i).contents), AsText(entries[i].contents));
  }
  EXPECT_EQ(parsed->at(4).guid, "92f81bc3-5811-4d3d-97ff-d19f88dc67ea");
  EXPECT_EQ(parsed->at(0).offset, 144u);
}

TEST(SnpCertificateTable, MayBeEmptyAndHavePadding) {
  EXPECT_EQ(ParseSnpCertificateTable(kEnd)->size(), 0u);
  EXPECT_EQ(ParseSnpCertificateTable(Bytes(4096))->size(), 0u);
  EXPECT_TRUE(LooksLikeSnpCertificateTable(Bytes(4096)));
  EXPECT_FALSE(LooksLikeSnpCertificateTable({}));
  EXPECT_FALSE(LooksLikeSnpCertificateTable(
      AsBytes("{\"this is\": \"some text of somebody else\"}")));
}

TEST(SnpCertificateTable, RejectsOtherPaddingThanZeros) {
  Bytes padded = Entry(kVcek, 48, 4) + kEnd + Bytes(4) + Bytes(4096);
  EXPECT_EQ(CertificateTableRefusal(padded), "accepted");
  padded.back() = 1;
  EXPECT_EQ(CertificateTableRefusal(padded),
            "snp certificate table: padding at 0x1033: found 0x1, expected "
            "zero");
  padded = Bytes(4096);
  padded[24] = 7;
  EXPECT_EQ(CertificateTableRefusal(padded),
            "snp certificate table: padding at 0x18: found 0x7, expected "
            "zero");
}

TEST(SnpCertificateTable, RejectsATableWithoutAnEnd) {
  EXPECT_EQ(CertificateTableRefusal({}),
            "snp certificate table: entry at 0x0: needs 24 bytes, 0 left");
  EXPECT_EQ(CertificateTableRefusal(Entry(kVcek, 24, 0) + Bytes(23)),
            "snp certificate table: entry at 0x18: needs 24 bytes, 23 left");
  Bytes many;
  for (int i = 0; i < 33; ++i) many = many + Entry(kVcek, 24 * 34, 0);
  EXPECT_EQ(CertificateTableRefusal(many + kEnd),
            "snp certificate table: more than 32 entries");
}

TEST(SnpCertificateTable, RejectsContentsThatAreElsewhere) {
  const std::string guid = "63da758d-e664-4564-adc5-f4b93be8accd";
  const Bytes rest = kEnd + Bytes(4);
  EXPECT_EQ(CertificateTableRefusal(Entry(kVcek, 48, 4) + rest), "accepted");
  EXPECT_EQ(CertificateTableRefusal(Entry(kVcek, 47, 4) + rest),
            "snp certificate table: " + guid +
                " is at 0x2f with 4 bytes, expected 0x30 to 0x34");
  EXPECT_EQ(CertificateTableRefusal(Entry(kVcek, 48, 5) + rest),
            "snp certificate table: " + guid +
                " is at 0x30 with 5 bytes, expected 0x30 to 0x34");
  EXPECT_EQ(
      CertificateTableRefusal(Entry(kVcek, 0xffffffff, 0xffffffff) + rest),
      "snp certificate table: " + guid +
          " is at 0xffffffff with 4294967295 bytes, expected 0x30 to "
          "0x34");
}

}  // namespace
}  // namespace tally
