// Quotes of Intel's for tests, field by field. Nothing is signed unless the
// caller does.
#pragma once

#include <cstdint>
#include <string>

#include "common/bytes.h"
#include "common/text.h"

namespace tally::test {

// Counting returns `size_bytes` bytes that count up from `first`.
inline Bytes Counting(size_t size_bytes, uint8_t first) {
  Bytes bytes;
  for (size_t i = 0; i < size_bytes; ++i) {
    bytes.push_back(static_cast<uint8_t>(first + i));
  }
  return bytes;
}

struct TestSgxReport {
  Bytes attributes = Counting(16, 0x30);
  Bytes mr_signer = Counting(32, 0x60);
  uint16_t isv_prod_id = 0x0102;
  uint16_t isv_svn = 0x0304;
  Bytes report_data = Counting(64, 0xa0);
};

// MakeSgxReport returns 384 bytes; every field that is not reserved is distinct
// and not zero.
inline Bytes MakeSgxReport(const TestSgxReport& report) {
  ByteWriter w;
  w.Raw(Counting(16, 0x10)).U32Le(0x11223344).Zeros(12);
  w.Raw(Counting(16, 0x20)).Raw(report.attributes).Raw(Counting(32, 0x40));
  w.Zeros(32).Raw(report.mr_signer).Zeros(32).Raw(Counting(64, 0x80));
  w.U16Le(report.isv_prod_id).U16Le(report.isv_svn).U16Le(0x0506).Zeros(42);
  w.Raw(Counting(16, 0x90)).Raw(report.report_data);
  return std::move(w).Take();
}

// MakeTdReport returns 584 bytes, or 648 for TDX 1.5, all distinct fields.
inline Bytes MakeTdReport(bool version15) {
  ByteWriter w;
  w.Raw(Counting(16, 0x01)).Raw(Counting(48, 0x11)).Raw(Counting(48, 0x21));
  w.Raw(Counting(8, 0x31)).Raw(Counting(8, 0x41)).Raw(Counting(8, 0x51));
  for (uint8_t first = 0x61; first <= 0x68; ++first) {
    w.Raw(Counting(48, first));
  }
  w.Raw(Counting(64, 0x71));
  if (version15) w.Raw(Counting(16, 0x81)).Raw(Counting(48, 0x91));
  return std::move(w).Take();
}

struct TestQuote {
  uint16_t version = 4;
  uint16_t attestation_key_type = 2;
  uint32_t tee_type = 0x81;
  uint32_t svns = 0x22221111;  // QE SVN, PCE SVN
  std::string vendor = "939a7233f79c4ca9940a0db3957f0607";
  uint16_t body_type = 3;  // of version 5
  uint32_t body_size_bytes = 648;
  Bytes body = MakeTdReport(false);
  Bytes signature = Counting(64, 0x03);
  Bytes attestation_key = Counting(64, 0x43);
  uint16_t outer_type = 6;
  Bytes qe_report = MakeSgxReport({});
  Bytes qe_report_signature = Counting(64, 0x83);
  Bytes qe_auth_data = Counting(32, 0xc3);
  uint16_t inner_type = 5;
  std::string certificates = "certificates";
  Bytes after_certificates;  // inside of the nested data
  Bytes after_nested;        // inside of the signature data
  Bytes trailing;
};

// SignedPart returns header and body.
inline Bytes SignedPart(const TestQuote& quote) {
  ByteWriter w;
  w.U16Le(quote.version).U16Le(quote.attestation_key_type);
  w.U32Le(quote.tee_type).U32Le(quote.svns);
  w.Raw(ParseHex(quote.vendor).value()).Raw(Counting(20, 0x05));
  if (quote.version == 5) w.U16Le(quote.body_type).U32Le(quote.body_size_bytes);
  w.Raw(quote.body);
  return std::move(w).Take();
}

inline Bytes MakeQuote(const TestQuote& quote) {
  ByteWriter nested;
  nested.Raw(quote.qe_report).Raw(quote.qe_report_signature);
  nested.U16Le(static_cast<uint16_t>(quote.qe_auth_data.size()));
  nested.Raw(quote.qe_auth_data).U16Le(quote.inner_type);
  nested.U32Le(static_cast<uint32_t>(quote.certificates.size()));
  nested.Text(quote.certificates).Raw(quote.after_certificates);
  ByteWriter data;
  data.Raw(quote.signature).Raw(quote.attestation_key);
  if (quote.version != 3) {
    data.U16Le(quote.outer_type).U32Le(static_cast<uint32_t>(nested.size()));
  }
  data.Raw(nested.bytes()).Raw(quote.after_nested);
  ByteWriter w;
  w.Raw(SignedPart(quote)).U32Le(static_cast<uint32_t>(data.size()));
  w.Raw(data.bytes()).Raw(quote.trailing);
  return std::move(w).Take();
}

inline TestQuote SgxTestQuote() {
  TestQuote quote;
  quote.version = 3;
  quote.tee_type = 0;
  quote.body = MakeSgxReport({});
  return quote;
}

inline TestQuote Tdx15TestQuote() {
  TestQuote quote;
  quote.version = 5;
  quote.body = MakeTdReport(true);
  return quote;
}

}  // namespace tally::test
