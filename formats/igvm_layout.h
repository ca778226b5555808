// The header types of an IGVM file: what the reader and the writer share.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "formats/igvm.h"

namespace tally {

// igvm_defs/src/lib.rs: IGVM_FIXED_HEADER, IGVM_FIXED_HEADER_V2.
inline constexpr uint32_t kIgvmMagic = 0x4d564749;  // "IGVM"
inline constexpr uint64_t kIgvmFixedHeaderBytes = 24;
inline constexpr uint64_t kIgvmFixedHeaderV2Bytes = 32;
// Type and length, before the content of each header.
inline constexpr uint64_t kIgvmHeaderPrefixBytes = 8;
inline constexpr uint64_t kIgvmAlignment = 8;

// IGVM_VHT_RANGE_PLATFORM, …_INIT, …_DIRECTIVE, in file order.
enum class IgvmSection { kPlatform, kInitialization, kDirective };

// IgvmVariableHeaderType.
enum class IgvmType : uint32_t {
  kSupportedPlatform = 0x1,
  kGuestPolicy = 0x101,
  kRelocatableRegion = 0x102,
  kPageTableRelocation = 0x103,
  kCorimDocument = 0x104,
  kCorimSignature = 0x105,
  kCcaPolicy = 0x106,
  kParameterArea = 0x301,
  kPageData = 0x302,
  kParameterInsert = 0x303,
  kVpContext = 0x304,
  kRequiredMemory = 0x305,
  kSnpIdBlock = 0x30b,
  kErrorRange = 0x30d,
  kVbsMeasurement = 0x311,
};

// IgvmTypeInfo is a type and the size of its structure.
struct IgvmTypeInfo {
  uint32_t type;
  uint32_t size_bytes;
  std::string_view name;
};

inline constexpr std::array<IgvmTypeInfo, 25> kIgvmTypes = {{
    {0x1, 16, "supported platform"},
    {0x101, 16, "guest policy"},
    {0x102, 48, "relocatable region"},
    {0x103, 32, "page table relocation"},
    {0x104, 16, "CoRIM document"},
    {0x105, 16, "CoRIM signature"},
    {0x106, 32, "CCA policy"},
    {0x301, 16, "parameter area"},
    {0x302, 24, "page data"},
    {0x303, 16, "parameter insert"},
    {0x304, 20, "VP context"},
    {0x305, 24, "required memory"},
    {0x307, 8, "VP count"},
    {0x308, 8, "SRAT"},
    {0x309, 8, "MADT"},
    {0x30a, 8, "MMIO ranges"},
    {0x30b, 696, "SNP ID block"},
    {0x30c, 8, "memory map"},
    {0x30d, 16, "error range"},
    {0x30e, 8, "command line"},
    {0x30f, 8, "SLIT"},
    {0x310, 8, "PPTT"},
    {0x311, 864, "VBS measurement"},
    {0x312, 8, "device tree"},
    {0x313, 8, "environment info"},
}};

// FindIgvmType returns what is known about a type, or null.
constexpr const IgvmTypeInfo* FindIgvmType(uint32_t type) {
  for (const IgvmTypeInfo& info : kIgvmTypes) {
    if (info.type == type) return &info;
  }
  return nullptr;
}

// Page data flags: IgvmPageDataFlags. Required memory: RequiredMemoryFlags.
inline constexpr uint32_t kIgvmPage2Mb = 1;
inline constexpr uint32_t kIgvmPageUnmeasured = 2;
inline constexpr uint32_t kIgvmPageShared = 4;
inline constexpr uint32_t kIgvmMemoryVtl2Protectable = 1;

// VbsVpContextHeader and VbsVpContextRegister.
inline constexpr uint64_t kIgvmVbsContextHeaderBytes = 4;
inline constexpr uint64_t kIgvmVbsRegisterBytes = 32;

// CheckIgvmDirectives is the last part of CheckIgvm.
Status CheckIgvmDirectives(const Igvm& igvm, const IgvmContentsRead& read);

// IgvmMaskNames says whether `mask` names a platform of that type.
bool IgvmMaskNames(const Igvm& igvm, uint32_t mask, IgvmPlatformType type);

}  // namespace tally
