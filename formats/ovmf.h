// OVMF: what an SEV launch takes from an edk2 firmware image.
//
// The image ends in a table of GUIDed entries, read backwards from 32 bytes
// before the end; one entry locates the SEV metadata. See docs/formats/ovmf.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

// OvmfSectionKind is the type field of a SEV metadata section. Other values are
// refused: they would be measured in a way this program does not know.
enum class OvmfSectionKind : uint32_t {
  kSecMem = 1,
  kSecrets = 2,
  kCpuid = 3,
  kSvsmCaa = 4,
  kKernelHashes = 0x10,
};

// OvmfSectionKindName returns the official name, "SNP_SEC_MEM".
std::string_view OvmfSectionKindName(OvmfSectionKind kind);

// OvmfSection is a range of guest memory that the launch prepares.
struct OvmfSection {
  uint64_t gpa = 0;
  uint64_t size_bytes = 0;
  OvmfSectionKind kind = OvmfSectionKind::kSecMem;
  // Where the image says so.
  uint64_t offset = 0;

  bool operator==(const OvmfSection&) const = default;
};

// OvmfRange is a place in guest memory that the firmware reserves.
struct OvmfRange {
  uint64_t gpa = 0;
  uint64_t size_bytes = 0;

  bool operator==(const OvmfRange&) const = default;
};

struct Ovmf {
  uint64_t size_bytes = 0;
  // The SEV metadata sections in file order; empty if there is no metadata.
  std::vector<OvmfSection> sections;
  // Where QEMU puts the hashes of kernel, initrd and command line.
  std::optional<OvmfRange> kernel_hashes;
  // Where all processors but the first begin.
  std::optional<uint32_t> sev_es_reset_eip;

  // gpa is where the image is mapped: it ends at 4 GiB.
  uint64_t gpa() const { return (uint64_t{1} << 32) - size_bytes; }
  // Find returns the first section of `kind`, or null.
  const OvmfSection* Find(OvmfSectionKind kind) const;

  bool operator==(const Ovmf&) const = default;
};

// ParseOvmf accepts an image that ends in a GUIDed table, whose metadata, if it
// has any, lies inside it and describes pages that are aligned, do not overlap
// and lie below the image.
Result<Ovmf> ParseOvmf(ByteSpan image);

// ReadSevSections returns the SEV metadata sections of an image that is mapped
// at `image_gpa`, checked as by ParseOvmf; empty if there is no metadata.
// `subject` begins error texts: "ovmf", "svsm".
Result<std::vector<OvmfSection>> ReadSevSections(ByteSpan image,
                                                 const std::string& subject,
                                                 uint64_t image_gpa);

// CheckOvmf holds a layout that came from elsewhere (a published document,
// without the image) to the same rules.
Status CheckOvmf(const Ovmf& layout);

}  // namespace tally
