#include "measure/vcpu_types.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tally {
namespace {

TEST(CpuidSignature, SplitsFamilyAndModel) {
  // Processors as they print themselves: Naples, Rome, Milan, Genoa, Turin.
  EXPECT_EQ(CpuidSignature(23, 1, 2), 0x00800f12u);
  EXPECT_EQ(CpuidSignature(23, 49, 0), 0x00830f10u);
  EXPECT_EQ(CpuidSignature(25, 1, 1), 0x00a00f11u);
  EXPECT_EQ(CpuidSignature(25, 17, 0), 0x00a10f10u);
  EXPECT_EQ(CpuidSignature(26, 0, 0), 0x00b00f00u);
  EXPECT_EQ(CpuidSignature(6, 0, 0), 0x600u);
}

TEST(VcpuTypes, HaveUniqueNamesAndASource) {
  std::set<std::string_view> names;
  for (const VcpuType& type : VcpuTypes()) {
    EXPECT_TRUE(names.insert(type.name).second) << type.name;
    EXPECT_FALSE(type.source.empty()) << type.name;
  }
}

TEST(VcpuTypes, AreFoundByName) {
  const auto type = FindVcpuType("EPYC-v4");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->signature(), 0x800f12u);
}

TEST(VcpuTypes, RejectsAnUnknownNameAndNamesTheNearest) {
  const auto type = FindVcpuType("EPYC-Mulan");
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().message(),
            "unknown vcpu type 'EPYC-Mulan', expected one of EPYC, EPYC-v1, "
            "EPYC-v2, EPYC-IBPB, EPYC-v3, EPYC-v4, EPYC-v5, EPYC-Rome, "
            "EPYC-Rome-v1, EPYC-Rome-v2, EPYC-Rome-v3, EPYC-Rome-v4, "
            "EPYC-Rome-v5, EPYC-Milan, EPYC-Milan-v1, EPYC-Milan-v2, "
            "EPYC-Milan-v3, EPYC-Genoa, EPYC-Genoa-v1, EPYC-Genoa-v2, "
            "EPYC-Turin, EPYC-Turin-v1");
  EXPECT_EQ(type.error().hints(),
            std::vector<std::string>{"did you mean 'EPYC-Milan'?"});
}

TEST(VcpuTypes, AreFoundInAnyCase) {
  EXPECT_EQ(FindVcpuType("epyc-genoa").value().name, "EPYC-Genoa");
}

TEST(VcpuTypes, AreListedByTheirSignature) {
  EXPECT_EQ(VcpuTypesOf(CpuidSignature(26, 0, 0)),
            (std::vector<std::string>{"EPYC-Turin", "EPYC-Turin-v1"}));
  EXPECT_TRUE(VcpuTypesOf(1).empty());
}

}  // namespace
}  // namespace tally
