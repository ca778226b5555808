// The certificates that a host hands to its guests along with a report.
//
// Follows AMD 56421 (SEV-ES Guest-Hypervisor Communication Block
// Standardization), "SNP Extended Guest Request": a table of GUIDs, offsets and
// lengths that ends with an entry of zeros, and what it points to. Nobody signs
// the table. See docs/formats/snp-report.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

enum class SnpCertificateKind { kVcek, kVlek, kAsk, kArk, kCrl, kOther };

// SnpCertificateKindName returns "VCEK", "VLEK", "ASK", "ARK", "CRL" or
// "other".
std::string_view SnpCertificateKindName(SnpCertificateKind kind);

struct SnpCertificateEntry {
  SnpCertificateKind kind = SnpCertificateKind::kOther;
  std::string guid;     // lower case
  uint64_t offset = 0;  // of the contents, in the table's bytes
  // DER by the specification, PEM on some hosts.
  ByteSpan contents;
};

// LooksLikeSnpCertificateTable says whether `bytes` begin with an entry of a
// kind that is known, or with the end of a table.
bool LooksLikeSnpCertificateTable(ByteSpan bytes);

// ParseSnpCertificateTable refuses tables without an end, of more than 32
// entries, and entries that are outside of the bytes or inside the table
// itself, and bytes other than zero behind all contents: hosts fill whole
// pages. The bytes must outlive the result.
Result<std::vector<SnpCertificateEntry>> ParseSnpCertificateTable(
    ByteSpan bytes);

// EncodeSnpCertificateTable writes the entries' contents one after the other.
Bytes EncodeSnpCertificateTable(
    const std::vector<SnpCertificateEntry>& entries);

}  // namespace tally
