// The rules that concern a model rather than its bytes.
//
// Sources: the comments of igvm_defs/src/lib.rs (microsoft/igvm, e6c3ff1c); the
// same checks in igvm/src/lib.rs, validate_*.
#include <bit>
#include <string>

#include "common/text.h"
#include "formats/igvm.h"
#include "formats/igvm_layout.h"

namespace tally {
namespace {

constexpr uint32_t kMinPageBytes = 4096;
constexpr uint32_t kMaxPageBytes = 65536;

// Refuse names the header by section and number: "igvm: directive 3, page data:
// …".
Error Refuse(std::string_view where, std::string_view why) {
  return InputError("igvm: " + std::string(where) + ": " + std::string(why));
}

Status CheckAligned(const std::string& where, std::string_view field,
                    uint64_t value, uint64_t alignment) {
  if (value % alignment == 0) return Ok();
  return Refuse(where, std::string(field) + " " + HexNumber(value) +
                           " is not a multiple of " + HexNumber(alignment));
}

Status CheckNoWrap(const std::string& where, uint64_t gpa,
                   uint64_t size_bytes) {
  if (size_bytes == 0 || gpa <= UINT64_MAX - (size_bytes - 1)) return Ok();
  return Refuse(where, "gpa " + HexNumber(gpa) + " and size " +
                           HexNumber(size_bytes) + " exceed 64 bits");
}

uint32_t DeclaredMasks(const Igvm& igvm) {
  uint32_t declared = 0;
  for (const IgvmPlatformHeader& header : igvm.platforms) {
    if (const auto* platform = std::get_if<IgvmPlatform>(&header)) {
      declared |= platform->compatibility_mask;
    }
  }
  return declared;
}

Status CheckUnknown(const std::string& where, const IgvmUnknown& unknown,
                    uint32_t first, uint32_t last) {
  const uint32_t number = unknown.type & ~kIgvmOptionalBit;
  if ((unknown.type & kIgvmOptionalBit) == 0 || number < first ||
      number > last || FindIgvmType(number) != nullptr) {
    return Refuse(where, "type " + HexNumber(unknown.type) +
                             " is not an unknown optional one from " +
                             HexNumber(first) + " to " + HexNumber(last));
  }
  return Ok();
}

bool IsX64Only(IgvmPlatformType type) {
  return type != IgvmPlatformType::kVsm && type != IgvmPlatformType::kCca;
}

Status CheckPlatform(const std::string& where, const IgvmPlatform& platform,
                     IgvmArchitecture architecture) {
  if (std::popcount(platform.compatibility_mask) != 1) {
    return Refuse(where, "compatibility mask " +
                             HexNumber(platform.compatibility_mask) +
                             " has not exactly one bit");
  }
  if (platform.version != 1) {
    return Refuse(
        where, "version " + std::to_string(platform.version) + ", expected 1");
  }
  if (platform.highest_vtl != 0 && platform.highest_vtl != 2) {
    return Refuse(where, "highest VTL " + std::to_string(platform.highest_vtl) +
                             ", expected 0 or 2");
  }
  if (platform.shared_gpa_boundary != 0 &&
      (platform.type == IgvmPlatformType::kNative ||
       platform.type == IgvmPlatformType::kVsm)) {
    return Refuse(where, "shared GPA boundary " +
                             HexNumber(platform.shared_gpa_boundary) +
                             ", expected 0");
  }
  const bool is_x64 = architecture == IgvmArchitecture::kX64;
  if ((IsX64Only(platform.type) && !is_x64) ||
      (platform.type == IgvmPlatformType::kCca && is_x64)) {
    return Refuse(where, std::string(IgvmPlatformName(platform.type)) +
                             " does not exist on " +
                             (is_x64 ? "x64" : "AArch64"));
  }
  return Ok();
}

Status CheckPlatforms(const Igvm& igvm) {
  uint32_t masks = 0;
  uint32_t types = 0;
  for (size_t i = 0; i < igvm.platforms.size(); ++i) {
    const std::string where = "platform " + std::to_string(i);
    if (const auto* u = std::get_if<IgvmUnknown>(&igvm.platforms[i])) {
      TALLY_TRY(CheckUnknown(where, *u, 0x1, 0x100));
      continue;
    }
    const auto& platform = std::get<IgvmPlatform>(igvm.platforms[i]);
    TALLY_TRY(CheckPlatform(where, platform, igvm.architecture));
    const uint32_t type = uint32_t{1} << static_cast<uint32_t>(platform.type);
    if ((masks & platform.compatibility_mask) != 0) {
      return Refuse(where, "compatibility mask " +
                               HexNumber(platform.compatibility_mask) +
                               " belongs to an earlier platform");
    }
    if ((types & type) != 0) {
      return Refuse(where, std::string(IgvmPlatformName(platform.type)) +
                               " is there twice");
    }
    masks |= platform.compatibility_mask;
    types |= type;
  }
  if (masks == 0) return InputError("igvm: no supported platform");
  return Ok();
}

// InitializationCheck checks one header of each kind, and what there may be
// only one of.
class InitializationCheck {
 public:
  explicit InitializationCheck(const Igvm& igvm)
      : igvm_(igvm), declared_(DeclaredMasks(igvm)) {}

  void At(size_t index) { index_ = index; }

  Status operator()(const IgvmGuestPolicy& policy) {
    return CheckMask("guest policy", policy.compatibility_mask);
  }
  Status operator()(const IgvmCcaPolicy& policy) {
    TALLY_TRY(CheckMask("CCA policy", policy.compatibility_mask));
    if ((policy.attributes_required_zeroes & policy.attributes_required_ones) !=
        0) {
      return Refuse(Where("CCA policy"),
                    "an attribute is required to be both zero and one");
    }
    return Ok();
  }
  Status operator()(const IgvmRelocatableRegion& region) {
    const std::string where = Where("relocatable region");
    TALLY_TRY(CheckMask("relocatable region", region.compatibility_mask));
    if (igvm_.architecture != IgvmArchitecture::kX64) {
      return Refuse(where, "does not exist on AArch64");
    }
    if (region.alignment == 0) return Refuse(where, "alignment 0");
    TALLY_TRY(CheckAligned(where, "alignment", region.alignment, 4096));
    TALLY_TRY(CheckAligned(where, "size", region.size_bytes, 4096));
    TALLY_TRY(CheckAligned(where, "gpa", region.gpa, region.alignment));
    TALLY_TRY(CheckAligned(where, "minimum gpa", region.minimum_gpa,
                           region.alignment));
    TALLY_TRY(CheckAligned(where, "maximum gpa", region.maximum_gpa,
                           region.alignment));
    return CheckNoWrap(where, region.gpa, region.size_bytes);
  }
  Status operator()(const IgvmPageTableRelocation& region) {
    const std::string where = Where("page table relocation");
    TALLY_TRY(CheckMask("page table relocation", region.compatibility_mask));
    TALLY_TRY(CheckAligned(where, "gpa", region.gpa, igvm_.page_size));
    TALLY_TRY(CheckAligned(where, "size", region.size_bytes, igvm_.page_size));
    TALLY_TRY(CheckAligned(where, "used size", region.used_size_bytes,
                           igvm_.page_size));
    if (region.used_size_bytes > region.size_bytes) {
      return Refuse(where, "used size " + HexNumber(region.used_size_bytes) +
                               " exceeds size " + HexNumber(region.size_bytes));
    }
    if ((page_table_masks_ & region.compatibility_mask) != 0) {
      return Refuse(where, "the platform has one already");
    }
    page_table_masks_ |= region.compatibility_mask;
    return CheckNoWrap(where, region.gpa, region.size_bytes);
  }
  Status operator()(const IgvmCorim& corim) {
    const bool is_document = corim.kind == IgvmCorimKind::kDocument;
    const char* name = is_document ? "CoRIM document" : "CoRIM signature";
    TALLY_TRY(CheckMask(name, corim.compatibility_mask));
    uint32_t& masks = is_document ? document_masks_ : signature_masks_;
    if ((masks & corim.compatibility_mask) != 0) {
      return Refuse(Where(name), "the platform has one already");
    }
    masks |= corim.compatibility_mask;
    if (!is_document && (corim.compatibility_mask & ~document_masks_) != 0) {
      return Refuse(Where(name), "no document comes before it");
    }
    return Ok();
  }
  Status operator()(const IgvmUnknown& unknown) {
    return CheckUnknown(Where("unknown"), unknown, 0x101, 0x200);
  }

 private:
  std::string Where(std::string_view name) const {
    return "initialization " + std::to_string(index_) + ", " +
           std::string(name);
  }
  Status CheckMask(std::string_view name, uint32_t mask) const {
    if ((mask & declared_) != 0) return Ok();
    return Refuse(Where(name), "compatibility mask " + HexNumber(mask) +
                                   " names no platform");
  }

  const Igvm& igvm_;
  uint32_t declared_;
  size_t index_ = 0;
  uint32_t page_table_masks_ = 0;
  uint32_t document_masks_ = 0;
  uint32_t signature_masks_ = 0;
};

Status CheckFixed(const Igvm& igvm) {
  if (igvm.version != 1 && igvm.version != 2) {
    return InputError("igvm: version " + std::to_string(igvm.version) +
                      ", expected 1 or 2");
  }
  if (igvm.version == 1 && (igvm.architecture != IgvmArchitecture::kX64 ||
                            igvm.page_size != kMinPageBytes)) {
    return InputError(
        "igvm: version 1 has no architecture or page size, only x64 and 4096");
  }
  if (!std::has_single_bit(igvm.page_size) || igvm.page_size < kMinPageBytes ||
      igvm.page_size > kMaxPageBytes) {
    return InputError("igvm: page size " + std::to_string(igvm.page_size) +
                      ", expected a power of two from 4096 to 65536");
  }
  return Ok();
}

}  // namespace

std::string_view IgvmPlatformName(IgvmPlatformType type) {
  constexpr std::array<std::string_view, 7> kNames = {
      "native", "vsm", "sev-snp", "tdx", "sev", "sev-es", "cca"};
  return kNames.at(static_cast<size_t>(type));
}

const IgvmPlatform* FindIgvmPlatform(const Igvm& igvm, IgvmPlatformType type) {
  for (const IgvmPlatformHeader& header : igvm.platforms) {
    const auto* platform = std::get_if<IgvmPlatform>(&header);
    if (platform != nullptr && platform->type == type) return platform;
  }
  return nullptr;
}

const IgvmPlatform* FindIgvmPlatform(const Igvm& igvm, uint32_t mask) {
  for (const IgvmPlatformHeader& header : igvm.platforms) {
    const auto* platform = std::get_if<IgvmPlatform>(&header);
    if (platform != nullptr && platform->compatibility_mask == mask) {
      return platform;
    }
  }
  return nullptr;
}

bool IgvmMaskNames(const Igvm& igvm, uint32_t mask, IgvmPlatformType type) {
  const IgvmPlatform* platform = FindIgvmPlatform(igvm, type);
  return platform != nullptr && (platform->compatibility_mask & mask) != 0;
}

uint64_t IgvmPageBytes(const Igvm& igvm, const IgvmPageData& page) {
  return page.is_2mb_page ? kIgvm2MbPageBytes : igvm.page_size;
}

Status CheckIgvm(const Igvm& igvm, const IgvmContentsRead& read) {
  TALLY_TRY(CheckFixed(igvm));
  TALLY_TRY(CheckPlatforms(igvm));
  InitializationCheck check(igvm);
  for (size_t i = 0; i < igvm.initializations.size(); ++i) {
    check.At(i);
    TALLY_TRY(std::visit(check, igvm.initializations[i]));
  }
  return CheckIgvmDirectives(igvm, read);
}

}  // namespace tally
