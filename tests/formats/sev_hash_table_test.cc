#include "formats/sev_hash_table.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace tally {
namespace {

TEST(HashKernelInputs, HashesTheFinalNulOfTheCommandLine) {
  const SevHashes hashes = HashKernelInputs(AsBytes("k"), {}, "");
  // printf k | sha256sum; printf '' | sha256sum; printf '\0' | sha256sum
  EXPECT_EQ(hashes.kernel.hex(),
            "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a");
  EXPECT_EQ(hashes.initrd.hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hashes.cmdline.hex(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST(SevHashTable, HasHeaderThenCmdlineInitrdKernelThenPadding) {
  SevHashes hashes;
  hashes.cmdline = Sha256Digest::FromHex(std::string(64, 'c')).value();
  hashes.initrd = Sha256Digest::FromHex(std::string(64, '1')).value();
  hashes.kernel = Sha256Digest::FromHex(std::string(64, 'e')).value();
  // GUIDs and lengths as in QEMU target/i386/sev.c, read as bytes.
  EXPECT_EQ(Hex(EncodeSevHashTable(hashes)),
            "06d63894224fc94cb479a793d411fd21a800"
            "d82dd09720bd944caa78e7714d36ab2a3200" +
                std::string(64, 'c') + "31f7ba442f3ad74b9af141e29169781d3200" +
                std::string(64, '1') + "3794e74dd2ab7f42b835d5b172d2045b3200" +
                std::string(64, 'e') + "0000000000000000");
}

TEST(SevHashTable, StandsAtItsOffsetInAZeroPage) {
  const SevHashes hashes;
  const Bytes page = EncodeSevHashPage(hashes, 0xc00);
  ASSERT_EQ(page.size(), 4096u);
  const Bytes table = EncodeSevHashTable(hashes);
  for (size_t i = 0; i < page.size(); ++i) {
    const bool inside = i >= 0xc00 && i < 0xc00 + table.size();
    ASSERT_EQ(page[i], inside ? table[i - 0xc00] : 0) << i;
  }
}

}  // namespace
}  // namespace tally
