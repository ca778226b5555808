#include "formats/vmsa.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

uint64_t At(const Bytes& page, size_t offset, size_t size_bytes) {
  uint64_t value = 0;
  for (size_t i = size_bytes; i > 0; --i) {
    value = value << 8 | page[offset + i - 1];
  }
  return value;
}

TEST(Vmsa, PutsEveryFieldAtItsOffset) {
  Vmsa vmsa;
  uint64_t next = 1;
  for (VmsaSegment* segment :
       {&vmsa.es, &vmsa.cs, &vmsa.ss, &vmsa.ds, &vmsa.fs, &vmsa.gs, &vmsa.gdtr,
        &vmsa.ldtr, &vmsa.idtr, &vmsa.tr}) {
    *segment = {.selector = static_cast<uint16_t>(next),
                .attributes = static_cast<uint16_t>(next + 0x100),
                .limit = static_cast<uint32_t>(next + 0x10000),
                .base = next + 0x100000000};
    ++next;
  }
  // Offsets: AMD 24593, appendix B, table "VMSA Layout".
  struct Field {
    uint64_t* value;
    size_t offset;
  };
  const Field fields[] = {
      {&vmsa.efer, 0x0d0},   {&vmsa.cr4, 0x148},          {&vmsa.cr3, 0x150},
      {&vmsa.cr0, 0x158},    {&vmsa.dr7, 0x160},          {&vmsa.dr6, 0x168},
      {&vmsa.rflags, 0x170}, {&vmsa.rip, 0x178},          {&vmsa.rsp, 0x1d8},
      {&vmsa.rax, 0x1f8},    {&vmsa.g_pat, 0x268},        {&vmsa.rcx, 0x308},
      {&vmsa.rdx, 0x310},    {&vmsa.rbp, 0x328},          {&vmsa.rsi, 0x330},
      {&vmsa.rbx, 0x318},    {&vmsa.sev_features, 0x3b0}, {&vmsa.xcr0, 0x3e8}};
  for (const Field& field : fields) *field.value = 0x0102030405060700 + next++;
  vmsa.mxcsr = 0xa1a2a3a4;
  vmsa.x87_fcw = 0xb1b2;

  const Bytes page = EncodeVmsa(vmsa);
  ASSERT_EQ(page.size(), kVmsaBytes);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(At(page, 16 * i, 2), 1 + i);
    EXPECT_EQ(At(page, 16 * i + 2, 2), 0x101 + i);
    EXPECT_EQ(At(page, 16 * i + 4, 4), 0x10001 + i);
    EXPECT_EQ(At(page, 16 * i + 8, 8), 0x100000001 + i);
  }
  for (const Field& field : fields) {
    EXPECT_EQ(At(page, field.offset, 8), *field.value) << field.offset;
  }
  EXPECT_EQ(At(page, 0x408, 4), 0xa1a2a3a4u);
  EXPECT_EQ(At(page, 0x410, 2), 0xb1b2u);
}

TEST(Vmsa, IsDescribedByItsNonZeroFieldsInOrder) {
  Vmsa vmsa;
  vmsa.cs = {.selector = 0xf000, .limit = 0xffff, .base = 0xffff0000};
  vmsa.efer = 0x1000;
  vmsa.x87_fcw = 0x37f;
  Bytes page = EncodeVmsa(vmsa);
  page[0xca] = 2;            // vmpl
  page[0x420] = 0xaa;        // the first byte of fpreg_x87
  page[kVmsaBytes - 1] = 1;  // what nobody may set
  const std::vector<VmsaField> fields = DescribeVmsa(page);
  ASSERT_EQ(fields.size(), 8u);
  EXPECT_EQ(fields[0], (VmsaField{"cs.selector", 0x10, 2, "0xf000"}));
  EXPECT_EQ(fields[1], (VmsaField{"cs.limit", 0x14, 4, "0xffff"}));
  EXPECT_EQ(fields[2], (VmsaField{"cs.base", 0x18, 8, "0xffff0000"}));
  EXPECT_EQ(fields[3], (VmsaField{"vmpl", 0xca, 1, "0x2"}));
  EXPECT_EQ(fields[4], (VmsaField{"efer", 0xd0, 8, "0x1000"}));
  EXPECT_EQ(fields[5], (VmsaField{"x87_fcw", 0x410, 2, "0x37f"}));
  EXPECT_EQ(fields[6].name, "fpreg_x87");
  EXPECT_EQ(fields[6].value, "aa" + std::string(158, '0'));
  EXPECT_EQ(fields[7].name, "reserved_0x670");
}

}  // namespace
}  // namespace tally
