// The rules about directives: see formats/igvm_checks.cc.
#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/text.h"
#include "formats/igvm.h"
#include "formats/igvm_layout.h"

namespace tally {
namespace {

// HasContextPage says whether the guest has its registers at an address.
bool HasContextPage(IgvmPlatformType type) {
  return type == IgvmPlatformType::kSevSnp ||
         type == IgvmPlatformType::kSevEs || type == IgvmPlatformType::kCca;
}

// ContextBytes returns how much of the page of a VP context has a meaning.
uint64_t ContextBytes(IgvmPlatformType type) {
  switch (type) {
    case IgvmPlatformType::kNative:
    case IgvmPlatformType::kSev:
      return 0xe8;  // IgvmNativeVpContextX64
    case IgvmPlatformType::kCca:
      return 0x50;  // IgvmVpContextAArch64Cca
    default:
      return 0x1000;  // a VMSA
  }
}

// DirectiveCheck checks one directive after the other.
class DirectiveCheck {
 public:
  explicit DirectiveCheck(const Igvm& igvm) : igvm_(igvm) {
    for (const IgvmPlatformHeader& header : igvm.platforms) {
      if (const auto* platform = std::get_if<IgvmPlatform>(&header)) {
        declared_ |= platform->compatibility_mask;
      }
    }
    for (const IgvmInitialization& header : igvm.initializations) {
      if (const auto* region = std::get_if<IgvmPageTableRelocation>(&header)) {
        page_tables_.push_back(region);
      }
    }
  }

  void At(size_t index) { index_ = index; }

  Status operator()(const IgvmParameterArea& area);
  Status operator()(const IgvmPageData& page);
  Status operator()(const IgvmParameterInsert& insert);
  Status operator()(const IgvmParameter& parameter);
  Status operator()(const IgvmVpContext& context);
  Status operator()(const IgvmRequiredMemory& memory) {
    return CheckRange("required memory", memory.compatibility_mask, memory.gpa,
                      memory.size_bytes);
  }
  Status operator()(const IgvmErrorRange& range) {
    return CheckRange("error range", range.compatibility_mask, range.gpa,
                      range.size_bytes);
  }
  Status operator()(const IgvmSnpIdBlock& block);
  Status operator()(const IgvmVbsMeasurement& measurement);
  Status operator()(const IgvmUnknown& unknown);

  // The parameter area of an insert that passed.
  struct Area {
    uint64_t size_bytes = 0;
    bool is_inserted = false;
  };
  const std::map<uint32_t, Area>& areas() const { return areas_; }

 private:
  Error Refuse(std::string_view name, const std::string& why) const {
    return InputError("igvm: directive " + std::to_string(index_) + ", " +
                      std::string(name) + ": " + why);
  }
  Status CheckMask(std::string_view name, uint32_t mask) const {
    if ((mask & declared_) != 0) return Ok();
    return Refuse(
        name, "compatibility mask " + HexNumber(mask) + " names no platform");
  }
  Status CheckAligned(std::string_view name, std::string_view field,
                      uint64_t value, uint64_t alignment) const {
    if (value % alignment == 0) return Ok();
    return Refuse(name, std::string(field) + " " + HexNumber(value) +
                            " is not a multiple of " + HexNumber(alignment));
  }
  Status CheckSize(std::string_view name, const IgvmContents& contents,
                   uint64_t expected) const {
    if (contents.bytes.size() == expected) return Ok();
    return Refuse(name, "found contents of " +
                            std::to_string(contents.bytes.size()) +
                            " bytes, expected " + std::to_string(expected));
  }
  Status CheckRange(std::string_view name, uint32_t mask, uint64_t gpa,
                    uint64_t size_bytes) const {
    TALLY_TRY(CheckMask(name, mask));
    TALLY_TRY(CheckAligned(name, "gpa", gpa, igvm_.page_size));
    TALLY_TRY(CheckAligned(name, "size", size_bytes, igvm_.page_size));
    if (size_bytes != 0 && gpa > UINT64_MAX - (size_bytes - 1)) {
      return Refuse(name, "gpa " + HexNumber(gpa) + " and size " +
                              HexNumber(size_bytes) + " exceed 64 bits");
    }
    return Ok();
  }
  Status CheckEcc(const IgvmSnpSignature& signature,
                  const IgvmSnpPublicKey& key) const {
    for (const IgvmContents& component :
         {signature.r, signature.s, key.qx, key.qy}) {
      TALLY_TRY(CheckSize("SNP ID block", component, kIgvmEccBytes));
    }
    return Ok();
  }

  const Igvm& igvm_;
  uint32_t declared_ = 0;
  size_t index_ = 0;
  // At most one a platform.
  std::vector<const IgvmPageTableRelocation*> page_tables_;
  std::map<uint32_t, Area> areas_;
  uint64_t areas_bytes_ = 0;
};

Status DirectiveCheck::operator()(const IgvmParameterArea& area) {
  constexpr std::string_view kName = "parameter area";
  if (area.size_bytes == 0) return Refuse(kName, "size 0");
  TALLY_TRY(CheckAligned(kName, "size", area.size_bytes, igvm_.page_size));
  if (area.size_bytes > kMaxIgvmParameterBytes - areas_bytes_) {
    return Refuse(kName, "all areas together exceed " +
                             std::to_string(kMaxIgvmParameterBytes) + " bytes");
  }
  areas_bytes_ += area.size_bytes;
  if (!areas_.try_emplace(area.index, Area{.size_bytes = area.size_bytes})
           .second) {
    return Refuse(kName,
                  "index " + std::to_string(area.index) + " is there twice");
  }
  if (area.initial_contents.bytes.empty()) return Ok();
  return CheckSize(kName, area.initial_contents, area.size_bytes);
}

Status DirectiveCheck::operator()(const IgvmPageData& page) {
  constexpr std::string_view kName = "page data";
  const uint64_t size_bytes = IgvmPageBytes(igvm_, page);
  TALLY_TRY(CheckAligned(kName, "gpa", page.gpa, size_bytes));
  TALLY_TRY(CheckRange(kName, page.compatibility_mask, page.gpa, size_bytes));
  if (page.contents.bytes.empty()) return Ok();
  return CheckSize(kName, page.contents, size_bytes);
}

Status DirectiveCheck::operator()(const IgvmParameterInsert& insert) {
  constexpr std::string_view kName = "parameter insert";
  const auto area = areas_.find(insert.area_index);
  if (area == areas_.end()) {
    return Refuse(kName, "parameter area " + std::to_string(insert.area_index) +
                             " is not declared before");
  }
  TALLY_TRY(CheckRange(kName, insert.compatibility_mask, insert.gpa,
                       area->second.size_bytes));
  // Once, for whatever platforms: the reader of microsoft/igvm refuses more.
  if (area->second.is_inserted) {
    return Refuse(kName, "parameter area " + std::to_string(insert.area_index) +
                             " was inserted before");
  }
  area->second.is_inserted = true;
  // The loader rewrites page tables; it could not tell parameters from them.
  const uint64_t last = insert.gpa + (area->second.size_bytes - 1);
  for (const IgvmPageTableRelocation* region : page_tables_) {
    if ((region->compatibility_mask & insert.compatibility_mask) != 0 &&
        region->size_bytes != 0 &&
        insert.gpa <= region->gpa + (region->size_bytes - 1) &&
        region->gpa <= last) {
      return Refuse(kName, "gpa " + HexNumber(insert.gpa) +
                               " lies in the page tables to relocate, which "
                               "begin at " +
                               HexNumber(region->gpa));
    }
  }
  return Ok();
}

Status DirectiveCheck::operator()(const IgvmParameter& parameter) {
  const std::string_view name =
      FindIgvmType(static_cast<uint32_t>(parameter.kind))->name;
  const auto area = areas_.find(parameter.area_index);
  if (area == areas_.end()) {
    return Refuse(name, "parameter area " +
                            std::to_string(parameter.area_index) +
                            " is not declared before");
  }
  if (area->second.is_inserted) {
    return Refuse(name, "parameter area " +
                            std::to_string(parameter.area_index) +
                            " was inserted before");
  }
  if (parameter.byte_offset >= area->second.size_bytes) {
    return Refuse(name, "byte offset " + HexNumber(parameter.byte_offset) +
                            " is outside of an area of " +
                            HexNumber(area->second.size_bytes) + " bytes");
  }
  return Ok();
}

Status DirectiveCheck::operator()(const IgvmVpContext& context) {
  constexpr std::string_view kName = "VP context";
  const uint32_t mask = context.compatibility_mask;
  TALLY_TRY(CheckRange(kName, mask, context.gpa, igvm_.page_size));
  const IgvmPlatform* platform = FindIgvmPlatform(igvm_, mask & declared_);
  // The reader of microsoft/igvm looks the whole mask up.
  if (platform == nullptr || mask != platform->compatibility_mask) {
    return Refuse(kName, "compatibility mask " + HexNumber(mask) +
                             ", expected that of one platform: each has its "
                             "own form of it");
  }
  if (platform->type == IgvmPlatformType::kTdx) {
    return Refuse(kName, "tdx starts at reset and takes none");
  }
  if (!HasContextPage(platform->type) && context.gpa != 0) {
    return Refuse(kName, "gpa " + HexNumber(context.gpa) +
                             ", expected 0: the platform has no page for it");
  }
  const ByteSpan contents = context.contents.bytes;
  if (platform->type == IgvmPlatformType::kVsm) {
    ByteReader r("igvm VP context registers", contents);
    const uint64_t count = r.U32Le("count");
    TALLY_TRY(r.status());
    return CheckSize(
        kName, context.contents,
        kIgvmVbsContextHeaderBytes + count * kIgvmVbsRegisterBytes);
  }
  TALLY_TRY(CheckSize(kName, context.contents, igvm_.page_size));
  const ByteSpan behind = contents.subspan(ContextBytes(platform->type));
  if (std::ranges::any_of(behind, [](uint8_t byte) { return byte != 0; })) {
    return Refuse(kName, "found bytes behind the registers of " +
                             std::string(IgvmPlatformName(platform->type)) +
                             ", expected zeros");
  }
  return Ok();
}

Status DirectiveCheck::operator()(const IgvmSnpIdBlock& block) {
  TALLY_TRY(CheckMask("SNP ID block", block.compatibility_mask));
  TALLY_TRY(CheckEcc(block.id_key_signature, block.id_public_key));
  return CheckEcc(block.author_key_signature, block.author_public_key);
}

Status DirectiveCheck::operator()(const IgvmVbsMeasurement& measurement) {
  constexpr std::string_view kName = "VBS measurement";
  TALLY_TRY(CheckMask(kName, measurement.compatibility_mask));
  TALLY_TRY(CheckSize(kName, measurement.boot_measurement_digest,
                      kIgvmVbsDigestBytes));
  TALLY_TRY(CheckSize(kName, measurement.signature, kIgvmVbsSignatureBytes));
  return CheckSize(kName, measurement.public_key, kIgvmVbsKeyBytes);
}

Status DirectiveCheck::operator()(const IgvmUnknown& unknown) {
  const uint32_t number = unknown.type & ~kIgvmOptionalBit;
  if ((unknown.type & kIgvmOptionalBit) != 0 && number >= 0x301 &&
      number <= 0x400 && FindIgvmType(number) == nullptr) {
    return Ok();
  }
  return Refuse("unknown", "type " + HexNumber(unknown.type) +
                               " is not an unknown optional one from 0x301 "
                               "to 0x400");
}

// Placed is memory that a directive fills.
struct Placed {
  uint64_t gpa = 0;
  uint64_t last = 0;
  size_t index = 0;
  uint32_t mask = 0;
  // KVM measures the VMSAs of all processors at one address.
  bool is_vmsa = false;
};

using Areas = std::map<uint32_t, DirectiveCheck::Area>;

std::vector<Placed> AllPlaced(const Igvm& igvm, const Areas& areas) {
  std::vector<Placed> all;
  const auto add = [&all](uint64_t gpa, uint64_t size_bytes, size_t index,
                          uint32_t mask, bool is_vmsa) {
    all.push_back({gpa, gpa + (size_bytes - 1), index, mask, is_vmsa});
  };
  for (size_t i = 0; i < igvm.directives.size(); ++i) {
    const IgvmDirective& directive = igvm.directives[i];
    if (const auto* page = std::get_if<IgvmPageData>(&directive)) {
      add(page->gpa, IgvmPageBytes(igvm, *page), i, page->compatibility_mask,
          false);
    } else if (const auto* in = std::get_if<IgvmParameterInsert>(&directive)) {
      add(in->gpa, areas.at(in->area_index).size_bytes, i,
          in->compatibility_mask, false);
    } else if (const auto* vp = std::get_if<IgvmVpContext>(&directive)) {
      // Of native and VSM guests the address is 0 and means nothing.
      if (vp->gpa == 0) continue;
      add(vp->gpa, igvm.page_size, i, vp->compatibility_mask, true);
    }
  }
  std::ranges::sort(all, {},
                    [](const Placed& p) { return std::tuple(p.gpa, p.index); });
  return all;
}

Status CheckOverlaps(const std::vector<Placed>& all, uint32_t mask) {
  const Placed* before = nullptr;
  for (const Placed& placed : all) {
    if ((placed.mask & mask) == 0) continue;
    if (before != nullptr && placed.gpa <= before->last &&
        !(placed.is_vmsa && before->is_vmsa)) {
      return InputError("igvm: directives " +
                        std::to_string(std::min(before->index, placed.index)) +
                        " and " +
                        std::to_string(std::max(before->index, placed.index)) +
                        " both fill gpa " + HexNumber(placed.gpa) +
                        " for compatibility mask " + HexNumber(mask));
    }
    before = &placed;
  }
  return Ok();
}

}  // namespace

Status CheckIgvmDirectives(const Igvm& igvm, const IgvmContentsRead& read) {
  DirectiveCheck check(igvm);
  for (size_t i = 0; i < igvm.directives.size(); ++i) {
    check.At(i);
    TALLY_TRY(std::visit(check, igvm.directives[i]));
    const auto* context = std::get_if<IgvmVpContext>(&igvm.directives[i]);
    if (context != nullptr && read) read(context->contents.bytes);
  }
  const std::vector<Placed> all = AllPlaced(igvm, check.areas());
  for (const IgvmPlatformHeader& header : igvm.platforms) {
    if (const auto* platform = std::get_if<IgvmPlatform>(&header)) {
      TALLY_TRY(CheckOverlaps(all, platform->compatibility_mask));
    }
  }
  return Ok();
}

}  // namespace tally
