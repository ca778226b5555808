#include "common/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace tally {
namespace {

constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();

TEST(ByteReader, ReadsEveryWidthInTheOrderOfItsName) {
  const Bytes bytes = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                       0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10,
                       0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                       0x19, 0x1a, 0x1b, 0x1c, 0x1d};
  ByteReader reader("test", bytes);
  EXPECT_EQ(reader.U8("a"), 0x01);
  EXPECT_EQ(reader.U16Le("b"), 0x0302);
  EXPECT_EQ(reader.U16Be("c"), 0x0405);
  EXPECT_EQ(reader.U32Le("d"), 0x09080706u);
  EXPECT_EQ(reader.U32Be("e"), 0x0a0b0c0du);
  EXPECT_EQ(reader.U64Le("f"), 0x1514131211100f0eu);
  EXPECT_EQ(reader.U64Be("g"), 0x161718191a1b1c1du);
  EXPECT_EQ(reader.offset(), bytes.size());
  EXPECT_TRUE(reader.Finish());
}

TEST(ByteReader, NamesTheFieldAndItsOffsetInTheFile) {
  const Bytes bytes(7);
  ByteReader reader("eif header", bytes, 0x18);
  reader.U32Le("flags");
  reader.U64Be("kernel size");
  EXPECT_EQ(reader.Finish().error().message(),
            "eif header: kernel size at 0x1c: needs 8 bytes, 3 left");
}

TEST(ByteReader, TheFirstFailureSticksAndLaterReadsAreZero) {
  const Bytes bytes = {0xff, 0xff, 0xff};
  ByteReader reader("test", bytes);
  EXPECT_EQ(reader.U32Le("first"), 0u);
  EXPECT_EQ(reader.U8("second"), 0u);
  EXPECT_TRUE(reader.Take("third", 1).empty());
  EXPECT_EQ(reader.Count("fourth", 9, 1), 0u);
  reader.Fail("fifth", "is wrong");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Finish().error().message(),
            "test: first at 0x0: needs 4 bytes, 3 left");
}

TEST(ByteReader, RefusesSizesThatWouldOverflow) {
  const Bytes bytes(16);
  for (const uint64_t size : {kHuge, kHuge - 7, uint64_t{1} << 63}) {
    ByteReader reader("test", bytes);
    reader.U64Le("before");
    EXPECT_TRUE(reader.Take("blob", size).empty());
    EXPECT_EQ(
        reader.status().error().message(),
        "test: blob at 0x8: needs " + std::to_string(size) + " bytes, 8 left");
  }
  ByteReader reader("test", bytes);
  reader.Skip("gap", kHuge);
  EXPECT_FALSE(reader.ok());
  ByteReader zeros("test", bytes);
  zeros.Zeros("reserved", kHuge);
  EXPECT_FALSE(zeros.ok());
  ByteReader parent("test", bytes);
  EXPECT_FALSE(parent.Sub("table", kHuge).ok());
  EXPECT_FALSE(parent.ok());
}

TEST(ByteReader, RefusesTrailingBytes) {
  const Bytes bytes(3);
  ByteReader reader("test", bytes);
  reader.U8("a");
  EXPECT_TRUE(reader.status());
  EXPECT_EQ(reader.Finish().error().message(),
            "test: end at 0x1: 2 trailing bytes, expected the end of the data");
}

TEST(ByteReader, ZerosNamesTheFirstByteThatIsNot) {
  const Bytes bytes = {0, 0, 0x2a, 0x2b};
  ByteReader reader("test", bytes, 0x100);
  reader.Zeros("reserved", 4);
  EXPECT_EQ(reader.Finish().error().message(),
            "test: reserved at 0x102: found 0x2a, expected zero");
}

TEST(ByteReader, CountRefusesMoreThanItsLimit) {
  const Bytes bytes = {5};
  ByteReader allowed("test", bytes);
  EXPECT_EQ(allowed.Count("entries", allowed.U8("entries"), 5), 5u);
  EXPECT_TRUE(allowed.Finish());
  ByteReader refused("test", bytes);
  EXPECT_EQ(refused.Count("entries", refused.U8("entries"), 4), 0u);
  EXPECT_EQ(refused.Finish().error().message(),
            "test: entries at 0x0: found 5, expected at most 4");
}

TEST(ByteReader, SubCannotReadOutsideOfItsBytes) {
  const Bytes bytes = {1, 2, 3, 4};
  ByteReader parent("file", bytes, 0x10);
  parent.U8("version");
  ByteReader sub = parent.Sub("table", 2);
  EXPECT_EQ(sub.offset(), 0x11u);
  sub.U32Le("entry");
  EXPECT_EQ(sub.Finish().error().message(),
            "table: entry at 0x11: needs 4 bytes, 2 left");
  EXPECT_EQ(parent.U8("last"), 4);
  EXPECT_TRUE(parent.Finish());
}

TEST(ByteReader, SubOfAFailedReaderHasTheSameFailure) {
  const Bytes bytes = {1};
  ByteReader parent("file", bytes);
  ByteReader sub = parent.Sub("table", 2);
  EXPECT_EQ(sub.Finish().error().message(),
            "file: table at 0x0: needs 2 bytes, 1 left");
  EXPECT_EQ(parent.Finish().error().message(),
            "file: table at 0x0: needs 2 bytes, 1 left");
}

TEST(ByteReader, ArrayIsZeroOnFailure) {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader("test", bytes);
  EXPECT_EQ((reader.Array<2>("a")), (std::array<uint8_t, 2>{1, 2}));
  EXPECT_EQ((reader.Array<2>("b")), (std::array<uint8_t, 2>{}));
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, FinishesOnNothing) {
  ByteReader reader("test", {});
  EXPECT_TRUE(reader.Take("nothing", 0).empty());
  EXPECT_TRUE(reader.Finish());
}

TEST(ByteWriter, WritesWhatByteReaderReads) {
  ByteWriter writer;
  writer.U8(1).U16Le(2).U16Be(3).U32Le(4).U32Be(5).U64Le(6).U64Be(7);
  writer.Text("ab").Raw(Bytes{8, 9}).Zeros(2);
  const Bytes bytes = writer.bytes();
  ByteReader reader("test", bytes);
  EXPECT_EQ(reader.U8("a"), 1);
  EXPECT_EQ(reader.U16Le("b"), 2);
  EXPECT_EQ(reader.U16Be("c"), 3);
  EXPECT_EQ(reader.U32Le("d"), 4u);
  EXPECT_EQ(reader.U32Be("e"), 5u);
  EXPECT_EQ(reader.U64Le("f"), 6u);
  EXPECT_EQ(reader.U64Be("g"), 7u);
  EXPECT_EQ(AsText(reader.Take("h", 2)), "ab");
  EXPECT_EQ(ToBytes(reader.Take("i", 2)), (Bytes{8, 9}));
  reader.Zeros("j", 2);
  EXPECT_TRUE(reader.Finish());
}

TEST(ByteWriter, PadsToAMultiple) {
  ByteWriter writer;
  EXPECT_EQ(writer.PadTo(4).size(), 0u);
  EXPECT_EQ(writer.U8(1).PadTo(4).size(), 4u);
  EXPECT_EQ(writer.PadTo(4).size(), 4u);
  EXPECT_EQ(writer.PadTo(3).size(), 6u);
  EXPECT_EQ(writer.ZerosUntil(9).size(), 9u);
  EXPECT_EQ(std::move(writer).Take(), (Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ByteWriterDeathTest, ZerosUntilRefusesToShrink) {
  ByteWriter writer;
  writer.Zeros(2);
  EXPECT_DEATH(writer.ZerosUntil(1), "tally: bug: .*size_bytes >= size");
}

// FailingSink accepts a number of appends.
class FailingSink : public ByteSink {
 public:
  explicit FailingSink(int accepted) : accepted_(accepted) {}
  Status Append(ByteSpan) override {
    if (accepted_-- > 0) return Ok();
    return IoError("disk is full");
  }

 private:
  int accepted_;
};

TEST(TeeSink, PassesToAllAndStopsAtTheFirstFailure) {
  BufferSink before;
  FailingSink failing(1);
  BufferSink after;
  TeeSink tee({&before, &failing, &after});
  EXPECT_TRUE(tee.Append(AsBytes("a")));
  EXPECT_EQ(tee.Append(AsBytes("b")).error().message(), "disk is full");
  EXPECT_EQ(AsText(before.bytes()), "ab");
  EXPECT_EQ(AsText(after.bytes()), "a");
}

TEST(AppendZeros, AppendsExactlySoMany) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4096}, size_t{9000}}) {
    BufferSink sink;
    ASSERT_TRUE(AppendZeros(sink, size));
    EXPECT_EQ(sink.bytes(), Bytes(size));
  }
  FailingSink failing(1);
  EXPECT_FALSE(AppendZeros(failing, 5000));
}

TEST(AlignUp, RoundsUpToAnyMultiple) {
  EXPECT_EQ(AlignUp(0, 512), 0u);
  EXPECT_EQ(AlignUp(1, 512), 512u);
  EXPECT_EQ(AlignUp(512, 512), 512u);
  EXPECT_EQ(AlignUp(7, 3), 9u);
}

}  // namespace
}  // namespace tally
