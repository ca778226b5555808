#include "formats/igvm_id_block.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kPolicy = 0x30000;

SnpIdBlock Block() {
  SnpIdBlock block{.guest_svn = 7, .policy = kPolicy};
  block.launch_digest.fill(0x11);
  block.family_id.fill(0x22);
  block.image_id.fill(0x33);
  return block;
}

SnpPublicKey Key(uint8_t byte) {
  SnpPublicKey key;
  key.x.fill(byte);
  key.y.fill(static_cast<uint8_t>(byte + 1));
  return key;
}

SnpSignature Signature(uint8_t byte) {
  SnpSignature signature;
  signature.r.fill(byte);
  signature.s.fill(static_cast<uint8_t>(byte + 1));
  return signature;
}

SnpIdAuth Auth(bool with_author) {
  SnpIdAuth auth{.id_block_signature = Signature(0x40), .id_key = Key(0x50)};
  if (with_author) {
    auth.author =
        SnpAuthor{.key = Key(0x60), .id_key_signature = Signature(0x70)};
  }
  return auth;
}

Igvm FileOf(uint64_t policy = kPolicy) {
  Igvm igvm;
  igvm.platforms.push_back(IgvmPlatform{.compatibility_mask = 1,
                                        .type = IgvmPlatformType::kSevSnp,
                                        .version = 1});
  igvm.initializations.push_back(
      IgvmGuestPolicy{.policy = policy, .compatibility_mask = 1});
  igvm.directives.push_back(IgvmRequiredMemory{
      .gpa = 0, .compatibility_mask = 1, .size_bytes = 4096});
  return igvm;
}

TEST(IgvmIdBlock, DetachIsTheInverseOfAttach) {
  for (const bool with_author : {false, true}) {
    const Igvm before = FileOf();
    const Bytes bytes = WriteIgvm(before).value();
    const Bytes id_auth = EncodeSnpIdAuth(Auth(with_author));
    Igvm igvm = before;
    const Status attached = AttachIgvmIdBlock(Block(), id_auth, &igvm);
    ASSERT_TRUE(attached) << attached.error().ToString();
    // Through the file, as the commands do it.
    const Bytes file = WriteIgvm(igvm).value();
    Igvm again = ParseIgvm(file).value();
    const auto found = DetachIgvmIdBlock(&again);
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_EQ(found->block, Block());
    EXPECT_EQ(found->auth, Auth(with_author));
    EXPECT_EQ(again, before);
    EXPECT_EQ(WriteIgvm(again).value(), bytes);
  }
}

// The directive's numbers are those of the firmware's page, little endian.
TEST(IgvmIdBlock, TheDirectiveHasTheFirmwaresNumbers) {
  Igvm igvm = FileOf();
  const Bytes id_auth = EncodeSnpIdAuth(Auth(true));
  ASSERT_TRUE(AttachIgvmIdBlock(Block(), id_auth, &igvm));
  const IgvmSnpIdBlock& block =
      *std::get<Boxed<IgvmSnpIdBlock>>(igvm.directives.back());
  EXPECT_TRUE(block.author_key_enabled);
  EXPECT_EQ(block.version, 1u);
  EXPECT_EQ(block.guest_svn, 7u);
  EXPECT_EQ(block.id_key_algorithm, 1u);
  EXPECT_EQ(block.id_public_key.curve, 2u);
  const auto number = [](uint8_t byte) {
    Bytes bytes(48, byte);
    bytes.resize(72);
    return Hex(bytes);
  };
  EXPECT_EQ(Hex(block.id_key_signature.r.bytes), number(0x40));
  EXPECT_EQ(Hex(block.id_key_signature.s.bytes), number(0x41));
  EXPECT_EQ(Hex(block.id_public_key.qx.bytes), number(0x50));
  EXPECT_EQ(Hex(block.id_public_key.qy.bytes), number(0x51));
  EXPECT_EQ(Hex(block.author_public_key.qx.bytes), number(0x60));
  EXPECT_EQ(Hex(block.author_key_signature.s.bytes), number(0x71));
}

TEST(IgvmIdBlock, RefusesFilesThatDoNotGoWithIt) {
  const Bytes id_auth = EncodeSnpIdAuth(Auth(false));
  const auto refusal = [&](Igvm igvm) {
    const Status status = AttachIgvmIdBlock(Block(), id_auth, &igvm);
    return status ? "accepted" : status.error().ToString();
  };
  EXPECT_EQ(refusal({}),
            "igvm: found no platform sev-snp, expected the one that ID blocks "
            "are for");
  EXPECT_EQ(refusal(FileOf(0x130000)),
            "igvm: found guest policy 0x130000 (abi=0.0,smt,single-socket), "
            "expected that of the ID block, 0x30000 (abi=0.0,smt)");
  Igvm none = FileOf();
  none.initializations.clear();
  EXPECT_EQ(refusal(none),
            "igvm: found 0 guest policies for sev-snp, expected one");
  Igvm twice = FileOf();
  ASSERT_TRUE(AttachIgvmIdBlock(Block(), id_auth, &twice));
  EXPECT_EQ(refusal(twice),
            "igvm: found an ID block for sev-snp, expected a file without one");
  Igvm bare = FileOf();
  EXPECT_EQ(DetachIgvmIdBlock(&bare).error().ToString(),
            "igvm: found no ID block for sev-snp, expected one");
}

}  // namespace
}  // namespace tally
