#include "formats/file_capabilities.h"

#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/formats/run_program.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr uint64_t kAll = (uint64_t{1} << 41) - 1;

uint64_t Bit(unsigned number) { return uint64_t{1} << number; }

FileCapabilities Parsed(std::string_view text) {
  const auto parsed = ParseCapabilityText(text);
  EXPECT_TRUE(parsed) << parsed.error().ToString();
  return parsed ? *parsed : FileCapabilities{};
}

std::string TextError(std::string_view text) {
  const auto parsed = ParseCapabilityText(text);
  return parsed ? "no error" : parsed.error().ToString();
}

std::string XattrError(const std::string& hex) {
  const auto parsed = ParseCapabilityXattr(*ParseHex(hex));
  return parsed ? "no error" : parsed.error().ToString();
}

TEST(FileCapabilities, ReadsClauses) {
  EXPECT_EQ(Parsed("cap_net_raw=ep"),
            (FileCapabilities{.permitted = Bit(13), .effective = true}));
  EXPECT_EQ(Parsed("cap_dac_override,cap_bpf,cap_net_admin=ep"),
            (FileCapabilities{.permitted = Bit(1) | Bit(39) | Bit(12),
                              .effective = true}));
  EXPECT_EQ(Parsed(" CAP_KILL=p\tCap_Chown+i "),
            (FileCapabilities{.permitted = Bit(5), .inheritable = Bit(0)}));
  EXPECT_EQ(Parsed("all=p"), (FileCapabilities{.permitted = kAll}));
  EXPECT_EQ(Parsed("=ip"),
            (FileCapabilities{.permitted = kAll, .inheritable = kAll}));
  EXPECT_EQ(Parsed("40,0x5=p"),
            (FileCapabilities{.permitted = Bit(40) | Bit(5)}));
}

TEST(FileCapabilities, AppliesOperatorsInOrder) {
  EXPECT_EQ(Parsed("cap_kill=p+i-p"), (FileCapabilities{.inheritable = 32}));
  EXPECT_EQ(Parsed("all=p cap_kill="),
            (FileCapabilities{.permitted = kAll & ~Bit(5)}));
  EXPECT_EQ(Parsed("cap_kill=+ep"),
            (FileCapabilities{.permitted = 32, .effective = true}));
  EXPECT_EQ(Parsed("="), FileCapabilities{});
}

TEST(FileCapabilities, RejectsWhatIsNoClause) {
  EXPECT_EQ(TextError(""), "capabilities '': found no clause");
  EXPECT_EQ(TextError("cap_kill"),
            "capabilities 'cap_kill': found no '=', '+' or '-'");
  EXPECT_EQ(TextError("cap_kill=x"),
            "capabilities 'cap_kill=x': found 'x' among the flags 'x', "
            "expected each of e, i and p at most once");
  EXPECT_EQ(TextError("cap_kill=pp"),
            "capabilities 'cap_kill=pp': found 'p' among the flags 'pp', "
            "expected each of e, i and p at most once");
  EXPECT_EQ(TextError("cap_kill=p=i"),
            "capabilities 'cap_kill=p=i': found a second operator '=', "
            "expected '+' or '-'");
  EXPECT_EQ(TextError("+p"),
            "capabilities '+p': operator '+' needs capabilities before it and "
            "flags behind it");
  EXPECT_EQ(TextError("cap_kill-"),
            "capabilities 'cap_kill-': operator '-' needs capabilities before "
            "it and flags behind it");
}

TEST(FileCapabilities, RejectsUnknownCapabilities) {
  const auto parsed = ParseCapabilityText("cap_net_row=ep");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().ToString(),
            "capabilities 'cap_net_row=ep': found 'cap_net_row', expected the "
            "name of a capability");
  EXPECT_EQ(parsed.error().hints(),
            (std::vector<std::string>{"did you mean 'cap_net_raw'?"}));
  EXPECT_EQ(TextError("41=p"),
            "capabilities '41=p': found capability '41', expected a number "
            "from 0 to 40");
  EXPECT_EQ(TextError("cap_kill,=p"),
            "capabilities 'cap_kill,=p': found '', expected the name of a "
            "capability");
}

TEST(FileCapabilities, RejectsAnEffectiveSetThatNoFileCanHave) {
  const std::string why =
      ": flag 'e' is set for some capabilities only, expected it for all that "
      "are permitted or inheritable, or for none";
  EXPECT_EQ(TextError("cap_kill=ep cap_chown+p"),
            "capabilities 'cap_kill=ep cap_chown+p'" + why);
  EXPECT_EQ(TextError("cap_kill=e"), "capabilities 'cap_kill=e'" + why);
}

TEST(FileCapabilities, HasTheBytesOfRevision2) {
  const FileCapabilities all_fields{.permitted = 0x0000000102030405,
                                    .inheritable = 0x0000008106070809,
                                    .effective = true};
  const Bytes bytes = EncodeCapabilityXattr(all_fields);
  EXPECT_EQ(Hex(bytes), "0100000205040302090807060100000081000000");
  const auto read = ParseCapabilityXattr(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, all_fields);
}

TEST(FileCapabilities, RejectsOtherAttributes) {
  EXPECT_EQ(XattrError("00000002"),
            "security.capability: data[0].permitted at 0x4: needs 4 bytes, 0 "
            "left");
  EXPECT_EQ(XattrError("010000030500000000000000000000000000000000000000"),
            "security.capability: magic_etc at 0x0: found 0x3000001, expected "
            "revision 2 (0x2000000)");
  EXPECT_EQ(XattrError("0000000200000000000000000002000000000000"),
            "security.capability: data[1] at 0x10: found a capability above "
            "40");
  EXPECT_EQ(XattrError("0100000200000000000000000000000000000000"),
            "security.capability: magic_etc at 0x10: effective without "
            "capabilities");
  EXPECT_EQ(
      XattrError("000000020000000000000000000000000000000000"),
      "security.capability: end at 0x14: 1 trailing bytes, expected the end "
      "of the data");
}

// The texts that go through setcap and getcap as well.
const std::vector<std::string> kTexts = {
    "cap_net_raw=ep",
    "cap_dac_override,cap_bpf,cap_net_admin=ep",
    "cap_net_raw,cap_chown=ep cap_kill=i+ep",
    "cap_chown=p cap_kill=i",
    "all=ep",
    "=ip",
    "=",
    "=ep cap_chown-ep",
    "all=eip cap_kill-i",
    "40=p",
    "cap_chown,0x5=p",
    "cap_kill=+ep",
    "CAP_SYS_TIME+ep",
    "cap_kill=p+i-p",
};

TEST(FileCapabilities, FormatsWhatItReads) {
  for (const std::string& text : kTexts) {
    const FileCapabilities parsed = Parsed(text);
    EXPECT_EQ(Parsed(FormatCapabilities(parsed)), parsed) << text;
  }
}

Bytes XattrOf(const std::string& file) {
  Bytes value(64);
  const ssize_t size =
      getxattr(file.c_str(), "security.capability", value.data(), value.size());
  value.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return value;
}

TEST(FileCapabilities, AgreesWithSetcapAndGetcap) {
  TALLY_NEED_PROGRAM(setcap, "setcap");
  TALLY_NEED_PROGRAM(getcap, "getcap");
  if (geteuid() != 0) GTEST_SKIP() << "setcap needs root";
  const test::Scratch scratch;
  const std::string file = scratch.Write("program", "x").string();
  for (const std::string& text : kTexts) {
    const auto set = test::RunProgram(setcap, {text, file});
    if (set.exit_status != 0) {
      GTEST_SKIP() << "this file system has no capabilities: "
                   << set.stderr_text;
    }
    const FileCapabilities ours = Parsed(text);
    EXPECT_EQ(test::RunProgram(getcap, {file}).stdout_text,
              file + " " + FormatCapabilities(ours) + "\n");
    EXPECT_EQ(Hex(XattrOf(file)), Hex(EncodeCapabilityXattr(ours))) << text;
  }
}

}  // namespace
}  // namespace tally
