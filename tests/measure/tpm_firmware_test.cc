#include "measure/tpm_firmware.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "formats/gpt.h"
#include "formats/tcg_event_types.h"
#include "measure/tpm_secure_boot.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

std::string Sha256Of(const BootEvent& event) {
  return Hex(event.digests.at(HashAlgorithm::kSha256));
}

std::vector<std::string> Sha256Starts(const std::vector<BootEvent>& events) {
  std::vector<std::string> starts;
  for (const BootEvent& event : events) {
    starts.push_back(Sha256Of(event).substr(0, 20));
  }
  return starts;
}

// From the event log of Debian 12's OVMF under QEMU 7.2 with one disk at 1.0.
TEST(BootVariables, AreThoseThatOvmfMakes) {
  EXPECT_EQ(
      Sha256Starts(BootVariableEvents(
          kHashAlgorithms, OvmfBootVariables({.device = 1, .function = 0}))),
      (std::vector<std::string>{"90c2698921ca9fd02950", "3197be1e300fa1600d18",
                                "e6f87048b3bcb1bef394",
                                "4d387b02d63b2f4cd7f6"}));
}

TEST(BootVariables, ComeInTheOrderOfBootOrder) {
  const Bytes order = {0x0a, 0, 1, 0, 0x34, 0x12};
  const Bytes ten = {10};
  const Bytes one = {1};
  const std::vector<EfiStoredVariable> variables = {
      {kEfiGlobalVariable, "Boot0001", 7, one},
      {kEfiGlobalVariable, "BootOrder", 7, order},
      {kEfiGlobalVariable, "Boot000A", 7, ten}};
  const auto found = StoredBootVariables(variables);
  ASSERT_TRUE(found);
  // 0x1234 is not there.
  EXPECT_EQ(*found,
            (std::vector<BootVariable>{
                {"BootOrder", order}, {"Boot000A", ten}, {"Boot0001", one}}));
}

TEST(BootVariables, RejectHalfANumber) {
  const Bytes order = {1, 0, 2};
  const auto found =
      StoredBootVariables({{kEfiGlobalVariable, "BootOrder", 7, order}});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message(),
            "variable BootOrder has 3 bytes, expected an even number");
}

// From the same logs, with Debian's empty and its snakeoil store.
TEST(SecureBootPolicy, OfDebiansEmptyStore) {
  const fs::path path = "/usr/share/OVMF/OVMF_VARS_4M.fd";
  if (!fs::exists(path)) GTEST_SKIP() << "not installed: " << path;
  const Bytes flash = test::MustRead(path);
  const auto variables = ParseEfiVariableStore(flash);
  ASSERT_TRUE(variables) << variables.error().message();
  EXPECT_EQ(SecureBootStateOf(*variables, SecureBootSupport::kBuiltIn),
            SecureBootState::kOff);
  std::vector<BootEvent> events = SecureBootPolicyEvents(
      kHashAlgorithms, *variables, SecureBootSupport::kBuiltIn);
  events.push_back(SeparatorEvent(kHashAlgorithms, 7));
  EXPECT_EQ(Hex(FoldPcrs(events, HashAlgorithm::kSha256).at(7).value),
            "65caf8dd1e0ea7a6347b635d2b379c93b9a1351edc2afc3ecda700e534eb3068");
}

TEST(SecureBootPolicy, OfDebiansSnakeoilStore) {
  const fs::path path = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd";
  if (!fs::exists(path)) GTEST_SKIP() << "not installed: " << path;
  const Bytes flash = test::MustRead(path);
  const auto variables = ParseEfiVariableStore(flash);
  ASSERT_TRUE(variables) << variables.error().message();
  EXPECT_EQ(SecureBootStateOf(*variables, SecureBootSupport::kBuiltIn),
            SecureBootState::kOn);
  EXPECT_EQ(SecureBootStateOf(*variables, SecureBootSupport::kNone),
            SecureBootState::kOff);
  EXPECT_EQ(
      Sha256Starts(SecureBootPolicyEvents(kHashAlgorithms, *variables,
                                          SecureBootSupport::kBuiltIn)),
      (std::vector<std::string>{"ccfc4bb32888a345bc8a", "a2b1d1bd388e9adda45b",
                                "a7373990f2282e687dc2", "9647c098da98a3c24d7d",
                                "1963d580fcc0cede165e"}));
}

// From the event log of Debian 13's OVMF_CODE_4M.fd (edk2 2025.02).
TEST(SecureBootPolicy, FirmwareWithoutSecureBootHasNoState) {
  EXPECT_EQ(
      Sha256Starts(SecureBootPolicyEvents(kHashAlgorithms, {},
                                          SecureBootSupport::kNone)),
      (std::vector<std::string>{"ce9ce386b52e099f3019", "dea7b80ab53a3daaa24d",
                                "e670e121fcebd473b8bc", "baf89a3ccace52750c5f",
                                "9f75b6823bff6af1024a"}));
}

TEST(SecureBootAuthority, IsTheCertificateInTheSignature) {
  const Uuid x509 = {{0xa5, 0xc0, 0x59, 0xa1, 0x94, 0xe4, 0x4a, 0xa7, 0x87,
                      0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}};
  ByteWriter db;
  db.Raw(GuidBytes(x509)).U32Le(28 + 16 + 4).U32Le(0).U32Le(16 + 4);
  db.Zeros(16).Text("CERT");
  const std::vector<EfiStoredVariable> variables = {
      {kEfiImageSecurityDatabase, "db", 0x27, db.bytes()}};
  Pe image;
  image.certificates.push_back({0x200, 2, AsBytes("signed with CERT by me")});
  const auto event =
      SecureBootAuthorityEvent(kHashAlgorithms, variables, image);
  ASSERT_TRUE(event) << event.error().message();
  const Bytes entry = ToBytes(ByteSpan(db.bytes()).subspan(28));
  EXPECT_EQ(*event, HashedEvent(kHashAlgorithms, 7, kEvEfiVariableAuthority,
                                "entry of db that allows the image",
                                EfiVariableData(kEfiImageSecurityDatabase, "db",
                                                entry)));
  image.certificates[0].data = AsBytes("signed with another");
  EXPECT_EQ(SecureBootAuthorityEvent(kHashAlgorithms, variables, image)
                .error()
                .message(),
            "Secure Boot is on, and no certificate of db is in the image's "
            "signature");
  image.certificates.clear();
  EXPECT_EQ(SecureBootAuthorityEvent(kHashAlgorithms, variables, image)
                .error()
                .message(),
            "Secure Boot is on, and the image has neither a signature nor its "
            "digest in db");
}

TEST(SecureBootAuthority, RejectsAListThatIsCutOff) {
  const Bytes db(20);
  const auto event = SecureBootAuthorityEvent(
      kHashAlgorithms, {{kEfiImageSecurityDatabase, "db", 7, db}}, Pe());
  ASSERT_FALSE(event);
  EXPECT_EQ(
      event.error().message(),
      "signature database db: header size at 0x14: needs 4 bytes, 0 left");
}

TEST(GptEvent, HashesHeaderCountAndUsedEntries) {
  const Uuid disk_guid = {{1}};
  const auto plan = PlanGpt(
      disk_guid, {{kGptEfiSystem, {{2}}, "esp", 1 << 20, 0},
                  {kGptRootX86_64, {{3}}, "root", 1 << 20, kGptReadOnly}});
  ASSERT_TRUE(plan);
  const ByteSpan table = plan->primary;
  ByteWriter data;
  data.Raw(table.subspan(512, 92)).U64Le(2).Raw(table.subspan(1024, 256));
  const auto event = GptEvent(kHashAlgorithms, 5, table);
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(*event, HashedEvent(kHashAlgorithms, 5, kEvEfiGptEvent,
                                "partition table of the disk", data.bytes()));
}

TEST(GptEvent, RejectsWhatIsNoTable) {
  Bytes disk(4096);
  const auto message = [&] {
    return GptEvent(kHashAlgorithms, 5, disk).error().message();
  };
  EXPECT_EQ(message(), "gpt header: signature at 0x200: not a partition table");
  const std::string_view signature = "EFI PART";
  std::copy(signature.begin(), signature.end(), disk.begin() + 512);
  EXPECT_EQ(message(),
            "gpt header: size of an entry at 0x254: expected 128 to 4096");
  disk[512 + 84] = 128;
  disk[512 + 72] = 9;
  disk[512 + 80] = 4;
  EXPECT_EQ(message(),
            "gpt entries: before the entries at 0x0: needs 4608 bytes, 4096 "
            "left");
}

TEST(TpmProfiles, HaveNamesThatFindThem) {
  for (const TpmProfile& profile : TpmProfiles()) {
    EXPECT_EQ(FindTpmProfile(profile.name), &profile);
  }
  EXPECT_EQ(FindTpmProfile("seabios"), nullptr);
}

}  // namespace
}  // namespace tally
