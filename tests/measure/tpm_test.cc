#include "measure/tpm.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/text.h"
#include "formats/gpt.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

using Sections = std::vector<std::pair<std::string, std::string>>;

constexpr uint32_t kFileAlignment = 0x200;
constexpr uint32_t kMemoryAlignment = 0x1000;
constexpr uint32_t kHeaderBytes = 0x400;

// MakePe writes a PE32+ file of these sections, as Microsoft's "PE Format" has
// them.
Bytes MakePe(const Sections& sections) {
  const auto count = static_cast<uint32_t>(sections.size());
  ByteWriter pe;
  pe.Text("MZ").ZerosUntil(0x3c).U32Le(0x40).Text("PE").U16Le(0);
  pe.U16Le(0x8664).U16Le(static_cast<uint16_t>(count)).Zeros(12);
  pe.U16Le(240).U16Le(0x22);
  pe.U16Le(0x20b).Zeros(22).U64Le(0);
  pe.U32Le(kMemoryAlignment).U32Le(kFileAlignment).Zeros(16);
  pe.U32Le((count + 1) * kMemoryAlignment).U32Le(kHeaderBytes).U32Le(0);
  pe.U16Le(10).U16Le(0).Zeros(32).U32Le(0).U32Le(16).Zeros(128);
  uint32_t address = kMemoryAlignment;
  uint32_t offset = kHeaderBytes;
  for (const auto& [name, text] : sections) {
    const auto size = static_cast<uint32_t>(text.size());
    const uint32_t raw =
        (size + kFileAlignment - 1) / kFileAlignment * kFileAlignment;
    pe.Text(name).Zeros(8 - name.size());
    pe.U32Le(size).U32Le(address).U32Le(raw).U32Le(offset).Zeros(12);
    pe.U32Le(0x40000040);
    address += (size / kMemoryAlignment + 1) * kMemoryAlignment;
    offset += raw;
  }
  pe.ZerosUntil(kHeaderBytes);
  for (const auto& [name, text] : sections) {
    pe.Text(text).PadTo(kFileAlignment);
  }
  return std::move(pe).Take();
}

std::string PeKernel() {
  return std::string(AsText(MakePe({{".text", "kernel"}})));
}

Sections UkiSections(const std::string& stub) {
  return {{".text", "stub"},
          {".sdmagic", "#### LoaderInfo: systemd-stub " + stub + " ####"},
          {".osrel", "ID=test\n"},
          {".cmdline", "console=ttyS0"},
          {".initrd", "initrd"},
          {".linux", PeKernel()}};
}

// An empty store: no keys, no boot options.
Bytes EmptyFlash() {
  ByteWriter flash;
  flash.Zeros(16);
  flash.Raw(
      GuidBytes(ParseUuid("fff12b8d-7696-4c8b-a985-2747075b4f50").value()));
  flash.U64Le(0x84000).Text("_FVH").U32Le(0).U16Le(72).ZerosUntil(72);
  flash.Raw(
      GuidBytes(ParseUuid("aaf32c78-947b-439a-a180-2e144ec37792").value()));
  return std::move(flash.U32Le(28).U8(0x5a).U8(0xfe).Zeros(6)).Take();
}

struct Machine {
  Bytes uki = MakePe(UkiSections("252.39-1"));
  Bytes store = EmptyFlash();
  Bytes disk = PlanGpt(Uuid{{1}}, {{kGptEfiSystem, {{2}}, "esp", 1 << 20, 0}})
                   .value()
                   .primary;

  TpmBoot Boot() const {
    return {.profile = FindTpmProfile("ovmf-2022.11"),
            .banks = {HashAlgorithm::kSha256, HashAlgorithm::kSha384},
            .uki = uki,
            .stub_version = {},
            .variable_store = store,
            .secure_boot_support = {},
            .boot_disk = PciPlace{.device = 1},
            .disk = disk,
            .phases = {}};
  }
};

TpmPrediction Predict(const TpmBoot& boot) {
  Result<TpmPrediction> prediction = PredictTpm(boot);
  EXPECT_TRUE(prediction) << prediction.error().message();
  return prediction ? std::move(*prediction) : TpmPrediction();
}

std::vector<std::string> WhatsOf(const TpmPrediction& prediction,
                                 uint32_t pcr) {
  std::vector<std::string> whats;
  for (const BootEvent& event : prediction.events) {
    if (event.pcr == pcr) whats.push_back(event.what);
  }
  return whats;
}

std::vector<uint32_t> Unknown(const TpmPrediction& prediction) {
  std::vector<uint32_t> pcrs;
  for (const auto& [pcr, why] : prediction.not_predictable) pcrs.push_back(pcr);
  return pcrs;
}

TEST(Tpm, PredictsAllButWhatRunsBeforeAndAfter) {
  const Machine machine;
  const TpmPrediction prediction = Predict(machine.Boot());
  EXPECT_EQ(Unknown(prediction), (std::vector<uint32_t>{0, 10}));
  EXPECT_EQ(prediction.stub_version, 252u);
  EXPECT_EQ(WhatsOf(prediction, 4),
            (std::vector<std::string>{
                "Calling EFI Application from Boot Option", "separator",
                "unified kernel image", "kernel in the image"}));
  EXPECT_EQ(
      WhatsOf(prediction, 5),
      (std::vector<std::string>{"separator", "partition table of the disk",
                                "Exit Boot Services Invocation",
                                "Exit Boot Services Returned with Success"}));
  EXPECT_EQ(WhatsOf(prediction, 9),
            (std::vector<std::string>{"kernel command line", "initrd"}));
  const auto registers = TpmRegisters(prediction, HashAlgorithm::kSha384);
  ASSERT_EQ(registers.size(), 16u);
  EXPECT_FALSE(registers.at(0).value);
  EXPECT_EQ(registers.at(12).value->value, Bytes(48));
  EXPECT_EQ(registers.at(4).value->source, BootSource::kPredicted);
}

TEST(Tpm, MissingInputsAreNamed) {
  Machine machine;
  TpmBoot boot = machine.Boot();
  boot.variable_store = {};
  boot.boot_disk.reset();
  boot.disk = {};
  const TpmPrediction prediction = Predict(boot);
  EXPECT_EQ(Unknown(prediction), (std::vector<uint32_t>{0, 1, 4, 5, 7, 10}));
  EXPECT_EQ(prediction.not_predictable.at(5),
            "it needs the disk, whose partition table is measured");
  EXPECT_EQ(prediction.not_predictable.at(4),
            "it needs the firmware's variable store: with Secure Boot the "
            "kernel in the image is not measured");
  // A newer stub starts its kernel itself in either case.
  boot.stub_version = 258;
  EXPECT_FALSE(Predict(boot).not_predictable.contains(4));
  EXPECT_EQ(WhatsOf(Predict(boot), 4).back(), "unified kernel image");
}

TEST(Tpm, AStubThatDoesNotTellItsVersionNeedsIt) {
  Machine machine;
  Sections sections = UkiSections("252");
  sections.erase(sections.begin() + 1);
  machine.uki = MakePe(sections);
  TpmBoot boot = machine.Boot();
  EXPECT_EQ(Unknown(Predict(boot)), (std::vector<uint32_t>{0, 4, 9, 10, 11}));
  boot.inner_kernel = InnerKernel::kNotMeasured;
  EXPECT_EQ(Unknown(Predict(boot)), (std::vector<uint32_t>{0, 9, 10, 11}));
  boot.stub_version = 252;
  EXPECT_EQ(Unknown(Predict(boot)), (std::vector<uint32_t>{0, 10}));
}

TEST(Tpm, PlatformsPutTheImageElsewhere) {
  const Machine machine;
  TpmBoot boot = machine.Boot();
  boot.profile = FindTpmProfile("gce");
  const TpmPrediction gce = Predict(boot);
  EXPECT_EQ(WhatsOf(gce, 2),
            (std::vector<std::string>{
                "separator", "partition table of the disk",
                "unified kernel image", "kernel in the image"}));
  EXPECT_EQ(Unknown(gce), (std::vector<uint32_t>{0, 1, 10}));
  boot.profile = FindTpmProfile("ovmf-2023.02");
  EXPECT_EQ(Unknown(Predict(boot)), (std::vector<uint32_t>{0, 1, 7, 10}));
  EXPECT_EQ(Predict(boot).not_predictable.at(7),
            "it needs to be told whether the firmware is built with Secure "
            "Boot");
  boot.secure_boot_support = SecureBootSupport::kNone;
  EXPECT_EQ(Unknown(Predict(boot)), (std::vector<uint32_t>{0, 1, 10}));
  boot.secure_boot_support.reset();
  boot.profile = FindTpmProfile("azure");
  EXPECT_EQ(Unknown(Predict(boot)),
            (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7, 10}));
}

TEST(Tpm, FailedBootOptionsLeaveTheirMark) {
  const Machine machine;
  TpmBoot boot = machine.Boot();
  boot.failed_boot_options = 1;
  EXPECT_EQ(WhatsOf(Predict(boot), 4),
            (std::vector<std::string>{
                "Calling EFI Application from Boot Option", "separator",
                "Returning from EFI Application from Boot Option",
                "Calling EFI Application from Boot Option",
                "unified kernel image", "kernel in the image"}));
}

TEST(Tpm, PhasesFollowTheSections) {
  const Machine machine;
  TpmBoot boot = machine.Boot();
  boot.phases = {"enter-initrd", "leave-initrd"};
  const std::vector<std::string> whats = WhatsOf(Predict(boot), 11);
  ASSERT_EQ(whats.size(), 10u);
  EXPECT_EQ(whats[0], "name of section .linux");
  EXPECT_EQ(whats[9], "boot phase 'leave-initrd'");
}

TEST(Tpm, WhatALogGivesIsNotPredicted) {
  const Machine machine;
  TpmPrediction prediction = Predict(machine.Boot());
  const std::vector<BootEvent> log = {
      HashedEvent(machine.Boot().banks, 0, kEvSCrtmVersion, "version", {}),
      HashedEvent(machine.Boot().banks, 4, kEvSeparator, "separator", {})};
  TakeGivenEvents(log, &prediction);
  EXPECT_EQ(Unknown(prediction), std::vector<uint32_t>{10});
  // PCR 4 was predictable: the log has no say in it.
  const auto registers = TpmRegisters(prediction, HashAlgorithm::kSha256);
  EXPECT_EQ(registers.at(0).value->source, BootSource::kGiven);
  EXPECT_EQ(registers.at(0).value->events.size(), 1u);
  EXPECT_EQ(registers.at(4).value->source, BootSource::kPredicted);
  EXPECT_EQ(registers.at(4).value->events.size(), 4u);
}

TEST(Tpm, RejectsWhatBootsNothing) {
  Machine machine;
  machine.uki = MakePe({{".cmdline", "a"}});
  EXPECT_EQ(PredictTpm(machine.Boot()).error().message(),
            "the image has no .linux: it boots nothing");
  machine.uki = MakePe(UkiSections("252"));
  TpmBoot boot = machine.Boot();
  boot.uki_profile = 1;
  EXPECT_EQ(PredictTpm(boot).error().message(),
            "profile 1 is not in the image, which has 1");
}

}  // namespace
}  // namespace tally
