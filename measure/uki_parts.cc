#include "measure/uki_parts.h"

#include <algorithm>
#include <functional>

#include "common/check.h"
#include "common/parallel.h"
#include "measure/tpm_stub.h"

namespace tally {
namespace {

// InnerKernelDigests is what firmware measures of the kernel in the image.
Result<BankDigests> InnerKernelDigests(std::span<const HashAlgorithm> banks,
                                       const UkiProfile& profile) {
  const auto section =
      std::ranges::find(profile.sections, ".linux", &UkiSection::name);
  TALLY_CHECK(section != profile.sections.end());
  TALLY_ASSIGN(const Pe kernel, ParsePe(section->content));
  return PeImageDigests(kernel, banks, PePadding::kAsIs);
}

}  // namespace

UkiParts MeasureUkiParts(std::span<const HashAlgorithm> banks, const Uki& uki,
                         const UkiPartsOptions& options) {
  const UkiProfile& profile = uki.profiles.at(options.profile);
  UkiParts parts;
  std::vector<std::function<void()>> tasks = {
      [&] { parts.image = PeImageDigests(uki.pe, banks, PePadding::kAsIs); }};
  if (options.inner_kernel) {
    tasks.emplace_back(
        [&] { parts.inner_kernel = InnerKernelDigests(banks, profile); });
  }
  if (options.stub_version) {
    const unsigned version = *options.stub_version;
    tasks.emplace_back([&, version] {
      parts.kernel_stub = KernelStubEvents(banks, profile, version);
    });
    if (options.sections) {
      tasks.emplace_back([&, version] {
        parts.sections = StubSectionEvents(banks, profile, version);
      });
    }
  }
  const Status done = ParallelFor(
      tasks.size(), static_cast<unsigned>(tasks.size()), [&tasks](size_t i) {
        tasks[i]();
        return Ok();
      });
  // Its errors are those of the tasks, which have none.
  TALLY_CHECK(done);
  return parts;
}

}  // namespace tally
