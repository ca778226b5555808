#include "measure/tdx_why.h"

#include <gtest/gtest.h>

#include "common/json.h"
#include "common/text.h"
#include "formats/tcg_event_types.h"
#include "tests/measure/ovmf_variables.h"
#include "tests/support/make_acpi.h"
#include "tests/support/make_tdvf.h"
#include "tests/support/make_uki.h"
#include "tests/support/sizes.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::DebianVariableStore;
using test::kCfvBytes;
using test::kGib;

TdxRegisterWhy Only(const TdxSearch& search) {
  const auto registers = ExplainTdx(search).value();
  EXPECT_EQ(registers.size(), 1u);
  return registers.front();
}

LaunchDifferences DifferencesOf(const TdxSearch& search) {
  const TdxRegisterWhy why = Only(search);
  EXPECT_TRUE(why.differences) << why.left;
  return why.differences.value_or(LaunchDifferences{});
}

// A launch of a small firmware without a kernel.
struct SmallLaunch {
  Bytes image = test::MakeTdvf(test::TdvfSections());
  Tdvf tdvf = ParseTdvf(image).value();
  TdxSearch search = {.boot = {.profile = FindTdxProfile("ovmf-2023.02"),
                               .firmware = image,
                               .tdvf = &tdvf},
                      .memory_bytes = 4 * kGib};
};

TEST(WhyTdx, FindsThePageOrder) {
  SmallLaunch launch;
  const auto mrtd_of = [&](TdxPageOrder order) {
    return ToBytes(MeasureTdvf(launch.image, launch.tdvf, order).mrtd.span());
  };
  // The small firmware's volume is no variable store.
  launch.search.boot.firmware = launch.image;
  launch.search.mrtd = mrtd_of(TdxPageOrder::kTwoPass);
  Tdvf without_cfv = launch.tdvf;
  std::erase_if(without_cfv.sections, [](const TdvfSection& section) {
    return section.kind == TdvfSectionKind::kCfv;
  });
  launch.search.boot.tdvf = &without_cfv;
  launch.search.mrtd =
      ToBytes(MeasureTdvf(launch.image, without_cfv, TdxPageOrder::kTwoPass)
                  .mrtd.span());
  EXPECT_EQ(DifferencesOf(launch.search),
            (LaunchDifferences{{"page order", "single-pass", "two-pass"}}));
  launch.search.page_order = TdxPageOrder::kTwoPass;
  EXPECT_TRUE(DifferencesOf(launch.search).empty());
  launch.search.mrtd = Bytes(48);
  EXPECT_EQ(Only(launch.search).left,
            "a firmware image with other bytes, or a host that adds pages in "
            "an order that is not known");
}

// A launch with ACPI tables, whose memory was thought to be 4 GiB.
class WhyMemory : public testing::Test {
 protected:
  WhyMemory() {
    launch_.tdvf.sections[1].raw_bytes = kCfvBytes;
    launch_.search.boot.variable_store = store_;
    launch_.search.boot.acpi = TablesFor(4 * kGib);
  }

  static AcpiTables TablesFor(uint64_t memory_bytes) {
    return {.loader = Bytes(128),
            .rsdp = Bytes(20),
            .tables = test::MakeAcpiTables(2, memory_bytes)};
  }

  // RTMR 0 of the same launch with other memory and its tables.
  Bytes Rtmr0(uint64_t memory_bytes) const {
    const AcpiTables acpi = TablesFor(memory_bytes);
    const TdxMachine machines[] = {{memory_bytes, &acpi}};
    const auto predictions = PredictTdx(launch_.search.boot, machines).value();
    return FoldRtmrs(predictions.front().events).at(0).value;
  }

  void ExpectFound(uint64_t memory_bytes, const std::string& name) {
    launch_.search.rtmrs = {{0, Rtmr0(memory_bytes)}};
    EXPECT_EQ(DifferencesOf(launch_.search),
              (LaunchDifferences{{"memory", "4G", name}}));
  }

  const Bytes store_ = test::EmptyVariableStore(kCfvBytes);
  SmallLaunch launch_;
};

TEST_F(WhyMemory, MovesTheAcpiTablesWithIt) {
  // Otherwise tables with the same windows would explain nothing.
  ASSERT_NE(TablesFor(8 * kGib).tables, TablesFor(4 * kGib).tables);
  ExpectFound(8 * kGib, "8G");
  ExpectFound(2 * kGib, "2G");
  ExpectFound(2752 * (kGib / 1024), "2752M");
}

TEST_F(WhyMemory, TakesTablesOfTheLaunchAsTheyAre) {
  // Nothing ends at 4 GiB in them: they cannot be those of the memory given.
  launch_.search.boot.acpi = TablesFor(kGib);
  ExpectFound(kGib, "1G");
}

TEST_F(WhyMemory, IsTheOneGiven) {
  launch_.search.rtmrs = {{0, Rtmr0(4 * kGib)}};
  const TdxRegisterWhy why = Only(launch_.search);
  EXPECT_TRUE(why.differences.value().empty());
  EXPECT_EQ(why.given, Rtmr0(4 * kGib));
  EXPECT_EQ(why.source, BootSource::kGiven);
}

// A kernel's events alone: command line and initrd.
struct KernelLaunch {
  Bytes kernel = Bytes(16);
  Bytes initrd = ToBytes(AsBytes("initrd"));
  TdxSearch search = {.boot = {.profile = FindTdxProfile("ovmf-2023.02"),
                               .cmdline = "console=ttyS0"},
                      .memory_bytes = 4 * kGib};
};

Bytes RtmrOf(std::string_view line, const std::optional<Bytes>& initrd) {
  static constexpr HashAlgorithm kBanks[] = {HashAlgorithm::kSha384};
  Bytes value(48);
  if (!line.empty()) {
    ByteWriter utf16;
    for (const char c : line) utf16.U16Le(static_cast<uint8_t>(c));
    utf16.U16Le(0);
    value =
        ExtendRegister(kBanks[0], value, HashWith(kBanks[0], utf16.bytes()));
  }
  if (initrd) {
    value = ExtendRegister(kBanks[0], value, HashWith(kBanks[0], *initrd));
  }
  return value;
}

class WhyRtmr2 : public testing::Test {
 protected:
  // A whole PE file, so that the launch can be measured as given.
  WhyRtmr2() {
    ByteWriter pe;
    pe.Text("MZ").ZerosUntil(0x3c).U32Le(0x40).Text("PE").U16Le(0);
    pe.U16Le(0x8664).U16Le(0).Zeros(12).U16Le(240).U16Le(0x22);
    pe.U16Le(0x20b).Zeros(22).U64Le(0).U32Le(0x1000).U32Le(0x200).Zeros(16);
    pe.U32Le(0x1000).U32Le(0x400).U32Le(0).U16Le(10).U16Le(0).Zeros(32);
    pe.U32Le(0).U32Le(16).Zeros(128).ZerosUntil(0x400);
    launch_.kernel = std::move(pe).Take();
    launch_.search.boot.kernel = launch_.kernel;
    launch_.search.boot.kernel_header = TdxKernelHeader::kAsIs;
    launch_.search.boot.initrd = launch_.initrd;
  }

  LaunchDifferences Found(const Bytes& expected) {
    launch_.search.rtmrs = {{2, expected}};
    return DifferencesOf(launch_.search);
  }

  KernelLaunch launch_;
};

TEST_F(WhyRtmr2, FindsWhatBecameOfTheInitrd) {
  EXPECT_TRUE(
      Found(RtmrOf("console=ttyS0 initrd=initrd", launch_.initrd)).empty());
  EXPECT_EQ(Found(RtmrOf("console=ttyS0", std::nullopt)),
            (LaunchDifferences{{"initrd", "given", "none"}}));
  EXPECT_EQ(
      Found(RtmrOf("console=ttyS0", launch_.initrd)),
      (LaunchDifferences{{"\" initrd=initrd\"", "appended", "not appended"}}));
  EXPECT_EQ(
      Found(RtmrOf("console=ttyS0 initrd=initrd", std::nullopt)),
      (LaunchDifferences{{"initrd", "measured", "named, but not measured"}}));
}

TEST_F(WhyRtmr2, FindsTheEndOfTheCommandLine) {
  EXPECT_EQ(Found(RtmrOf("console=ttyS0\n initrd=initrd", launch_.initrd)),
            (LaunchDifferences{
                {"command line", "'console=ttyS0'", "with a final new line"}}));
  EXPECT_EQ(Found(RtmrOf(std::string_view("console=ttyS0\0 initrd=initrd", 28),
                         launch_.initrd)),
            (LaunchDifferences{{"command line", "'console=ttyS0'",
                                "with one more final NUL"}}));
}

TEST_F(WhyRtmr2, KnowsAKernelThatMeasuresNothing) {
  const auto differences = Found(Bytes(48));
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].input, "kernel");
}

TEST_F(WhyRtmr2, BoundsWhatIsLeft) {
  launch_.search.rtmrs = {{2, Bytes(48, 0x11)}};
  const TdxRegisterWhy why = Only(launch_.search);
  EXPECT_FALSE(why.differences);
  EXPECT_EQ(why.left, "another command line or initrd, or a boot loader");
  // Seven lines, four ways with an initrd, the launch as given, and nothing.
  EXPECT_EQ(why.num_candidates, 30u);
  EXPECT_EQ(why.given, RtmrOf("console=ttyS0 initrd=initrd", launch_.initrd));
}

TEST_F(WhyRtmr2, Rtmr1SaysWhereTheBootEnded) {
  const auto prediction =
      PredictTdx(launch_.search.boot, {&launch_.search.memory_bytes, 1})
          .value();
  const auto rtmrs = FoldRtmrs(prediction.front().events);
  // Without the last event: the kernel did not leave boot services.
  const std::vector<Event>& events = rtmrs.at(1).events;
  launch_.search.rtmrs = {
      {1, ToBytes(events[events.size() - 2].value_after.span())}};
  EXPECT_EQ(Only(launch_.search).left,
            "it is the value after 'Exit Boot Services Invocation': what "
            "follows was not measured");
}

TEST(ContradictoryInputs, AreThoseWithTwoValues) {
  TdxRegisterWhy a = {.differences = {{{"memory", "4G", "2G"}}}};
  TdxRegisterWhy b = {.differences = {{{"memory", "4G", "8G"}}}};
  EXPECT_EQ(ContradictoryInputs({a, b}), std::vector<std::string>{"memory"});
  EXPECT_TRUE(ContradictoryInputs({a, a}).empty());
}

// Dstack-TEE/dstack 312dc605: RTMR 0 of two real guests is explained by their
// memory, which was thought to be 4 GiB, with the ACPI digests of their logs.
void ExpectMemory(const fs::path& path, const std::string& memory) {
  const std::optional<Bytes> store = DebianVariableStore();
  if (!store) GTEST_SKIP() << "no variable store or no gzip";
  const Bytes text = test::MustRead(path);
  const Json report = ParseJson(AsText(text)).value();
  const Json log = ParseJson(*report.Find("event_log")->text()).value();
  Tdvf tdvf{.size_bytes = test::kTdvfBytes, .sections = test::TdvfSections()};
  tdvf.sections[1].raw_bytes = kCfvBytes;
  TdxSearch search = {.boot = {.profile = FindTdxProfile("ovmf-2023.02"),
                               .tdvf = &tdvf,
                               .variable_store = *store},
                      .memory_bytes = 4 * kGib};
  for (const Json& event : *log.array()) {
    if (*event.Find("imr")->integer() != 0) continue;
    search.log.push_back(
        {.pcr = 1,
         .type = static_cast<uint32_t>(*event.Find("event_type")->integer()),
         .digests = {{HashAlgorithm::kSha384,
                      ParseHex(*event.Find("digest")->text()).value()}}});
  }
  const Bytes quote = ParseHex(*report.Find("quote")->text()).value();
  // Quote version 4: a header of 48 bytes; RTMR 0 at 328 of the body.
  search.rtmrs = {{0, ToBytes(ByteSpan(quote).subspan(48 + 328, 48))}};
  const TdxRegisterWhy why = Only(search);
  ASSERT_TRUE(why.differences) << why.left;
  EXPECT_EQ(why.source, BootSource::kGiven);
  EXPECT_EQ(*why.differences, (LaunchDifferences{{"memory", "4G", memory}}));
  search.log.clear();
  EXPECT_EQ(Only(search).left,
            "it needs the ACPI tables that the machine monitor makes");
}

TEST(WhyTdx, FindsTheMemoryOfAGuestWith2Gib) {
  TALLY_NEED_VECTOR(path, "tdx/dstack/tdx-lite-getquote.json");
  ExpectMemory(path, "2G");
}

TEST(WhyTdx, FindsTheMemoryOfAGuestWith64Gib) {
  TALLY_NEED_VECTOR(path, "tdx/dstack/quote-report.json");
  ExpectMemory(path, "64G");
}

}  // namespace
}  // namespace tally
