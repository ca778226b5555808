#include "tests/formats/igvm_samples.h"

#include <algorithm>
#include <array>
#include <utility>

#include "formats/crc32.h"

namespace tally::test {
namespace {

// FilledPage returns a page of `value` that lives as long as the program.
template <uint8_t value, size_t size = 4096>
ByteSpan FilledPage() {
  static const std::array<uint8_t, size> page = [] {
    std::array<uint8_t, size> filled;
    filled.fill(value);
    return filled;
  }();
  return page;
}

// Registers is a VSM context of one register.
ByteSpan Registers() {
  static const Bytes list = [] {
    ByteWriter w;
    w.U32Le(1).U8(2).U32Le(0x20010).Zeros(11).Raw(FilledPage<0x51, 16>());
    return std::move(w).Take();
  }();
  return list;
}

IgvmSnpIdBlock IdBlock() {
  IgvmSnpIdBlock block{.compatibility_mask = 1,
                       .author_key_enabled = true,
                       .version = 1,
                       .guest_svn = 7,
                       .id_key_algorithm = 1,
                       .author_key_algorithm = 2};
  block.launch_digest.fill(0x31);
  block.family_id.fill(0x32);
  block.image_id.fill(0x33);
  block.id_key_signature = {.r = {FilledPage<0x34, 72>()},
                            .s = {FilledPage<0x35, 72>()}};
  block.id_public_key = {.curve = 2,
                         .qx = {FilledPage<0x36, 72>()},
                         .qy = {FilledPage<0x37, 72>()}};
  block.author_key_signature = {.r = {FilledPage<0x38, 72>()},
                                .s = {FilledPage<0x39, 72>()}};
  block.author_public_key = {.curve = 3,
                             .qx = {FilledPage<0x3a, 72>()},
                             .qy = {FilledPage<0x3b, 72>()}};
  return block;
}

std::vector<IgvmInitialization> Initializations() {
  return {IgvmGuestPolicy{.policy = 0x30000, .compatibility_mask = 1},
          IgvmRelocatableRegion{.compatibility_mask = 2,
                                .vp_index = 3,
                                .vtl = 2,
                                .flags = 5,
                                .alignment = 0x1000,
                                .gpa = 0x5000,
                                .size_bytes = 0x6000,
                                .minimum_gpa = 0x7000,
                                .maximum_gpa = 0x8000},
          IgvmPageTableRelocation{.compatibility_mask = 2,
                                  .vp_index = 4,
                                  .vtl = 1,
                                  .gpa = 0x9000,
                                  .size_bytes = 0xa000,
                                  .used_size_bytes = 0x3000},
          IgvmCorim{.kind = IgvmCorimKind::kDocument,
                    .compatibility_mask = 1,
                    .contents = {FilledPage<0x21, 100>()}},
          IgvmCorim{.kind = IgvmCorimKind::kSignature,
                    .compatibility_mask = 1,
                    .contents = {FilledPage<0x22, 50>()}},
          IgvmCcaPolicy{.compatibility_mask = 1,
                        .attributes_required_zeroes = 1,
                        .attributes_required_ones = 2,
                        .hash_algorithm = 2,
                        .lfa_policy = 1},
          IgvmUnknown{.type = 0x80000177, .content = {FilledPage<0x23, 5>()}}};
}

}  // namespace

IgvmPageData IgvmPage(uint64_t gpa, ByteSpan contents) {
  return {.gpa = gpa, .compatibility_mask = 1, .contents = {contents}};
}

Igvm SmallIgvm() {
  Igvm igvm;
  igvm.platforms = {
      IgvmPlatform{.compatibility_mask = 1, .type = IgvmPlatformType::kSevSnp}};
  igvm.directives = {IgvmPage(0x1000, FilledPage<1>())};
  return igvm;
}

Igvm EveryIgvmHeader() {
  Igvm igvm;
  igvm.platforms = {
      IgvmPlatform{.compatibility_mask = 1,
                   .highest_vtl = 2,
                   .type = IgvmPlatformType::kSevSnp,
                   .shared_gpa_boundary = uint64_t{1} << 46},
      IgvmPlatform{.compatibility_mask = 2, .type = IgvmPlatformType::kVsm}};
  igvm.initializations = Initializations();
  igvm.directives = {
      IgvmParameterArea{.size_bytes = 0x2000, .index = 9},
      IgvmParameterArea{.size_bytes = 0x1000,
                        .index = 10,
                        .initial_contents = {FilledPage<0x24>()}}};
  constexpr std::array<uint32_t, 10> kParameters = {
      0x307, 0x308, 0x309, 0x30a, 0x30c, 0x30e, 0x30f, 0x310, 0x312, 0x313};
  for (const uint32_t kind : kParameters) {
    igvm.directives.push_back(
        IgvmParameter{.kind = static_cast<IgvmParameterKind>(kind),
                      .area_index = 9,
                      .byte_offset = kind});
  }
  const std::vector<IgvmDirective> rest = {
      IgvmPage(0x20000, FilledPage<0x25>()),
      IgvmPageData{.gpa = 0x21000, .compatibility_mask = 3, .unmeasured = true},
      IgvmPageData{.gpa = 0x22000,
                   .compatibility_mask = 1,
                   .shared = true,
                   .contents = {FilledPage<0x26>()}},
      IgvmPageData{.gpa = 0x23000,
                   .compatibility_mask = 1,
                   .type = IgvmPageType::kCpuidXf},
      IgvmPageData{
          .gpa = 0x400000, .compatibility_mask = 1, .is_2mb_page = true},
      IgvmParameterInsert{
          .gpa = 0x30000, .compatibility_mask = 1, .area_index = 9},
      IgvmVpContext{.gpa = 0xfffffffff000,
                    .compatibility_mask = 1,
                    .vp_index = 6,
                    .contents = {FilledPage<0x27>()}},
      IgvmVpContext{.compatibility_mask = 2, .contents = {Registers()}},
      IgvmRequiredMemory{.gpa = 0x40000,
                         .compatibility_mask = 2,
                         .size_bytes = 0x3000,
                         .vtl2_protectable = true},
      IgvmErrorRange{
          .gpa = 0x50000, .compatibility_mask = 2, .size_bytes = 0x4000},
      IdBlock(),
      IgvmVbsMeasurement{.compatibility_mask = 2,
                         .version = 11,
                         .product_id = 12,
                         .module_id = 13,
                         .security_version = 14,
                         .policy_flags = 15,
                         .boot_digest_algorithm = 1,
                         .signing_algorithm = 1,
                         .boot_measurement_digest = {FilledPage<0x41, 64>()},
                         .signature = {FilledPage<0x42, 256>()},
                         .public_key = {FilledPage<0x43, 512>()}},
      IgvmUnknown{.type = 0x80000399}};
  igvm.directives.insert(igvm.directives.end(), rest.begin(), rest.end());
  return igvm;
}

Bytes PatchIgvm(Bytes file, size_t offset, std::string_view bytes) {
  std::ranges::copy(bytes, file.begin() + static_cast<ptrdiff_t>(offset));
  ByteReader r("patched", file);
  r.Skip("magic, version", 8);
  const size_t headers_at = r.U32Le("variable header offset");
  const size_t headers_bytes = r.U32Le("variable header size");
  std::fill_n(file.begin() + 20, 4, uint8_t{0});
  // Files that are broken otherwise need no checksum.
  if (headers_at + headers_bytes > file.size()) return file;
  const uint32_t crc =
      Crc32Hasher()
          .Update(ByteSpan(file).first(24))
          .Update(ByteSpan(file).subspan(headers_at, headers_bytes))
          .value();
  ByteWriter w;
  w.U32Le(crc);
  std::ranges::copy(w.bytes(), file.begin() + 20);
  return file;
}

std::string WriteIgvmRefusal(const Igvm& igvm) {
  const auto file = WriteIgvm(igvm);
  return file ? "accepted" : file.error().ToString();
}

}  // namespace tally::test
