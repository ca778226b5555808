#include "formats/snp_certificate_table.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/text.h"
#include "formats/uuid.h"

namespace tally {
namespace {

constexpr size_t kCertificateEntryBytes = 24;
constexpr size_t kMaxEntries = 32;

struct KindRow {
  SnpCertificateKind kind;
  std::string_view name;
  std::string_view guid;
};
// AMD 56421, table of GUIDs; google/go-sev-guest abi/abi.go, and for CRL
// virtee/sev src/firmware/host/types/snp.rs. In the byte order of RFC 4122, not
// of UEFI.
constexpr std::array<KindRow, 5> kKinds = {{
    {SnpCertificateKind::kVcek, "VCEK", "63da758d-e664-4564-adc5-f4b93be8accd"},
    {SnpCertificateKind::kVlek, "VLEK", "a8074bc2-a25a-483e-aae6-39c045a0b8a1"},
    {SnpCertificateKind::kAsk, "ASK", "4ab7b379-bbac-4fe4-a02f-05aef327c782"},
    {SnpCertificateKind::kArk, "ARK", "c0b406a4-a803-4952-9743-3fb6014cd0ae"},
    {SnpCertificateKind::kCrl, "CRL", "92f81bc3-5811-4d3d-97ff-d19f88dc67ea"},
}};

SnpCertificateKind KindOf(std::string_view guid) {
  const auto* found = std::ranges::find(kKinds, guid, &KindRow::guid);
  return found == kKinds.end() ? SnpCertificateKind::kOther : found->kind;
}

bool IsEnd(ByteSpan entry) {
  return std::ranges::all_of(entry, [](uint8_t byte) { return byte == 0; });
}

struct CertificateRow {
  std::string guid;
  uint64_t offset = 0;
  uint64_t length = 0;
};

// ReadRows returns the rows before the end, and where the table ends.
Result<std::vector<CertificateRow>> ReadRows(ByteSpan bytes,
                                             uint64_t& table_bytes) {
  ByteReader r("snp certificate table", bytes);
  std::vector<CertificateRow> rows;
  while (true) {
    const ByteSpan entry = r.Take("entry", kCertificateEntryBytes);
    TALLY_TRY(r.status());
    if (IsEnd(entry)) break;
    if (rows.size() == kMaxEntries) {
      return InputError("snp certificate table: more than " +
                        std::to_string(kMaxEntries) + " entries");
    }
    ByteReader fields("snp certificate table entry", entry);
    CertificateRow row;
    row.guid = FormatUuid({fields.Array<16>("guid")});
    row.offset = fields.U32Le("offset");
    row.length = fields.U32Le("length");
    rows.push_back(std::move(row));
  }
  table_bytes = r.offset();
  return rows;
}

}  // namespace

std::string_view SnpCertificateKindName(SnpCertificateKind kind) {
  const auto* found = std::ranges::find(kKinds, kind, &KindRow::kind);
  return found == kKinds.end() ? "other" : found->name;
}

bool LooksLikeSnpCertificateTable(ByteSpan bytes) {
  if (bytes.size() < kCertificateEntryBytes) return false;
  const ByteSpan first = bytes.first(kCertificateEntryBytes);
  if (IsEnd(first)) return true;
  Uuid guid;
  std::copy_n(first.begin(), guid.bytes.size(), guid.bytes.begin());
  return KindOf(FormatUuid(guid)) != SnpCertificateKind::kOther;
}

Result<std::vector<SnpCertificateEntry>> ParseSnpCertificateTable(
    ByteSpan bytes) {
  uint64_t table_bytes = 0;
  TALLY_ASSIGN(const std::vector<CertificateRow> rows,
               ReadRows(bytes, table_bytes));
  std::vector<SnpCertificateEntry> entries;
  uint64_t end = table_bytes;
  for (const CertificateRow& row : rows) {
    if (row.offset < table_bytes || row.offset + row.length > bytes.size()) {
      return InputError("snp certificate table: " + row.guid + " is at " +
                        HexNumber(row.offset) + " with " +
                        std::to_string(row.length) + " bytes, expected " +
                        HexNumber(table_bytes) + " to " +
                        HexNumber(bytes.size()));
    }
    end = std::max(end, row.offset + row.length);
    entries.push_back({.kind = KindOf(row.guid),
                       .guid = row.guid,
                       .offset = row.offset,
                       .contents = bytes.subspan(row.offset, row.length)});
  }
  ByteReader behind("snp certificate table", bytes);
  behind.Skip("contents", end);
  behind.Zeros("padding", bytes.size() - end);
  TALLY_TRY(behind.Finish());
  return entries;
}

Bytes EncodeSnpCertificateTable(
    const std::vector<SnpCertificateEntry>& entries) {
  ByteWriter w;
  uint64_t offset = (entries.size() + 1) * kCertificateEntryBytes;
  for (const SnpCertificateEntry& entry : entries) {
    const auto* known = std::ranges::find(kKinds, entry.kind, &KindRow::kind);
    const auto guid = ParseUuid(
        known == kKinds.end() ? std::string_view(entry.guid) : known->guid);
    TALLY_CHECK(guid);
    w.Raw(guid->bytes)
        .U32Le(static_cast<uint32_t>(offset))
        .U32Le(static_cast<uint32_t>(entry.contents.size()));
    offset += entry.contents.size();
  }
  w.Zeros(kCertificateEntryBytes);
  for (const SnpCertificateEntry& entry : entries) w.Raw(entry.contents);
  return std::move(w).Take();
}

}  // namespace tally
