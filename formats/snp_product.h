// The lines of AMD processors with SEV-SNP, and how each lays out a TCB
// version.
//
// Sources: AMD 56860 (SEV-SNP Firmware ABI), "TCB Version"; AMD 57230 (VCEK
// Certificate and KDS Interface), tables of extensions; virtee/sev
// src/lib.rs (CPUID), src/firmware/host/types/snp.rs and google/go-sev-guest
// kds/kds.go (layouts). See docs/formats/snp-report.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace tally {

// SnpProduct is a line that has a root key of its own. Bergamo and Siena belong
// to Genoa.
enum class SnpProduct { kMilan, kGenoa, kTurin };

// SnpProductName returns "Milan", "Genoa" or "Turin".
std::string_view SnpProductName(SnpProduct product);
// FindSnpProduct accepts those names.
std::optional<SnpProduct> FindSnpProduct(std::string_view name);

// SnpProductOf returns the line of a CPUID family and model, both combined with
// their extended fields; nothing if it is none of them.
std::optional<SnpProduct> SnpProductOf(uint8_t family, uint8_t model);

// SnpTcb is a TCB version as it is in reports: eight security version numbers,
// in an order that depends on the product.
using SnpTcb = std::array<uint8_t, 8>;

// SnpTcbPart is the meaning of one byte of a TCB version.
struct SnpTcbPart {
  std::string_view name;  // "bootloader"; "spl4" and so on for reserved ones
  bool is_reserved = false;
  // Of the extension that says the same in a VCEK or VLEK certificate.
  std::string_view oid;
};

// SnpTcbLayout returns the parts in the order of the bytes.
const std::array<SnpTcbPart, 8>& SnpTcbLayout(SnpProduct product);

// SnpTcbText returns "bootloader 3 tee 0 snp 8 microcode 115", without reserved
// parts.
std::string SnpTcbText(const SnpTcb& tcb, SnpProduct product);

}  // namespace tally
