// Event logs for tests, byte for byte as the profile says.
#pragma once

#include <string_view>

#include "common/bytes.h"

namespace tally::test {

// Sha1LogEvent is one TCG_PCClientPCREvent.
inline Bytes Sha1LogEvent(uint32_t pcr, uint32_t type, uint8_t digest_byte,
                          std::string_view data) {
  ByteWriter w;
  w.U32Le(pcr).U32Le(type);
  for (int i = 0; i < 20; ++i) w.U8(digest_byte);
  w.U32Le(static_cast<uint32_t>(data.size())).Text(data);
  return std::move(w).Take();
}

struct LogBank {
  uint16_t id = 0;
  uint16_t size_bytes = 0;
};

inline constexpr LogBank kSha1Bank = {0x4, 20};
inline constexpr LogBank kSha256Bank = {0xb, 32};
inline constexpr LogBank kSha384Bank = {0xc, 48};

// SpecIdLogEvent is the header of a log with these banks.
inline Bytes SpecIdLogEvent(std::initializer_list<LogBank> banks,
                            std::string_view vendor_info = "") {
  ByteWriter data;
  data.Text(std::string_view("Spec ID Event03\0", 16)).U32Le(0);
  data.U8(0).U8(2).U8(0).U8(2).U32Le(static_cast<uint32_t>(banks.size()));
  for (const LogBank& bank : banks) data.U16Le(bank.id).U16Le(bank.size_bytes);
  data.U8(static_cast<uint8_t>(vendor_info.size())).Text(vendor_info);
  return Sha1LogEvent(0, 3, 0, AsText(data.bytes()));
}

// LogEvent2 is one TCG_PCR_EVENT2; each digest is one byte, repeated.
inline Bytes LogEvent2(uint32_t pcr, uint32_t type,
                       std::initializer_list<LogBank> banks,
                       uint8_t digest_byte, std::string_view data) {
  ByteWriter w;
  w.U32Le(pcr).U32Le(type).U32Le(static_cast<uint32_t>(banks.size()));
  for (const LogBank& bank : banks) {
    w.U16Le(bank.id);
    for (int i = 0; i < bank.size_bytes; ++i) w.U8(digest_byte);
  }
  w.U32Le(static_cast<uint32_t>(data.size())).Text(data);
  return std::move(w).Take();
}

inline Bytes Joined(std::initializer_list<Bytes> parts) {
  ByteWriter w;
  for (const Bytes& part : parts) w.Raw(part);
  return std::move(w).Take();
}

}  // namespace tally::test
