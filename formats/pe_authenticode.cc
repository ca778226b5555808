#include <algorithm>

#include "common/text.h"
#include "formats/pe.h"
#include "formats/pe_layout.h"

namespace tally {
namespace {

// HashedRanges returns what the digest covers, in order. EDK2 counts the bytes
// that it has hashed and takes what follows in the file for trailing data; with
// sections apart and behind the headers that is what follows the last section
// only if there are no gaps, so count as it does.
std::vector<ByteSpan> HashedRanges(const Pe& pe) {
  const auto range = [&pe](uint64_t begin, uint64_t end) {
    return pe.bytes.subspan(begin, end - begin);
  };
  std::vector<ByteSpan> ranges = {range(0, pe.checksum_offset)};
  const uint64_t after_checksum = pe.checksum_offset + 4;
  if (pe.security_entry_offset == 0) {
    ranges.push_back(range(after_checksum, pe.size_of_headers));
  } else {
    ranges.push_back(range(after_checksum, pe.security_entry_offset));
    ranges.push_back(range(pe.security_entry_offset + 8, pe.size_of_headers));
  }
  std::vector<PeSection> sections = pe.sections;
  std::erase_if(sections, [](const PeSection& s) { return s.raw_size == 0; });
  std::ranges::stable_sort(sections, {}, &PeSection::raw_offset);
  uint64_t num_hashed = pe.size_of_headers;
  for (const PeSection& section : sections) {
    ranges.push_back(pe.bytes.subspan(section.raw_offset, section.raw_size));
    num_hashed += section.raw_size;
  }
  if (pe.certificates_offset > num_hashed) {
    ranges.push_back(range(num_hashed, pe.certificates_offset));
  }
  return ranges;
}

// SetCertificateTable returns the bytes with another entry for it.
void SetCertificateTable(uint64_t entry_offset, uint64_t begin, uint64_t size,
                         Bytes* file) {
  ByteWriter entry;
  entry.U32Le(static_cast<uint32_t>(begin)).U32Le(static_cast<uint32_t>(size));
  std::ranges::copy(entry.bytes(),
                    file->begin() + static_cast<ptrdiff_t>(entry_offset));
}

}  // namespace

BankDigests PeImageDigests(const Pe& pe,
                           std::span<const HashAlgorithm> algorithms,
                           PePadding padding) {
  BanksHasher hasher(algorithms);
  for (const ByteSpan range : HashedRanges(pe)) hasher.Update(range);
  if (padding == PePadding::kAsSigned) {
    const uint64_t size = pe.certificates_offset;
    hasher.Update(Bytes(AlignUp(size, 8) - size));
  }
  return hasher.Finish();
}

Bytes PeImageDigest(const Pe& pe, HashAlgorithm algorithm, PePadding padding) {
  const HashAlgorithm algorithms[] = {algorithm};
  return PeImageDigests(pe, algorithms, padding).at(algorithm);
}

Result<Bytes> AttachPeCertificate(ByteSpan file, ByteSpan pkcs7) {
  TALLY_ASSIGN(const Pe pe, ParsePe(file));
  if (pe.security_entry_offset == 0) {
    return InputError(
        "PE: found no data directory for certificates in the header, expected "
        "one");
  }
  if (file.size() % 8 != 0) {
    return InputError("PE: found a file of " + std::to_string(file.size()) +
                      " bytes, expected a multiple of 8: a signature covers "
                      "the padding");
  }
  const uint64_t size = kPeCertificateHeaderBytes + pkcs7.size();
  const uint64_t end = file.size() + AlignUp(size, 8);
  if (end > UINT32_MAX) {
    return InputError("PE: found " + std::to_string(end) +
                      " bytes with the certificate, expected less than 4 GiB");
  }
  ByteWriter writer;
  writer.Raw(file);
  writer.U32Le(static_cast<uint32_t>(size));
  writer.U16Le(kPeCertificateRevision2).U16Le(kPeCertificatePkcs7);
  writer.Raw(pkcs7).ZerosUntil(end);
  Bytes signed_file = std::move(writer).Take();
  SetCertificateTable(pe.security_entry_offset, pe.certificates_offset,
                      end - pe.certificates_offset, &signed_file);
  return signed_file;
}

Result<Bytes> DetachPeCertificates(ByteSpan file) {
  TALLY_ASSIGN(const Pe pe, ParsePe(file));
  Bytes bare = ToBytes(file.first(pe.certificates_offset));
  if (pe.security_entry_offset != 0) {
    SetCertificateTable(pe.security_entry_offset, 0, 0, &bare);
  }
  return bare;
}

}  // namespace tally
