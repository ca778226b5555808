#include "measure/snp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "common/json.h"
#include "common/text.h"
#include "measure/event_ranges.h"
#include "measure/vcpu_types.h"
#include "tests/measure/gunzip.h"
#include "tests/measure/vcpu_samples.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Gunzip;
using test::kEpycV4;
using test::kTwo;
using ::testing::HasSubstr;

constexpr uint32_t kOne[] = {1};

// LaunchDigestOf returns the only cell's launch digest.
std::string LaunchDigestOf(const SnpMeasurement& measurement) {
  EXPECT_EQ(measurement.cells.size(), 1u);
  return measurement.cells.front().launch_digest.hex();
}

// Vector reads "key = value" lines; Unused() names the keys nobody asked for.
class Vector {
 public:
  explicit Vector(const fs::path& path) {
    const Bytes bytes = test::MustRead(path);
    for (const std::string& line : Split(AsText(bytes), '\n')) {
      const size_t equals = line.find(" = ");
      if (line.starts_with('#') || equals == std::string::npos) continue;
      values_[line.substr(0, equals)] = line.substr(equals + 3);
    }
  }
  std::string Get(const std::string& key) {
    used_[key] = true;
    return values_.at(key);
  }
  uint64_t Number(const std::string& key) {
    return ParseUnsigned(Get(key)).value();
  }
  std::vector<std::string> Unused() const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : values_) {
      if (!used_.contains(key) && key != "origin") keys.push_back(key);
    }
    return keys;
  }

 private:
  std::map<std::string, std::string> values_;
  std::map<std::string, bool> used_;
};

TEST(SnpLaunchDigest, ExtendsWithEveryFieldInItsPlace) {
  Vector v(
      test::SourcePath("tests/vectors/snp/extend-all-fields-distinct.txt"));
  const SnpPage page{
      .contents = Sha384Digest::FromHex(v.Get("contents")).value(),
      .type = static_cast<SnpPageType>(v.Number("page_type")),
      .imi_page = static_cast<uint8_t>(v.Number("imi_page")),
      .vmpl1_permissions = static_cast<uint8_t>(v.Number("vmpl1")),
      .vmpl2_permissions = static_cast<uint8_t>(v.Number("vmpl2")),
      .vmpl3_permissions = static_cast<uint8_t>(v.Number("vmpl3")),
      .gpa = v.Number("gpa")};
  const auto before = SnpLaunchDigest::FromHex(v.Get("before")).value();
  EXPECT_EQ(ExtendSnp(before, page).hex(), v.Get("digest"));
  EXPECT_EQ(v.Unused(), std::vector<std::string>{});
}

TEST(SnpMeasurement, OfDebiansFirmwareOnQemuMatchesTheVector) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const auto measured =
      MeasureSnp({.firmware = firmware, .vcpu_signature = kEpycV4}, kTwo);
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(LaunchDigestOf(*measured),
            "a5b54e62ae971b58274dd24cc6c47b842662617036e7bd67d7326c07ac6363f353"
            "99ef933330a5ea160cead90a00603f");
}

TEST(SnpMeasurement, OfDebiansFirmwareOnEc2MatchesTheVector) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const uint32_t four[] = {4};
  const auto measured =
      MeasureSnp({.firmware = firmware, .vmm = SnpVmm::kEc2}, four);
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(LaunchDigestOf(*measured),
            "247ad4ffd2aa671f172a61d8fc73337c2b3489dae4e53a8d9dd2d96d3b71b35ab0"
            "08b3581c496f99810fe72bfd84d5ac");
}

TEST(SnpMeasurement, OfTheCleanExampleOnGceMatchesItsAuthors) {
  TALLY_NEED_VECTOR(
      path, "snp/gce-tcb-verifier-cleanexample/cleanexample_2mib.fd.gz");
  TALLY_NEED_PROGRAM(gzip, "gzip");
  const auto firmware = Gunzip(path);
  ASSERT_TRUE(firmware) << firmware.error().ToString();
  const auto measured =
      MeasureSnp({.firmware = AsBytes(*firmware), .vmm = SnpVmm::kGce}, kOne);
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(LaunchDigestOf(*measured),
            "20ec0dbd1c0a26d184a6f11ec5a796d68ec03c9d101bdd84c03f3d9cbbc4a292a9"
            "fad098edacfa04da0da58f20be885e");
}

// The document that dstack publishes instead of a firmware image; it stands as
// an escaped string in the JSON part of the evidence file.
struct DstackVector {
  SnpFirmwareSeed seed;
  SnpLaunch launch;
  std::vector<uint32_t> vcpus;
  std::string attested;
};

DstackVector LoadDstack(const fs::path& path) {
  const Bytes file = test::MustRead(path);
  // The report begins at byte 4, its measurement at 0x90.
  DstackVector vector;
  vector.attested = Hex(ByteSpan(file).subspan(4 + 0x90, 48));
  const std::string_view text = AsText(file);
  const Json document =
      ParseJson(text.substr(text.rfind("{\"os_image_hash\""))).value();
  const Json inputs =
      ParseJson(*document.Find("sev_snp_measurement")->text()).value();
  const auto number = [](const Json& from, std::string_view key) {
    return static_cast<uint64_t>(*from.Find(key)->integer());
  };
  Ovmf& layout = vector.seed.layout;
  layout.size_bytes = uint64_t{4} << 20;
  for (const Json& section : *inputs.Find("ovmf_sections")->array()) {
    layout.sections.push_back({.gpa = number(section, "gpa"),
                               .size_bytes = number(section, "size"),
                               .kind = static_cast<OvmfSectionKind>(
                                   number(section, "section_type"))});
  }
  layout.kernel_hashes = {.gpa = number(inputs, "sev_hashes_table_gpa"),
                          .size_bytes = 0x400};
  layout.sev_es_reset_eip =
      static_cast<uint32_t>(number(inputs, "sev_es_reset_eip"));
  vector.seed.after_firmware =
      SnpLaunchDigest::FromHex(*inputs.Find("ovmf_hash")->text()).value();
  SevHashes hashes =
      HashKernelInputs({}, {}, *inputs.Find("base_cmdline")->text());
  hashes.kernel =
      Sha256Digest::FromHex(*inputs.Find("kernel_hash")->text()).value();
  hashes.initrd =
      Sha256Digest::FromHex(*inputs.Find("initrd_hash")->text()).value();
  vector.vcpus = {static_cast<uint32_t>(number(inputs, "vcpus"))};
  vector.launch = {
      .vcpu_signature =
          FindVcpuType(*inputs.Find("vcpu_type")->text()).value().signature(),
      .guest_features = number(inputs, "guest_features"),
      .kernel_hashes = hashes};
  return vector;
}

TEST(SnpMeasurement, MatchesTheReportOfRealHardware) {
  TALLY_NEED_VECTOR(path, "snp/dstack/sev_snp_attestation.bin");
  const DstackVector vector = LoadDstack(path);
  EXPECT_EQ(vector.attested,
            "7f51e17f72a04d5422cb2c00998166536019a217376f3aa45a630e59c805a59984"
            "7ff250dbffcd07e1ba639771d6f05d");
  const auto measured =
      MeasureSnpFromSeed(vector.seed, vector.launch, vector.vcpus);
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(LaunchDigestOf(*measured), vector.attested);
  for (const Coverage& coverage : measured->coverage) {
    EXPECT_EQ(coverage.registers, std::vector<std::string>{"launch_digest"})
        << coverage.input;
  }
}

TEST(SnpMeasurement, DependsOnEveryInput) {
  TALLY_NEED_VECTOR(path, "snp/dstack/sev_snp_attestation.bin");
  const DstackVector vector = LoadDstack(path);
  std::vector<SnpLaunch> launches(6, vector.launch);
  launches[0].vcpu_signature = FindVcpuType("EPYC-Milan").value().signature();
  launches[1].guest_features = 0x21;
  launches[2].era = SnpVmsaEra::kFpuNotSynced;
  launches[3].kernel_hashes->kernel = Sha256Digest();
  launches[4].kernel_hashes->initrd = Sha256Digest();
  launches[5].kernel_hashes->cmdline = Sha256Digest();
  for (size_t i = 0; i < launches.size(); ++i) {
    const auto measured =
        MeasureSnpFromSeed(vector.seed, launches[i], vector.vcpus);
    ASSERT_TRUE(measured) << measured.error().ToString();
    EXPECT_NE(LaunchDigestOf(*measured), vector.attested) << i;
  }
}

TEST(SnpMeasurement, WithoutAKernelLeavesTheTablesPageZero) {
  TALLY_NEED_VECTOR(path, "snp/dstack/sev_snp_attestation.bin");
  DstackVector vector = LoadDstack(path);
  vector.launch.kernel_hashes.reset();
  const auto measured =
      MeasureSnpFromSeed(vector.seed, vector.launch, vector.vcpus);
  ASSERT_TRUE(measured) << measured.error().ToString();
  const Event& page = measured->events.at(measured->events.size() - 3);
  EXPECT_EQ(page.type, "zero");
  EXPECT_EQ(page.gpa, 0x810000u);
  EXPECT_EQ(measured->coverage.at(2).why_not,
            "the launch puts no kernel hashes into the firmware's table");
}

TEST(SnpMeasurement, FromASeedEqualsThatFromTheImage) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const SnpLaunch launch{.firmware = firmware, .vcpu_signature = kEpycV4};
  const auto seed = SeedSnpFirmware(firmware);
  ASSERT_TRUE(seed);
  EXPECT_EQ(LaunchDigestOf(MeasureSnpFromSeed(*seed, launch, kTwo).value()),
            LaunchDigestOf(MeasureSnp(launch, kTwo).value()));
}

TEST(SnpMeasurement, MatrixEqualsTheSingleMeasurements) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const SnpLaunch launch{.firmware = firmware, .vcpu_signature = kEpycV4};
  const uint32_t counts[] = {4, 1, 2};
  const auto matrix = MeasureSnp(launch, counts);
  ASSERT_TRUE(matrix) << matrix.error().ToString();
  ASSERT_EQ(matrix->cells.size(), 3u);
  for (size_t i = 0; i < matrix->cells.size(); ++i) {
    const SnpCell& cell = matrix->cells[i];
    const uint32_t alone[] = {counts[i]};
    const auto single = MeasureSnp(launch, alone);
    EXPECT_EQ(cell.num_vcpus, counts[i]);
    EXPECT_EQ(cell.launch_digest.hex(), LaunchDigestOf(*single));
    const auto events = matrix->EventsOf(cell);
    EXPECT_EQ(std::vector<Event>(events.begin(), events.end()), single->events);
  }
}

TEST(SnpMeasurement, ExplainsDebiansFirmware) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const auto measured =
      MeasureSnp({.firmware = firmware, .vcpu_signature = kEpycV4}, kTwo);
  ASSERT_TRUE(measured);
  ASSERT_EQ(measured->events.size(), 512u + 31u + 2u);
  const std::string table = ExplainEvents(measured->events);
  const std::vector<std::string> lines = Split(table, '\n');
  ASSERT_EQ(lines.size(), 9u) << table;
  EXPECT_THAT(lines[0], testing::MatchesRegex(
                            "0000ffe00000 normal  [0-9a-f]{16} 0x200000  "
                            "firmware"));
  EXPECT_THAT(lines[1],
              testing::MatchesRegex("000000800000 zero    [0-9a-f]{16} 0x9000 "
                                    "   SEV metadata: SNP_SEC_MEM"));
  EXPECT_EQ(lines[7], "fffffffff000 vmsa    a5b54e62ae971b58 0x1000    vcpu 1");
}

TEST(SnpMeasurement, SaysThatDebiansFirmwareBindsNoKernel) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const auto measured =
      MeasureSnp({.firmware = firmware, .vcpu_signature = kEpycV4}, kOne);
  ASSERT_TRUE(measured);
  const std::string why = "the firmware has no kernel-hashes table";
  const std::vector<std::string> bound = {"launch_digest"};
  EXPECT_EQ(measured->coverage,
            (std::vector<Coverage>{{.input = "firmware", .registers = bound},
                                   {.input = "vcpus", .registers = bound},
                                   {.input = "kernel", .why_not = why},
                                   {.input = "initrd", .why_not = why},
                                   {.input = "cmdline", .why_not = why}}));
}

// Refusal measures Debian's firmware with `change` applied and returns the
// error.
template <typename Change>
std::string Refusal(const fs::path& path, Change change,
                    uint32_t num_vcpus = 1) {
  const Bytes firmware = test::MustRead(path);
  SnpLaunch launch{.firmware = firmware, .vcpu_signature = kEpycV4};
  change(launch);
  const uint32_t counts[] = {num_vcpus};
  const auto measured = MeasureSnp(launch, counts);
  return measured ? "accepted" : measured.error().message();
}

TEST(SnpMeasurement, RejectsAKernelThatTheFirmwareCannotCheck) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const auto measured = MeasureSnp({.firmware = firmware,
                                    .vcpu_signature = kEpycV4,
                                    .kernel_hashes = SevHashes{}},
                                   kOne);
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code(), ErrorCode::kInput);
  EXPECT_EQ(measured.error().message(),
            "snp: a kernel was given, but the firmware has no kernel-hashes "
            "table");
  ASSERT_EQ(measured.error().hints().size(), 1u);
  EXPECT_THAT(measured.error().hints()[0], HasSubstr("AmdSevX64.dsc"));
}

TEST(SnpMeasurement, RejectsLaunchesThatCannotBe) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  EXPECT_EQ(Refusal(
                path, [](SnpLaunch&) {}, 0),
            "snp: found 0 vcpus, expected 1 to 4096");
  EXPECT_EQ(Refusal(
                path, [](SnpLaunch&) {}, 4097),
            "snp: found 4097 vcpus, expected 1 to 4096");
  EXPECT_EQ(Refusal(path, [](SnpLaunch& l) { l.vcpu_signature = 0; }),
            "snp: vcpu signature is zero, expected that of a vcpu type");
  EXPECT_EQ(Refusal(path, [](SnpLaunch& l) { l.guest_features = 0x20; }),
            "snp: guest features 0x20 lack bit 0, without which no SNP guest "
            "starts");
  EXPECT_EQ(Refusal(path,
                    [](SnpLaunch& l) {
                      l.vmm = SnpVmm::kEc2;
                      l.kernel_hashes = SevHashes{};
                    }),
            "snp: a kernel was given, but ec2 measures no kernel");
  EXPECT_EQ(
      Refusal(path, [](SnpLaunch& l) { l.firmware = l.firmware.first(5); }),
      "ovmf: size 0x5 is not a multiple of 0x1000");
}

TEST(SnpMeasurement, RejectsAFirmwareWithoutResetAddressForTwoVcpus) {
  SnpFirmwareSeed seed;
  seed.layout.size_bytes = 0x1000;
  seed.layout.sections = {{.gpa = 0x1000, .size_bytes = 0x1000}};
  const SnpLaunch launch{.vcpu_signature = kEpycV4};
  EXPECT_EQ(MeasureSnpFromSeed(seed, launch, kTwo).error().message(),
            "snp: the firmware has no SEV-ES reset address, so 2 vcpus cannot "
            "start");
  EXPECT_TRUE(MeasureSnpFromSeed(seed, launch, kOne));
  seed.layout.sections.clear();
  EXPECT_EQ(MeasureSnpFromSeed(seed, launch, kOne).error().message(),
            "snp: the firmware has no SEV metadata");
}

}  // namespace
}  // namespace tally
