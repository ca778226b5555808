// The disk that a machine boots from: what firmware starts from it, and where
// it is plugged in.
#pragma once

#include <optional>
#include <string>

#include "formats/fat32.h"
#include "measure/tpm_firmware.h"

namespace tally {

// BootDisk is the program that firmware starts, in the file system it is in.
struct BootDisk {
  Fat32Image esp;
  ByteSpan image;  // views the disk, or `esp` if it is there in pieces
};

// FindBootImage finds the program that firmware starts from a disk that no boot
// option names: EFI/BOOT/BOOTX64.EFI in the EFI system partition. The disk must
// outlive the result. Not exactly one such partition, and none such file, are
// input errors.
Result<BootDisk> FindBootImage(ByteSpan disk);

// ParseBootDiskPci reads --boot-disk-pci: "1.0" is device 1, function 0 on the
// root bus; nothing is nothing.
Result<std::optional<PciPlace>> ParseBootDiskPci(const std::string& text);

}  // namespace tally
