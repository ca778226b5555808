#include "formats/nitro_document.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// Fields writes the nine fields; a test replaces the value of one.
Bytes Payload(const std::string& changed = "", const Bytes& value = {}) {
  struct Field {
    std::string name;
    std::function<void(CborWriter&)> write;
  };
  const Field fields[] = {
      {"module_id", [](CborWriter& w) { w.Text("i-1-enc2"); }},
      {"digest", [](CborWriter& w) { w.Text("SHA384"); }},
      {"timestamp", [](CborWriter& w) { w.Unsigned(1700000000123); }},
      {"pcrs",
       [](CborWriter& w) {
         w.Map(2).Unsigned(0).Bytes(Bytes(48, 1));
         w.Unsigned(31).Bytes(Bytes(48, 2));
       }},
      {"certificate", [](CborWriter& w) { w.Bytes(Bytes(300, 3)); }},
      {"cabundle", [](CborWriter& w) { w.Array(1).Bytes(Bytes(2, 4)); }},
      {"public_key", [](CborWriter& w) { w.Null(); }},
      {"user_data", [](CborWriter& w) { w.Bytes({}); }},
      {"nonce", [](CborWriter& w) { w.Bytes(Bytes(512, 5)); }},
  };
  CborWriter map;
  map.Map(std::size(fields));
  ByteWriter w;
  w.Raw(map.bytes());
  for (const Field& field : fields) {
    CborWriter part;
    part.Text(field.name);
    const bool is_changed = field.name == changed;
    if (!is_changed) field.write(part);
    w.Raw(part.bytes());
    if (is_changed) w.Raw(value);
  }
  return std::move(w).Take();
}

Bytes Document(const Bytes& payload, std::string_view header = "a1013822") {
  CborWriter w;
  w.Array(4).Bytes(ParseHex(header).value()).Map(0).Bytes(payload);
  w.Bytes(Bytes(header == "a10126" ? 64 : 96));
  return std::move(w).Take();
}

std::string NitroRefusal(ByteSpan bytes) {
  const auto document = ParseNitroDocument(bytes);
  return document ? "accepted" : document.error().message();
}

// NitroRefusal gives one field another value.
std::string NitroRefusal(const std::string& field, const CborWriter& value) {
  return NitroRefusal(Document(Payload(field, value.bytes())));
}

TEST(NitroDocument, HasItsFields) {
  const Bytes bytes = Document(Payload());
  EXPECT_TRUE(LooksLikeNitroDocument(bytes));
  const auto document = ParseNitroDocument(bytes);
  ASSERT_TRUE(document) << document.error().ToString();
  EXPECT_FALSE(document->wrapper);
  EXPECT_EQ(document->module_id, "i-1-enc2");
  EXPECT_EQ(document->timestamp_ms, 1700000000123u);
  EXPECT_EQ(document->pcrs.size(), 2u);
  EXPECT_EQ(ToBytes(document->pcrs.at(31)), Bytes(48, 2));
  EXPECT_EQ(document->certificate.size(), 300u);
  EXPECT_EQ(document->cabundle.size(), 1u);
  EXPECT_FALSE(document->public_key);
  EXPECT_EQ(document->user_data->size(), 0u);
  EXPECT_EQ(document->nonce->size(), 512u);
}

TEST(NitroDocument, IsFoundInDstacksWrapper) {
  const Bytes bytes = Document(Payload());
  ByteWriter w;
  w.U8(0).U8(2).U16Le(static_cast<uint16_t>(bytes.size() << 2 | 1));
  w.Raw(bytes).Text("behind");
  EXPECT_TRUE(LooksLikeNitroDocument(w.bytes()));
  const auto document = ParseNitroDocument(w.bytes());
  ASSERT_TRUE(document) << document.error().ToString();
  ASSERT_TRUE(document->wrapper);
  EXPECT_EQ(document->wrapper->prefix_bytes, 4u);
  EXPECT_EQ(document->wrapper->suffix_bytes, 6u);
  EXPECT_EQ(document->sign1.message.offset, 4u);
  // The size that the wrapper gives is that of the document.
  Bytes shorter = w.bytes();
  shorter[2] = static_cast<uint8_t>(shorter[2] - 4);
  EXPECT_EQ(NitroRefusal(shorter),
            "nitro document: [3] at 0x41a: needs 96 bytes, 95 left");
}

TEST(NitroDocument, RejectsAnotherPrefix) {
  ByteWriter w;
  w.U8(0).U8(1).U16Le(5).Raw(Document(Payload()));
  EXPECT_FALSE(LooksLikeNitroDocument(w.bytes()));
  EXPECT_EQ(NitroRefusal(w.bytes()),
            "nitro document: end at 0x1: 1145 trailing bytes, expected the end "
            "of the data");
}

TEST(NitroDocument, RejectsAnotherAlgorithm) {
  EXPECT_EQ(NitroRefusal(Document(Payload(), "a10126")),
            "nitro document: found the algorithm ES256, expected ES384");
}

TEST(NitroDocument, RejectsAnUnprotectedHeader) {
  CborWriter w;
  w.Array(4).Bytes(ParseHex("a1013822").value()).Map(1).Integer(4).Bytes({});
  w.Bytes(Payload()).Bytes(Bytes(96));
  EXPECT_EQ(NitroRefusal(w.bytes()),
            "nitro document: found an unprotected header, expected none");
}

TEST(NitroDocument, RejectsALongPayload) {
  EXPECT_EQ(NitroRefusal(Document(Bytes(16385))),
            "nitro document: found a payload of 16385 bytes, expected at most "
            "16384");
}

TEST(NitroDocument, RejectsAnUnknownField) {
  Bytes payload = Payload();
  payload[0]++;
  payload.insert(payload.end(), {0x61, 'x', 0xf6});
  EXPECT_EQ(NitroRefusal(Document(payload)),
            "nitro document: x at 0x414: a field that this document does not "
            "have");
}

TEST(NitroDocument, RejectsAMissingField) {
  EXPECT_EQ(NitroRefusal(Document(ParseHex("a0").value())),
            "nitro document: module_id at 0x8: is missing");
}

TEST(NitroDocument, RejectsFieldsOutOfBounds) {
  EXPECT_EQ(NitroRefusal("module_id", CborWriter().Text("")),
            "nitro document: module_id at 0xa: is empty");
  EXPECT_EQ(NitroRefusal("module_id", CborWriter().Null()),
            "nitro document: module_id at 0x15: found null, expected a text "
            "string");
  EXPECT_EQ(NitroRefusal("digest", CborWriter().Text("SHA256")),
            "nitro document: digest at 0xa: found 'SHA256', expected "
            "'SHA384'");
  EXPECT_EQ(NitroRefusal("timestamp", CborWriter().Unsigned(0)),
            "nitro document: timestamp at 0xa: found 0");
  EXPECT_EQ(NitroRefusal("timestamp", CborWriter().Unsigned(253402300800000)),
            "nitro document: timestamp at 0x36: found 253402300800000, "
            "expected at most 253402300799999");
  EXPECT_EQ(NitroRefusal("certificate", CborWriter().Bytes({})),
            "nitro document: certificate at 0xb8: found 0 bytes, expected 1 to "
            "1024");
  EXPECT_EQ(NitroRefusal("public_key", CborWriter().Bytes({})),
            "nitro document: public_key at 0x1ff: found 0 bytes, expected 1 to "
            "1024");
  EXPECT_EQ(NitroRefusal("user_data", CborWriter().Bytes(Bytes(513))),
            "nitro document: user_data at 0x20a: found 513 bytes, expected 0 "
            "to 512");
  EXPECT_EQ(NitroRefusal("nonce", CborWriter().Bytes(Bytes(513))),
            "nitro document: nonce at 0x211: found 513 bytes, expected 0 to "
            "512");
}

TEST(NitroDocument, RejectsBadPcrs) {
  EXPECT_EQ(NitroRefusal("pcrs", CborWriter().Map(0)),
            "nitro document: pcrs at 0x44: found no PCR");
  EXPECT_EQ(
      NitroRefusal("pcrs", CborWriter().Map(1).Unsigned(32).Bytes(Bytes(48))),
      "nitro document: pcrs at 0x45: found the index 32, expected 0 to "
      "31");
  EXPECT_EQ(
      NitroRefusal("pcrs", CborWriter().Map(1).Text("0").Bytes(Bytes(48))),
      "nitro document: pcrs at 0x45: found the index 0, expected 0 to "
      "31");
  EXPECT_EQ(
      NitroRefusal("pcrs", CborWriter().Map(1).Unsigned(7).Bytes(Bytes(47))),
      "nitro document: pcrs/7 at 0x46: found 47 bytes, expected 32, 48 "
      "or 64");
  EXPECT_EQ(NitroRefusal("pcrs", CborWriter().Map(1).Unsigned(7).Text("x")),
            "nitro document: pcrs/7 at 0x46: found a text string, expected a "
            "byte string");
}

TEST(NitroDocument, RejectsABadBundle) {
  EXPECT_EQ(NitroRefusal("cabundle", CborWriter().Array(0)),
            "nitro document: cabundle at 0x1f0: found 0 certificates, expected "
            "1 to 16");
  EXPECT_EQ(NitroRefusal("cabundle", CborWriter().Array(1).Bytes({})),
            "nitro document: cabundle at 0x1f1: found a byte string of 0 "
            "bytes, expected a byte string of 1 to 1024");
  EXPECT_EQ(NitroRefusal("cabundle", CborWriter().Array(1).Text("x")),
            "nitro document: cabundle at 0x1f1: found a text string of 1 "
            "bytes, expected a byte string of 1 to 1024");
}

TEST(NitroDocument, RejectsEveryTruncationOfARealOne) {
  TALLY_NEED_VECTOR(path, "nitro/qos/mock_attestation_doc");
  const Bytes bytes = test::MustRead(path);
  EXPECT_EQ(NitroRefusal(bytes), "accepted");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseNitroDocument(ByteSpan(bytes).first(size))) << size;
  }
}

}  // namespace
}  // namespace tally
