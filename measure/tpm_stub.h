// What systemd-stub and the kernel's EFI stub measure from a unified kernel
// image: PCR 9 and 11, and whether the kernel inside is measured once more.
//
// Follows systemd src/boot/stub.c, src/fundamental/uki.h (v252 to v258) and
// Linux drivers/firmware/efi/libstub/efi-stub-helper.c (5.17 and later).
// Add-ons, credentials, extensions beside the image and command lines from a
// boot option are not modelled: a machine that has them extends PCR 12 and 13,
// and PCR 9 differs. See docs/measurements/tpm.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/uki.h"
#include "measure/boot_event.h"

namespace tally {

// FindStubVersion returns systemd's version (252) from the stub's ".sdmagic"
// section; nothing if the image has none that says so.
std::optional<unsigned> FindStubVersion(const Pe& pe);

// IsMeasuredByStub says whether the stub of this version measures a section of
// this name.
bool IsMeasuredByStub(std::string_view section, unsigned stub_version);

// SectionDigests are digests of sections' contents, by name, that were computed
// before: what is not among them is hashed when it is needed.
using SectionDigests = std::map<std::string, BankDigests, std::less<>>;

// StubSectionEvents are the stub's extensions of PCR 11: for each section that
// it knows, the name with its NUL, then the content.
std::vector<BootEvent> StubSectionEvents(std::span<const HashAlgorithm> banks,
                                         const UkiProfile& profile,
                                         unsigned stub_version,
                                         const SectionDigests& known = {});

// BootPhaseEvents are systemd-pcrphase's extensions of PCR 11: "enter-initrd".
std::vector<BootEvent> BootPhaseEvents(std::span<const HashAlgorithm> banks,
                                       std::span<const std::string> phases);

// KernelStubEvents are the kernel's own extensions of PCR 9: its command line,
// and the initrd as the stub hands it over. An input error says what of it this
// program does not compute.
Result<std::vector<BootEvent>> KernelStubEvents(
    std::span<const HashAlgorithm> banks, const UkiProfile& profile,
    unsigned stub_version, const SectionDigests& known = {});

// StubLoadsKernelImage says whether the stub has the firmware load the kernel,
// which then measures it: up to v257, unless Secure Boot is on (the stub
// answers for its kernel then, and the firmware does not look at it).
enum class SecureBootState { kOff, kOn };
bool StubLoadsKernelImage(unsigned stub_version, SecureBootState secure_boot);

}  // namespace tally
