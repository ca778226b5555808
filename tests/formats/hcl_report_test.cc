#include "formats/hcl_report.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"

namespace tally {
namespace {

// A report after openvmm's IgvmAttestRequestBase, with fields that a test can
// spoil.
struct Fields {
  uint32_t signature = 0x414c4348;
  uint32_t version = 2;
  int report_size_error = 0;
  uint8_t reserved = 0;
  int data_size_error = 0;
  uint32_t request_version = 1;
  uint32_t type = 2;
  uint32_t hash = 1;
  bool extension = false;
  std::string runtime_data = "{}";
  uint64_t padding = 4;
  uint8_t trailing = 0;

  Bytes Write() const {
    const uint32_t size = static_cast<uint32_t>(runtime_data.size());
    const uint32_t data_size = 20u + size + (extension ? 4u : 0u);
    ByteWriter w;
    w.U32Le(signature).U32Le(version);
    w.U32Le(32 + 1184 + data_size + static_cast<uint32_t>(report_size_error));
    w.U32Le(2).U32Le(0).Zeros(11).U8(reserved);
    for (uint32_t i = 0; i < 1184 / 4; ++i) w.U32Le(i);
    w.U32Le(data_size + static_cast<uint32_t>(data_size_error));
    w.U32Le(request_version).U32Le(type).U32Le(hash).U32Le(size);
    if (extension) w.U32Le(7);
    w.Text(runtime_data).Zeros(padding);
    if (trailing != 0) w.U8(trailing);
    return std::move(w).Take();
  }
  std::string Refusal() const {
    const Bytes file = Write();
    const auto report = ParseHclReport(file);
    return report ? "accepted" : report.error().message();
  }
};

TEST(HclReport, ReadsTheReportAndTheRuntimeData) {
  const Bytes snp = Fields().Write();
  const auto report = ParseHclReport(snp);
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->version, 2u);
  EXPECT_EQ(report->type, HclReportType::kSnp);
  EXPECT_EQ(report->hardware_report.size(), 1184u);
  EXPECT_EQ(report->hardware_report.data(), snp.data() + 32);
  EXPECT_EQ(AsText(report->runtime_data), "{}");
  EXPECT_EQ(report->runtime_data_offset, 1236u);
  const Bytes tdx = Fields{.type = 4}.Write();
  EXPECT_EQ(ParseHclReport(tdx)->hardware_report.size(), 1024u);
  const Bytes extended =
      Fields{.request_version = 2, .extension = true}.Write();
  EXPECT_EQ(AsText(ParseHclReport(extended)->runtime_data), "{}");
}

TEST(HclReport, RejectsEachFlaw) {
  EXPECT_EQ(Fields{.signature = 1}.Refusal(),
            "hcl report: signature at 0x0: expected 'HCLA'");
  EXPECT_EQ(Fields{.version = 3}.Refusal(),
            "hcl report: version at 0x4: found 3, expected 1 or 2");
  EXPECT_EQ(Fields{.report_size_error = 1}.Refusal(),
            "hcl report: runtime data at 0x4d4: ends at 0x4d6, report_size is "
            "0x4d7");
  EXPECT_EQ(Fields{.reserved = 1}.Refusal(),
            "hcl report: reserved at 0x1f: found 0x1, expected zero");
  EXPECT_EQ(Fields{.data_size_error = 4}.Refusal(),
            "hcl report: variable_data_size at 0x4d0: found 2, data_size is "
            "26");
  EXPECT_EQ(Fields{.request_version = 3}.Refusal(),
            "hcl report: request data version at 0x4c4: found 3, expected 1 or "
            "2");
  EXPECT_EQ(Fields{.type = 3}.Refusal(),
            "hcl report: report_type at 0x4c8: found 3, expected 2 (SNP) or 4 "
            "(TDX)");
  EXPECT_EQ(Fields{.hash = 2}.Refusal(),
            "hcl report: report_data_hash_type at 0x4cc: found 2, expected 1 "
            "(SHA-256)");
  EXPECT_EQ(Fields{.trailing = 1}.Refusal(),
            "hcl report: unused bytes at 0x4da: found 0x1, expected zero");
  EXPECT_EQ(Fields{.padding = 65536}.Refusal(),
            "hcl report: size at 0x0: found 66774, expected at most 65536");
}

TEST(HclReport, RejectsEveryTruncation) {
  const Bytes file = Fields{.padding = 0}.Write();
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ParseHclReport(ByteSpan(file).first(size))) << size;
  }
}

constexpr const char* kAk =
    R"({"kid":"HCLAkPub","key_ops":["sign"],"kty":"RSA","e":"AQAB","n":"-_8"})";

std::string RuntimeRefusal(const std::string& json) {
  const auto runtime = ParseHclRuntimeData(AsBytes(json));
  return runtime ? "accepted" : runtime.error().ToString();
}
std::string RuntimeKeyRefusal(const std::string& key) {
  return RuntimeRefusal("{\"keys\":[" + key + "]}");
}

TEST(HclRuntimeData, HasTheAttestationKey) {
  const auto runtime = ParseHclRuntimeData(
      AsBytes(std::string(R"({"keys":[{"kid":"HCLEkPub"},)") + kAk +
              R"(],"vm-configuration":{},"user-data":"0A0b"})"));
  ASSERT_TRUE(runtime) << runtime.error().ToString();
  EXPECT_EQ(runtime->ak.exponent, Bytes({1, 0, 1}));
  EXPECT_EQ(runtime->ak.modulus, Bytes({0xfb, 0xff}));
  EXPECT_EQ(runtime->user_data, Bytes({0x0a, 0x0b}));
  EXPECT_EQ(RuntimeKeyRefusal(kAk), "accepted");
}

TEST(HclRuntimeData, RejectsEachFlaw) {
  EXPECT_TRUE(
      RuntimeRefusal("[").ends_with("while reading the hcl runtime data"));
  const std::string no_list =
      "hcl runtime data: expected a list 'keys' of at most 16";
  EXPECT_EQ(RuntimeRefusal("{}"), no_list);
  EXPECT_EQ(RuntimeRefusal("[]"), no_list);
  EXPECT_EQ(RuntimeRefusal("{\"keys\":{}}"), no_list);
  std::string many = "1";
  for (int i = 0; i < 16; ++i) many += ",1";
  EXPECT_EQ(RuntimeKeyRefusal(many), no_list);
  EXPECT_EQ(RuntimeKeyRefusal("1"), "hcl runtime data: no key 'HCLAkPub'");
  EXPECT_EQ(RuntimeKeyRefusal(std::string(kAk) + "," + kAk),
            "hcl runtime data: found key 'HCLAkPub' twice");
  EXPECT_EQ(RuntimeKeyRefusal(R"({"kid":"HCLAkPub","kty":"EC"})"),
            "hcl runtime data: HCLAkPub is not an RSA key");
  EXPECT_EQ(
      RuntimeKeyRefusal(
          R"({"kid":"HCLAkPub","kty":"RSA","key_ops":["sign","encrypt"]})"),
      "hcl runtime data: HCLAkPub is not for signing alone");
  EXPECT_EQ(
      RuntimeKeyRefusal(
          R"({"kid":"HCLAkPub","kty":"RSA","key_ops":["sign"],"e":1,"n":"AQ"})"),
      "hcl runtime data: HCLAkPub has no text 'e'");
  EXPECT_TRUE(
      RuntimeKeyRefusal(
          R"({"kid":"HCLAkPub","kty":"RSA","key_ops":["sign"],"e":"AQ","n":"+"})")
          .ends_with("while reading HCLAkPub 'n'"));
  EXPECT_EQ(
      RuntimeRefusal(std::string("{\"keys\":[") + kAk + "],\"user-data\":1}"),
      "hcl runtime data: 'user-data' is not a text");
}

}  // namespace
}  // namespace tally
