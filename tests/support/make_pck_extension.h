// SGX extensions of PCK certificates for tests, field by field.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "common/bytes.h"
#include "tests/support/make_dcap_quote.h"

namespace tally::test {

// Der returns a value with its tag and length.
inline Bytes Der(uint8_t tag, const Bytes& contents) {
  ByteWriter w;
  w.U8(tag);
  if (contents.size() >= 0x100) {
    w.U8(0x82).U16Be(static_cast<uint16_t>(contents.size()));
  } else if (contents.size() >= 0x80) {
    w.U8(0x81).U8(static_cast<uint8_t>(contents.size()));
  } else {
    w.U8(static_cast<uint8_t>(contents.size()));
  }
  w.Raw(contents);
  return std::move(w).Take();
}

// PckEntry returns SEQUENCE { 1.2.840.113741.1.13.1 and `arcs`, value }.
inline Bytes PckEntry(std::initializer_list<uint8_t> arcs, const Bytes& value) {
  Bytes oid = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
  oid.insert(oid.end(), arcs.begin(), arcs.end());
  ByteWriter w;
  w.Raw(Der(0x06, oid)).Raw(value);
  return Der(0x30, w.bytes());
}

// Values with their tags. Empty ones are left out, with their entries.
struct TestPckExtension {
  Bytes ppid = Der(0x04, Counting(16, 0x10));
  Bytes first_component = Der(0x02, {1});
  uint8_t pceid_arc = 3;
  Bytes fmspc = Der(0x04, Counting(6, 0x40));
  Bytes sgx_type = Der(0x0a, {1});
  Bytes platform_instance_id = Der(0x04, Counting(16, 0x50));
  Bytes configuration = [] {
    ByteWriter w;
    w.Raw(PckEntry({7, 1}, Der(0x01, {0xff})));
    w.Raw(PckEntry({7, 2}, Der(0x01, {0x00})));
    w.Raw(PckEntry({7, 3}, Der(0x01, {0xff})));
    return Der(0x30, w.bytes());
  }();
  Bytes after;
};

inline Bytes MakePckExtension(const TestPckExtension& extension) {
  ByteWriter tcb;
  tcb.Raw(PckEntry({2, 1}, extension.first_component));
  for (uint8_t i = 2; i <= 15; ++i) {
    tcb.Raw(PckEntry({2, i}, Der(0x02, {i})));
  }
  tcb.Raw(PckEntry({2, 16}, Der(0x02, {0x00, 0xff})));
  tcb.Raw(PckEntry({2, 17}, Der(0x02, {0x00, 0x80, 0x01})));
  tcb.Raw(PckEntry({2, 18}, Der(0x04, Counting(16, 0x20))));
  ByteWriter w;
  w.Raw(PckEntry({1}, extension.ppid));
  w.Raw(PckEntry({2}, Der(0x30, tcb.bytes())));
  w.Raw(PckEntry({extension.pceid_arc}, Der(0x04, {0x30, 0x31})));
  w.Raw(PckEntry({4}, extension.fmspc));
  w.Raw(PckEntry({5}, extension.sgx_type));
  if (!extension.platform_instance_id.empty()) {
    w.Raw(PckEntry({6}, extension.platform_instance_id));
  }
  if (!extension.configuration.empty()) {
    w.Raw(PckEntry({7}, extension.configuration));
  }
  w.Raw(extension.after);
  return Der(0x30, w.bytes());
}

}  // namespace tally::test
