// tally measure tdx: MRTD and RTMR 0 to 2 of an Intel TDX guest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/boot_disk.h"
#include "cli/console.h"
#include "cli/tdx_acpi.h"
#include "common/file.h"
#include "measure/tdx_mrtd.h"
#include "measure/tdx_rtmr.h"

namespace tally {

struct MeasureTdxFlags {
  fs::path firmware;                // empty: none
  std::vector<std::string> memory;  // "4G", "2816M"
  std::vector<uint32_t> vcpus;
  fs::path kernel;  // empty: none; likewise below
  fs::path initrd;
  std::optional<std::string> cmdline;
  fs::path uki;  // empty: the one on `disk`
  fs::path disk;
  std::string boot_disk_pci;  // "1.0"
  fs::path vars;
  // A CCEL that is trusted, for what cannot be predicted.
  fs::path event_log;
  std::string qemu_version = "9.2";
  std::string platform = "ovmf-2023.02";
  std::string page_order;  // empty: by the QEMU version
  TdxAcpiFlags acpi;
  bool firmware_has_secure_boot = false;
  bool platform_only = false;
  bool runtime_only = false;
  bool explain = false;
};
// RunMeasureTdx prints the registers, a matrix for lists of --memory and
// --vcpus.
Status RunMeasureTdx(const MeasureTdxFlags& flags, Console& console);

// ParseMemorySize accepts bytes ("2147483648") or a number with K, M, G or T,
// which are powers of 1024.
Result<uint64_t> ParseMemorySize(std::string_view text);

// OpenedTdxBoot is a launch of one memory size with the files that it views.
struct OpenedTdxBoot {
  std::vector<MappedFile> files;
  std::optional<BootDisk> boot_disk;
  std::unique_ptr<Tdvf> tdvf;
  TdxBoot boot;
  TdxPageOrder page_order = TdxPageOrder::kSinglePass;
};
Result<OpenedTdxBoot> OpenTdxBoot(const MeasureTdxFlags& flags);

// PredictTdxBoot makes the prediction of the RTMRs that RunMeasureTdx prints,
// for one --memory.
Result<TdxPrediction> PredictTdxBoot(const MeasureTdxFlags& flags);

}  // namespace tally
