#include "formats/pck_extension.h"

#include <algorithm>
#include <string>

#include "common/text.h"

namespace tally {
namespace {

// X.690, section 8.1.2, universal class.
enum class DerTag : uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kOctetString = 0x04,
  kObjectIdentifier = 0x06,
  kEnumerated = 0x0a,
  kSequence = 0x30,  // constructed
};

// 1.2.840.113741.1.13.1, encoded; the fields have one or two arcs more.
constexpr std::array<uint8_t, 9> kSgxArc = {0x2a, 0x86, 0x48, 0x86, 0xf8,
                                            0x4d, 0x01, 0x0d, 0x01};

// ReadTlv reads one value and returns a reader of its contents.
ByteReader ReadTlv(ByteReader& r, std::string_view field, DerTag tag) {
  const uint8_t found = r.U8(field);
  if (found != static_cast<uint8_t>(tag)) {
    r.Fail(field, "found DER tag " + HexNumber(found) + ", expected " +
                      HexNumber(static_cast<uint8_t>(tag)));
  }
  uint64_t size_bytes = r.U8(field);
  if (size_bytes >= 0x80) {
    // An extension of 64 KiB would not fit a certificate that is accepted.
    const uint64_t form = size_bytes;
    size_bytes = form == 0x81 ? r.U8(field) : r.U16Be(field);
    if (form > 0x82 || size_bytes < (form == 0x81 ? 0x80u : 0x100u)) {
      r.Fail(field, "length not in its shortest form");
    }
  }
  return r.Sub(field, size_bytes);
}

// ReadNumber reads an unsigned INTEGER or ENUMERATED of at most two bytes.
uint16_t ReadNumber(ByteReader& r, std::string_view field, DerTag tag,
                    uint16_t max) {
  ByteReader contents = ReadTlv(r, field, tag);
  const uint64_t size_bytes = contents.remaining();
  uint32_t value = 0;
  if (r.ok() && (size_bytes == 0 || size_bytes > 3)) {
    r.Fail(field, "found an integer of " + std::to_string(size_bytes) +
                      " bytes, expected 1 to 3");
    return 0;
  }
  uint8_t first = 0;
  for (uint64_t i = 0; i < size_bytes; ++i) {
    const uint8_t byte = contents.U8(field);
    if (i == 0) first = byte;
    if (i == 1 && first == 0 && byte < 0x80) {
      r.Fail(field, "integer not in its shortest form");
    }
    value = (value << 8) | byte;
  }
  if (first >= 0x80) r.Fail(field, "found a negative integer");
  return static_cast<uint16_t>(r.Count(field, value, max));
}

template <size_t N>
std::array<uint8_t, N> ReadOctets(ByteReader& r, std::string_view field) {
  ByteReader contents = ReadTlv(r, field, DerTag::kOctetString);
  if (r.ok() && contents.remaining() != N) {
    r.Fail(field, "found " + std::to_string(contents.remaining()) +
                      " bytes, expected " + std::to_string(N));
  }
  return contents.Array<N>(field);
}

bool ReadBoolean(ByteReader& r, std::string_view field) {
  ByteReader contents = ReadTlv(r, field, DerTag::kBoolean);
  const uint64_t size_bytes = contents.remaining();
  const uint8_t value = contents.U8(field);
  if (r.ok() && (size_bytes != 1 || (value != 0x00 && value != 0xff))) {
    r.Fail(field, "not a DER boolean");
  }
  return value == 0xff;
}

// ReadField opens the next SEQUENCE { id, value } and expects that id: the
// extension's own with `arcs` behind it. The value is left in the reader.
ByteReader ReadField(ByteReader& r, std::string_view field,
                     std::initializer_list<uint8_t> arcs) {
  ByteReader entry = ReadTlv(r, field, DerTag::kSequence);
  ByteReader id = ReadTlv(entry, field, DerTag::kObjectIdentifier);
  const ByteSpan found = id.Take(field, id.remaining());
  Bytes expected(kSgxArc.begin(), kSgxArc.end());
  expected.insert(expected.end(), arcs.begin(), arcs.end());
  if (entry.ok() && !std::ranges::equal(found, expected)) {
    entry.Fail(field, "found object identifier " + Hex(found) + ", expected " +
                          Hex(expected));
  }
  return entry;
}

Status ReadTcb(ByteReader& r, PckExtension* extension) {
  ByteReader entry = ReadField(r, "tcb", {2});
  ByteReader tcb = ReadTlv(entry, "tcb", DerTag::kSequence);
  TALLY_TRY(entry.Finish());
  for (uint8_t i = 0; i < 16; ++i) {
    ByteReader component =
        ReadField(tcb, "sgx tcb comp svn", {2, static_cast<uint8_t>(i + 1)});
    extension->sgx_tcb_comp_svn[i] = static_cast<uint8_t>(
        ReadNumber(component, "sgx tcb comp svn", DerTag::kInteger, 0xff));
    TALLY_TRY(component.Finish());
  }
  ByteReader pcesvn = ReadField(tcb, "pcesvn", {2, 17});
  extension->pcesvn = ReadNumber(pcesvn, "pcesvn", DerTag::kInteger, 0xffff);
  TALLY_TRY(pcesvn.Finish());
  ByteReader cpusvn = ReadField(tcb, "cpusvn", {2, 18});
  extension->cpusvn = ReadOctets<16>(cpusvn, "cpusvn");
  TALLY_TRY(cpusvn.Finish());
  return tcb.Finish();
}

Status ReadFlag(ByteReader& r, std::string_view field, uint8_t arc,
                std::optional<bool>* flag) {
  if (r.ok() && r.remaining() == 0) return Ok();
  ByteReader entry = ReadField(r, field, {7, arc});
  *flag = ReadBoolean(entry, field);
  return entry.Finish();
}

Status ReadConfiguration(ByteReader& r, PckExtension* extension) {
  ByteReader entry = ReadField(r, "configuration", {7});
  ByteReader flags = ReadTlv(entry, "configuration", DerTag::kSequence);
  TALLY_TRY(entry.Finish());
  PckConfiguration& found = extension->configuration.emplace();
  TALLY_TRY(ReadFlag(flags, "dynamic platform", 1, &found.dynamic_platform));
  TALLY_TRY(ReadFlag(flags, "cached keys", 2, &found.cached_keys));
  TALLY_TRY(ReadFlag(flags, "smt enabled", 3, &found.smt_enabled));
  return flags.Finish();
}

}  // namespace

Result<PckExtension> ParsePckExtension(ByteSpan der) {
  PckExtension extension;
  ByteReader file("pck extension", der);
  ByteReader r = ReadTlv(file, "sgx extensions", DerTag::kSequence);
  TALLY_TRY(file.Finish());

  ByteReader ppid = ReadField(r, "ppid", {1});
  extension.ppid = ReadOctets<16>(ppid, "ppid");
  TALLY_TRY(ppid.Finish());
  TALLY_TRY(ReadTcb(r, &extension));
  ByteReader pceid = ReadField(r, "pce-id", {3});
  extension.pceid = ReadOctets<2>(pceid, "pce-id");
  TALLY_TRY(pceid.Finish());
  ByteReader fmspc = ReadField(r, "fmspc", {4});
  extension.fmspc = ReadOctets<6>(fmspc, "fmspc");
  TALLY_TRY(fmspc.Finish());
  ByteReader type = ReadField(r, "sgx type", {5});
  extension.sgx_type = static_cast<PckSgxType>(
      ReadNumber(type, "sgx type", DerTag::kEnumerated, 2));
  TALLY_TRY(type.Finish());
  if (r.remaining() == 0) return extension;

  ByteReader instance = ReadField(r, "platform instance id", {6});
  extension.platform_instance_id =
      ReadOctets<16>(instance, "platform instance id");
  TALLY_TRY(instance.Finish());
  if (r.remaining() != 0) TALLY_TRY(ReadConfiguration(r, &extension));
  TALLY_TRY(r.Finish());
  return extension;
}

}  // namespace tally
