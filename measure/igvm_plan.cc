#include "measure/igvm_plan.h"

#include <map>
#include <optional>

#include "common/hash.h"

namespace tally {
namespace {

std::string PageWhat(const IgvmPageData& page) {
  switch (page.type) {
    case IgvmPageType::kSecrets:
      return "secrets page";
    case IgvmPageType::kCpuidData:
      return "CPUID page";
    case IgvmPageType::kCpuidXf:
      return "CPUID XF page";
    case IgvmPageType::kNormal:
      break;
  }
  if (page.unmeasured) return "page data, unmeasured";
  return page.contents.bytes.empty() ? "page data, zeros" : "page data";
}

// Planner turns directives into loads; those of other platforms and those that
// load nothing give none.
class Planner {
 public:
  Planner(const Igvm& igvm, uint32_t mask) : igvm_(igvm), mask_(mask) {}

  std::optional<IgvmLoad> operator()(const IgvmParameterArea& area) {
    area_bytes_[area.index] = area.size_bytes;
    return std::nullopt;
  }
  std::optional<IgvmLoad> operator()(const IgvmPageData& page) {
    if (!Mine(page.compatibility_mask) || page.shared) return std::nullopt;
    return IgvmLoad{.kind = IgvmLoad::Kind::kPage,
                    .gpa = page.gpa,
                    .size_bytes = IgvmPageBytes(igvm_, page),
                    .contents = page.contents.bytes,
                    .page_type = page.type,
                    .unmeasured = page.unmeasured,
                    .what = PageWhat(page)};
  }
  std::optional<IgvmLoad> operator()(const IgvmParameterInsert& insert) {
    if (!Mine(insert.compatibility_mask)) return std::nullopt;
    return IgvmLoad{
        .kind = IgvmLoad::Kind::kParameters,
        .gpa = insert.gpa,
        .size_bytes = area_bytes_.at(insert.area_index),
        .unmeasured = true,
        .what = "parameter area " + std::to_string(insert.area_index)};
  }
  std::optional<IgvmLoad> operator()(const IgvmVpContext& context) {
    if (!Mine(context.compatibility_mask)) return std::nullopt;
    return IgvmLoad{.kind = IgvmLoad::Kind::kVpContext,
                    .gpa = context.gpa,
                    .size_bytes = context.contents.bytes.size(),
                    .contents = context.contents.bytes,
                    .vp_index = context.vp_index,
                    .what = "vcpu " + std::to_string(context.vp_index)};
  }
  std::optional<IgvmLoad> operator()(const IgvmErrorRange& range) {
    if (!Mine(range.compatibility_mask)) return std::nullopt;
    return IgvmLoad{.kind = IgvmLoad::Kind::kErrorRange,
                    .gpa = range.gpa,
                    .size_bytes = range.size_bytes,
                    .unmeasured = true,
                    .what = "error range"};
  }
  template <typename Other>
  std::optional<IgvmLoad> operator()(const Other&) {
    return std::nullopt;
  }

 private:
  bool Mine(uint32_t mask) const { return (mask & mask_) != 0; }

  const Igvm& igvm_;
  uint32_t mask_;
  std::map<uint32_t, uint64_t> area_bytes_;
};

Error NoPlatform(const Igvm& igvm, IgvmPlatformType wanted) {
  std::string names;
  for (const IgvmPlatformHeader& header : igvm.platforms) {
    if (const auto* platform = std::get_if<IgvmPlatform>(&header)) {
      names += (names.empty() ? "" : ", ") +
               std::string(IgvmPlatformName(platform->type));
    }
  }
  return InputError("igvm: the file supports " + names + ", not " +
                    std::string(IgvmPlatformName(wanted)));
}

}  // namespace

Result<std::vector<IgvmLoad>> PlanIgvm(const Igvm& igvm,
                                       IgvmPlatformType platform) {
  const IgvmPlatform* header = FindIgvmPlatform(igvm, platform);
  if (header == nullptr) return NoPlatform(igvm, platform);
  if (igvm.page_size != kIgvmPageBytes) {
    return InputError("igvm: page size " + std::to_string(igvm.page_size) +
                      ", expected 4096 to be measured");
  }
  std::vector<IgvmLoad> loads;
  uint64_t num_pages = 0;
  Planner planner(igvm, header->compatibility_mask);
  for (size_t i = 0; i < igvm.directives.size(); ++i) {
    std::optional<IgvmLoad> load = std::visit(planner, igvm.directives[i]);
    if (!load) continue;
    load->directive = i;
    // An error range is no memory; Hyper-V alone measures its pages.
    if (load->kind != IgvmLoad::Kind::kErrorRange ||
        platform == IgvmPlatformType::kVsm) {
      num_pages += load->size_bytes / kIgvmPageBytes;
    }
    if (num_pages > kMaxIgvmPages) {
      return InputError("igvm: directive " + std::to_string(i) +
                        ": all pages together are more than " +
                        std::to_string(kMaxIgvmPages));
    }
    loads.push_back(std::move(*load));
  }
  if (loads.empty()) {
    return InputError("igvm: the file loads nothing for " +
                      std::string(IgvmPlatformName(platform)));
  }
  return loads;
}

Sha384Digest ContentsDigest(const IgvmLoad& load) {
  if (!load.contents.empty()) return Sha384(load.contents);
  // A file can have many pages of zeros, in few bytes.
  static const Sha384Digest small_zeros = Sha384(Bytes(kIgvmPageBytes, 0));
  static const Sha384Digest large_zeros = Sha384(Bytes(kIgvm2MbPageBytes, 0));
  if (load.size_bytes == kIgvmPageBytes) return small_zeros;
  if (load.size_bytes == kIgvm2MbPageBytes) return large_zeros;
  return Sha384(Bytes(load.size_bytes, 0));
}

}  // namespace tally
