// PE: the executables that UEFI firmware starts, as bytes to hash, sign and
// extend.
//
// Follows Microsoft's "PE Format" (sections "Optional Header", "Section Table",
// "The Attribute Certificate Table") and "Windows Authenticode Portable
// Executable Signature Format" (2008). See docs/formats/pe.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/any_hash.h"
#include "common/bytes.h"

namespace tally {

inline constexpr uint16_t kPeMachineX86_64 = 0x8664;
inline constexpr uint16_t kPeMachineArm64 = 0xaa64;

struct PeSection {
  std::string name;  // 1 to 8 characters, without the padding
  uint32_t virtual_size = 0;
  uint32_t virtual_address = 0;
  uint32_t raw_size = 0;    // SizeOfRawData
  uint32_t raw_offset = 0;  // PointerToRawData
  uint32_t characteristics = 0;

  bool operator==(const PeSection&) const = default;
};

// PeCertificate is a WIN_CERTIFICATE: a signature, mostly (type 2, PKCS#7).
struct PeCertificate {
  uint16_t revision = 0;
  uint16_t type = 0;
  ByteSpan data;
};

// Pe is a parsed view; it does not own the bytes.
struct Pe {
  ByteSpan bytes;  // the whole file
  uint16_t machine = 0;
  bool is_pe32_plus = false;  // 64-bit addresses
  uint32_t section_alignment = 0;
  uint32_t file_alignment = 0;
  uint32_t size_of_image = 0;
  uint32_t size_of_headers = 0;
  std::vector<PeSection> sections;  // in header order
  std::vector<PeCertificate> certificates;

  // Offsets in the file of fields that a signer changes or a writer patches.
  uint64_t coff_header_offset = 0;      // of Machine
  uint64_t optional_header_offset = 0;  // of Magic
  uint64_t checksum_offset = 0;
  uint64_t security_entry_offset = 0;  // 0: the header has no such directory
  uint64_t section_table_offset = 0;
  uint64_t certificates_offset = 0;  // the file's size without certificates
};

// ParsePe reads a PE32 or PE32+ file. Tables or sections outside of the file,
// overlapping or wrapping sections, sections inside of the headers, bad
// alignments and certificates that are not at the very end are input errors.
Result<Pe> ParsePe(ByteSpan bytes);

// PeContent returns the first VirtualSize bytes of a section as they are in
// memory; those that the file does not have are zero and left out.
ByteSpan PeContent(const Pe& pe, const PeSection& section);

// Whether a file that is not a multiple of 8 bytes is hashed with the zeros
// that a signer appends to it.
enum class PePadding { kAsIs, kAsSigned };

// PeImageDigest is the Authenticode digest: of everything but the checksum, the
// certificates and their directory entry; sections by their place in the file.
// Firmware measures it with kAsIs (EDK2, MeasurePeImageAndExtend); a signature
// holds the one with kAsSigned. They differ only for files of odd sizes.
Bytes PeImageDigest(const Pe& pe, HashAlgorithm algorithm, PePadding padding);

// PeImageDigests hashes with several algorithms in one pass.
BankDigests PeImageDigests(const Pe& pe,
                           std::span<const HashAlgorithm> algorithms,
                           PePadding padding);

// AttachPeCertificate returns the file with one more certificate of the type
// PKCS_SIGNED_DATA behind those that it has. A file whose size is not a
// multiple of 8 is an input error: PadPe it first, before it is signed.
Result<Bytes> AttachPeCertificate(ByteSpan file, ByteSpan pkcs7);

// DetachPeCertificates returns the file without certificates: the inverse of
// all AttachPeCertificate. The checksum is not touched by either, since nobody
// who verifies reads it.
Result<Bytes> DetachPeCertificates(ByteSpan file);

}  // namespace tally
