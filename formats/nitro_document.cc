// Sources: aws-nitro-enclaves-nsm-api, commit 13464bfd,
// docs/attestation_process.md, sections 2.2 (fields), 3.1 (COSE_Sign1) and
// 3.2.2 (limits); dstack, dstack/dstack-attest/src/attestation.rs,
// VersionedAttestation, as parity-scale-codec writes it.
#include "formats/nitro_document.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "formats/cbor_fields.h"

namespace tally {
namespace {

constexpr std::string_view kNitroDocument = "nitro document";

// attestation_process.md, section 3.1.
constexpr uint64_t kMaxPayloadBytes = 16384;
// Section 3.2.2.2.
constexpr uint64_t kNumPcrs = 32;
constexpr uint64_t kMaxCertificateBytes = 1024;
constexpr uint64_t kMaxPublicKeyBytes = 1024;
constexpr uint64_t kMaxUserDataBytes = 512;
constexpr uint64_t kMaxNonceBytes = 512;
// The last millisecond of the year 9999.
constexpr uint64_t kMaxTimestampMs = 253402300799999;
// Not in the document: a bundle has four certificates.
constexpr size_t kMaxCabundle = 16;

// dstack: version 0, then the third kind of quote.
constexpr uint8_t kWrapperVersion = 0;
constexpr uint8_t kWrapperNitroEnclave = 2;
// SCALE, compact integers: the two low bits say how many bytes; 1 stands for
// two. A document has between 64 and 16383 bytes, so it is always two.
constexpr uint16_t kCompactTwoBytes = 1;
constexpr uint64_t kWrapperPrefixBytes = 4;

// The first bytes of a COSE_Sign1 whose protected header is {alg: ES384}, as
// RFC 9052 and section 3.1 write it, with and without the tag.
constexpr uint8_t kTagByte = 0xd2;
constexpr std::array<uint8_t, 7> kSign1Start = {0x84, 0x44, 0xa1, 0x01,
                                                0x38, 0x22, 0xa0};

bool StartsSign1(ByteSpan bytes) {
  if (!bytes.empty() && bytes[0] == kTagByte) bytes = bytes.subspan(1);
  return bytes.size() > kSign1Start.size() &&
         std::equal(kSign1Start.begin(), kSign1Start.end(), bytes.begin()) &&
         bytes[kSign1Start.size()] == 0x59;  // a byte string of 256 and more
}

bool IsWrapped(ByteSpan bytes) {
  return bytes.size() > kWrapperPrefixBytes && bytes[0] == kWrapperVersion &&
         bytes[1] == kWrapperNitroEnclave &&
         (bytes[2] & 3) == kCompactTwoBytes &&
         StartsSign1(bytes.subspan(kWrapperPrefixBytes));
}

// Unwrap returns the document, and says what stands around it.
Result<ByteSpan> Unwrap(ByteSpan bytes, std::optional<NitroWrapper>& wrapper) {
  if (!IsWrapped(bytes)) return bytes;
  ByteReader r("dstack attestation", bytes);
  r.Skip("version", 1);
  r.Skip("quote", 1);
  const uint16_t compact = r.U16Le("size");
  const ByteSpan document = r.Take("nsm quote", compact >> 2);
  TALLY_TRY(r.status());
  wrapper = NitroWrapper{.prefix_bytes = kWrapperPrefixBytes,
                         .suffix_bytes = r.remaining()};
  return document;
}

void ReadPcrs(CborFields& fields, NitroDocument& document) {
  constexpr CborLabel kPcrs("pcrs");
  const CborItem* pcrs = fields.Get(kPcrs, CborType::kMap);
  if (pcrs == nullptr) return;
  if (pcrs->items.empty()) fields.Fail(kPcrs, *pcrs, "found no PCR");
  for (size_t i = 0; i < pcrs->items.size() && fields.ok(); i += 2) {
    const CborItem& index = pcrs->items[i];
    const CborItem& value = pcrs->items[i + 1];
    if (index.type != CborType::kUnsigned || index.number >= kNumPcrs) {
      fields.Fail(kPcrs, index,
                  "found the index " + FormatCborKey(index) +
                      ", expected 0 to " + std::to_string(kNumPcrs - 1));
    }
    fields.Check(CheckCborDigest(
        kNitroDocument, "pcrs/" + std::to_string(index.number), value));
    document.pcrs[index.number] = value.bytes;
  }
}

void ReadCabundle(CborFields& fields, NitroDocument& document) {
  constexpr CborLabel kCabundle("cabundle");
  const CborItem* bundle = fields.Get(kCabundle, CborType::kArray);
  if (bundle == nullptr) return;
  if (bundle->items.empty() || bundle->items.size() > kMaxCabundle) {
    fields.Fail(kCabundle, *bundle,
                "found " + std::to_string(bundle->items.size()) +
                    " certificates, expected 1 to " +
                    std::to_string(kMaxCabundle));
  }
  for (const CborItem& item : bundle->items) {
    const size_t size = item.bytes.size();
    if (item.type != CborType::kBytes || size < 1 ||
        size > kMaxCertificateBytes) {
      fields.Fail(kCabundle, item,
                  "found " + std::string(CborTypeName(item.type)) + " of " +
                      std::to_string(size) +
                      " bytes, expected a byte string of 1 to " +
                      std::to_string(kMaxCertificateBytes));
    }
    document.cabundle.push_back(item.bytes);
  }
}

// ReadOptional: the specification says that no field is null, and real
// documents have null where the enclave gave nothing.
std::optional<ByteSpan> ReadOptional(CborFields& fields, const char* name,
                                     uint64_t min, uint64_t max) {
  if (!fields.Has(name)) return std::nullopt;
  return fields.Bytes(name, min, max);
}

Status ReadPayload(NitroDocument& document) {
  CborFields fields(kNitroDocument, document.payload);
  document.module_id = fields.Text("module_id");
  if (document.module_id.empty()) {
    fields.Fail("module_id", document.payload, "is empty");
  }
  const std::string_view digest = fields.Text("digest");
  if (digest != "SHA384") {
    fields.Fail("digest", document.payload,
                "found " + Quote(digest) + ", expected 'SHA384'");
  }
  document.timestamp_ms = fields.Unsigned("timestamp", kMaxTimestampMs);
  if (document.timestamp_ms == 0) {
    fields.Fail("timestamp", document.payload, "found 0");
  }
  ReadPcrs(fields, document);
  document.certificate = fields.Bytes("certificate", 1, kMaxCertificateBytes);
  ReadCabundle(fields, document);
  document.public_key =
      ReadOptional(fields, "public_key", 1, kMaxPublicKeyBytes);
  document.user_data = ReadOptional(fields, "user_data", 0, kMaxUserDataBytes);
  document.nonce = ReadOptional(fields, "nonce", 0, kMaxNonceBytes);
  return fields.Finish();
}

}  // namespace

bool LooksLikeNitroDocument(ByteSpan bytes) {
  return StartsSign1(bytes) || IsWrapped(bytes);
}

Result<NitroDocument> ParseNitroDocument(ByteSpan bytes) {
  NitroDocument document;
  TALLY_ASSIGN(const ByteSpan inner, Unwrap(bytes, document.wrapper));
  const uint64_t offset =
      document.wrapper ? document.wrapper->prefix_bytes : uint64_t{0};
  TALLY_ASSIGN(document.sign1, ParseCoseSign1(kNitroDocument, inner, offset));
  if (document.sign1.algorithm != CoseAlgorithm::kEs384) {
    return InputError("nitro document: found the algorithm " +
                      std::string(CoseAlgorithmName(document.sign1.algorithm)) +
                      ", expected ES384");
  }
  if (!document.sign1.unprotected_header().items.empty()) {
    return InputError(
        "nitro document: found an unprotected header, expected none");
  }
  const ByteSpan payload = document.sign1.payload();
  if (payload.size() > kMaxPayloadBytes) {
    return InputError(
        "nitro document: found a payload of " + std::to_string(payload.size()) +
        " bytes, expected at most " + std::to_string(kMaxPayloadBytes));
  }
  // The Nitro hypervisor of today writes a map of indefinite length.
  TALLY_ASSIGN(document.payload,
               ParseCbor(kNitroDocument, payload,
                         {.lengths = CborLengths::kDefiniteOrNot},
                         document.sign1.payload_offset()));
  TALLY_TRY(ReadPayload(document));
  return document;
}

}  // namespace tally
