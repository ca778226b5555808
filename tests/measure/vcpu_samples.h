// Virtual processors for tests of SEV launches.
#pragma once

#include <cstdint>

namespace tally::test {

inline constexpr uint32_t kEpycV4 = 0x800f12;  // CPUID 1 EAX
inline constexpr uint32_t kTwo[] = {2};        // numbers of processors

}  // namespace tally::test
