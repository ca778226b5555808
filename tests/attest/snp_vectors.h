// Published vectors of AMD SEV-SNP that several tests look at.
#pragma once

#include <cstdint>

namespace tally::test {

inline constexpr int64_t kIn2025 = 1'746'057'600;  // 2025-05-01

// ASK and ARK of Milan, as go-sev-guest has them.
inline constexpr const char* kMilanChain =
    "snp-reports/go-sev-guest/ask_ark_milan.pem";

}  // namespace tally::test
