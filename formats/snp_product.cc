#include "formats/snp_product.h"

#include <algorithm>

namespace tally {
namespace {

struct ProductName {
  SnpProduct product;
  std::string_view name;
};
constexpr std::array<ProductName, 3> kProducts = {
    {{SnpProduct::kMilan, "Milan"},
     {SnpProduct::kGenoa, "Genoa"},
     {SnpProduct::kTurin, "Turin"}}};

struct CpuidRow {
  uint8_t family;
  uint8_t first_model;
  uint8_t last_model;
  SnpProduct product;
};
// virtee/sev 9cf2adb, src/lib.rs, Generation::identify_cpu.
constexpr std::array<CpuidRow, 4> kCpuids = {
    {{0x19, 0x00, 0x0f, SnpProduct::kMilan},
     {0x19, 0x10, 0x1f, SnpProduct::kGenoa},
     {0x19, 0xa0, 0xaf, SnpProduct::kGenoa},
     {0x1a, 0x00, 0x11, SnpProduct::kTurin}}};

// AMD 57230, extensions of a VCEK certificate: 1.3.6.1.4.1.3704.1.3.
constexpr SnpTcbPart kBootloader = {"bootloader", false,
                                    "1.3.6.1.4.1.3704.1.3.1"};
constexpr SnpTcbPart kTee = {"tee", false, "1.3.6.1.4.1.3704.1.3.2"};
constexpr SnpTcbPart kSnp = {"snp", false, "1.3.6.1.4.1.3704.1.3.3"};
constexpr SnpTcbPart kSpl4 = {"spl4", true, "1.3.6.1.4.1.3704.1.3.4"};
constexpr SnpTcbPart kSpl5 = {"spl5", true, "1.3.6.1.4.1.3704.1.3.5"};
constexpr SnpTcbPart kSpl6 = {"spl6", true, "1.3.6.1.4.1.3704.1.3.6"};
constexpr SnpTcbPart kSpl7 = {"spl7", true, "1.3.6.1.4.1.3704.1.3.7"};
constexpr SnpTcbPart kMicrocode = {"microcode", false,
                                   "1.3.6.1.4.1.3704.1.3.8"};
constexpr SnpTcbPart kFmc = {"fmc", false, "1.3.6.1.4.1.3704.1.3.9"};

// google/go-sev-guest af1c107, kds/kds.go, Compose and Decompose.
constexpr std::array<SnpTcbPart, 8> kMilanLayout = {
    kBootloader, kTee, kSpl4, kSpl5, kSpl6, kSpl7, kSnp, kMicrocode};
constexpr std::array<SnpTcbPart, 8> kTurinLayout = {
    kFmc, kBootloader, kTee, kSnp, kSpl5, kSpl6, kSpl7, kMicrocode};

}  // namespace

std::string_view SnpProductName(SnpProduct product) {
  return std::ranges::find(kProducts, product, &ProductName::product)->name;
}

std::optional<SnpProduct> FindSnpProduct(std::string_view name) {
  const auto* found = std::ranges::find(kProducts, name, &ProductName::name);
  if (found == kProducts.end()) return std::nullopt;
  return found->product;
}

std::optional<SnpProduct> SnpProductOf(uint8_t family, uint8_t model) {
  const auto* found = std::ranges::find_if(kCpuids, [&](const CpuidRow& row) {
    return row.family == family && row.first_model <= model &&
           model <= row.last_model;
  });
  if (found == kCpuids.end()) return std::nullopt;
  return found->product;
}

const std::array<SnpTcbPart, 8>& SnpTcbLayout(SnpProduct product) {
  return product == SnpProduct::kTurin ? kTurinLayout : kMilanLayout;
}

std::string SnpTcbText(const SnpTcb& tcb, SnpProduct product) {
  const std::array<SnpTcbPart, 8>& layout = SnpTcbLayout(product);
  std::string text;
  for (size_t i = 0; i < tcb.size(); ++i) {
    if (layout[i].is_reserved) continue;
    if (!text.empty()) text += ' ';
    text += std::string(layout[i].name) + " " + std::to_string(tcb[i]);
  }
  return text;
}

}  // namespace tally
