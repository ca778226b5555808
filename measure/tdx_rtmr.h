// RTMR 0 to 3 of an Intel TDX guest, computed from what boots.
//
// Follows edk2 OvmfPkg/Tcg/TdTcg2Dxe/TdTcg2Dxe.c (10701fe97ade), TdxHelperLib,
// and what Linux and systemd-stub measure through EFI_CC_MEASUREMENT_PROTOCOL.
// Not modelled: td-shim, shim and GRUB, option ROMs. See
// docs/measurements/tdx.md.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tdvf.h"
#include "measure/boot_event.h"
#include "measure/tdx_kernel.h"
#include "measure/tpm_firmware.h"

namespace tally {

// All registers of TDX have one hash: the bank, and the list of all banks.
inline constexpr HashAlgorithm kTdxBank = HashAlgorithm::kSha384;
inline constexpr std::array<HashAlgorithm, 1> kTdxBanks = {kTdxBank};

// AcpiTables are QEMU's fw_cfg files etc/table-loader, etc/acpi/rsdp and
// etc/acpi/tables, as the firmware reads them.
struct AcpiTables {
  Bytes loader;
  Bytes rsdp;
  Bytes tables;
  // kGiven if they come from a guest; kPredicted if the monitor made them for
  // the same launch.
  BootSource source = BootSource::kGiven;
};

// TdxProfile is what differs from firmware to firmware.
struct TdxProfile {
  std::string_view name;
  std::string_view what;
  // The PCR in whose RTMR the line between firmware and loader is drawn.
  uint32_t separator_pcr = 4;
  std::string_view why_no_rtmr0;  // empty: it can be computed
};

std::span<const TdxProfile> TdxProfiles();
// FindTdxProfile returns the profile of that name, or null.
const TdxProfile* FindTdxProfile(std::string_view name);

// Whether the firmware was built with Secure Boot. Without it there is no
// variable SecureBoot, and nothing in place of its 0 is measured; all known
// logs of TDX guests are of such firmware. A store with a platform key says by
// itself that it is there.
enum class TdxSecureBoot { kNotBuiltIn, kBuiltIn };

enum class TdxBootKind { kKernel, kUki, kUkiOnDisk };

// TdxBoot is what boots. Spans are not owned.
struct TdxBoot {
  const TdxProfile* profile = nullptr;  // never null in use
  TdxBootKind kind = TdxBootKind::kKernel;
  ByteSpan firmware;
  const Tdvf* tdvf = nullptr;  // ParseTdvf of `firmware`; null: RTMR0 unknown
  // In place of the firmware's own variable store; empty: none.
  ByteSpan variable_store;
  TdxSecureBoot secure_boot = TdxSecureBoot::kNotBuiltIn;
  // Those of a machine that has none of its own.
  std::optional<AcpiTables> acpi;
  // QEMU's -kernel, -initrd, -append; empty kernel: nothing known to boot.
  ByteSpan kernel;
  std::optional<ByteSpan> initrd;
  std::string cmdline;
  TdxKernelHeader kernel_header = TdxKernelHeader::kPatched;
  // A unified kernel image, as QEMU's -kernel or on a disk.
  ByteSpan uki;
  ByteSpan disk;                      // for its partition table
  std::optional<PciPlace> boot_disk;  // for firmware's boot options
};

// TdxMachine is what differs from cell to cell of a matrix. The tables, null if
// they are not known, are not owned.
struct TdxMachine {
  uint64_t memory_bytes = 0;
  const AcpiTables* acpi = nullptr;
};

// TdxPrediction is the boot's events, for each register in its order.
struct TdxPrediction {
  std::vector<BootEvent> events;
  // The RTMRs that some input is missing for, or that nobody can compute.
  std::map<uint32_t, std::string> not_predictable;
};

// PredictTdx predicts a launch for each machine. Kernels are hashed once for
// memory sizes that give the same header.
Result<std::vector<TdxPrediction>> PredictTdx(
    const TdxBoot& boot, std::span<const TdxMachine> machines);
// The same for machines that differ in memory only.
Result<std::vector<TdxPrediction>> PredictTdx(
    const TdxBoot& boot, std::span<const uint64_t> memory_sizes);

// TdxCommandLineEvent is the kernel's, of what firmware passes it for QEMU's
// -append: with " initrd=initrd" if there is an initrd (edk2
// OvmfPkg/Library/GenericQemuLoadImageLib). Characters beyond ASCII are an
// input error; there is no event for an empty line without initrd.
Result<std::optional<BootEvent>> TdxCommandLineEvent(std::string_view cmdline,
                                                     bool has_initrd);

// DstackEventDigest is an extension of RTMR 3 as dstack makes it: the SHA-384
// of the type 0x08000001, ":", name, ":", payload (dstack cc-eventlog).
Bytes DstackEventDigest(std::string_view name, ByteSpan payload);

// FoldRtmr3 extends digests of 48 bytes, from zero; others are input errors.
Result<Bytes> FoldRtmr3(std::span<const Bytes> digests);

}  // namespace tally
