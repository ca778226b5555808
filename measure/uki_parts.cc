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

// Tasks write to places of their own.
using Tasks = std::vector<std::function<void()>>;

void RunSideBySide(const Tasks& tasks) {
  const Status done = ParallelFor(
      tasks.size(), static_cast<unsigned>(tasks.size()), [&tasks](size_t i) {
        tasks[i]();
        return Ok();
      });
  // Its errors are those of the tasks, which have none.
  TALLY_CHECK(done);
}

// The contents that stub and kernel measure: the two large ones, of which the
// initrd counts twice.
SectionDigests LargeSections(const UkiProfile& profile,
                             const UkiPartsOptions& options) {
  SectionDigests large;
  if (!options.stub_version) return large;
  for (const UkiSection& section : profile.sections) {
    const bool is_large = section.name == ".initrd" ||
                          (section.name == ".linux" && options.sections);
    if (is_large) large[section.name] = {};
  }
  return large;
}

}  // namespace

UkiParts MeasureUkiParts(std::span<const HashAlgorithm> banks, const Uki& uki,
                         const UkiPartsOptions& options) {
  const UkiProfile& profile = uki.profiles.at(options.profile);
  SectionDigests large = LargeSections(profile, options);
  UkiParts parts;
  Tasks tasks = {
      [&] { parts.image = PeImageDigests(uki.pe, banks, PePadding::kAsIs); }};
  for (const UkiSection& section : profile.sections) {
    const auto digests = large.find(section.name);
    if (digests == large.end()) continue;
    tasks.emplace_back([&banks, &section, digests] {
      digests->second = HashBanks(banks, section.content);
    });
  }
  if (options.inner_kernel) {
    tasks.emplace_back(
        [&] { parts.inner_kernel = InnerKernelDigests(banks, profile); });
  }
  RunSideBySide(tasks);
  if (!options.stub_version) return parts;
  parts.kernel_stub =
      KernelStubEvents(banks, profile, *options.stub_version, large);
  if (options.sections) {
    parts.sections =
        StubSectionEvents(banks, profile, *options.stub_version, large);
  }
  return parts;
}

}  // namespace tally
