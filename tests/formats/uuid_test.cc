#include "formats/uuid.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kText = "00112233-4455-6677-8899-aabbccddeeff";

TEST(Uuid, FormatsWhatItParsed) {
  const Result<Uuid> uuid = ParseUuid(kText);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(Hex(uuid->bytes), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(FormatUuid(*uuid), kText);
  EXPECT_EQ(ParseUuid("00112233-4455-6677-8899-AABBCCDDEEFF").value(), *uuid);
}

TEST(Uuid, StoresAGuidInMixedByteOrder) {
  // UEFI 2.10, appendix A, table A-1.
  const Uuid uuid = ParseUuid(kText).value();
  EXPECT_EQ(Hex(GuidBytes(uuid)), "33221100554477668899aabbccddeeff");
  EXPECT_EQ(UuidFromGuidBytes(GuidBytes(uuid)), uuid);
}

TEST(Uuid, RejectsOtherForms) {
  for (const std::string text : {"", "{00112233-4455-6677-8899-aabbccddeeff}",
                                 "00112233445566778899aabbccddeeff",
                                 "00112233-4455-6677-8899-aabbccddeefg",
                                 "0011223-34455-6677-8899-aabbccddeeff",
                                 "00112233-4455-6677-8899-aabbccddeeff0"}) {
    const Result<Uuid> uuid = ParseUuid(text);
    ASSERT_FALSE(uuid) << text;
    EXPECT_EQ(uuid.error().ToString(),
              "found '" + text +
                  "', expected a UUID such as "
                  "'4f68bce3-e8cd-4db1-96e7-fbcaf984b709'");
  }
}

TEST(Uuid, DerivesARandomLookingUuidFromSeedAndLabel) {
  // Python: d = bytearray(hmac.new(b"seed", b"label", "sha256").digest()[:16]),
  // d[6] = d[6] & 15 | 64, d[8] = d[8] & 63 | 128, uuid.UUID(bytes=bytes(d)).
  const Uuid uuid = DeriveUuid(AsBytes("seed"), "label");
  EXPECT_EQ(FormatUuid(uuid), "c6e11154-05cc-4920-9534-8f6ac5a6db06");
  EXPECT_NE(uuid, DeriveUuid(AsBytes("seed"), "other"));
  EXPECT_NE(uuid, DeriveUuid(AsBytes("other"), "label"));
}

}  // namespace
}  // namespace tally
