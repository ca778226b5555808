// tally measure igvm, from the command line to what it prints.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "cli/app.h"
#include "cli/igvm_vmsas.h"
#include "cli/measure_answer.h"
#include "common/text.h"
#include "formats/igvm.h"
#include "formats/vmsa.h"
#include "measure/igvm_sev.h"
#include "measure/igvm_snp.h"
#include "measure/igvm_tdx.h"
#include "measure/igvm_vsm.h"
#include "tests/support/kept_events.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr uint32_t kSnp = 1;
constexpr uint32_t kSevEs = 2;
constexpr uint32_t kSev = 4;
constexpr uint32_t kVsm = 8;
constexpr uint32_t kTdx = 16;
constexpr uint32_t kAll = 31;
constexpr uint64_t kVmsaAddress = 0xfffffffff000;

struct Answer {
  int status = -1;
  std::string out;
  std::string err;
};

std::string TakeContents(std::FILE* file) {
  std::string text;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    text += static_cast<char>(c);
  }
  std::fclose(file);
  return text;
}

// MeasureIgvm is a test with a file for all platforms.
class MeasureIgvm : public testing::Test {
 protected:
  MeasureIgvm() {
    page_ = Bytes(4096, 5);
    vmsa_ = Bytes(4096, 0);
    vmsa_[0x158] = 0x31;
    vmsa_[0x3b0] = 1;
    igvm_.platforms = {IgvmPlatform{.compatibility_mask = kSnp,
                                    .type = IgvmPlatformType::kSevSnp},
                       IgvmPlatform{.compatibility_mask = kSevEs,
                                    .type = IgvmPlatformType::kSevEs},
                       IgvmPlatform{.compatibility_mask = kSev,
                                    .type = IgvmPlatformType::kSev},
                       IgvmPlatform{.compatibility_mask = kVsm,
                                    .type = IgvmPlatformType::kVsm},
                       IgvmPlatform{.compatibility_mask = kTdx,
                                    .type = IgvmPlatformType::kTdx}};
    igvm_.directives = {
        IgvmPageData{
            .gpa = 0x1000, .compatibility_mask = kAll, .contents = {page_}},
        IgvmPageData{.gpa = 0x2000, .compatibility_mask = kAll},
        IgvmVpContext{.gpa = kVmsaAddress,
                      .compatibility_mask = kSnp,
                      .contents = {vmsa_}},
        IgvmVpContext{.gpa = kVmsaAddress,
                      .compatibility_mask = kSevEs,
                      .contents = {vmsa_}}};
  }

  Answer Run(std::vector<std::string> options) {
    const auto file = WriteIgvm(igvm_);
    EXPECT_TRUE(file) << file.error().ToString();
    return RunOn(scratch_.Write("guest.igvm", AsText(*file)), options);
  }
  static Answer RunOn(const fs::path& path, std::vector<std::string> options) {
    options.insert(options.begin(), {"measure", "igvm", path.string()});
    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    Console console(out, err);
    Answer answer{.status = RunTally(options, console)};
    answer.out = TakeContents(out);
    answer.err = TakeContents(err);
    return answer;
  }
  std::string While() const {
    return "  while measuring " +
           Quote((scratch_.path() / "guest.igvm").string()) + "\n";
  }
  std::string SnpHex(IgvmZeroPages zero_pages = IgvmZeroPages::kNormal) const {
    return MeasureIgvmSnp(igvm_, zero_pages).value().launch_digest.hex();
  }

  const test::Scratch scratch_;
  Bytes page_;
  Bytes vmsa_;
  Igvm igvm_;
};

TEST_F(MeasureIgvm, PrintsTheBareDigestOfEachPlatform) {
  EXPECT_EQ(Run({}).out, SnpHex() + "\n");
  EXPECT_EQ(Run({"--platform", "sev-snp"}).out, SnpHex() + "\n");
  EXPECT_EQ(Run({"--platform", "sev-es"}).out,
            MeasureIgvmSev(igvm_, SevMode::kSevEs)->launch_digest.hex() + "\n");
  EXPECT_EQ(Run({"--platform", "sev"}).out,
            MeasureIgvmSev(igvm_, SevMode::kSev)->launch_digest.hex() + "\n");
  EXPECT_EQ(Run({"--platform", "vsm"}).out,
            MeasureIgvmVsm(igvm_)->boot_digest.hex() + "\n");
  const Answer tdx = Run({"--platform", "tdx"});
  EXPECT_EQ(tdx.status, 0);
  EXPECT_EQ(tdx.out, MeasureIgvmTdx(igvm_)->mrtd.hex() + "\n");
  EXPECT_EQ(tdx.err, "");
}

TEST_F(MeasureIgvm, NativeZeroAndTheFormOfTheDigest) {
  EXPECT_NE(SnpHex(IgvmZeroPages::kNative), SnpHex());
  EXPECT_EQ(Run({"--native-zero"}).out, SnpHex(IgvmZeroPages::kNative) + "\n");
  EXPECT_EQ(Run({"--output-format", "base64"}).out,
            Base64(ParseHex(SnpHex()).value()) + "\n");
}

TEST_F(MeasureIgvm, ExplainsEachStep) {
  test::KeptEvents kept;
  ASSERT_TRUE(MeasureIgvmSnp(igvm_, IgvmZeroPages::kNormal, kept.Folding()));
  EXPECT_EQ(Run({"--explain"}).out, ExplainEvents(kept.events) +
                                        ExplainVmsa("vp 0", vmsa_) + SnpHex() +
                                        "\n");
}

TEST_F(MeasureIgvm, TheRecordHasTheRegisterAndItsEvents) {
  const Answer answer = Run({"--json", "--platform", "tdx"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  test::KeptEvents kept;
  const auto measured = MeasureIgvmTdx(igvm_, kept.Folding()).value();
  const Json mrtd =
      Json::Object{{"algorithm", "sha384"},
                   {"value", measured.mrtd.hex()},
                   {"events_sha256", DigestEvents(kept.events).hex()},
                   {"num_events", static_cast<uint64_t>(kept.events.size())},
                   {"ranges", EventRanges(kept.events).ToJson()}};
  const Json expected =
      Json::Object{{"platform", "tdx"},
                   {"registers", Json::Object{{"mrtd", mrtd}}},
                   {"kvm", Json()},
                   {"id_block", Json()},
                   {"vbs_measurement", Json()},
                   {"vmsas", Json::Array()}};
  EXPECT_EQ(answer.out, expected.Pretty());
}

TEST_F(MeasureIgvm, TheRecordHasTheStateOfTheProcessors) {
  const Json record = ParseJson(Run({"--json"}).out).value();
  const Json expected = Json::Array{Json::Object{
      {"fields", VmsaRecord(vmsa_)}, {"first_vp", 0}, {"last_vp", 0}}};
  EXPECT_EQ(*record.Find("vmsas"), expected);
}

TEST(IgvmVmsas, ThoseThatStartAlikeAreTogether) {
  const Bytes first(kVmsaBytes, 1);
  const Bytes other(kVmsaBytes, 2);
  Igvm igvm;
  igvm.platforms = {
      IgvmPlatform{.compatibility_mask = 1, .type = IgvmPlatformType::kSevSnp}};
  for (uint16_t vp = 0; vp < 4; ++vp) {
    igvm.directives.push_back(
        IgvmVpContext{.gpa = 0xfffffffff000,
                      .compatibility_mask = 1,
                      .vp_index = vp,
                      .contents = {vp == 0 ? ByteSpan(first) : other}});
  }
  uint64_t num_read = 0;
  const auto count = [&](ByteSpan page) { num_read += page.size(); };
  const auto runs = FindIgvmVmsas(igvm, IgvmPlatformType::kSevSnp, count);
  EXPECT_EQ(num_read, 4 * kVmsaBytes);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].last_vp, 0);
  EXPECT_EQ(runs[1].first_vp, 1);
  EXPECT_EQ(runs[1].last_vp, 3);
  std::string text;
  ExplainIgvmVmsas(runs, count, [&](std::string_view piece) { text += piece; });
  EXPECT_EQ(num_read, 6 * kVmsaBytes);
  EXPECT_NE(text.find("VMSA of vp 1 to vp 3:\n"), std::string::npos);
  EXPECT_TRUE(FindIgvmVmsas(igvm, IgvmPlatformType::kVsm, count).empty());
}

TEST_F(MeasureIgvm, AFileThatKvmMeasuresAsItIsKeepsItsDigest) {
  const Answer answer = Run({"--check-kvm"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_EQ(answer.out, SnpHex() + "\n");
}

TEST_F(MeasureIgvm, ABrokenRuleOfKvmIsAMismatchWithoutADigest) {
  std::get<IgvmVpContext>(igvm_.directives[2]).gpa = 0x7000;
  const Answer answer = Run({"--check-kvm"});
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.err,
            "tally: error: QEMU with KVM would measure this file in another "
            "way\n"
            "  vmsa-gpa: directive 2: VMSA at gpa 0x7000, expected "
            "0xfffffffff000: KVM measures every VMSA at that address, whatever "
            "the file says\n" +
                While());
}

TEST_F(MeasureIgvm, TellsAThousandBrokenRulesOfKvmAndRecordsAll) {
  constexpr size_t kNumUnknown = 1200;
  for (size_t i = 0; i < kNumUnknown; ++i) {
    igvm_.directives.push_back(IgvmUnknown{.type = 0x80000400});
  }
  std::string expected =
      "tally: error: QEMU with KVM would measure this file in another way\n";
  for (size_t i = 0; i < 1000; ++i) {
    expected += "  known-header: directive " + std::to_string(4 + i) +
                ": header of type 0x80000400, expected none: QEMU refuses a "
                "file with a header that it does not know\n";
  }
  const Answer answer = Run({"--check-kvm", "--json"});
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.err,
            expected + "  and 200 more, which --json has\n" + While());
  const Json record = ParseJson(answer.out).value();
  const Json::Array& findings = *record.Find("kvm")->array();
  ASSERT_EQ(findings.size(), kNumUnknown);
  EXPECT_EQ(findings.back(),
            (Json::Object{{"directive", 1203},
                          {"rule", "known-header"},
                          {"what", "header of type 0x80000400, expected none"},
                          {"why",
                           "QEMU refuses a file with a header that it does "
                           "not know"}}));
  EXPECT_EQ(Run({"--check-kvm"}).err, answer.err);
}

TEST_F(MeasureIgvm, TheRecordOfAFileThatKvmMeasuresAsItIsHasAnEmptyList) {
  const Answer answer = Run({"--check-kvm", "--json"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_EQ(*ParseJson(answer.out)->Find("kvm"), Json(Json::Array()));
}

TEST_F(MeasureIgvm, AnIdBlockWithAnotherDigestIsAMismatch) {
  IgvmSnpIdBlock block{.compatibility_mask = kSnp};
  block.launch_digest.fill(0xab);
  igvm_.directives.push_back(block);
  const Answer answer = Run({});
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.out, SnpHex() + "\n");
  EXPECT_EQ(answer.err,
            "tally: error: launch digest in the file's ID block\n"
            "  expected " +
                Hex(block.launch_digest) + "\n       got " + SnpHex() + "\n" +
                While());
  const Answer recorded = Run({"--json"});
  EXPECT_EQ(recorded.status, 1);
  EXPECT_EQ(recorded.err, answer.err);
  EXPECT_EQ(*ParseJson(recorded.out)->Find("id_block"),
            Json(Json::Object{{"launch_digest", Hex(block.launch_digest)},
                              {"agrees", false}}));
  EXPECT_EQ(Run({"--ignore-id-block"}).status, 0);
  // The block is for SEV-SNP alone.
  EXPECT_EQ(Run({"--platform", "sev"}).status, 0);
}

TEST_F(MeasureIgvm, AVbsMeasurementWithAnotherDigestIsAMismatch) {
  const Bytes stated(64, 0xab);
  igvm_.directives.push_back(
      IgvmVbsMeasurement{.compatibility_mask = kVsm,
                         .boot_digest_algorithm = 1,
                         .boot_measurement_digest = {stated}});
  const std::string measured = MeasureIgvmVsm(igvm_)->boot_digest.hex();
  const Answer answer = Run({"--platform", "vsm"});
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.out, measured + "\n");
  EXPECT_EQ(answer.err,
            "tally: error: boot digest in the file's VBS measurement\n"
            "  expected " +
                Hex(ByteSpan(stated).first(32)) + "\n       got " + measured +
                "\n" + While());
  EXPECT_EQ(Run({"--platform", "vsm", "--ignore-id-block"}).status, 0);
  EXPECT_EQ(Run({}).status, 0);
}

TEST_F(MeasureIgvm, RefusesWhatDoesNotGoTogether) {
  const auto refuse = [this](std::vector<std::string> options) {
    const Answer answer = Run(std::move(options));
    EXPECT_EQ(answer.status, 2);
    EXPECT_EQ(answer.out, "");
    return answer.err;
  };
  EXPECT_EQ(refuse({"--platform", "sev-sn"}),
            "tally: error: --platform: found 'sev-sn', expected sev-snp, sev, "
            "sev-es, vsm, tdx\n"
            "tally: hint: did you mean 'sev-snp'?\n");
  EXPECT_EQ(refuse({"--platform", "tdx", "--native-zero"}),
            "tally: error: --native-zero is for sev-snp only\n");
  EXPECT_EQ(refuse({"--platform", "tdx", "--check-kvm"}),
            "tally: error: --check-kvm is not for tdx: its rules are about "
            "VMSAs\n");
  EXPECT_EQ(refuse({"--platform", "vsm", "--check-kvm"}),
            "tally: error: --check-kvm is not for vsm, which KVM does not "
            "have\n");
}

TEST_F(MeasureIgvm, SaysWhichFileIsBad) {
  const fs::path path = scratch_.Write("guest.igvm", std::string_view("IGV"));
  const Answer answer = RunOn(path, {});
  EXPECT_EQ(answer.status, 3);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(
      answer.err,
      "tally: error: igvm: magic at 0x0: needs 4 bytes, 3 left\n" + While());
}

}  // namespace
}  // namespace tally
