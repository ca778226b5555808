// IGVM, the Independent Guest Virtual Machine file: a list of headers that tell
// a loader what to place into a guest before it starts, and the data they name.
//
// Follows microsoft/igvm, commit e6c3ff1c, igvm_defs/src/lib.rs; the canonical
// form that the writer emits is described in docs/formats/igvm.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <variant>
#include <vector>

#include "common/boxed.h"
#include "common/bytes.h"

namespace tally {

// IgvmContents is data of the file that a header names; it points into the file
// (or, for a model made by hand, to bytes that must outlive it). Compared by
// value.
struct IgvmContents {
  ByteSpan bytes;

  bool operator==(const IgvmContents& other) const {
    return std::ranges::equal(bytes, other.bytes);
  }
};

enum class IgvmArchitecture : uint32_t { kX64 = 0, kAArch64 = 1 };

// IgvmPlatformType is who isolates the guest.
enum class IgvmPlatformType : uint8_t {
  kNative = 0,
  kVsm = 1,
  kSevSnp = 2,
  kTdx = 3,
  kSev = 4,
  kSevEs = 5,
  kCca = 6,
};

// IgvmPlatformName returns "native", "vsm", "sev-snp" …
std::string_view IgvmPlatformName(IgvmPlatformType type);

// IGVM_VHS_SUPPORTED_PLATFORM.
struct IgvmPlatform {
  // The one bit by which other headers name this platform.
  uint32_t compatibility_mask = 0;
  uint8_t highest_vtl = 0;
  IgvmPlatformType type = IgvmPlatformType::kNative;
  uint16_t version = 1;
  uint64_t shared_gpa_boundary = 0;

  bool operator==(const IgvmPlatform&) const = default;
};

// IgvmUnknown is an optional header of a type that this program does not know.
struct IgvmUnknown {
  uint32_t type = 0;  // with kIgvmOptionalBit
  IgvmContents content;

  bool operator==(const IgvmUnknown&) const = default;
};

inline constexpr uint32_t kIgvmOptionalBit = uint32_t{1} << 31;

// Initialization headers.

// IGVM_VHS_GUEST_POLICY.
struct IgvmGuestPolicy {
  uint64_t policy = 0;
  uint32_t compatibility_mask = 0;

  bool operator==(const IgvmGuestPolicy&) const = default;
};

// IGVM_VHS_RELOCATABLE_REGION.
struct IgvmRelocatableRegion {
  uint32_t compatibility_mask = 0;
  uint16_t vp_index = 0;
  uint8_t vtl = 0;
  uint8_t flags = 0;
  uint64_t alignment = 0;
  uint64_t gpa = 0;
  uint64_t size_bytes = 0;
  uint64_t minimum_gpa = 0;
  uint64_t maximum_gpa = 0;

  bool operator==(const IgvmRelocatableRegion&) const = default;
};

// IGVM_VHS_PAGE_TABLE_RELOCATION.
struct IgvmPageTableRelocation {
  uint32_t compatibility_mask = 0;
  uint16_t vp_index = 0;
  uint8_t vtl = 0;
  uint64_t gpa = 0;
  uint64_t size_bytes = 0;
  uint64_t used_size_bytes = 0;

  bool operator==(const IgvmPageTableRelocation&) const = default;
};

// IGVM_VHS_CORIM_DATA. The enumerators are header types.
enum class IgvmCorimKind : uint32_t { kDocument = 0x104, kSignature = 0x105 };

struct IgvmCorim {
  IgvmCorimKind kind = IgvmCorimKind::kDocument;
  uint32_t compatibility_mask = 0;
  IgvmContents contents;

  bool operator==(const IgvmCorim&) const = default;
};

// IGVM_VHS_CCA_POLICY.
struct IgvmCcaPolicy {
  uint32_t compatibility_mask = 0;
  uint64_t attributes_required_zeroes = 0;
  uint64_t attributes_required_ones = 0;
  uint8_t hash_algorithm = 0;
  uint8_t lfa_policy = 0;

  bool operator==(const IgvmCcaPolicy&) const = default;
};

// Directives.

// IGVM_VHS_PARAMETER_AREA.
struct IgvmParameterArea {
  uint64_t size_bytes = 0;
  uint32_t index = 0;
  // Empty for zeros.
  IgvmContents initial_contents;

  bool operator==(const IgvmParameterArea&) const = default;
};

enum class IgvmPageType : uint16_t {
  kNormal = 0,
  kSecrets = 1,
  kCpuidData = 2,
  kCpuidXf = 3,
};

// IGVM_VHS_PAGE_DATA.
struct IgvmPageData {
  uint64_t gpa = 0;
  uint32_t compatibility_mask = 0;
  bool is_2mb_page = false;
  bool unmeasured = false;
  bool shared = false;
  IgvmPageType type = IgvmPageType::kNormal;
  // A whole page, or empty for zeros.
  IgvmContents contents;

  bool operator==(const IgvmPageData&) const = default;
};

// IGVM_VHS_PARAMETER_INSERT.
struct IgvmParameterInsert {
  uint64_t gpa = 0;
  uint32_t compatibility_mask = 0;
  uint32_t area_index = 0;

  bool operator==(const IgvmParameterInsert&) const = default;
};

// IGVM_VHS_PARAMETER: a place where the loader writes a run-time fact. The
// enumerators are header types.
enum class IgvmParameterKind : uint32_t {
  kVpCount = 0x307,
  kSrat = 0x308,
  kMadt = 0x309,
  kMmioRanges = 0x30a,
  kMemoryMap = 0x30c,
  kCommandLine = 0x30e,
  kSlit = 0x30f,
  kPptt = 0x310,
  kDeviceTree = 0x312,
  kEnvironmentInfo = 0x313,
};

struct IgvmParameter {
  IgvmParameterKind kind = IgvmParameterKind::kVpCount;
  uint32_t area_index = 0;
  uint32_t byte_offset = 0;

  bool operator==(const IgvmParameter&) const = default;
};

// IGVM_VHS_VP_CONTEXT: the registers of one virtual processor.
struct IgvmVpContext {
  uint64_t gpa = 0;
  uint32_t compatibility_mask = 0;
  uint16_t vp_index = 0;
  // A page (for SEV-SNP and SEV-ES the VMSA); for VSM a register list.
  IgvmContents contents;

  bool operator==(const IgvmVpContext&) const = default;
};

// IGVM_VHS_REQUIRED_MEMORY.
struct IgvmRequiredMemory {
  uint64_t gpa = 0;
  uint32_t compatibility_mask = 0;
  uint32_t size_bytes = 0;
  bool vtl2_protectable = false;

  bool operator==(const IgvmRequiredMemory&) const = default;
};

// IGVM_VHS_ERROR_RANGE.
struct IgvmErrorRange {
  uint64_t gpa = 0;
  uint32_t compatibility_mask = 0;
  uint32_t size_bytes = 0;

  bool operator==(const IgvmErrorRange&) const = default;
};

// A component of a key or signature is a little-endian integer of this size.
inline constexpr uint64_t kIgvmEccBytes = 72;
inline constexpr uint64_t kIgvmVbsDigestBytes = 64;
inline constexpr uint64_t kIgvmVbsSignatureBytes = 256;
inline constexpr uint64_t kIgvmVbsKeyBytes = 512;
// What the fields below are until they are set.
inline constexpr std::array<uint8_t, kIgvmVbsKeyBytes> kIgvmZeros = {};
inline constexpr IgvmContents IgvmZeros(uint64_t size_bytes) {
  return {ByteSpan(kIgvmZeros).first(size_bytes)};
}

// IGVM_VHS_SNP_ID_BLOCK_SIGNATURE and …_PUBLIC_KEY.
struct IgvmSnpSignature {
  IgvmContents r = IgvmZeros(kIgvmEccBytes);
  IgvmContents s = IgvmZeros(kIgvmEccBytes);

  bool operator==(const IgvmSnpSignature&) const = default;
};
struct IgvmSnpPublicKey {
  uint32_t curve = 0;
  IgvmContents qx = IgvmZeros(kIgvmEccBytes);
  IgvmContents qy = IgvmZeros(kIgvmEccBytes);

  bool operator==(const IgvmSnpPublicKey&) const = default;
};

// IGVM_VHS_SNP_ID_BLOCK.
struct IgvmSnpIdBlock {
  uint32_t compatibility_mask = 0;
  bool author_key_enabled = false;
  std::array<uint8_t, 48> launch_digest = {};
  std::array<uint8_t, 16> family_id = {};
  std::array<uint8_t, 16> image_id = {};
  uint32_t version = 0;
  uint32_t guest_svn = 0;
  uint32_t id_key_algorithm = 0;
  uint32_t author_key_algorithm = 0;
  IgvmSnpSignature id_key_signature;
  IgvmSnpPublicKey id_public_key;
  IgvmSnpSignature author_key_signature;
  IgvmSnpPublicKey author_public_key;

  bool operator==(const IgvmSnpIdBlock&) const = default;
};

// IGVM_VHS_VBS_MEASUREMENT.
struct IgvmVbsMeasurement {
  uint32_t compatibility_mask = 0;
  uint32_t version = 0;
  uint32_t product_id = 0;
  uint32_t module_id = 0;
  uint32_t security_version = 0;
  uint32_t policy_flags = 0;
  uint32_t boot_digest_algorithm = 0;
  uint32_t signing_algorithm = 0;
  IgvmContents boot_measurement_digest = IgvmZeros(kIgvmVbsDigestBytes);
  IgvmContents signature = IgvmZeros(kIgvmVbsSignatureBytes);
  IgvmContents public_key = IgvmZeros(kIgvmVbsKeyBytes);

  bool operator==(const IgvmVbsMeasurement&) const = default;
};

using IgvmPlatformHeader = std::variant<IgvmPlatform, IgvmUnknown>;
using IgvmInitialization = std::variant<IgvmGuestPolicy, IgvmRelocatableRegion,
                                        IgvmPageTableRelocation, IgvmCorim,
                                        IgvmCcaPolicy, IgvmUnknown>;
// A file has up to 262,144 of them, so the large ones are elsewhere.
using IgvmDirective =
    std::variant<IgvmParameterArea, IgvmPageData, IgvmParameterInsert,
                 IgvmParameter, IgvmVpContext, IgvmRequiredMemory,
                 IgvmErrorRange, Boxed<IgvmSnpIdBlock>,
                 Boxed<IgvmVbsMeasurement>, IgvmUnknown>;

// Igvm is one file; the headers of each section in file order.
struct Igvm {
  uint32_t version = 1;
  // Version 1 has neither field: x64 and 4096.
  IgvmArchitecture architecture = IgvmArchitecture::kX64;
  uint32_t page_size = 4096;
  std::vector<IgvmPlatformHeader> platforms;
  std::vector<IgvmInitialization> initializations;
  std::vector<IgvmDirective> directives;

  bool operator==(const Igvm&) const = default;
};

// The largest file that is read: what a loader has to hold in memory twice.
inline constexpr uint64_t kMaxIgvmBytes = uint64_t{256} << 20;
// The largest variable header section: 65536 pages.
inline constexpr uint64_t kMaxIgvmHeaderBytes = uint64_t{2} << 20;
// The pages of all parameter areas together.
inline constexpr uint64_t kMaxIgvmParameterBytes = uint64_t{256} << 20;
inline constexpr uint64_t kIgvm2MbPageBytes = uint64_t{2} << 20;

// FindIgvmPlatform returns the platform of that type or with that mask, or
// null.
const IgvmPlatform* FindIgvmPlatform(const Igvm& igvm, IgvmPlatformType type);
const IgvmPlatform* FindIgvmPlatform(const Igvm& igvm, uint32_t mask);

// IgvmPageBytes returns how much memory a page-data header fills.
uint64_t IgvmPageBytes(const Igvm& igvm, const IgvmPageData& page);

// IgvmContentsRead is called with contents that were read: whoever has mapped
// the file can give their pages back.
using IgvmContentsRead = std::function<void(ByteSpan contents)>;

// ParseIgvm reads and checks a file. Contents point into `file`. `read`, if
// given, is called with those that a check looks into.
Result<Igvm> ParseIgvm(ByteSpan file, const IgvmContentsRead& read = {});

// CheckIgvm refuses a model that breaks a rule of the format: masks, platforms,
// alignment, parameter areas, overlaps. ParseIgvm and WriteIgvm call it.
Status CheckIgvm(const Igvm& igvm, const IgvmContentsRead& read = {});

// WriteIgvm returns the canonical file of a model.
Result<Bytes> WriteIgvm(const Igvm& igvm);

}  // namespace tally
