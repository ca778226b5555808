// What an IGVM file loads on one platform, in file order.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "formats/igvm.h"
#include "measure/event.h"

namespace tally {

// IgvmLoad is one directive that fills memory or sets registers.
struct IgvmLoad {
  enum class Kind { kPage, kParameters, kVpContext, kErrorRange };
  Kind kind = Kind::kPage;
  uint64_t gpa = 0;
  uint64_t size_bytes = 0;
  // Empty: zeros, or what the host writes.
  ByteSpan contents;
  // Of pages.
  IgvmPageType page_type = IgvmPageType::kNormal;
  bool unmeasured = false;
  // Of VP contexts.
  uint16_t vp_index = 0;
  // The directive's number in the file, for error text.
  size_t directive = 0;
  std::string what;
};

// IgvmFolding is what a caller wants of a measurement besides its digest.
struct IgvmFolding {
  // If given, called with the event of each load. A file has up to 262,144 of
  // them: whoever wants a list makes one.
  std::function<void(const Event&)> event;
  // If given, called with the contents of a load when they are folded.
  IgvmContentsRead done;
};

// The page size of every file that is measured here.
inline constexpr uint64_t kIgvmPageBytes = 4096;

// More pages than this (1 GiB) are refused: a few bytes of header can ask for
// 512 pages.
inline constexpr uint64_t kMaxIgvmPages = uint64_t{1} << 18;

// PlanIgvm returns the loads of the directives whose mask names the platform.
// Shared pages are not among them: they are not measured anywhere. An input
// error if the file does not support the platform, or nothing is loaded.
Result<std::vector<IgvmLoad>> PlanIgvm(const Igvm& igvm,
                                       IgvmPlatformType platform);

// ContentsDigest is that of all pages of a load, zeros if it has no contents.
Sha384Digest ContentsDigest(const IgvmLoad& load);

}  // namespace tally
