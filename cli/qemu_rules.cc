#include "cli/qemu_rules.h"

#include <utility>
#include <vector>

#include "common/text.h"

namespace tally {

std::optional<QemuRules> QemuRulesOf(const std::string& version) {
  const std::vector<std::string> parts = Split(version, '.');
  std::vector<uint64_t> numbers;
  for (const std::string& part : parts) {
    const Result<uint64_t> number = ParseUnsigned(part);
    if (number && *number < 1000) numbers.push_back(*number);
  }
  if (numbers.size() != parts.size() || parts.size() < 2 || parts.size() > 3 ||
      numbers[0] < 8) {
    return std::nullopt;
  }
  QemuRules rules;
  if (numbers[0] < 9) rules.page_order = TdxPageOrder::kTwoPass;
  if (std::pair(numbers[0], numbers[1]) >=
      std::pair<uint64_t, uint64_t>(10, 2)) {
    rules.kernel_header = TdxKernelHeader::kAsIs;
  }
  return rules;
}

}  // namespace tally
