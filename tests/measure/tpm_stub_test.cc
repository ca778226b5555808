#include "measure/tpm_stub.h"

#include <gtest/gtest.h>

#include "common/process.h"
#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr unsigned kDebian12 = 252;
constexpr unsigned kDebian13 = 257;
constexpr unsigned kNewest = 258;

UkiProfile ProfileOf(
    const std::vector<std::pair<std::string, std::string_view>>& sections) {
  UkiProfile profile;
  for (const auto& [name, text] : sections) {
    profile.sections.push_back({name, AsBytes(text)});
  }
  return profile;
}

std::string Pcr11(const UkiProfile& profile, unsigned stub_version,
                  HashAlgorithm bank, const std::vector<std::string>& phases) {
  std::vector<BootEvent> events =
      StubSectionEvents(kHashAlgorithms, profile, stub_version);
  for (BootEvent& event : BootPhaseEvents(kHashAlgorithms, phases)) {
    events.push_back(std::move(event));
  }
  return Hex(FoldPcrs(events, bank).at(11).value);
}

// The numbers are those of systemd's own test of systemd-measure:
// test/units/TEST-70-TPM2.measure.sh at commit 120faf4d.
TEST(StubSections, AgreeWithSystemdsTest) {
  const UkiProfile profile =
      ProfileOf({{".initrd", "foobar\n"}, {".linux", "HALLO\n"}});
  EXPECT_EQ(Pcr11(profile, kDebian13, HashAlgorithm::kSha1, {}),
            "5177e4ad69db92192c10e5f80402bf81bfec8a81");
  EXPECT_EQ(Pcr11(profile, kDebian12, HashAlgorithm::kSha256, {}),
            "37b48bd0b222394dbe3cceff2fca4660c4b0a90ae9369ec90b42f14489989c13");
  EXPECT_EQ(Pcr11(profile, kDebian12, HashAlgorithm::kSha384, {}),
            "5573f9b2caf55b1d0a6a701f890662d682af961899f0419cf1e2d5ea4a6a68c1f2"
            "5bd4f5b8a0865eeee82af90f5cb087");
  EXPECT_EQ(Pcr11(profile, kDebian12, HashAlgorithm::kSha256, {"foo"}),
            "21c49c1242042649e09c156546fd7d425ccc3c67359f840507b30be4e0f6f699");
  EXPECT_EQ(Pcr11(profile, kDebian12, HashAlgorithm::kSha384, {"foo"}),
            "08d0b003a134878eee552070d51d58abe942f457ca85704131dd36f73728e7327c"
            "a837594bc9d5ac7de818d02a3d5dd2");
}

TEST(StubSections, AllOfThemAgreeWithSystemdsTest) {
  std::vector<std::pair<std::string, std::string_view>> sections;
  for (const char* name :
       {".efifw", ".hwids", ".dtbauto", ".profile", ".pcrpkey", ".sbat",
        ".uname", ".dtb", ".splash", ".ucode", ".initrd", ".cmdline", ".osrel",
        ".linux", ".pcrsig"}) {
    sections.emplace_back(name, "HALLO\n");
  }
  EXPECT_EQ(Pcr11(ProfileOf(sections), kNewest, HashAlgorithm::kSha1, {"foo"}),
            "8a625cbc3c497b9a86dcf4f6a32582895ce969bb");
}

TEST(StubSections, OlderStubsKnowFewer) {
  EXPECT_TRUE(IsMeasuredByStub(".osrel", kDebian12));
  EXPECT_FALSE(IsMeasuredByStub(".sbat", kDebian12));
  EXPECT_FALSE(IsMeasuredByStub(".uname", kDebian12));
  EXPECT_TRUE(IsMeasuredByStub(".profile", kDebian13));
  EXPECT_FALSE(IsMeasuredByStub(".efifw", kDebian13));
  EXPECT_FALSE(IsMeasuredByStub(".pcrsig", kNewest));
  EXPECT_FALSE(IsMeasuredByStub(".text", kNewest));
  const UkiProfile profile = ProfileOf({{".linux", "k"}, {".sbat", "s"}});
  EXPECT_EQ(StubSectionEvents(kHashAlgorithms, profile, kDebian12).size(), 2u);
  EXPECT_EQ(StubSectionEvents(kHashAlgorithms, profile, kDebian13).size(), 4u);
}

// Names, as a Google Compute Engine guest's event log has them.
TEST(StubSections, NamesAreHashedWithTheirNul) {
  const std::vector<BootEvent> events = StubSectionEvents(
      kHashAlgorithms, ProfileOf({{".linux", "k"}, {".sbat", "s"}}), kDebian13);
  EXPECT_EQ(Hex(events[0].digests.at(HashAlgorithm::kSha256)).substr(0, 12),
            "0da293e37ad5");
  EXPECT_EQ(Hex(events[2].digests.at(HashAlgorithm::kSha256)).substr(0, 12),
            "ff552fd255be");
  EXPECT_EQ(events[2].what, "name of section .sbat");
  EXPECT_EQ(events[3].what, "section .sbat");
}

// The installed systemd-measure says the same of the same files.
TEST(StubSections, AgreeWithSystemdMeasure) {
  const fs::path program = "/usr/lib/systemd/systemd-measure";
  if (!fs::exists(program)) GTEST_SKIP() << "not installed: " << program;
  const test::Scratch scratch;
  const std::vector<std::pair<std::string, std::string_view>> sections = {
      {".linux", "kernel"}, {".osrel", "ID=test\n"},   {".cmdline", "a b"},
      {".initrd", "init"},  {".pcrpkey", "not a key"}, {".splash", "picture"}};
  std::vector<std::string> args = {"calculate", "--phase=enter-initrd:ready"};
  for (const auto& [name, text] : sections) {
    args.push_back("--" + name.substr(1) + "=" +
                   scratch.Write(name.substr(1), text).string());
  }
  const Result<ToolOutput> done = RunTool(
      {.program = program, .args = args, .env = {{"LC_ALL", "C"}}, .cwd = "/"});
  ASSERT_TRUE(done) << done.error().message();
  for (const HashAlgorithm bank : kHashAlgorithms) {
    const std::string line =
        "11:" + std::string(HashName(bank)) + "=" +
        Pcr11(ProfileOf(sections), kDebian12, bank, {"enter-initrd", "ready"}) +
        "\n";
    EXPECT_NE(done->stdout_text.find(line), std::string::npos)
        << line << done->stdout_text;
  }
}

// Hashes of systemd-stub 252.39 and Linux 6.12 under OVMF, from the event log.
TEST(KernelStub, MangledCommandLineIsWhatTheKernelMeasures) {
  const auto event = KernelStubEvents(
      kHashAlgorithms,
      ProfileOf({{".cmdline",
                  "  console=ttyS0 no_timer_check\tpanic=1 x=\xc3\xa9 \n"}}),
      kDebian12);
  ASSERT_TRUE(event) << event.error().message();
  ASSERT_EQ(event->size(), 1u);
  EXPECT_EQ(Hex((*event)[0].digests.at(HashAlgorithm::kSha256)).substr(0, 20),
            "9610c6533318dfdbf875");
}

std::string KernelStubError(
    const std::vector<std::pair<std::string, std::string_view>>& sections,
    unsigned version) {
  const auto events =
      KernelStubEvents(kHashAlgorithms, ProfileOf(sections), version);
  return events ? "no error" : events.error().message();
}

TEST(KernelStub, RefusesWhatItDoesNotCompute) {
  EXPECT_EQ(
      KernelStubError({}, kDebian12),
      "the image has no .cmdline: the boot option gives the command line");
  EXPECT_EQ(KernelStubError({{".cmdline", " \n"}}, kDebian12),
            "the command line is empty");
  EXPECT_EQ(KernelStubError({{".cmdline", " a"}}, kDebian13),
            "the command line begins with white space");
  EXPECT_EQ(KernelStubError({{".cmdline", "\xf0\x9f\x90\x9f"}}, kDebian12),
            "the command line is not UTF-8 with characters of 16 bits");
  EXPECT_EQ(KernelStubError({{".cmdline", "a"}, {".osrel", "b"}}, kDebian12),
            "no error");
  EXPECT_EQ(KernelStubError({{".cmdline", "a"}, {".osrel", "b"}}, kDebian13),
            "systemd-stub 257 adds what is in .osrel to the initrd");
  EXPECT_EQ(KernelStubError({{".cmdline", "a"}, {".pcrsig", "b"}}, kDebian12),
            "systemd-stub 252 adds what is in .pcrsig to the initrd");
}

TEST(InnerKernel, IsMeasuredByOldStubsWithoutSecureBoot) {
  EXPECT_TRUE(StubLoadsKernelImage(kDebian13, SecureBootState::kOff));
  EXPECT_FALSE(StubLoadsKernelImage(kDebian13, SecureBootState::kOn));
  EXPECT_FALSE(StubLoadsKernelImage(kNewest, SecureBootState::kOff));
}

}  // namespace
}  // namespace tally
